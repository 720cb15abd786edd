# SPDX-License-Identifier: GPL-2.0-only
# What bench/life measures inside the machine; figures go to /out/figures.

set -- $MK_HAVE
rel=${2:-$1}
mkdir -p /out

load()
{
	mkctl load a --kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" --cmdline "mk.tsc $1"
}

# init_ticks: when its init began, once it has; nothing looks before.
init_ticks()
{
	until mkctl log a 2>/dev/null |
		sed -n 's/.*spawn tsc \([0-9]*\).*/\1/p' | grep .; do
		usleep 200000
	done
}

# of_life N REGEX: that life's first such line, once there is one.
of_life()
{
	until mkctl log a --life "$1" --json 2>/dev/null | grep -m 1 "$2"; do
		usleep 200000
	done
}

# number NAME: out of a line of JSON.
number()
{
	sed -n "s/.*\"$1\": *\([0-9]*\).*/\1/p"
}

# ms TICKS
ms()
{
	awk -v t="$1" -v k="$khz" 'BEGIN { print t / k }'
}

figure()
{
	echo "$1_ms $(ms "$2")" >>/out/figures
	echo "$1_ratio $(awk -v a="$2" -v b="$cold" 'BEGIN { print a / b }')" \
		>>/out/figures
}

# host_ticks NS: the counter at that moment of CLOCK_BOOTTIME.
host_ticks()
{
	awk -v ns="$1" -v t="$tsc0" -v n="$ns0" -v k="$khz" \
		'BEGIN { printf "%.0f\n", t + (ns - n) * k / 1e6 }'
}

read -r tsc0 ns0 <<END
$(mkbench --clocks)
END
sleep 5
read -r tsc1 ns1 <<END
$(mkbench --clocks)
END
khz=$(awk -v t=$((tsc1 - tsc0)) -v n=$((ns1 - ns0)) 'BEGIN { print t / n * 1e6 }')
tsc0=$tsc1
ns0=$ns1

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	mkctl create a --cpus 2-3 --memory 256M
	load ""
	before=$(mkbench --tsc)
	mkctl start a
	sleep 5
	cold=$(($(init_ticks) - before))
	echo "cold_ms $(ms $cold)" >>/out/figures

	# Killed and deleted: the CPUs are the host's again.
	before=$(mkbench --tsc)
	mkctl kill a
	mkctl delete a
	[ "$(cat /sys/devices/system/cpu/online)" = 0-3 ] || exit 1
	figure kill $(($(mkbench --tsc) - before))

	# A panic; the spawn's clock is tied to the counter by its init's line.
	mkctl create a --cpus 2-3 --memory 256M
	load mk.do=panic
	told=$(mkctl events a --json | wc -l)
	mkctl start a --on-crash restart --restart-max 1
	sleep 12
	next=$(of_life 2 "spawn tsc" | sed -n 's/.*spawn tsc \([0-9]*\).*/\1/p')
	line=$(of_life 1 "spawn tsc")
	init_ns=$(echo "$line" | number time_ns)
	init=$(echo "$line" | sed -n 's/.*spawn tsc \([0-9]*\).*/\1/p')
	panic_ns=$(of_life 1 "Kernel panic" | number time_ns)
	crashed=$(mkctl events a --json | tail -n "+$((told + 1))" |
		grep -m 1 '"crashed"' | number boot_ns)
	crashed=$(host_ticks "$crashed")
	figure panic "$(awk -v c="$crashed" -v i="$init" -v p="$panic_ns" \
		-v n="$init_ns" -v k="$khz" \
		'BEGIN { printf "%.0f\n", c - (i + (p - n) * k / 1e6) }')"
	# The supervisor waits for a second on purpose: that is not counted.
	figure restart "$(awk -v n="$next" -v c="$crashed" -v k="$khz" \
		'BEGIN { printf "%.0f\n", n - c - 1000 * k }')"
	mkctl delete a --force
done
mkctl fsck
