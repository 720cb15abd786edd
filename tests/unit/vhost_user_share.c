// SPDX-License-Identifier: GPL-2.0-only
/*
 * Shared folders, with the real virtiofsd: FUSE requests, a reset, and the end
 * of the supervisor, which it survives.
 */
#include "vhost_user_driver.h"

#include <linux/fuse.h>

#include <signal.h>
#include <sys/wait.h>

#include "serve/daemon.c"
#include "serve/daemon_begin.c"
#include "serve/daemon_process.c"
#include "serve/share.c"

static struct serve core;
static char folder[64], options_text[128];
static const char *why_not; /* it cannot run here */
/* In a container it may not make namespaces; then there is chroot. */
static bool in_chroot;

static int32_t daemon_pid(void)
{
	return ((struct state *)core.state->backend)->pid;
}

static void make_folder(void)
{
	char path[80];
	int fd;

	strcpy(folder, "/tmp/mk-share-XXXXXX");
	CHECK(mkdtemp(folder) != NULL);
	snprintf(path, sizeof(path), "%s/hello", folder);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	CHECK(fd >= 0 && write(fd, "12345", 5) == 5);
	close(fd);
	snprintf(options_text, sizeof(options_text), "%s:data%s", folder,
		 in_chroot ? ",sandbox=chroot" : "");
}

static void remove_folder(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/hello", folder);
	unlink(path);
	rmdir(folder);
}

/*
 * One FUSE request in queue 1: its body after the header, the answer's body
 * to @out.  The answer's error, or 1 if there is none.
 */
static int fuse(uint32_t opcode, const void *body, uint32_t length, void *out,
		uint32_t out_length)
{
	uint16_t used = ring_used(&core, 1);
	uint8_t *at = core.memory.mapped + BUFFERS;
	struct fuse_in_header in = {
		.len = sizeof(in) + length,
		.opcode = opcode,
		.unique = used + 1u,
		.nodeid = 1,
	};
	struct fuse_out_header answer;
	struct part parts[] = {
		{ BUFFERS, sizeof(in) + length, false },
		{ BUFFERS + 0x2000, sizeof(answer) + out_length, true },
	};

	memcpy(at, &in, sizeof(in));
	memcpy(at + sizeof(in), body, length);
	memset(at + 0x2000, 0, sizeof(answer) + out_length);
	ring_add(&core, 1, 0, parts, 2);
	ring_kick(&core, 1);
	if (!ring_wait(&core, 1, (uint16_t)(used + 1)))
		return 1;
	memcpy(&answer, at + 0x2000, sizeof(answer));
	CHECK_EQ(answer.unique, used + 1u);
	memcpy(out, at + 0x2000 + sizeof(answer), out_length);
	return answer.error;
}

static void init_and_look_up(void)
{
	struct fuse_init_in in = { .major = 7,
				   .minor = 31,
				   .max_readahead = 4096 };
	struct fuse_init_out init;
	struct fuse_entry_out entry;

	CHECK_EQ(fuse(FUSE_INIT, &in, sizeof(in), &init, sizeof(init)), 0);
	CHECK_EQ(init.major, 7);
	CHECK_EQ(fuse(FUSE_LOOKUP, "hello", 6, &entry, sizeof(entry)), 0);
	CHECK_EQ(entry.attr.size, 5);
	CHECK_EQ(fuse(FUSE_LOOKUP, "none", 5, &entry, sizeof(entry)), -ENOENT);
}

static int open_share(const char *more, struct mk_error *err)
{
	char text[160];

	snprintf(text, sizeof(text), "%s%s", options_text, more);
	return serve_share.open(&core.d, text, false, err);
}

static void options(void)
{
	static const struct {
		const char *options, *error; /* NULL: correct */
	} cases[] = {
		{ "/a:t", NULL },
		{ "/a:b:123456789012345678901234567890123456,ro", NULL },
		{ "/a:t,sandbox=chroot", NULL },
		{ "", "share: \"\" is not DIR:TAG" },
		{ "/a", "share: \"/a\" is not DIR:TAG" },
		{ "a:t", "share: \"a\" must be a path from /" },
		{ "/a:", "share: a tag has 1 to 36 bytes, not 0" },
		{ "/a:1234567890123456789012345678901234567",
		  "share: a tag has 1 to 36 bytes, not 37" },
		{ "/a:t\tx", "share: a tag has printable ASCII characters and "
			     "no space" },
		{ "/a:t\xc3\xa4", "share: a tag has printable ASCII "
				  "characters and no space" },
		{ "/a:t,rw", "share: \"rw\" is not ro, sandbox=namespace or "
			     "sandbox=chroot" },
		{ "/a:t,sandbox=none", "share: \"sandbox=none\" is not ro, "
				       "sandbox=namespace or sandbox=chroot" },
	};
	char text[SERVE_OPTIONS_BYTES + 8];
	struct mk_error err;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int e = serve_share.check(cases[i].options, &err);

		CHECK_EQ(e, cases[i].error ? MK_E_INPUT : 0);
		if (cases[i].error)
			CHECK_STR(err.text, cases[i].error);
	}
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[sizeof(text) - 1] = '\0';
	CHECK_EQ(serve_share.check(text, &err), MK_E_INPUT);
	CHECK_STR(err.text, "share: the options are too long");
}

