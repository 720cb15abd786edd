# SPDX-License-Identifier: GPL-2.0-only
# mkctl killed between two of its system calls, for each verb: what is left is
# named, true, and can be gone on with or undone; nothing is left lying about.
# (interrupted.sh kills by the clock, and so inside of system calls.)
#
# machine-long: --devices --host 6.1 --have 6.12 --with build/tests/machine/killat --set FIRST=1
# machine-long: --devices --host 7.2 --have 6.12 --with build/tests/machine/killat --set FIRST=2

# shellcheck disable=SC2086 # words
. /lib/verdict.sh
. /lib/devices.sh

online=$(cat /sys/devices/system/cpu/online)
KERNEL="--kernel /kernels/$rel/vmlinuz --initrd /kernels/$rel/initrd"
BUSYBOX="--kernel /kernels/$rel/vmlinuz --initrd /kernels/busybox.cpio"
DEVICES="--console --net tap=t0 --disk /tmp/disk.img"
PLACE="--cpus 2-3 --memory 256M"

# world: all that a verb could leave behind once no instance is left.
world()
{
	cat /sys/devices/system/cpu/online
	grep -v '^ *MK_ID\|^ *---' /proc/multikernel || true
	mkctl list --json
	# of memory and its owners; the addresses of a driver's may move
	sed 's/^ *//' /proc/iomem | grep -i 'system ram\|multikernel' || true
	find /run /tmp/files /var/tmp | grep -v '^/run/multikernel$' | sort
	ls /sys/class/net | sort
	for each in /proc/[0-9]*; do
		tr '\0' ' ' <"$each/cmdline" 2>/dev/null || true
		echo
	done | grep -E '^(mkctl|/[^ ]*/(mkctl|qemu-storage-daemon|virtiofsd)) ' ||
		true
}

state()
{
	mkctl list --json | sed -n 's/.*"state": *"\([a-z]*\)".*/\1/p' |
		head -n 1
}

# wrong TEXT: one more thing that is not as it should be.
wrong()
{
	echo "# $where: $*"
	[ ! -s /tmp/said ] || detail /tmp/said 10
	right=
}

# look ALLOWED: is what is there one of these states, and does all agree?
look()
{
	mkctl list --json >/tmp/said 2>&1 || wrong "list fails"
	now=$(state)
	now=${now:-none}
	case " $1 " in
	*" $now "*) ;;
	*) wrong "it is $now, not one of $1" ;;
	esac
	mkctl fsck >/tmp/said 2>&1 || wrong "fsck fails"
	status=0
	mkctl show torn >/tmp/said 2>&1 || status=$?
	if [ $now = none ]; then
		[ $status = 1 ] || wrong "show finds what list does not"
		[ "$(cat /sys/devices/system/cpu/online)" = "$online" ] ||
			wrong "CPUs are missing"
		! grep -q torn /proc/multikernel || wrong "proc has it"
	else
		[ $status = 0 ] || wrong "show fails"
		grep -q "^state *$now" /tmp/said || wrong "show has another state"
		grep torn /proc/multikernel | grep -q "$now" ||
			wrong "proc has another state than $now"
		[ "$(cat /sys/devices/system/cpu/online)" = 0-1 ] ||
			wrong "the host has CPUs of its"
	fi
}

# away: undo it all, and nothing is left.
away()
{
	if [ -n "$(state)" ]; then
		mkctl delete torn --force >/tmp/said 2>&1 ||
			wrong "it cannot be deleted"
	fi
	mkctl pmem --json 2>/dev/null | sed -n 's/.*"name": *"\([^"]*\)".*/\1/p' |
		while read -r store; do
			mkctl pmem drop "$store" --discard
		done >/tmp/said 2>&1
	tries=0
	world >/tmp/world.now
	while ! cmp -s /tmp/world /tmp/world.now && [ $tries -lt 30 ]; do
		tries=$((tries + 1))
		usleep 100000
		world >/tmp/world.now
	done
	: >/tmp/said
	cmp -s /tmp/world /tmp/world.now || {
		diff /tmp/world /tmp/world.now >/tmp/said || true
		wrong "something is left behind"
	}
}

