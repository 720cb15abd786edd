// SPDX-License-Identifier: GPL-2.0-only
/* What follows the end of a spawn: the decision, the options, the watchdog. */
#include "check.h"

#include <linux/multikernel.h>

#include "serve/policy.c"

static struct policy p;
static struct policy_history h;
static struct policy_decision d;

static void begin(uint32_t on_crash)
{
	policy_init(&p);
	p.on_crash = on_crash;
	memset(&h, 0, sizeof(h));
}

static void end(uint32_t cause, int64_t lived_ms)
{
	struct policy_end e = {
		.state = cause == MK_CAUSE_PANIC || cause == MK_CAUSE_HUNG ||
					 cause == MK_CAUSE_FLOOD
				 ? MK_STATE_CRASHED
				 : MK_STATE_STOPPED,
		.cause = cause,
		.lived_ms = lived_ms,
	};

	policy_decide(&p, &h, &e, &d);
}

static void nothing_said(void)
{
	begin(0);
	end(MK_CAUSE_REBOOT, 20000);
	CHECK_EQ(d.todo, POLICY_RESTART);
	CHECK_EQ(d.delay_ms, 0);
	end(MK_CAUSE_PANIC, 20000);
	CHECK_EQ(d.todo, 0);
	end(MK_CAUSE_HUNG, 20000);
	CHECK_EQ(d.todo, 0);
	end(MK_CAUSE_POWEROFF, 20000);
	CHECK_EQ(d.todo, 0);
	CHECK(d.why == NULL);
	CHECK_EQ(h.row, 1);
}

static void what_nobody_wants_back(void)
{
	begin(POLICY_ALL);
	p.on_poweroff = POLICY_RESTART;
	end(MK_CAUSE_KILLED, 20000);
	CHECK_EQ(d.todo, 0);
	end(MK_CAUSE_HOST, 20000);
	CHECK_EQ(d.todo, 0);
	end(MK_CAUSE_NO_START, 0);
	CHECK_EQ(d.todo, 0);
	CHECK(d.why != NULL);
	end(99, 20000);
	CHECK_EQ(d.todo, 0);
	CHECK_EQ(h.row, 0);
}

static void crashes_of_all_kinds(void)
{
	static const uint32_t causes[] = { MK_CAUSE_PANIC, MK_CAUSE_FLOOD,
					   MK_CAUSE_HUNG };
	unsigned int i;

	begin(POLICY_ALL);
	for (i = 0; i < 3; i++) {
		end(causes[i], 100);
		CHECK_EQ(d.todo, POLICY_ALL);
	}
	/* A cause that a later module knows. */
	policy_decide(&p, &h,
		      &(struct policy_end){ .state = MK_STATE_CRASHED,
					    .cause = 99 },
		      &d);
	CHECK_EQ(d.todo, POLICY_ALL);
}

static void pauses_double(void)
{
	static const int64_t want[] = { 1000,  2000,  4000,  8000, 16000,
					32000, 64000, 64000, 64000 };
	unsigned int i;

	begin(POLICY_RESTART);
	for (i = 0; i < 9; i++) {
		end(MK_CAUSE_PANIC, 30000);
		CHECK_EQ(d.delay_ms, want[i]);
		CHECK_EQ(h.row, i + 1);
	}
}

static void so_many_in_a_row(void)
{
	unsigned int i;

	begin(POLICY_ALL);
	p.restart_max = 3;
	for (i = 0; i < 3; i++) {
		end(MK_CAUSE_PANIC, 5000);
		CHECK_EQ(d.todo, POLICY_ALL);
	}
	end(MK_CAUSE_PANIC, 5000);
	CHECK_EQ(d.todo, POLICY_DUMP);
	CHECK(d.why && strstr(d.why, "--restart-max"));
	/* Reboots count as well, also those that wait for nothing. */
	end(MK_CAUSE_REBOOT, 30000);
	CHECK_EQ(d.todo, 0);
	/* 4 s was the last pause: a minute is long. */
	end(MK_CAUSE_PANIC, 59999);
	CHECK_EQ(d.todo, POLICY_DUMP);
	end(MK_CAUSE_PANIC, 60000);
	CHECK_EQ(d.todo, POLICY_ALL);
	CHECK_EQ(d.delay_ms, 1000);
	CHECK_EQ(h.row, 1);
	p.restart_max = 0;
	for (i = 0; i < 100; i++) {
		end(MK_CAUSE_PANIC, 0);
		CHECK_EQ(d.todo, POLICY_ALL);
	}
	CHECK_EQ(h.row, 101);
}

