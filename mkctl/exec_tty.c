// SPDX-License-Identifier: GPL-2.0-only
/* The local terminal of mkctl exec -t. */
#include "exec_client.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static bool is_raw;

void exec_tty_restore(void)
{
	if (is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	is_raw = false;
}

void exec_tty_raw(void)
{
	static bool registered;
	struct termios raw;

	if (is_raw || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &before))
		return;
	/* For whatever calls exit() meanwhile. */
	if (!registered)
		registered = !atexit(exec_tty_restore);
	raw = before;
	cfmakeraw(&raw);
	is_raw = !tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

bool exec_tty_size(uint16_t *rows, uint16_t *columns)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) &&
	    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size))
		return false;
	*rows = size.ws_row;
	*columns = size.ws_col;
	return true;
}
