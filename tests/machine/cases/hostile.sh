# SPDX-License-Identifier: GPL-2.0-only
# A spawn that means harm to the channel, and agents that speak otherwise.
#
# machine: --host 6.1 --have 6.12
# machine: --x2apic --host 7.2 --have 6.1-rt --set FEW=1

. /lib/verdict.sh

rel=${MK_HAVE##* }
id=0

agent_is()
{
	mkctl show evil --json | sed -n '/"agent": *{/,/}/p' |
		grep -q "\"state\": *\"$1\""
}

# run CMDLINE AGENT: a spawn whose agent gets to that state.
run()
{
	id=$((id + 1))
	check "$1: run" mkctl run evil --cpus 3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" --cmdline "$1"
	come_up "$1: its init runs" evil "spawn tick" 90
	eventually "$1: the agent is $2" 30 agent_is "$2"
}

over()
{
	mkctl log evil | grep -q "mkt_hostile: $1 is over"
}

json()
{
	mkctl show evil --json | sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",]*\).*/\1/p" |
		head -n 1
}

# host_is_well TEXT: it still does its own work, on every CPU, and reports.
host_is_well()
{
	for cpu in 0 1 2; do
		taskset $((1 << cpu)) sha256sum /bin/busybox >/dev/null ||
			not_ok "$1: CPU $cpu works"
	done
	check "$1: show" mkctl show evil
	check "$1: show --json" mkctl show evil --json
	check "$1: list" mkctl list
}

gone()
{
	check "$1: delete" mkctl delete evil --force
	check "$1: ledger" mkctl fsck
}

insmod /lib/modules-host/mkt_peer.ko
peer=/sys/module/mkt_peer/parameters

ask()
{
	echo "$@" >$peer/run && cat $peer/result
}

for what in words scribble; do
	run "mk.insmod=mkt_peer:mkt_hostile mk.params=what=$what,after_ms=4000,ms=6000" up
	# Traffic both ways while it scribbles; what comes of it is its affair.
	for n in 1 2 3 4 5 6 7 8 9 10; do
		ask $id calls 20 1000 >/dev/null || true
		ask $id stream 300 20000 >/dev/null || true
		mkctl show evil >/dev/null || not_ok "$what: show"
		mkctl list >/dev/null || not_ok "$what: list"
	done
	eventually "$what: it is done" 60 over $what
	host_is_well "$what"
	echo "# afterwards: $(json state), agent $(mkctl show evil | grep '^agent')"
	gone "$what"
done

run "mk.insmod=mkt_hostile mk.params=what=stale,after_ms=4000,ms=6000" up
come_up "stale: it publishes" evil "mkt_hostile: stale begins" 30
sleep 2
host_is_well stale
eventually "stale: it is done" 60 over stale
check "stale: left aside and counted" test "$(json stale)" -ge 100000
equal "stale: nothing of it was taken for a message" 0 "$(json unowned)"
gone stale

run "mk.insmod=mkt_hostile mk.params=what=header,after_ms=3000" up
eventually "header: the channel is broken" 30 agent_is broken
refuse "header: and not used any more" "[13]" . mkctl ping evil -c 1 --timeout 1
check "header: an orderly stop works all the same" mkctl stop evil --timeout 60
gone header

run "mk.insmod=mkt_hostile mk.params=what=hello,after_ms=3000" up
eventually "hello: it is done" 30 over hello
check "hello: refused" sh -c \
	'mkctl log evil | grep -q "mkt_hostile: hello: outcome 1 error -22"'
check "hello: the true agent is still up" mkctl ping evil -c 3 -i 0
gone hello

# The doorbell: a spawn with a bug is told to stop, and does.
burn()
{
	taskset 1 sh -c "echo '0 burn 2000' >$peer/run"
	sed -n 's/rounds=//p' $peer/result
}
run "mk.insmod=mkt_hostile mk.params=what=buggy,after_ms=4000,ms=10000" up
echo 0 >/proc/irq/$(sed -n 's/^ *\([0-9]*\):.*multikernel-evil.*/\1/p' \
	/proc/interrupts)/smp_affinity_list
quiet=$(burn)
come_up "buggy: it rings" evil "mkt_hostile: buggy begins" 30
sleep 1
loud=$(burn)
echo "# rounds of the host's CPU: $quiet quiet, $loud while it rings"
check "buggy: the doorbell was withdrawn" test "$(json doorbells_masked)" -ge 1
eventually "buggy: it is done" 60 over buggy
equal "buggy: it runs on" running "$(json state)"
sleep 2
check "buggy: and can be talked to again" mkctl ping evil -c 3 -i 0
echo "# $(mkctl show evil | grep doorbells)"
host_is_well buggy
gone buggy

# One that rings on whatever it is told is ended.
run "mk.insmod=mkt_hostile mk.params=what=flood,after_ms=4000,ms=20000" up
come_up "flood: it rings" evil "mkt_hostile: flood begins" 30
check "flood: ended" mkctl wait evil --state crashed --timeout 30
equal "flood: the cause is told" flood "$(json cause)"
host_is_well flood
check "flood: it can be started again" mkctl start evil
check "flood: and is ended again" mkctl wait evil --state crashed --timeout 60
gone flood

if [ -z "${FEW:-}" ]; then
	# Told to bear it, the host goes on all the same.
	echo 0 >/sys/module/multikernel/parameters/flood_stop
	run "mk.insmod=mkt_hostile mk.params=what=flood,after_ms=4000,ms=10000" up
	come_up "borne: it rings" evil "mkt_hostile: flood begins" 30
	loud=$(burn)
	echo "# rounds of the host's CPU: $quiet quiet, $loud under a flood"
	eventually "borne: it is done" 90 over flood
	equal "borne: it runs on" running "$(json state)"
	host_is_well borne
	gone borne
	echo 1 >/sys/module/multikernel/parameters/flood_stop

	# Other revisions and features.
	echo 99 >/sys/module/multikernel/parameters/handoff_revision
	run "mk.revision" refused
	check "revision: the spawn says so" sh -c \
		'mkctl log evil | grep -q "revision 99, this agent knows"'
	check "revision: and so does show" sh -c \
		'mkctl show evil | grep -qi "revision"'
	refuse "revision: no orderly stop" 1 "agent" mkctl stop evil
	gone revision
	echo 2 >/sys/module/multikernel/parameters/handoff_revision
	# Bits that nobody knows are left alone; bits that miss are done without.
	echo 18446744073709551615 >/sys/module/multikernel/parameters/handoff_features
	run "mk.features=all" up
	check "features: what is not known is not accepted" mkctl ping evil -c 2 -i 0
	gone features
	echo 4 >/sys/module/multikernel/parameters/handoff_features
	run "mk.features=none" ready
	refuse "features: no channel was offered" 1 . mkctl ping evil -c 1
	gone features
	echo 7 >/sys/module/multikernel/parameters/handoff_features
fi
check "our module can go" rmmod mkt_peer
