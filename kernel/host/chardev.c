// SPDX-License-Identifier: GPL-2.0-only
/* /dev/multikernel: copy in, validate, dispatch; nothing else. */
#include "host.h"
#include "../../version.h"
#include "../channel/peer.h"

#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/ctype.h>
#include <linux/file.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#define all_zero(words) (!memchr_inv(words, 0, sizeof(words)))

/* --- a file for an instance ------------------------------------------------- */

static int instance_release(struct inode *inode, struct file *file)
{
	struct mkh_file *mf = file->private_data;

	mkh_instance_put(mf->inst);
	kfree(mf);
	return 0;
}

static __poll_t memory_poll(struct file *file, poll_table *table)
{
	struct mkh_file *mf = file->private_data;

	poll_wait(file, &mf->inst->wait, table);
	return READ_ONCE(mf->inst->gone) ? EPOLLHUP : 0;
}

/* MK_IOC_MEMORY: no commands. */
static const struct file_operations memory_fops = {
	.owner = THIS_MODULE,
	.release = instance_release,
	.poll = memory_poll,
	.read = mkh_memory_read,
	.write = mkh_memory_write,
	.llseek = mkh_memory_seek,
	.mmap = mkh_memory_map,
};

/*
 * A file for the instance; takes over the caller's reference in every case.
 * Not installed yet: the caller may still fail.
 */
static struct file *instance_file(struct mkh_instance *inst,
				  const struct file_operations *fops)
{
	struct mkh_file *mf = kzalloc(sizeof(*mf), GFP_KERNEL_ACCOUNT);
	struct file *file;

	if (!mf) {
		mkh_instance_put(inst);
		return ERR_PTR(-ENOMEM);
	}
	mf->inst = inst;
	file = anon_inode_getfile(fops == &memory_fops ? "[multikernel-memory]"
						       : "[multikernel]",
				  fops, mf, O_RDWR);
	if (IS_ERR(file)) {
		mkh_instance_put(inst);
		kfree(mf);
		return file;
	}
	/* As vfio's device files: positioned access on an anonymous inode. */
	file->f_mode |= FMODE_LSEEK | FMODE_PREAD | FMODE_PWRITE;
	/* All mappings of the instance in one place, to be undone at delete. */
	inst->mapping.host = file_inode(file);
	file->f_mapping = &inst->mapping;
	return file;
}

/* A new descriptor; takes over the caller's reference in every case. */
static int instance_fd(struct mkh_instance *inst,
		       const struct file_operations *fops)
{
	int fd = get_unused_fd_flags(O_CLOEXEC);
	struct file *file;

	if (fd < 0) {
		mkh_instance_put(inst);
		return fd;
	}
	file = instance_file(inst, fops);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return PTR_ERR(file);
	}
	fd_install(fd, file);
	return fd;
}

static int ioctl_memory(struct mkh_instance *inst, void __user *user)
{
	struct mk_command arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved0 || !all_zero(arg.reserved))
		return -EINVAL;
	mkh_instance_get(inst); /* for the new one: ours is the caller's */
	return instance_fd(inst, &memory_fops);
}

/* --- an instance's descriptor ---------------------------------------------- */

static int ioctl_info(struct mkh_file *mf, void __user *user)
{
	struct mk_info info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if (info.flags || info.reserved1 || !all_zero(info.reserved))
		return -EINVAL;
	mkh_instance_info(mf->inst, &info);
	if (copy_to_user(user, &info, sizeof(info)))
		return -EFAULT;
	WRITE_ONCE(mf->seen, info.events);
	return 0;
}

