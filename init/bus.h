/* SPDX-License-Identifier: GPL-2.0-only */
/* The spawn's devices, as sysfs has them. */
#ifndef INIT_BUS_H
#define INIT_BUS_H

#include <stdbool.h>

#define VIRTIO_BLOCK   0x02 /* virtio 1.2, section 5 */
#define VIRTIO_VSOCK   0x13
#define VIRTIO_SHARE   0x1a

#define MODALIAS_BYTES 32 /* "virtio:d00000001vFFFFFFFF" and a NUL */

/* A sysfs of our own.  Without it, and a line in the log, there are no devices. */
bool bus_open(void);

/* Call @found for each device of virtio; @bound: it has a driver. */
void bus_scan(void (*found)(const char *modalias, unsigned int id, bool bound));

/* Whether a device of virtio of that number has its driver. */
bool bus_has(unsigned int id);

/* Load what persistent memory needs, if there is some. */
void bus_load_pmem(void);

#endif /* INIT_BUS_H */
