# SPDX-License-Identifier: GPL-2.0-only
# Two spawns of different kernels at once, ended in either order.
#
# machine: --host 6.1 --have 6.12 --have 7.2 --smp 6
# machine: --host 7.2 --have 6.1 --have 6.1-rt --smp 6

. /lib/verdict.sh

set -- $MK_HAVE
first=$2
second=$3
online=$(cat /sys/devices/system/cpu/online)

up()
{
	mkctl run "$1" --cpus "$3" --memory 256M \
		--kernel "/kernels/$2/vmlinuz" --initrd "/kernels/$2/initrd"
}

last_tick()
{
	mkctl log "$1" | sed -n 's/.*spawn tick \([0-9]*\).*/\1/p' | tail -n 1
}

# Its counter has gone on since it stood at $2.
ticks_on()
{
	[ "$(last_tick "$1")" -gt "$2" ]
}

for order in "one two" "two one"; do
	check "$order: first spawn" up one "$first" 2-3
	check "$order: second spawn" up two "$second" 4-5
	come_up "$order: $first is up" one "spawn up $first cpus=2" 90
	come_up "$order: $second is up" two "spawn up $second cpus=2" 90
	sleep 2
	a=$(last_tick one)
	b=$(last_tick two)
	host=$(date +%s)
	eventually "$order: one makes progress" 15 ticks_on one "$a"
	eventually "$order: two makes progress" 15 ticks_on two "$b"
	check "$order: and so does the host" test "$(date +%s)" -ge "$host"
	equal "$order: two lines in /proc/multikernel" 2 \
		"$(grep -c running /proc/multikernel)"
	set -- $order
	check "$order: kill $1" mkctl kill "$1"
	b=$(last_tick "$2")
	eventually "$order: $2 goes on" 15 ticks_on "$2" "$b"
	check "$order: restart $1" mkctl start "$1"
	check "$order: delete $2 by force" mkctl delete "$2" --force
	check "$order: delete $1 by force" mkctl delete "$1" --force
	equal "$order: CPUs are back" "$online" \
		"$(cat /sys/devices/system/cpu/online)"
	check "$order: ledger" mkctl fsck
done
