/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state file, /run/multikernel/NAME/state: what the next supervisor must
 * know.  A shared mapping, so that what is written survives this process.
 *
 * It is root's own file, yet of another version of this program perhaps, of an
 * earlier instance of the same name, or cut short: it is checked as a whole
 * before any of it is used.
 */
#ifndef SERVE_STATE_H
#define SERVE_STATE_H

#include "policy.h"
#include "serve.h"

#define SERVE_STATE_MAGIC   0x65747461732d6b6dULL /* "mk-state" */
#define SERVE_STATE_VERSION 2
#define SERVE_WHY_BYTES	    256

/* The last end of a life, and what is still to be done about it. */
struct serve_end {
	uint64_t events; /* mk_info.events: ends until then are dealt with */
	uint64_t due_ns; /* CLOCK_BOOTTIME of the restart */
	uint32_t todo; /* POLICY_... */
	uint32_t started; /* generation of the last life that we started */
	uint32_t asked; /* generation of a life that the user ends, or 0 */
	uint32_t reserved; /* 0 */
	char why[SERVE_WHY_BYTES]; /* it is not started again, or "" */
};

struct serve_state {
	uint64_t magic; /* written last */
	uint32_t version;
	uint32_t bytes; /* sizeof(struct serve_state) */
	uint32_t instance; /* mk_info.id */
	uint32_t life; /* mk_info.generation that devices[] are of */
	uint64_t memory_base, memory_bytes;
	uint64_t events; /* mk_info.events when last seen: never less later */
	uint32_t supervisor; /* its pid, or 0 if it has ended in order */
	uint32_t held; /* backends were not closed: some may live on */
	struct policy policy;
	struct policy_history history;
	struct serve_end end;
	uint8_t reserved[4096 - 56 - sizeof(struct policy) -
			 sizeof(struct policy_history) -
			 sizeof(struct serve_end)];
	struct serve_device_state devices[SERVE_DEVICES];
};

/*
 * Map the file @path.  MK_E_NOTFOUND: there is none, or it is empty; MK_E_INPUT
 * (with what is wrong); MK_E_SYSTEM.
 */
int serve_state_open(const char *path, struct serve_state **state,
		     struct mk_error *err);
/* Make it anew, for the instance of @info. */
int serve_state_create(const char *path, const struct mk_info *info,
		       struct serve_state **state, struct mk_error *err);
void serve_state_close(struct serve_state *state);

/* Does it make sense?  MK_E_INPUT. */
int serve_state_check(const struct serve_state *state, struct mk_error *err);
/* Is it of the instance of @info? */
bool serve_state_is_of(const struct serve_state *state,
		       const struct mk_info *info);

#endif /* SERVE_STATE_H */
