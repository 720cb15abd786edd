# SPDX-License-Identifier: GPL-2.0-only
# Lines and stores without any device: what MK_IOC_BIND refuses, a spawn that
# scribbles over its lines, one that rings without end. See ../bind.c.
#
# machine: --host 6.1-rt --have 6.1 --with build/tests/machine/bind
# machine: --x2apic --host 7.2 --have 6.1 --with build/tests/machine/bind

. /lib/verdict.sh

rel=${MK_HAVE##* }

up()
{
	mkctl show lines --json | sed -n '/"agent": *{/,/}/p' |
		grep -q '"state": *"up"'
}

# run CMDLINE: a spawn whose agent is up.
run()
{
	check "$1: run" mkctl run lines --cpus 3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" --cmdline "$1"
	come_up "$1: its init runs" lines "spawn tick" 90
	eventually "$1: the agent is up" 30 up
}

json()
{
	mkctl show lines --json |
		sed -n "s/.*\"$1\": *\"\{0,1\}\([^\",]*\).*/\1/p" | head -n 1
}

over()
{
	mkctl log lines | grep -q "mkt_hostile: $1 is over"
}

gone()
{
	check "$1: delete" mkctl delete lines --force
	check "$1: ledger" mkctl fsck
}

run rules
bind rules lines || not_ok "some rule of bindings is not kept"
bind stores lines || not_ok "some rule of stores is not kept"
gone rules

run "mk.insmod=mkt_hostile mk.params=what=lines,after_ms=2000,ms=6000"
come_up "lines: it scribbles" lines "mkt_hostile: lines begins" 30
held=$(bind hold lines 5000)
echo "# $held"
check "lines: the host rang it all the time" \
	test "$(echo "$held" | sed 's/.*calls \([0-9]*\).*/\1/')" -gt 100
eventually "lines: it is done" 60 over lines
for cpu in 0 1 2; do
	check "lines: the host's CPU $cpu works" taskset $((1 << cpu)) \
		sha256sum /bin/busybox
done
equal "lines: it runs on" running "$(json state)"
gone lines

# A line that rings far too often is polled, and a spawn that goes on is ended.
echo 5000 >/sys/module/multikernel_channel/parameters/line_rate
run "mk.insmod=mkt_hostile mk.params=what=lineflood,after_ms=3000,ms=30000"
held=$(bind hold lines 20000)
echo "# $held"
check "flood: the binding is over" sh -c "echo '$held' | grep -q 'over 1'"
check "flood: ended" mkctl wait lines --state crashed --timeout 30
equal "flood: the cause is told" flood "$(json cause)"
gone flood
