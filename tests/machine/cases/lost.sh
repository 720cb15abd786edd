# SPDX-License-Identifier: GPL-2.0-only
# A CPU that does not acknowledge is lost: neither it nor what it could touch is
# ever handed out again, and that is said, not hidden.  A test build's module
# leaves out the SIPI to the APIC id in its parameter silent_apic.
#
# machine: --host 6.1 --have 6.12 --smp 6 --with build/tests/machine/reports
# machine: --host 7.2 --have 6.1 --smp 6 --with build/tests/machine/reports

. /lib/verdict.sh

rel=${MK_HAVE##* }
silent=/sys/module/multikernel/parameters/silent_apic
nobody=65535
: >/tmp/lost

# cpus LIST: they are the host's, online.
host_has()
{
	equal "$1" "$2" "$(cat /sys/devices/system/cpu/online)"
}

ledger()
{
	mkctl fsck 2>&1
}

# event CPU [NAME]: was it told that this CPU is lost?
event()
{
	reports events | grep -q "^lost cpu $1 ${2:-}"
}

# --- silent when it is taken: nothing else is kept
echo 5 >$silent
refuse "a CPU that never parks is not given out" 1 "CPU 5 did not park" \
	mkctl create a --cpus 4-5 --memory 64M
host_has "the other CPU went back" 0-4
refuse "it is not there to be taken again" 1 "CPU 5 is lost" \
	mkctl create a --cpus 5 --memory 64M
refuse "fsck reports it" 1 "CPU 5 \(lost\)" ledger
check "list says so" sh -c 'mkctl list 2>&1 | grep -q "1 CPUs are lost"'
check "/proc/multikernel says so" grep -q "lost until the next boot: 1" \
	/proc/multikernel
check "the kernel log says so" sh -c 'dmesg | grep -q "CPU 5 .*lost"'
check "an event says so" event 5
refuse "the module stays" 1 . rmmod multikernel
echo $nobody >$silent

# --- silent when it is killed: the whole instance is quarantined
check "run" mkctl run b --cpus 2-3 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd"
come_up "up" b "spawn up $rel cpus=2" 90
base=$(mkctl show b --json | sed -n 's/.*"memory_base": *\([0-9]*\).*/\1/p')
echo 3 >$silent
refuse "the outcome of the kill is unknown" 3 "did not acknowledge" \
	mkctl kill b
check "the state is stopped" mkctl wait b --state stopped --timeout 1
check "its log is still readable" sh -c 'mkctl log b | grep -q "spawn up"'
check "list shows it" sh -c 'mkctl list 2>&1 | grep -q "^b .* 2-3! "'
check "list --json names the CPU" sh -c \
	'mkctl list --json | tr -d " \n" | grep -q "\"lost_cpus\":\[3\]"'
check "show names the CPU" sh -c \
	'mkctl show b | grep -q "^lost *CPU 3 did not acknowledge"'
check "/proc/multikernel names the CPU" grep -q "b  *2,3!$" /proc/multikernel
check "the kernel log names it" sh -c 'dmesg | grep -q "CPU 3 did not ack.*lost"'
check "an event names it" event 3 b
refuse "it does not start again" 1 "lost" mkctl start b
refuse "deleting it says what stays behind" 3 "lost" mkctl delete b
host_has "its CPUs stay away from the host" 0-1,4
refuse "fsck reports the CPUs" 1 "CPU 3 \(lost\)" ledger
refuse "and the memory" 1 "emory.*lost|lost.*emory" ledger
refuse "the memory is not given out again" 1 . mkctl create c --cpus 4 \
	--memory 256M --memory-at "$(printf '0x%x' "$base")"
echo $nobody >$silent

# --- the host and other instances go on
check "another instance works" mkctl run d --cpus 4 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd"
come_up "and comes up" d "spawn up $rel cpus=1" 90
check "and goes" mkctl delete d --force
host_has "its CPU is back" 0-1,4
