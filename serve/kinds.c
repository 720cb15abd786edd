// SPDX-License-Identifier: GPL-2.0-only
/* All kinds of devices. */
#include <string.h>

#include "serve.h"

const struct serve_kind *const serve_kinds[] = {
	&serve_console, &serve_net, &serve_vsock, &serve_disk,
	&serve_share,	&serve_rng, NULL,
};

const struct serve_kind *serve_kind_find(const char *name)
{
	unsigned int i;

	for (i = 0; serve_kinds[i]; i++)
		if (strcmp(serve_kinds[i]->name, name) == 0)
			return serve_kinds[i];
	return NULL;
}
