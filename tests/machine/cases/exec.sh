# SPDX-License-Identifier: GPL-2.0-only
# exec and cp: status, streams, signals, much at once, copies both ways, who may.
#
# machine: --devices --host 6.1 --have 7.2 --set MANY=1000

. /lib/verdict.sh
. /lib/devices.sh

host_modules
# Two processes for each of a thousand sessions.
SPAWN_MEMORY=768M
check "run" spawn box "" --vsock 42
eventually "exec answers" 120 answers box

status()
{
	status_wanted=$1
	shift
	status_is=0
	mkctl exec "$@" >/tmp/exec.out 2>/tmp/exec.err </dev/null || status_is=$?
	[ "$status_is" = "$status_wanted" ] || {
		echo "status $status_is, not $status_wanted"
		cat /tmp/exec.err
		return 1
	}
}
check "status 0" status 0 box -- true
check "status 1" status 1 box -- false
check "status 77" status 77 box -- sh -c 'exit 77'
check "status of a signal" status 137 box -- sh -c 'kill -9 $$'
check "no such command" status 127 box -- /bin/nosuch
check "not to be executed" status 126 box -- /etc/passwd
check "wrong usage" status 2 box
same "arguments stay apart" "<a b><><\$c>" in_spawn box \
	sh -c 'for a; do printf "<%s>" "$a"; done' sh 'a b' '' '$c'
mkctl exec box -- sh -c 'echo out; echo err >&2' >/tmp/1 2>/tmp/2
equal "two streams" "out err" "$(cat /tmp/1) $(cat /tmp/2)"
same "a folder" /tmp mkctl exec box -w /tmp -- pwd
same "a variable" "x y" mkctl exec box -e "V=x y" -- sh -c 'echo "$V"'
same "its input is empty without -i" 0 sh -c \
	'echo data | mkctl exec box -- wc -c'

head -c 20000000 /dev/urandom >/tmp/big
sum=$(sha256sum </tmp/big)
same "20 MB in" "$sum" sh -c 'mkctl exec box -i -- sha256sum </tmp/big'
same "20 MB there and back" "$sum" sh -c \
	'mkctl exec box -i -- cat </tmp/big | sha256sum'
same "a reader that goes early" 10 sh -c \
	'mkctl exec box -- yes 2>/dev/null | head -n 10 | wc -l'

# Signals, and what becomes of a command whose mkctl is gone.
mkctl exec box -- sh -c 'trap "echo got; exit 5" TERM; echo set; while :; do sleep 0.1; done' \
	>/tmp/sig &
pid=$!
sleep 3
kill -TERM $pid
status_is=0
wait $pid || status_is=$?
equal "a signal goes to the command" "5 set got" "$status_is $(echo $(cat /tmp/sig))"
mkctl exec box -- sleep 4321 &
pid=$!
sleep 2
kill -9 $pid
ended()
{
	! in_spawn box sh -c 'ps | grep -v grep | grep -q "sleep 4321"'
}
eventually "it ends when mkctl is gone" 20 ended
# Many at once: each waits in the spawn until all of them are there.
many=${MANY:-200}
check "a gate" in_spawn box mkfifo /tmp/gate
mkdir /tmp/many
began=$(date +%s)
n=0
while [ $n -lt "$many" ]; do
	n=$((n + 1))
	mkctl exec box -- sh -c "read -r x </tmp/gate; echo $n" \
		>/tmp/many/$n 2>/tmp/many/$n.err &
done
# By their names: each session has one.
inside()
{
	in_spawn box sh -c 'cat /proc/[0-9]*/comm 2>/dev/null' |
		grep -c '^mk-session'
}
all_there()
{
	# and the one that asks
	[ "$(inside)" -gt "$many" ]
}
eventually "$many sessions at once" 100 all_there
echo "# after $(($(date +%s) - began)) s;" $(in_spawn box sh -c \
	'grep -E "MemAvailable|MemTotal" /proc/meminfo')
check "the gate opens" in_spawn box sh -c ': >/tmp/gate'
wait_all()
{
	[ "$(cat /tmp/many/*.err | wc -l)" = 0 ] || return 0
	n=0
	while [ $n -lt "$many" ]; do
		n=$((n + 1))
		[ -s /tmp/many/$n ] || return 1
	done
}
eventually "each ends" 60 wait_all
wrong=0
n=0
while [ $n -lt "$many" ]; do
	n=$((n + 1))
	read -r said </tmp/many/$n || said=
	[ "$said" = $n ] || wrong=$((wrong + 1))
done
equal "each with its own answer" 0 $wrong
cat /tmp/many/*.err >/tmp/many.err
detail /tmp/many.err 5
echo "# $(($(date +%s) - began)) s in all"
rm -r /tmp/many
same "a terminal" "a terminal 30 100" sh -c \
	'mkctl exec box -t -- sh -c "test -t 0 && stty rows 30 cols 100 &&
	echo a terminal \$(stty size)" </dev/null | tr -d "\r"'

# Copies.
mkdir -p /tmp/tree/sub/deep
echo one >/tmp/tree/one
cp /tmp/big /tmp/tree/sub/big
ln -s ../one /tmp/tree/sub/link
chmod 750 /tmp/tree/one
check "cp a tree to it" mkctl cp -r /tmp/tree box:/tmp/
same "the big file is whole" "$sum" in_spawn box sh -c \
	'sha256sum </tmp/tree/sub/big'
same "the mode" 750 in_spawn box stat -c %a /tmp/tree/one
same "the link" ../one in_spawn box readlink /tmp/tree/sub/link
check "cp it back" mkctl cp -r box:/tmp/tree /tmp/back
check "it is the same" diff -r /tmp/tree /tmp/back
same "cp to standard output" one mkctl cp box:/tmp/tree/one -
refuse "cp of what is not there" 1 "No such|not there" \
	mkctl cp box:/tmp/none /tmp/none
check "and nothing is left of it" test ! -e /tmp/none
refuse "cp of a folder without -r" "1|2" "-r|directory" \
	mkctl cp box:/tmp/tree /tmp/none
# A spawn that puts a link in the way of what comes next.
check "a hostile tree" in_spawn box sh -c \
	'mkdir -p /tmp/h && ln -s /tmp/outside /tmp/h/d && echo x >/tmp/h/f'
mkdir -p /tmp/outside /tmp/in/h
ln -s /tmp/outside /tmp/in/h/f
check "cp does not go through links of the destination" sh -c \
	'mkctl cp -r box:/tmp/h /tmp/in; [ -z "$(ls -A /tmp/outside)" ]'

# Only the host's root.
refuse "not as nobody" "1|2|255" . su -s /bin/sh nobody \
	-c "mkctl exec box -- true"
refuse "not from the spawn itself" 1 . in_spawn box traffic ask vsock:1:994 1 8

check "stop" mkctl stop box --timeout 60
refuse "nobody there" 255 . mkctl exec box -- true
check "delete" mkctl delete box
refuse "no such instance" 255 . mkctl exec box -- true
check "ledger" mkctl fsck
