# SPDX-License-Identifier: GPL-2.0-only
# Files as persistent memory: ext4 with DAX, written back; one copy for two
# spawns; every refusal; what an interrupted or killed mkctl leaves.
#
# machine: --devices --host 7.2 --have 6.1 --smp 6
# machine: --devices --host 6.1 --have 6.12 --smp 6

. /lib/verdict.sh
. /lib/devices.sh

kernel=/kernels/$rel/vmlinuz
stores=/run/multikernel/.stores
cd /tmp || exit 1
mkdir -p /tmp/case /tmp/m
modprobe loop || not_ok "modprobe loop"
modprobe ext4 || not_ok "modprobe ext4"

# image FILE MIB TEXT: an ext4 file system with the file "old".
image()
{
	mkdir -p /tmp/content
	echo "$3" >/tmp/content/old
	truncate -s "$2M" "$1"
	mkfs.ext4 -q -F -b 4096 -O ^has_journal -d /tmp/content "$1"
}

# inside IMAGE FILE: what a file in it says.
inside()
{
	mount -t ext4 -o loop,ro "$1" /tmp/m && cat "/tmp/m/$2"
	umount /tmp/m
}

# boot NAME CPUS ARGS...
boot()
{
	boot_name=$1
	boot_cpus=$2
	shift 2
	(cd /tmp/case && find . -mindepth 1 | cpio -o -H newc) \
		>/tmp/case.cpio 2>/dev/null
	mkctl run "$boot_name" --cpus "$boot_cpus" --memory 384M \
		--kernel "$kernel" --initrd /kernels/busybox.cpio \
		--initrd /tmp/case.cpio "$@"
}

# field STORE-LIST KEY: of the only store there is.
field()
{
	mkctl pmem --json | sed -n "s/.*\"$1\": *\"*\([^\",]*\).*/\1/p"
}

no_stores()
{
	[ "$(mkctl pmem --json | tr -d ' \n')" = "[]" ] &&
		[ -z "$(ls "$stores")" ] &&
		! mkctl list --json | grep -q pmem-
}

load()
{
	load_name=$1
	shift
	mkctl load "$load_name" --kernel "$kernel" \
		--initrd /kernels/busybox.cpio "$@"
}

# ---- to be written ----

image rw.img 33 "from the host"
cp rw.img before.img
cat >/tmp/case/case.sh <<'END'
n=0
until [ -b /dev/pmem0 ] || [ $n -gt 100 ]; do n=$((n + 1)); usleep 100000; done
mount -t ext4 -o dax /dev/pmem0 /mnt || exit 1
grep ' /mnt ' /proc/mounts
echo "size $(cat /sys/class/block/pmem0/size)"
cat /mnt/old
echo "from the spawn" >/mnt/new
dd if=/dev/urandom of=/mnt/big bs=64k count=40 2>/dev/null
sha256sum /mnt/big
umount /mnt
END
check "run with a file" boot a 2-3 --pmem rw.img
come_up "it has mounted it" a "spawn case ends 0" 180
check "with DAX" said a "case: /dev/pmem0 /mnt ext4 .*dax"
check "size rounded up to 2 MiB" said a "case: size $((34 * 2048))"
check "the host's file is in it" said a "case: from the host"
equal "one user" 1 "$(field users)"
equal "to be written" "false" \
	"$(mkctl pmem --json | sed -n 's/.*"ro": *\([a-z]*\).*/\1/p')"
store=$(field name)
check "the table has it" sh -c "mkctl pmem | grep -q '^$store .* rw .*/tmp/rw.img'"
check "nothing on the disk yet" cmp rw.img before.img
check "list is without stores" sh -c "! mkctl list | grep pmem-"
check "show of a store" sh -c "mkctl show $store | grep -q 'used by 1'"
check "show of a store as JSON" sh -c "mkctl show $store --json | grep -q '\"users\": 1'"
for verb in kill start stop unload ping; do
	refuse "$verb of a store" 1 "it is a store" mkctl $verb "$store"
done
refuse "delete of a store" 1 "mkctl pmem drop" mkctl delete "$store"
refuse "drop of a store in use" 1 "1 images use it" mkctl pmem drop rw.img
check "ledger with a store" mkctl fsck

check "another instance" mkctl create other --cpus 4-5 --memory 384M
refuse "nobody else may write to it" 1 "in use by a, which may write" \
	load other --pmem rw.img
refuse "nor read it" 1 "in use by a, which may write" \
	load other --pmem rw.img,ro
equal "still one store" "$store" "$(field name)"

refuse "sync while it runs tells so" 0 "a runs: this is a snapshot" \
	mkctl pmem sync -v rw.img
equal "what it wrote is on the disk" "from the spawn" "$(inside rw.img new)"
check "stop" mkctl stop a --timeout 60
touch rw.img
refuse "changed by others: not written over" 1 "changed by somebody else" \
	mkctl delete a --force
