# SPDX-License-Identifier: GPL-2.0-only
# The host's own end beside spawns that run (hazard H13): a kexec is refused and
# says why; a panic enters the crash kernel as on any machine, and the spawns go
# on; without spawns a kexec works.  The last verdicts are the next kernel's:
# where it does not come up there are none, and the run fails.
#
# machine: --host 6.1 --have 6.12 --append crashkernel=256M --with kexec --with build/tests/machine/reports --with build/tests/machine/vmcore --next-kernel --set END=panic
# machine: --host 7.2 --have 6.1 --append crashkernel=256M --with kexec --with build/tests/machine/reports --with build/tests/machine/vmcore --next-kernel --set END=panic
# machine: --host 6.12 --have 7.2 --with kexec --with build/tests/machine/reports --next-kernel --set END=kexec

. /lib/verdict.sh

rel=${MK_HAVE##* }
handoff=

# next_kernel SCRIPT: /tmp/next, the file system of a machine that runs it.
next_kernel()
{
	rm -rf /tmp/root
	mkdir -p /tmp/root/bin /tmp/root/lib
	cp -a /bin/* /tmp/root/bin/
	rm -f /tmp/root/bin/mkctl /tmp/root/bin/mkbench /tmp/root/bin/kexec
	cp /init /tmp/root/init
	cp /lib/verdict.sh /tmp/root/lib/
	cat >/tmp/root/script
	(cd /tmp/root && find . | cpio -o -H newc) >/tmp/next 2>/dev/null
}

# words: the command line of this kernel, for the next one.
words()
{
	sed 's/ *crashkernel=[^ ]*//' /proc/cmdline
}

state_of()
{
	mkctl show "$1" --json | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' |
		head -n 1
}

up()
{
	mkctl show "$1" --json |
		sed -n '/"agent": *{/,/}/s/.*"state": *"\([a-z]*\)".*/\1/p' |
		grep -q '^up$'
}

# --- two spawns, one of which is busy
check "run a" mkctl run a --cpus 2 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd"
check "run b" mkctl run b --cpus 3 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd" \
	--cmdline mk.load=cpu,timer
eventually "the agent of a is up" 90 up a
eventually "the agent of b is up" 90 up b

# --- a kexec is refused
next_kernel <<'NEXT'
. /lib/verdict.sh
check "the next kernel has the words for it" grep -q mk.next /proc/cmdline
equal "and all CPUs" 4 "$(nproc)"
NEXT
check "the next kernel is loaded" kexec -s -l "/kernels/$MK_HOST/vmlinuz" \
	--initrd=/tmp/next --command-line="$(words) mk.next"
refuse "a kexec is refused" "[1-9][0-9]*" "busy" kexec -e
refuse "and again" "[1-9][0-9]*" "busy" kexec -e
check "the log says why" sh -c \
	'dmesg | grep -q "kexec refused: 2 spawns run"'
equal "two events say so" 2 "$(reports events | grep -c '^kexec refused')"
equal "a runs" running "$(state_of a)"
equal "b runs" running "$(state_of b)"
check "a answers" mkctl ping a
check "b answers" mkctl ping b
check "ledger" mkctl fsck

if [ "$END" = panic ]; then
	check "the loaded kernel can be dropped" kexec -u
	handoff=$(mkctl show a | sed -n 's/.*hand-off[^0]*\(0x[0-9a-f]*\).*/\1/p')
	check "where the hand-off page of a is" test -n "$handoff"
	next_kernel <<'NEXT'
. /lib/verdict.sh
word()
{
	sed -n "s/.*$1=\([^ ]*\).*/\1/p" /proc/cmdline
}
equal "the crash kernel has one CPU" 1 "$(nproc)"
vmcore release "$(word mk.release)" || verdict_failures=1
vmcore beats "$(word mk.handoff)" 5 || verdict_failures=1
NEXT
	check "the crash kernel is loaded" kexec -s -p \
		"/kernels/$MK_HOST/vmlinuz" --initrd=/tmp/next \
		--command-line="$(words) nr_cpus=1 reset_devices irqpoll \
mk.release=$(uname -r) mk.handoff=$handoff"
	equal "it is armed" 1 "$(cat /sys/kernel/kexec_crash_loaded)"
else
	check "stop a" mkctl kill a
	refuse "it is refused for one spawn as well" "[1-9][0-9]*" "busy" \
		kexec -e
	check "stop b" mkctl kill b
	check "delete a" mkctl delete a
	# b keeps its parked CPU, which the next kernel starts like any other
fi
[ $verdict_failures = 0 ] || exit 1
echo "<1>machine: the next kernel is wanted" >/dev/kmsg
case $END in
panic) echo c >/proc/sysrq-trigger ;;
kexec) kexec -e ;;
esac
not_ok "this kernel goes on"
