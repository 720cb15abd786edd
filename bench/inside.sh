# SPDX-License-Identifier: GPL-2.0-only
# What bench/run measures inside the machine; figures go to /out/figures.

set -- $MK_HAVE
rel=${2:-$1}
k=/kernels/$rel/vmlinuz
i=/kernels/$rel/initrd
mkdir -p /out

figure()
{
	echo "$*" >>/out/figures
}

json()
{
	mkctl show "$1" --json | sed -n "s/.*\"$2\": *\([0-9]*\).*/\1/p"
}

# ticks NAME: from the start to the spawn's init, in TSC ticks.  Nothing looks
# at the spawn meanwhile: reading its log would take it real CPU time.
ticks()
{
	before=$(mkbench --tsc)
	mkctl start "$1"
	sleep 8
	until end=$(mkctl log "$1" 2>/dev/null |
		sed -n 's/.*spawn tsc \([0-9]*\).*/\1/p') && [ -n "$end" ]; do
		usleep 200000
	done
	echo $((end - before))
}

round=0
while [ $round -lt "$ROUNDS" ]; do
	round=$((round + 1))
	mkctl create a --cpus 2-3 --memory 256M
	# user and system time of load and start together
	{ time -p sh -c "mkctl load a --kernel $k --initrd $i --cmdline mk.tsc
		mkctl start a"; } 2>/tmp/time
	figure cpu_load_start "$(awk '/^user|^sys/ { s += $2 } END { print s }' \
		/tmp/time)"
	mkctl delete a --force
	# As QEMU's memory is at its start: fresh, nothing to wipe.
	mkctl create a --cpus 2-3 --memory 256M
	mkctl load a --kernel $k --initrd $i --cmdline mk.tsc
	figure start_ticks "$(ticks a)"
	figure host_bytes "$(json a host_bytes)"
	figure kept_bytes "$(json a kept_bytes)"
	# A second start, which wipes the memory first.
	mkctl kill a
	figure restart_ticks "$(ticks a)"
	mkctl kill a
	mkctl load a --kernel $k --initrd $i --cmdline mk.tsc --no-unpack
	figure bzimage_ticks "$(ticks a)"
	mkctl delete a --force
done

# The same loops, first here alone, then there alone, in turns.
mkctl create b --cpus 2-3 --memory 256M
mkctl load b --kernel $k --initrd $i --cmdline mk.bench=3
mkbench 3 >/tmp/host
mkctl start b
sleep 15
until [ "$(mkctl log b 2>/dev/null | grep -c 'spawn bench')" -ge 3 ]; do
	sleep 1
done
mkctl log b | sed -n 's/.*spawn \(bench .*\)/\1/p' >/tmp/spawn
mkctl delete b --force
for what in cpu memory; do
	paste -d ' ' /tmp/host /tmp/spawn |
		sed "s/[^ ]*bench//g" | tr ' ' '\n' |
		sed -n "s/^$what=//p" | paste -d ' ' - - |
		awk -v n="${what}_ratio" '{ print n, $1 / $2 }' >>/out/figures
done
# What the spawn does not get of its memory: all that is not RAM in its map.
figure used_bytes "$(mkctl load x --kernel $k --initrd $i --dry-run --json \
	--pretend-cpus 2 --pretend-memory 256M | awk -F'[:,]' '
	/"memory":/ && !all { all = $2 }
	/"memory_base":/ { base = $2 }
	/"e820"/ { map = 1 }
	map && /"address":/ { address = $2 }
	map && /"length":/ { length_ = $2 }
	map && /"type": *1,?$/ && address >= base { ram += length_ }
	END { print all - ram }')"
mkctl fsck
