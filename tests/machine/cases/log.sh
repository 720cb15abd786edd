# SPDX-License-Identifier: GPL-2.0-only
# The spawn's log: from its first line, followed without a gap, after its end.
#
# machine: --host 6.1 --have 6.1-rt --have 6.12 --have 7.2

. /lib/verdict.sh

for rel in $MK_HAVE; do
	check "$rel: run" mkctl run talk --cpus 3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" --cmdline "mk.do=poweroff" \
		--wait 90
	timeout 60 mkctl log talk --follow >/tmp/follow 2>/tmp/words &
	follow=$!
	check "$rel: stopped" mkctl wait talk --state stopped --timeout 60
	status=0
	wait $follow || status=$?
	equal "$rel: following ends with the spawn" 0 $status
	mkctl log talk >/tmp/log
	check "$rel: the first line is the kernel's first" sh -c \
		'head -n 1 /tmp/log | grep -q "\] Linux version"'
	check "$rel: the last line is about its end" sh -c \
		'tail -n 3 /tmp/log | grep -qiE "power.*down|reboot:"'
	check "$rel: nothing is missing in what was followed" cmp /tmp/log \
		/tmp/follow
	check "$rel: delete" mkctl delete talk
done
refuse "no log before the first start" 1 "." sh -c \
	'mkctl create quiet --cpus 3 --memory 32M && mkctl log quiet'
check "delete" mkctl delete quiet
