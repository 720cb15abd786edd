// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's side of modules for devices: its list, whatever is in it, and
 * what is loaded for which device.  Nothing is loaded into this kernel.
 */
#define HOME "multikernel"
#include "../../init/modules.c"

#include <limits.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "check.h"

static char loaded[1024], said[4096];
static const char *broken; /* a module that cannot be loaded */

void say(int level, const char *format, ...)
{
	size_t n = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + n, sizeof(said) - n, format, args);
	va_end(args);
}

void read_file(int dir, const char *path, char *text, size_t size)
{
	int fd = openat(dir, path, O_RDONLY);
	ssize_t n = fd < 0 ? 0 : read(fd, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

/* The modules here are text: their names. */
bool load_module(int fd)
{
	char name[64];
	ssize_t n = pread(fd, name, sizeof(name) - 1, 0);

	name[n > 0 ? n : 0] = '\0';
	strcat(strcat(loaded, name), " ");
	errno = ENOEXEC;
	return !broken || strcmp(broken, name) != 0;
}

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	if (!f || fputs(text, f) < 0 || fclose(f))
		abort();
}

/* Files of all modules that a test names, and its list. */
static void begin(const char *list, unsigned int files)
{
	char path[64], name[8];
	unsigned int i;

	for (i = 0; i < MODULES; i++)
		if (modules[i].name[0] && modules[i].fd >= 0)
			close(modules[i].fd);
	memset(modules, 0, sizeof(modules));
	memset(uses, 0, sizeof(uses));
	nr_uses = 0;
	loaded[0] = said[0] = '\0';
	broken = NULL;
	mkdir(HOME, 0755);
	mkdir(FOLDER, 0755);
	put(FOLDER "/list", list);
	for (i = 1; i <= files; i++) {
		snprintf(path, sizeof(path), FOLDER "/%02u-m.ko", i);
		snprintf(name, sizeof(name), "m%u", i);
		put(path, name);
	}
	modules_open();
}

#define LIST                                  \
	"bus 01-m 02-m\n"                     \
	"virtio:d00000001v* 01-m 02-m 03-m\n" \
	"virtio:d0000001Av* 05-m 04-m\n"      \
	"platform:e820_pmem 06-m\n"           \
	"fs:ext4 07-m 08-m\n"                 \
	"fs:erofs 07-m 09-m\n"

static void in_order_and_once(void)
{
	begin(LIST, 9);
	CHECK_STR(said, "");
	CHECK(access(FOLDER, F_OK) != 0); /* all of it was removed */
	CHECK(modules_load("bus"));
	CHECK_STR(loaded, "m1 m2 ");
	CHECK(modules_load_for("virtio:d00000001vFFFFFFFF"));
	CHECK(modules_load_for("virtio:d00000001v00001AF4"));
	CHECK_STR(loaded, "m1 m2 m3 ");
	CHECK(modules_load_for("virtio:d0000001Av00001AF4"));
	CHECK_STR(loaded, "m1 m2 m3 m4 m5 ");
	CHECK(modules_load_for("virtio:d00000002v00001AF4")); /* built in */
	CHECK(modules_load_for("virtio"));
	CHECK(modules_load_for(""));
	CHECK(modules_load("nonsense"));
	CHECK_STR(loaded, "m1 m2 m3 m4 m5 ");
	CHECK(modules_load("platform:e820_pmem"));
	modules_load_filesystems("xfs,erofs");
	CHECK_STR(loaded, "m1 m2 m3 m4 m5 m6 m7 m9 ");
	modules_load_filesystems("ext");
	modules_load_filesystems("");
	modules_load_filesystems(NULL);
	CHECK_STR(loaded, "m1 m2 m3 m4 m5 m6 m7 m9 m8 ");
	CHECK_STR(said, "");
}

static void told_once(void)
{
	begin(LIST, 9);
	broken = "m1";
	CHECK(!modules_load("bus"));
	CHECK_STR(loaded, "m1 m2 ");
	CHECK_STR(said, "module 01-m cannot be loaded for bus: "
			"Exec format error");
	CHECK(modules_load("bus"));
	CHECK_STR(loaded, "m1 m2 ");
}

static void no_list(void)
{
	begin("", 0);
	unlink(FOLDER "/list");
	CHECK(modules_load("bus"));
	begin(LIST, 1);
	CHECK(strstr(said, "cannot open multikernel/modules/02-m.ko: No such "
			   "file") != NULL);
	CHECK(modules_load("bus"));
	CHECK_STR(loaded, "m1 ");
}

/* It comes from our own tool, but through a file. */
static void odd_lists(void)
{
	static char text[60000];
	size_t i;

	begin("bus 00-m 65-m -1-m 01m 01 x ../01-m 01-/m\n", 1);
	CHECK(modules_load("bus"));
	CHECK_STR(loaded, "");
	begin("bus 01-m\n\n \nbus 02-m\n"
	      "a-key-of-more-than-thirty-one-characters 01-m\n"
	      "bus 01-mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm"
	      "mmmmmmmmmm\n",
	      2);
	CHECK(modules_load("bus"));
	CHECK_STR(loaded, "m1 m2 ");
	for (i = 0; i + 8 < sizeof(text); i += 8)
		memcpy(text + i, i % 16 ? "bus 02-m" : " 01-m\nx ", 8);
	begin(text, 2);
	modules_load("bus");
	for (i = 0; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "x\n", 2);
	begin(text, 0);
	CHECK_EQ(nr_uses, USES);
}

int main(void)
{
	char folder[] = "/tmp/mk-init-XXXXXX", back[PATH_MAX];
	int ret;

	if (!getcwd(back, sizeof(back)) || !mkdtemp(folder) || chdir(folder))
		return 1;
	TEST(in_order_and_once);
	TEST(told_once);
	TEST(no_list);
	TEST(odd_lists);
	ret = done();
	begin("", 0);
	rmdir(HOME);
	if (chdir(back) || rmdir(folder))
		return 1;
	return ret;
}
