#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mkctl's command line, as far as it needs no module: usage, files, plans.
#
# The last tests want a kernel: MK_TEST_KERNELS, a colon-separated list.
set -u

mkctl=${MKCTL:-build/mkctl}
data=tests/data/sys
nothing=$data/empty
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
passed=0 failed=0 bad=0
# Nothing of this machine must be touched, even if it has the module.
machine="--sysroot $nothing"

verdict() {
	if [ "$bad" -eq 0 ]; then
		echo "ok - $1"
		passed=$((passed + 1))
	else
		echo "not ok - $1"
		failed=$((failed + 1))
	fi
	bad=0
}

# want STATUS TEXT ARGUMENT...: the status, and on stderr a first line
# "mkctl: ..." with TEXT in it.
want() {
	status=$1 text=$2
	shift 2
	# shellcheck disable=SC2086
	"$mkctl" $machine "$@" >"$dir/out" 2>"$dir/err" </dev/null
	have=$?
	if [ $have -ne "$status" ]; then
		echo "# mkctl $*: exit $have, not $status"
		bad=1
	fi
	if ! head -n 1 "$dir/err" | grep -qF -- "$text" ||
		! head -n 1 "$dir/err" | grep -q '^mkctl: '; then
		echo "# mkctl $*: no 'mkctl: ...$text' but: $(cat "$dir/err")"
		bad=1
	fi
}

# gives TEXT ARGUMENT...: status 0, TEXT on stdout, nothing on stderr.
gives() {
	text=$1
	shift
	# shellcheck disable=SC2086
	"$mkctl" $machine "$@" >"$dir/out" 2>"$dir/err" </dev/null
	have=$?
	if [ $have -ne 0 ] || [ -s "$dir/err" ] ||
		! grep -qF -- "$text" "$dir/out"; then
		echo "# mkctl $*: exit $have: $(cat "$dir/out" "$dir/err")"
		bad=1
	fi
}

verbs='create load start run list show log wait kill unload delete fsck doctor'

for verb in $verbs; do
	gives "Usage: mkctl $verb " "$verb" --help
	gives 'Example' "$verb" -h
	gives "Usage: mkctl $verb " help "$verb"
	gives "  $verb " --help
	want 2 "no such option '--bogus'" "$verb" --bogus
	want 2 "no such option '-x'" "$verb" -x
done
gives 'Exit status: 0 done' help
gives 'mkctl ' --version
verdict help

want 2 "no such command 'frobnicate'" frobnicate
want 2 "no such command 'frobnicate'" help frobnicate
want 2 'wrong option' --bogus
for verb in create load start run show log wait kill unload delete; do
	want 2 'name is missing' "$verb"
done
for verb in start show log kill unload delete; do
	want 2 'too many arguments' "$verb" one two
	want 2 'odd character' "$verb" 'o ne'
	want 2 'odd character' "$verb" ../one
	want 2 'name is empty' "$verb" ''
	want 2 'too long' "$verb" abcdefghijabcdefghijabcdefghijab
	want 1 'module is not loaded' "$verb" abcdefghijabcdefghijabcdefghija
done
for verb in list fsck doctor; do
	want 2 'too many arguments' "$verb" one
done
verdict operands

want 2 'either --cpus or --cpu-count' create a --memory 2M
want 2 'either --cpus or --cpu-count' create a --memory 2M --cpus 1 --cpu-count 1
want 2 'list is empty' create a --memory 2M --cpus ''
want 2 'wrong at character 1' create a --memory 2M --cpus x
want 2 'in it twice' create a --memory 2M --cpus 1,1
want 2 'runs backwards' create a --memory 2M --cpus 3-1
want 2 'is below' create a --memory 2M --cpus 99999
want 2 'not a number from 1' create a --memory 2M --cpu-count 0
want 2 'not a number from 1' create a --memory 2M --cpu-count -1
want 2 'not a number from 1' create a --memory 2M --cpu-count 1x
want 2 '--memory is missing' create a --cpus 1
want 2 'not a size' create a --cpus 1 --memory much
want 2 'multiple of 2M' create a --cpus 1 --memory 0
want 2 'multiple of 2M' create a --cpus 1 --memory 3M
want 2 'too large a number' create a --cpus 1 --memory 99999999999T
want 2 'multiple of 2M' create a --cpus 1 --memory 2M --memory-at 0x1000
want 2 'either --memory-at or --node' \
	create a --cpus 1 --memory 2M --memory-at 4M --node 0
