# SPDX-License-Identifier: GPL-2.0-only
# The agent: hello, heartbeat, doorbells that move, orderly stop, ends that are
# announced, programs that exchange messages.
#
# machine: --host 6.1 --have 6.1-rt --have 6.12 --have 7.2 --with xz --with zstd --with lz4
# machine: --host 6.1-rt --have 6.1 --set FEW=1
# machine: --host 7.2 --have 6.12 --have 6.1 --set FEW=1

. /lib/verdict.sh

json()
{
	mkctl show "$1" --json | sed -n "s/.*\"$2\": *\"\{0,1\}\([^\",]*\).*/\1/p" |
		head -n 1
}

agent_is()
{
	[ "$(mkctl show "$1" --json | sed -n '/"agent": *{/,/}/s/.*"state": *"\([a-z]*\)".*/\1/p' |
		head -n 1)" = "$2" ]
}

up()
{
	agent_is "$1" up
}

run()
{
	name=$1
	rel=$2
	shift 2
	mkctl run "$name" --cpus 2-3 --memory 256M \
		--kernel "/kernels/$rel/vmlinuz" \
		--initrd "/kernels/$rel/initrd" "$@"
}

# Its interrupt on this machine, and how often it came on CPU $1.
irq()
{
	sed -n 's/^ *\([0-9]*\):.*multikernel-talk.*/\1/p' /proc/interrupts
}

came_on()
{
	awk -v c=$(($1 + 2)) '/multikernel-talk/ { print $c }' /proc/interrupts
}

beats()
{
	json "$1" heartbeat
}

beats_on()
{
	[ "$(beats "$1")" -gt "$2" ]
}

# messages FILE...: send each to the spawn's echo and compare what comes back.
echo_all()
{
	for file in "$@"; do
		mkctl receive talk --type 0x8001 --timeout 30 --output /tmp/back &
		receiver=$!
		mkctl send talk --type 0x8001 --wait 20 "$file" || return 1
		wait $receiver || return 1
		cmp "$file" /tmp/back || return 1
	done
}

for size in 1 7 8 100 4096 65535 65536; do
	head -c $size /dev/urandom >/tmp/message.$size
done
head -c 65537 /dev/urandom >/tmp/too-long

for rel in ${MK_HAVE#* }; do
	check "$rel: run with a port that echoes" run talk $rel \
		--cmdline "mk.serve mk.show"
	come_up "$rel: its init runs" talk "spawn up $rel cpus=2" 90
	eventually "$rel: the agent says hello" 60 up talk
	equal "$rel: it says its own release" \
		"$(mkctl log talk | sed -n 's/.*Linux version \([^ ]*\) .*/\1/p' |
			head -n 1)" "$(json talk release)"
	equal "$rel: it has both its CPUs" 2 "$(json talk cpus_online)"
	seen=$(beats talk)
	eventually "$rel: its heart beats" 10 beats_on talk "$seen"
	check "$rel: list shows how long ago" sh -c \
		'mkctl list | grep -qE "talk .* [0-2]\.[0-9]s +[0-9]+s"'
	check "$rel: our doorbell has a line of its own" test -n "$(irq)"
	check "$rel: and so has the spawn's" sh -c \
		'mkctl log talk | grep -q "spawn shows .*multikernel-host"'
	# No file in sysfs, no way to bring one up.
	equal "$rel: it has no CPU that was not given" "cpu0 cpu1" \
		"$(echo $(mkctl log talk | sed -n 's/.*spawn shows \(cpu[0-9]*\)$/\1/p'))"
	check "$rel: ping" mkctl ping talk -c 20 -i 0.05
	check "$rel: ping with 64 KiB" mkctl ping talk -c 3 -i 0 -s 65536

	check "$rel: messages of all sizes come back" echo_all \
		/tmp/message.1 /tmp/message.7 /tmp/message.8 /tmp/message.100 \
		/tmp/message.4096 /tmp/message.65535 /tmp/message.65536
	refuse "$rel: one that is too long does not go" 1 "65536" \
		mkctl send talk --type 0x8001 /tmp/too-long
	refuse "$rel: nobody receives this type" 1 "0x9abc" \
		mkctl send talk --type 0x9abc /tmp/message.8

	# Where our doorbell is heard changes under traffic.
	number=$(irq)
	mkctl ping talk -c 100 -i 0.02 >/tmp/ping &
	pinger=$!
	for cpu in 1 0 1; do
		before=$(came_on $cpu)
		echo $cpu >/proc/irq/$number/smp_affinity_list || true
		usleep 500000
		[ "$(came_on $cpu)" -gt "$before" ] ||
			not_ok "$rel: the doorbell is heard on CPU $cpu"
	done
	if wait $pinger; then
		ok "$rel: no ping was lost while the doorbell moved"
	else
		not_ok "$rel: no ping was lost while the doorbell moved"
		detail /tmp/ping
	fi
	echo 1 >/proc/irq/$number/smp_affinity_list || true
	usleep 200000
	mkctl ping talk -c 60 -i 0.02 >/tmp/ping &
	pinger=$!
	usleep 300000
	echo 0 >/sys/devices/system/cpu/cpu1/online
	if wait $pinger; then
		ok "$rel: nor when its CPU went away"
	else
		not_ok "$rel: nor when its CPU went away"
		detail /tmp/ping
	fi
	echo 1 >/sys/devices/system/cpu/cpu1/online

	# Idle: nobody rings, but for our own looking, which needs no doorbell.
	sleep 2
	rung=$(json talk doorbells_rung)
	came=$(json talk doorbells_received)
	sleep 5
	equal "$rel: no doorbell in five idle seconds" "$rung $came" \
		"$(json talk doorbells_rung) $(json talk doorbells_received)"

	check "$rel: stop" mkctl stop talk --timeout 60
	equal "$rel: it powered off" "stopped poweroff" \
		"$(json talk state) $(json talk cause)"
	check "$rel: through its own user space" sh -c \
		'mkctl log talk | grep -q "spawn user space powers off"'
	refuse "$rel: stop finds nothing running" 1 "run" mkctl stop talk
	check "$rel: a second life" mkctl start talk
	come_up "$rel: its init runs again" talk "spawn up $rel cpus=2" 90
	eventually "$rel: its agent is up as well" 30 up talk
	check "$rel: ping in the second life" mkctl ping talk -c 5 -i 0.05
	check "$rel: kill" mkctl kill talk
	refuse "$rel: ping finds nobody" 1 . mkctl ping talk -c 1
	check "$rel: delete" mkctl delete talk
	check "$rel: no interrupt is left" test -z "$(irq)"
