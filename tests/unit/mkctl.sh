#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# mkctl's command line, as far as it needs no module: usage, files, plans.
#
# The last tests want a kernel: MK_TEST_KERNELS, a colon-separated list.
set -u

. tests/unit/verdicts
data=tests/data/sys
nothing=$data/empty

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

verbs='create load start run list show log events backtrace dump memory wait
	ping send receive stop kill unload delete pmem fsck doctor'

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
want 2 'where to? -o FILE is missing' dump web
want 2 "the instance's name is missing" dump -o x
want 2 'read or write is missing' memory
want 2 "'poke' is neither read nor write" memory poke web 0
want 2 'the address is missing' memory read web
want 2 "ADDRESS: '" memory read web 0xfoo
want 2 'LENGTH: at least 1' memory read web 0 0
want 2 '--raw is for read' memory write web 0 --raw
want 2 '--force is for write' memory read web 0 --force
want 2 'too many arguments' memory read web 0 1 2
want 2 '--timeout: 10 seconds at most' backtrace web --timeout 11
want 2 "--cpu: 'x' is not a number" backtrace web --cpu x
want 2 "no such command 'frobnicate'" help frobnicate
want 2 'wrong option' --bogus
for verb in create load start run show log wait ping send receive stop kill \
	unload delete; do
	want 2 'name is missing' "$verb"
done
for verb in start show log ping stop kill unload delete; do
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
for verb in create load start run list show wait ping send stop kill unload \
	delete fsck doctor; do
	want 2 "no such option '-f'" "$verb" -f a
done
for verb in log send stop kill; do
	want 2 "no such option '-c'" "$verb" -c 1 a
done
want 2 "no such option '-i'" receive -i 1 a
verdict letters

want 2 "option '-c' needs a value" ping a -c
want 2 "option '--interval' needs a value" ping a --interval
want 2 'not a number from 0 to 4294967295' ping a -c many
want 2 'not a number from 0 to 4294967295' ping a --count=-1
want 2 'not a number from 0 to 4294967295' ping a -c4294967296
want 2 'not a number of seconds' ping a -i soon
want 2 'not a number from 0 to 65536' ping a -s 65537
want 2 'not a number from 0 to 65536' ping a --size 64K
want 2 '3600 seconds at most' ping a --timeout 3601
want 2 'not a number of seconds' stop a --timeout -1
want 2 '--type is missing' send a f
want 2 '--type is missing' receive a
for verb in 'send a f' 'receive a'; do
	for type in 0 1 32767 65536 0x7fff 0x10000 0x '' -0x8000 0x0x8000 \
		x8000 8000 0x8000x ' 32768' 99999999999999999999; do
		# shellcheck disable=SC2086
		want 2 'not a number from 0x8000 to 0xffff' $verb "--type=$type"
	done
done
want 2 'file to send (-: standard input) is missing' send a --type 0x8000
want 2 "too many arguments: 'g'" send a f g --type 0x8000
want 2 'odd character' send 'o ne' f --type 0x8000
want 2 'either --split or --lines' send a f --type 32768 --split --lines
want 2 'not a number of seconds' send a f --type 65535 --wait soon
want 2 "too many arguments: 'f'" receive a f --type 0x8000
want 2 'odd character' receive 'o ne' --type 0x8000
want 2 'not a number from 1 to' receive a --type 0x8000 -c 0
want 2 'either --count or --follow' receive a --type 0x8000 -c 1 -f
want 2 "'list' is neither sync nor drop" pmem list
want 2 'the file or store to drop is missing' pmem drop
want 2 "too many arguments: 'g'" pmem drop f g
want 2 "too many arguments: 'g'" pmem sync f g
want 2 '--json is for the list' pmem sync --json
want 2 '--force and --output are for sync' pmem --force
want 2 '--force and --output are for sync' pmem drop f --force
want 2 '--force and --output are for sync' pmem --output g
want 2 '--output is for one file' pmem sync --output g
want 2 '--output is for one file' pmem sync f --output g --force
want 2 '--discard is for drop' pmem --discard
want 2 '--discard is for drop' pmem sync f --discard
want 2 'not a number' log a --life 0
want 2 'not a number' log a --life last
want 2 'does not go with' log a --life 2 --follow
want 2 'does not go with' log a --life list -f
want 2 '--all has all lives' log --all --life all
want 2 'too many arguments' log --all a
want 2 'too many arguments' events a b
want 2 'odd character' events ../a
verdict options