static int ioctl_cpus(struct mkh_instance *inst, void __user *user)
{
	struct mk_cpus arg;
	unsigned int i;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !all_zero(arg.reserved))
		return -EINVAL;
	for (i = 0; i < min(arg.nr, inst->nr_cpus); i++) {
		struct mk_cpu __user *to = u64_to_user_ptr(arg.cpus);
		struct mk_cpu cpu = {
			.cpu = inst->cpus[i].cpu,
			.apic = inst->cpus[i].apic,
			.lost = inst->cpus[i].lost,
		};

		if (copy_to_user(&to[i], &cpu, sizeof(cpu)))
			return -EFAULT;
	}
	arg.nr = inst->nr_cpus;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int ioctl_load(struct mkh_instance *inst, void __user *user)
{
	struct mk_load *arg = memdup_user(user, sizeof(*arg));
	int err = -EINVAL;
	size_t i;

	if (IS_ERR(arg))
		return PTR_ERR(arg);
	if (arg->flags & ~__MK_LOAD_F_ALL || arg->reserved0 ||
	    !all_zero(arg->reserved))
		goto free;
	if (!memchr(arg->label, 0, sizeof(arg->label)))
		goto free;
	/* It comes out on terminals. */
	for (i = 0; arg->label[i]; i++)
		if (!isascii(arg->label[i]) || !isprint(arg->label[i]))
			goto free;
	err = mkh_instance_load(inst, arg);
free:
	kfree(arg);
	return err;
}

static int ioctl_command(struct mkh_instance *inst, unsigned int command,
			 void __user *user)
{
	u32 allowed = command == MK_IOC_DELETE ? MK_DELETE_F_FORCE
		      : command == MK_IOC_KILL ? MK_KILL_F_HUNG
					       : 0;
	struct mk_command arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~allowed || arg.reserved0 || !all_zero(arg.reserved))
		return -EINVAL;
	switch (command) {
	case MK_IOC_START:
		return mkh_instance_start(inst);
	case MK_IOC_KILL:
		return mkh_instance_kill(inst, arg.flags & MK_KILL_F_HUNG);
	case MK_IOC_UNLOAD:
		return mkh_instance_unload(inst);
	case MK_IOC_STOP:
		return mkh_instance_stop(inst);
	default:
		return mkh_instance_delete(inst, arg.flags & MK_DELETE_F_FORCE);
	}
}

static int ioctl_channel(struct mkh_instance *inst, void __user *user)
{
	struct mk_channel *arg = memdup_user(user, sizeof(*arg));
	int err = -EINVAL;

	if (IS_ERR(arg))
		return PTR_ERR(arg);
	if (!arg->flags && all_zero(arg->reserved))
		err = mkh_channel_info(inst, arg);
	if (!err && copy_to_user(user, arg, sizeof(*arg)))
		err = -EFAULT;
	kfree(arg);
	return err;
}

static int ioctl_ping(struct mkc_peer *peer, void __user *user)
{
	struct mk_ping arg;
	int err;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved0 || !all_zero(arg.reserved) ||
	    arg.bytes > MK_MESSAGE_MAX || arg.timeout_ms > 3600000)
		return -EINVAL;
	err = mkc_ping(peer, &arg);
	if (!err && copy_to_user(user, &arg, sizeof(arg)))
		err = -EFAULT;
	return err;
}

static int ioctl_report(struct mkh_instance *inst, void __user *user)
{
	struct mk_report *arg = memdup_user(user, sizeof(*arg));
	struct mk_report *report;
	int err;

	if (IS_ERR(arg))
		return PTR_ERR(arg);
	err = -EINVAL;
	if (arg->flags & ~__MK_REPORT_F_ALL || arg->timeout_ms > 10000 ||
	    !all_zero(arg->reserved))
		goto free;
	err = -ENOMEM;
	report = kzalloc(sizeof(*report), GFP_KERNEL_ACCOUNT);
	if (!report)
		goto free;
	report->flags = arg->flags;
	report->index = arg->index;
	report->timeout_ms = arg->timeout_ms;
	err = mkh_report(inst, report);
	/* What was known before is told also when there is no answer. */
	if ((!err || err == -ETIMEDOUT) &&
	    copy_to_user(user, report, sizeof(*report)))
		err = -EFAULT;
	kfree(report);
free:
	kfree(arg);
	return err;
}

static int ioctl_bind(struct mkh_instance *inst, void __user *user)
{
	struct mk_bind arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !all_zero(arg.reserved))
		return -EINVAL;
	return mkh_bind(inst, &arg);
}

static int ioctl_peer(struct mkh_instance *inst, unsigned int command,
		      void __user *user)
{
	struct mkc_peer *peer = mkh_channel_peer(inst);
	int result;

	if (!peer)
		return -ENODEV;
	result = command == MK_IOC_PING ? ioctl_ping(peer, user)
					: mkc_port_attach(peer, user);
	mkc_peer_put(peer);
	return result;
}

