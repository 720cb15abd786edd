# SPDX-License-Identifier: GPL-2.0-only
# disk: patterns, a file system, read-only, discard, several disks and queues,
# a daemon and a supervisor that die under load, hot add and remove.
#
# machine: --devices --host 6.1 --have 7.2 --timeout 900

. /lib/verdict.sh
. /lib/devices.sh

host_modules
for each in loop ext4; do
	modprobe $each || not_ok "modprobe $each"
done
mkdir -p /mnt
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

# The supervisor dies while it is written.
cat >/tmp/load <<'EOF'
mount -t ext4 /dev/vda /mnt || exit
for round in 1 2 3 4 5 6; do
	traffic write /mnt/load$round 8388608 $round || exit
	traffic verify /mnt/load$round 8388608 $round || exit
done
umount /mnt
echo "<6>spawn load is done" >/dev/kmsg
EOF
# begin FILE: run it in the spawn, by nobody's hand.
begin()
{
	mkctl cp "$1" "box:$1" && in_spawn box sh -c \
		"setsid sh $1 >$1.said 2>&1 </dev/null &"
}
check "a load begins" begin /tmp/load
sleep 1
kill_supervisor box
check "there is a daemon without it" test -n "$(child qemu-storage-daemon)"
sleep 1
check "serve again" mkctl serve box
eventually "the load went on over its death" 60 said box "spawn load is done"
in_spawn box cat /tmp/load.said | sed 's/^/# /' || true
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

# A daemon dies while nothing is under way.
number=$(device_number box disk)
kill -9 "$(child qemu-storage-daemon | sort -n | tail -n 1)"
last_is()
{
	[ "$(devices_of box | tail -n 1 | awk '{ print $3 }')" = "$1" ]
}
eventually "a daemon that was killed: its device is broken" 15 last_is broken
refuse "and it is said why" 0 "signal 9|killed" mkctl device box
mkctl device box | sed 's/^/# /'
check "the others have theirs" device_is box disk running
check "remove it" mkctl device box remove "$number"
check "and add it" mkctl device box add --disk /tmp/c.img
eventually "it runs again" 20 last_is running

# The spawn is killed while it writes.  What it was told is on the disk is there.
cat >/tmp/writer <<'EOF'
mount -t ext4 /dev/vda /mnt || exit
n=0
while :; do
	n=$((n + 1))
	traffic write /mnt/file$((n % 40)) 262144 $n >/dev/null &&
		sync /mnt || exit
	echo "<6>spawn wrote $n" >/dev/kmsg
done
EOF
# Each file that it was told of and that is not written again since.
all_there()
{
	there=$wrote
	while [ $there -gt 0 ] && [ $there -gt $((wrote - 38)) ]; do
		traffic verify /mnt/file$((there % 40)) 262144 $there ||
			return 1
		there=$((there - 1))
	done
}
rests()
{
	[ -z "$(devices_of box | awk '$3 == "running"')" ]
}
for round in 1 2; do
	eventually "round $round: it can mount" 20 in_spawn box \
		grep -q ext4 /proc/filesystems
	check "round $round: it writes" begin /tmp/writer
	eventually "round $round: it has written a lot" 60 said box \
		"spawn wrote [5-9][0-9]"
	in_spawn box cat /tmp/writer.said | sed 's/^/# /'
	check "round $round: kill" mkctl kill box
	wrote=$(mkctl log box | sed -n 's/.*spawn wrote //p' | tail -n 1)
	echo "# it was told that $wrote are written"
	eventually "round $round: the daemons rest" 20 rests
	status=0
	e2fsck -fp /tmp/a.img >/tmp/fsck 2>&1 || status=$?
	[ $status -le 1 ] || not_ok "round $round: the journal is replayed"
	detail /tmp/fsck
	check "round $round: the file system is sound" e2fsck -fn /tmp/a.img
	check "round $round: it mounts here" mount -o loop /tmp/a.img /mnt
	check "round $round: nothing acknowledged is lost" all_there
	check "round $round: unmount" umount /mnt
	check "round $round: start" mkctl start box
	come_up "round $round: up" box "spawn up busybox" 120
	eventually "round $round: exec answers" 60 answers box
	eventually "round $round: the disk runs" 20 device_is box disk running
	# The disks are named in the order in which they were asked for.
	same "round $round: the first is still the first" 262144 \
		in_spawn box cat /sys/block/vda/size
done

# A daemon dies while it is written: what was under way is not known.
eventually "it can mount" 20 in_spawn box grep -q ext4 /proc/filesystems
check "it writes once more" begin /tmp/writer
eventually "a little" 30 said box "spawn wrote [1-9]"
for daemon in $(child qemu-storage-daemon); do
	kill -9 "$daemon"
done
eventually "the daemons died: the device is broken" 15 device_is box disk broken
mkctl device box | sed 's/^/# /'
check "the spawn lives on" answers box
check "kill" mkctl kill box
check "start" mkctl start box
come_up "up" box "spawn up busybox" 120
eventually "exec answers" 60 answers box
eventually "the disk runs" 20 device_is box disk running
eventually "it can mount" 20 in_spawn box grep -q ext4 /proc/filesystems
check "it mounts, and can be written" in_spawn box sh -c \
	'mount -t ext4 /dev/vda /mnt && traffic write /mnt/last 262144 1 &&
	umount /mnt'
check "stop" mkctl stop box --timeout 60
check "delete" mkctl delete box
no_daemon()
{
	[ -z "$(child qemu-storage-daemon)" ]
}
eventually "no daemon is left" 15 no_daemon
check "ledger" mkctl fsck
