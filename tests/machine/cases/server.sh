# SPDX-License-Identifier: GPL-2.0-only
# Servers in a spawn: nginx and PostgreSQL as Debian packages them, used from
# the host over vhost-net; and the same system with its root from a folder of
# the host (virtiofs), and from a file in memory (persistent memory).
#
# machine: --devices --memory 6G --host 6.1 --have 6.12 --drive rootfs:server.ext4 --drive rootfs:minimal.erofs --drive rootfs:server.erofs

. /lib/verdict.sh
. /lib/devices.sh

host_modules
modprobe loop
modprobe overlay
modprobe erofs
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr

debian()
{
	name=$1
	shift
	mkctl run "$name" --cpus 2-3 --memory 1G \
		--kernel "/kernels/$rel/vmlinuz" "$@"
}

check "run" debian web --rng --net tap=t0 --vsock 42 --disk /dev/vda \
	--cmdline "root=/dev/vda rootfstype=ext4 rw rootwait mk.ip=10.9.0.2/24 mk.name=web"
come_up "it is up to multi-user.target" web "rootfs up server" 300
eventually "exec answers" 60 answers web

# fetch NAME: one file of its web server.
fetch()
{
	wget -q -O /tmp/fetched "http://10.9.0.2/$1"
}
eventually "nginx serves" 60 fetch ""
check "its page" grep -qi "welcome to nginx" /tmp/fetched
check "a file of 1 MB" fetch 1m
equal "whole" 1048576 "$(tr -cd a </tmp/fetched | wc -c)"
check "100 pages" sh -c 'for n in $(seq 100); do
	wget -q -O /dev/null http://10.9.0.2/ || exit 1; done'

# The host's client is that of the same Debian, from its image.
psql_ready()
{
	in_spawn web su postgres -c "psql -qc 'select 1'" >/dev/null 2>&1
}
eventually "PostgreSQL is up" 120 psql_ready
check "a database" in_spawn web su postgres -c "createdb bench"
# The host's client is that of the same Debian, from its image.
mkdir -p /mnt/client
check "the client" mount -t erofs -o ro /dev/vdc /mnt/client
pgbench()
{
	chroot /mnt/client /usr/lib/postgresql/15/bin/pgbench -h 10.9.0.2 \
		-U postgres "$@" bench
}
check "pgbench: its tables" pgbench -q -i -s 1
pgbench -c 4 -T 10 >/tmp/pgbench 2>&1 || not_ok "pgbench"
sed 's/^/# /' /tmp/pgbench
check "pgbench: transactions, none failed" sh -c \
	'grep -q "number of failed transactions: 0 " /tmp/pgbench &&
	grep -qE "tps = [0-9]*[1-9]" /tmp/pgbench'
check "stop" mkctl stop web --timeout 180
equal "it powered off" stopped "$(json web state)"
check "its file system is clean" e2fsck -fn /dev/vda
check "delete" mkctl delete web --force

mkdir -p /mnt/low /mnt/up /mnt/root
check "a folder" sh -c 'mount -t erofs -o ro /dev/vdb /mnt/low &&
	mount -t tmpfs tmpfs /mnt/up && mkdir /mnt/up/u /mnt/up/w &&
	mount -t overlay overlay /mnt/root \
	-o lowerdir=/mnt/low,upperdir=/mnt/up/u,workdir=/mnt/up/w'
check "run from the folder" debian folder --vsock 43 --share /mnt/root:root \
	--cmdline "root=root rootfstype=virtiofs rw mk.name=folder"
come_up "it is up to multi-user.target, too" folder "rootfs up minimal" 300
eventually "exec answers" 60 answers folder
same "its root is virtiofs" virtiofs in_spawn folder sh -c \
	"sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n 1"
check "what it writes" in_spawn folder sh -c 'echo spawn >/root/written'
check "is here" grep -q spawn /mnt/root/root/written
check "stop" mkctl stop folder --timeout 120
check "delete" mkctl delete folder --force

check "run from memory" debian memory --vsock 44 --pmem /dev/vdb,ro \
	--cmdline "root=/dev/pmem0 rootfstype=erofs ro rootwait mk.name=memory"
come_up "it is up to multi-user.target, as well" memory "rootfs up minimal" 300
eventually "exec answers" 60 answers memory
check "its root is persistent memory" in_spawn memory grep -q \
	"^/dev/pmem0 / erofs" /proc/mounts
check "stop" mkctl stop memory --timeout 120
check "delete" mkctl delete memory --force
check "ledger" mkctl fsck
