# SPDX-License-Identifier: GPL-2.0-only
# The host works hard (CPU, timers, call-function storms, memory) while a spawn
# boots and runs; nothing stalls on either side.
#
# machine: --host 6.1 --have 6.12 --with stress-ng --memory 6G
# machine: --host 7.2 --have 6.1 --with stress-ng --memory 6G

. /lib/verdict.sh

rel=${MK_HAVE##* }

last_tick()
{
	mkctl log "$1" | sed -n 's/.*spawn tick \([0-9]*\).*/\1/p' | tail -n 1
}

ticks_on()
{
	[ "$(last_tick "$1")" -gt "$2" ]
}

# membarrier and mprotect of threads send call-function interrupts around.
stress-ng --temp-path /tmp --cpu 1 --timer 1 --membarrier 2 --vm 1 \
	--vm-bytes 256M --switch 1 --timeout 40 >/tmp/stress 2>&1 &
stress=$!
sleep 2
check "run under load" mkctl run hard --cpus 2-3 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd" \
	--cmdline "mk.load=ipi,timer,memory"
come_up "up under load" hard "spawn up $rel cpus=2" 180
now=$(last_tick hard)
eventually "goes on under load" 60 ticks_on hard "${now:-0}"
check "kill under load" mkctl kill hard
check "start under load" mkctl start hard
come_up "up again" hard "spawn up $rel cpus=2" 180
if wait $stress; then
	ok "the host's own work went on to its end"
else
	not_ok "the host's own work went on to its end"
	detail /tmp/stress
fi
mkctl log hard >/tmp/log
check "nothing stalled in the spawn" sh -c \
	'! grep -E "rcu.*(stall|detected)|soft lockup|blocked for more|BUG:|WARNING:" /tmp/log'
check "delete by force" mkctl delete hard --force
# Interrupts that nobody asked for, the sign of crosstalk between kernels.
for kind in SPU ERR MIS; do
	equal "$kind on the host" 0 "$(awk -v k="$kind:" '
		$1 == k { for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i }
		END { print n + 0 }' /proc/interrupts)"
done
check "ledger" mkctl fsck
