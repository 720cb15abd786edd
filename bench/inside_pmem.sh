# SPDX-License-Identifier: GPL-2.0-only
# What bench/pmem measures inside the machine; figures go to /out/figures.

set -- $MK_HAVE
rel=${2:-$1}
mkdir -p /out /tmp/case /tmp/content
cd /tmp

# 24 MiB, read again and again: the same bytes at both places.
dd if=/dev/urandom of=content/data bs=1M count=24 2>/dev/null
truncate -s 32M image
mkfs.ext4 -q -F -b 4096 -O ^has_journal -d content image

# In the spawn: reads in turns, each of some seconds, one line a turn.
cat >case/case.sh <<END
rounds=$ROUNDS
END
cat >>case/case.sh <<'END'
mkdir -p /dax /ram
mount -t ext4 -o dax,ro /dev/pmem0 /dax || exit 1
grep -q ' /dax .*dax' /proc/mounts || exit 1
mount -t tmpfs -o size=32m ram /ram && cp /dax/data /ram/data || exit 1
# now: in hundredths of a second
now()
{
	read -r up idle </proc/uptime
	echo "${up%.*}${up#*.}"
}
# hundredths PATH: of 40 times
hundredths()
{
	n=0
	t=$(now)
	while [ $n -lt 40 ]; do
		dd if="$1" of=/dev/null bs=64k 2>/dev/null
		n=$((n + 1))
	done
	echo $(($(now) - t))
}
hundredths /dax/data >/dev/null
hundredths /ram/data >/dev/null
while [ $rounds -gt 0 ]; do
	rounds=$((rounds - 1))
	echo "turn $(hundredths /dax/data) $(hundredths /ram/data)"
done
END
(cd case && find . -mindepth 1 | cpio -o -H newc) >case.cpio 2>/dev/null
mkctl run b --cpus 2-3 --memory 384M --kernel "/kernels/$rel/vmlinuz" \
	--initrd /kernels/busybox.cpio --initrd case.cpio --pmem image,ro
until mkctl log b 2>/dev/null | grep -q 'spawn case ends'; do
	echo "turns: $(mkctl log b 2>/dev/null | grep -c 'case: turn')"
	sleep 10
done
mkctl log b | sed -n 's/.*case: turn \([0-9]*\) \([0-9]*\)$/\1 \2/p' |
	awk '{ print "dax_ratio", $2 / $1; print "dax_mib", 40 * 24 / $1 * 100
		print "tmpfs_mib", 40 * 24 / $2 * 100 }' >/out/figures
mkctl delete b --force
mkctl fsck
