#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0-only
# Process 1 of a spawn with a shell: /kernels/busybox.cpio in a test machine.
#
# It says "spawn up busybox" in the kernel log and runs /case.sh, if a second
# initrd has it; each line that this prints is a line "spawn case: ..." in the
# log, and its end is "spawn case ends STATUS". On the kernel's command line
#
#	mk.net=ADDRESS/LENGTH	brings eth0 up and serves traffic on port 5000
#	mk.vsock		serves traffic on vsock port 5000
#	mk.shell		a shell on hvc0, again each time that it ends
#
# after which the log has "spawn net|vsock|shell ready".
export PATH=/bin:/sbin HOME=/ TERM=dumb

say()
{
	echo "<6>spawn $*" >/dev/kmsg
}

# word NAME: its value on the command line; fails if it is not there.
word()
{
	for each in $(cat /proc/cmdline); do
		case $each in
		"$1") return 0 ;;
		"$1="*)
			echo "${each#*=}"
			return 0
			;;
		esac
	done
	return 1
}

# wait_for PATH: as long as ten seconds.
wait_for()
{
	tries=0
	until [ -e "$1" ]; do
		tries=$((tries + 1))
		if [ $tries -gt 100 ]; then
			say "$1 never came"
			return 1
		fi
		usleep 100000
	done
}

mkdir -p /proc /sys /dev /tmp /mnt /run /etc /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
[ -c /dev/null ] || mount -t devtmpfs devtmpfs /dev
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /tmp
echo 'root:x:0:0:root:/:/bin/sh' >/etc/passwd
# or the kernel would limit the rate of what is said
echo on >/proc/sys/kernel/printk_devkmsg
say "up busybox cpus=$(grep -c ^processor /proc/cpuinfo)"

if address=$(word mk.net); then
	ip link set lo up
	wait_for /sys/class/net/eth0 && ip address add "$address" dev eth0 &&
		ip link set eth0 up && say "net ready"
	traffic serve tcp:0.0.0.0:5000 &
fi
# The kernel knows no such sockets before.
if word mk.vsock && wait_for /dev/vsock; then
	traffic serve vsock:-1:5000 &
	say "vsock ready"
fi
if [ -f /case.sh ]; then
	(
		sh -u /case.sh 2>&1
		echo "ends $?"
	) | while read -r line; do
		case $line in
		"ends "*) say "case $line" ;;
		*) say "case: $line" ;;
		esac
	done &
fi
# Not in the background: what a shell starts there ignores SIGINT, and so would
# all that is started on the console.
if word mk.shell && wait_for /dev/hvc0; then
	say "shell ready"
	while :; do
		setsid sh -c 'exec sh -i </dev/hvc0 >/dev/hvc0 2>&1'
		sleep 1
	done
fi
# Process 1 buries whoever has nobody else: "sleep" lets it wait.
while :; do
	sleep 1
done