want 2 'multiple of 4K' create a --cpus 1 --memory 2M --low 0
want 2 'multiple of 4K' create a --cpus 1 --memory 2M --low 256K
want 2 "needs a value" create a --cpus
want 2 '--kernel is missing' run a --cpus 1 --memory 2M
want 2 '--kernel is missing' load a
want 2 'want --dry-run' load a --kernel k --pretend-cpus 1 --pretend-memory 2M
want 2 'go together' load a --kernel k --dry-run --pretend-cpus 1
want 2 'not a number of seconds' start a --wait soon
want 2 'not a number of seconds' start a --wait -1
want 2 'not a number of seconds' start a --wait nan
want 2 'not a number of seconds' run a --wait inf
want 2 'none of created' wait a --state dead
want 2 'none of created' wait a --state ''
want 2 'none of created' wait a --state running,
want 2 '--state is missing' wait a
want 2 "no such option '-f'" kill -f a
verdict options

for line in 'create a --cpus 1 --memory 2M' 'load a --kernel k' 'start a' \
	'run a --cpus 1 --memory 2M --kernel k' 'list' 'list --json' 'show a' \
	'log a --follow' 'wait a --state running' 'kill a' 'unload a' \
	'delete --force a' 'fsck' ''; do
	# shellcheck disable=SC2086
	want 1 'modprobe multikernel' $line
done
mkdir -p "$dir/other/dev"
: >"$dir/other/dev/multikernel"
machine="--sysroot $dir/other"
want 1 'does not answer as multikernel' list
machine="--sysroot $nothing"
verdict no-module

: >"$dir/void"
echo 'this is text' >"$dir/text"
mkfifo "$dir/fifo"
plan='load a --dry-run --pretend-cpus 2 --pretend-memory 256M --kernel'
# shellcheck disable=SC2086
{
	want 1 'No such file' $plan "$dir/missing"
	want 1 'is a directory' $plan "$dir"
	want 1 'is empty' $plan "$dir/void"
	want 1 'not a regular file' $plan "$dir/fifo"
	want 1 'not a regular file' $plan /dev/zero
	want 1 'not a kernel' $plan "$dir/text"
	want 1 'H4' $plan "$dir/text" --cmdline pci=on
	want 2 'more than 16 initrds' $plan "$dir/text" \
		$(seq -f '--initrd=x%g' 17)
}
verdict files

"$mkctl" --sysroot $data/plain4 doctor >"$dir/out" 2>&1 || bad=1
"$mkctl" --sysroot $data/plain4 doctor --json | grep -q '"result": "warn"' ||
	bad=1
grep -q '^no ' "$dir/out" && bad=1
"$mkctl" --sysroot $data/smt8 doctor >"$dir/out" 2>&1
[ $? -eq 1 ] || bad=1
for check in rights lockdown functions memory; do
	grep -Eq "^no +$check" "$dir/out" || { bad=1; echo "# $check"; }
done
for check in module secure-boot kernel kvm kexec tsc contiguous; do
	grep -Eq "^warn +$check" "$dir/out" || { bad=1; echo "# $check"; }
done
verdict doctor

if [ -z "${MK_TEST_KERNELS:-}" ]; then
	echo 'skip - plans: MK_TEST_KERNELS is not set'
else
	for kernel in $(echo "$MK_TEST_KERNELS" | tr : ' '); do
		# shellcheck disable=SC2086
		{
			gives 'boot parameters' $plan "$kernel"
			gives '"segments"' $plan "$kernel" --json
			gives 'nokaslr loglevel=4' $plan "$kernel" \
				--cmdline loglevel=4
			gives '(bzImage)' $plan "$kernel" --kaslr
			gives '(bzImage)' $plan "$kernel" --no-unpack
			want 1 'are needed' $plan "$kernel" \
				--pretend-memory 8M
			want 1 'not an initrd' $plan "$kernel" \
				--initrd "$dir/text"
			want 1 'too long' $plan "$kernel" \
				--cmdline "$(head -c 2000 /dev/zero | tr '\0' x)"
			head -c 100000 "$kernel" >"$dir/short"
			want 1 'short' $plan "$dir/short"
		}
	done
	verdict plans
fi

[ "$failed" -eq 0 ]
