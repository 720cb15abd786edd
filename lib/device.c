// SPDX-License-Identifier: LGPL-2.1-or-later
/* /dev/multikernel as functions. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "names.h"
#include "wait.h"

/* What an errno of a command on an instance means, whatever the command. */
static int fail_common(struct mk_error *err, const char *what)
{
	switch (errno) {
	case ENODEV:
		return mk_fail_errno(err, MK_E_NOTFOUND,
				     "it was deleted meanwhile");
	case EINTR:
		return mk_fail_errno(err, MK_E_REFUSED,
				     "%s: interrupted, nothing was changed",
				     what);
	case EOPNOTSUPP:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "it is a store, memory for instances to "
				    "use, and runs nothing: see mkctl pmem");
	case ENOTTY:
		return mk_fail_errno(
			err, MK_E_SUPPORT,
			"%s: the module does not know this command", what);
	default:
		return mk_fail_errno(err, MK_E_REFUSED,
				     "%s: the module refused", what);
	}
}

static int fail_open(struct mk_error *err, const char *path)
{
	switch (errno) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return mk_fail(err, MK_E_SYSTEM,
			       "the module is not loaded (no %s): modprobe "
			       "multikernel, or insmod multikernel_channel.ko "
			       "and multikernel.ko",
			       path);
	case EACCES:
	case EPERM:
		if (geteuid() != 0)
			return mk_fail(err, MK_E_SYSTEM,
				       "%s needs CAP_SYS_BOOT: run as root",
				       path);
		return mk_fail(
			err, MK_E_SYSTEM,
			"%s is refused to root: no CAP_SYS_BOOT here, or "
			"the kernel is locked down (see mkctl doctor)",
			path);
	default:
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %s", path);
	}
}

int mk_device_open(struct mk_device *dev, const char *path,
		   struct mk_error *err)
{
	int code;

	if (!dev)
		return mk_fail(err, MK_E_CALL, "no device to fill");
	if (!path)
		path = MK_DEVICE_PATH;
	dev->fd = open(path, O_RDWR | O_CLOEXEC);
	if (dev->fd < 0)
		return fail_open(err, path);
	code = mk_device_query(dev, &dev->about, err);
	if (!code && dev->about.abi != MK_ABI)
		code = mk_fail(err, MK_E_SUPPORT,
			       "the module (version %.31s) speaks ABI %u, this "
			       "tool ABI %u: use both from one version",
			       dev->about.version, dev->about.abi, MK_ABI);
	if (code)
		mk_device_close(dev);
	return code;
}

void mk_device_close(struct mk_device *dev)
{
	if (dev->fd >= 0)
		close(dev->fd);
	dev->fd = -1;
}

int mk_device_query(struct mk_device *dev, struct mk_query *query,
		    struct mk_error *err)
{
	memset(query, 0, sizeof(*query));
	if (ioctl(dev->fd, MK_IOC_QUERY, query) == 0)
		return 0;
	if (errno == ENOTTY)
		return mk_fail_kept(
			err, MK_E_SUPPORT,
			"the device does not answer as multikernel does: "
			"another driver, or a module of another ABI");
	return fail_common(err, "query");
}

int mk_device_next(struct mk_device *dev, uint32_t id, struct mk_info *info,
		   struct mk_error *err)
{
	memset(info, 0, sizeof(*info));
	info->id = id;
	if (ioctl(dev->fd, MK_IOC_NEXT, info) == 0)
		return 0;
	if (errno == ENOENT)
		return mk_fail_kept(err, MK_E_NOTFOUND, "no further instance");
	return fail_common(err, "enumerate");
}

int mk_device_event(struct mk_device *dev, struct mk_event *event,
		    struct mk_error *err)
{
	if (ioctl(dev->fd, MK_IOC_EVENT, event) != 0) {
		if (errno == ENOENT)
			return mk_fail(err, MK_E_NOTFOUND, "no event yet");
		return fail_common(err, "event");
	}
	event->name[sizeof(event->name) - 1] = '\0';
	event->text[sizeof(event->text) - 1] = '\0';
	return 0;
}

