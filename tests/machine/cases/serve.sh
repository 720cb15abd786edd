# SPDX-License-Identifier: GPL-2.0-only
# The supervisor: killed again and again under load, stopped by a signal,
# started twice, with files of its own that somebody has spoiled.
#
# machine: --devices --host 6.1 --have 7.2 --timeout 900
# machine: --devices --host 7.2 --have 6.1 --timeout 900

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
truncate -s 64M /tmp/a.img /tmp/b.img
check "run" spawn box "mk.net=10.9.0.2/24 mk.vsock mk.shell" --console \
	--net tap=t0 --vsock 42 --disk /tmp/a.img --disk /tmp/b.img \
	--rng
come_up "up" box "spawn vsock ready" 120
eventually "exec answers" 60 answers box
works()
{
	traffic echo tcp:10.9.0.2:5000 200000 &&
		traffic echo vsock:42:5000 200000 &&
		in_spawn box traffic write /dev/vda 1048576 5 &&
		in_spawn box traffic verify /dev/vda 1048576 5 &&
		in_spawn box dd if=/dev/hwrng of=/dev/null bs=64 count=1
}
eventually "everything works" 30 works

in_spawn box sh -c 'setsid sh -c "n=0; while traffic write /dev/vdb 1048576 \$n &&
	traffic verify /dev/vdb 1048576 \$n; do n=\$((n + 1))
	echo \$n >/tmp/rounds; done; echo 0 >/tmp/rounds" >/tmp/load 2>&1 </dev/null &' ||
	not_ok "a load begins"
# A connection over the tap outlives its supervisor.
while [ ! -e /tmp/enough ]; do
	traffic echo tcp:10.9.0.2:5000 1000000 >/dev/null 2>/tmp/tcp.err ||
		cat /tmp/tcp.err
done >/tmp/tcp.wrong &
tcp=$!
round=0
while [ $round -lt 10 ]; do
	round=$((round + 1))
	kill_supervisor box
	# at any moment of its start, too
	if [ $((round % 2)) = 0 ]; then
		mkctl serve box --foreground >/dev/null 2>&1 &
		early=$!
		usleep $((round * 50000))
		kill -9 $early
		wait $early || true
	fi
	mkctl serve box >/tmp/serve 2>&1 || break
	usleep $((round % 3 * 200000))
done
equal "killed ten times" 10 $round
detail /tmp/serve
check "no device is lost" sh -c '[ "$(mkctl device box | grep -cE "^ *[0-9]")" = 6 ]'
eventually "everything works" 30 works
rounds()
{
	in_spawn box cat /tmp/rounds 2>/dev/null || echo 0
}
touch /tmp/enough
wait $tcp
equal "no TCP connection broke" "" "$(cat /tmp/tcp.wrong)"
before=$(rounds)
sleep 5
after=$(rounds)
echo "# the load was at round $before, then $after"
check "the load goes on" test "$after" -gt "$before"
equal "there is one daemon for each disk" 2 \
	"$(child qemu-storage-daemon | wc -l)"

refuse "a second supervisor" 1 "already|serves" mkctl serve box
check "the first goes on" works
kill_supervisor box TERM
check "the spawn lives on" said box "spawn net ready"
check "another takes over" mkctl serve box
eventually "everything works" 30 works

# What it reads after its own death is no better than any file.
spoil()
{
	kill_supervisor box
	sh -c "$2" >/dev/null 2>&1
	status=0
	timeout 20 mkctl serve box >/tmp/serve 2>&1 || status=$?
	check "$1: refused, or taken over, but no crash" test $status -lt 124
	detail /tmp/serve 3
	check "$1: the host lives, the ledger is right" mkctl fsck
}
state=/run/multikernel/box/state
if [ -f $state ]; then
	spoil "a state file that is cut off" "truncate -s 100 $state"
	[ -n "$(supervisor box)" ] || check "another with new devices" \
		mkctl serve box --replace --vsock 42 --rng
	spoil "one of random bytes" \
		"head -c \$(stat -c %s $state) /dev/urandom >$state"
	[ -n "$(supervisor box)" ] || check "another with new devices" \
		mkctl serve box --replace --vsock 42 --rng
	# the head is right
	spoil "one with devices of random bytes" \
		"dd if=/dev/urandom of=$state bs=4096 seek=1 count=20 conv=notrunc"
	[ -n "$(supervisor box)" ] || check "another with new devices" \
		mkctl serve box --replace --vsock 42 --rng
else
	not_ok "there is a state file in /run/multikernel/box"
fi
check "kill" mkctl kill box
check "delete" mkctl delete box --force
ended()
{
	[ -z "$(child qemu-storage-daemon)" ]
}
eventually "no daemon is left" 20 ended
refuse "nothing to serve" 1 . mkctl serve box
check "ledger" mkctl fsck
