// SPDX-License-Identifier: GPL-2.0-only
/*
 * The process that writes dumps.  It runs /proc/self/exe, which is this test:
 * so "mkctl dump" is played by main().
 */
#include "serve_fake.h"

#include <signal.h>
#include <sys/stat.h>

#include "serve/dumper.c"

static struct serve s;
static struct serve_outside outside;
static char dumps[sizeof(fake_folder) + 8];

static int play_dump(int argc, char **argv)
{
	const char *path = argv[argc - 1];
	FILE *f;

	if (argc != 7 || strcmp(argv[1], "--sysroot") != 0 ||
	    strcmp(argv[2], "/some/where") != 0 ||
	    strcmp(argv[3], "dump") != 0 || strcmp(argv[5], "-o") != 0) {
		fprintf(stderr, "called otherwise\n");
		return 9;
	}
	if (strcmp(argv[4], "slow") == 0)
		for (;;)
			pause();
	if (strcmp(argv[4], "full") == 0) {
		for (int i = 0; i < 1000; i++)
			fprintf(stderr, "line %d of many\n", i);
		fprintf(stderr, "mkctl: full: no space is left\n");
		return 1;
	}
	f = fopen(path, "w");
	return !f || fclose(f);
}

static void begin(const char *name)
{
	struct mk_error err;

	fake_begin(&s);
	fake_live();
	s.running = false;
	snprintf(s.name, sizeof(s.name), "%s", name);
	outside = fake_outside;
	outside.dump = serve_dumper_ask;
	s.outside = &outside;
	s.state->policy.on_crash = POLICY_DUMP;
	snprintf(dumps, sizeof(dumps), "%s/dumps", fake_folder);
	snprintf(s.state->policy.dump_dir, sizeof(s.state->policy.dump_dir),
		 "%s", dumps);
	CHECK_EQ(serve_dumper_begin(&s, "/some/where", &err), 0);
	CHECK_EQ(serve_dumper_watch(&s, &err), 0);
	serve_look(&s);
}

static void end(void)
{
	serve_dumper_end(&s);
	serve_folder_empty(dumps);
	rmdir(dumps);
	fake_end(&s);
}

static void crash(void)
{
	fake_state(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	serve_look(&s);
}

static void wait_for_dump(void)
{
	int i;

	for (i = 0; i < 200 && s.dumping; i++)
		fake_rounds(&s, 20);
	CHECK(!s.dumping);
}

static void dump_is_written(void)
{
	begin("web");
	crash();
	CHECK(s.dumping);
	wait_for_dump();
	CHECK_EQ(s.state->end.todo, 0);
	CHECK_EQ(access(s.dump_path, F_OK), 0);
	end();
}

static void dump_fails(void)
{
	struct reply r = { .status = 1 << 8 };
	char why[TEXT_BYTES + 64];

	begin("full");
	crash();
	wait_for_dump();
	CHECK_EQ(s.state->end.todo, 0);
	end();
	strcpy(r.text, "cut\nmkctl: no space is left\n\n");
	verdict(&r, why, sizeof(why));
	CHECK_STR(why,
		  "mkctl dump ended with status 1: mkctl: no space is left");
	r.status = SIGKILL;
	verdict(&r, why, sizeof(why));
	CHECK_STR(why, "mkctl dump was ended by signal 9");
	r.status = 0x7f00;
	r.text[0] = '\0';
	verdict(&r, why, sizeof(why));
	CHECK_STR(why, "mkctl dump ended with status 127: ");
}

static void dump_is_let_be(void)
{
	begin("slow");
	crash();
	fake_rounds(&s, 100);
	CHECK(s.dumping);
	serve_ending_cancel(&s);
	CHECK(!s.dumping);
	/* Another one, though that has not ended; and its answer is not ours. */
	fake_live();
	serve_look(&s);
	crash();
	fake_rounds(&s, 300);
	CHECK(s.dumping);
	/* Its process is killed: nobody waits for it for ever. */
	kill(s.dumper_pid, SIGKILL);
	wait_for_dump();
	CHECK_EQ(s.state->end.todo, 0);
	CHECK_EQ(s.dumper, -1);
	fake_live();
	serve_look(&s);
	crash();
	CHECK(!s.dumping);
	CHECK_EQ(s.state->end.todo, 0);
	end();
}

static void nothing_is_inherited(void)
{
	char path[64], to[256];
	struct mk_error err;
	int fd = eventfd(0, 0), i;
	ssize_t n;

	fake_begin(&s);
	CHECK_EQ(serve_dumper_begin(&s, "", &err), 0);
	/* It closes all before it waits. */
	usleep(300000);
	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%d", s.dumper_pid, i);
		n = readlink(path, to, sizeof(to) - 1);
		if (n < 0)
			continue;
		to[n] = '\0';
		CHECK(i > 2 ? strncmp(to, "socket:", 7) == 0
			    : strcmp(to, "/dev/null") == 0);
	}
	close(fd);
	serve_dumper_end(&s);
	fake_end(&s);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		return play_dump(argc, argv);
	TEST(dump_is_written);
	TEST(dump_fails);
	TEST(dump_is_let_be);
	TEST(nothing_is_inherited);
	return done();
}
