# SPDX-License-Identifier: GPL-2.0-only
# What bench/channel measures inside the machine; figures go to /out/figures.

set -- $MK_HAVE
rel=${2:-$1}
mkdir -p /out
insmod /lib/modules-host/mkt_peer.ko
peer=/sys/module/mkt_peer/parameters
channel=/sys/module/multikernel_channel/parameters
id=0

figure()
{
	echo "$*" >>/out/figures
}

ratio()
{
	awk -v n="$1" -v a="$2" -v b="$3" 'BEGIN { print n, a / b }' \
		>>/out/figures
}

# ask WORDS: on CPU 0, where also the caller of the other side's turn runs.
ask()
{
	taskset 1 sh -c "echo '$*' >$peer/run" && cat $peer/result
}

field()
{
	sed -n "s/.*$1=\([0-9]*\).*/\1/p"
}

counter()
{
	mkctl show b --json | sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p" | head -n 1
}

# spawn CMDLINE: a fresh one, whose agent is up and whose init runs.
spawn()
{
	id=$((id + 1))
	mkctl run b --cpus 2-3 --memory 128M --kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" --cmdline "$1"
	until mkctl log b 2>/dev/null | grep -q "spawn tick 2" &&
		mkctl show b --json | grep -q '"state": *"up"'; do
		usleep 200000
	done
	# The doorbell beside the callers, not on top of them.
	echo 1 >"/proc/irq/$(sed -n 's/^ *\([0-9]*\):.*multikernel-b.*/\1/p' \
		/proc/interrupts)/smp_affinity_list"
}

# A peer that sleeps, so that each call rings it; and one that polls.
spawn "mk.insmod=mkt_peer mk.poll=0"
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	scf=$(ask 0 scf 1 2000 | field median)
	figure scf_cycles "$scf"
	call=$(ask $id calls 2000 8 | field median)
	figure call_cycles "$call"
	ratio call_ratio "$call" "$scf"
	oneway=$(ask $id oneway 2000 8 | field median)
	figure oneway_cycles "$oneway"
	ratio oneway_ratio "$oneway" "$scf"
done
# What is counted around an idle time; looking rings nobody.
sleep 2
before=$(($(counter doorbells_rung) + $(counter doorbells_received)))
sleep 10
figure idle_doorbells $(($(counter doorbells_rung) +
	$(counter doorbells_received) - before))
mkctl delete b --force

echo 1000000 >$channel/poll_us
spawn "mk.insmod=mkt_peer mk.poll=1000000"
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	scf=$(ask 0 scf 1 2000 | field median)
	polled=$(ask $id calls 2000 8 | field median)
	figure polled_cycles "$polled"
	ratio polled_ratio "$polled" "$scf"
done
mkctl delete b --force
echo 50 >$channel/poll_us

# Streams, as everything is by default.
rate()
{
	awk -v b="$(echo "$1" | field bytes)" -v n="$(echo "$1" | field ns)" \
		'BEGIN { print b / n * 1000 }'
}
spawn "mk.insmod=mkt_peer"
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	for size in 64 4096 65536; do
		copied=$(rate "$(ask 0 memcpy 1000 $size)")
		sent=$(counter sent)
		rung=$(counter doorbells_rung)
		said=$(ask $id stream 1500 $size)
		figure stream_$size "$(rate "$said")"
		ratio stream_ratio_$size "$(rate "$said")" "$copied"
		[ $size = 64 ] || continue
		ratio irq_per_message $(($(counter doorbells_rung) - rung)) \
			$(($(counter sent) - sent))
		messages=$(echo "$said" | awk -v m="$(echo "$said" |
			field messages)" -v n="$(echo "$said" | field ns)" \
			'{ print m / n * 1000000000 }')
		figure messages_64 "$messages"
		ratio pipe_ratio "$messages" "$(mkbench --pipe)"
	done
done
mkctl delete b --force

# The other way.
spawn "mk.insmod=mkt_peer mk.params=again=0_stream_60000_64"
round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	received=$(counter received)
	came=$(counter doorbells_received)
	sleep 2
	ratio irq_per_message_in $(($(counter doorbells_received) - came)) \
		$(($(counter received) - received))
done
mkctl delete b --force

# What ringing costs the CPU where it is heard, against the same spawn
# spinning without it.
hostile()
{
	spawn "mk.insmod=mkt_hostile mk.params=what=$1,after_ms=6000,ms=25000"
	echo 0 >"/proc/irq/$(sed -n 's/^ *\([0-9]*\):.*multikernel-b.*/\1/p' \
		/proc/interrupts)/smp_affinity_list"
	until mkctl log b | grep -q "mkt_hostile: $1 begins"; do
		usleep 50000
	done
}
burn()
{
	ask 0 burn 1500 | field rounds
}
round=0
while [ $round -lt "$(((ROUNDS + 1) / 2))" ]; do
	round=$((round + 1))
	hostile spin
	sleep 1
	spin=$(burn)
	mkctl delete b --force
	hostile buggy
	sleep 1
	ratio buggy_ratio "$(burn)" "$spin"
	mkctl delete b --force
	echo 0 >/sys/module/multikernel/parameters/flood_stop
	hostile flood
	sleep 1
	ratio flood_ratio "$(burn)" "$spin"
	mkctl delete b --force
	echo 1 >/sys/module/multikernel/parameters/flood_stop
	hostile flood
	start=$(cut -d' ' -f1 /proc/uptime)
	mkctl wait b --state crashed --timeout 30
	figure flood_ms "$(awk -v a="$start" \
		'{ print ($1 - a) * 1000 }' /proc/uptime)"
	mkctl delete b --force
done
mkctl fsck
