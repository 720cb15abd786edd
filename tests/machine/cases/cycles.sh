# SPDX-License-Identifier: GPL-2.0-only
# Create, load, start, kill and delete: two instances side by side, the kills at
# random moments of the spawns' boots; then the host has everything again, and a
# cycle takes no longer. scripts/soak does it a thousand times.
#
# machine: --host ${MK_SOAK_HOST:-6.1} --have 6.1 --have 6.12 --smp 6 --timeout ${MK_LIMIT:-600} --set MK_CYCLES=${MK_CYCLES:-30} --set MK_EVERY=${MK_EVERY:-10} --set MK_SEED=${MK_SEED:-1} --with build/tests/machine/soak

. /lib/verdict.sh

soak "${MK_CYCLES:-30}" "${MK_EVERY:-10}" "${MK_SEED:-1}" \
	2 /kernels/6.1 4 /kernels/6.12 ||
	not_ok "the host is what it was after all cycles"
check "no instance is left" sh -c \
	'grep -q "No kimages loaded" /proc/multikernel'
check "ledger" mkctl fsck
if [ -e /sys/kernel/debug/kmemleak ]; then
	check "kmemleak finds nothing" kmemleak
fi