for line in 'create a --cpus 1 --memory 2M' 'load a --kernel k' 'start a' \
	'run a --cpus 1 --memory 2M --kernel k' 'list' 'list --json' 'show a' \
	'log a --follow' 'log --all' 'log a --life all' 'events' \
	'events a -f' 'wait a --state running' 'kill a' 'unload a' \
	'ping a -c 1' 'send a --type 0x8000 -' 'receive a --type 0xFFFF' \
	'stop a --kill' 'delete --force a' 'fsck' '' \
	'pmem' 'pmem --json' 'pmem sync' 'pmem sync f --output g' 'pmem drop f'; do
	# shellcheck disable=SC2086
	want 1 'modprobe multikernel' $line
done
want 1 'or insmod multikernel_channel.ko and multikernel.ko' list
mkdir -p "$dir/other/dev"
: >"$dir/other/dev/multikernel"
machine="--sysroot $dir/other"
want 1 'does not answer as multikernel' list
machine="--sysroot $nothing"
# What cannot be received costs no file.
echo kept >"$dir/kept"
want 1 'modprobe multikernel' receive a --type 0x8000 --output "$dir/kept"
want 1 'modprobe multikernel' receive a --type 0x8000 --output "$dir/made"
[ "$(cat "$dir/kept")" = kept ] && [ ! -e "$dir/made" ] || bad=1
verdict no-module

: >"$dir/void"
echo 'this is text' >"$dir/text"
mkfifo "$dir/fifo"
plan='load a --dry-run --no-agent --pretend-cpus 2 --pretend-memory 256M
	--kernel'
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

# put FILE OFFSET BYTES: as printf has them, in octal.
put() {
	# shellcheck disable=SC2059
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null
}

# A vmlinux of one segment, of the release 6.1.0-mk.
fake=$dir/vmlinux
head -c 1024 /dev/zero >"$fake"
put "$fake" 0 '\177ELF\2\1\1'
put "$fake" 16 '\2\0\76\0\1\0\0\0\20\0\0\1' # for x86-64; entry 16 MiB + 16
put "$fake" 32 '\100'
put "$fake" 52 '\100\0\70\0\1'
put "$fake" 64 '\1\0\0\0\7'
put "$fake" 73 '\2' # from 0x200 of the file
put "$fake" 80 '\0\0\0\201\377\377\377\377\0\0\0\1\0\0\0\0\0\2\0\0\0\0\0\0\0\2'
put "$fake" 528 'Linux version 6.1.0-mk (somebody'
sed 's/Linux version/Minix version/' "$fake" >"$dir/nameless"
sed 's,6.1.0-mk,../../.x,' "$fake" >"$dir/climbing"

fake_agent() {
	mkdir -p "$1" "$2"
	printf '\177ELF init' >"$1/init"
	printf '\177ELF channel' >"$2/multikernel_channel.ko"
	printf '\177ELF spawn' >"$2/multikernel_spawn.ko"
}

plan='load a --dry-run --pretend-cpus 2 --pretend-memory 256M'
release=6.1.0-mk
mkdir -p "$dir/none"
MULTIKERNEL_AGENT_DIR=$dir/none
export MULTIKERNEL_AGENT_DIR
# shellcheck disable=SC2086
{
	for kernel in "$fake" "$dir/nameless" "$dir/climbing"; do
		gives 'agent       none' $plan --kernel "$kernel" --no-agent
		grep -q 'multikernel' "$dir/out" && bad=1
		want 0 'a: no agent' $plan --kernel "$kernel"
		grep -q 'agent       none' "$dir/out" || bad=1
		want 1 'a: no agent' $plan --kernel "$kernel" --agent "$dir/x"
	done
	want 2 'either --agent or --no-agent' $plan --kernel "$fake" \
		--agent "$dir" --no-agent
	want 0 "kernel $release in $dir/none: it starts" $plan --kernel "$fake"
	grep -q "KDIR=/lib/modules/$release/build KOUT=build/$release'" \
		"$dir/err" || bad=1
	want 0 'not known' $plan --kernel "$dir/climbing"

	# a folder with all of it, by each of the two ways
	fake_agent "$dir/agent" "$dir/agent/$release"
	gives 'agent       in the initrd' $plan --kernel "$fake" \
		--agent "$dir/agent"
	grep -q '  initrd$' "$dir/out" || bad=1
	gives '"agent": true' $plan --json --kernel "$fake" \
		--agent "$dir/agent"
	gives '"agent": false' $plan --json --kernel "$fake" --no-agent
	MULTIKERNEL_AGENT_DIR=$dir/agent
	gives ' rdinit=/multikernel/init multikernel_init=/x' $plan \
		--kernel "$fake" --cmdline rdinit=/x
	gives ' rdinit=/x' $plan --kernel "$fake" --cmdline rdinit=/x --no-agent
	want 1 "in $dir/none" $plan --kernel "$fake" --agent "$dir/none"
	want 1 'MiB are needed' $plan --kernel "$fake" --pretend-memory 2M

	# modules of the system, but only where no folder was given
	mv "$dir/agent/$release" "$dir/agent/other"
	for place in updates/dkms extra; do
		machine="--sysroot $dir/root"
		fake_agent "$dir/void2" "$dir/root/lib/modules/$release/$place"
		gives 'agent       in the initrd' $plan --kernel "$fake"
		want 1 "in $dir/agent" $plan --kernel "$fake" \
			--agent "$dir/agent"
		mv "$dir/root/lib/modules/$release/$place/multikernel_spawn.ko" \
			"$dir/root/lib/modules/$release/$place/multikernel_spawn.ko.xz"
		want 0 "$place/multikernel_spawn.ko.xz is compressed" $plan \
			--kernel "$fake"
		rm -r "$dir/root/lib"
	done
	machine="--sysroot $nothing"

	# an incomplete one
	mv "$dir/agent/other" "$dir/agent/$release"
	echo text >"$dir/agent/$release/multikernel_spawn.ko"
	want 0 'spawn.ko is not an ELF file: it starts without' $plan \
		--kernel "$fake"
	want 1 'spawn.ko is not an ELF file' $plan --kernel "$fake" \
		--agent "$dir/agent"
	rm "$dir/agent/$release/multikernel_spawn.ko"
	want 0 "kernel $release in $dir/agent: it starts" $plan --kernel "$fake"
	fake_agent "$dir/agent" "$dir/agent/$release"
	rm "$dir/agent/init"
	want 0 "cannot open $dir/agent/init" $plan --kernel "$fake"
}
verdict agent

