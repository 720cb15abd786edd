# SPDX-License-Identifier: GPL-2.0-only
# What bench/dump measures inside the machine; figures go to /out/figures.

set -- $MK_HAVE
rel=${2:-$1}
mkdir -p /out /ram
mount -t tmpfs -o size=1600m ram /ram

# now: in hundredths of a second
now()
{
	read -r up idle </proc/uptime
	echo "${up%.*}${up#*.}"
}
# timed COMMAND...: hundredths
timed()
{
	t=$(now)
	"$@" >/dev/null 2>&1
	echo $(($(now) - t))
}
# turn NAME OPTION...: both ways, the same number of bytes
turn()
{
	name=$1
	shift
	rm -f /ram/core /ram/copy
	a=$(timed mkctl dump b -o /ram/core "$@")
	echo "turn $name $a $(timed dd if=/ram/source of=/ram/copy bs=256k)"
}

mkctl run b --cpus 2-3 --memory 256M --kernel "/kernels/$rel/vmlinuz" \
	--initrd "/kernels/$rel/initrd" --cmdline mk.do=panic
mkctl wait b --state crashed --timeout 120
mkctl dump b -o /ram/core
# As large, and no hole: that dd reads and writes all of it.
dd if=/dev/urandom of=/ram/source bs=1M count=256 2>/dev/null
n=0
while [ $n -lt "$ROUNDS" ]; do
	n=$((n + 1))
	turn half
	[ $n -gt 1 ] || turn compress --compress
done | tee /tmp/turns
# No zeros where they were: behind the kernel's image.
base=$(mkctl show b --json | sed -n 's/.*"memory_base": *\([0-9]*\).*/\1/p')
dd if=/ram/source bs=1M count=192 2>/dev/null |
	mkctl memory write b $((base + (64 << 20)))
n=0
while [ $n -lt "$ROUNDS" ]; do
	n=$((n + 1))
	turn full
done | tee -a /tmp/turns
awk '$2 == "half" { print "ratio", $4 / $3 }
	$2 == "compress" { print "compress_ratio", $4 / $3 }
	$2 == "full" { print "full_ratio", $4 / $3
		print "dump_mib", 256 / $3 * 100
		print "dd_mib", 256 / $4 * 100 }' /tmp/turns >/out/figures
mkctl delete b
mkctl fsck
