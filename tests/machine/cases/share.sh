# SPDX-License-Identifier: GPL-2.0-only
# share: a folder of the host in a spawn, by virtiofsd; two spawns can have one.
#
# machine: --devices --host 7.2 --have 6.1

. /lib/verdict.sh
. /lib/devices.sh

host_modules
mkdir -p /tmp/s/sub
echo hello >/tmp/s/sub/file
ln -s /etc/passwd /tmp/s/outside
echo secret >/tmp/secret
head -c 5000000 /dev/urandom >/tmp/s/big

check "run" spawn box "" --vsock 42 --share /tmp/s:data
eventually "exec answers" 120 answers box
check "mount" in_spawn box mount -t virtiofs data /mnt
same "read" hello in_spawn box cat /mnt/sub/file
same "a big file" "$(sha256sum </tmp/s/big)" in_spawn box sh -c 'sha256sum </mnt/big'
check "write" in_spawn box sh -c 'echo back >/mnt/sub/new; mkdir /mnt/dir;
	dd if=/dev/zero of=/mnt/dir/zeros bs=65536 count=64 2>/dev/null; sync'
same "it is here" back cat /tmp/s/sub/new
same "all of it" 4194304 stat -c %s /tmp/s/dir/zeros
echo changed >/tmp/s/sub/file
sleep 2
same "a change of the host's is seen" changed in_spawn box cat /mnt/sub/file
refuse "a tag that nobody serves" "1|32|255" . in_spawn box \
	mount -t virtiofs nosuch /mnt
same "a link points into the spawn, not the host" \
	"root:x:0:0:root:/:/bin/sh" in_spawn box cat /mnt/outside
refuse "there is no way out by .." 1 . in_spawn box cat /mnt/../tmp/secret
check "rename and unlink" in_spawn box sh -c \
	'mv /mnt/sub/new /mnt/renamed && rm /mnt/renamed && ! ls /mnt/renamed'
check "an unmount" in_spawn box umount /mnt
check "and a mount again" in_spawn box mount -t virtiofs data /mnt
same "read again" changed in_spawn box cat /mnt/sub/file
kill_supervisor box
check "serve again" mkctl serve box
same "it is there after the supervisor's death" changed \
	in_spawn box sh -c 'echo 2 >/proc/sys/vm/drop_caches; cat /mnt/sub/file'
check "stop" mkctl stop box --timeout 60
check "delete" mkctl delete box
check "ledger" mkctl fsck
