# SPDX-License-Identifier: GPL-2.0-only
# Spawns that treat their devices badly: they end in the middle of traffic in
# every way there is, tear drivers off under load, and come again.
#
# machine: --devices --host 6.1 --have 7.2 --set ENDS="kill panic reboot"

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
truncate -s 64M /tmp/a.img /tmp/b.img
mkdir -p /tmp/s /tmp/case
# Once told to, it is busy with everything.
cat >/tmp/case/busy <<'EOF'
#!/bin/sh
mkdir -p /mnt
mount -t virtiofs tag /mnt
while :; do traffic write /dev/vdb 4194304 1; done >/dev/null 2>&1 &
while :; do traffic echo vsock:2:6000 1000000; done >/dev/null 2>&1 &
while :; do traffic echo tcp:10.9.0.1:6001 1000000; done >/dev/null 2>&1 &
while :; do dd if=/dev/zero of=/mnt/file bs=65536 count=32; done >/dev/null 2>&1 &
while :; do dd if=/dev/hwrng of=/dev/null bs=512 count=8; done >/dev/null 2>&1 &
while :; do cat /proc/kallsyms >/dev/hvc0; done >/dev/null 2>&1 &
EOF
chmod 755 /tmp/case/busy
traffic serve vsock:-1:6000 >/dev/null 2>&1 &
traffic serve tcp:0.0.0.0:6001 >/dev/null 2>&1 &

works()
{
	traffic echo tcp:10.9.0.2:5000 100000 &&
		traffic echo vsock:42:5000 100000 &&
		in_spawn box traffic write /dev/vda 1048576 5 &&
		in_spawn box traffic verify /dev/vda 1048576 5
}
available()
{
	sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo
}

check "run" spawn box "mk.net=10.9.0.2/24 mk.vsock" --console --on-reboot stop \
	--net tap=t0 --vsock 42 --disk /tmp/a.img --disk /tmp/b.img \
	--share /tmp/s:tag --rng
come_up "up" box "spawn net ready" 120
eventually "exec answers" 60 answers box
check "everything works" works
before=

# Fewer by --set ENDS=...: all of them take minutes.
for end in ${ENDS:-kill panic reboot sysrq-b poweroff}; do
	in_spawn box setsid /busy >/dev/null 2>&1 </dev/null ||
		not_ok "$end: it becomes busy"
	sleep 3
	case $end in
	kill) check "kill while it is busy" mkctl kill box ;;
	panic)
		in_spawn box sh -c 'echo c >/proc/sysrq-trigger' \
			>/dev/null 2>&1 || true
		check "panic while it is busy" mkctl wait box \
			--state crashed --timeout 60
		;;
	sysrq-b)
		in_spawn box sh -c 'echo b >/proc/sysrq-trigger' \
			>/dev/null 2>&1 || true
		check "sysrq-b while it is busy" mkctl wait box \
			--state stopped --timeout 60
		;;
	*)
		in_spawn box $end -f >/dev/null 2>&1 || true
		check "$end -f while it is busy" mkctl wait box \
			--state stopped --timeout 60
		;;
	esac
	check "$end: the supervisor is still there" test -n "$(supervisor box)"
	check "$end: start" mkctl start box
	come_up "$end: up again" box "spawn net ready" 120
	eventually "$end: exec answers" 60 answers box
	eventually "$end: everything works" 30 works
	[ -n "$before" ] || before=$(available)
done
after=$(available)
echo "# available: $before, then $after KB"
check "the host has lost no memory over its lives" test \
	$((before - after)) -lt 32768

# Drivers are torn off and put on while others are busy with them.  Not the
# console's: its put_chars() and its remove() race for one buffer, and free_buf()
# then takes it for another kind (drivers/char/virtio_console.c; seen on 6.12).
in_spawn box setsid /busy >/dev/null 2>&1 </dev/null || not_ok "it is busy"
sleep 1
mkctl exec box -- sh -c 'n=0; while [ $n -lt 5 ]; do n=$((n + 1))
	echo "<6>spawn storm $n" >/dev/kmsg
	for driver in virtio_net virtio_blk virtio_rng; do
		cd /sys/bus/virtio/drivers/$driver || continue
		for device in virtio*; do
			[ -e "$device" ] || continue
			echo $device >unbind; echo $device >bind
		done
	done; done' >/tmp/storm 2>&1 </dev/null &
storm=$!
tries=0
while [ -d /proc/$storm ] && [ $tries -lt 90 ]; do
	tries=$((tries + 1))
	sleep 1
done
check "the storm of unbind and bind came to its end" test ! -d /proc/$storm
check "all of it" said box "spawn storm 5"
detail /tmp/storm
check "the supervisor is still there" test -n "$(supervisor box)"
check "exec answers" answers box
in_spawn box sh -c 'ip address add 10.9.0.2/24 dev eth0; ip link set eth0 up' \
	2>/dev/null || true
eventually "everything works" 30 works
mkctl device box | sed 's/^/# /'
check "delete while it is busy" mkctl delete box --force
nobody()
{
	[ -z "$(child qemu-storage-daemon)$(child virtiofsd)" ]
}
eventually "no daemon is left" 15 nobody
check "ledger" mkctl fsck
