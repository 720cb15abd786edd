# SPDX-License-Identifier: GPL-2.0-only
# Two thousand calls of /dev/multikernel, good, odd and bad, by threads that
# race; see ../mkfuzz.c. The host checks every object that it allocates and
# frees, and poisons what is freed. scripts/soak makes many more, also on a
# kernel with KASAN, lockdep, kmemleak and allocations that fail.
#
# machine: --host ${MK_SOAK_HOST:-6.12} --have 6.12 --smp 5 --memory 2G --timeout ${MK_LIMIT:-600} --append "slub_debug=FZPU init_on_free=1" --set MK_CALLS=${MK_CALLS:-2000} --set MK_SEED=${MK_SEED:-1} --with build/tests/machine/mkfuzz

. /lib/verdict.sh

# Where the kernel can do it: allocations fail, of those who ask for that.
for each in failslab fail_page_alloc; do
	folder=/sys/kernel/debug/$each
	[ -d $folder ] || continue
	echo Y >$folder/task-filter
	echo N >$folder/ignore-gfp-wait
	echo 3 >$folder/probability
	echo -1 >$folder/times
	# it would print a trace each time
	echo 0 >$folder/verbose
	echo "# $each: in every second batch, 3 in 100"
done

mkfuzz "${MK_CALLS:-2000}" "${MK_SEED:-1}" /kernels/6.12 2 3 4 ||
	not_ok "the host stands it all"
equal "CPUs are back" "0-4" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
if [ -e /sys/kernel/debug/kmemleak ]; then
	check "kmemleak finds nothing" kmemleak
fi
