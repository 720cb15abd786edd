/* SPDX-License-Identifier: GPL-2.0-only */
/* What a supervisor begins with. */
#ifndef SERVE_TAKE_OVER_H
#define SERVE_TAKE_OVER_H

#include "core.h"
#include "options.h"

/*
 * s->state: that of the supervisor before us if it is of this instance and of
 * the devices that are wished for, else a new one.  The lock is held and the
 * memory is mapped.  MK_E_REFUSED: it is of other devices; and all of
 * serve_state_open().
 */
int take_over_state(struct serve *s, const struct mk_info *info,
		    const struct serve_wish *w, struct mk_error *err);

/* Of what follows an end the options that are given replace those of before. */
void take_over_policy(struct serve *s, const struct serve_wish *w);

/*
 * Open the devices.  One that was in use and cannot be taken over is logged;
 * of new ones all are opened, or it fails (and the caller closes those that
 * are).
 */
int take_over_devices(struct serve *s, const struct mk_info *info,
		      const struct serve_wish *w, struct mk_error *err);

bool take_over_same(const struct serve_state *state,
		    const struct serve_wish *w);

#endif /* SERVE_TAKE_OVER_H */
