# SPDX-License-Identifier: GPL-2.0-only
# Two thousand calls of /dev/multikernel, good, odd and bad, by threads that race;
# see ../mkfuzz.c. The host checks every object that it allocates and frees, and
# poisons what is freed. "make soak" makes many more.
#
# machine: --host 6.12 --smp 5 --memory 2G --append "slub_debug=FZPU init_on_free=1" --with build/tests/machine/mkfuzz

. /lib/verdict.sh

mkfuzz "${MK_CALLS:-2000}" "${MK_SEED:-1}" "/kernels/${MK_HAVE##* }" 2 3 4 ||
	not_ok "the host stands it all"
equal "CPUs are back" "0-4" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
