/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words for the numbers of the UAPI: states, causes, reasons, agents.
 *
 * The words of states, causes, agents and features are a stable contract of
 * mkctl; a number that this library does not know yet gives "unknown", never
 * NULL.
 */
#ifndef MK_NAMES_H
#define MK_NAMES_H

#include <linux/multikernel.h>

#include <stddef.h>

#include "error.h"

/* "created", "loaded", "running", "stopped", "crashed". */
const char *mk_state_name(unsigned int state);

/* The enum mk_state of a word, or 0. */
unsigned int mk_state_number(const char *name);

/* "none", "poweroff", "reboot", "panic", "killed", "host", "no-start", "flood". */
const char *mk_cause_name(unsigned int cause);

/* Of an enum mk_agent: "none", "ready", "refused", "up", "broken". */
const char *mk_agent_name(unsigned int agent);

/* Of bit @bit of the hand-off page's features: "channel", "request", "cpus". */
const char *mk_feature_name(unsigned int bit);

/* How far the boot CPU came, as a sentence part: "in real mode". */
const char *mk_progress_name(unsigned int progress);

/*
 * A sentence for why MK_IOC_CREATE refused, with the next step, from the
 * @reason and @reason_cpu that it wrote.  Returns 0, or -1 when there is no
 * reason in it (the caller then speaks about the errno).
 */
int mk_reason_text(char *text, size_t size, const struct mk_create *create);

/*
 * Whether it is a name for an instance: [A-Za-z0-9][A-Za-z0-9._-]{0,30}.
 * Errors: MK_E_INPUT.
 */
int mk_name_check(const char *name, struct mk_error *err);

#endif /* MK_NAMES_H */
