# SPDX-License-Identifier: GPL-2.0-only
# Every bad input: one clear message, the right status, and nothing changed.
#
# machine: --have 6.12 --file build/tests/machine/other_abi.so --with build/tests/machine/ioctls

. /lib/verdict.sh

online=$(cat /sys/devices/system/cpu/online)
k=/kernels/6.12/vmlinuz
i=/kernels/6.12/initrd

# no TEXT STATUS REGEX COMMAND...: refused, and the host and its instances are
# as they were.
no()
{
	before=$(mkctl list --json; cat /sys/devices/system/cpu/online)
	refuse "$@"
	after=$(mkctl list --json; cat /sys/devices/system/cpu/online)
	# "since" and an agent move on by themselves; what matters is who is
	# there, by the keys of the instances themselves.
	[ "$(echo "$before" | grep -E '^ {4}"(name|state)"|^[0-9]')" = \
		"$(echo "$after" | grep -E '^ {4}"(name|state)"|^[0-9]')" ] ||
		not_ok "$1: something changed"
}

# --- CPUs
no "boot CPU" 1 "boot CPU" mkctl create x --cpus 0 --memory 32M
no "boot CPU among others" 1 "boot CPU" mkctl create x --cpus 0,2 --memory 32M
no "CPU that does not exist" 1 "no CPU 40" mkctl create x --cpus 40 --memory 32M
no "CPU number beyond all" "[12]" "." mkctl create x --cpus 99999999999 \
	--memory 32M
no "empty CPU list" 2 "." mkctl create x --cpus "" --memory 32M
no "CPU list with a letter" 2 "." mkctl create x --cpus 2,a --memory 32M
no "CPU range backwards" 2 "." mkctl create x --cpus 3-2 --memory 32M
no "CPU twice" "[12]" "twice|more than once" mkctl create x --cpus 2,2 --memory 32M
no "no CPUs at all" 2 "cpus" mkctl create x --memory 32M
no "both --cpus and --cpu-count" 2 "." mkctl create x --cpus 2 \
	--cpu-count 1 --memory 32M
no "more CPUs than there are" 1 "." mkctl create x --cpu-count 9 --memory 32M
no "zero CPUs" 2 "." mkctl create x --cpu-count 0 --memory 32M
echo 0 >/sys/devices/system/cpu/cpu3/online
no "offline CPU" 1 "CPU 3 is offline" mkctl create x --cpus 3 --memory 32M
echo 1 >/sys/devices/system/cpu/cpu3/online
mkctl create taken --cpus 3 --memory 128M
no "lent CPU" 1 "belongs to" mkctl create x --cpus 2,3 --memory 32M
no "a lent CPU cannot be onlined by hand" 1 "." \
	sh -c 'echo 1 >/sys/devices/system/cpu/cpu3/online'

# --- memory
no "no memory" 2 "memory" mkctl create x --cpus 2
no "memory of zero" "[12]" "memory|zero" mkctl create x --cpus 2 --memory 0
no "memory not a multiple of 2 MiB" "[12]" "2M|2 MiB|multiple" \
	mkctl create x --cpus 2 --memory 33M
no "memory that is no size" 2 "." mkctl create x --cpus 2 --memory lots
no "memory with a wrong unit" 2 "." mkctl create x --cpus 2 --memory 32X
no "negative memory" 2 "." mkctl create x --cpus 2 --memory -32M
no "more memory than there is" 1 "memory|contiguous|free" \
	mkctl create x --cpus 2 --memory 64G
no "memory that overflows" "[12]" "." mkctl create x --cpus 2 \
	--memory 99999999999999999999G
no "memory too small for the image says how much" 1 "[0-9]+M at least" \
	mkctl run x --cpus 2 --memory 32M --kernel $k --initrd $i

# --- names
no "name that is taken" 1 "taken" mkctl create taken --cpus 2 --memory 32M
no "empty name" "[12]" "name" mkctl create "" --cpus 2 --memory 32M
no "name too long" "[12]" "name|31" mkctl create \
	aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa --cpus 2 --memory 32M
for bad in "a b" "a/b" "../a" "-a" "ä" ".a" "a;b" "a%n"; do
	no "odd name '$bad'" "[12]" "." mkctl create "$bad" --cpus 2 --memory 32M
done
no "no name" 2 "." mkctl create --cpus 2 --memory 32M
for verb in show log kill unload delete start "wait --state running"; do
	no "$verb of nobody" 1 "no instance" mkctl $verb nobody
done

# --- files
no "kernel that is missing" 1 "/none" mkctl load taken --kernel /none
no "kernel that is a directory" 1 "directory" mkctl load taken --kernel /tmp
: >/tmp/empty
no "kernel that is empty" 1 "empty" mkctl load taken --kernel /tmp/empty
no "kernel that is a text" 1 "not a kernel|no boot|kernel" mkctl load taken \
	--kernel /etc/passwd
