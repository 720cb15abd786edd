/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The console's clients: each is a connection of the control socket that asked
 * {"do":"console"} and became a console.
 *
 * Packets to the client are what the spawn printed.  Packets from it begin
 * with a byte that says what follows: 'i' input; 's' the size of its terminal,
 * "COLUMNS ROWS" in decimal.
 */
#ifndef SERVE_CONSOLE_H
#define SERVE_CONSOLE_H

#include "serve.h"

#define CONSOLE_PACKET 4096 /* bytes of a packet, at most */
#define CONSOLE_INPUT  'i'
#define CONSOLE_SIZE   's'

/*
 * Take over @sock, a nonblocking connection that nobody watches; it is closed
 * here from now on.  @history: begin with what was printed before.
 */
int serve_console_attach(struct serve_device *d, int sock, bool history,
			 struct mk_error *err);

/* "COLUMNS ROWS", of which none is 0 or above 65535; MK_E_INPUT. */
int console_size_parse(const char *text, size_t length, uint16_t *columns,
		       uint16_t *rows, struct mk_error *err);

#endif /* SERVE_CONSOLE_H */
