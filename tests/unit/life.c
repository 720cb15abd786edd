// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkctl log: the file of a life, whole and damaged; the host's log as it is
 * read; several logs in one order of time.
 */
#include "mkctl/kmsg.c"
#include "mkctl/life.c"
#include "mkctl/timeline.c"

#include <stdlib.h>

#include "check.h"

static char text[64 << 10];
static size_t length;

static const struct life_head head = {
	.life = 3,
	.instance = 7,
	.module = UINT64_MAX,
	.started_ns = 5000000000,
	.ended_ns = 9000000000,
	.state = 5,
	.cause = 3,
	.offset_ns = 5100000000,
	.exact = true,
};

static struct mk_log_record record;

static void put(uint64_t seq, const char *bytes, size_t n)
{
	record = (struct mk_log_record){
		.seq = seq,
		.time = UINT64_MAX - seq,
		.level = 6,
		.facility = 1,
		.length = (uint16_t)n,
	};
	memcpy(record.text, bytes, n);
	length += life_write_record(text + length, &record);
}

static void begin(void)
{
	length = life_write_head(text, &head);
}

/* In memory of exactly that size, so that reading past the end is seen. */
static int load(struct life_reader *reader, char **copy, size_t n,
		struct life_head *into, struct mk_error *err)
{
	*copy = malloc(n ? n : 1);
	memcpy(*copy, text, n);
	return life_begin(reader, *copy, n, into, err);
}

static void test_there_and_back(void)
{
	char all[MK_LOG_TEXT_MAX];
	struct life_reader reader;
	struct life_head back;
	struct mk_error err;
	size_t i;
	char *copy;

	for (i = 0; i < sizeof(all); i++)
		all[i] = (char)i;
	begin();
	put(2, "plain", 5);
	put(3, "", 0);
	put(3000000000000, all, sizeof(all));
	put(3000000000001, "\\x41", 4);
	CHECK_EQ(load(&reader, &copy, length, &back, &err), 0);
	CHECK_EQ(back.life, head.life);
	CHECK_EQ(back.instance, head.instance);
	CHECK(back.module == head.module);
	CHECK_EQ(back.started_ns, head.started_ns);
	CHECK_EQ(back.ended_ns, head.ended_ns);
	CHECK_EQ(back.state, head.state);
	CHECK_EQ(back.cause, head.cause);
	CHECK_EQ(back.offset_ns, head.offset_ns);
	CHECK(back.exact);

	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.seq, 2);
	CHECK_EQ(record.lost, 2);
	CHECK(record.time == UINT64_MAX - 2);
	CHECK_EQ(record.level, 6);
	CHECK_EQ(record.facility, 1);
	CHECK_STR(record.text, "plain");
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.length, 0);
	CHECK_EQ(record.lost, 0);
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.length, sizeof(all));
	CHECK(memcmp(record.text, all, sizeof(all)) == 0);
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_STR(record.text, "\\x41");
	CHECK_EQ(life_next(&reader, &record, &err), 0);
	free(copy);
}

static void test_goes_on(void)
{
	struct life_reader reader;
	struct life_head back;
	struct mk_error err;
	char *copy;

	begin();
	put(10, "a", 1);
	put(11, "b", 1);
	put(14, "c", 1);
	CHECK_EQ(load(&reader, &copy, length, &back, &err), 0);
	reader.next = 11;
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.seq, 11);
	CHECK_EQ(record.lost, 0);
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.seq, 14);
	CHECK_EQ(record.lost, 2);
	free(copy);
}

