/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A view of an instance's physical memory, for whoever reads it from outside.
 *
 * Addresses are physical, as the instance's own kernel sees them; the view is
 * one range.  The memory is live: another kernel may write it at any moment,
 * so each value is copied out once and only the copy is checked and used.
 * What two reads return need not belong together; readers re-check.
 * Successive reads happen in program order (each ends in an acquire fence).
 * Multi-byte values are little-endian.
 */
#ifndef MK_MEMORY_H
#define MK_MEMORY_H

#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "error.h"

struct mk_memory {
	uint64_t base; /* physical address of the first byte */
	uint64_t size; /* bytes; base + size does not pass 2^64 */
	/* Direct pointer to the whole range; NULL when only @read works. */
	const uint8_t *mapped;
	/*
	 * Used when @mapped is NULL: copy @length bytes from physical @address,
	 * which lie inside the range.  0, or a negative enum mk_code.
	 */
	int (*read)(void *context, uint64_t address, void *buffer,
		    size_t length);
	void *context;
};

/* Do all @length bytes from @address lie inside the view? */
static inline bool mk_memory_holds(const struct mk_memory *memory,
				   uint64_t address, uint64_t length)
{
	return address >= memory->base &&
	       address - memory->base <= memory->size &&
	       length <= memory->size - (address - memory->base);
}

/*
 * Copy @length bytes from physical @address.  MK_E_INPUT when they are not
 * all inside the view (nothing is copied then), MK_E_CALL for a view with
 * neither a pointer nor a callback, or what the callback returned.
 */
static inline int mk_memory_read(const struct mk_memory *memory,
				 uint64_t address, void *buffer, size_t length,
				 struct mk_error *err)
{
	int ret = 0;

	if (!mk_memory_holds(memory, address, length))
		return mk_fail(err, MK_E_INPUT,
			       "address %#llx is outside the instance's memory",
			       (unsigned long long)address);
	if (memory->mapped)
		memcpy(buffer, memory->mapped + (address - memory->base),
		       length);
	else if (memory->read)
		ret = memory->read(memory->context, address, buffer, length);
	else
		ret = MK_E_CALL;
	/* The copy is what gets used: the compiler must not look again. */
	__asm__ volatile("" : : "r"(buffer) : "memory");
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (ret)
		return mk_fail(err, ret,
			       "the instance's memory cannot be read at %#llx",
			       (unsigned long long)address);
	return 0;
}

/*
 * One word, untorn when @address is a multiple of its size and the view is
 * mapped (the mapping itself must be page aligned, as mmap's are).
 */
static inline int mk_memory_u64(const struct mk_memory *memory,
				uint64_t address, uint64_t *value,
				struct mk_error *err)
{
	const uint8_t *at = memory->mapped;
	uint64_t raw;
	int ret;

	if (at && mk_memory_holds(memory, address, sizeof(raw)) &&
	    (uintptr_t)(at += address - memory->base) % sizeof(raw) == 0) {
		raw = __atomic_load_n((const uint64_t *)(const void *)at,
				      __ATOMIC_ACQUIRE);
	} else {
		ret = mk_memory_read(memory, address, &raw, sizeof(raw), err);
		if (ret)
			return ret;
	}
	*value = le64toh(raw);
	return 0;
}

/* The same words out of bytes that were copied already; no alignment needed. */
static inline uint64_t mk_memory_get64(const uint8_t *bytes)
{
	uint64_t raw;

	memcpy(&raw, bytes, sizeof(raw));
	return le64toh(raw);
}

static inline uint32_t mk_memory_get32(const uint8_t *bytes)
{
	uint32_t raw;

	memcpy(&raw, bytes, sizeof(raw));
	return le32toh(raw);
}

static inline uint16_t mk_memory_get16(const uint8_t *bytes)
{
	uint16_t raw;

	memcpy(&raw, bytes, sizeof(raw));
	return le16toh(raw);
}

#endif /* MK_MEMORY_H */
