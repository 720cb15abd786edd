/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that name devices, for the commands serve, start, run and
 * device: each "--KIND OPTIONS" is one device that is wished for.
 */
#ifndef SERVE_OPTIONS_H
#define SERVE_OPTIONS_H

#include "mkctl/cmd.h"
#include "policy.h"
#include "serve.h"

#define SERVE_POLICY_OPTIONS 7

struct serve_wish {
	unsigned int nr;
	struct {
		const char *kind; /* serve_kind.name */
		const char *options; /* "" if it has none */
	} devices[SERVE_DEVICES];
	unsigned int nr_policy; /* what follows the end of a life */
	struct {
		const char *name; /* one of policy_names */
		const char *value;
	} policy[SERVE_POLICY_OPTIONS];
	bool foreground;
	bool replace; /* what a dead supervisor left does not matter */
};

extern const struct opt serve_options[];
/* What follows the end of a life: for serve, start and run. */
extern const struct opt policy_options[];

/* Is there anything that takes a supervisor? */
static inline bool serve_wished(const struct serve_wish *w)
{
	return w->nr || w->nr_policy;
}

/*
 * Takes the option if it names a device, or what follows an end; exits if that
 * is not well-formed, or the second device of a kind of which there can be one.
 * The values are not copied.
 */
bool serve_take(struct serve_wish *w, const struct parse *p, int key,
		const char *value);

#endif /* SERVE_OPTIONS_H */
