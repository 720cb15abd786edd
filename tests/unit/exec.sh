#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The command lines of mkctl exec and mkctl cp, as far as they need no spawn.
set -u

. tests/unit/verdicts

# want STATUS TEXT ARGUMENT...: the status, and TEXT in stderr's first line.
want() {
	status=$1 text=$2
	shift 2
	# shellcheck disable=SC2086
	"$mkctl" $machine "$@" >"$dir/out" 2>"$dir/err" </dev/null
	have=$?
	if [ $have -ne "$status" ] ||
		! head -n 1 "$dir/err" | grep '^mkctl: ' | grep -qF -- "$text"
	then
		echo "# mkctl $*: exit $have, not $status: $(cat "$dir/err")"
		bad=1
	fi
}

for verb in exec cp; do
	for words in "$verb --help" "help $verb" "$verb -h"; do
		# shellcheck disable=SC2086
		"$mkctl" $words >"$dir/out" 2>"$dir/err" || bad=1
		grep -q "^Usage: mkctl $verb " "$dir/out" || bad=1
		grep -q '^Example' "$dir/out" || bad=1
		[ ! -s "$dir/err" ] || bad=1
	done
	want 2 "no such option '--bogus'" $verb --bogus
	want 2 "no such option '-x'" $verb -x
done
verdict help

want 2 "the instance's name is missing" exec
want 2 'the command is missing' exec web
want 2 'the command is missing' exec web -i -t --
want 2 'the command is empty' exec web -- ''
want 2 'name is empty' exec '' -- id
want 2 "-e: 'A' is not NAME=VALUE" exec web -e A -- id
want 2 "-e: '=A' is not NAME=VALUE" exec web -e =A -- id
want 2 "option '-w' needs a value" exec web -w
want 2 "no such option '-l'" exec web ls -l
want 255 'the module is not loaded' exec web -- ls -l
want 255 'the module is not loaded' exec web -it -e A=B -w / -u 1:2 -- ls -l
want 255 'the module is not loaded' exec web id
want 255 'web: the arguments are too long' \
	exec web -- true "$(head -c 120000 /dev/zero | tr '\0' x)" \
	"$(head -c 120000 /dev/zero | tr '\0' x)" \
	"$(head -c 120000 /dev/zero | tr '\0' x)"
# shellcheck disable=SC2046
want 255 'web: the arguments are too long' exec web -- true $(seq 5000)
verdict exec

want 2 'the source is missing' cp
want 2 'the destination is missing' cp a
want 2 'too many arguments' cp a web:b c
want 2 'one of the two must be NAME:PATH' cp a b
want 2 'one of the two must be NAME:PATH' cp web:a web:b
want 2 'one of the two must be NAME:PATH' cp ./web:a b
want 2 "'web:': the path is missing" cp a web:
want 2 'odd character' cp a 'w eb:b'
want 2 'name is empty' cp a :b
want 2 'too long' cp a abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij:b
want 2 'the path is empty' cp '' web:b
want 2 'the path is empty' cp web:b ''
want 2 '-r and - do not go together' cp -r - web:b
want 2 '-r and - do not go together' cp -r web:b -
want 1 'the module is not loaded' cp a web:b
want 1 'the module is not loaded' cp -r web:a:b c
verdict cp

[ "$failed" -eq 0 ]