int mk_device_ledger(struct mk_device *dev, uint32_t index,
		     struct mk_ledger *entry, struct mk_error *err)
{
	memset(entry, 0, sizeof(*entry));
	entry->index = index;
	if (ioctl(dev->fd, MK_IOC_LEDGER, entry) == 0)
		return 0;
	if (errno == ENOENT)
		return mk_fail_kept(err, MK_E_NOTFOUND, "no further entry");
	return fail_common(err, "ledger");
}

int mk_instance_create(struct mk_device *dev, struct mk_instance *inst,
		       struct mk_create *create, struct mk_error *err)
{
	char why[sizeof(err->text)];

	inst->fd = ioctl(dev->fd, MK_IOC_CREATE, create);
	if (inst->fd >= 0)
		return 0;
	if (errno == EINTR)
		return fail_common(err, "create");
	if (mk_reason_text(why, sizeof(why), create) == 0)
		return mk_fail_kept(err, MK_E_REFUSED, "%s", why);
	return fail_common(err, "create");
}

int mk_instance_open(struct mk_device *dev, struct mk_instance *inst,
		     const char *name, struct mk_error *err)
{
	struct mk_open arg = { 0 };
	size_t length = strnlen(name, sizeof(arg.name));

	inst->fd = -1;
	if (length && length < sizeof(arg.name)) {
		memcpy(arg.name, name, length);
		inst->fd = ioctl(dev->fd, MK_IOC_OPEN, &arg);
		if (inst->fd >= 0)
			return 0;
		if (errno != ENOENT && errno != EINVAL)
			return fail_common(err, "open");
	}
	return mk_fail(err, MK_E_NOTFOUND,
		       "there is no instance of this name (mkctl list shows "
		       "what there is)");
}

void mk_instance_close(struct mk_instance *inst)
{
	if (inst->fd >= 0)
		close(inst->fd);
	inst->fd = -1;
}

int mk_instance_info(struct mk_instance *inst, struct mk_info *info,
		     struct mk_error *err)
{
	memset(info, 0, sizeof(*info));
	if (ioctl(inst->fd, MK_IOC_INFO, info) == 0)
		return 0;
	return fail_common(err, "info");
}

int mk_instance_cpus(struct mk_instance *inst, struct mk_cpu *cpus,
		     unsigned int room, unsigned int *nr, struct mk_error *err)
{
	struct mk_cpus arg = { .nr = room, .cpus = (uintptr_t)cpus };

	if (ioctl(inst->fd, MK_IOC_CPUS, &arg) != 0)
		return fail_common(err, "CPUs");
	*nr = arg.nr;
	return 0;
}

int mk_instance_load(struct mk_instance *inst, const struct mk_load *load,
		     struct mk_error *err)
{
	if (ioctl(inst->fd, MK_IOC_LOAD, load) == 0)
		return 0;
	switch (errno) {
	case EBUSY:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"it is running: mkctl kill it before loading");
	case ENOMEM:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"the host has too little free memory to keep the "
			"image: free some");
	case ENOENT:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "a store of it was deleted meanwhile: try "
				    "again");
	case ERANGE:
	case EEXIST:
	case E2BIG:
	case EINVAL:
		return mk_fail_errno(err, MK_E_REFUSED,
				     "the module does not accept the plan of "
				     "the memory");
	default:
		return fail_common(err, "load");
	}
}

static int command(struct mk_instance *inst, unsigned long number,
		   uint32_t flags)
{
	struct mk_command arg = { .flags = flags };

	return ioctl(inst->fd, number, &arg);
}