/* Cut anywhere it is refused, or gives whole records only. */
static void test_cut(void)
{
	struct life_reader reader;
	struct life_head back;
	struct mk_error err;
	size_t n, first;
	char *copy;
	int code;

	begin();
	first = length;
	put(0, "one\n", 4);
	put(1, "two\\", 4);
	for (n = 0; n <= length; n++) {
		code = load(&reader, &copy, n, &back, &err);
		CHECK_EQ(code, n < first ? MK_E_INPUT : 0);
		while (!code &&
		       (code = life_next(&reader, &record, &err)) == 1) {
			CHECK_EQ(record.length, 4);
			code = 0;
		}
		CHECK_EQ(code,
			 n < first || text[n - 1] != '\n' ? MK_E_INPUT : 0);
		free(copy);
	}
	CHECK_EQ(code, 0);
}

static void refused(const char *bytes, const char *why)
{
	struct life_reader reader;
	struct life_head back;
	struct mk_error err;
	char *copy;
	int code;

	length = strlen(bytes);
	memcpy(text, bytes, length);
	code = load(&reader, &copy, length, &back, &err);
	while (!code && (code = life_next(&reader, &record, &err)) == 1)
		code = 0;
	CHECK_EQ(code, MK_E_INPUT);
	if (code)
		CHECK(strstr(err.text, why));
	free(copy);
}

#define HEAD "mkctl-life 1 1 2 3 4 5 6 7 8 1\n"

static void test_bad(void)
{
	refused("", "no log of a life");
	refused("nonsense\n", "no log of a life");
	refused("mkctl-life 2 1 2 3 4 5 6 7 8 1\n", "another version");
	refused("mkctl-life 1 1 2 3 4 5 6 7 8\n", "first line");
	refused("mkctl-life 1 1 2 3 4 5 6 7 8 2\n", "first line");
	refused("mkctl-life 1 1 2 3 4 5 6 7 8 1 9\n", "first line");
	refused("mkctl-life 1 -1 2 3 4 5 6 7 8 1\n", "first line");
	refused("mkctl-life 1 4294967296 2 3 4 5 6 7 8 1\n", "first line");
	refused("mkctl-life 1 1 2 3 4 5 6 7 9223372036854775808 1\n",
		"first line");
	refused(HEAD "\n", "line 2");
	refused(HEAD "0 1 6 0 good\nx 1 6 0 bad\n", "line 3");
	refused(HEAD "0 1 256 0 level\n", "line 2");
	refused(HEAD "0 1 6 256 facility\n", "line 2");
	refused(HEAD "18446744073709551615 1 6 0 seq\n", "line 2");
	refused(HEAD "18446744073709551616 1 6 0 seq\n", "line 2");
	refused(HEAD "0 99999999999999999999 6 0 time\n", "line 2");
	refused(HEAD "0 1 6 0", "line 2");
	refused(HEAD "0 1 6\n", "line 2");
}

static void test_long_lines(void)
{
	struct life_reader reader;
	struct life_head back;
	struct mk_error err;
	size_t at;
	char *copy;

	at = (size_t)sprintf(text, HEAD "0 1 6 0 ");
	memset(text + at, 'x', MK_LOG_TEXT_MAX + 100);
	text[at + MK_LOG_TEXT_MAX + 100] = '\n';
	CHECK_EQ(load(&reader, &copy, at + MK_LOG_TEXT_MAX + 101, &back, &err),
		 0);
	CHECK_EQ(life_next(&reader, &record, &err), 1);
	CHECK_EQ(record.length, MK_LOG_TEXT_MAX);
	free(copy);
	memset(text + at, 'x', 2 * LIFE_LINE_MAX);
	text[at + 2 * LIFE_LINE_MAX] = '\n';
	CHECK_EQ(load(&reader, &copy, at + 2 * LIFE_LINE_MAX + 1, &back, &err),
		 0);
	CHECK_EQ(life_next(&reader, &record, &err), MK_E_INPUT);
	free(copy);
}

static bool kmsg(const char *line)
{
	bool good;
	char *copy = malloc(strlen(line));

	memcpy(copy, line, strlen(line));
	good = kmsg_parse(copy, strlen(line), &record);
	free(copy);
	return good;
}

