# SPDX-License-Identifier: GPL-2.0-only
# Verdicts of a test that runs in a machine; cases begin with
#
#	. /lib/verdict.sh
#
# Each verdict is a line "ok - TEXT", "not ok - TEXT" or "skip - TEXT", which
# scripts/test counts. A case ends with status 1 if one of them was not ok.

verdict_failures=0

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

# refuse TEXT STATUS REGEX COMMAND...: ok if the command ends with STATUS and
# says something that matches the extended regular expression.
refuse()
{
	verdict_text=$1
	verdict_wanted=$2
	verdict_regex=$3
	shift 3
	verdict_status=0
	"$@" >/tmp/verdict 2>&1 || verdict_status=$?
	if echo "$verdict_status" | grep -qx -e "$verdict_wanted" &&
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
