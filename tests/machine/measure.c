// SPDX-License-Identifier: GPL-2.0-only
/* What a host has of everything: see measure.h. */
#include "measure.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/multikernel.h>

#include "verdict.h"

static const char *const count_names[COUNTS] = {
	"free bytes below 1 MiB",      "instances",
	"entries of the ledger",       "CPUs online",
	"interrupt descriptors",       "lines of /proc/interrupts",
	"vmalloc areas of the module", "/proc/iomem (a sum)",
	"tasks, zombies among them",   "open files",
	"network interfaces",
};

static const char *const amount_names[AMOUNTS] = {
	"MemFree",    "MemAvailable", "Slab",
	"SUnreclaim", "VmallocUsed",  "Percpu",
};

/* The kernel counts open files a CPU apart, 32 at a time (percpu_counter). */
static const long spread[COUNTS] = { [OPEN_FILES] = 256 };

/*
 * How much is noise, kB.  Free memory: page tables, and what reclaim leaves
 * (the least that a cycle could lose as a whole is 2 MiB: one block of an
 * instance's memory).  Slab:
 * a partly used slab or two of each of some 150 caches.
 */
static const long noise[AMOUNTS] = { 8192, 8192, 2048, 2048, 256, 128 };

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, text, strlen(text)) < 0)
		(void)0; /* some caches cannot be shrunk */
	close(fd);
}

static long entries_of(const char *path)
{
	DIR *dir = opendir(path);
	long n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static long lines_of(const char *path, const char *with, unsigned long *sum)
{
	FILE *f = fopen(path, "re");
	static char line[8192];
	long n = 0;
	char *c;

	while (f && fgets(line, sizeof(line), f)) {
		n += !with || strstr(line, with);
		for (c = line; sum && *c; c++)
			*sum = *sum * 31 + (unsigned char)*c;
	}
	if (f)
		fclose(f);
	return n;
}

static long tasks(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	long n = 0;

	/* kworkers come and go */
	while (dir && (entry = readdir(dir))) {
		char path[300], text[64] = "";
		FILE *f;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "re");
		if (f && fgets(text, sizeof(text), f) &&
		    strncmp(text, "kworker", 7))
			n++;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return n;
}

/* Have caches give back what they hold for later, so that a count is one. */
static void shrink(void)
{
	DIR *dir = opendir("/sys/kernel/slab");
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[400];

		snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink",
			 entry->d_name);
		put(path, "1");
	}
	if (dir)
		closedir(dir);
}

/*
 * Freed addresses of vmalloc are kept until there are many (mm/vmalloc.c:
 * lazy_max_pages), a descriptor each.  Whoever changes what a page may be used
 * for first has them given back, and loading a module does.
 */
static void purge_vmalloc(void)
{
	int status = system("exec >/dev/null 2>&1;"
			    "cd /lib/modules-host && insmod mkt_peer.ko &&"
			    "rmmod mkt_peer");

	if (status)
		printf("# no module could be loaded: slabs are not exact\n");
}

static void read_slabs(struct measure *m)
{
	FILE *f = fopen("/proc/slabinfo", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f) && m->nr_caches < CACHES) {
		struct cache *cache = &m->caches[m->nr_caches];

		if (sscanf(line, "%31s %ld %*d %ld %ld", cache->name,
			   &cache->objects, &cache->size, &cache->a_slab) == 4)
			m->nr_caches++;
	}
	if (f)
		fclose(f);
}

/* kB of free pages on the lists of the CPUs, which MemFree does not count. */
static long pcp_pages(void)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	char line[256];
	long n, sum = 0;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %ld", &n) == 1)
			sum += n;
	if (f)
		fclose(f);
	return sum * 4;
}

static void read_amounts(struct measure *m)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128], name[32];
	long kb;
	int i;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%31[^:]: %ld", name, &kb) == 2)
			for (i = 0; i < AMOUNTS; i++)
				if (!strcmp(name, amount_names[i]))
					m->amounts[i] = kb;
	if (f)
		fclose(f);
	m->amounts[FREE] += pcp_pages();
	m->amounts[AVAILABLE] += pcp_pages();
}