static long instance_ioctl(struct file *file, unsigned int command,
			   unsigned long value)
{
	void __user *user = (void __user *)value;
	struct mkh_file *mf = file->private_data;

	switch (command) {
	case MK_IOC_INFO:
	case MK_IOC_CPUS:
	case MK_IOC_LOAD:
	case MK_IOC_START:
	case MK_IOC_KILL:
	case MK_IOC_UNLOAD:
	case MK_IOC_DELETE:
	case MK_IOC_CHANNEL:
	case MK_IOC_STOP:
	case MK_IOC_PING:
	case MK_IOC_ATTACH:
	case MK_IOC_BIND:
	case MK_IOC_REPORT:
	case MK_IOC_MEMORY:
		break;
	default:
		return -ENOTTY;
	}
	if (READ_ONCE(mf->inst->gone))
		return -ENODEV;
	if (!mf->inst->nr_cpus && command != MK_IOC_INFO &&
	    command != MK_IOC_CPUS && command != MK_IOC_DELETE &&
	    command != MK_IOC_MEMORY)
		return -EOPNOTSUPP; /* a store */
	switch (command) {
	case MK_IOC_INFO:
		return ioctl_info(mf, user);
	case MK_IOC_CPUS:
		return ioctl_cpus(mf->inst, user);
	case MK_IOC_LOAD:
		return ioctl_load(mf->inst, user);
	case MK_IOC_CHANNEL:
		return ioctl_channel(mf->inst, user);
	case MK_IOC_PING:
	case MK_IOC_ATTACH:
		return ioctl_peer(mf->inst, command, user);
	case MK_IOC_BIND:
		return ioctl_bind(mf->inst, user);
	case MK_IOC_REPORT:
		return ioctl_report(mf->inst, user);
	case MK_IOC_MEMORY:
		return ioctl_memory(mf->inst, user);
	default:
		return ioctl_command(mf->inst, command, user);
	}
}

static __poll_t instance_poll(struct file *file, poll_table *table)
{
	struct mkh_file *mf = file->private_data;
	struct mkh_instance *inst = mf->inst;
	__poll_t mask = 0;

	poll_wait(file, &inst->wait, table);
	if (READ_ONCE(inst->gone))
		return EPOLLHUP | EPOLLIN | EPOLLPRI;
	spin_lock(&inst->state_lock);
	if (inst->events != READ_ONCE(mf->seen))
		mask = EPOLLIN | EPOLLPRI;
	spin_unlock(&inst->state_lock);
	return mask;
}

static const struct file_operations instance_fops = {
	.owner = THIS_MODULE,
	.release = instance_release,
	.unlocked_ioctl = instance_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.poll = instance_poll,
	.read = mkh_memory_read,
	.write = mkh_memory_write,
	.llseek = mkh_memory_seek,
	.mmap = mkh_memory_map,
};

/* --- the machine's descriptor ---------------------------------------------- */

static int ioctl_query(void __user *user)
{
	struct mk_query arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || !all_zero(arg.reserved))
		return -EINVAL;
	memset(&arg, 0, sizeof(arg));
	arg.abi = MK_ABI;
	if (mkh_boot_x2apic())
		arg.features |= MK_FEATURE_X2APIC;
	if (boot_cpu_has(X86_FEATURE_LA57))
		arg.features |= MK_FEATURE_LA57;
	arg.boot_cpu = mkh_cpu_boot_cpu();
	arg.boot_apic = cpu_physical_id(arg.boot_cpu);
	arg.tsc_khz = tsc_khz;
	arg.low_free = mkh_low_free_bytes();
	arg.host_bytes = mkh_boot_host_bytes() +
			 MKH_LEDGER_ENTRIES * sizeof(struct mkh_ledger_entry) +
			 mkh_event_bytes();
	strscpy(arg.version, MK_VERSION, sizeof(arg.version));
	mutex_lock(&mkh_lock);
	arg.lost_cpus =
		mkh_ledger_count(&mkh_ledger, MK_LEDGER_CPU, MK_OWNER_LOST);
	mutex_unlock(&mkh_lock);
	arg.instances = mkh_instance_count();
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static bool good_name(const char *name)
{
	size_t i, length = strnlen(name, MK_NAME_BYTES);

	if (!length || length == MK_NAME_BYTES || !isalnum(name[0]))
		return false;
	for (i = 0; i < length; i++)
		if (!isascii(name[i]) ||
		    (!isalnum(name[i]) && !strchr("._-", name[i])))
			return false;
	/* Nothing may hide behind the end. */
	return !memchr_inv(name + length, 0, MK_NAME_BYTES - length);
}

