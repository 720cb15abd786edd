// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the host kernel says about its CPUs, its memory and itself. */
#include "hostinfo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CPU_DIR	 "/sys/devices/system/cpu"
#define NODE_DIR "/sys/devices/system/node"

static int open_text(const char *root, const char *path, struct mk_error *err)
{
	char full[PATH_MAX];
	int fd, n;

	if (!root || !path)
		return mk_fail(err, MK_E_CALL, "no root, or no path");
	n = snprintf(full, sizeof(full), "%s%s", root, path);
	if (n < 0 || (size_t)n >= sizeof(full))
		return mk_fail(err, MK_E_CALL, "the path is too long");
	fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd >= 0)
		return fd;
	return mk_fail_errno(err,
			     errno == ENOENT || errno == ENOTDIR ? MK_E_NOTFOUND
								 : MK_E_SYSTEM,
			     "cannot open %s", path);
}

static ssize_t read_some(int fd, void *to, size_t size)
{
	ssize_t n;

	do {
		n = read(fd, to, size);
	} while (n < 0 && errno == EINTR);
	return n;
}

int mk_host_text(const char *root, const char *path, char *text, size_t size,
		 struct mk_error *err)
{
	size_t used = 0;
	ssize_t n;
	int fd;

	if (!text || !size)
		return mk_fail(err, MK_E_CALL, "no place for the text");
	text[0] = '\0';
	fd = open_text(root, path, err);
	if (fd < 0)
		return fd;
	do {
		n = read_some(fd, text + used, size - used);
		if (n > 0)
			used += (size_t)n;
	} while (n > 0 && used < size);
	if (n < 0)
		mk_fail_errno(err, MK_E_SYSTEM, "cannot read %s", path);
	close(fd);
	if (n < 0 || used == size) {
		text[0] = '\0';
		return n < 0 ? MK_E_SYSTEM
			     : mk_fail(err, MK_E_NOSPACE,
				       "%s has %zu bytes or more", path, size);
	}
	while (used && text[used - 1] == '\n')
		used--;
	text[used] = '\0';
	return 0;
}

int mk_host_lines(const char *root, const char *path,
		  int (*line)(void *to, char *text), void *to,
		  struct mk_error *err)
{
	char text[MK_HOST_LINE], block[4096];
	size_t used = 0;
	ssize_t n, i;
	int fd, code = 0;

	fd = open_text(root, path, err);
	if (fd < 0)
		return fd;
	while (!code && (n = read_some(fd, block, sizeof(block))) != 0) {
		if (n < 0) {
			code = mk_fail_errno(err, MK_E_SYSTEM, "cannot read %s",
					     path);
			break;
		}
		for (i = 0; i < n && !code; i++) {
			if (block[i] != '\n') {
				if (used < sizeof(text) - 1)
					text[used++] = block[i];
				continue;
			}
			text[used] = '\0';
			used = 0;
			code = line(to, text);
		}
	}
	close(fd);
	if (!code && used) {
		text[used] = '\0';
		code = line(to, text);
	}
	return code;
}

/* A CPU list in a file of its own; up to 64 KiB of ",N" fits any machine. */
static int read_set(const char *root, const char *path, struct mk_cpuset *set,
		    struct mk_error *err)
{
	char text[32768];
	int code;

	code = mk_host_text(root, path, text, sizeof(text), err);
	return code ? code : mk_cpuset_parse(text, set, err);
}

int mk_host_cpus(const char *root, struct mk_host_cpus *cpus,
		 struct mk_error *err)
{
	int code;

	code = read_set(root, CPU_DIR "/possible", &cpus->possible, err);
	if (!code)
		code = read_set(root, CPU_DIR "/present", &cpus->present, err);
	if (!code)
		code = read_set(root, CPU_DIR "/online", &cpus->online, err);
	return code;
}

bool mk_host_cpu_known(const char *root, uint32_t cpu)
{
	char full[PATH_MAX];
	int n;

	n = snprintf(full, sizeof(full), "%s" CPU_DIR "/cpu%" PRIu32, root,
		     cpu);
	return n > 0 && (size_t)n < sizeof(full) && access(full, F_OK) == 0;
}

int mk_host_core(const char *root, uint32_t cpu, struct mk_cpuset *threads,
		 struct mk_error *err)
{
	char path[96];
	int code;

	snprintf(path, sizeof(path),
		 CPU_DIR "/cpu%" PRIu32 "/topology/thread_siblings_list", cpu);
	code = read_set(root, path, threads, err);
	if (code == MK_E_NOTFOUND) {
		memset(threads, 0, sizeof(*threads));
		code = 0;
	}
	mk_cpuset_add(threads, cpu);
	return code;
}

