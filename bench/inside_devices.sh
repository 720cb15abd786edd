# SPDX-License-Identifier: GPL-2.0-only
# What bench/devices measures inside the machine; figures go to /out/figures.

. /lib/verdict.sh
. /lib/devices.sh

mkdir -p /out /tmp/case
host_modules
modprobe veth
figures=/out/figures

figure()
{
	echo "$*" >>$figures
	echo "$*"
}

# ratio NAME A B: A / B
ratio()
{
	figure "$1 $(awk "BEGIN { print $2 / $3 }")"
}

# Two namespaces; a process in each keeps it.
unshare -n sleep 100000 &
far=$!
unshare -n sleep 100000 &
near=$!
sleep 1
/bin/ip link add v0 type veth peer name v1
/bin/ip link set v0 netns $near
/bin/ip link set v1 netns $far
in_near()
{
	nsenter -t $near -n "$@"
}
in_near /bin/ip address add 10.8.0.1/24 dev v0
in_near /bin/ip link set v0 up
nsenter -t $far -n /bin/ip address add 10.8.0.2/24 dev v1
nsenter -t $far -n /bin/ip link set v1 up
nsenter -t $far -n traffic serve tcp:0.0.0.0:5000 &

make_tap t0 10.9.0.1/24 vnet_hdr
# The same disk for both, used in turns.
dd if=/dev/zero of=/dev/vda bs=1M count=256 2>/dev/null
spawn b "mk.net=10.9.0.2/24 mk.vsock" --net tap=t0 --vsock 42 --disk /dev/vda
come_up "up" b "spawn net ready" 120
eventually "exec" 60 answers b
until in_spawn b test -b /dev/vda; do sleep 1; done

# A command over ssh to the machine itself: what mkctl exec is an answer to.
if [ -n "${SSH:-}" ]; then
	/bin/ip link set lo up
	mkdir -p -m 700 /.ssh /tmp/ssh
	chmod go-w /
	for who in host user; do
		dropbearkey -t ed25519 -f /tmp/ssh/$who >/tmp/ssh/$who.log
	done
	grep ^ssh- /tmp/ssh/user.log >/.ssh/authorized_keys
	dropbear -R -s -r /tmp/ssh/host -p 127.0.0.1:22 -P /tmp/ssh/pid
	over_ssh()
	{
		dbclient -y -y -i /tmp/ssh/user root@127.0.0.1 "$@"
	}
	equal "ssh to the machine itself" works "$(over_ssh echo works)"
fi

mbps()
{
	"$@" | sed -n 's/.*mbps=\([0-9.]*\).*/\1/p'
}
us()
{
	"$@" | sed -n 's/.* us=\([0-9.]*\).*/\1/p'
}
# interrupts FILE PATTERN: the sum of all CPUs' counts on those lines
interrupts()
{
	awk -v pattern="$2" '$0 ~ pattern {
		for (i = 2; i <= NF && $i ~ /^[0-9]+$/; i++) n += $i
	} END { print n + 0 }' "$1"
}
host_irqs()
{
	interrupts /proc/interrupts "multikernel-b-$1[.]"
}
spawn_irqs()
{
	in_spawn b cat /proc/interrupts >/tmp/irqs
	interrupts /tmp/irqs "multikernel-host-$1[.]"
}
packets()
{
	cat /sys/class/net/t0/statistics/[rt]x_packets |
		awk '{ n += $1 } END { print n }'
}
ticks()
{
	sed 's/.*) //' "/proc/$pid/stat" | awk '{ print $12 + $13 }'
}
# elapsed COMMAND...: microseconds of one of 40
elapsed()
{
	t0=$(awk '{ print int($1 * 100) }' /proc/uptime)
	n=0
	while [ $n -lt 40 ]; do
		"$@" </dev/null >/dev/null
		n=$((n + 1))
	done
	t1=$(awk '{ print int($1 * 100) }' /proc/uptime)
	echo $(((t1 - t0) * 10000 / 40))
}

net=$(device_number b net)
disk=$(device_number b disk)
pid=$(supervisor b)
sleep 2
while [ "$ROUNDS" -gt 0 ]; do
	ROUNDS=$((ROUNDS - 1))
	veth=$(mbps in_near traffic push tcp:10.8.0.2:5000 400000000)
	s0=$(spawn_irqs "$net")
	p0=$(packets) h0=$(host_irqs "$net") before=$(ticks)
	tap=$(mbps traffic push tcp:10.9.0.2:5000 400000000)
	p1=$(packets) h1=$(host_irqs "$net")
	# mkctl exec asks the supervisor for the CID: not the data path.
	asked=$(ticks)
	s1=$(spawn_irqs "$net")
	asked=$(($(ticks) - asked))
	ratio push "$tap" "$veth"
	ratio packet_interrupts $((h1 - h0)) $((p1 - p0))
	ratio packet_spawn $((s1 - s0)) $((p1 - p0))
	veth=$(mbps in_near traffic pull tcp:10.8.0.2:5000 400000000)
	tap=$(mbps traffic pull tcp:10.9.0.2:5000 400000000)
	ratio pull "$tap" "$veth"
	veth=$(us in_near traffic ask tcp:10.8.0.2:5000 3000 64)
	tap=$(us traffic ask tcp:10.9.0.2:5000 3000 64)
	ratio ask "$veth" "$tap"
	figure supervisor_ticks $(($(ticks) - before - asked))

	own=$(mbps traffic disk /dev/vda random 4096 4000)
	d0=$(host_irqs "$disk")
	its=$(mbps in_spawn b traffic disk /dev/vda random 4096 4000)
	d1=$(host_irqs "$disk")
	ratio random "$its" "$own"
	ratio request_interrupts $((d1 - d0)) 4000
	own=$(mbps traffic disk /dev/vda random 4096 8000 16)
	d0=$(host_irqs "$disk")
	its=$(mbps in_spawn b traffic disk /dev/vda random 4096 8000 16)
	d1=$(host_irqs "$disk")
	ratio deep "$its" "$own"
	ratio deep_interrupts $((d1 - d0)) 8000
	for how in read write; do
		own=$(mbps traffic disk /dev/vda $how 1048576 200)
		its=$(mbps in_spawn b traffic disk /dev/vda $how 1048576 200)
		ratio $how "$its" "$own"
	done
	command=$(elapsed mkctl exec b -- true)
	space=$(elapsed nsenter -t $far -n true)
	figure exec_us "$command"
	ratio exec_ratio "$command" "$space"
	[ -z "${SSH:-}" ] || ratio exec_ssh "$command" "$(elapsed over_ssh true)"
done
mkctl delete b --force
kill $far $near
mkctl fsck
