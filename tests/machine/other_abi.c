// SPDX-License-Identifier: GPL-2.0-only
/* Preloaded into mkctl: the module answers as one of another version would. */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/ioctl.h>

#include <linux/multikernel.h>

int ioctl(int fd, unsigned long command, ...)
{
	int (*next)(int, unsigned long, ...);
	va_list args;
	void *arg;
	int result;

	va_start(args, command);
	arg = va_arg(args, void *);
	va_end(args);
	*(void **)&next = dlsym(RTLD_NEXT, "ioctl");
	result = next(fd, command, arg);
	if (command == MK_IOC_QUERY && !result)
		((struct mk_query *)arg)->abi = MK_ABI + 1;
	return result;
}
