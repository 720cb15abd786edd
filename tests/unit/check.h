/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The unit tests' few words: CHECK, SKIP and one TAP line a test.
 *
 * A program runs its tests with TEST(function) and ends in return done();
 * exit status 0 = all passed, 1 = a check failed, 77 = nothing could run.
 */
#ifndef MK_CHECK_H
#define MK_CHECK_H

#include <stdio.h>
#include <string.h>

static unsigned int check_passed, check_failed, check_skipped;
static int check_bad;
static const char *check_why;

#define CHECK(condition)                                            \
	do {                                                        \
		if (!(condition)) {                                 \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, \
			       #condition);                         \
			check_bad++;                                \
		}                                                   \
	} while (0)

#define CHECK_EQ(have, want)                                              \
	do {                                                              \
		long long h_ = (long long)(have), w_ = (long long)(want); \
                                                                          \
		if (h_ != w_) {                                           \
			printf("# %s:%d: %s is %lld (%#llx), not %lld\n", \
			       __FILE__, __LINE__, #have, h_,             \
			       (unsigned long long)h_, w_);               \
			check_bad++;                                      \
		}                                                         \
	} while (0)

#define CHECK_STR(have, want)                                         \
	do {                                                          \
		const char *h_ = (have), *w_ = (want);                \
                                                                      \
		if (strcmp(h_, w_) != 0) {                            \
			printf("# %s:%d: %s is \"%s\", not \"%s\"\n", \
			       __FILE__, __LINE__, #have, h_, w_);    \
			check_bad++;                                  \
		}                                                     \
	} while (0)

/* Leave the test as skipped, with a reason; nothing after it runs. */
#define SKIP(why)                  \
	do {                       \
		check_why = (why); \
		return;            \
	} while (0)

#define TEST(function) check_run(function, #function)

static inline void check_run(void (*function)(void), const char *name)
{
	check_bad = 0;
	check_why = NULL;
	function();
	if (check_bad) {
		check_failed++;
		printf("not ok - %s\n", name);
	} else if (check_why) {
		check_skipped++;
		printf("skip - %s: %s\n", name, check_why);
	} else {
		check_passed++;
		printf("ok - %s\n", name);
	}
	fflush(stdout);
}

static inline int done(void)
{
	if (check_failed)
		return 1;
	return check_passed ? 0 : 77;
}

#endif /* MK_CHECK_H */