int mk_instance_start(struct mk_instance *inst, struct mk_error *err)
{
	if (command(inst, MK_IOC_START, 0) == 0)
		return 0;
	switch (errno) {
	case EBUSY:
		return mk_fail_kept(err, MK_E_REFUSED, "it is running already");
	case ENOEXEC:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "nothing is loaded: mkctl load it first");
	case EIO:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"its boot CPU never arrived at the kernel's entry "
			"and was parked again (state stopped, cause "
			"no-start)");
	case ETIMEDOUT:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"its boot CPU neither started nor parked: it is "
			"lost until the machine restarts");
	case EUCLEAN:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"one of its CPUs is lost: it cannot start again, "
			"only be deleted");
	default:
		return fail_common(err, "start");
	}
}

static int kill_instance(struct mk_instance *inst, uint32_t flags,
			 struct mk_error *err)
{
	if (command(inst, MK_IOC_KILL, flags) == 0)
		return 0;
	switch (errno) {
	case EALREADY:
		return mk_fail_kept(err, MK_E_STATE, "it does not run");
	case ETIMEDOUT:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"a CPU did not acknowledge: it is lost until the "
			"machine restarts, and the memory is quarantined");
	default:
		return fail_common(err, "kill");
	}
}

int mk_instance_kill(struct mk_instance *inst, struct mk_error *err)
{
	return kill_instance(inst, 0, err);
}

int mk_instance_kill_hung(struct mk_instance *inst, struct mk_error *err)
{
	return kill_instance(inst, MK_KILL_F_HUNG, err);
}

int mk_instance_unload(struct mk_instance *inst, struct mk_error *err)
{
	if (command(inst, MK_IOC_UNLOAD, 0) == 0)
		return 0;
	if (errno == EBUSY)
		return mk_fail_kept(err, MK_E_REFUSED,
				    "it is running: mkctl kill it first");
	return fail_common(err, "unload");
}

int mk_instance_channel(struct mk_instance *inst, struct mk_channel *channel,
			struct mk_error *err)
{
	memset(channel, 0, sizeof(*channel));
	if (ioctl(inst->fd, MK_IOC_CHANNEL, channel) != 0)
		return fail_common(err, "channel");
	channel->release[sizeof(channel->release) - 1] = '\0';
	channel->panic_text[sizeof(channel->panic_text) - 1] = '\0';
	return 0;
}

int mk_instance_report(struct mk_instance *inst, struct mk_report *report,
		       struct mk_error *err)
{
	int failed = ioctl(inst->fd, MK_IOC_REPORT, report);

	report->task[sizeof(report->task) - 1] = '\0';
	report->trace[sizeof(report->trace) - 1] = '\0';
	if (!failed)
		return 0;
	switch (errno) {
	case ENOTCONN:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"it cannot be asked: it does not run, or no agent "
			"answers for this CPU");
	case ETIMEDOUT:
		return mk_fail_kept(err, MK_E_UNKNOWN,
				    "the CPU did not answer an NMI in time");
	default:
		return fail_common(err, "report");
	}
}

int mk_instance_stop(struct mk_instance *inst, struct mk_error *err)
{
	if (command(inst, MK_IOC_STOP, 0) == 0)
		return 0;
	switch (errno) {
	case EALREADY:
		return mk_fail_kept(err, MK_E_STATE, "it does not run");
	case ENOTCONN:
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"no agent listens in it: it was loaded without one or "
			"has not come up yet; mkctl kill stops it by force");
	default:
		return fail_common(err, "stop");
	}
}

int mk_instance_ping(struct mk_instance *inst, struct mk_ping *ping,
		     struct mk_error *err)
{
	if (ioctl(inst->fd, MK_IOC_PING, ping) == 0)
		return 0;
	if (errno == EALREADY)
		return mk_fail_kept(err, MK_E_STATE, "it does not run");
	return fail_common(err, "ping");
}

int mk_instance_attach(struct mk_instance *inst, const struct mk_attach *attach,
		       struct mk_error *err)
{
	int fd = ioctl(inst->fd, MK_IOC_ATTACH, attach);

	if (fd >= 0)
		return fd;
	if (errno == EBUSY)
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"another process receives this type already: end "
			"it, or choose another type");
	return fail_common(err, "attach");
}