int mk_host_nodes(const char *root, struct mk_cpuset *nodes,
		  struct mk_error *err)
{
	int code = read_set(root, NODE_DIR "/online", nodes, err);

	if (code != MK_E_NOTFOUND)
		return code;
	memset(nodes, 0, sizeof(*nodes));
	mk_cpuset_add(nodes, 0);
	return 0;
}

int mk_host_node(const char *root, unsigned int node, struct mk_cpuset *cpus,
		 struct mk_error *err)
{
	char path[96];
	int code;

	snprintf(path, sizeof(path), NODE_DIR "/node%u/cpulist", node);
	code = read_set(root, path, cpus, err);
	if (code == MK_E_NOTFOUND && node == 0 &&
	    read_set(root, NODE_DIR "/online", cpus, NULL) == MK_E_NOTFOUND)
		return read_set(root, CPU_DIR "/online", cpus, err);
	return code;
}

/* The value of "key : value" if the line's key is @key, or NULL. */
static const char *value_of(const char *text, const char *key)
{
	size_t length = strlen(key);

	if (strncmp(text, key, length) != 0)
		return NULL;
	text += length;
	text += strspn(text, " \t");
	if (*text != ':')
		return NULL;
	text++;
	return text + strspn(text, " \t");
}

static void take_flags(struct mk_host_cpuinfo *info, char *flags)
{
	const struct {
		const char *name;
		bool *value;
	} known[] = {
		{ "lm", &info->lm },
		{ "la57", &info->la57 },
		{ "pdpe1gb", &info->gbpages },
		{ "x2apic", &info->x2apic },
		{ "hypervisor", &info->hypervisor },
		{ "constant_tsc", &info->constant_tsc },
		{ "nonstop_tsc", &info->nonstop_tsc },
		{ "tsc_known_freq", &info->tsc_known_freq },
	};
	char *word, *rest = flags;
	size_t i;

	while ((word = strsep(&rest, " ")))
		for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(word, known[i].name) == 0)
				*known[i].value = true;
}

/* Ends (1) at the empty line behind the first CPU. */
static int take_cpuinfo(void *to, char *text)
{
	struct mk_host_cpuinfo *info = to;
	const char *value;

	if (!*text)
		return 1;
	value = value_of(text, "vendor_id");
	if (value)
		snprintf(info->vendor, sizeof(info->vendor), "%.15s", value);
	value = value_of(text, "model name");
	if (value)
		snprintf(info->model, sizeof(info->model), "%.79s", value);
	value = value_of(text, "flags");
	if (value)
		take_flags(info, text + (value - text));
	return 0;
}

int mk_host_cpuinfo(const char *root, struct mk_host_cpuinfo *info,
		    struct mk_error *err)
{
	int code;

	memset(info, 0, sizeof(*info));
	code = mk_host_lines(root, "/proc/cpuinfo", take_cpuinfo, info, err);
	return code < 0 ? code : 0;
}

static int take_meminfo(void *to, char *text)
{
	struct mk_host_meminfo *info = to;
	const char *value;
	uint64_t kib;

#define TAKE(key, field)                                             \
	do {                                                         \
		value = value_of(text, key);                         \
		if (value && sscanf(value, "%15" SCNu64, &kib) == 1) \
			info->field = kib << 10;                     \
	} while (0)
	TAKE("MemTotal", total);
	TAKE("MemFree", free);
	TAKE("MemAvailable", available);
#undef TAKE
	return 0;
}

int mk_host_meminfo(const char *root, struct mk_host_meminfo *info,
		    struct mk_error *err)
{
	int code;

	memset(info, 0, sizeof(*info));
	code = mk_host_lines(root, "/proc/meminfo", take_meminfo, info, err);
	if (!code && !info->total)
		return mk_fail(err, MK_E_INPUT, "no MemTotal in /proc/meminfo");
	return code;
}

int mk_host_choice(const char *root, const char *path, char *word, size_t size,
		   struct mk_error *err)
{
	char text[256], *open, *close;
	int code;

	code = mk_host_text(root, path, text, sizeof(text), err);
	if (code)
		return code;
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return mk_fail(err, MK_E_INPUT, "%s: nothing in brackets",
			       path);
	if ((size_t)(close - open) > size)
		return mk_fail(err, MK_E_NOSPACE, "%s: a long word", path);
	*close = '\0';
	memcpy(word, open + 1, (size_t)(close - open));
	return 0;
}