# sweep POINTS BEFORE ALLOWED AGAIN COMMAND...: kill it at so many stops; it
# leaves one of the states ALLOWED.  AGAIN: how the same command may end then,
# with the state it leads to: "STATUS STATE".
sweep()
{
	points=$1
	before=$2
	allowed=$3
	again=$4
	shift 4
	where="$*"
	right=1
	$before >/tmp/said 2>&1 || wrong "no start ($before)"
	killat count /dev/multikernel "$@" 3>/tmp/stops >/tmp/said 2>&1 ||
		true
	stops=$(sed 's/ .*//' /tmp/stops)
	[ "${stops:-0}" -gt 3 ] || wrong "has no stops: $(cat /tmp/stops)"
	away
	[ -n "$right" ] || not_ok "$where: a run that is not killed"
	begun=$(date +%s)
	bad=0
	point=0
	while [ $point -lt "$points" ] && [ "${stops:-0}" -gt 3 ]; do
		# from the first to the last, the hosts at different ones
		at=$((FIRST + point * (stops - FIRST) / points))
		point=$((point + 1))
		right=1
		where="$*"
		$before >/tmp/said 2>&1 || wrong "no start ($before)"
		killat $at /dev/multikernel "$@" 3>/tmp/at >/tmp/said 2>&1 ||
			true
		where="$* ($(cat /tmp/at))"
		look "$allowed"
		status=0
		"$@" >/tmp/said 2>&1 </dev/null || status=$?
		ends="$status $(state)"
		[ "$ends" != "$status " ] || ends="$status none"
		echo "$ends" | grep -qxE -e "$again" ||
			wrong "again: it ends with '$ends', not '$again'"
		look ".* $allowed created loaded running stopped none"
		away
		[ -n "$right" ] || bad=$((bad + 1))
	done
	equal "$where: $points of $stops stops in $(($(date +%s) - begun)) s" \
		0 $bad
}

nothing()
{
	true
}

created()
{
	mkctl create torn $PLACE
}

loaded()
{
	created && mkctl load torn $KERNEL
}

running()
{
	mkctl run torn $PLACE $KERNEL --wait 60
}

stopped()
{
	loaded && mkctl start torn && mkctl kill torn
}

with_pmem()
{
	mkctl run torn $PLACE $KERNEL --pmem /tmp/files/data
}

served()
{
	mkctl run torn --cpus 2-3 --memory 384M $BUSYBOX $DEVICES --wait 60
}

mkdir -p /tmp/files
host_modules
truncate -s 8M /tmp/disk.img
truncate -s 4M /tmp/files/data
echo hello >/tmp/hello
check "tap" make_tap t0 10.9.0.1/24
# what is made once and stays
check "a store" with_pmem
check "goes" mkctl delete torn --force
world >/tmp/world

sweep 6 nothing "none created" "[01] created" mkctl create torn $PLACE
sweep 4 created "created loaded" "0 loaded" mkctl load torn $KERNEL
sweep 4 loaded "loaded running" "[01] running" mkctl start torn
sweep 3 stopped "stopped created" "0 created" mkctl unload torn
sweep 4 loaded "none loaded" "[01] none" mkctl delete torn
sweep 6 nothing "none created loaded running" "[01] .*" \
	mkctl run torn $PLACE $KERNEL
sweep 4 nothing "none created loaded running" "[01] .*" \
	mkctl run torn $PLACE $KERNEL --pmem /tmp/files/data
sweep 2 with_pmem running "0 running" mkctl pmem sync
sweep 4 with_pmem "none running stopped" "[01] none" mkctl delete torn --force
sweep 5 nothing "none created loaded running" "[01] .*" \
	mkctl run torn --cpus 2-3 --memory 384M $BUSYBOX $DEVICES
