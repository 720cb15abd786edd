# SPDX-License-Identifier: GPL-2.0-only
# mkctl interrupted (Ctrl-C) or killed at any moment, and two at once: what is
# left is nothing, or a state that is named, true and can be deleted.
#
# machine: --host 6.1 --have 6.12 --with env

. /lib/verdict.sh

online=$(cat /sys/devices/system/cpu/online)

# A shell starts what runs in the background with SIGINT ignored, and mkctl
# leaves an ignored signal ignored, as nohup wants it: hence env (not busybox's).
run()
{
	exec /bin/env --default-signal=INT mkctl run torn --cpus 2-3 --memory 256M \
		--kernel /kernels/6.12/vmlinuz --initrd /kernels/6.12/initrd \
		--wait 60
}

states()
{
	# There is one at most, and its agent has a state, too.
	mkctl list --json | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' |
		head -n 1
}

# interrupt SIGNAL MS
interrupt()
{
	run >/tmp/run 2>&1 &
	pid=$!
	usleep $(($2 * 1000))
	kill "-$1" $pid
	status=0
	wait $pid || status=$?
	# 0: it had just finished.
	if [ $status = 0 ]; then
		check "$1 after $2 ms: too late" mkctl delete torn --force
	else
		equal "$1 after $2 ms leaves nothing" "" "$(states)"
		! grep -q interrupted /tmp/run || told=$((told + 1))
	fi
	equal "$1 after $2 ms: CPUs" "$online" \
		"$(cat /sys/devices/system/cpu/online)"
}

told=0
for ms in 0 30 60 100 200 400 700 1000 1500 2000 2500; do
	interrupt INT $ms
done
for ms in 50 300 900; do
	interrupt TERM $ms
	interrupt HUP $ms
done
echo "# $told of 17 runs said that they were interrupted"
check "some of them were interrupted in the middle" test $told -ge 5
check "ledger" mkctl fsck

for ms in 0 20 60 150 300 600 1000 2000; do
	run >/tmp/run 2>&1 &
	pid=$!
	usleep $((ms * 1000))
	kill -KILL $pid
	wait $pid || true
	state=$(states)
	case $state in
	"") ok "SIGKILL after $ms ms left nothing" ;;
	created | loaded | running)
		ok "SIGKILL after $ms ms left it $state"
		check "and it can be deleted" mkctl delete torn --force
		;;
	*) not_ok "SIGKILL after $ms ms left '$state'" ;;
	esac
	check "ledger after SIGKILL" mkctl fsck
done

# A second writer at the same time: exactly one of them wins.
for round in 1 2 3; do
	mkctl create both --cpus 2 --memory 64M >/tmp/1 2>&1 &
	one=$!
	mkctl create both --cpus 2 --memory 64M >/tmp/2 2>&1 &
	two=$!
	a=0
	wait $one || a=$?
	b=0
	wait $two || b=$?
	equal "two at once, round $round: one wins" "0 1" \
		"$(printf '%s\n' $a $b | sort | tr '\n' ' ' | sed 's/ $//')"
	check "delete" mkctl delete both
done
mkctl create one --cpus 2 --memory 256M
mkctl load one --kernel /kernels/6.12/vmlinuz --initrd /kernels/6.12/initrd
for n in 1 2 3 4; do
	mkctl start one >/tmp/$n 2>&1 &
	eval "p$n=$!"
done
won=0
for n in 1 2 3 4; do
	eval "wait \$p$n" && won=$((won + 1))
done
equal "four starts at once: one wins" 1 $won
check "delete by force" mkctl delete one --force
equal "CPUs are back" "$online" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
