# SPDX-License-Identifier: GPL-2.0-only
# Every way a spawn can end by itself, each followed by a restart and a kill;
# the host goes on with all it had.
#
# machine: --host 6.1 --have 7.2 --set ENDS="poweroff reboot panic sysrq-b halt hang"
# machine: --host 7.2 --have 6.1 --set ENDS="poweroff reboot panic sysrq-b halt"

. /lib/verdict.sh

online=$(cat /sys/devices/system/cpu/online)

# What the state must be after mk.do=$1.
state_after()
{
	case $1 in
	poweroff | reboot | sysrq-b) echo stopped ;;
	panic) echo crashed ;;
	halt | hang) echo running ;;
	esac
}

is_up()
{
	mkctl log "$1" | grep -q "spawn up"
}

# The host is well: every CPU it has takes work, timers tick.
host_is_well()
{
	for cpu in $(seq 0 3); do
		[ -e "/sys/devices/system/cpu/cpu$cpu/online" ] &&
			[ "$(cat "/sys/devices/system/cpu/cpu$cpu/online")" = 0 ] &&
			continue
		taskset "$((1 << cpu))" sha256sum /bin/busybox >/dev/null ||
			return 1
	done
	usleep 100000
}

for rel in ${MK_HAVE##* }; do
	for end in $ENDS; do
		what="$rel: $end"
		want=$(state_after "$end")
		check "$what: run" mkctl run end --cpus 2-3 --memory 256M \
			--kernel "/kernels/$rel/vmlinuz" \
			--initrd "/kernels/$rel/initrd" --cmdline "mk.do=$end"
		come_up "$what: it came up" end "spawn up" 90
		if [ "$want" = running ]; then
			# It cannot be told from a spawn that is busy or idle.
			sleep 5
			equal "$what: state" running "$(mkctl list --json |
				sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' |
				head -n 1)"
			check "$what: host is well" host_is_well
			check "$what: kill" mkctl kill end
		else
			check "$what: seen" mkctl wait end --state "$want" \
				--timeout 30
			check "$what: host is well" host_is_well
			refuse "$what: kill finds nothing running" 1 . \
				mkctl kill end
		fi
		check "$what: log is readable afterwards" is_up end
		# A second life from the same image, after each kind of end once.
		case $end in
		reboot | panic | hang)
			check "$what: restart" mkctl start end
			come_up "$what: up again" end "spawn up" 90
			;;
		esac
		check "$what: delete by force" mkctl delete end --force
		equal "$what: CPUs are back" "$online" \
			"$(cat /sys/devices/system/cpu/online)"
		check "$what: ledger" mkctl fsck
	done
done

# The end is seen within a second of the spawn's own last word.
rel=${MK_HAVE%% *}
for end in poweroff reboot; do
	check "$end: run" mkctl run fast --cpus 3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" --cmdline "mk.do=$end"
	come_up "$end: its last word" fast \
		"reboot: (Power down|Restarting system|machine restart)" 90
	check "$end: seen within a second" mkctl wait fast --state stopped \
		--timeout 1
	check "$end: the cause is told" sh -c "mkctl show fast | grep -q $end"
	check "$end: delete" mkctl delete fast
done

# panic=0 in the user's words keeps it spinning; panic=2 is crashed as well.
check "panic=2: run" mkctl run late --cpus 3 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd" \
	--cmdline "mk.do=panic panic=2"
check "panic=2: crashed" mkctl wait late --state crashed --timeout 90
check "panic=2: its last words are in the log" sh -c \
	'mkctl log late | grep -q "Kernel panic - not syncing"'
check "panic=2: delete" mkctl delete late
check "ledger" mkctl fsck
