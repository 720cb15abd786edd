// SPDX-License-Identifier: GPL-2.0-only
/* /dev/multikernel in a spawn: the programs' end of the channel. */
#include "spawn.h"

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/multikernel.h>

#include "../channel/peer.h"

static long device_ioctl(struct file *file, unsigned int command,
			 unsigned long value)
{
	if (command != MK_IOC_ATTACH)
		return -ENOTTY;
	if (!mks_agent.host)
		return -ENODEV;
	return mkc_port_attach(mks_agent.host, (void __user *)value);
}

static const struct file_operations fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "multikernel",
	.mode = 0600,
	.fops = &fops,
};

int mks_device_start(void)
{
	return mks_agent.host ? misc_register(&device) : 0;
}

void mks_device_stop(void)
{
	if (mks_agent.host)
		misc_deregister(&device);
}
