// SPDX-License-Identifier: GPL-2.0-only
/* What the supervisor does about the end of a life: restarts, dumps, hangs. */
#include "serve_fake.h"

#include <sys/stat.h>

static struct serve s;
static char dumps[sizeof(fake_folder) + 8];

static void begin(uint32_t on_crash)
{
	fake_begin(&s);
	fake_live();
	s.running = false;
	s.state->life = 0;
	s.state->policy.on_crash = on_crash;
	snprintf(dumps, sizeof(dumps), "%s/dumps", fake_folder);
	snprintf(s.state->policy.dump_dir, sizeof(s.state->policy.dump_dir),
		 "%s", dumps);
	serve_look(&s);
	CHECK(s.running);
}

/* Another supervisor, after this one was killed. */
static void die(void)
{
	serve_loop_free(&s);
	CHECK_EQ(serve_loop_init(&s, NULL), 0);
	s.dumping = s.looked = false;
	s.held_since = s.suspect_since = 0;
	s.running = fake.info.state == MK_STATE_RUNNING;
	serve_look(&s);
	serve_watch_spawn(&s);
}

static void end(uint32_t state, uint32_t cause)
{
	fake_state(state, cause);
	serve_look(&s);
}

static unsigned int count_files(void)
{
	DIR *dir = opendir(dumps);
	unsigned int nr = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		nr += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return nr;
}

static void remove_files(void)
{
	serve_folder_empty(dumps);
	rmdir(dumps);
}

static void make_file(const char *name)
{
	char path[PATH_MAX];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dumps, name);
	f = fopen(path, "w");
	CHECK(f != NULL);
	if (f)
		fclose(f);
}

static bool is_there(const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dumps, name);
	return access(path, F_OK) == 0;
}

static void reboot_starts_it_again(void)
{
	begin(0);
	fake.info.started_ns -= 20000000000ULL;
	end(MK_STATE_STOPPED, MK_CAUSE_REBOOT);
	fake_rounds(&s, 50);
	CHECK_EQ(fake.lives, 1);
	CHECK(s.running);
	CHECK_EQ(s.state->life, fake.info.generation);
	CHECK_EQ(s.state->history.restarts, 1);
	CHECK_EQ(s.state->end.todo, 0);
	/* Not having lived long it waits. */
	end(MK_STATE_STOPPED, MK_CAUSE_REBOOT);
	fake_rounds(&s, 500);
	CHECK_EQ(fake.lives, 1);
	fake_rounds(&s, 800);
	CHECK_EQ(fake.lives, 2);
	CHECK_EQ(s.state->history.row, 2);
	/* A power-off does not. */
	end(MK_STATE_STOPPED, MK_CAUSE_POWEROFF);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 2);
	CHECK_STR(s.state->end.why, "");
	fake_end(&s);
}

static void the_users_start_begins_a_row(void)
{
	begin(POLICY_RESTART);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(s.state->history.row, 1);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	serve_ending_cancel(&s);
	fake_live();
	serve_look(&s);
	CHECK(s.running);
	CHECK_EQ(s.state->history.row, 0);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 0);
	/* Also one that it was not told of, and had no time to see. */
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	fake_live();
	serve_look(&s);
	CHECK_EQ(s.state->end.todo, 0);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 0);
	fake_end(&s);
}

static void what_is_unloaded_stays(void)
{
	begin(POLICY_RESTART);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	end(MK_STATE_CREATED, MK_CAUSE_NONE);
	CHECK_EQ(s.state->end.todo, 0);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 0);
	fake_end(&s);
}

static void what_the_user_ends_stays(void)
{
	begin(POLICY_RESTART);
	s.state->policy.on_poweroff = POLICY_RESTART;
	CHECK(!serve_ending_asked(&s));
	end(MK_STATE_STOPPED, MK_CAUSE_POWEROFF);
	CHECK_EQ(s.state->end.todo, 0);
	CHECK(s.state->end.why[0]);
	CHECK(!serve_ending_asked(&s));
	/* That was about one life. */
	fake_live();
	serve_look(&s);
	CHECK_STR(s.state->end.why, "");
	end(MK_STATE_STOPPED, MK_CAUSE_POWEROFF);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	CHECK(serve_ending_asked(&s));
	CHECK_EQ(s.state->end.todo, 0);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 0);
	fake_live();
	serve_look(&s);
	end(MK_STATE_STOPPED, MK_CAUSE_KILLED);
	CHECK_EQ(s.state->end.todo, 0);
	fake_end(&s);
}

