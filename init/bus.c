// SPDX-License-Identifier: GPL-2.0-only
/* The spawn's devices, as sysfs has them; see bus.h. */
#include "bus.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "init.h"
#include "modules.h"

#define PMEM "platform:e820_pmem"

static int sysfs = -1;

/* For bus_has(), which bus_scan() calls back. */
static unsigned int wanted;
static bool seen;

bool bus_open(void)
{
	sysfs = private_mount("sysfs");
	if (sysfs < 0)
		say(ERROR, "no devices: cannot mount sysfs: %s",
		    strerror(errno));
	return sysfs >= 0;
}

void bus_scan(void (*found)(const char *modalias, unsigned int id, bool bound))
{
	char text[MODALIAS_BYTES], path[300];
	struct dirent *entry;
	unsigned int id;
	DIR *devices;
	int fd;

	fd = openat(sysfs, "bus/virtio/devices",
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	devices = fd < 0 ? NULL : fdopendir(fd);
	if (!devices) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(devices))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/modalias", entry->d_name);
		read_file(fd, path, text, sizeof(text));
		text[strcspn(text, "\n")] = '\0';
		snprintf(path, sizeof(path), "%s/driver", entry->d_name);
		if (sscanf(text, "virtio:d%8xv", &id) == 1)
			found(text, id, !faccessat(fd, path, F_OK, 0));
	}
	closedir(devices); /* and fd */
}

static void look(const char *modalias, unsigned int id, bool bound)
{
	seen = seen || (id == wanted && bound);
}

bool bus_has(unsigned int id)
{
	wanted = id;
	seen = false;
	bus_scan(look);
	return seen;
}

void bus_load_pmem(void)
{
	if (faccessat(sysfs, "bus/platform/devices/e820_pmem", F_OK, 0))
		return;
	modules_load(PMEM);
	modules_load_filesystems(NULL);
}
