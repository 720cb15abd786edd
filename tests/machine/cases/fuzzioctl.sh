# SPDX-License-Identifier: GPL-2.0-only
# Two thousand calls of /dev/multikernel, good, odd and bad, by threads that
# race; see ../mkfuzz.c. The host checks every object that it allocates and
# frees, and poisons what is freed. scripts/soak makes many more, also on a
# kernel with KASAN, lockdep, kmemleak and allocations that fail.
#
# machine: --host ${MK_SOAK_HOST:-6.12} --have 6.12 --smp 5 --memory 2G --timeout ${MK_LIMIT:-600} --append "slub_debug=FZPU;FZPUA,kmalloc-* init_on_free=1" --set MK_CALLS=${MK_CALLS:-2000} --set MK_SEED=${MK_SEED:-1} --with build/tests/machine/mkfuzz

. /lib/verdict.sh

# Where the kernel can do it, kmalloc() fails for who asks for that: "A" above is
# these caches only, for procfs warns when an entry is missing for want of memory.
folder=/sys/kernel/debug/failslab
if [ -e $folder/cache-filter ]; then
	echo Y >$folder/cache-filter
	echo Y >$folder/task-filter
	echo N >$folder/ignore-gfp-wait
	echo 5 >$folder/probability
	echo -1 >$folder/times
	# it would print a trace each time
	echo 0 >$folder/verbose
	echo "# in every second batch 5 of 100 kmalloc() fail"
fi

mkfuzz "${MK_CALLS:-2000}" "${MK_SEED:-1}" /kernels/6.12 2 3 4 ||
	not_ok "the host stands it all"
equal "CPUs are back" "0-4" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
if [ -e /sys/kernel/debug/kmemleak ]; then
	check "kmemleak finds nothing" kmemleak
fi
