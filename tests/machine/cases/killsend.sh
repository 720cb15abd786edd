# SPDX-License-Identifier: GPL-2.0-only
# Kill a spawn in the middle of sends, both ways, at random moments; the host
# goes on, and the next life's messages are whole.
#
# machine: --host 6.1 --have 6.1

. /lib/verdict.sh

rel=${MK_HAVE##* }
rounds=${ROUNDS:-8}

up()
{
	mkctl show cut --json | grep -q '"state": *"up"'
}

mem()
{
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p" /proc/meminfo
}

insmod /lib/modules-host/mkt_peer.ko
peer=/sys/module/mkt_peer/parameters
mkctl run cut --cpus 2-3 --memory 128M --kernel "/kernels/$rel/vmlinuz" \
	--initrd "/kernels/$rel/initrd" --initrd "/kernels/$rel/modules.cpio" \
	--cmdline "mk.insmod=mkt_peer mk.params=again=0_stream_60000_5000"
round=0
bad=0
while [ $round -lt "$rounds" ]; do
	round=$((round + 1))
	until=$(($(date +%s) + 90))
	until up; do
		[ "$(date +%s)" -lt $until ] ||
			{ not_ok "round $round: the agent comes up"; break 2; }
		usleep 100000
	done
	# We send to it, it sends to us; a call is under way, too.
	(echo "1 stream 30000 3000" >$peer/run) &
	sender=$!
	mkctl ping cut -c 0 -i 0 >/dev/null 2>&1 &
	pinger=$!
	usleep $(($(od -An -N2 -tu2 /dev/urandom) * 20))
	mkctl kill cut || { not_ok "round $round: kill"; break; }
	wait $sender || true
	kill $pinger 2>/dev/null || true
	wait $pinger || true
	case $(cat $peer/sink) in
	*"bad=0") ;;
	*)
		bad=$((bad + 1))
		echo "# round $round: $(cat $peer/sink)"
		;;
	esac
	[ $round != 2 ] || before=$(mem MemFree)
	mkctl start cut || { not_ok "round $round: start"; break; }
done
equal "$rounds kills in the middle of sends" "$rounds" "$round"
equal "nothing torn was ever delivered" 0 $bad
after=$(mem MemFree)
echo "# MemFree after round 2: $before kB, at the end: $after kB"
check "memory is flat" test $((before - after)) -lt 16384
check "delete" mkctl delete cut --force
check "our module can go" rmmod mkt_peer
check "ledger" mkctl fsck