static int check_create(struct mk_create *arg)
{
	u32 flags = arg->flags;
	bool store = flags & MK_CREATE_F_STORE;

	if (flags & ~__MK_CREATE_F_ALL || arg->reserved0 ||
	    (store && (arg->nr_cpus || arg->low_bytes ||
		       flags & MK_CREATE_F_SPLIT_CORES)) ||
	    !all_zero(arg->reserved) ||
	    (!(flags & MK_CREATE_F_FIXED) && arg->memory_base) ||
	    (!(flags & MK_CREATE_F_NODE) && arg->node))
		arg->reason = MK_REASON_FLAGS;
	else if (!good_name(arg->name))
		arg->reason = MK_REASON_NAME;
	else if ((!arg->nr_cpus && !store) || arg->nr_cpus > MK_CPUS_MAX)
		arg->reason = MK_REASON_CPU_NONE;
	else if (!arg->memory_bytes ||
		 !IS_ALIGNED(arg->memory_bytes, MK_MEMORY_ALIGN) ||
		 arg->memory_bytes > 1ULL << 46)
		arg->reason = MK_REASON_MEMORY_SIZE;
	else if (!IS_ALIGNED(arg->memory_base, MK_MEMORY_ALIGN) ||
		 arg->memory_base > 1ULL << 51 ||
		 (flags & MK_CREATE_F_NODE &&
		  (arg->node >= MAX_NUMNODES || !node_online(arg->node))))
		arg->reason = MK_REASON_MEMORY_PLACE;
	else if ((!arg->low_bytes && !store) ||
		 arg->low_bytes > MK_LOW_BYTES_MAX ||
		 !IS_ALIGNED(arg->low_bytes, MK_LOW_ALIGN))
		arg->reason = MK_REASON_LOW_SIZE;
	return arg->reason ? -EINVAL : 0;
}

static int create(struct mk_create *arg, struct file **file)
{
	struct mkh_instance *inst;
	u32 *cpus;
	int err;

	arg->reason = MK_REASON_NONE;
	arg->reason_cpu = 0;
	err = check_create(arg);
	if (err)
		return err;
	cpus = memdup_user(u64_to_user_ptr(arg->cpus),
			   arg->nr_cpus * sizeof(*cpus));
	if (IS_ERR(cpus))
		return PTR_ERR(cpus);
	err = mkh_instance_create(arg, cpus, &inst);
	kfree(cpus);
	if (err)
		return err;
	arg->id = inst->id;
	mkh_instance_get(inst);
	*file = instance_file(inst, &instance_fops);
	if (IS_ERR(*file)) {
		mkh_instance_undo(inst);
		arg->reason = MK_REASON_NO_MEMORY;
		err = PTR_ERR(*file);
	}
	mkh_instance_put(inst);
	return err;
}

static int ioctl_create(void __user *user)
{
	struct mk_create *arg = memdup_user(user, sizeof(*arg));
	struct file *file = NULL;
	int fd, err;

	if (IS_ERR(arg))
		return PTR_ERR(arg);
	fd = get_unused_fd_flags(O_CLOEXEC);
	err = fd < 0 ? fd : create(arg, &file);
	/* Written on failure too: why it was refused. */
	if (copy_to_user(user, arg, sizeof(*arg)) && !err) {
		mkh_instance_undo(
			((struct mkh_file *)file->private_data)->inst);
		fput(file);
		err = -EFAULT;
	}
	kfree(arg);
	if (err) {
		if (fd >= 0)
			put_unused_fd(fd);
		return err;
	}
	fd_install(fd, file);
	return fd;
}