static void a_start_that_fails_is_the_last(void)
{
	begin(POLICY_RESTART);
	fake.start_code = MK_E_REFUSED;
	fake.start_errno = EUCLEAN;
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	fake_rounds(&s, 1300);
	CHECK_EQ(s.state->end.todo, 0);
	CHECK(strstr(s.state->end.why, "the test says so"));
	CHECK_EQ(s.nr_timers, 0);
	fake_end(&s);
}

static void a_start_waits_for_queues(void)
{
	begin(POLICY_RESTART);
	fake.start_code = MK_E_REFUSED;
	fake.start_errno = EBUSY;
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	fake_rounds(&s, 1500);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	fake.start_code = 0;
	fake_rounds(&s, 400);
	CHECK_EQ(fake.lives, 1);
	/* But not for ever. */
	fake.start_code = MK_E_REFUSED;
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	fake_rounds(&s, 2100);
	CHECK(s.held_since != 0);
	s.held_since -= HELD_MS;
	fake_rounds(&s, 400);
	CHECK_EQ(s.state->end.todo, 0);
	CHECK(s.state->end.why[0]);
	fake_end(&s);
}

static void killed_between_crash_and_restart(void)
{
	begin(POLICY_RESTART);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	die();
	CHECK_EQ(s.state->history.row, 1);
	fake_rounds(&s, 1300);
	CHECK_EQ(fake.lives, 1);
	/* It ends while nobody is there; the next one sees it. */
	fake_state(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	die();
	CHECK_EQ(s.state->history.row, 2);
	fake_rounds(&s, 2300);
	CHECK_EQ(fake.lives, 2);
	/* The same, by the user. */
	fake_state(MK_STATE_STOPPED, MK_CAUSE_KILLED);
	die();
	CHECK_EQ(s.state->end.todo, 0);
	/* It was killed between START and the note of it. */
	fake_live();
	fake_state(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	die();
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	s.state->end.started = fake.info.generation + 1;
	fake_live();
	die();
	CHECK_EQ(s.state->end.todo, 0);
	CHECK(s.running);
	CHECK_EQ(s.state->history.row, 1);
	fake_rounds(&s, 1300);
	CHECK_EQ(fake.lives, 2);
	fake_end(&s);
}

static void a_clock_that_began_anew(void)
{
	begin(POLICY_RESTART);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	s.state->end.due_ns = UINT64_MAX;
	die();
	CHECK_EQ(s.nr_timers, 1);
	CHECK(s.timers[0].due - serve_now() <= POLICY_BACKOFF_MS_MAX);
	fake_end(&s);
}

static void dump_comes_first(void)
{
	begin(POLICY_ALL);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(fake.dumps, 1);
	CHECK_EQ(s.state->end.todo, POLICY_ALL);
	fake_rounds(&s, 1300);
	CHECK_EQ(fake.lives, 0);
	/* Its name, and that of others' files that are left alone. */
	CHECK(strstr(s.dump_path, "/dumps/web-2") != NULL);
	make_file(strrchr(s.dump_path, '/') + 1);
	make_file("web-20200101T000000Z-1.vmcore");
	make_file("web-20200101T000001Z-2.vmcore");
	make_file("web-20200101T000002Z-3.vmcore");
	make_file("web-2-20200101T000000Z-1.vmcore");
	make_file("web-notes.vmcore");
	make_file("web-20200101T000000Z-1.vmcore.old");
	make_file("web-20200101T000000Z-.vmcore");
	serve_dump_end(&s, NULL);
	CHECK_EQ(count_files(), 7);
	CHECK(!is_there("web-20200101T000000Z-1.vmcore"));
	CHECK(is_there("web-20200101T000001Z-2.vmcore"));
	CHECK(is_there("web-2-20200101T000000Z-1.vmcore"));
	fake_rounds(&s, 50);
	CHECK_EQ(fake.lives, 1);
	/* One that was cut short is begun anew, and what it left removed. */
	make_file("web-20200101T000000Z-1.vmcore.part");
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(fake.dumps, 2);
	CHECK(!is_there("web-20200101T000000Z-1.vmcore.part"));
	die();
	CHECK_EQ(fake.dumps, 3);
	/* One that fails holds nobody up. */
	serve_dump_end(&s, "the disk is full");
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	fake_rounds(&s, 2300);
	CHECK_EQ(fake.lives, 2);
	fake.dump_code = MK_E_SYSTEM;
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	/* And one is let be when the user starts it. */
	serve_ending_cancel(&s);
	fake.dump_code = 0;
	fake_live();
	serve_look(&s);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK(s.dumping);
	serve_ending_cancel(&s);
	CHECK_EQ(fake.let_be, 1);
	CHECK(!s.dumping);
	CHECK(!find_timer(&s, late, &s));
	CHECK(!find_timer(&s, restart, &s));
	serve_dump_end(&s, NULL);
	CHECK_EQ(fake.lives, 2);
	remove_files();
	fake_end(&s);
}

static void dump_without_a_folder(void)
{
	begin(POLICY_DUMP);
	snprintf(s.state->policy.dump_dir, sizeof(s.state->policy.dump_dir),
		 "%s/no/where", fake_folder);
	end(MK_STATE_CRASHED, MK_CAUSE_PANIC);
	CHECK_EQ(fake.dumps, 0);
	CHECK_EQ(s.state->end.todo, 0);
	fake_end(&s);
}

static void a_hang_is_a_crash(void)
{
	unsigned int i;

	begin(POLICY_RESTART);
	s.state->policy.watchdog_ms = 2000;
	serve_watch_spawn(&s);
	fake_rounds(&s, 700);
	CHECK_EQ(fake.given_up, 0); /* it has not beaten yet */
	fake.channel.heartbeat_age_ms = 2500;
	fake_rounds(&s, 1000);
	CHECK(s.suspect_since != 0);
	fake.channel.heartbeat_age_ms = 300;
	fake_rounds(&s, 1600);
	CHECK_EQ(fake.given_up, 0);
	fake.channel.heartbeat_age_ms = 2500;
	for (i = 0; i < 40 && !fake.given_up; i++)
		fake_rounds(&s, 100);
	CHECK_EQ(fake.given_up, 1);
	CHECK_EQ(s.state->end.todo, POLICY_RESTART);
	fake_rounds(&s, 1200);
	CHECK_EQ(fake.lives, 1);
	CHECK(s.running);
	/* That of a life before is none. */
	fake.channel.generation--;
	fake.channel.heartbeat_age_ms = 100000;
	fake_rounds(&s, 2700);
	CHECK_EQ(fake.given_up, 1);
	/* Taken away, it looks no more. */
	fake.channel.generation++;
	s.state->policy.watchdog_ms = 0;
	serve_watch_spawn(&s);
	fake_rounds(&s, 2700);
	CHECK_EQ(fake.given_up, 1);
	fake_end(&s);
}

static void time_to_boot(void)
{
	begin(0);
	s.state->policy.watchdog_ms = 2000;
	s.state->policy.boot_ms = 3000;
	serve_watch_spawn(&s);
	fake_rounds(&s, 2500);
	CHECK_EQ(fake.given_up, 0);
	fake_rounds(&s, 3200);
	CHECK_EQ(fake.given_up, 1);
	CHECK(!s.running);
	fake_end(&s);
}

int main(void)
{
	TEST(reboot_starts_it_again);
	TEST(the_users_start_begins_a_row);
	TEST(what_is_unloaded_stays);
	TEST(what_the_user_ends_stays);
	TEST(a_start_that_fails_is_the_last);
	TEST(a_start_waits_for_queues);
	TEST(killed_between_crash_and_restart);
	TEST(a_clock_that_began_anew);
	TEST(dump_comes_first);
	TEST(dump_without_a_folder);
	TEST(a_hang_is_a_crash);
	TEST(time_to_boot);
	return done();
}