check "the store is kept" test "$(field name)" = "$store"
refuse "an instance cannot have it so" 1 "has changed, and so has the store" \
	load other --pmem rw.img
check "sync by force" mkctl pmem sync rw.img --force
check "drop" mkctl pmem drop "$store"
check "nothing is left" no_stores
equal "the file is there" "from the spawn" "$(inside rw.img new)"
check "the file system is whole" e2fsck -fn rw.img

# ---- one copy for two ----

image ro.img 20 "for all"
cat >/tmp/case/case.sh <<'END'
n=0
until [ -b /dev/pmem0 ] || [ $n -gt 100 ]; do n=$((n + 1)); usleep 100000; done
mount -t ext4 -o dax,ro /dev/pmem0 /mnt || exit 1
cat /mnt/old
END
check "make room" mkctl delete other
check "one with ,ro" boot a 2-3 --pmem ro.img,ro
base=$(field memory_base)
check "two with ,ro" boot b 4-5 --pmem ro.img,ro
equal "one store, two users" "2 $base" "$(field users) $(field memory_base)"
come_up "one reads" a "spawn case: for all" 180
come_up "two reads" b "spawn case: for all" 180
check "kill b" mkctl kill b
refuse "nobody may write to it" 1 "in use, read-only, by 2" \
	load b --pmem ro.img
refuse "nothing goes back" 1 "given read-only" mkctl pmem sync ro.img
check "unload b" mkctl unload b
equal "one user is left" 1 "$(field users)"
touch -d '2001-01-01 00:00' ro.img
refuse "changed while in use" 1 "has changed since .* 1 images" \
	load b --pmem ro.img,ro
equal "the list says so" changed "$(field file_state)"
check "delete a" mkctl delete a --force
check "nothing is left" no_stores
check "and now it can be had" load b --pmem ro.img,ro
check "again, replacing the image" load b --pmem ro.img,ro
equal "still one user" 1 "$(field users)"
check "another file, replacing the image" load b --pmem rw.img
equal "the first one is let go" /tmp/rw.img "$(field file)"
check "again, to be written" load b --pmem rw.img
check "without" load b
check "nothing is left" no_stores

# ---- what cannot be ----

mkfifo fifo
: >void
refuse "no file" 1 "No such file" load b --pmem missing
refuse "a folder" 1 "directory" load b --pmem /tmp
refuse "a pipe" 1 "neither a regular file nor a block device" load b --pmem fifo
refuse "nothing in it" 1 "is empty" load b --pmem void
refuse "twice" 1 "the same file" load b --pmem rw.img --pmem ./rw.img,ro
truncate -s 64G huge
refuse "too large" 1 "no contiguous 64G" load b --pmem huge
refuse "the second one too large" 1 "no contiguous" \
	load b --pmem rw.img --pmem huge,ro
check "nothing is left" no_stores
check "a loop device" losetup /dev/loop7 ro.img
check "a block device" load b --pmem /dev/loop7,ro
equal "has its store" "/dev/loop7" "$(field file)"
check "without again" load b
losetup -d /dev/loop7

# ---- cut short ----

truncate -s 600M large
begun()
{
	ls $stores/pmem-* >/dev/null 2>&1
}
# $pid is mkctl itself, not a shell that waits for it.
in_background()
{
	(exec mkctl load b --kernel "$kernel" \
		--initrd /kernels/busybox.cpio --pmem large) >/tmp/said 2>&1 &
	pid=$!
}
in_background
until begun; do usleep 20000; done
kill -TERM $pid
wait $pid && not_ok "it ended well all the same"
check "interrupted" grep -q interrupted /tmp/said
check "nothing is left" no_stores
in_background
until begun; do usleep 20000; done
usleep 300000
kill -KILL $pid
wait $pid || true
check "after a mkctl that was killed" load b --pmem large
equal "it is whole" same "$(field file_state)"
check "without again" load b
check "nothing is left" no_stores

# ---- a file that is gone ----

check "with the file" load b --pmem rw.img
store=$(field name)
cp rw.img before.img
rm rw.img
refuse "it cannot be written back" 1 "No such file.*|kept in the store" \
	mkctl unload b
equal "the store stays" "$store gone" "$(field name) $(field file_state)"
check "into a new file" mkctl pmem sync "$store" --output saved.img
check "it has all" cmp saved.img before.img
refuse "but not over a file" 1 "File exists" \
	mkctl pmem sync "$store" --output saved.img
refuse "no drop that loses it" 1 "kept in the store" mkctl pmem drop "$store"
check "but by will" mkctl pmem drop "$store" --discard
check "delete b" mkctl delete b
check "nothing is left" no_stores
check "ledger" mkctl fsck