# fake_modules DIR: as depmod leaves them; one file of each form
fake_modules() {
	mkdir -p "$1/k"
	for module in virtio virtio_ring virtio-rng nd_e820 nd_pmem fuse \
		virtiofs; do
		printf '\177ELF %s' "$module" >"$1/k/$module.ko"
	done
	xz "$1/k/virtio.ko" && gzip "$1/k/virtio-rng.ko" || bad=1
	cat >"$1/modules.dep" <<-EOF
	k/virtiofs.ko: k/fuse.ko k/virtio_ring.ko k/virtio.ko.xz
	k/virtio_ring.ko: k/virtio.ko.xz
	k/virtio.ko.xz:
	k/virtio-rng.ko.gz: k/virtio_ring.ko k/virtio.ko.xz
	k/fuse.ko:
	k/nd_e820.ko:
	k/nd_pmem.ko:
	EOF
	echo kernel/drivers/block/virtio_blk.ko >"$1/modules.builtin"
}

fake_agent "$dir/agent" "$dir/agent/$release"
MULTIKERNEL_AGENT_DIR=$dir/agent
# A library without a decompressor cannot unpack them.
packed=$(ldd "$mkctl" 2>/dev/null | grep -c -E 'liblzma|libz\.')
all='multikernel_virtio virtio virtio_ring virtio_rng fuse virtiofs nd_e820 nd_pmem'
modules=$dir/sys/lib/modules/$release
# shellcheck disable=SC2086
{
	# without multikernel_virtio.ko there is nothing to look for
	fake_modules "$modules"
	machine="--sysroot $dir/sys"
	gives 'modules     none for devices' $plan --kernel "$fake"
	want 1 'no devices: there is no plain multikernel_virtio.ko' $plan \
		--kernel "$fake" --modules-dir "$modules"
	printf '\177ELF virtio' >"$dir/agent/$release/multikernel_virtio.ko"

	want 2 'either --modules-dir or --no-modules' $plan --kernel "$fake" \
		--no-modules --modules-dir "$modules"
	want 2 'either --modules-dir or --no-agent' $plan --kernel "$fake" \
		--no-agent --modules-dir "$modules"
	gives 'modules     none for devices' $plan --kernel "$fake" --no-modules

	if [ "$packed" -eq 2 ]; then
		# by each of the three ways
		gives "modules     $all (" $plan --kernel "$fake"
		machine="--sysroot $nothing"
		gives "modules     $all (" $plan --kernel "$fake" \
			--modules-dir "$modules"
		MULTIKERNEL_MODULES_DIR=$dir/sys/lib/modules
		export MULTIKERNEL_MODULES_DIR
		gives "modules     $all (" $plan --kernel "$fake"
		gives '"virtio": true' $plan --kernel "$fake" --json
		grep -q '^ *"nd_pmem"$' "$dir/out" || bad=1
		want 0 'no module for: net (virtio_net), console' -v $plan \
			--kernel "$fake"
		unset MULTIKERNEL_MODULES_DIR
	fi

	# what is missing or wrong is told, and fails only where it was named
	machine="--sysroot $nothing"
	none="no modules.dep, which depmod makes, in $nothing/lib/modules"
	want 0 "$none/$release: it starts without devices; say --modules-dir" \
		$plan --kernel "$fake"
	grep -q 'modules     none for devices' "$dir/out" || bad=1
	want 1 "no modules.dep, which depmod makes, in $dir/none" $plan \
		--kernel "$fake" --modules-dir "$dir/none"
	cp -r "$modules" "$dir/m"
	echo text >"$dir/m/k/virtio_ring.ko"
	want 1 "$dir/m/k/virtio_ring.ko: not a module but something unknown" \
		$plan --kernel "$fake" --modules-dir "$dir/m"
	rm "$dir/m/k/virtio_ring.ko"
	want 1 "cannot open $dir/m/k/virtio_ring.ko" $plan --kernel "$fake" \
		--modules-dir "$dir/m"
	echo 'k/virtio.ko: ../../../etc/shadow' >"$dir/m/modules.dep"
	want 1 'not a path below its folder' $plan --kernel "$fake" \
		--modules-dir "$dir/m"
	: >"$dir/m/modules.dep"
	want 1 'multikernel_virtio.ko needs virtio, which is neither in' $plan \
		--kernel "$fake" --modules-dir "$dir/m"

	# a kernel that has virtio built in
	printf 'a/virtio.ko\na/virtio_ring.ko\n' >"$dir/m/modules.builtin"
	gives 'modules     multikernel_virtio' $plan --kernel "$fake" \
		--modules-dir "$dir/m"
	mkdir -p "$dir/parent"
	ln -s "$dir/m" "$dir/parent/$release"
	MULTIKERNEL_MODULES_DIR=$dir/parent
	export MULTIKERNEL_MODULES_DIR
	gives 'modules     multikernel_virtio' $plan --kernel "$fake" \
		--no-modules
	unset MULTIKERNEL_MODULES_DIR

	# too much: it is the spawn's memory
	echo 'k/virtiofs.ko:' >"$dir/m/modules.dep"
	truncate -s 40M "$dir/m/k/virtiofs.ko"
	want 1 "$dir/m/k/virtiofs.ko is too large: 32M at most" $plan \
		--kernel "$fake" --modules-dir "$dir/m"
}
machine="--sysroot $nothing"
rm -r "$dir/agent"
verdict modules

