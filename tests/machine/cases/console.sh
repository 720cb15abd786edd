# SPDX-License-Identifier: GPL-2.0-only
# console: a shell on hvc0, several readers, one that is slow, a supervisor that
# dies, and what was said before anybody looked.
#
# machine: --devices --host 7.2 --have 6.12

. /lib/verdict.sh
. /lib/devices.sh

host_modules
# A reader that stays, with a pipe as its keyboard.
mkfifo /tmp/keys
reader()
{
	mkctl console talk </tmp/keys >/tmp/screen 2>/tmp/screen.err &
	console=$!
	exec 5>/tmp/keys
}
leave()
{
	exec 5>&-
	kill $console 2>/dev/null || true
	wait $console 2>/dev/null || true
}
seen()
{
	grep -q -e "$1" /tmp/screen
}

check "run" spawn talk "mk.shell" --console --vsock 42
come_up "the shell is ready" talk "spawn shell ready" 120
check "the device runs" device_is talk console running
reader
echo 'echo seven=$((3 + 4))' >&5
eventually "it answers" 20 seen "seven=7"
echo 'cat /proc/sys/kernel/osrelease' >&5
eventually "it is that kernel" 20 seen "$(json talk release)"
# More than all the buffers between have.
echo 'i=0; while [ $i -lt 2000 ]; do echo "line $i of many"; i=$((i+1)); done' >&5
echo 'echo fin=$((1+1))' >&5
eventually "much output passes" 60 seen "fin=2"
check "all lines came, or it says what was lost" sh -c \
	'grep -q "bytes of output are lost" /tmp/screen ||
	[ "$(grep -c "^line [0-9]* of many" /tmp/screen)" = 2000 ]'
leave

# Nobody looks, and the spawn does not stand still.
eventually "exec answers" 30 answers talk
check "it writes without a reader" in_spawn talk timeout 20 sh -c \
	'i=0; while [ $i -lt 1500 ]; do echo "unseen $i" >/dev/hvc0; i=$((i+1)); done'
reader
eventually "the last lines are kept for who comes later" 20 seen "unseen 1499"

# Keys that a shell must get as they are: Ctrl-C ends what runs.
echo 'sleep 1000; echo after=$?' >&5
sleep 2
printf '\003' >&5
sleep 1
echo 'echo here=$((5 + 5))' >&5
eventually "an interrupt key passes" 20 seen "here=10"
leave

# Two at once see the same.
mkctl console talk </dev/null >/tmp/second 2>&1 &
second=$!
reader
echo 'echo both=$((8 + 8))' >&5
eventually "the first sees it" 20 seen "both=16"
check "and so does the second, or it was told why not" sh -c \
	'sleep 2; grep -qE "both=16|readers|input" /tmp/second || [ ! -s /tmp/second ]'
kill $second 2>/dev/null || true

kill_supervisor talk
leave
check "serve again" mkctl serve talk
reader
echo 'echo again=$((9 + 9))' >&5
eventually "the new supervisor's console answers" 20 seen "again=18"
leave

# The driver waits for each piece of output with interrupts off: nobody there
# to take it must neither stop the spawn nor harm it.
check "it writes on and on" in_spawn talk sh -c \
	'setsid sh -c "while :; do echo output; done >/dev/hvc0" </dev/null \
	>/dev/null 2>&1 &'
written()
{
	od -A n -t u8 -j 8 -N 8 /run/multikernel/talk/console
}
writes()
{
	[ "$(written)" -gt "$1" ]
}
round=0
while [ $round -lt 8 ]; do
	round=$((round + 1))
	usleep $((round * 130000))
	kill_supervisor talk
	usleep $((round % 3 * 400000))
	check "killed $round: it does not stand still" \
		mkctl ping talk --count 3 --timeout 3
	check "killed $round: serve again" mkctl serve talk
	eventually "killed $round: it writes again" 15 writes "$(written)"
done
check "remove it while it writes" mkctl device talk remove \
	"$(device_number talk console)"
removed()
{
	[ -z "$(device_number talk console)" ]
}
eventually "it is gone" 20 removed
check "the spawn does not stand still" mkctl ping talk --count 3 --timeout 3
check "no trouble in its log" sh -c \
	'! mkctl log talk | grep -E "BUG|Oops|WARNING|stall|lockup|Call Trace"'
eventually "exec answers" 20 answers talk

check "delete" mkctl delete talk --force
refuse "no console of nobody" 1 . mkctl console talk
check "run without a console" spawn mute ""
come_up "it is up" mute "spawn up busybox" 120
refuse "a console that is not there" 1 "console|supervisor|serve" \
	mkctl console mute
check "delete that" mkctl delete mute --force
check "ledger" mkctl fsck
