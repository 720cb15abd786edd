# SPDX-License-Identifier: GPL-2.0-only
# The host's own end and sleep while spawns run (hazard H13): it does not sleep
# while there is an instance, and an orderly power-off takes them with it.
#
# machine: --host 6.1 --have 6.12 --poweroff --expect "instance last is stopped with the host"
# machine: --host 7.2 --have 6.1 --poweroff --expect "instance last is stopped with the host"

. /lib/verdict.sh

rel=${MK_HAVE##* }

check "run" mkctl run last --cpus 2-3 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd"
come_up "up" last "spawn up $rel cpus=2" 90
for state in $(cat /sys/power/state); do
	refuse "the host does not go to '$state'" 1 "busy" \
		sh -c "echo $state >/sys/power/state"
done
check "the host says why" sh -c \
	'dmesg | grep -q "cannot sleep while instance last exists"'
check "the spawn goes on" sh -c 'mkctl list | grep -q running'
# The runner powers the host off now, with the spawn running; it fails unless
# the machine goes down in an orderly way, without a splat, and says first that
# it stops the spawn.