no "kernel that is an initrd" 1 "cpio|initrd" mkctl load taken --kernel $i
no "kernel that is a program" 1 "." mkctl load taken --kernel /bin/busybox
size=$(stat -c %s $k)
for part in 1 511 512 513 1024 16384 1000000 $((size / 2)) $((size - 1)); do
	head -c $part $k >/tmp/part
	no "kernel truncated at $part" 1 "." mkctl load taken --kernel /tmp/part
done
# Fields of the setup header that lie: offset, bytes, what it is.
while read -r offset bytes what; do
	cp $k /tmp/lie
	printf "$bytes" | dd of=/tmp/lie bs=1 seek=$((offset)) conv=notrunc \
		2>/dev/null
	no "kernel that lies: $what" 1 "." mkctl load taken --kernel /tmp/lie
done <<'LIES'
0x1fe \000\000 boot signature
0x202 \000\000\000\000 header magic
0x206 \001\001 protocol version
0x1f1 \377 setup sectors
0x1f4 \377\377\377\177 size of the protected-mode part
0x234 \000 relocatable
0x236 \000\000 64-bit entry
0x230 \001\000\000\000 alignment
0x260 \377\377\377\377 init_size
0x248 \377\377\377\377 payload offset
0x24c \377\377\377\377 payload length
LIES
no "initrd that is missing" 1 "/none" mkctl load taken --kernel $k \
	--initrd /none
no "initrd that is a kernel" 1 "." mkctl load taken --kernel $k --initrd $k
no "initrd that is a text" 1 "." mkctl load taken --kernel $k \
	--initrd /etc/passwd
head -c 67108864 /dev/zero >/tmp/zeros
no "initrd of zeros" 1 "." mkctl load taken --kernel $k --initrd /tmp/zeros
{ cat $i; gzip -1 </tmp/zeros; cat /tmp/zeros | tr '\0' '\3'; } >/tmp/large
{ printf '\037\213'; tail -c +3 /tmp/large; } >/tmp/large.gz
no "initrd larger than the memory" 1 "memory|[0-9]+M" mkctl load taken \
	--kernel $k --initrd /tmp/large.gz
rm -f /tmp/zeros /tmp/large /tmp/large.gz
long=$(head -c 3000 /dev/zero | tr '\0' a)
no "command line that is too long" 1 "long|2047|2048" mkctl load taken \
	--kernel $k --cmdline "$long"
no "command line with a newline" 1 "." mkctl load taken --kernel $k \
	--cmdline "$(printf 'a\nb')"
for hazard in reboot=b reboot=k noefi efi=noruntime acpi=off \
	no_ipi_broadcast=0; do
	no "command line that undoes a prevention: $hazard" 1 "$hazard|hazard" \
		mkctl load taken --kernel $k --cmdline "$hazard"
done
check "a dry run changes nothing" mkctl load taken --kernel $k \
	--initrd $i --dry-run
equal "and leaves it created" created "$(mkctl list --json |
	sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' | head -n 1)"

# --- the order of things
no "start before load" 1 "load" mkctl start taken
no "kill of what does not run" 1 "." mkctl kill taken
mkctl delete taken
mkctl run busy --cpus 2 --memory 256M --kernel $k --initrd $i
no "load while running" 1 "running" mkctl load busy --kernel $k
no "unload while running" 1 "running" mkctl unload busy
no "start while running" 1 "running" mkctl start busy
no "delete while running" 1 "running|force" mkctl delete busy
no "wait for a state in vain: unknown" 3 "." mkctl wait busy --state stopped \
	--timeout 1
no "wait for a state that there is not" 2 "." mkctl wait busy --state happy
check "delete by force" mkctl delete busy --force

# --- usage
no "no such verb" 2 "no such command" mkctl frobnicate
no "no such option" 2 "." mkctl list --frobnicate
no "an argument too many" 2 "." mkctl list a b
for verb in create load start run list show log wait kill unload delete fsck \
	doctor; do
	check "$verb --help" sh -c "mkctl $verb --help | grep -qi usage"
done

# --- rights
no "no root" 1 "root|CAP_SYS_BOOT|[Pp]ermission" su nobody -c "mkctl list"
check "but anybody may read /proc/multikernel" su nobody -c \
	"grep -q kimages /proc/multikernel"
# --- nowhere to write to: no message may end up in an instance's memory
mkctl create quiet --cpus 3 --memory 32M
mkctl start quiet >&- 2>&- || true
mkctl kill quiet >&- 2>&- || true
check "with stdout and stderr closed nothing goes into the memory" \
	ioctls zero quiet
mkctl delete quiet

# --- a module of another version
refuse "wrong module version" 1 "ABI|version" env \
	LD_PRELOAD=/files/other_abi.so mkctl list
equal "CPUs are back" "$online" "$(cat /sys/devices/system/cpu/online)"
check "ledger" mkctl fsck
