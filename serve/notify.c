// SPDX-License-Identifier: GPL-2.0-only
/* Telling the service manager: one datagram. */
#include "notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un to;
static socklen_t to_size; /* 0 = there is nobody */

void serve_notify_init(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;

	if (n > 1 && n < sizeof(to.sun_path) &&
	    (path[0] == '/' || path[0] == '@')) {
		to.sun_family = AF_UNIX;
		memcpy(to.sun_path, path, n);
		if (path[0] == '@')
			to.sun_path[0] = '\0';
		to_size =
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	}
	unsetenv("NOTIFY_SOCKET");
}

void serve_notify(const char *text)
{
	int sock;

	if (!to_size)
		return;
	sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return;
	sendto(sock, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to,
	       to_size);
	close(sock);
}
