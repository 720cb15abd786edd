// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of what LOAD handed over, placed anew at every start.
 *
 * They are kept in ordinary host pages: a start after a crash needs no file,
 * no tool and no trust in either, and what was checked at load is what runs.
 * The price, kept_bytes, is reported apart from the other memory figures.
 */
#include "host.h"

#include <linux/io.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#define COPY_STEP (1UL << 20)

static bool within(u64 base, u64 bytes, u64 start, u64 length)
{
	return start >= base && length <= bytes &&
	       start - base <= bytes - length;
}

static bool in_memory(const struct mkh_instance *inst, u64 start, u64 length)
{
	return within(inst->memory.base, inst->memory.bytes, start, length);
}

static int check_segment(const struct mk_segment *seg,
			 const struct mkh_instance *inst)
{
	if (!seg->memory_bytes || seg->buffer_bytes > seg->memory_bytes ||
	    !PAGE_ALIGNED(seg->address))
		return -EINVAL;
	if (!in_memory(inst, seg->address, seg->memory_bytes) &&
	    !within(inst->low_base, inst->low_bytes, seg->address,
		    seg->memory_bytes))
		return -ERANGE;
	return 0;
}

static bool overlap(u64 a, u64 a_bytes, u64 b, u64 b_bytes)
{
	return a < b + b_bytes && b < a + a_bytes;
}

/* All ranges are inside the instance by now: no sum can wrap. */
static int check_overlaps(const struct mkh_image *image)
{
	unsigned int i, j;

	if (overlap(image->channel_base, image->channel_bytes, image->handoff,
		    MKW_HANDOFF_BYTES))
		return -EEXIST;
	for (i = 0; i < image->nr_segments; i++) {
		const struct mkh_segment *a = &image->segments[i];

		if (overlap(a->address, a->bytes, image->channel_base,
			    image->channel_bytes))
			return -EEXIST;
		if (overlap(a->address, a->bytes, image->handoff,
			    MKW_HANDOFF_BYTES))
			return -EEXIST;
		for (j = 0; j < i; j++)
			if (overlap(a->address, a->bytes,
				    image->segments[j].address,
				    image->segments[j].bytes))
				return -EEXIST;
	}
	return 0;
}

static int check_addresses(const struct mk_load *arg,
			   const struct mkh_instance *inst)
{
	if (!PAGE_ALIGNED(arg->page_table) || !PAGE_ALIGNED(arg->handoff) ||
	    !PAGE_ALIGNED(arg->channel_base) ||
	    !PAGE_ALIGNED(arg->channel_bytes) ||
	    !arg->channel_base != !arg->channel_bytes)
		return -EINVAL;
	if (!in_memory(inst, arg->entry, 1) ||
	    !in_memory(inst, arg->argument, PAGE_SIZE) ||
	    !in_memory(inst, arg->page_table, PAGE_SIZE) ||
	    !in_memory(inst, arg->handoff, MKW_HANDOFF_BYTES))
		return -ERANGE;
	if (arg->channel_bytes &&
	    !in_memory(inst, arg->channel_base, arg->channel_bytes))
		return -ERANGE;
	return 0;
}

static int copy_data(struct mkh_segment *seg, const char __user *from)
{
	size_t done, step;

	if (!seg->length)
		return 0;
	seg->data = __vmalloc(seg->length, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!seg->data)
		return -ENOMEM;
	for (done = 0; done < seg->length; done += step) {
		step = min_t(size_t, seg->length - done, COPY_STEP);
		if (copy_from_user(seg->data + done, from + done, step))
			return -EFAULT;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

static int copy_segments(struct mkh_image *image, const struct mk_load *arg,
			 const struct mkh_instance *inst)
{
	const struct mk_segment __user *from = u64_to_user_ptr(arg->segments);
	struct mk_segment seg;
	unsigned int i;
	int err;

	image->segments = kcalloc(arg->nr_segments, sizeof(*image->segments),
				  GFP_KERNEL_ACCOUNT);
	if (!image->segments)
		return -ENOMEM;
	/* First all the checks, then the bytes. */
	for (i = 0; i < arg->nr_segments; i++) {
		if (copy_from_user(&seg, &from[i], sizeof(seg)))
			return -EFAULT;
		err = check_segment(&seg, inst);
		if (err)
			return err;
		image->segments[i].address = seg.address;
		image->segments[i].bytes = PAGE_ALIGN(seg.memory_bytes);
		image->segments[i].length = seg.buffer_bytes;
		image->nr_segments++;
		image->loaded_bytes += seg.memory_bytes;
		image->kept_bytes += PAGE_ALIGN(seg.buffer_bytes);
	}
	err = check_overlaps(image);
	if (err)
		return err;
	for (i = 0; i < arg->nr_segments; i++) {
		if (copy_from_user(&seg, &from[i], sizeof(seg)))
			return -EFAULT;
		/* Only the pointer is taken from this second look. */
		err = copy_data(&image->segments[i],
				u64_to_user_ptr(seg.buffer));
		if (err)
			return err;
	}
	return 0;
}

static int use_stores(struct mkh_image *image, const struct mk_load *arg)
{
	u32 ids[MK_STORES_MAX];
	unsigned int i;
	int err;

	if (copy_from_user(ids, u64_to_user_ptr(arg->stores),
			   arg->nr_stores * sizeof(*ids)))
		return -EFAULT;
	for (i = 0; i < arg->nr_stores; i++) {
		err = mkh_instance_use(ids[i], &image->stores[i]);
		if (err)
			return err;
		image->nr_stores++;
	}
	return 0;
}

int mkh_image_copy(struct mkh_image *image, const struct mk_load *arg,
		   const struct mkh_instance *inst)
{
	int err;

	memset(image, 0, sizeof(*image));
	if (!arg->nr_segments)
		return -EINVAL;
	if (arg->nr_segments > MK_SEGMENTS_MAX ||
	    arg->nr_stores > MK_STORES_MAX)
		return -E2BIG;
	err = check_addresses(arg, inst);
	if (err)
		return err;
	image->entry = arg->entry;
	image->argument = arg->argument;
	image->page_table = arg->page_table;
	image->handoff = arg->handoff;
	image->channel_base = arg->channel_base;
	image->channel_bytes = arg->channel_bytes;
	image->la57 = arg->flags & MK_LOAD_F_LA57;
	memcpy(image->label, arg->label, sizeof(image->label));
	err = use_stores(image, arg);
	if (!err)
		err = copy_segments(image, arg, inst);
	if (err)
		mkh_image_drop(image);
	return err;
}

static void *view_of(const struct mkh_instance *inst, u64 address)
{
	if (in_memory(inst, address, 1))
		return inst->memory.view + (address - inst->memory.base);
	return phys_to_virt(address);
}

void mkh_image_place(const struct mkh_image *image,
		     const struct mkh_instance *inst)
{
	unsigned int i;

	for (i = 0; i < image->nr_segments; i++) {
		const struct mkh_segment *seg = &image->segments[i];

		if (seg->length)
			memcpy(view_of(inst, seg->address), seg->data,
			       seg->length);
		cond_resched();
	}
}

void mkh_image_drop(struct mkh_image *image)
{
	unsigned int i;

	for (i = 0; image->segments && i < image->nr_segments; i++)
		vfree(image->segments[i].data);
	kfree(image->segments);
	while (image->nr_stores)
		mkh_instance_unuse(image->stores[--image->nr_stores]);
	memset(image, 0, sizeof(*image));
}

#ifdef MKH_SELFTEST
#include "../selftest/image.c"
#endif
