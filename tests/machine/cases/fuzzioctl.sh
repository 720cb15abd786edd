# SPDX-License-Identifier: GPL-2.0-only
# Two thousand calls of /dev/multikernel, good, odd and bad, by threads that
# race; see ../mkfuzz.c. The host checks every object that it allocates and
# frees, and poisons what is freed. scripts/soak makes many more, also on a
# kernel with KASAN, lockdep, kmemleak and allocations that fail.
#
# machine: --host ${MK_SOAK_HOST:-6.12} --have 6.12 --smp 5 --memory 2G --timeout ${MK_LIMIT:-600} --append "slub_debug=FZPU init_on_free=1" --set MK_CALLS=${MK_CALLS:-2000} --set MK_SEED=${MK_SEED:-1} --with build/tests/machine/mkfuzz

. /lib/verdict.sh

# Where the kernel can do it, allocations of the modules fail, for who asks for
# that. Only theirs: what the kernel itself does without memory may warn.
folder=/sys/kernel/debug/failslab
if [ -e $folder/require-start ]; then
	cat /sys/module/multikernel*/sections/.text | sort >/tmp/text
	echo Y >$folder/task-filter
	echo N >$folder/ignore-gfp-wait
	head -n 1 /tmp/text >$folder/require-start
	# the text of neither is larger
	printf '0x%x\n' $(($(tail -n 1 /tmp/text) + 0x40000)) \
		>$folder/require-end
	# who asked for it, and who asked him
	echo 6 >$folder/stacktrace-depth
	echo 10 >$folder/probability
	echo -1 >$folder/times
	# it would print a trace each time
	echo 0 >$folder/verbose
	echo "# in every second batch 10 of 100 allocations fail"
fi

mkfuzz "${MK_CALLS:-2000}" "${MK_SEED:-1}" /kernels/6.12 2 3 4 ||
	not_ok "the host stands it all"
equal "CPUs are back" "0-4" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
if [ -e /sys/kernel/debug/kmemleak ]; then
	check "kmemleak finds nothing" kmemleak
fi