static void serves(void)
{
	struct mk_error err = { 0 };
	int32_t pid;

	core_begin(&core, &serve_share);
	make_folder();
	if (open_share("", &err)) {
		printf("# %s\n", err.text);
		in_chroot = true;
	}
	if (in_chroot && open_share(",sandbox=chroot", &err)) {
		printf("# %s\n", err.text);
		why_not = "virtiofsd cannot run here";
	} else {
		CHECK_STR((char *)core.d.config, "data");
		CHECK_EQ(core.d.config[36], 1);
		CHECK_EQ(core_start(&core, false, &err), 0);
		CHECK_STR(err.text, "");
		init_and_look_up();
		CHECK(ring_told(&core, 1));
		/* A spawn that crashed does not say FUSE_DESTROY. */
		pid = daemon_pid();
		core_stop(&core);
		CHECK_STR(core.log, "");
		CHECK(start_time(pid) == 0);
		CHECK_EQ(core_start(&core, false, &err), 0);
		init_and_look_up();
		core_stop(&core);
		serve_share.close(&core.d);
		CHECK_STR(core.broken, "");
	}
	remove_folder();
	core_end(&core);
	if (why_not)
		SKIP(why_not);
}

static void survives_the_supervisor(void)
{
	struct fuse_entry_out entry;
	struct mk_error err = { 0 };
	int status;
	pid_t pid;

	if (why_not)
		SKIP(why_not);
	core_begin(&core, &serve_share);
	make_folder();
	pid = fork();
	if (pid == 0) {
		if (open_share("", &err) || core_start(&core, false, &err)) {
			printf("# %s\n", err.text);
			_exit(1);
		}
		init_and_look_up();
		if (check_bad)
			_exit(2);
		kill(getpid(), SIGKILL);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	core_forget(&core);
	pid = daemon_pid();
	CHECK_EQ(serve_share.open(&core.d, options_text, true, &err), 0);
	CHECK_STR((char *)core.d.config, "data");
	CHECK_EQ(core_start(&core, true, &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(daemon_pid(), pid);
	/* The session goes on: no second FUSE_INIT is needed. */
	CHECK_EQ(fuse(FUSE_LOOKUP, "hello", 6, &entry, sizeof(entry)), 0);
	CHECK_EQ(entry.attr.size, 5);
	CHECK(ring_told(&core, 1));
	kill(pid, SIGKILL);
	CHECK(loop_once(&core, 5000));
	CHECK(strncmp(core.broken, "virtiofsd ", 10) == 0);
	/* Another one does not know what was open, whatever the rings say. */
	free(core.d.backend);
	core_forget(&core);
	core.broken[0] = '\0';
	CHECK_EQ(serve_share.open(&core.d, options_text, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), MK_E_STATE);
	CHECK_STR(err.text, "virtiofsd is gone, and with it what the spawn had "
			    "open: restart the instance");
	CHECK_STR(core.broken, err.text);
	serve_share.close(&core.d);
	remove_folder();
	core_end(&core);
}

static void refuses(void)
{
	struct mk_error err = { 0 };

	core_begin(&core, &serve_share);
	make_folder();
	setenv("MULTIKERNEL_VIRTIOFSD", "/bin/true", 1);
	CHECK_EQ(open_share("", &err), MK_E_SUPPORT);
	CHECK_STR(err.text, "/bin/true is no virtiofsd that is known: its "
			    "--help has neither --shared-dir nor source=PATH");
	setenv("MULTIKERNEL_VIRTIOFSD", "/nowhere/virtiofsd", 1);
	CHECK_EQ(open_share("", &err), MK_E_NOTFOUND);
	CHECK_STR(err.text, "/nowhere/virtiofsd is not there: install it");
	unsetenv("MULTIKERNEL_VIRTIOFSD");
	CHECK_EQ(serve_share.open(&core.d, "/nowhere:t", false, &err),
		 MK_E_SYSTEM);
	CHECK_STR(err.text, "/nowhere: No such file or directory");
	CHECK_EQ(serve_share.open(&core.d, "/dev/null:t", false, &err),
		 MK_E_INPUT);
	CHECK_STR(err.text, "/dev/null is no folder");
	CHECK(core.d.backend == NULL);
	remove_folder();
	core_end(&core);
}

/* What is run, for the program in Rust: a script that says what it was told. */
static void the_other_program(void)
{
	struct mk_error err = { 0 };
	char path[80], want[256];
	FILE *script;

	core_begin(&core, &serve_share);
	make_folder();
	snprintf(path, sizeof(path), "%s/hello", folder);
	script = fopen(path, "w");
	CHECK(script != NULL);
	fprintf(script, "#!/bin/sh\n"
			"case $1 in\n"
			"--help) echo '--shared-dir X --readonly' ;;\n"
			"*) shift; echo \"$*\"; exit 3 ;;\n"
			"esac\n");
	fclose(script);
	chmod(path, 0755);
	setenv("MULTIKERNEL_VIRTIOFSD", path, 1);
	CHECK_EQ(open_share(",ro", &err), MK_E_SYSTEM);
	snprintf(want, sizeof(want),
		 "virtiofsd ended with status 3: --shared-dir=%s --cache=auto "
		 "--sandbox=namespace --readonly",
		 folder);
	CHECK_STR(err.text, want);
	unsetenv("MULTIKERNEL_VIRTIOFSD");
	remove_folder();
	core_end(&core);
}

int main(void)
{
	TEST(options);
	TEST(serves);
	TEST(survives_the_supervisor);
	TEST(refuses);
	TEST(the_other_program);
	return done();
}
