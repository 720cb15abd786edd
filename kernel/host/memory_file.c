// SPDX-License-Identifier: GPL-2.0-only
/* An instance's memory through its descriptor: read, write, seek, map. */
#include "host.h"

#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#define COPY_STEP (1UL << 20)
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

ssize_t mkh_memory_read(struct file *file, char __user *buffer, size_t length,
			loff_t *offset)
{
	struct mkh_instance *inst = instance_of(file);
	size_t done = 0;
	int err = 0, srcu;

	if (*offset < 0)
		return -EINVAL;
	srcu = srcu_read_lock(&mkh_memory_srcu);
	if (READ_ONCE(inst->gone))
		err = -ENODEV;
	else if (*offset >= inst->memory.bytes)
		length = 0;
	else
		length = min_t(u64, length, inst->memory.bytes - *offset);
	while (!err && done < length) {
		size_t step = min_t(size_t, length - done, COPY_STEP);

		step -= copy_to_user(buffer + done,
				     inst->memory.view + *offset + done, step);
		done += step;
		if (!step)
			err = -EFAULT;
		else if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	*offset += done;
	return done ?: err;
}

ssize_t mkh_memory_write(struct file *file, const char __user *buffer,
			 size_t length, loff_t *offset)
{
	struct mkh_instance *inst = instance_of(file);
	size_t done = 0;
	int err = 0, srcu;

	if (*offset < 0)
		return -EINVAL;
	srcu = srcu_read_lock(&mkh_memory_srcu);
	if (READ_ONCE(inst->gone))
		err = -ENODEV;
	else if (length && *offset >= inst->memory.bytes)
		err = -ENOSPC;
	else
		length = min_t(u64, length, inst->memory.bytes - *offset);
	if (!err && length)
		mark_dirty(inst);
	while (!err && done < length) {
		size_t step = min_t(size_t, length - done, COPY_STEP);

		step -= copy_from_user(inst->memory.view + *offset + done,
				       buffer + done, step);
		done += step;
		if (!step)
			err = -EFAULT;
		else if (fatal_signal_pending(current))
			err = -EINTR;
		cond_resched();
	}
	srcu_read_unlock(&mkh_memory_srcu, srcu);
	*offset += done;
	return done ?: err;
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