# Devices that start and run are given; serve.sh tries their options.
want 2 '--foreground is for devices' start a --foreground
want 2 '--foreground is for devices' run a --cpus 1 --memory 2M --kernel k \
	--foreground
want 1 'modprobe multikernel' start a --rng
want 1 'modprobe multikernel' run a --cpus 1 --memory 2M --kernel k --rng \
	--foreground
verdict devices

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

# Files as persistent memory, as far as that needs no stores.
pmem="$plan --no-agent --kernel $fake"
head -c 3000000 /dev/zero >"$dir/a.img"
echo x >"$dir/b.img,ro"
# shellcheck disable=SC2086
{
	want 0 'it gets no agent' $pmem --pmem "$dir/a.img"
	grep -q '0x000050000000-0x0000503fffff .*4M  persistent' "$dir/out" ||
		bad=1
	want 0 'it gets no agent' $pmem --json --pmem "$dir/a.img,ro" \
		--pmem "$dir/b.img,ro,rw"
	[ "$(grep -c '"type": 12' "$dir/out")" = 2 ] || bad=1
	grep -A 12 '"pmem"' "$dir/out" | grep -q '"address": 1346371584' || bad=1
	gives '"pmem": [' $pmem --json
	want 2 'file is missing' $pmem --pmem ''
	want 2 'file is missing' $pmem --pmem ,ro
	want 2 'file is missing' $pmem --pmem ,rw
	want 2 'more than 16 files' $pmem $(seq -f '--pmem=x%g' 17)
	want 1 'No such file' $pmem --pmem "$dir/missing"
	want 1 'No such file' $pmem --pmem "$dir/b.img,ro" # is "b.img", ro
	want 1 'irectory' $pmem --pmem "$dir"
	want 1 'is a directory' $pmem --pmem "$dir,ro"
	want 1 'is empty' $pmem --pmem "$dir/void"
	want 1 'neither a regular file nor a block device' $pmem \
		--pmem "$dir/fifo"
	want 1 'neither a regular file nor a block device' $pmem \
		--pmem /dev/zero,ro
	want 1 'are the same file' $pmem --pmem "$dir/a.img" \
		--pmem "$dir/../${dir##*/}/a.img,ro"
	ln "$dir/a.img" "$dir/link.img"
	want 1 'are the same file' $pmem --pmem "$dir/a.img" \
		--pmem "$dir/link.img"
}
[ ! -e "$nothing/run" ] || bad=1
verdict pmem

plan="$plan --no-agent --kernel"
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
