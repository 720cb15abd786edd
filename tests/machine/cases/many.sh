# SPDX-License-Identifier: GPL-2.0-only
# Sixteen instances at once, and the seventeenth refused.
#
# machine: --host 6.12 --have 6.1 --smp 18 --memory 6G

. /lib/verdict.sh

n=1
while [ $n -le 16 ]; do
	mkctl create "i$n" --cpus $n --memory 128M || break
	n=$((n + 1))
done
equal "sixteen instances fit below 640 KiB" 17 $n
refuse "the seventeenth is refused" 1 "640 KiB|low" \
	mkctl create one-more --cpus 17 --memory 128M
equal "the refused CPU stays with the host" 1 \
	"$(cat /sys/devices/system/cpu/cpu17/online)"
equal "sixteen lines in /proc/multikernel" 16 \
	"$(grep -c created /proc/multikernel)"
check "ledger" mkctl fsck
for n in 3 16; do
	check "i$n: load" mkctl load "i$n" --kernel /kernels/6.1/vmlinuz \
		--initrd /kernels/6.1/initrd
	check "i$n: start" mkctl start "i$n"
done
for n in 3 16; do
	come_up "i$n: up" "i$n" "spawn up 6.1 cpus=1" 120
done
n=16
while [ $n -ge 1 ]; do
	mkctl delete "i$n" --force || break
	n=$((n - 1))
done
equal "all deleted" 0 $n
equal "CPUs are back" "0-17" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
