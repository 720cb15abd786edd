// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor reads what a spawn wrote.  Should one find a hole in it, it
 * must not be able to reboot the machine, load modules, or make more spawns:
 * what no device needs is given up once the instance's descriptors are open.
 *
 * What stays is a lot: a device that is added later may start virtiofsd, which
 * makes namespaces, changes users and works on anybody's files.  So this is a
 * fence, not a wall.  The bounding set holds for daemons started from now on,
 * too.  no_new_privs is not set: a daemon with file capabilities keeps them.
 */
#include "core.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int kept[] = {
	CAP_NET_ADMIN, /* taps */
	CAP_SYS_ADMIN,	  CAP_SYS_CHROOT,
	CAP_SETPCAP, /* virtiofsd's sandbox */
	CAP_SETUID,	  CAP_SETGID,
	CAP_SETFCAP,	  CAP_CHOWN, /* and its work */
	CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH,
	CAP_FOWNER,	  CAP_FSETID,
	CAP_MKNOD,	  CAP_SYS_RESOURCE, /* its many open files */
	CAP_IPC_LOCK, /* a storage daemon's registered buffers */
	CAP_SYS_PTRACE,	  CAP_KILL, /* daemons that have changed user */
};

static bool is_kept(int capability)
{
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (kept[i] == capability)
			return true;
	return false;
}

int serve_drop_privileges(struct mk_error *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[2];
	int c, here;

	/* First while CAP_SETPCAP may still be among what we have. */
	for (c = 0; c < 64; c++) {
		here = prctl(PR_CAPBSET_READ, c, 0, 0, 0);
		if (here < 0) /* the kernel knows no more of them */
			break;
		if (here && !is_kept(c) && prctl(PR_CAPBSET_DROP, c, 0, 0, 0) &&
		    errno != EPERM)
			return mk_fail_errno(err, MK_E_SYSTEM,
					     "cannot drop capability %d", c);
	}
	if (syscall(SYS_capget, &head, data))
		return mk_fail_errno(err, MK_E_SYSTEM, "capget");
	for (c = 0; c < 64; c++) {
		if (is_kept(c))
			continue;
		data[c / 32].effective &= ~(1U << c % 32);
		data[c / 32].permitted &= ~(1U << c % 32);
		data[c / 32].inheritable &= ~(1U << c % 32);
	}
	head.pid = 0;
	if (syscall(SYS_capset, &head, data))
		return mk_fail_errno(err, MK_E_SYSTEM, "capset");
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return 0;
}
