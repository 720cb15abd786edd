# SPDX-License-Identifier: GPL-2.0-only
# A host in x2APIC mode: spawns inherit it.
#
# machine: --x2apic --host 6.1 --have 6.12
# machine: --x2apic --host 7.2 --have 6.1

. /lib/verdict.sh

check "the module says x2APIC" sh -c 'dmesg | grep -q "multikernel: .*x2APIC"'
for rel in ${MK_HAVE##* }; do
	check "$rel: run" mkctl run far --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd"
	come_up "$rel: up with two CPUs" far "spawn up $rel cpus=2" 90
	check "$rel: x2APIC inside" sh -c 'mkctl log far | grep -qi x2apic'
	check "$rel: kill" mkctl kill far
	check "$rel: delete" mkctl delete far
	check "$rel: reboot" mkctl run far --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" --cmdline mk.do=reboot
	check "$rel: stopped" mkctl wait far --state stopped --timeout 90
	check "$rel: delete after reboot" mkctl delete far
	check "$rel: ledger" mkctl fsck
done