static void long_after_a_long_pause(void)
{
	begin(POLICY_RESTART);
	h.row = 7;
	h.backoff_ms = 64000;
	end(MK_CAUSE_PANIC, 639999);
	CHECK_EQ(h.row, 8);
	CHECK_EQ(d.delay_ms, 64000);
	end(MK_CAUSE_PANIC, 640000);
	CHECK_EQ(h.row, 1);
	CHECK_EQ(d.delay_ms, 1000);
}

static void reboots_in_a_loop(void)
{
	begin(0);
	end(MK_CAUSE_REBOOT, 10000);
	CHECK_EQ(d.delay_ms, 0);
	end(MK_CAUSE_REBOOT, 9999);
	CHECK_EQ(d.delay_ms, 1000);
	end(MK_CAUSE_REBOOT, 9999);
	CHECK_EQ(d.delay_ms, 2000);
	end(MK_CAUSE_REBOOT, 30000);
	CHECK_EQ(d.delay_ms, 0);
	CHECK_EQ(h.row, 4);
}

static void the_user_asked(void)
{
	struct policy_end e = { .state = MK_STATE_STOPPED,
				.cause = MK_CAUSE_POWEROFF,
				.lived_ms = 20000,
				.asked = true };

	begin(POLICY_ALL);
	p.on_poweroff = POLICY_RESTART;
	policy_decide(&p, &h, &e, &d);
	CHECK_EQ(d.todo, 0);
	CHECK(d.why != NULL);
	e.cause = MK_CAUSE_REBOOT;
	policy_decide(&p, &h, &e, &d);
	CHECK_EQ(d.todo, 0);
	/* Why it crashed instead is worth a look. */
	e.state = MK_STATE_CRASHED;
	e.cause = MK_CAUSE_PANIC;
	policy_decide(&p, &h, &e, &d);
	CHECK_EQ(d.todo, POLICY_DUMP);
	CHECK_EQ(h.row, 0);
}

static void round_trip(const char *name, const char *value)
{
	struct mk_error err;
	char text[POLICY_DIR_BYTES];

	CHECK_EQ(policy_set(&p, name, value, &err), 0);
	policy_get(&p, name, text, sizeof(text));
	CHECK_STR(text, value);
	CHECK_EQ(policy_check(&p, &err), 0);
}

static void refused(const char *name, const char *value)
{
	struct policy was = p;
	struct mk_error err;

	CHECK_EQ(policy_set(&p, name, value, &err), MK_E_INPUT);
	CHECK(strstr(err.text, name) != NULL);
	CHECK(memcmp(&was, &p, sizeof(p)) == 0);
}

static void options(void)
{
	static const char *const wrong_watchdogs[] = {
		"",	  "1.9",	"-3",	     "3x",	"3,",
		"3,boot", "3,boot=",	"3,boot=1",  "3,b=9",	"nan",
		"inf",	  "86401",	"1e9",	     " 3",	"3 ",
		"0",	  "3,boot=9,9", "3,,boot=9", ",boot=9",
	};
	struct mk_error err;
	char long_one[300], text[16];
	unsigned int i;

	begin(0);
	round_trip("on-crash", "stop");
	round_trip("on-crash", "restart");
	round_trip("on-crash", "dump");
	round_trip("on-crash", "dump,restart");
	round_trip("on-poweroff", "restart");
	round_trip("on-poweroff", "stop");
	round_trip("on-reboot", "stop");
	round_trip("on-reboot", "restart");
	round_trip("restart-max", "0");
	round_trip("restart-max", "1000000");
	round_trip("dump-keep", "1");
	round_trip("dump-dir", "/srv/dumps of web");
	round_trip("watchdog", "off");
	round_trip("watchdog", "2");
	round_trip("watchdog", "2.5,boot=86400");
	CHECK_EQ(p.watchdog_ms, 2500);
	CHECK_EQ(p.boot_ms, 86400000);
	refused("on-crash", "");
	refused("on-crash", "restart,dump");
	refused("on-crash", "dump,");
	refused("on-poweroff", "dump");
	refused("on-reboot", "RESTART");
	refused("restart-max", "-1");
	refused("restart-max", "1000001");
	refused("restart-max", "99999999999999999999");
	refused("restart-max", "");
	refused("restart-max", "3x");
	refused("dump-keep", "0");
	refused("dump-dir", "here");
	refused("dump-dir", "");
	refused("dump-dir", "/a\nb");
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[0] = '/';
	long_one[sizeof(long_one) - 1] = '\0';
	refused("dump-dir", long_one);
	for (i = 0; i < sizeof(wrong_watchdogs) / sizeof(wrong_watchdogs[0]);
	     i++)
		refused("watchdog", wrong_watchdogs[i]);
	CHECK_EQ(policy_set(&p, "on-crush", "stop", &err), MK_E_NOTFOUND);
	policy_get(&p, "on-crush", text, sizeof(text));
	CHECK_STR(text, "");
}