static void test_kmsg(void)
{
	CHECK(kmsg("12,345,6789012,-;a\\x0ab \\x5cx\n SUBSYSTEM=cpu\n"));
	CHECK_EQ(record.seq, 345);
	CHECK_EQ(record.time, 6789012000);
	CHECK_EQ(record.level, 4);
	CHECK_EQ(record.facility, 1);
	CHECK_STR(record.text, "a\nb \\x");
	CHECK(kmsg("6,1,0,c,caller=T1;\n"));
	CHECK_EQ(record.length, 0);
	CHECK(kmsg("6,1,0,-;no newline"));
	CHECK_STR(record.text, "no newline");
	CHECK(!kmsg("6,1,0,-"));
	CHECK(!kmsg("6,1"));
	CHECK(!kmsg("x,1,0,-;"));
	CHECK(!kmsg("6,1,99999999999999999999,-;"));
	CHECK(!kmsg("6,1,18446744073709552,-;"));
}

static void test_order(void)
{
	struct timeline_head a = { true, 10 }, b = { true, 5 }, c = { 0 };
	const struct timeline_head *heads[] = { &a, &b, &c };

	CHECK_EQ(timeline_pick(heads, 3, UINT64_MAX), 1);
	CHECK_EQ(timeline_pick(heads, 3, 5), 1);
	CHECK_EQ(timeline_pick(heads, 3, 4), -1);
	b.time_ns = 10;
	CHECK_EQ(timeline_pick(heads, 3, UINT64_MAX), 0);
	a.filled = false;
	CHECK_EQ(timeline_pick(heads, 3, UINT64_MAX), 1);
	b.time_ns = UINT64_MAX;
	CHECK_EQ(timeline_pick(heads, 3, UINT64_MAX), 1);
	b.filled = false;
	CHECK_EQ(timeline_pick(heads, 3, UINT64_MAX), -1);
	CHECK_EQ(timeline_pick(heads, 0, UINT64_MAX), -1);
	/* Its times do not go back, whatever the log says. */
	timeline_fill(&c, 20);
	CHECK(c.filled);
	c.filled = false;
	timeline_fill(&c, 19);
	CHECK(c.filled);
	CHECK_EQ(c.time_ns, 20);
	timeline_fill(&c, 21);
	CHECK_EQ(c.time_ns, 21);
}

static void test_time(void)
{
	CHECK_EQ(timeline_time(5, 10, 100), 15);
	CHECK_EQ(timeline_time(5, -3, 100), 2);
	CHECK_EQ(timeline_time(5, -30, 100), 0);
	CHECK_EQ(timeline_time(95, 10, 100), 100);
	CHECK_EQ(timeline_time(UINT64_MAX, INT64_MAX, 100), 100);
	CHECK_EQ(timeline_time(UINT64_MAX, INT64_MIN, 100), 100);
	CHECK_EQ(timeline_time(0, INT64_MIN, 100), 0);
}

static void test_clock(void)
{
	const uint64_t second = 1000000000;
	uint64_t offset;

	CHECK(log_clock(10 * second, 14 * second, 3 * second, &offset));
	CHECK_EQ(offset, 11 * second);
	/* A clock that runs a little fast is believed, another is not. */
	CHECK(log_clock(10 * second, 14 * second, 5 * second, &offset));
	CHECK_EQ(offset, 9 * second);
	CHECK(!log_clock(10 * second, 14 * second, 6 * second, &offset));
	CHECK_EQ(offset, 10 * second);
	CHECK(!log_clock(10 * second, 14 * second, UINT64_MAX, &offset));
	CHECK_EQ(offset, 10 * second);
	CHECK(!log_clock(10 * second, 9 * second, 0, &offset));
	CHECK_EQ(offset, 10 * second);
}

int main(void)
{
	TEST(test_there_and_back);
	TEST(test_goes_on);
	TEST(test_cut);
	TEST(test_bad);
	TEST(test_long_lines);
	TEST(test_kmsg);
	TEST(test_order);
	TEST(test_time);
	TEST(test_clock);
	return done();
}
