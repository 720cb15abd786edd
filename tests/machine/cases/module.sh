# SPDX-License-Identifier: GPL-2.0-only
# The module itself: its self-tests, who may, unloading, and what it leaves.
#
# machine: --host 6.1
# machine: --host 6.1-rt
# machine: --host 6.12
# machine: --host 7.2
# machine: --host 6.1-amd64 --memory 3G
# machine: --host 7.2-amd64 --memory 3G

. /lib/verdict.sh

as_nobody()
{
	setpriv --reuid 65534 --regid 65534 --clear-groups "$@" 2>/dev/null ||
		busybox su -s /bin/sh nobody -c "$*"
}

check "self-tests passed" sh -c 'dmesg | grep -q "multikernel: self-tests passed"'
check "the device is root's alone" sh -c \
	'[ "$(stat -c "%a %U" /dev/multikernel)" = "600 root" ]'
check "/proc/multikernel says that there is nothing" grep -qx \
	"No kimages loaded" /proc/multikernel
equal "/proc/multikernel has the columns of the series" \
	"MK_ID  Type        Start Address   Segments" \
	"$(head -n 1 /proc/multikernel | cut -c 1-43)"

check "create" mkctl create busy --cpus 3 --memory 32M
equal "/proc/multikernel has its line" \
	"    1  multikernel  0x000000000000         0" \
	"$(sed -n 3p /proc/multikernel | cut -c 1-44)"
refuse "unloading is refused while an instance exists" 1 "." rmmod multikernel
check "delete" mkctl delete busy
sleep 1
modules=$(wc -l </proc/modules)
check "unload" rmmod multikernel
check "no device is left" test ! -e /dev/multikernel
check "no proc file is left" test ! -e /proc/multikernel
equal "no module is left" $((modules - 1)) "$(wc -l </proc/modules)"
refuse "mkctl says that there is no module" 1 "modprobe|insmod" mkctl list
refuse "and so does run" 1 "modprobe|insmod" mkctl create x --cpus 3 \
	--memory 32M
equal "all CPUs are there" "0-3" "$(cat /sys/devices/system/cpu/online)"
check "load it again" insmod /lib/multikernel.ko
check "it works again" mkctl create again --cpus 2-3 --memory 32M
check "delete again" mkctl delete again
check "ledger" mkctl fsck
for round in 1 2 3 4 5 6 7 8 9 10; do
	rmmod multikernel && insmod /lib/multikernel.ko || break
done
equal "ten times unloaded and loaded" 10 $round
