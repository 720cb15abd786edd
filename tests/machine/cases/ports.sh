# SPDX-License-Identifier: GPL-2.0-only
# The agent's commands and every way to use a port wrongly, see ../ports.c.
#
# machine: --host 7.2 --have 6.1 --with build/tests/machine/ports

. /lib/verdict.sh

up()
{
	mkctl show live --json | sed -n '/"agent": *{/,/}/p' |
		grep -q '"state": *"up"'
}

rel=${MK_HAVE##* }
check "run" mkctl run live --cpus 2 --memory 256M \
	--kernel "/kernels/$rel/vmlinuz" --initrd "/kernels/$rel/initrd" \
	--cmdline "mk.show mk.serve mk.sink=1000000000"
come_up "its echo is ready" live "spawn serve ready" 90
come_up "its sink is ready" live "spawn sink ready" 90
eventually "its agent is up" 60 up
check "its device knows but ports" sh -c \
	'mkctl log live | grep -q "spawn shows commands unknown 15/15"'
ports 3 live || not_ok "some port did not do as it should"
check "ledger" mkctl fsck
