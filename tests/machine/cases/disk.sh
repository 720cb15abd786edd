# SPDX-License-Identifier: GPL-2.0-only
# disk: patterns, a file system, read-only, discard, several disks and queues,
# a daemon and a supervisor that die under load, hot add and remove.
#
# machine: --devices --host 6.1 --have 7.2 --timeout 900
# machine: --devices --host 7.2 --have 6.1 --timeout 900

. /lib/verdict.sh
. /lib/devices.sh

host_modules
truncate -s 128M /tmp/a.img
truncate -s 64M /tmp/b.img
traffic write /tmp/b.img 8388608 11 >/dev/null
mkfs.ext4 -q -F /tmp/a.img

check "run" spawn box "mk.vsock" --vsock 42 --disk /tmp/a.img,queues=2 \
	--disk /tmp/b.img,ro
come_up "up" box "spawn up busybox" 120
eventually "exec answers" 60 answers box
same "its size" 262144 in_spawn box cat /sys/block/vda/size
same "the second is read-only" 1 in_spawn box cat /sys/block/vdb/ro
same "the first is not" 0 in_spawn box cat /sys/block/vda/ro
same "it has two queues" 2 in_spawn box sh -c 'ls -d /sys/block/vda/mq/* | wc -l'
check "what the host wrote is there" in_spawn box \
	traffic verify /dev/vdb 8388608 11
refuse "writing to it fails" 1 . in_spawn box \
	traffic write /dev/vdb 4096 1
check "a file system mounts" in_spawn box mount -t ext4 /dev/vda /mnt
check "files" in_spawn box sh -c 'for n in 1 2 3 4 5; do
	traffic write /mnt/$n 4194304 $n >/dev/null || exit 1; done; sync'
check "they are right" in_spawn box sh -c 'for n in 1 2 3 4 5; do
	traffic verify /mnt/$n 4194304 $n >/dev/null || exit 1; done'
refuse "the file is locked: nobody else serves it" 1 "in use" \
	mkctl device box add --disk /tmp/a.img
check "unmount" in_spawn box umount /mnt
check "the host finds a sound file system" e2fsck -fn /tmp/a.img

# Both die, one after the other, while it is written.
in_spawn box sh -c 'umount /mnt 2>/dev/null; setsid sh -c "
	mount -t ext4 /dev/vda /mnt || exit
	for round in 1 2 3 4 5 6; do
		traffic write /mnt/load\$round 8388608 \$round || exit
		traffic verify /mnt/load\$round 8388608 \$round || exit
	done
	umount /mnt
	echo done >/tmp/load-done" >/tmp/load 2>&1 </dev/null &' ||
	not_ok "a load begins"
loaded()
{
	in_spawn box test -f /tmp/load-done
}
sleep 1
daemon=$(child qemu-storage-daemon | head -n 1)
check "there is a daemon" test -n "$daemon"
[ -z "$daemon" ] || kill -9 "$daemon"
sleep 2
kill_supervisor box
check "serve again" mkctl serve box
eventually "the load went on over both deaths" 120 loaded
in_spawn box cat /tmp/load | sed 's/^/# /' || true
check "the file system is sound" e2fsck -fn /tmp/a.img

truncate -s 32M /tmp/c.img
check "add" mkctl device box add --disk /tmp/c.img
appears()
{
	in_spawn box test -b /dev/vdc
}
eventually "the spawn finds it" 15 appears
check "it works" in_spawn box traffic write /dev/vdc 8388608 3
number=$(device_number box disk)
check "remove" mkctl device box remove "$number"
gone()
{
	! in_spawn box test -b /dev/vdc
}
eventually "the spawn has lost it" 15 gone
check "its file has what was written" traffic verify /tmp/c.img 8388608 3
check "a file that can be used again" mkctl device box add --disk /tmp/c.img
check "stop" mkctl stop box --timeout 60
check "delete" mkctl delete box
no_daemon()
{
	[ -z "$(child qemu-storage-daemon)" ]
}
eventually "no daemon is left" 15 no_daemon
check "ledger" mkctl fsck
