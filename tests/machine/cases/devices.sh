# SPDX-License-Identifier: GPL-2.0-only
# Every kind of device in one spawn: each driver finds its device and works, a
# second life finds them again, an orderly stop ends their daemons.
#
# machine: --devices --host 6.1 --have 6.12
# machine: --devices --host 7.2 --have 6.1-rt
# machine: --devices --x2apic --host 6.12 --have 7.2 --set FEW=1

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
truncate -s 64M /tmp/disk.img
mkdir -p /tmp/shared /tmp/case
echo "from the host" >/tmp/shared/hello

# It looks for itself, so that nothing here depends on "mkctl exec".
cat >/tmp/case/case.sh <<'EOF'
try()
{
	what=$1
	shift
	if "$@" >/tmp/said 2>&1; then
		echo "$what works"
	else
		echo "$what fails: $(tail -n 1 /tmp/said)"
	fi
}
# Drivers come when the agent sees their devices.
tries=0
until [ -b /dev/vda ] && [ -c /dev/hvc0 ] && [ -e /sys/class/net/eth0 ] &&
	[ -s /sys/class/misc/hw_random/rng_current ]; do
	tries=$((tries + 1))
	[ $tries -lt 200 ] || break
	usleep 100000
done
for n in /sys/bus/virtio/devices/*; do
	[ -e $n/device ] || continue
	echo "has ${n##*/} device=$(cat $n/device) driver=$(basename $(readlink $n/driver))"
done
try rng dd if=/dev/hwrng of=/tmp/random bs=512 count=1
try disk traffic write /dev/vda 8388608 7
try disk-again traffic verify /dev/vda 8388608 7
mkdir -p /mnt
try share mount -t virtiofs tag /mnt
try share-read grep -q "from the host" /mnt/hello
try share-write sh -c '[ -f /mnt/hello ] && uname -r >/mnt/answer && sync'
try net ping -c 3 10.9.0.1
# The host serves at another port than the spawn.
try vsock traffic echo vsock:2:6000 300000
try console sh -c '[ -c /dev/hvc0 ] && echo "console says hello" >/dev/hvc0'
EOF
traffic serve tcp:10.9.0.1:5000 &
traffic serve vsock:-1:6000 &

# alive: both ends of everything, from here.
alive()
{
	come_up "$1: the spawn is up" all "spawn up busybox cpus=2" 120
	come_up "$1: it has looked" all "spawn case ends 0" 120
	for what in rng disk disk-again share share-read share-write net vsock \
		console; do
		check "$1: $what" said all "case: $what works"
	done
	same "$1: what it wrote is here" "$(json all release)" \
		cat /tmp/shared/answer
	rm -f /tmp/shared/answer
	check "$1: the disk's file has it" traffic verify /tmp/disk.img 8388608 7
	check "$1: bytes over net" traffic echo tcp:10.9.0.2:5000 2000000
	check "$1: bytes over vsock" traffic echo vsock:42:5000 2000000
	for kind in net vsock disk share rng console; do
		check "$1: device list has a $kind that runs" \
			device_is all $kind running
	done
}

check "run with everything" spawn all "mk.net=10.9.0.2/24 mk.vsock" \
	--console --net tap=t0 --vsock 42 --disk /tmp/disk.img \
	--share /tmp/shared:tag --rng
alive "first life"
mkctl log all | grep 'case: ' | sed 's/.*case:/#/'
mkctl device all | sed 's/^/# /'
kept()
{
	timeout 3 mkctl console all </dev/null >/tmp/screen 2>&1 || true
	grep -q "console says hello" /tmp/screen
}
check "the console has kept what was said" kept
check "stop" mkctl stop all --timeout 60
equal "it powered off" stopped "$(json all state)"
check "a second life" mkctl start all
alive "second life"

if [ -z "${FEW:-}" ]; then
	check "a panic: run" mkctl kill all
	check "a third life" mkctl start all
	alive "after a kill"
fi

check "delete" mkctl delete all --force
ended()
{
	[ -z "$(child qemu-storage-daemon)$(child virtiofsd)" ]
}
eventually "no daemon is left" 15 ended
check "the host's tap is still there" ip link show t0
check "nothing is left in /run/multikernel" sh -c \
	'! ls /run/multikernel 2>/dev/null | grep -q all'

# What is asked for wrongly changes nothing.
wrong()
{
	refuse "wrong: $1" "1|2" "$2" spawn bad "" $3
	refuse "wrong: $1: there is no such instance" 1 . mkctl show bad
}
wrong "net without a tap" "tap" "--net mac=02:00:00:00:00:01"
wrong "a multicast address" "mac" "--net tap=t0,mac=01:00:00:00:00:01"
wrong "too many queues" "queues" "--net tap=t0,queues=16"
wrong "the host's own CID" "CID|vsock" "--vsock 2"
wrong "a CID that is none" "CID|vsock" "--vsock seven"
wrong "a disk that is not there" "No such file|not there" "--disk /tmp/none.img"
wrong "a disk that is a folder" "neither a file|Is a directory" "--disk /tmp/shared"
wrong "a relative disk that is not there" "No such file|not there|path" \
	"--disk none.img"
wrong "an option that disks have not" "is not ro" "--disk /tmp/disk.img,fast"
wrong "a share without a tag" "DIR:TAG" "--share /tmp/shared"
wrong "a tag that is too long" "tag" \
	"--share /tmp/shared:0123456789012345678901234567890123456789"
wrong "two consoles" "console" "--console --console"
check "ledger" mkctl fsck
