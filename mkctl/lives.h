/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel logs of an instance's earlier lives.
 *
 * A start wipes the memory, and with it the log of the life before.  So who
 * starts, loads, unloads or deletes an instance saves that log first, into
 * /run/multikernel/NAME/lives/GENERATION: the last LIVES_KEPT of them, each of
 * at most LIVES_BYTES (its newest lines).  They go when the instance does, and
 * those of an earlier instance of that name are not taken for this one's.
 */
#ifndef MKCTL_LIVES_H
#define MKCTL_LIVES_H

#include "cmd.h"

#define LIVES_KEPT  8
#define LIVES_BYTES (4 << 20)

/*
 * Save the log of the life that is over, unless that is done already, or there
 * was none.  A warning is said when it cannot be saved; that stops nobody.
 * Killed in the middle it leaves the file of before, or none.
 */
void lives_save(const char *name, struct mk_instance *inst);

/* The instance is deleted: remove them all. */
void lives_remove(const char *name);

#endif /* MKCTL_LIVES_H */
