// SPDX-License-Identifier: GPL-2.0-only
/* An instance's memory through its descriptor: read, write, seek, map. */
#include "host.h"

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#define COPY_STEP (128UL << 10)
#define MAP_BATCH 512 /* pages mapped at one fault */

static struct mkh_instance *instance_of(struct file *file)
{
	return ((struct mkh_file *)file->private_data)->inst;
}

/* Whoever may change the memory makes the next start wipe it. */
static void mark_dirty(struct mkh_instance *inst)
{
	WRITE_ONCE(inst->dirty, true);
}

/*
 * Copy between the memory and a kernel buffer.  User memory is never touched
 * here: it may be slow, and deleting waits for this.
 */
static ssize_t copy_step(struct mkh_instance *inst, void *buffer, loff_t at,
			 size_t length, bool write)
{
	ssize_t result = 0;
	int srcu;

	srcu = srcu_read_lock(&mkh_memory_srcu);
	if (READ_ONCE(inst->gone)) {
		result = -ENODEV;
	} else if (at < inst->memory.bytes) {
		result = min_t(u64, length, inst->memory.bytes - at);
		if (write)
			memcpy(inst->memory.view + at, buffer, result);
		else
			memcpy(buffer, inst->memory.view + at, result);
	}
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	return result;
}

ssize_t mkh_memory_read(struct file *file, char __user *buffer, size_t length,
			loff_t *offset)
{
	struct mkh_instance *inst = instance_of(file);
	size_t size = min_t(size_t, length, COPY_STEP), done = 0;
	ssize_t step = 0;
	void *bounce;

	if (*offset < 0)
		return -EINVAL;
	bounce = kvmalloc(size ?: 1, GFP_KERNEL_ACCOUNT);
	if (!bounce)
		return -ENOMEM;
	while (done < length) {
		step = copy_step(inst, bounce, *offset,
				 min(size, length - done), false);
		if (step <= 0)
			break;
		if (copy_to_user(buffer + done, bounce, step)) {
			step = -EFAULT;
			break;
		}
		done += step;
		*offset += step;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	kvfree(bounce);
	return done ?: step;
}

ssize_t mkh_memory_write(struct file *file, const char __user *buffer,
			 size_t length, loff_t *offset)
{
	struct mkh_instance *inst = instance_of(file);
	size_t size = min_t(size_t, length, COPY_STEP), done = 0;
	ssize_t step = 0;
	void *bounce;

	if (*offset < 0)
		return -EINVAL;
	bounce = kvmalloc(size ?: 1, GFP_KERNEL_ACCOUNT);
	if (!bounce)
		return -ENOMEM;
	mark_dirty(inst);
	while (done < length) {
		step = min(size, length - done);
		if (copy_from_user(bounce, buffer + done, step)) {
			step = -EFAULT;
			break;
		}
		step = copy_step(inst, bounce, *offset, step, true);
		if (!step)
			step = -ENOSPC;
		if (step < 0)
			break;
		done += step;
		*offset += step;
		if (fatal_signal_pending(current))
			break;
		cond_resched();
	}
	kvfree(bounce);
	return done ?: step;
}

/* SEEK_END must give the size: users of memory files measure them so. */
loff_t mkh_memory_seek(struct file *file, loff_t offset, int whence)
{
	struct mkh_instance *inst = instance_of(file);
	loff_t result;
	int srcu;

	srcu = srcu_read_lock(&mkh_memory_srcu);
	result = READ_ONCE(inst->gone) ? -ENODEV
				       : fixed_size_llseek(file, offset, whence,
							   inst->memory.bytes);
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	return result;
}

/*
 * Map the batch of pages around a fault.  -EBUSY from vm_insert_pages() means
 * that another thread mapped some of them meanwhile: then one page will do.
 */
static vm_fault_t insert_pages(struct vm_fault *vmf, u64 address)
{
	struct vm_area_struct *vma = vmf->vma;
	struct page *page = pfn_to_page(address >> PAGE_SHIFT);
	unsigned long room = (vma->vm_end - vmf->address) >> PAGE_SHIFT;
	struct mkh_instance *inst = vma->vm_private_data;
	unsigned long left, n, i;
	struct page **pages;
	int err;

	left = (inst->memory.base + inst->memory.bytes - address) >> PAGE_SHIFT;
	n = min3(room, left, (unsigned long)MAP_BATCH);
	pages = n > 1 ? kmalloc_array(n, sizeof(*pages), GFP_KERNEL) : NULL;
	if (pages) {
		for (i = 0; i < n; i++)
			pages[i] = page + i;
		err = vm_insert_pages(vma, vmf->address, pages, &n);
		kfree(pages);
		if (!err || err == -EBUSY)
			return VM_FAULT_NOPAGE;
	}
	err = vm_insert_page(vma, vmf->address, page);
	return err && err != -EBUSY ? VM_FAULT_OOM : VM_FAULT_NOPAGE;
}

static vm_fault_t map_fault(struct vm_fault *vmf)
{
	struct mkh_instance *inst = vmf->vma->vm_private_data;
	u64 offset = (u64)vmf->pgoff << PAGE_SHIFT;
	vm_fault_t result;
	int srcu;

	srcu = srcu_read_lock(&mkh_memory_srcu);
	if (READ_ONCE(inst->gone) || offset >= inst->memory.bytes)
		result = VM_FAULT_SIGBUS;
	else if (inst->memory.reserved)
		result = vmf_insert_pfn(vmf->vma, vmf->address,
					(inst->memory.base + offset) >>
						PAGE_SHIFT);
	else
		result = insert_pages(vmf, inst->memory.base + offset);
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	return result;
}

static const struct vm_operations_struct map_ops = { .fault = map_fault };

int mkh_memory_map(struct file *file, struct vm_area_struct *vma)
{
	struct mkh_instance *inst = instance_of(file);
	u64 bytes = vma->vm_end - vma->vm_start;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	unsigned long kind;

	if (READ_ONCE(inst->gone))
		return -ENODEV;
	if (!(vma->vm_flags & VM_SHARED) || (vma->vm_flags & VM_EXEC))
		return -EINVAL;
	if (offset > inst->memory.bytes || bytes > inst->memory.bytes - offset)
		return -EINVAL;
	kind = inst->memory.reserved ? VM_PFNMAP | VM_IO : VM_MIXEDMAP;
	compat_vm_flags_mod(vma, kind | VM_DONTEXPAND | VM_DONTDUMP,
			    VM_MAYEXEC);
	vma->vm_private_data = inst; /* the file holds the reference */
	vma->vm_ops = &map_ops;
	if (vma->vm_flags & VM_MAYWRITE)
		mark_dirty(inst);
	return 0;
}
