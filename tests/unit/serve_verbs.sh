#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# serve, device and console: what is wrong on any machine, and where there is
# no supervisor and no module.
set -u

. tests/unit/verdicts

# want STATUS TEXT ARGUMENT...: the status, and TEXT on stderr.
want() {
	status=$1 text=$2
	shift 2
	"$mkctl" --sysroot "$dir" "$@" >/dev/null 2>"$dir/err" </dev/null
	have=$?
	if [ $have -ne "$status" ] || ! grep -qF -- "$text" "$dir/err"; then
		echo "# mkctl $*: exit $have, not $status with '$text':" \
			"$(cat "$dir/err")"
		bad=1
	fi
}

want 2 "name is missing" serve
want 2 "too many arguments" serve web other
want 2 "--console twice" serve web --console --console
want 2 "--rng twice" serve web --rng --rng
want 2 "needs a value" serve web --disk
want 2 "--vsock: " serve web --vsock 2
want 2 "--net: " serve web --net =
want 2 "--share: " serve web --share nothing
want 2 "--on-crash: 'reboot'" serve web --on-crash reboot
want 2 "--on-poweroff: 'dump'" serve web --on-poweroff dump
want 2 "--on-reboot: ''" serve web --on-reboot ""
want 2 "--restart-max: '-1'" serve web --restart-max -1
want 2 "--watchdog: '1'" serve web --watchdog 1
want 2 "--dump-dir: 'here'" serve web --dump-dir here
want 2 "--dump-keep: '0'" serve web --dump-keep 0
want 1 "module is not loaded" serve web --replace
want 1 "module is not loaded" serve web --on-crash dump,restart --restart-max 3
want 1 "module is not loaded" start web --watchdog 2.5,boot=60 --foreground
want 2 "/" serve ../web --rng
want 1 "module is not loaded" serve web --rng
want 1 "module is not loaded" serve web --rng --foreground
verdict "serve"

want 2 "name is missing" device
want 2 "neither add nor remove" device web drop
want 2 "mkctl device web add" device web --rng
want 2 "which device" device web add
want 2 "too many arguments" device web add 3 --rng
want 2 "number is missing" device web remove
want 2 "not a number from 0 to 63" device web remove 64
want 2 "not a number" device web remove -- -1
want 2 "by its number" device web remove 1 --rng
want 2 "--json is for the list" device web remove 1 --json
want 1 "mkctl serve web starts one" device web
want 1 "mkctl serve web starts one" device web add --rng
want 1 "mkctl serve web starts one" device web remove 1
verdict "device"

want 2 "name is missing" console
want 2 "is not a key" console web --escape ab
want 2 "is not a key" console web --escape "^ "
want 2 "is not a key" console web --escape ""
want 2 "number of seconds" console web --timeout x
want 1 "mkctl serve web starts one" console web
verdict "console"

# The unit names our program by its place; here it is another.
unit=$dir/multikernel@.service
program=$(command -v "$mkctl") || program=
case $program in
/*) ;;
*) program=$PWD/$program ;;
esac
if command -v systemd-analyze >/dev/null; then
	sed "s|/usr/local/sbin/mkctl|$program|" systemd/multikernel@.service \
		>"$unit"
	if ! systemd-analyze verify --man=no "$dir/multikernel@web.service" \
		>"$dir/out" 2>&1 || grep -q "multikernel@" "$dir/out"; then
		sed 's/^/# /' "$dir/out"
		bad=1
	fi
	verdict "systemd unit"
else
	echo "skip - systemd unit: there is no systemd-analyze"
fi

# A name that is too deep for a socket's address.
long=$dir/$(printf '%0120d' 0)
if "$mkctl" --sysroot "$long" device web 2>"$dir/err"; then
	bad=1
fi
grep -q "too long" "$dir/err" || bad=1
verdict "a path that is too long"

[ "$failed" -eq 0 ]
