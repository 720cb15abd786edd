/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What kernel/channel/ring.c takes from the kernel, for user space: include
 * this, then ring.c.  On a little-endian host the conversions do nothing.
 */
#ifndef MK_RING_USER_H
#define MK_RING_USER_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "little-endian only");

#define cpu_to_le16(x) (x)
#define cpu_to_le32(x) (x)
#define cpu_to_le64(x) (x)
#define le16_to_cpu(x) (x)
#define le32_to_cpu(x) (x)
#define le64_to_cpu(x) (x)

/* Builtins, so that ThreadSanitizer sees what is meant. */
#define READ_ONCE(x)		 __atomic_load_n(&(x), __ATOMIC_RELAXED)
#define WRITE_ONCE(x, v)	 __atomic_store_n(&(x), v, __ATOMIC_RELAXED)
#define virt_load_acquire(p)	 __atomic_load_n(p, __ATOMIC_ACQUIRE)
#define virt_store_release(p, v) __atomic_store_n(p, v, __ATOMIC_RELEASE)
#define virt_mb()		 __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define barrier()		 __asm__ volatile("" ::: "memory")

/*
 * It executes a fence and learns nothing from it: data is ordered by the
 * acquires and releases, which it knows.
 */
#ifdef __SANITIZE_THREAD__
#pragma GCC diagnostic ignored "-Wtsan"
#endif

#endif /* MK_RING_USER_H */
