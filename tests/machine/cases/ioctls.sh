# SPDX-License-Identifier: GPL-2.0-only
# Every rejected input of every ioctl, see ../ioctls.c.
#
# machine: --host 6.1 --with build/tests/machine/ioctls
# machine: --host 7.2 --with build/tests/machine/ioctls

. /lib/verdict.sh

ioctls 3 || not_ok "some ioctl was not refused as it should be"
check "ledger" mkctl fsck
