/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of mkctl log share. */
#ifndef MKCTL_LOG_H
#define MKCTL_LOG_H

#include "cmd.h"

#define LOG_FOLLOW_MS 200 /* between two looks */

/* mkctl log --all; returns an exit status. */
int log_all(struct ctl *ctl, bool follows, bool json);

#endif /* MKCTL_LOG_H */
