# SPDX-License-Identifier: GPL-2.0-only
# hostilemsg: a spawn that means harm to who serves its devices, by messages
# and rings that make no sense (mkt_virtio).  Its own devices may break; the
# supervisor, other instances and the host may not notice.
#
# machine: --devices --host 6.1 --have 6.12

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
truncate -s 64M /tmp/a.img /tmp/good.img
mkdir -p /tmp/s /tmp/case
echo hello >/tmp/s/file

# attack DRIVER MODULE-PARAMETERS: in the place of the driver, which comes back.
cat >/tmp/case/attack <<'EOF'
#!/bin/sh
cd /sys/bus/virtio/drivers/$1 || exit
shift
for device in virtio*; do
	[ ! -e "$device" ] || break
done
sleep 1 # for who began this over the device
echo $device >unbind
insmod /modules/mkt_virtio.ko "$@" || echo "<6>spawn cannot attack" >/dev/kmsg
rmmod mkt_virtio
echo $device >bind
echo "<6>spawn attack over $*" >/dev/kmsg
EOF
chmod 755 /tmp/case/attack

SPAWN_MEMORY=256M
SPAWN_CPUS=3
check "run one that is good" spawn good "" --vsock 43 --disk /tmp/good.img
SPAWN_CPUS=2
check "run one that is not" spawn bad "mk.vsock" --vsock 42 --console \
	--net tap=t0 --disk /tmp/a.img --share /tmp/s:tag --rng \
	--initrd "/kernels/$rel/modules.cpio"
come_up "the good one is up" good "spawn up busybox" 120
come_up "the other as well" bad "spawn up busybox" 120
eventually "exec answers" 60 answers good
eventually "and here" 60 answers bad
first=$(supervisor bad)

# attack TEXT KIND DRIVER PARAMETERS: from its beginning to its end.
attack()
{
	attack_number=$(device_number bad "$2")
	attack_text=$1
	attack_kind=$2
	attack_words="device=$attack_number"
	attack_driver=$3
	shift 3
	in_spawn bad sh -c "setsid /attack $attack_driver $attack_words $* \
		</dev/null >/dev/null 2>&1 &" || not_ok "$attack_text: it begins"
	eventually "$attack_text: it came to its end" 90 \
		said bad "spawn attack over $attack_words $*"
	equal "$attack_text: the supervisor is the same" "$first" \
		"$(supervisor bad)"
	devices_of bad | grep " $attack_kind " | sed 's/^/# /'
}

# restored KIND DEVICE-OPTIONS: what is broken can be added again.
restored()
{
	if [ "$(devices_of bad | awk -v k="$1" '$2 == k { print $3 }')" != running ]; then
		mkctl device bad remove "$(device_number bad "$1")" >/dev/null ||
			not_ok "$1: remove"
		shift
		mkctl device bad add "$@" >/dev/null || not_ok "$1: add"
	fi
}
runs()
{
	device_is bad "$1" running
}

attack "garbage" rng virtio_rng what=garbage ms=500
attack "wild fields" net virtio_net what=fields ms=500 queues=2
restored net --net tap=t0
attack "rng: wild rings" rng virtio_rng what=rings ms=10000
restored rng --rng
attack "console: wild rings" console virtio_console what=rings ms=10000 queues=2
restored console --console
attack "net: resets" net virtio_net what=resets ms=1000 queues=2
restored net --net tap=t0
attack "disk: resets" disk virtio_blk what=resets ms=1000
# What these daemons and workers give up for is tried one by one.
for kind in 3 9; do
	attack "net: wild rings, $kind" net virtio_net what=rings ms=5000 \
		queues=2 first=$kind
	restored net --net tap=t0
done
for kind in 0 4 15; do
	attack "disk: wild rings, $kind" disk virtio_blk what=rings ms=5000 \
		first=$kind
	restored disk --disk /tmp/a.img
done
for kind in 1 8; do
	attack "share: wild rings, $kind" share virtiofs what=rings ms=5000 \
		queues=2 first=$kind
	restored share --share /tmp/s:tag
done
attack "vsock: wild rings" vsock vmw_vsock_virtio_transport what=rings \
	ms=10000 queues=3
restored vsock --vsock 42
mkctl log bad | grep ' is over: ' | sed 's/^.*] /# /'
for kind in net vsock disk share rng console; do
	eventually "after all, there is a $kind that runs" 20 runs $kind
done
eventually "exec answers after all" 30 answers bad
check "its disk works" in_spawn bad traffic write /dev/vda 1048576 5
check "its file has that" traffic verify /tmp/a.img 1048576 5

# Removed while it is held: it goes in its time, and so does the instance.
number=$(device_number bad rng)
in_spawn bad sh -c "cd /sys/bus/virtio/drivers/virtio_rng && echo virtio* >unbind &&
	insmod /modules/mkt_virtio.ko what=hold device=$number" ||
	not_ok "it holds a device"
check "one that is held: remove" mkctl device bad remove "$number"

# A spawn that takes no message: who asks about devices is answered.
in_spawn bad rmmod mkt_virtio || not_ok "rmmod"
in_spawn bad insmod /modules/mkt_virtio.ko what=deaf ms=600000 ||
	not_ok "it can be deaf"
echo now | mkctl send bad --type 0x8abc - >/dev/null 2>&1 &
sending=$!
sleep 1
check "deaf: devices are listed" mkctl device bad
check "deaf: one can be added" timeout 10 mkctl device bad add --rng
check "deaf: kill" timeout 20 mkctl kill bad
wait $sending || true
check "the good one has its disk" in_spawn good traffic write /dev/vda 1048576 6
check "start" mkctl start bad
come_up "up again" bad "spawn up busybox" 120
eventually "everything runs again" 60 runs net
eventually "exec answers again" 60 answers bad
mkctl device bad | sed 's/^/# /'
for name in bad good; do
	check "delete $name" mkctl delete $name --force
done
ended()
{
	[ -z "$(child qemu-storage-daemon)$(child virtiofsd)" ]
}
eventually "no daemon is left" 15 ended
check "ledger" mkctl fsck