done

rel=${MK_HAVE##* }
check "panic: run" run end $rel --cmdline "mk.do=panic"
check "panic: crashed" mkctl wait end --state crashed --timeout 90
check "panic: with its text" sh -c \
	'mkctl show end --json | grep -q "panic\".*sysrq triggered crash"'
check "panic: which show prints" sh -c \
	'mkctl show end | grep -q "sysrq triggered crash"'
check "panic: delete" mkctl delete end

# The agent ends every restart itself, also where EFI cannot (hazard H6).
for end in reboot sysrq-b panic; do
	state=stopped
	cause=reboot
	[ $end != panic ] || { state=crashed; cause=panic; }
	check "$end without EFI: run" run end $rel --allow-hazards \
		--cmdline "mk.do=$end efi=noruntime"
	check "$end without EFI: seen" mkctl wait end --state $state \
		--timeout 90
	equal "$end without EFI: the cause" $cause "$(json end cause)"
	check "$end without EFI: delete" mkctl delete end
done

if [ -z "${FEW:-}" ]; then
	check "no agent: run" run mute $rel --no-agent --cmdline "mk.do=panic"
	come_up "no agent: up" mute "spawn up $rel" 90
	check "no agent: none is shown" agent_is mute none
	refuse "no agent: stop cannot" 1 "agent" mkctl stop mute
	refuse "no agent: ping cannot" 1 . mkctl ping mute -c 1
	check "no agent: its panic is seen all the same" mkctl wait mute \
		--state crashed --timeout 60
	check "no agent: start" mkctl start mute
	check "no agent: stop --kill" mkctl stop mute --kill --timeout 1
	check "no agent: delete" mkctl delete mute
	# A user's initrd compressed in any way, and with something odd behind.
	for pack in gzip bzip2 xz zstd lz4; do
		case $pack in
		xz) command="/bin/xz --check=crc32" ;; # not busybox's
		lz4) command="/bin/lz4 -l" ;;
		*) command=$pack ;;
		esac
		if ! $command -c <"/kernels/$rel/initrd" >/tmp/packed; then
			skip "initrd by $pack: it cannot be made here"
			continue
		fi
		[ $pack != gzip ] || echo "something odd" >>/tmp/packed
		check "initrd by $pack: run" mkctl run packed --cpus 3 \
			--memory 256M --kernel "/kernels/$rel/vmlinuz" \
			--initrd /tmp/packed
		come_up "initrd by $pack: its own init runs" packed \
			"spawn up $rel cpus=1" 90
		eventually "initrd by $pack: the agent is up" 30 up packed
		check "initrd by $pack: delete" mkctl delete packed --force
	done

	# Interrupts off on every CPU: nothing listens, nothing beats.
	check "hang: run" run hung $rel --initrd "/kernels/$rel/modules.cpio" \
		--cmdline "mk.insmod=mkt_hostile mk.params=what=lockup,after_ms=4000"
	come_up "hang: it hangs" hung "mkt_hostile: lockup begins" 90
	sleep 5
	refuse "hang: stop gives up" 3 "still running" mkctl stop hung --timeout 3
	check "hang: its heartbeat is old" sh -c \
		'mkctl list | grep -qE "hung .* [0-9.]+s!"'
	check "hang: stop --kill ends it" mkctl stop hung --timeout 1 --kill
	check "hang: delete" mkctl delete hung

	# Programs: the spawn sends, we receive; then we send faster than it reads.
	check "source: run" run many $rel --cmdline "mk.source=500"
	check "source: receive" mkctl receive many --type 0x8003 --count 500 \
		--timeout 120 --output /tmp/all
	come_up "source: it is done" many "spawn source done 500" 30
	equal "source: all bytes came, in order" \
		"$(mkctl log many | sed -n 's/.*source done 500 fnv=//p')" \
		"$(mkbench --fnv </tmp/all)"
	check "source: delete" mkctl delete many --force
	# Close to twenty seconds: 306 messages, one each 60 ms.
	check "sink: run" run slow $rel --cmdline "mk.sink=60000"
	come_up "sink: it reads" slow "spawn sink ready" 90
	head -c 20000000 /dev/urandom >/tmp/twenty
	before=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
	mkctl send slow --type 0x8002 --wait 30 --split /tmp/twenty &
	sender=$!
	sleep 10
	during=$(sed -n 's/^MemAvailable: *\([0-9]*\).*/\1/p' /proc/meminfo)
	if wait $sender; then
		ok "sink: all was sent"
	else
		not_ok "sink: all was sent"
	fi
	check "sink: the host's memory stays flat" test \
		$((before - during)) -lt 16384
	want=$(mkbench --fnv </tmp/twenty)
	come_up "sink: all arrived, in order" slow \
		"spawn sink 306 bytes=20000000 fnv=$want" 60
	check "sink: delete" mkctl delete slow --force
fi
check "ledger" mkctl fsck