static void what_a_file_says(void)
{
	struct mk_error err;

#define WRONG(field, value)                                   \
	do {                                                  \
		begin(0);                                     \
		CHECK_EQ(policy_check(&p, &err), 0);          \
		(field) = (value);                            \
		CHECK_EQ(policy_check(&p, &err), MK_E_INPUT); \
	} while (0)
	WRONG(p.on_crash, 4);
	WRONG(p.on_poweroff, POLICY_DUMP);
	WRONG(p.on_reboot, POLICY_ALL);
	WRONG(p.watchdog_ms, 1);
	WRONG(p.boot_ms, POLICY_WATCHDOG_MS_MAX + 1);
	WRONG(p.dump_keep, 0);
	WRONG(p.reserved, 1);
	WRONG(p.dump_dir[0], 'a');
	begin(0);
	memset(p.dump_dir, '/', sizeof(p.dump_dir));
	CHECK_EQ(policy_check(&p, &err), MK_E_INPUT);
#undef WRONG
}

static void watchdog(void)
{
	begin(0);
	/* None. */
	CHECK_EQ(policy_watch(&p, 1000000, 1000000, 1000000), POLICY_FINE);
	p.watchdog_ms = 5000;
	CHECK_EQ(policy_watch(&p, 5000, 60000, -1), POLICY_FINE);
	CHECK_EQ(policy_watch(&p, 5001, 60000, -1), POLICY_SUSPECT);
	CHECK_EQ(policy_watch(&p, 5001, 60000, 0), POLICY_SUSPECT);
	CHECK_EQ(policy_watch(&p, 6500, 60000, POLICY_SUSPECT_MS - 1),
		 POLICY_SUSPECT);
	CHECK_EQ(policy_watch(&p, 6500, 60000, POLICY_SUSPECT_MS), POLICY_HUNG);
	/* A machine that stood still: the next beat is there. */
	CHECK_EQ(policy_watch(&p, 10, 60000, POLICY_SUSPECT_MS), POLICY_FINE);
	/* Before its first beat nobody knows, */
	CHECK_EQ(policy_watch(&p, -1, 10000000, POLICY_SUSPECT_MS),
		 POLICY_FINE);
	/* but who says how long that takes. */
	p.boot_ms = 30000;
	CHECK_EQ(policy_watch(&p, -1, 30000, -1), POLICY_FINE);
	CHECK_EQ(policy_watch(&p, -1, 30001, -1), POLICY_SUSPECT);
	CHECK_EQ(policy_watch(&p, -1, 32000, 2000), POLICY_HUNG);
	CHECK_EQ(policy_watch(&p, 100, 32000, 2000), POLICY_FINE);
	CHECK_EQ(policy_watch_ms(&p), 1000);
	p.watchdog_ms = POLICY_WATCHDOG_MS_MIN;
	CHECK_EQ(policy_watch_ms(&p), 500);
}

int main(void)
{
	TEST(nothing_said);
	TEST(what_nobody_wants_back);
	TEST(crashes_of_all_kinds);
	TEST(pauses_double);
	TEST(so_many_in_a_row);
	TEST(long_after_a_long_pause);
	TEST(reboots_in_a_loop);
	TEST(the_user_asked);
	TEST(options);
	TEST(what_a_file_says);
	TEST(watchdog);
	return done();
}
