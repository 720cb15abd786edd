# SPDX-License-Identifier: GPL-2.0-only
# The fault matrix: each fault, in a spawn with one CPU and in one with two at
# the same time, during boot, idle and under load. What does the host see and
# when, does its own work go on unharmed, and does it get everything back?
#
# Each cell leaves a line
#
#	matrix FAULT CPUS PHASE SEEN MS AFTER LATE_US
#
# SEEN and MS are what witness.c prints, AFTER is what was done to the spawn,
# LATE_US is the worst lateness of a timer on the host meanwhile (ward.c).
# scripts/matrix makes the table of docs/faults.md out of them.
#
# PHASES="idle" runs only one phase; "make matrix" runs all, and makes the table.
#
# A triple fault is not tried: it resets the machine (hazard H7).
#
# machine-long: --host 6.1 --have 6.12 --smp 5 --with build/tests/machine/ward --with build/tests/machine/witness --set FAULTS="panic oops bug-irq softlockup hardlockup reboot"
# machine-long: --host 6.1 --have 6.12 --smp 5 --with build/tests/machine/ward --with build/tests/machine/witness --set FAULTS="oom oom-panic wild-text wild-tables init-killed"
# machine-long: --host 6.1 --have 6.12 --smp 5 --with build/tests/machine/ward --with build/tests/machine/witness --set FAULTS="wild-channel flood agent-gone agent-stuck cpu-offline"

. /lib/verdict.sh

rel=${MK_HAVE##* }
# Emulated CPUs wait for real ones: under load a timer was seen 10 s late.
LATE_LIMIT_US=15000000

# What must be seen of fault $1 with $2 CPUs: an extended regular expression.
sight_of()
{
	case $1 in
	panic | bug-irq | oom-panic | wild-tables | init-killed)
		echo crashed:panic
		;;
	oops | oom) echo log ;;
	softlockup | hardlockup | agent-stuck) echo silent ;;
	reboot) echo stopped:reboot ;;
	wild-text) echo "crashed:panic|silent" ;;
	wild-channel) echo "broken|crashed:.*|silent|agent-gone|cpu-gone" ;;
	flood) echo crashed:flood ;;
	agent-gone) echo agent-gone ;;
	cpu-offline)
		# The kernel has no switch for its first CPU.
		[ "$2" = 1 ] && echo log || echo cpu-gone
		;;
	esac
}

# What its log says of it, where that is all there is to see.
text_of()
{
	case $1 in
	oops) echo "Oops: " ;;
	oom) echo "Out of memory: Killed process" ;;
	cpu-offline) echo "cpu1/online: errno" ;;
	esac
}

# must TEXT COMMAND...: a step of a cell.
must()
{
	step=$1
	shift
	if ! "$@" >"/tmp/$name.said" 2>&1; then
		echo "not ok - $what: $step"
		sed 's/^/# /' "/tmp/$name.said"
		return 1
	fi
}

# ended: by force, or by itself just now.
ended()
{
	mkctl kill "$name" || ! mkctl show "$name" | grep -q '^state *running'
}

# One cell, in a shell of its own: $name, $fault, $phase, $cpus, $list.
cell()
{
	what="$fault, $cpus CPU, $phase"
	must run mkctl run "$name" --cpus "$list" --memory 192M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" \
		--cmdline "mk.fault=$fault mk.phase=$phase" || return
	seen=
	read -r seen ms age <<-END
		$(witness "$name" 30 "$(text_of "$fault")" 2>&1)
	END
	if ! echo "$seen" | grep -qxE "$(sight_of "$fault" "$cpus")"; then
		echo "not ok - $what: seen: $seen $ms $age"
		mkctl show "$name" | sed 's/^/# /'
		mkctl log "$name" | tail -n 25 | sed 's/^/# /'
	fi
	after=
	case $seen in
	crashed:* | stopped:*) ;;
	*)
		must kill ended
		after=kill+
		;;
	esac
	must start mkctl start "$name"
	after=${after}start
	if [ "$fault" = reboot ]; then
		for again in 2 3; do
			must "reboot $again" mkctl wait "$name" \
				--state stopped --timeout 90
			must "start $again" mkctl start "$name"
		done
		after=3x$after
	fi
	must delete mkctl delete "$name" --force
	echo "ok - $what: $seen after $ms ms, heartbeat $age ms old, $after"
	echo "matrix $fault $cpus $phase $seen $ms $after"
}

# ward_says: its line since the last time.
ward_says()
{
	rm -f /tmp/ward
	kill -USR1 $ward
	until [ -f /tmp/ward ] || ! kill -0 $ward; do
		usleep 20000
	done
	cat /tmp/ward
}

number()
{
	echo "$said" | sed -n "s/.*\<$1=\([0-9]*\).*/\1/p"
}

mem_total()
{
	sed -n "s/^MemTotal: *//p" /proc/meminfo
}

ifconfig lo 127.0.0.1 up
online=$(cat /sys/devices/system/cpu/online)
total=$(mem_total)
ward 2 /tmp/ward &
ward=$!
sleep 1
said=$(ward_says)
echo "# without spawns: $said"

phases=${PHASES:-boot idle load}
for fault in $FAULTS; do
	for phase in $phases; do
		begin=$(date +%s)
		(name=one cpus=1 list=2 && cell) >/tmp/one.cell 2>&1 &
		one=$!
		(name=two cpus=2 list=3-4 && cell) >/tmp/two.cell 2>&1 &
		wait $! || true
		wait $one || true
		what="$fault, $phase"
		said=$(ward_says)
		late=$(number late_us)
		sed "s/^matrix.*/& ${late:-?}/" /tmp/one.cell /tmp/two.cell
		bad=$(cat /tmp/one.cell /tmp/two.cell | grep -c '^not ok') || true
		verdict_failures=$((verdict_failures + bad))
		equal "$what: both cells came to an end" 2 \
			$(cat /tmp/one.cell /tmp/two.cell | grep -c '^matrix')
		check "$what: the host's sums are right" test \
			"$(number sums)" -gt 0 -a "$(number badsums)" = 0
		check "$what: its stream is whole" test \
			"$(number bytes)" -gt 0 -a "$(number badbytes)" = 0
		check "$what: it did not stand still" test \
			"$late" -lt $LATE_LIMIT_US
		for left in one two; do
			mkctl delete $left --force >/dev/null 2>&1 &&
				echo "# $left was left" || true
		done
		equal "$what: CPUs are back" "$online" \
			"$(cat /sys/devices/system/cpu/online)"
		equal "$what: memory is back" "$total" "$(mem_total)"
		check "$what: ledger" mkctl fsck
		echo "# $what: $(($(date +%s) - begin)) s, $said"
	done
done
check "the host's work went on to the end" kill $ward
