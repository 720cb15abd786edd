# SPDX-License-Identifier: GPL-2.0-only
# Verdicts of a test that runs in a machine; cases begin with
#
#	. /lib/verdict.sh
#
# Each verdict is a line "ok - TEXT", "not ok - TEXT" or "skip - TEXT", which
# scripts/test counts. A case ends with status 1 if one of them was not ok.

verdict_failures=0
verdict_again=

ok()
{
	echo "ok - $*"
}

not_ok()
{
	echo "not ok - $*"
	verdict_failures=$((verdict_failures + 1))
}

skip()
{
	echo "skip - $*"
}

# detail FILE: show what a command had to say, out of the counter's sight.
detail()
{
	head -n "${2:-40}" "$1" | sed 's/^/# /'
}

# check TEXT COMMAND...: ok if the command succeeds.
check()
{
	verdict_text=$1
	shift
	verdict_status=0
	"$@" >/tmp/verdict 2>&1 || verdict_status=$?
	if [ "$verdict_status" = 0 ]; then
		ok "$verdict_text"
	else
		not_ok "$verdict_text"
		echo "# status $verdict_status: $*"
		detail /tmp/verdict
	fi
}

# refuse TEXT STATUS REGEX COMMAND...: ok if the command ends with STATUS ("1",
# or "1|2" for either) and says something that matches the extended regular
# expression.
refuse()
{
	verdict_text=$1
	verdict_wanted=$2
	verdict_regex=$3
	shift 3
	verdict_status=0
	"$@" >/tmp/verdict 2>&1 || verdict_status=$?
	if echo "$verdict_status" | grep -qxE -e "$verdict_wanted" &&
		grep -qE -e "$verdict_regex" /tmp/verdict; then
		ok "$verdict_text"
	else
		not_ok "$verdict_text"
		echo "# status $verdict_status, not $verdict_wanted with" \
			"'$verdict_regex': $*"
		detail /tmp/verdict
	fi
}

# equal TEXT WANTED FOUND: ok if both are the same.
equal()
{
	if [ "$2" = "$3" ]; then
		ok "$1"
	else
		not_ok "$1"
		echo "# wanted: $2"
		echo "# found:  $3"
	fi
}

# eventually TEXT SECONDS COMMAND...: ok once the command succeeds in time.
eventually()
{
	verdict_text=$1
	verdict_until=$(($(date +%s) + $2))
	shift 2
	while ! "$@" >/tmp/verdict 2>&1; do
		if [ "$(date +%s)" -ge "$verdict_until" ]; then
			not_ok "$verdict_text"
			echo "# never succeeded: $*"
			detail /tmp/verdict
			return
		fi
		usleep 200000
	done
	ok "$verdict_text"
}

# come_up TEXT NAME REGEX SECONDS: ok once the log of spawn NAME has a line
# that matches the extended regular expression.
#
# A spawn that shows no log at all by then is restarted, once a case, saying
# so: a kernel that calibrates its local APIC timer by the TSC gives that timer
# up ("APIC frequency too slow") when its CPU stands still for 0.1 s at the
# wrong moment, as an emulated one does on a busy machine, and then waits for a
# tick for ever (arch/x86/kernel/apic/apic.c:calibrate_APIC_clock). Seen twice
# in about 300 starts, with four machines on two real cores.
come_up()
{
	verdict_text=$1
	verdict_name=$2
	verdict_regex=$3
	verdict_seconds=$4
	verdict_until=$(($(date +%s) + verdict_seconds))
	until mkctl log "$verdict_name" 2>/tmp/verdict |
		grep -qE -e "$verdict_regex"; do
		if [ "$(date +%s)" -lt "$verdict_until" ]; then
			usleep 200000
		elif [ -z "$verdict_again" ] &&
			! mkctl log "$verdict_name" >/dev/null 2>&1; then
			verdict_again=1
			echo "# $verdict_text: no log in $verdict_seconds s," \
				"started once more"
			mkctl kill "$verdict_name" && mkctl start "$verdict_name"
			verdict_until=$(($(date +%s) + verdict_seconds))
		else
			not_ok "$verdict_text"
			mkctl log "$verdict_name" 2>&1 | tail -n 20 >/tmp/verdict
			detail /tmp/verdict
			return
		fi
	done
	ok "$verdict_text"
}

# kmemleak: does a kernel that has it find nothing of ours?
kmemleak()
{
	# what is new is told from the second scan on
	for verdict_scan in 1 2 3; do
		sleep 2
		echo scan >/sys/kernel/debug/kmemleak
	done
	cat /sys/kernel/debug/kmemleak
	! grep -q multikernel /sys/kernel/debug/kmemleak
}

verdict_end()
{
	verdict_status=$?
	if [ "$verdict_status" != 0 ]; then
		echo "not ok - the case ended early (status $verdict_status)"
	elif [ "$verdict_failures" != 0 ]; then
		exit 1
	fi
}
trap verdict_end EXIT
