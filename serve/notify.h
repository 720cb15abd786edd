/* SPDX-License-Identifier: GPL-2.0-only */
/* Telling whoever started us how far we are. */
#ifndef SERVE_NOTIFY_H
#define SERVE_NOTIFY_H

/*
 * Forget $NOTIFY_SOCKET, so that no daemon of ours speaks in our name; what it
 * was is kept for serve_notify().
 */
void serve_notify_init(void);

/* sd_notify(3) by hand: "READY=1".  Without a socket, or if it fails, nothing. */
void serve_notify(const char *text);

#endif /* SERVE_NOTIFY_H */
