# SPDX-License-Identifier: GPL-2.0-only
# vsock: both directions, many at once, a CID that is taken, a supervisor that
# dies, a second life.
#
# machine: --devices --host 7.2 --have 6.12

. /lib/verdict.sh
. /lib/devices.sh

host_modules
traffic serve vsock:-1:6000 &

check "run" spawn talk "mk.vsock" --vsock 42
come_up "vsock is ready" talk "spawn vsock ready" 120
ready()
{
	traffic ask vsock:42:5000 1 8
}
eventually "it answers" 30 ready
check "bytes there and back" traffic echo vsock:42:5000 10000000
check "bytes to the spawn" traffic push vsock:42:5000 30000000
check "bytes from the spawn" traffic pull vsock:42:5000 30000000
check "round trips" traffic ask vsock:42:5000 500 100
traffic ask vsock:42:5000 500 100 2>&1 | sed 's/^/# /'
check "one byte" traffic echo vsock:42:5000 1
eventually "exec answers" 30 answers talk
check "the spawn calls the host" in_spawn talk traffic echo vsock:2:6000 5000000
refuse "nobody at this port" 1 "refused|reset" traffic ask vsock:42:7777 1 8
refuse "nobody has this CID" 1 "No such device|unreachable|timed out" \
	traffic ask vsock:43:5000 1 8
eight_at_once vsock:42:5000 1500000

refuse "a second instance cannot have this CID" 1 "42|in use" \
	mkctl run other --cpus 1 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd /kernels/busybox.cpio --vsock 42
mkctl delete other --force >/dev/null 2>&1 || true

# A connection cannot outlive its supervisor, and both its ends are told so.
traffic pull vsock:42:5000 100000000000 >/dev/null 2>&1 &
pull=$!
children()
{
	in_spawn talk sh -c 'ps -o args | grep -c "^traffic serve"'
}
sleep 1
equal "a connection is open" 2 "$(children)"
kill_supervisor talk
check "the spawn lives on without" said talk "spawn vsock ready"
status=0
wait $pull || status=$?
equal "the host's end is told" 1 $status
check "serve again" mkctl serve talk
eventually "new connections pass" 20 ready
told()
{
	[ "$(children)" = 1 ]
}
eventually "the spawn's end is told" 20 told
check "and bytes" traffic echo vsock:42:5000 3000000

check "kill" mkctl kill talk
refuse "nobody answers now" 1 . traffic ask vsock:42:5000 1 8
check "start" mkctl start talk
come_up "vsock is ready again" talk "spawn vsock ready" 120
eventually "it answers again" 30 ready
check "delete" mkctl delete talk --force
check "the CID is free" spawn talk "mk.vsock" --vsock 42
come_up "vsock is ready with it" talk "spawn vsock ready" 120
eventually "it answers with it" 30 ready
check "delete again" mkctl delete talk --force
check "ledger" mkctl fsck
