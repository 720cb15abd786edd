# SPDX-License-Identifier: GPL-2.0-only
# What follows the end of a spawn: restarts and how many, dumps, the watchdog;
# the supervisor killed meanwhile; and what the user ends, which stays so.
#
# A part alone, of those at the end: --set PARTS=crashes
#
# machine: --devices --host 6.1 --have 6.12 --file systemd --timeout 900

. /lib/verdict.sh
. /lib/devices.sh

# box CMDLINE OPTION...: run a spawn on CPU 2.
box()
{
	box_words=$1
	shift
	mkctl run box --cpus 2 --memory 256M --kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" \
		--initrd "/kernels/$rel/modules.cpio" \
		--cmdline "$box_words" "$@"
}

# is KEY VALUE: what "mkctl show" has under that key.
is()
{
	[ "$(json box "$1")" = "$2" ]
}

# over: nothing is left to be done, and it does not run. Twice: between an end
# and what the supervisor decides is a moment.
rests()
{
	is pending none && ! is state running
}

over()
{
	rests && usleep 1000000 && rests
}

# logged TEXT: does the supervisor's log have it?
logged()
{
	grep -qF -e "$1" /run/multikernel/box/log
}

# serves: is there a supervisor?
serves()
{
	[ -n "$(supervisor box)" ]
}

the_log()
{
	if [ "$verdict_failures" != 0 ]; then
		detail /run/multikernel/box/log
	fi
}

# Reboots, each after a short life: with pauses, and not for ever.
reboots()
{
	check "reboots: run" box mk.do=reboot --restart-max 1
	eventually "reboots: the first is answered" 60 is generation 2
	eventually "reboots: the second is one too many" 60 over
	equal "reboots: it rests" "stopped reboot" "$(json box state) $(json box cause)"
	equal "reboots: one restart" 1 "$(json box restarts)"
	check "reboots: show says why" sh -c \
		'mkctl show box | grep -q "not started again: .*--restart-max"'
	check "reboots: the first pause" logged "starts again in 1 s (1 in a row)"
	the_log
	# The user's start begins a new row.
	check "reboots: start" mkctl start box --on-reboot stop
	eventually "reboots: it ends" 60 over
	equal "reboots: as was said then" 3 "$(json box generation)"
	equal "reboots: none in a row" 0 "$(json box restarts_in_row)"
	check "delete" mkctl delete box
	eventually "nothing is left" 10 test ! -e /run/multikernel/box
}

# Crashes, with a supervisor that is killed in between.
crashes()
{
	dumps=0
	mkctl dump --help >/dev/null 2>&1 && dumps=1
	check "crashes: run" box mk.do=panic --on-crash dump,restart --restart-max 3 \
		--dump-dir /tmp/dumps --dump-keep 2
	eventually "crashes: the first is answered" 90 is generation 2
	kill_supervisor box
	check "crashes: the second is seen by nobody" mkctl wait box --state crashed \
		--timeout 60
	check "crashes: another supervisor" mkctl serve box
	eventually "crashes: it answers the second" 60 is generation 3
	eventually "crashes: the third waits" 60 is pending restart
	kill_supervisor box
	# The third life, unless it took us longer to kill than the pause is.
	life=$(json box generation)
	usleep 6000000
	equal "crashes: nobody is there to start it" "crashed $life" \
		"$(json box state) $(json box generation)"
	check "crashes: show says so" sh -c \
		'mkctl show box | grep -q "supervisor *none"'
	check "crashes: and another" mkctl serve box
	eventually "crashes: it answers the third" 60 is generation 4
	eventually "crashes: the fourth is the last" 90 over
	equal "crashes: it rests" "crashed panic" "$(json box state) $(json box cause)"
	equal "crashes: three restarts" 3 "$(json box restarts)"
	check "crashes: the pauses grow" logged "starts again in 4 s (3 in a row)"
	if [ $dumps = 1 ]; then
		equal "crashes: the newest two dumps" 2 \
			"$(find /tmp/dumps -name 'box-*.vmcore' | wc -l)"
		check "crashes: they are" logged "the dump is complete: "
		equal "crashes: nothing else is there" 2 \
			"$(find /tmp/dumps -type f | wc -l)"
	else
		check "crashes: no dump, and a restart all the same" logged \
			"no dump: mkctl dump ended with status 2"
	fi
	the_log
	rm -rf /tmp/dumps
	# A restart that waits is called off.
	check "crashes: start" mkctl start box --on-crash restart
	eventually "crashes: a restart waits" 60 is pending restart
	check "crashes: kill calls it off" mkctl kill box
	equal "crashes: nothing waits" none "$(json box pending)"
	refuse "crashes: nothing to kill then" 1 . mkctl kill box
	usleep 2000000
	equal "crashes: it rests" "crashed 5" "$(json box state) $(json box generation)"
	check "delete" mkctl delete box
}

