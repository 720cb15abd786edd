/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel logs of an instance's earlier lives.
 *
 * A start wipes the memory, and with it the log of the life before.  So who
 * starts, loads or unloads an instance saves that log first, into
 * /run/multikernel/NAME/lives/GENERATION: the last LIVES_KEPT of them, each of
 * at most LIVES_BYTES (its newest lines).  They go when the instance does, and
 * those of an earlier instance of that name are not taken for this one's.
 */
#ifndef MKCTL_LIVES_H
#define MKCTL_LIVES_H

#include "cmd.h"
#include "life.h"

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

/* A saved log, in memory.  Valid from a successful open until the close. */
struct lives_file {
	char *bytes; /* NULL = not open */
	struct life_head head;
	struct life_reader reader;
};

/*
 * Open that of the life @life of the instance @name whose id is @instance.
 * MK_E_NOTFOUND: there is none; MK_E_INPUT: it is no good; MK_E_SYSTEM.
 */
int lives_open(struct lives_file *file, const char *name, uint32_t instance,
	       uint32_t life, struct mk_error *err);
void lives_close(struct lives_file *file);

/*
 * The numbers of the lives that are saved of that instance, ascending, into
 * @lives (NULL: none is wanted); how many there are, LIVES_KEPT at most.
 */
unsigned int lives_list(const char *name, uint32_t instance,
			uint32_t lives[LIVES_KEPT]);

/* How the log of the life under way, or of the last, stands to our clock. */
bool lives_clock(struct mk_instance *inst, const struct mk_info *info,
		 uint64_t *offset_ns);

#endif /* MKCTL_LIVES_H */