static void read_counts(struct measure *m)
{
	int fd = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	struct mk_query query = { 0 };
	struct mk_ledger ledger = { 0 };
	unsigned long sum = 0;
	FILE *f;

	if (!ioctl(fd, MK_IOC_QUERY, &query)) {
		m->counts[LOW_FREE] = query.low_free;
		m->counts[INSTANCES] = query.instances;
	}
	while (!ioctl(fd, MK_IOC_LEDGER, &ledger))
		ledger.index++;
	m->counts[LEDGER] = ledger.index;
	close(fd);
	m->counts[CPUS_ONLINE] = sysconf(_SC_NPROCESSORS_ONLN);
	m->counts[IRQS] = entries_of("/sys/kernel/irq");
	m->counts[INTERRUPT_LINES] = lines_of("/proc/interrupts", NULL, NULL);
	m->counts[VMALLOC_AREAS] =
		lines_of("/proc/vmallocinfo", "[multikernel", NULL);
	lines_of("/proc/iomem", NULL, &sum);
	m->counts[IOMEM] = sum & 0x7fffffff;
	m->counts[TASKS] = tasks();
	m->counts[INTERFACES] = entries_of("/sys/class/net");
	f = fopen("/proc/sys/fs/file-nr", "re");
	if (f) {
		if (fscanf(f, "%ld", &m->counts[OPEN_FILES]) != 1)
			m->counts[OPEN_FILES] = -1;
		fclose(f);
	}
}

void measure(struct measure *m, unsigned int done, const char *what)
{
	int i;

	memset(m, 0, sizeof(*m));
	purge_vmalloc();
	for (i = 0; i < 3; i++) {
		/* what waits for RCU or a work queue needs a moment */
		usleep(400000);
		put("/proc/sys/vm/drop_caches", "3");
		put("/proc/sys/vm/compact_memory", "1");
	}
	shrink();
	read_counts(m);
	read_amounts(m);
	read_slabs(m);
	printf("# after %4u %s:", done, what);
	for (i = 0; i < AMOUNTS; i++)
		printf(" %s %ld", amount_names[i], m->amounts[i]);
	printf(" kB, irqs %ld, vmalloc areas %ld, files %ld, low free %ld\n",
	       m->counts[IRQS], m->counts[VMALLOC_AREAS], m->counts[OPEN_FILES],
	       m->counts[LOW_FREE]);
	fflush(stdout);
}

/*
 * More objects by one in two cycles is a leak, if noise cannot be so large: two
 * slabs, for a CPU's own ones count as full.
 */
static void judge_slabs(const struct measure *first, const struct measure *last,
			unsigned int between, const char *what)
{
	long least = between / 2 > 200 ? between / 2 : 200, allowed;
	int i, j, leaks = 0;

	for (i = 0; i < last->nr_caches; i++) {
		const struct cache *now = &last->caches[i];
		long grown = now->objects;

		for (j = 0; j < first->nr_caches; j++)
			if (!strcmp(first->caches[j].name, now->name))
				grown -= first->caches[j].objects;
		if (labs(grown) > 20)
			printf("# slab %s: %+ld objects of %ld bytes\n",
			       now->name, grown, now->size);
		allowed = least > 2 * now->a_slab ? least : 2 * now->a_slab;
		leaks += grown > allowed;
	}
	printf("# slabs: %u %s, more than %ld objects more are a leak\n",
	       between, what, least);
	verdict(!leaks, "no slab cache has grown", leaks, 0);
}

unsigned int measure_judge(const struct measure *first,
			   const struct measure *last, unsigned int between,
			   const char *what)
{
	char text[128];
	int i;

	for (i = 0; i < COUNTS; i++) {
		snprintf(text, sizeof(text), "as before: %s", count_names[i]);
		if (first->counts[i] != last->counts[i])
			printf("# %s: %ld, then %ld\n", count_names[i],
			       first->counts[i], last->counts[i]);
		verdict(labs(last->counts[i] - first->counts[i]) <= spread[i],
			text, 0, 0);
	}
	for (i = 0; i < AMOUNTS; i++) {
		long lost = last->amounts[i] - first->amounts[i];

		if (i == FREE || i == AVAILABLE)
			lost = -lost;
		snprintf(text, sizeof(text),
			 "no leak: %s, %+ld kB lost in %u %s (%.2f each)",
			 amount_names[i], lost, between, what,
			 between ? (double)lost / between : 0.0);
		verdict(lost <= noise[i], text, 0, 0);
	}
	judge_slabs(first, last, between, what);
	return failures;
}
