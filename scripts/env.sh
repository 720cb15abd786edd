# SPDX-License-Identifier: GPL-2.0-only
# Where things are, and the few functions that every script here needs.
# Sourced, after the script has set "here" to its own folder.

MK_TREE=$(cd "$here/.." && pwd)
MK_BUILD=$MK_TREE/build
MK_CACHE=${MK_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/multikernel}
MK_SCRIPTS=$MK_TREE/scripts
MK_MACHINE=$MK_TREE/tests/machine
export MK_CACHE

PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# note TEXT: a line about what is going on, for a person.
note()
{
	printf '%s\n' "$*" >&2
}

# die TEXT: give up, saying why.
die()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# as_root COMMAND...: run it as root, through sudo if need be.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "root or sudo is needed to run: $*"
	fi
}

# have COMMAND: is there such a command?
have()
{
	command -v "$1" >/dev/null 2>&1
}

# usage_of FILE: the comment at the head of FILE, as its --help.
usage_of()
{
	sed -n '3,/^[^#]/{ /^#/!d; s/^# \{0,1\}//; p; }' "$1"
}

# seconds: a clock that nobody sets.
seconds()
{
	cut -d. -f1 /proc/uptime
}
