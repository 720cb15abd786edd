# SPDX-License-Identifier: GPL-2.0-only
# faults: what happens to devices through nobody's fault in the spawn.  Daemons
# that die, a file that shrinks, a tap that is deleted under traffic; and what
# two instances cannot both have.
#
# machine: --devices --host 7.2 --have 6.1

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
check "another tap" make_tap t1 10.9.1.1/24 vnet_hdr
truncate -s 64M /tmp/a.img /tmp/b.img /tmp/other.img
mkdir -p /tmp/s
echo hello >/tmp/s/file
traffic write /tmp/b.img 67108864 3 >/dev/null

SPAWN_MEMORY=256M
SPAWN_CPUS=2
check "run" spawn box "mk.net=10.9.0.2/24" --vsock 42 --console \
	--net tap=t0 --disk /tmp/a.img --disk /tmp/b.img --share /tmp/s:tag
come_up "up" box "spawn net ready" 120
eventually "exec answers" 60 answers box
eventually "it has the second disk" 20 in_spawn box test -b /dev/vdb

# What one has another cannot have.
SPAWN_CPUS=3
taken()
{
	refuse "two instances: $1" 1 "$2" spawn two "" $3
	refuse "two instances: $1: there is no second one" 1 . mkctl show two
}
taken "one CID" "42.*in use|in use.*42" "--vsock 42"
taken "one tap" "t0 is in use" "--net tap=t0"
taken "one disk" "a.img is in use" "--disk /tmp/a.img"
taken "one disk, to be read" "a.img is in use" "--disk /tmp/a.img,ro"
taken "one disk, the second of two" "b.img is in use" \
	"--disk /tmp/other.img --disk /tmp/b.img"
ln -s a.img /tmp/alias.img
taken "one disk by two names" "in use" "--disk /tmp/alias.img"
check "and a disk that was refused is free" \
	mkctl device box add --disk /tmp/other.img

# A file that shrinks under its daemon.
check "the disk has its pattern" in_spawn box traffic verify /dev/vdb 67108864 3
truncate -s 16M /tmp/b.img
in_spawn box sh -c 'echo 3 >/proc/sys/vm/drop_caches'
check "it shrinks: what is left is there" in_spawn box \
	traffic verify /dev/vdb 16777216 3
refuse "it shrinks: the rest is not" 1 . in_spawn box \
	traffic verify /dev/vdb 67108864 3
check "it shrinks: and can be written" in_spawn box \
	traffic write /dev/vdb 67108864 4
check "it shrinks: and read" in_spawn box traffic verify /dev/vdb 67108864 4
check "it shrinks: the spawn lives on" answers box

# The share's daemon dies with a file open.
check "a share" in_spawn box mount -t virtiofs tag /mnt
in_spawn box sh -c 'setsid sleep 300 </mnt/file >/dev/null 2>&1 &'
for daemon in $(child virtiofsd); do
	kill -9 "$daemon" 2>/dev/null || true
done
eventually "virtiofsd died: its device is broken" 15 device_is box share broken
mkctl device box | sed 's/^/# /'
check "virtiofsd died: the others run" device_is box net running
check "virtiofsd died: the spawn lives on" answers box
no_daemon()
{
	[ -z "$(child virtiofsd)" ]
}
check "virtiofsd died: nothing of it is left" no_daemon

# The tap is deleted under traffic.
in_spawn box sh -c \
	'setsid sh -c "while :; do ping -s 1400 -i 0.01 10.9.0.1; done" \
	>/dev/null 2>&1 </dev/null &'
sleep 1
check "delete the tap" /bin/ip link del t0
eventually "no tap: the device is broken" 15 device_is box net broken
refuse "no tap: it is said why" 0 "tap t0 was deleted" mkctl device box
number=$(device_number box net)
check "no tap: remove" mkctl device box remove "$number"
check "no tap: add another" mkctl device box add --net tap=t1
has_net()
{
	in_spawn box test -e /sys/class/net/eth0
}
eventually "no tap: the spawn finds the other" 20 has_net
check "no tap: it comes up" in_spawn box sh -c \
	'ip address add 10.9.1.2/24 dev eth0 && ip link set eth0 up'
eventually "no tap: and works" 20 ping -c 1 -W 1 10.9.1.2

# All comes back with the next life.
check "kill" mkctl kill box
check "start" mkctl start box
come_up "up again" box "spawn up busybox" 120
eventually "exec answers again" 60 answers box
check "the share mounts again" in_spawn box mount -t virtiofs tag /mnt
same "and is read" hello in_spawn box cat /mnt/file
check "stop" mkctl stop box --timeout 60
check "delete" mkctl delete box
ended()
{
	[ -z "$(child qemu-storage-daemon)$(child virtiofsd)" ]
}
eventually "no daemon is left" 15 ended
check "ledger" mkctl fsck
