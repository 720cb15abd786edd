// SPDX-License-Identifier: GPL-2.0-only
/* What follows the end of a spawn. */
#include "policy.h"

#include <linux/multikernel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const policy_names[] = { "on-crash",    "on-poweroff", "on-reboot",
				     "restart-max", "watchdog",	   "dump-dir",
				     "dump-keep",   NULL };

void policy_init(struct policy *p)
{
	memset(p, 0, sizeof(*p));
	p->on_reboot = POLICY_RESTART;
	p->restart_max = POLICY_RESTART_MAX;
	p->dump_keep = POLICY_DUMP_KEEP;
	snprintf(p->dump_dir, sizeof(p->dump_dir), "%s", POLICY_DUMP_DIR);
}

static bool is_watchdog(uint32_t ms)
{
	return !ms ||
	       (ms >= POLICY_WATCHDOG_MS_MIN && ms <= POLICY_WATCHDOG_MS_MAX);
}

int policy_check(const struct policy *p, struct mk_error *err)
{
	if (p->on_crash & ~POLICY_ALL || p->on_poweroff & ~POLICY_RESTART ||
	    p->on_reboot & ~POLICY_RESTART || !is_watchdog(p->watchdog_ms) ||
	    !is_watchdog(p->boot_ms) || !p->dump_keep || p->reserved ||
	    !memchr(p->dump_dir, 0, sizeof(p->dump_dir)) ||
	    p->dump_dir[0] != '/')
		return mk_fail(err, MK_E_INPUT,
			       "the state file is wrong about what follows an "
			       "end");
	return 0;
}

/* --- options -------------------------------------------------------------- */

static int set_number(uint32_t *number, const char *name, const char *value,
		      uint32_t least, struct mk_error *err)
{
	unsigned long n;
	char *end;

	n = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || n < least ||
	    n > 1000000)
		return mk_fail(err, MK_E_INPUT,
			       "--%s: '%.32s' is not a number from %u to "
			       "1000000",
			       name, value, least);
	*number = (uint32_t)n;
	return 0;
}

static int set_action(uint32_t *action, const char *name, const char *value,
		      struct mk_error *err)
{
	if (strcmp(value, "stop") == 0)
		*action = 0;
	else if (strcmp(value, "restart") == 0)
		*action = POLICY_RESTART;
	else
		return mk_fail(err, MK_E_INPUT,
			       "--%s: '%.32s' is neither stop nor restart",
			       name, value);
	return 0;
}

static int set_on_crash(uint32_t *action, const char *value,
			struct mk_error *err)
{
	if (strcmp(value, "dump") == 0)
		*action = POLICY_DUMP;
	else if (strcmp(value, "dump,restart") == 0)
		*action = POLICY_DUMP | POLICY_RESTART;
	else if (set_action(action, "on-crash", value, NULL))
		return mk_fail(err, MK_E_INPUT,
			       "--on-crash: '%.32s' is none of stop, restart, "
			       "dump and dump,restart",
			       value);
	return 0;
}

/* Seconds at @text, up to @end; false if it is no such time. */
static bool take_seconds(const char *text, const char *end, uint32_t *ms)
{
	double seconds;
	char *stop;

	/* Rules out signs, blanks, "nan" and "inf". */
	if (text[0] < '0' || text[0] > '9')
		return false;
	seconds = strtod(text, &stop);
	if (stop != end || !(seconds * 1000 <= POLICY_WATCHDOG_MS_MAX))
		return false;
	*ms = (uint32_t)(seconds * 1000);
	return *ms >= POLICY_WATCHDOG_MS_MIN;
}

static int set_watchdog(struct policy *p, const char *value,
			struct mk_error *err)
{
	const char *comma = strchr(value, ','), *end = value + strlen(value);
	uint32_t ms, boot = 0;

	if (strcmp(value, "off") == 0) {
		p->watchdog_ms = p->boot_ms = 0;
		return 0;
	}
	if (!take_seconds(value, comma ? comma : end, &ms) ||
	    (comma && (strncmp(comma, ",boot=", 6) != 0 ||
		       !take_seconds(comma + 6, end, &boot))))
		return mk_fail(err, MK_E_INPUT,
			       "--watchdog: '%.40s' is not SECONDS, "
			       "SECONDS,boot=SECONDS (2 to 86400) or off",
			       value);
	p->watchdog_ms = ms;
	p->boot_ms = boot;
	return 0;
}

static int set_dump_dir(struct policy *p, const char *value,
			struct mk_error *err)
{
	const char *c;