int mk_instance_memory(struct mk_instance *inst, struct mk_error *err)
{
	int fd = command(inst, MK_IOC_MEMORY, 0);

	return fd >= 0 ? fd : fail_common(err, "open the memory of it");
}

int mk_instance_bind(struct mk_instance *inst, uint32_t generation,
		     unsigned int device, unsigned int queue, int kick,
		     int call, struct mk_error *err)
{
	struct mk_bind arg = {
		.device = device,
		.queue = queue,
		.kick = kick,
		.call = call,
		.generation = generation,
	};
	int fd = ioctl(inst->fd, MK_IOC_BIND, &arg);

	if (fd >= 0)
		return fd;
	switch (errno) {
	case ENOTCONN:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "the spawn does not run, or it has no "
				    "agent that knows devices");
	case EBUSY:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "queue %u of device %u is served by "
				    "another process already",
				    queue, device);
	case ENOSPC:
		return mk_fail_kept(err, MK_E_REFUSED,
				    "no interrupt vector is left on the host");
	}
	return fail_common(err, "serve a queue of it");
}

/* Keeps errno. */
static bool is_store(struct mk_instance *inst)
{
	struct mk_info info = { 0 };
	int saved = errno;
	bool is = ioctl(inst->fd, MK_IOC_INFO, &info) == 0 && !info.nr_cpus;

	errno = saved;
	return is;
}

int mk_instance_delete(struct mk_instance *inst, uint32_t flags,
		       struct mk_error *err)
{
	if (command(inst, MK_IOC_DELETE, flags) == 0)
		return 0;
	switch (errno) {
	case EBUSY:
		if (is_store(inst))
			return mk_fail_kept(err, MK_E_REFUSED,
					    "it is a store that instances use: "
					    "unload or delete them first");
		return mk_fail_kept(
			err, MK_E_REFUSED,
			"it is running: mkctl kill it first, or delete "
			"--force");
	case ETIMEDOUT:
		return mk_fail_kept(
			err, MK_E_UNKNOWN,
			"it is gone, but a CPU of it did not acknowledge: its "
			"CPUs and memory are lost until the machine restarts");
	default:
		return fail_common(err, "delete");
	}
}

int mk_instance_wait(struct mk_instance *inst, int timeout_ms,
		     const sigset_t *signals, struct mk_error *err)
{
	int n = mk_wait(inst->fd, POLLIN | POLLPRI, timeout_ms, signals, err);

	if (n > 0 && n & POLLHUP)
		return mk_fail(err, MK_E_NOTFOUND, "it was deleted meanwhile");
	return n > 0 ? 1 : n;
}

ssize_t mk_instance_read(struct mk_instance *inst, uint64_t offset,
			 void *buffer, size_t size, struct mk_error *err)
{
	ssize_t n = pread(inst->fd, buffer, size, (off_t)offset);

	return n >= 0 ? n : fail_common(err, "read its memory");
}

ssize_t mk_instance_write(struct mk_instance *inst, uint64_t offset,
			  const void *buffer, size_t size, struct mk_error *err)
{
	ssize_t n = pwrite(inst->fd, buffer, size, (off_t)offset);

	return n >= 0 ? n : fail_common(err, "write its memory");
}

int mk_instance_map(struct mk_instance *inst, uint64_t bytes,
		    const void **memory, struct mk_error *err)
{
	void *at = mmap(NULL, bytes, PROT_READ, MAP_SHARED, inst->fd, 0);

	if (at == MAP_FAILED)
		return mk_fail_errno(err, MK_E_SYSTEM, "map its memory");
	*memory = at;
	return 0;
}

int mk_instance_map_writable(struct mk_instance *inst, uint64_t bytes,
			     void **memory, struct mk_error *err)
{
	void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			inst->fd, 0);

	if (at == MAP_FAILED)
		return mk_fail_errno(err, MK_E_SYSTEM, "map its memory");
	*memory = at;
	return 0;
}
