/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What follows the end of a spawn: pure logic, without any I/O.
 *
 * A life that ended is followed by nothing, by a dump of its memory, by another
 * life, or by both.  Restarts in a row are counted: one after a short life
 * waits, twice as long each time, and so many of them are the last.
 */
#ifndef SERVE_POLICY_H
#define SERVE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* What is to be done: bits. */
#define POLICY_RESTART	      1U
#define POLICY_DUMP	      2U
#define POLICY_ALL	      (POLICY_RESTART | POLICY_DUMP)

#define POLICY_RESTART_MAX    10 /* in a row, if nothing else is said */
#define POLICY_DUMP_KEEP      3
#define POLICY_DUMP_DIR	      "/var/crash"
#define POLICY_DIR_BYTES      256

#define POLICY_BACKOFF_MS     1000 /* the first one; then twice as long, ... */
#define POLICY_BACKOFF_MS_MAX 64000
#define POLICY_REBOOT_MS      10000 /* a reboot after that waits for nothing */
/* So long a life, and ten times the last back-off, and counting begins anew. */
#define POLICY_LONG_MS	       60000
#define POLICY_LONG_BACKOFF    10

#define POLICY_WATCHDOG_MS_MIN 2000 /* the agent beats once a second */
#define POLICY_WATCHDOG_MS_MAX 86400000
/* A machine that stood still beats again in that time once it goes on. */
#define POLICY_SUSPECT_MS 1500

/* In the state file. */
struct policy {
	uint32_t on_crash; /* POLICY_... */
	uint32_t on_poweroff, on_reboot; /* POLICY_RESTART or 0 */
	uint32_t restart_max; /* in a row; 0 = any number */
	uint32_t watchdog_ms; /* 0 = none */
	uint32_t boot_ms; /* until the first beat; 0 = as long as it likes */
	uint32_t dump_keep; /* at least 1 */
	uint32_t reserved; /* 0 */
	char dump_dir[POLICY_DIR_BYTES]; /* absolute */
};

/* Of the restarts so far; in the state file. */
struct policy_history {
	uint32_t row; /* restarts since the last long life, or the user's */
	uint32_t backoff_ms; /* the last one in that row, 0 = none yet */
	uint32_t restarts; /* all of them */
	uint32_t reserved; /* 0 */
};

struct policy_end {
	uint32_t state; /* enum mk_state: STOPPED or CRASHED */
	uint32_t cause; /* enum mk_cause */
	int64_t lived_ms;
	bool asked; /* the user had asked for it */
};

struct policy_decision {
	uint32_t todo; /* POLICY_... */
	int64_t delay_ms; /* until the restart */
	const char *why; /* not to be restarted, though it ended; or NULL */
};

void policy_init(struct policy *p);

/* Is it one?  It may come from a damaged file.  MK_E_INPUT. */
int policy_check(const struct policy *p, struct mk_error *err);

/*
 * Set what the option @name ("on-crash", ...) says.  Errors: MK_E_INPUT, with a
 * sentence about @value; MK_E_NOTFOUND: there is no such option.
 */
int policy_set(struct policy *p, const char *name, const char *value,
	       struct mk_error *err);

/* The value that policy_set() would take for it, as text; "" = no such name. */
void policy_get(const struct policy *p, const char *name, char *text,
		size_t size);

/* All names that there are, NULL-terminated. */
extern const char *const policy_names[];

/* A life has ended: what now?  @h counts on if it is to be restarted. */
void policy_decide(const struct policy *p, struct policy_history *h,
		   const struct policy_end *e, struct policy_decision *d);

enum policy_verdict {
	POLICY_FINE,
	POLICY_SUSPECT, /* look again after POLICY_SUSPECT_MS */
	POLICY_HUNG,
};

/*
 * The watchdog's look.  @age_ms: of the last heartbeat, negative = none yet;
 * @lived_ms: since the start; @suspect_ms: since a look found it SUSPECT and no
 * other has found it FINE, negative = it is not.
 */
enum policy_verdict policy_watch(const struct policy *p, int64_t age_ms,
				 int64_t lived_ms, int64_t suspect_ms);
/* How long until the next look, in ms. */
int policy_watch_ms(const struct policy *p);

#endif /* SERVE_POLICY_H */
