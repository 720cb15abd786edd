# SPDX-License-Identifier: GPL-2.0-only
# Events, and reports of CPUs by NMI: idle, hung with interrupts off, panicked.
#
# machine: --host 6.1 --have 6.12 --have 7.2 --with build/tests/machine/reports
# machine: --host 7.2 --have 6.1-rt --with build/tests/machine/reports

. /lib/verdict.sh

# up NAME: its agent said hello.
up()
{
	mkctl show "$1" --json |
		sed -n '/"agent": *{/,/}/s/.*"state": *"\([a-z]*\)".*/\1/p' |
		grep -q '^up$'
}

run()
{
	name=$1
	rel=$2
	shift 2
	mkctl run "$name" --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" "$@"
}

cause_is()
{
	[ "$(mkctl show "$1" --json | sed -n 's/.*"cause": *"\([a-z-]*\)".*/\1/p' |
		head -n 1)" = "$2" ]
}

asked()
{
	reports ask "$1" "$2" >/tmp/report
	cat /tmp/report
	grep -q 'error 0 status 1' /tmp/report
}

reports 3 || not_ok "events or their refusals"

for rel in /kernels/*; do
	rel=${rel##*/}

	run still "$rel" || not_ok "$rel: run"
	eventually "$rel: its agent is up" 60 up still
	for cpu in 0 1; do
		check "$rel: idle CPU $cpu answers" asked still $cpu
		check "$rel: from its idle loop" grep -qE \
			'idle|mwait|halt|hlt|cpu_startup|secondary' /tmp/report
	done
	check "$rel: no NMI was odd" sh -c \
		"! mkctl log still | grep -qi 'unknown reason\\|Dazed'"
	check "$rel: it lives" up still
	check "$rel: it is given up" reports hung still
	check "$rel: as hung" cause_is still hung
	check "$rel: where it was is known" sh -c \
		'reports last still 1 | grep -q "status 2 cpu 1"'
	check "$rel: and deleted" mkctl delete still

	run locked "$rel" --cmdline "mk.insmod=mkt_hostile mk.params=what=lockup,after_ms=3000" ||
		not_ok "$rel: run"
	come_up "$rel: all its CPUs hang" locked "mkt_hostile: lockup" 60
	sleep 1
	for cpu in 0 1; do
		check "$rel: hung CPU $cpu answers" asked locked $cpu
		check "$rel: from where it hangs" grep -q mkt_hostile /tmp/report
	done
	check "$rel: killed and deleted" mkctl delete locked --force

	run panics "$rel" --cmdline "mk.do=panic" || not_ok "$rel: run"
	eventually "$rel: it panics" 60 cause_is panics panic
	reports last panics 0 >/tmp/report
	reports last panics 1 >>/tmp/report
	check "$rel: the CPU that did says where" grep -q panic /tmp/report
	check "$rel: deleted" mkctl delete panics
done
check "ledger" mkctl fsck