sweep 1 created created "0 created" mkctl show torn
sweep 1 created created "0 created" mkctl list --json
sweep 1 created created "0 created" mkctl fsck

# --- of a spawn that runs, with devices; it stays over all of these
# alive POINTS AFTER AGAIN COMMAND...: kill it at so many stops, and look; done
# again it ends with the status AGAIN; AFTER undoes it.
alive()
{
	points=$1
	after=$2
	again=$3
	shift 3
	where="$*"
	killat count /dev/multikernel "$@" 3>/tmp/stops >/tmp/said 2>&1 ||
		true
	stops=$(sed 's/ .*//' /tmp/stops)
	right=1
	[ "${stops:-0}" -gt 3 ] || wrong "has no stops: $(cat /tmp/stops)"
	$after
	begun=$(date +%s)
	bad=0
	[ -n "$right" ] || bad=1
	point=0
	while [ $point -lt "$points" ] && [ "${stops:-0}" -gt 3 ]; do
		at=$((FIRST + point * (stops - FIRST) / points))
		point=$((point + 1))
		right=1
		killat $at /dev/multikernel "$@" 3>/tmp/at >/tmp/said 2>&1 ||
			true
		where="$* ($(cat /tmp/at))"
		look "running stopped"
		mkctl device torn --json >/tmp/said 2>&1 ||
			wrong "its devices cannot be shown"
		status=0
		"$@" >/tmp/said 2>&1 </dev/null || status=$?
		echo $status | grep -qx -e "$again" ||
			wrong "again: it ends with $status"
		$after
		[ -n "$right" ] || bad=$((bad + 1))
	done
	equal "$where: $points of $stops stops in $(($(date +%s) - begun)) s" \
		0 $bad
}

no_rng()
{
	while n=$(device_number torn rng) && [ -n "$n" ]; do
		mkctl device torn remove "$n" >/tmp/said 2>&1 || {
			wrong "rng cannot be removed"
			return 0
		}
	done
}

has_disk()
{
	tries=0
	until device_is torn disk running || [ $tries -gt 60 ]; do
		tries=$((tries + 1))
		usleep 200000
	done
	device_is torn disk running || wrong "its disk does not run"
}

up_again()
{
	[ "$(state)" = running ] && return
	mkctl start torn --wait 60 >/tmp/said 2>&1 || wrong "no start"
}

check "a spawn with devices" served
eventually "it answers" 60 answers torn
in_spawn torn mkdir -p /tmp/at
alive 2 true 0 mkctl log torn
alive 3 true 0 mkctl ping torn
alive 4 true 0 mkctl exec torn -- true
alive 4 true 0 mkctl cp /tmp/hello torn:/tmp/at/hello
same "what was copied is whole" hello in_spawn torn cat /tmp/at/hello
same "and nothing beside it" hello in_spawn torn ls -A /tmp/at
alive 5 no_rng 0 mkctl device torn add --rng

# The supervisor itself, as it takes over from another that was killed.
bad=0
for at in 3 20 45 80 130 200; do
	right=1
	where="mkctl serve torn, stop $((at + FIRST))"
	kill_supervisor torn
	timeout 5 killat $((at + FIRST)) /dev/multikernel mkctl serve torn \
		--foreground 3>/tmp/at >/tmp/said 2>&1 || true
	look running
	mkctl serve torn >/tmp/said 2>&1 || wrong "it cannot be taken over"
	has_disk
	[ -n "$right" ] || bad=$((bad + 1))
done
equal "supervisors killed at six stops" 0 $bad
check "the disk works" in_spawn torn sh -c \
	'dd if=/dev/zero of=/dev/vda bs=64k count=16 conv=fsync 2>/dev/null'
alive 2 up_again "[01]" mkctl stop torn
where="at the end"
right=1
away
check "nothing is left of it" test -n "$right"
