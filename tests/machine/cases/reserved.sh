# SPDX-License-Identifier: GPL-2.0-only
# Memory set aside at the host's boot instead of memory taken at run time.
#
# machine: --host 6.1 --have 6.12 --append 'memmap=512M$0x40000000'
# machine: --host 7.2 --have 6.1 --append 'memmap=512M$0x40000000'

. /lib/verdict.sh

rel=${MK_HAVE##* }

before=$(sed -n 's/^MemTotal: *//p' /proc/meminfo)
refuse "a place beside the reserved range" 1 "." mkctl create out --cpus 3 \
	--memory 512M --memory-at 0x50000000
check "create" mkctl create low --cpus 3 --memory 256M --memory-at 0x50000000
refuse "the same place again" 1 "." mkctl create twice --cpus 2 \
	--memory 256M --memory-at 0x50000000
check "load" mkctl load low --kernel "/kernels/$rel/vmlinuz" \
	--initrd "/kernels/$rel/initrd"
check "start" mkctl start low
come_up "up in reserved memory" low "spawn up $rel cpus=1" 90
check "ledger" mkctl fsck
check "delete by force" mkctl delete low --force
# Ordinary memory at an address: where it was had once it can be had again, if
# no kernel object got there meanwhile; then another place will do.
had=
for try in 1 2 3 4 5; do
	check "ordinary memory" mkctl create at --cpus 3 --memory 64M
	base=$(mkctl show at --json |
		sed -n 's/.*"memory_base": *\([0-9]*\).*/\1/p')
	check "delete" mkctl delete at
	if mkctl create at --cpus 3 --memory 64M \
		--memory-at "$(printf '0x%x' "$base")"; then
		had=1
		break
	fi
done
equal "the same memory by its address" 1 "$had"
check "delete again" mkctl delete at
equal "the host has what it had" "$before" \
	"$(sed -n 's/^MemTotal: *//p' /proc/meminfo)"
check "ledger" mkctl fsck
