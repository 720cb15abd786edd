#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The ring between two threads, under ThreadSanitizer: no access to its bytes
# that the words do not order.
set -u
cd "$(dirname "$0")/../.." || exit 1
cc=${CC:-gcc}
out=${MK_BUILD:-build}/tests/unit/tsan
mkdir -p "$out" || exit 1

build()
{
	$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-parameter \
		-O1 -g -fsanitize=thread -Iinclude/uapi -Iinclude -o "$@" -lpthread
}

# It needs its runtime library, and memory laid out as it likes.
echo 'int main(void) { return 0; }' >"$out/empty.c"
if ! build "$out/empty" "$out/empty.c" >"$out/log" 2>&1 ||
	! "$out/empty" >"$out/log" 2>&1; then
	echo "skip - ring_tsan: $cc -fsanitize=thread does not work here"
	exit 77
fi
if ! build "$out/ring" tests/unit/ring_threads.c; then
	echo "not ok - ring_tsan: it does not build"
	exit 1
fi
TSAN_OPTIONS=halt_on_error=1 "$out/ring"
