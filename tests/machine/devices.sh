# SPDX-License-Identifier: GPL-2.0-only
# What cases about devices share; they begin with
#
#	. /lib/verdict.sh
#	. /lib/devices.sh
#
# Programs are in a spawn with /kernels/busybox.cpio: see spawn_busybox.sh.

rel=${MK_HAVE##* }

# The host's ends. busybox's own "ip" knows no tap, and its shell would take
# that one.
host_modules()
{
	for each in tun vhost_net vhost_vsock; do
		modprobe $each || not_ok "modprobe $each"
	done
	ip link set lo up
}

# make_tap NAME ADDRESS/LENGTH [WORD...]: a tap with that address, up.
make_tap()
{
	tap_name=$1
	tap_address=$2
	shift 2
	/bin/ip tuntap add "$tap_name" mode tap "$@" &&
		/bin/ip address add "$tap_address" dev "$tap_name" &&
		/bin/ip link set "$tap_name" up
}

# spawn NAME CMDLINE ARGS...: run busybox on $SPAWN_CPUS, in $SPAWN_MEMORY, with
# what /tmp/case of the host has laid over it (case.sh, for one).
SPAWN_CPUS=2-3
SPAWN_MEMORY=384M
spawn()
{
	spawn_name=$1
	spawn_words=$2
	shift 2
	mkdir -p /tmp/case
	(cd /tmp/case && find . -mindepth 1 | cpio -o -H newc) \
		>/tmp/case.cpio 2>/dev/null
	mkctl run "$spawn_name" --cpus "$SPAWN_CPUS" --memory "$SPAWN_MEMORY" \
		--kernel "/kernels/$rel/vmlinuz" --initrd /kernels/busybox.cpio \
		--initrd /tmp/case.cpio --cmdline "$spawn_words" "$@"
}

# said NAME REGEX: has its kernel log a line that matches?
said()
{
	mkctl log "$1" 2>/dev/null | grep -qE -e "$2"
}

# json NAME KEY: the first value of that key that "mkctl show" has.
json()
{
	mkctl show "$1" --json |
		sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",]*\).*/\1/p" | head -n 1
}

# devices_of NAME: a line "NUMBER KIND STATE ..." for each of its devices.
devices_of()
{
	mkctl device "$1" | grep -E '^ *[0-9]'
}

# device_is NAME KIND STATE: is the first one of that kind in that state?
device_is()
{
	[ "$(devices_of "$1" | awk -v kind="$2" '$2 == kind { print $3; exit }')" = "$3" ]
}

# device_number NAME KIND: of the last one of that kind.
device_number()
{
	devices_of "$1" | awk -v kind="$2" '$2 == kind { n = $1 } END { print n }'
}

# supervisor NAME: its process id; nothing if there is none.
supervisor()
{
	mkctl device "$1" --json 2>/dev/null |
		sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' | head -n 1
}

# kill_supervisor NAME [SIGNAL]: and wait until it is gone; $killed is its id.
kill_supervisor()
{
	killed=$(supervisor "$1")
	if [ -z "$killed" ]; then
		not_ok "$1 has a supervisor"
		return
	fi
	kill "-${2:-9}" "$killed"
	kill_tries=0
	while [ -d "/proc/$killed" ] && [ $kill_tries -lt 100 ]; do
		kill_tries=$((kill_tries + 1))
		usleep 100000
	done
	[ ! -d "/proc/$killed" ] || not_ok "the supervisor of $1 ends"
}

# child NAME: the process ids of daemons of that name.
child()
{
	for each in /proc/[0-9]*; do
		case $(cat "$each/cmdline" 2>/dev/null | tr '\0' ' ') in
		*"/$1 "*) echo "${each#/proc/}" ;;
		esac
	done
}

# in_spawn NAME COMMAND...: through the agent.
in_spawn()
{
	in_name=$1
	shift
	mkctl exec "$in_name" -- "$@"
}

# answers NAME: does a command run in it?
answers()
{
	in_spawn "$1" true
}

# same TEXT WANTED COMMAND...: ok if that is what the command prints.
same()
{
	same_text=$1
	same_wanted=$2
	shift 2
	equal "$same_text" "$same_wanted" "$("$@" 2>&1)"
}

# eight_at_once ADDRESS BYTES: as many connections, and what they bring.
eight_at_once()
{
	eight_pids=
	for each in 1 2 3 4 5 6 7 8; do
		traffic echo "$1" "$2" >/dev/null &
		eight_pids="$eight_pids $!"
	done
	eight_wrong=0
	for each in $eight_pids; do
		wait "$each" || eight_wrong=1
	done
	equal "eight connections at once" 0 $eight_wrong
}