	if (value[0] != '/' || strlen(value) >= sizeof(p->dump_dir))
		return mk_fail(err, MK_E_INPUT,
			       "--dump-dir: '%.64s' is not a path from / on of "
			       "less than %zu bytes",
			       value, sizeof(p->dump_dir));
	for (c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return mk_fail(err, MK_E_INPUT,
				       "--dump-dir: a control character in it");
	strcpy(p->dump_dir, value);
	return 0;
}

int policy_set(struct policy *p, const char *name, const char *value,
	       struct mk_error *err)
{
	if (strcmp(name, "on-crash") == 0)
		return set_on_crash(&p->on_crash, value, err);
	if (strcmp(name, "on-poweroff") == 0)
		return set_action(&p->on_poweroff, name, value, err);
	if (strcmp(name, "on-reboot") == 0)
		return set_action(&p->on_reboot, name, value, err);
	if (strcmp(name, "restart-max") == 0)
		return set_number(&p->restart_max, name, value, 0, err);
	if (strcmp(name, "watchdog") == 0)
		return set_watchdog(p, value, err);
	if (strcmp(name, "dump-dir") == 0)
		return set_dump_dir(p, value, err);
	if (strcmp(name, "dump-keep") == 0)
		return set_number(&p->dump_keep, name, value, 1, err);
	return mk_fail(err, MK_E_NOTFOUND, "there is no option --%.32s", name);
}

static const char *action_name(uint32_t action)
{
	static const char *const names[] = { "stop", "restart", "dump",
					     "dump,restart" };

	return names[action & POLICY_ALL];
}

static void get_watchdog(const struct policy *p, char *text, size_t size)
{
	if (!p->watchdog_ms)
		snprintf(text, size, "off");
	else if (!p->boot_ms)
		snprintf(text, size, "%g", p->watchdog_ms / 1000.0);
	else
		snprintf(text, size, "%g,boot=%g", p->watchdog_ms / 1000.0,
			 p->boot_ms / 1000.0);
}

void policy_get(const struct policy *p, const char *name, char *text,
		size_t size)
{
	text[0] = '\0';
	if (strcmp(name, "on-crash") == 0)
		snprintf(text, size, "%s", action_name(p->on_crash));
	else if (strcmp(name, "on-poweroff") == 0)
		snprintf(text, size, "%s", action_name(p->on_poweroff));
	else if (strcmp(name, "on-reboot") == 0)
		snprintf(text, size, "%s", action_name(p->on_reboot));
	else if (strcmp(name, "restart-max") == 0)
		snprintf(text, size, "%u", p->restart_max);
	else if (strcmp(name, "watchdog") == 0)
		get_watchdog(p, text, size);
	else if (strcmp(name, "dump-dir") == 0)
		snprintf(text, size, "%s", p->dump_dir);
	else if (strcmp(name, "dump-keep") == 0)
		snprintf(text, size, "%u", p->dump_keep);
}

/* --- an end --------------------------------------------------------------- */

static bool is_long(const struct policy_history *h, int64_t lived_ms)
{
	return lived_ms >= POLICY_LONG_MS &&
	       lived_ms >= (int64_t)h->backoff_ms * POLICY_LONG_BACKOFF;
}

/* What the policy has for this end, and why nothing if the user wonders. */
static uint32_t wanted(const struct policy *p, const struct policy_end *e,
		       const char **why)
{
	uint32_t todo;

	*why = NULL;
	switch (e->cause) {
	case MK_CAUSE_POWEROFF:
		todo = p->on_poweroff;
		break;
	case MK_CAUSE_REBOOT:
		todo = p->on_reboot;
		break;
	case MK_CAUSE_PANIC:
	case MK_CAUSE_FLOOD:
	case MK_CAUSE_HUNG:
		todo = p->on_crash;
		break;
	case MK_CAUSE_NO_START:
		*why = "not started again: its boot CPU did not arrive";
		return 0;
	case MK_CAUSE_KILLED:
	case MK_CAUSE_HOST:
		return 0;
	default:
		/* One that a later module knows. */
		todo = e->state == MK_STATE_CRASHED ? p->on_crash : 0;
	}
	if (e->asked && todo & POLICY_RESTART) {
		*why = "not started again: its end was asked for";
		todo &= ~POLICY_RESTART;
	}
	return todo;
}

void policy_decide(const struct policy *p, struct policy_history *h,
		   const struct policy_end *e, struct policy_decision *d)
{
	bool at_once = (e->cause == MK_CAUSE_REBOOT ||
			e->cause == MK_CAUSE_POWEROFF) &&
		       e->lived_ms >= POLICY_REBOOT_MS;

	memset(d, 0, sizeof(*d));
	if (is_long(h, e->lived_ms))
		h->row = h->backoff_ms = 0;
	d->todo = wanted(p, e, &d->why);
	if (!(d->todo & POLICY_RESTART))
		return;
	if (p->restart_max && h->row >= p->restart_max) {
		d->todo &= ~POLICY_RESTART;
		d->why = "not started again: that was done as often in a row "
			 "as --restart-max allows";
		return;
	}
	h->row++;
	if (at_once)
		return;
	if (!h->backoff_ms)
		h->backoff_ms = POLICY_BACKOFF_MS;
	else if (h->backoff_ms < POLICY_BACKOFF_MS_MAX / 2)
		h->backoff_ms *= 2;
	else
		h->backoff_ms = POLICY_BACKOFF_MS_MAX;
	d->delay_ms = h->backoff_ms;
}

/* --- the watchdog --------------------------------------------------------- */

enum policy_verdict policy_watch(const struct policy *p, int64_t age_ms,
				 int64_t lived_ms, int64_t suspect_ms)
{
	bool late;

	if (age_ms < 0)
		late = p->boot_ms && lived_ms > p->boot_ms;
	else
		late = age_ms > p->watchdog_ms;
	if (!p->watchdog_ms || !late)
		return POLICY_FINE;
	return suspect_ms < POLICY_SUSPECT_MS ? POLICY_SUSPECT : POLICY_HUNG;
}

int policy_watch_ms(const struct policy *p)
{
	int ms = (int)(p->watchdog_ms / 4);

	return ms > 1000 ? 1000 : ms;
}
