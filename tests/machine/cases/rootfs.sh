# SPDX-License-Identifier: GPL-2.0-only
# A real Debian on a disk of the host: systemd up to multi-user.target, its
# network, its console, its orderly end; then the same root read-only, packed.
#
# machine: --devices --host 6.1 --have 7.2 --drive rootfs:minimal.ext4 --drive rootfs:minimal.erofs

. /lib/verdict.sh
. /lib/devices.sh

host_modules
check "a tap" make_tap t0 10.9.0.1/24 vnet_hdr
mkdir -p /tmp/shared

debian()
{
	name=$1
	shift
	mkctl run "$name" --cpus 2-3 --memory 1G \
		--kernel "/kernels/$rel/vmlinuz" "$@"
}

since=$(date +%s)
check "run from ext4" debian web --console --rng --net tap=t0 --vsock 42 \
	--disk /dev/vda --share /tmp/shared:data \
	--cmdline "root=/dev/vda rootfstype=ext4 rw rootwait mk.ip=10.9.0.2/24 mk.name=web"
come_up "it is up to multi-user.target" web "rootfs up minimal" 240
echo "# after $(($(date +%s) - since)) s"
eventually "exec answers" 60 answers web
same "its name" web in_spawn web hostname
same "process 1 is systemd" systemd in_spawn web cat /proc/1/comm
eventually "it answers a ping" 20 ping -c 1 -W 1 10.9.0.2
same "no unit failed" "" in_spawn web systemctl --failed --no-legend --plain
in_spawn web systemctl --failed --no-legend | sed 's/^/# /' || true
check "a share" in_spawn web mount -t virtiofs data /mnt
check "is written" in_spawn web cp /etc/os-release /mnt/
check "and here" grep -q bookworm /tmp/shared/os-release
prompt()
{
	timeout 5 mkctl console web </dev/null 2>/dev/null >/tmp/screen || true
	grep -q "login:" /tmp/screen
}
eventually "a login prompt is on the console" 30 prompt
check "it writes to its root" in_spawn web sh -c \
	'dd if=/dev/urandom of=/root/file bs=1M count=20 2>/dev/null &&
	sha256sum /root/file >/root/sum && sync'
check "stop" mkctl stop web --timeout 120
equal "it powered off" stopped "$(json web state)"
check "its file system is clean" e2fsck -fn /dev/vda
check "a second life" mkctl start web
come_up "it is up again" web "rootfs up minimal" 240
eventually "exec answers again" 60 answers web
check "what it wrote is there" in_spawn web sha256sum -c /root/sum
check "reboot from inside" in_spawn web systemctl reboot
again()
{
	[ "$(json web generation)" = 3 ]
}
eventually "it is started again" 150 again
come_up "and comes up" web "rootfs up minimal" 240
equal "which show knows" 1 "$(json web restarts)"
check "delete" mkctl delete web --force

check "run from erofs, read-only" debian thin --vsock 43 --disk /dev/vdb,ro \
	--cmdline "root=/dev/vda rootfstype=erofs ro rootwait mk.name=thin"
come_up "it is up, too" thin "rootfs up minimal" 240
eventually "exec answers" 60 answers thin
same "its root is erofs" erofs in_spawn thin sh -c \
	"sed -n 's/^[^ ]* \/ \([^ ]*\) .*/\1/p' /proc/mounts | tail -n 1"
check "delete" mkctl delete thin --force
check "ledger" mkctl fsck
