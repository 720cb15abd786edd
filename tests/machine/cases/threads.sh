# SPDX-License-Identifier: GPL-2.0-only
# A machine whose cores have two threads: whole cores only, unless asked.
#
# machine: --host 6.1 --have 6.12 --smp 8,cores=4,threads=2,sockets=1

. /lib/verdict.sh

half=$(sed 's/[-,].*//' /sys/devices/system/cpu/cpu4/topology/thread_siblings_list)
whole=$(cat /sys/devices/system/cpu/cpu4/topology/thread_siblings_list)
refuse "half a core is refused" 1 "core|sibling|thread" \
	mkctl create half --cpus "$half" --memory 64M
equal "and nothing changed" "0-7" "$(cat /sys/devices/system/cpu/online)"
refuse "the boot CPU's sibling is refused" 1 "core|sibling|boot" \
	mkctl create half --cpus 1 --memory 64M
check "half a core when asked" mkctl create half --cpus "$half" \
	--memory 64M --split-cores
refuse "the other half is not free without asking either" 1 \
	"core|sibling|thread" mkctl create other --cpus $((half + 1)) \
	--memory 64M
check "delete" mkctl delete half
# The host forgets the core of a CPU that is offline; the module must not.
echo 0 >"/sys/devices/system/cpu/cpu$((half + 1))/online"
check "half a core whose other half is offline" mkctl create half \
	--cpus "$half" --memory 64M
echo 1 >"/sys/devices/system/cpu/cpu$((half + 1))/online"
refuse "its other half cannot go to another instance" 1 \
	"core|sibling|thread" mkctl create other --cpus $((half + 1)) \
	--memory 64M
check "delete again" mkctl delete half
check "a whole core" mkctl run core --cpus "$whole" --memory 256M \
	--kernel /kernels/6.12/vmlinuz --initrd /kernels/6.12/initrd
come_up "up with both threads" core "spawn up 6.12 cpus=2" 90
check "delete by force" mkctl delete core --force
check "--cpu-count takes whole cores" mkctl create count --cpu-count 2 \
	--memory 64M
check "ledger" mkctl fsck
check "delete count" mkctl delete count
equal "CPUs are back" "0-7" "$(cat /sys/devices/system/cpu/online)"
