# SPDX-License-Identifier: GPL-2.0-only
# net: bytes both ways, big frames, several queues, a supervisor that dies
# under traffic, a tap that goes down and away, the driver unbound and bound.
#
# machine: --devices --host 6.1 --have 6.12 --timeout 900

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
check "a tap with several queues" make_tap t4 10.9.4.1/24 multi_queue vnet_hdr
traffic serve tcp:0.0.0.0:6000 &

check "run" spawn web "mk.net=10.9.0.2/24" --vsock 42 --console \
	--net tap=t0,mac=02:11:22:33:44:55
come_up "net is ready" web "spawn net ready" 120
eventually "it answers a ping" 30 ping -c 1 -W 1 10.9.0.2
eventually "exec answers" 30 answers web
same "its address is the one that was asked for" "02:11:22:33:44:55" \
	in_spawn web cat /sys/class/net/eth0/address
same "its device's features have VERSION_1" 1 in_spawn web sh -c \
	'cut -c33 /sys/class/net/eth0/device/features'
check "100 pings, none lost" sh -c \
	'ping -c 100 -i 0.02 10.9.0.2 | grep -q " 0% packet loss"'
check "pings of 1400 bytes" sh -c \
	'ping -c 20 -i 0.05 -s 1400 10.9.0.2 | grep -q " 0% packet loss"'
check "bytes there and back" traffic echo tcp:10.9.0.2:5000 20000000
check "bytes to the spawn" traffic push tcp:10.9.0.2:5000 60000000
check "bytes from the spawn" traffic pull tcp:10.9.0.2:5000 60000000
check "round trips" traffic ask tcp:10.9.0.2:5000 500 100
traffic ask tcp:10.9.0.2:5000 500 100 | sed 's/^/# /'
check "the spawn calls the host" in_spawn web \
	traffic echo tcp:10.9.0.1:6000 5000000
eight_at_once tcp:10.9.0.2:5000 2000000

# The supervisor dies under traffic, and the one after it goes on.
traffic push tcp:10.9.0.2:5000 300000000 >/tmp/push 2>&1 &
pusher=$!
sleep 2
kill_supervisor web
check "the spawn lives on" said web "spawn net ready"
check "serve again" mkctl serve web
if wait $pusher; then
	ok "no byte was lost over the supervisor's death"
else
	not_ok "no byte was lost over the supervisor's death"
	detail /tmp/push
fi
check "round trips with the new one" traffic ask tcp:10.9.0.2:5000 100 100

# The link: down and up.
carrier()
{
	[ "$(in_spawn web cat /sys/class/net/eth0/carrier)" = "$1" ]
}
check "link: it has a carrier" carrier 1
check "link: down" /bin/ip link set t0 down
eventually "link: the spawn sees that" 10 carrier 0
check "link: up" /bin/ip link set t0 up
eventually "link: and that" 10 carrier 1
eventually "link: pings pass again" 20 ping -c 1 -W 1 10.9.0.2

# The driver leaves its device and comes again.
for round in 1 2 3; do
	in_spawn web sh -c 'cd /sys/bus/virtio/drivers/virtio_net &&
		name=$(basename $(readlink /sys/class/net/eth0/device)) &&
		echo $name >unbind && echo $name >bind && sleep 1 &&
		ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up' || break
done
equal "the driver was unbound and bound three times" 3 $round
eventually "and pings pass" 20 ping -c 1 -W 1 10.9.0.2
check "and bytes" traffic echo tcp:10.9.0.2:5000 2000000

# A second device, by hot add, with several queues.
check "add" mkctl device web add --net tap=t4,queues=2
has_eth1()
{
	in_spawn web test -d /sys/class/net/eth1
}
eventually "the spawn finds it" 15 has_eth1
check "it comes up" in_spawn web sh -c \
	'ip address add 10.9.4.2/24 dev eth1 && ip link set eth1 up'
eventually "it answers" 20 ping -c 1 -W 1 10.9.4.2
same "it has two queue pairs" "2" in_spawn web sh -c \
	'ls -d /sys/class/net/eth1/queues/rx-* | wc -l'
check "bytes over two queues" traffic echo tcp:10.9.4.2:5000 10000000
refuse "a tap that is in use" 1 "in use" mkctl device web add --net tap=t0
number=$(device_number web net)
check "remove" mkctl device web remove "$number"
gone()
{
	! in_spawn web test -d /sys/class/net/eth1
}
eventually "the spawn has lost it" 15 gone
check "the first is untouched" ping -c 3 -W 1 10.9.0.2

# A tap that is deleted under the device.
check "the tap is deleted" /bin/ip link del t0
eventually "the device is broken" 15 device_is web net broken
check "the spawn lives on" answers web
check "stop" mkctl stop web --timeout 60
check "delete" mkctl delete web
check "ledger" mkctl fsck
