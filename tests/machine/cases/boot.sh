# SPDX-License-Identifier: GPL-2.0-only
# Every spawn kernel boots to its init on this host, with one and two CPUs.
#
# machine: --host 6.1 --have 6.1-rt --have 6.12 --have 7.2
# machine: --host 6.1-rt --have 6.1 --have 6.12 --have 7.2
# machine: --host 6.12 --have 6.1 --have 6.1-rt --have 7.2
# machine: --host 7.2 --have 6.1 --have 6.1-rt --have 6.12

. /lib/verdict.sh

ticks()
{
	mkctl log "$1" | grep -q "spawn tick [2-9]"
}

online=$(cat /sys/devices/system/cpu/online)

for rel in $MK_HAVE; do
	for cpus in 1 2; do
		list=2
		[ $cpus = 1 ] || list=2-3
		what="$rel with $cpus CPU(s)"
		name=boot-$cpus
		failures=$verdict_failures
		check "$what: run" mkctl run $name --cpus $list --memory 256M \
			--kernel "/kernels/$rel/vmlinuz" \
			--initrd "/kernels/$rel/initrd"
		come_up "$what: init is up" $name "spawn up $rel cpus=$cpus memory=[1-9]" 60
		eventually "$what: goes on" 30 ticks $name
		if [ "$failures" != "$verdict_failures" ]; then
			mkctl show $name >/tmp/show 2>&1 || true
			detail /tmp/show
			mkctl log $name 2>&1 | tail -n 30 >/tmp/log
			detail /tmp/log
		fi
		check "$what: kill" mkctl kill $name
		check "$what: delete" mkctl delete $name
		equal "$what: CPUs are back" "$online" \
			"$(cat /sys/devices/system/cpu/online)"
		check "$what: ledger" mkctl fsck
	done
done