# What the user ends stays so.
user()
{
	check "user: run" box "" --on-crash restart --on-poweroff restart --wait 60
	check "user: kill" mkctl kill box
	usleep 2000000
	equal "user: it rests" "stopped killed" "$(json box state) $(json box cause)"
	check "user: start" mkctl start box
	come_up "user: up" box "spawn tick" 60
	check "user: stop" mkctl stop box
	usleep 2000000
	equal "user: it rests, too" "stopped poweroff" \
		"$(json box state) $(json box cause)"
	equal "user: nothing was restarted" 0 "$(json box restarts)"
	check "delete" mkctl delete box
}

# A hang: of one that had been up, and of one that does not get there.
hangs()
{
	check "hang: run" box \
		"mk.insmod=mkt_hostile mk.params=what=lockup,ms=0,after_ms=3000" \
		--watchdog 3,boot=60 --on-crash restart --restart-max 1
	eventually "hang: it is given up, and started again" 90 is generation 2
	eventually "hang: once" 90 over
	equal "hang: it rests" "crashed hung" "$(json box state) $(json box cause)"
	check "hang: the log says how long" logged "has not beaten for "
	the_log
	check "hang: a new watchdog" mkctl serve box --watchdog 60,boot=2
	# One that never beats, however fast it boots.
	check "hang: without an agent" mkctl load box --no-agent \
		--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd"
	check "hang: start" mkctl start box --on-crash stop
	eventually "hang: it had not the time to boot" 30 over
	equal "hang: it rests" "crashed hung" "$(json box state) $(json box cause)"
	check "hang: the log says so" logged "has not beaten in "
	the_log
	check "delete" mkctl delete box
}

# Supervisors of the same name, one after the other.
names()
{
	failures=$verdict_failures
	for each in 1 2 3 4 5; do
		box "" --console --on-crash restart >/tmp/quick 2>&1 ||
			not_ok "quick: run $each"
		detail /tmp/quick
		mkctl delete box --force >/tmp/quick 2>&1 ||
			not_ok "quick: delete $each"
		detail /tmp/quick
	done
	[ "$failures" != "$verdict_failures" ] || ok "five lives of one name"
	# What a supervisor left, and nobody can read: no reason to forget it.
	check "names: run" box "" --on-crash restart
	kill_supervisor box
	echo spoilt >/run/multikernel/box/state
	refuse "names: a state file that cannot be read" 1 "--replace" \
		mkctl start box
	check "names: is no reason not to delete" mkctl delete box --force
	check "names: and goes with it" test ! -e /run/multikernel/box
}

# The lines of the systemd unit, as systemd would run them.
unit()
{
	mkdir -p /usr/local/sbin
	ln -sf "$(command -v mkctl)" /usr/local/sbin/mkctl
	unit=/files/systemd/multikernel@.service
	start_line=$(sed -n 's/^ExecStart=//p' $unit)
	check "unit: has one command" test "$(echo "$start_line" | wc -l)" = 1
	check "unit: create" mkctl create box --cpus 2 --memory 256M
	check "unit: load" mkctl load box --kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" --cmdline mk.do=panic
	MK_DEVICES="--console --on-crash restart --restart-max 1"
	export MK_DEVICES
	eval "exec_line=\"$(echo "$start_line" | sed 's/%i/box/g')\""
	$exec_line 2>/tmp/unit.log &
	unit_pid=$!
	eventually "unit: it serves" 20 serves
	check "unit: start" mkctl start box
	eventually "unit: a crash is answered" 90 is generation 2
	kill -TERM $unit_pid
	unit_status=0
	wait $unit_pid || unit_status=$?
	equal "unit: it ends in order when it is stopped" 0 $unit_status
	$exec_line 2>>/tmp/unit.log &
	unit_pid=$!
	eventually "unit: and comes back" 20 serves
	eventually "unit: the last crash is not answered" 60 over
	check "unit: delete" mkctl delete box
	unit_status=0
	wait $unit_pid || unit_status=$?
	equal "unit: with the instance it ends" 0 $unit_status
	[ "$verdict_failures" = 0 ] || detail /tmp/unit.log
}

for part in ${PARTS:-reboots crashes user hangs names unit}; do
	$part
done
check "ledger" mkctl fsck
