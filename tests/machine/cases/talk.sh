# SPDX-License-Identifier: GPL-2.0-only
# Kernel modules on both sides: the sample, calls and streams both ways, a
# handler that hangs, one that panics, modules that go under traffic.
#
# machine: --host 6.1 --have 6.12
# machine: --host 7.2 --have 6.1-rt

. /lib/verdict.sh

rel=${MK_HAVE##* }
id=0

up()
{
	mkctl show talk --json | grep -q '"state": *"up"'
}

# run CMDLINE: a spawn whose agent is up.
run()
{
	id=$((id + 1))
	check "$1: run" mkctl run talk --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" --cmdline "$1"
	come_up "$1: its init runs" talk "spawn tick" 90
	eventually "$1: the agent is up" 30 up
}

peer=/sys/module/mkt_peer/parameters

# ask WORDS: have our module do it; what came out is printed.
ask()
{
	echo "$@" >$peer/run && cat $peer/result
}

field()
{
	sed -n "s/.*$1=\([0-9]*\).*/\1/p"
}

spawn_log()
{
	mkctl log talk | grep -qE "$1"
}

insmod /lib/modules-host/mkt_peer.ko
insmod /lib/modules-host/multikernel_sample.ko

run "mk.insmod=multikernel_sample:mkt_peer"
check "remote printk" sh -c \
	'echo "good morning" >/sys/module/multikernel_sample/parameters/say'
eventually "it is in the spawn's log" 10 spawn_log "host says: good morning"
check "remote procedure" grep -qE "talk: CPU [01] \(APIC id [23]\), up .* s, " \
	/sys/module/multikernel_sample/parameters/ask
for size in 8 64 4096 65536; do
	said=$(ask $id calls 300 $size)
	echo "# calls of $size bytes: $said"
	equal "300 calls of $size bytes" "n=300 failed=0 unknown=0" \
		"$(echo "$said" | cut -d' ' -f1-3)"
	said=$(ask $id stream 1500 $size)
	echo "# stream of $size bytes: $said"
	check "stream of $size bytes: all sent" sh -c \
		"echo '$said' | grep -q 'messages=[1-9].* error=0'"
done
said=$(ask $id call 0x1abc 2000)
equal "a call of a type that nobody has fails" "failed error=-96" \
	"$(echo "$said" | cut -d' ' -f1-2)"
said=$(ask $id call 0x0001 2000 || true)
equal "the channel's own types are not to be had" "failed error=-22" \
	"$(echo "$said" | cut -d' ' -f1-2)"
# Eight callers at once, with streams between.
for n in 1 2 3 4 5 6 7 8; do
	(ping=$(mkctl ping talk -c 40 -i 0 -s $((n * 1000))) &&
		echo "$ping" | grep -q "40 answered") &
	pids="${pids:-} $!"
done
ask $id stream 2000 30000 >/tmp/stream
wrong=0
for pid in $pids; do
	wait $pid || wrong=1
done
equal "eight callers and a stream at once" 0 $wrong
rmmod multikernel_sample
check "delete" mkctl delete talk --force

# The spawn sends to us, and the module goes on either side meanwhile.
run "mk.insmod=mkt_peer mk.params=again=0_stream_3000_2000"
sleep 2
said=$(cat $peer/sink)
echo "# our sink: $said"
check "what the spawn streams comes whole and in order" sh -c \
	"echo '$said' | grep -q 'messages=[1-9][0-9]* .* bad=0'"
for round in 1 2 3 4 5; do
	rmmod mkt_peer && usleep 300000 &&
		insmod /lib/modules-host/mkt_peer.ko || break
done
equal "our module went five times under traffic" 5 $round
refuse "the channel's module stays while it is used" 1 . rmmod multikernel_channel
sleep 4
said=$(cat $peer/sink)
check "and the traffic goes on" sh -c \
	"echo '$said' | grep -q 'messages=[1-9][0-9]* .* bad=0'"
check "delete under traffic" mkctl delete talk --force

# The agent's module goes and comes in the spawn, under traffic.
run "mk.insmod=mkt_peer mk.reload=5"
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
	ask $id stream 800 20000 >/dev/null || true
done
come_up "the agent was loaded again five times" talk "spawn reloaded 5" 60
eventually "it is up again" 30 up
check "and answers" mkctl ping talk -c 5 -i 0
check "delete" mkctl delete talk --force

# A handler that never returns: the call is unknown, the rest goes on.
run "mk.insmod=mkt_peer"
said=$(ask $id call 0x1f03 1500)
equal "a handler that hangs: unknown" "unknown error=-110" \
	"$(echo "$said" | cut -d' ' -f1-2)"
refuse "the channel waits behind it" 3 . mkctl ping talk -c 1 --timeout 1
check "its heart beats on" sh -c \
	'sleep 2; mkctl list | grep -qE "talk .* [0-2]\.[0-9]s +[0-9]+s"'
check "an orderly stop works all the same" mkctl stop talk --timeout 60
check "delete" mkctl delete talk

# The same here: killing and deleting do not wait for our handler.
run "mk.insmod=mkt_peer mk.params=again=0_call_0x1f03_60000"
sleep 3
check "kill while our handler hangs" mkctl kill talk
check "start while our handler hangs" mkctl start talk
come_up "its init runs again" talk "spawn tick" 90
eventually "up again" 30 up
check "delete while our handler hangs" mkctl delete talk --force
echo 1 >$peer/release_hung
check "the module can go once it returns" rmmod mkt_peer
insmod /lib/modules-host/mkt_peer.ko

# The spawn panics inside a handler.
run "mk.insmod=mkt_peer"
said=$(ask $id call 0x1f02 20000)
equal "a handler that panics: unknown" "unknown error=-104" \
	"$(echo "$said" | cut -d' ' -f1-2)"
check "crashed" mkctl wait talk --state crashed --timeout 30
check "with its text" sh -c \
	'mkctl show talk | grep -q "mkt_peer: as the message said"'
check "delete" mkctl delete talk
check "our module can go" rmmod mkt_peer
check "ledger" mkctl fsck