static int ioctl_open(void __user *user)
{
	struct mkh_instance *inst;
	struct mk_open arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved0 || !all_zero(arg.reserved) ||
	    !good_name(arg.name))
		return -EINVAL;
	inst = mkh_instance_find(arg.name);
	if (!inst)
		return -ENOENT;
	return instance_fd(inst, &instance_fops);
}

static int ioctl_next(void __user *user)
{
	struct mkh_instance *inst;
	struct mk_info info;

	if (copy_from_user(&info, user, sizeof(info)))
		return -EFAULT;
	if (info.flags || info.reserved1 || !all_zero(info.reserved))
		return -EINVAL;
	inst = mkh_instance_next(info.id);
	if (!inst)
		return -ENOENT;
	mkh_instance_info(inst, &info);
	mkh_instance_put(inst);
	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static int ioctl_ledger(void __user *user)
{
	const struct mkh_ledger_entry *entry;
	struct mk_ledger arg;

	if (copy_from_user(&arg, user, sizeof(arg)))
		return -EFAULT;
	if (arg.flags || arg.reserved0 || !all_zero(arg.reserved))
		return -EINVAL;
	mutex_lock(&mkh_lock);
	entry = mkh_ledger_at(&mkh_ledger, arg.index);
	if (entry) {
		arg.kind = entry->kind;
		arg.owner = entry->owner;
		arg.start = entry->start;
		arg.length = entry->length;
		arg.apic = entry->kind == MK_LEDGER_CPU
				   ? cpu_physical_id(entry->start)
				   : 0;
	}
	mutex_unlock(&mkh_lock);
	if (!entry)
		return -ENOENT;
	return copy_to_user(user, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int ioctl_event(u64 *seen, void __user *user)
{
	struct mk_event *event = memdup_user(user, sizeof(*event));
	u64 after;
	int err = -EINVAL;

	if (IS_ERR(event))
		return PTR_ERR(event);
	if (event->flags || event->reserved0 || !all_zero(event->reserved))
		goto free;
	after = event->seq;
	err = mkh_event_next(event, seen);
	if (err)
		goto free;
	event->lost = event->seq - after - 1;
	if (copy_to_user(user, event, sizeof(*event)))
		err = -EFAULT;
free:
	kfree(event);
	return err;
}

static long machine_ioctl(struct file *file, unsigned int command,
			  unsigned long value)
{
	void __user *user = (void __user *)value;

	switch (command) {
	case MK_IOC_QUERY:
		return ioctl_query(user);
	case MK_IOC_CREATE:
		return ioctl_create(user);
	case MK_IOC_OPEN:
		return ioctl_open(user);
	case MK_IOC_NEXT:
		return ioctl_next(user);
	case MK_IOC_LEDGER:
		return ioctl_ledger(user);
	case MK_IOC_EVENT:
		return ioctl_event(file->private_data, user);
	default:
		return -ENOTTY;
	}
}

static __poll_t machine_poll(struct file *file, poll_table *table)
{
	return mkh_event_poll(file, table, file->private_data);
}

/* Its private data is the number of the last event that was told there. */
static int machine_open(struct inode *inode, struct file *file)
{
	int err;

	/* Starting a kernel is what kexec_load(2) is guarded against, too. */
	if (!capable(CAP_SYS_BOOT))
		return -EPERM;
	err = security_locked_down(LOCKDOWN_KEXEC);
	if (err)
		return err;
	file->private_data = kzalloc(sizeof(u64), GFP_KERNEL_ACCOUNT);
	return file->private_data ? 0 : -ENOMEM;
}

static int machine_release(struct inode *inode, struct file *file)
{
	kfree(file->private_data);
	return 0;
}

static const struct file_operations machine_fops = {
	.owner = THIS_MODULE,
	.open = machine_open,
	.release = machine_release,
	.poll = machine_poll,
	.unlocked_ioctl = machine_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "multikernel",
	.mode = 0600,
	.fops = &machine_fops,
};

int mkh_chardev_init(void)
{
	return misc_register(&device);
}

void mkh_chardev_exit(void)
{
	misc_deregister(&device);
}
