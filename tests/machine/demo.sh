# SPDX-License-Identifier: GPL-2.0-only
# What scripts/demo shows, inside the machine.

bold=
dim=
green=
plain=
if [ -n "${MK_COLOUR:-}" ]; then
	bold=$(printf '\033[1m')
	dim=$(printf '\033[2m')
	green=$(printf '\033[32m')
	plain=$(printf '\033[0m')
fi
name=blue
image=/kernels/$MK_SPAWN/vmlinuz
initrd=/kernels/$MK_SPAWN/initrd
number=0

# step TEXT: a headline.
step()
{
	number=$((number + 1))
	printf '\n%s%d. %s%s\n' "$bold" "$number" "$*" "$plain"
}

# show LINE: echo the command line, then run it.
show()
{
	printf '%s   # %s%s\n' "$green" "$*" "$plain"
	failed=0
	eval "$*" >/tmp/shown 2>&1 || failed=$?
	sed 's/^/   /' /tmp/shown
	return $failed
}

# online: the CPUs that the host runs on.
online()
{
	cat /sys/devices/system/cpu/online
}

# memory FIELD: in MiB.
memory()
{
	awk -v field="$1:" '$1 == field { print int($2 / 1024) }' /proc/meminfo
}

# said TEXT: the last line of the spawn's log with TEXT in it.
said()
{
	mkctl log $name 2>/dev/null | grep "$1" | tail -n 1
}

# tick: how far the spawn has counted.
tick()
{
	said 'spawn tick' | sed 's/.*spawn tick //'
}

# wait_for TEXT SECONDS: until the spawn has said so.
wait_for()
{
	until=$(($(date +%s) + $2))
	while [ -z "$(said "$1")" ]; do
		if [ "$(date +%s)" -ge "$until" ]; then
			echo "   the spawn never said '$1'; its log ends with:"
			mkctl log $name | tail -n 20 | sed 's/^/   /'
			exit 1
		fi
		usleep 100000
	done
}

step "The host: a stock kernel, with our module loaded"
show uname -sr
show cat /sys/devices/system/cpu/online
show cat /proc/multikernel
cpus_before=$(online)
memory_before=$(memory MemFree)

step "Take two CPUs and 256 MiB from it, and boot $MK_SPAWN on them"
start=$(date +%s)
show mkctl run $name --cpus 2-3 --memory 256M --kernel "$image" \
	--initrd "$initrd"
cpus_during=$(online)
memory_during=$(memory MemFree)

step "Its log, read out of its memory while it boots"
wait_for 'Linux version' 60
show "mkctl log $name | sed -n 1,8p | cut -c 1-100"
printf '%s   ...%s\n' "$dim" "$plain"
wait_for 'spawn up' 120
boot=$(($(date +%s) - start))
show "mkctl log $name | grep 'spawn up'"

step "Two kernels on one machine"
show mkctl list
show cat /proc/multikernel
show cat /sys/devices/system/cpu/online

step "Both go on at once"
printf '   %-32s %s\n' "host ($(uname -r))" "spawn"
first=
for count in 1 2 3 4 5; do
	sleep 1
	last=$(tick)
	first=${first:-$last}
	printf '   %-32s %s\n' \
		"up $(cut -d' ' -f1 /proc/uptime) s, count $count" \
		"$(said 'spawn tick' | cut -c 1-60)"
done

step "Kill it, and give everything back"
release=$(said 'Linux version' | sed 's/.*Linux version \([^ ]*\).*/\1/')
up=$(said 'spawn up' | sed 's/.*spawn up //')
show mkctl kill $name
show mkctl list
show mkctl delete $name
show cat /sys/devices/system/cpu/online
show cat /proc/multikernel
show mkctl fsck
cpus_after=$(online)
memory_after=$(memory MemFree)

line='-----------------------------------------------------------------'
cat <<EOF

$bold$line
  What you have seen$plain

  host kernel        $(uname -r)
  spawn kernel       $release
  it said            up $up
  from run to init   $boot s
  counted together   host 1 to $count, spawn ${first:-?} to ${last:-?}

                        before    during     after
  host's CPUs         $(printf '%8s  %8s  %8s' "$cpus_before" \
	"$cpus_during" "$cpus_after")
  host's free MiB     $(printf '%8s  %8s  %8s' "$memory_before" \
	"$memory_during" "$memory_after")
$bold$line$plain
EOF
[ "$cpus_before" = "$cpus_after" ]
[ "${last:-0}" -gt "${first:-0}" ]

if [ -n "${MK_SHELL_FOLLOWS:-}" ]; then
	cat <<EOF

A shell in the machine follows ("exit" ends it). Try:
  mkctl run red --cpus 1 --memory 256M --kernel $image --initrd $initrd
  mkctl log red --follow
  mkctl doctor
EOF
fi
