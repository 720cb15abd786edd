# SPDX-License-Identifier: GPL-2.0-only
# What tests/dump/run does in the machine: a panic, and its dumps on /dev/vda.

for each in virtio_blk virtio_pci; do
	modprobe $each
done
mkctl run box --cpus 2-3 --memory 256M --kernel "/kernels/$REL/vmlinuz" \
	--initrd "/kernels/$REL/initrd" --cmdline "mk.do=panic"
mkctl wait box --state crashed --timeout 120
mkctl backtrace box || true
mkctl dump box -o /tmp/core
mkctl dump box -o /tmp/kdump --compress
at=0
for name in core kdump; do
	dd if=/tmp/$name of=/dev/vda bs=1M seek=$at conv=notrunc 2>/dev/null
	bytes=$(wc -c </tmp/$name)
	echo "dump $name $((at << 20)) $bytes"
	at=$((at + (bytes >> 20) + 1))
done
sync
mkctl delete box
