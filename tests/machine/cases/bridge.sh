# SPDX-License-Identifier: GPL-2.0-only
# bridge: two spawns and the host on one bridge; big frames, and what happens
# to one when the other ends.
#
# machine: --devices --host 7.2 --have 6.1

. /lib/verdict.sh
. /lib/devices.sh

host_modules
modprobe bridge || not_ok "modprobe bridge"
# plug NAME: a tap at the bridge.
plug()
{
	/bin/ip tuntap add "$1" mode tap vnet_hdr &&
		/bin/ip link set "$1" master br0 && /bin/ip link set "$1" up
}
check "a bridge" sh -c '/bin/ip link add br0 type bridge &&
	/bin/ip address add 10.9.7.1/24 dev br0 && /bin/ip link set br0 up'
check "a tap" plug ta
check "another" plug tb
traffic serve tcp:10.9.7.1:6000 &

SPAWN_MEMORY=256M
SPAWN_CPUS=2
check "run the first" spawn a "mk.net=10.9.7.2/24" --vsock 42 --net tap=ta
SPAWN_CPUS=3
check "run the second" spawn b "mk.net=10.9.7.3/24" --vsock 43 --net tap=tb
come_up "the first is up" a "spawn net ready" 120
come_up "the second is up" b "spawn net ready" 120
eventually "exec answers in the first" 60 answers a
eventually "and in the second" 60 answers b
address()
{
	in_spawn "$1" cat /sys/class/net/eth0/address
}
check "each has an address of its own" test "$(address a)" != "$(address b)"

eventually "the host reaches the first" 20 ping -c 1 -W 1 10.9.7.2
eventually "and the second" 20 ping -c 1 -W 1 10.9.7.3
eventually "the first reaches the second" 20 \
	in_spawn a ping -c 1 -W 1 10.9.7.3
check "no ping is lost between them" in_spawn a sh -c \
	'ping -c 40 -i 0.02 10.9.7.3 | grep -q " 0% packet loss"'
check "bytes from one to the other and back" in_spawn a \
	traffic echo tcp:10.9.7.3:5000 5000000
check "bytes the other way" in_spawn b traffic pull tcp:10.9.7.2:5000 5000000

# Bits of virtio 1.2, 5.1.3: checksums and big frames, both ways.
bits()
{
	in_spawn a sh -c 'cat /sys/class/net/eth0/device/features' |
		sed 's/^\(..\).....\(..\)..\(..\).*/\1\2\3/'
}
same "checksums and big frames were agreed to" 111111 bits
# average DIRECTION: bytes of a frame of the first's tap so far.
average()
{
	cd /sys/class/net/ta/statistics &&
		echo $(($(cat "$1_bytes") / ($(cat "$1_packets") + 1)))
}
check "many bytes to the first" traffic push tcp:10.9.7.2:5000 20000000
check "and from it" traffic pull tcp:10.9.7.2:5000 20000000
echo "# bytes of a frame: $(average tx) to it, $(average rx) from it"
check "frames to it were bigger than an Ethernet" test "$(average tx)" -gt 2000
check "and those from it" test "$(average rx)" -gt 2000

# One ends in the middle; the other does not mind.
in_spawn b traffic push tcp:10.9.7.2:5000 2000000000 >/dev/null 2>&1 &
pushing=$!
sleep 1
check "kill one in the middle" mkctl kill b
wait $pushing || true
check "the other goes on" traffic echo tcp:10.9.7.2:5000 2000000
check "start it again" mkctl start b
come_up "it comes up again" b "spawn net ready" 120
eventually "and is reached" 30 in_spawn a ping -c 1 -W 1 10.9.7.3
check "bytes between them" in_spawn a traffic echo tcp:10.9.7.3:5000 1000000
refuse "a tap that another spawn has" 1 "in use" \
	mkctl device a add --net tap=tb
for name in a b; do
	check "stop $name" mkctl stop $name --timeout 60
	check "delete $name" mkctl delete $name
done
check "ledger" mkctl fsck
