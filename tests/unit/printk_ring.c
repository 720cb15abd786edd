// SPDX-License-Identifier: GPL-2.0-only
/* The log reader against rings written by hand, whole, torn and absurd. */
#include <pthread.h>
#include <stdlib.h>

#include "check.h"
#include "fake_kernel.h"
#include "printk_ring.h"

static _Alignas(4096) uint8_t memory[FAKE_SIZE];
static struct fake fake;
static struct mk_log reader;
static struct mk_log_record record;
static struct mk_error err;

static void boot(const struct fake_flavour *flavour, unsigned int count_bits,
		 unsigned int size_bits)
{
	fake_boot(&fake, memory, flavour, count_bits, size_bits);
	fake_publish(&fake);
}

static int next(void)
{
	return mk_log_next(&reader, &record, &err);
}

static int reopen(void)
{
	return mk_log_open(&reader, &fake.view, 0, &err);
}

#define CHECK_RECORD(number, words)              \
	do {                                     \
		CHECK_EQ(next(), MK_LOG_RECORD); \
		CHECK_EQ(record.seq, number);    \
		CHECK_STR(record.text, words);   \
	} while (0)

static void plain(const struct fake_flavour *flavour)
{
	boot(flavour, 5, 11);
	fake_printk(&fake, 5, 0, "Linux version");
	fake_printk(&fake, 6, 1234567890, "second");
	fake_printk(&fake, 7, 2000000000, "");
	CHECK_EQ(reopen(), 0);
	CHECK_EQ(reader.capacity, 32);
	CHECK_STR(reader.info.release, "6.9.0-fake");
	CHECK_RECORD(0, "Linux version");
	CHECK_EQ(record.level, 5);
	CHECK_EQ(record.facility, 0);
	CHECK_EQ(record.caller_id, 0x80000001);
	CHECK_EQ(record.time, 0);
	CHECK_EQ(record.lost, 0);
	CHECK(!record.open && !record.truncated);
	CHECK_RECORD(1, "second");
	CHECK_EQ(record.time, 1234567890);
	CHECK_EQ(record.level, 6);
	CHECK_RECORD(2, "");
	CHECK_EQ(record.length, 0);
	CHECK_EQ(next(), MK_LOG_NONE);
	fake_printk(&fake, 3, 3000000000, "later");
	CHECK_RECORD(3, "later");
	CHECK_EQ(next(), MK_LOG_NONE);
	/* the hint saves the scan: the note's own page is enough */
	CHECK_EQ(mk_log_open(&reader, &fake.view, FAKE_BASE + FAKE_NOTE, &err),
		 0);
	CHECK_RECORD(0, "Linux version");
	CHECK_EQ(mk_log_open(&reader, &fake.view, FAKE_BASE, &err), 0);
}

static void plain_6_1(void)
{
	plain(&fake_6_1);
}

static void plain_7_2(void)
{
	plain(&fake_7_2);
}

static void dynamic_with_4_levels(void)
{
	static const struct fake_flavour dynamic = { 88, true, false, true,
						     false };

	plain(&dynamic);
}

/* Text for a record, of a length that depends on its number. */
static void words(char *text, uint64_t seq, unsigned int most)
{
	int n = sprintf(text, "%llu:", (unsigned long long)seq);
	unsigned int length = seq * 7919 % (most - 24);

	memset(text + n, 'a' + (int)(seq % 26), length);
	text[n + (int)length] = '\0';
}

static void goes_round(const struct fake_flavour *flavour, unsigned int bits)
{
	char text[256];
	uint64_t seq, seen = 0, lost = 0, last;
	unsigned int late;

	for (late = 0; late < 150; late++) {
		boot(flavour, 4, bits);
		fake_printk(&fake, 6, 1, "0:");
		CHECK_EQ(reopen(), 0);
		for (seq = 1; seq < 200; seq++) {
			words(text, seq, 120);
			fake_printk(&fake, 6, seq, text);
			if (seq % 150 == late)
				CHECK_EQ(next(), MK_LOG_RECORD);
		}
		last = reader.next;
		while (next() == MK_LOG_RECORD) {
			words(text, record.seq, 120);
			CHECK_STR(record.text, text);
			CHECK_EQ(record.time, record.seq);
			CHECK_EQ(record.seq, last + record.lost);
			last = record.seq + 1;
			seen++;
			lost += record.lost;
		}
		CHECK_EQ(last, 200);
	}
	CHECK(seen > 0 && lost > 0);
}

static void goes_round_6_1(void)
{
	goes_round(&fake_6_1, 9); /* data runs out first */
	goes_round(&fake_6_1, 13); /* descriptors run out first */
}

static void goes_round_7_2(void)
{
	goes_round(&fake_7_2, 9);
	goes_round(&fake_7_2, 13);
}

/* Blocks of 64 bytes in a ring of 512: they end exactly at the end. */
static void exact_fit(const struct fake_flavour *flavour)
{
	char text[57];
	unsigned int i;

	memset(text, 'x', 56);
	text[56] = '\0';
	boot(flavour, 6, 9);
	for (i = 0; i < 40; i++) {
		text[0] = (char)('A' + i);
		fake_printk(&fake, 6, i, text);
		if (!i)
			CHECK_EQ(reopen(), 0);
		CHECK_RECORD(i, text);
		CHECK_EQ(record.lost, 0);
	}
	CHECK_EQ(reopen(), 0);
	CHECK_EQ(next(), MK_LOG_RECORD);
	/* 8 fit; where no block may end at the end, the last is moved */
	CHECK_EQ(record.lost, flavour->tight ? 32 : 33);
}

static void exact_fit_6_1(void)
{
	exact_fit(&fake_6_1);
}

static void exact_fit_7_2(void)
{
	exact_fit(&fake_7_2);
}

static void without_text(void)
{
	uint64_t id;

	boot(&fake_7_2, 4, 9);
	fake_printk(&fake, 6, 1, "before");
	id = fake_reserve(&fake); /* no space for its text: failed */
	fake_meta(&fake, id, 6, 2, 10);
	fake_lpos(&fake, id, 1, 1);
	fake_state(&fake, id, FAKE_FINALIZED);
	fake_printk(&fake, 6, 3, "");
	fake_printk(&fake, 6, 4, "after");
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "before");
	CHECK_RECORD(2, "");
	CHECK_EQ(record.lost, 1);
	CHECK_RECORD(3, "after");
	CHECK_EQ(record.lost, 0);
	CHECK_EQ(next(), MK_LOG_NONE);
}

static void still_being_written(void)
{
	uint64_t first, second;

	boot(&fake_6_1, 4, 9);
	fake_printk(&fake, 6, 1, "done");
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "done");
	first = fake_reserve(&fake);
	second = fake_reserve(&fake);
	fake_meta(&fake, second, 6, 3, 4);
	fake_write(&fake, second, "cont", 4);
	fake_state(&fake, second, FAKE_COMMITTED);
	CHECK_EQ(next(), MK_LOG_NONE); /* waits for the first */
	fake_meta(&fake, first, 6, 2, 4);
	fake_write(&fake, first, "slow", 4);
	CHECK_EQ(next(), MK_LOG_NONE);
	fake_state(&fake, first, FAKE_FINALIZED);
	CHECK_RECORD(1, "slow");
	CHECK_EQ(next(), MK_LOG_NONE); /* may be continued */
	fake_state(&fake, second, FAKE_FINALIZED);
	CHECK_RECORD(2, "cont");
	CHECK(!record.open);

	/* the same with a dead kernel: nobody will ever finish it */
	fake_reserve(&fake);
	second = fake_reserve(&fake);
	fake_meta(&fake, second, 6, 3, 4);
	fake_write(&fake, second, "last", 4);
	fake_state(&fake, second, FAKE_COMMITTED);
	CHECK_EQ(next(), MK_LOG_NONE);
	reader.impatient = true;
	CHECK_RECORD(4, "last");
	CHECK(record.open);
	CHECK_EQ(record.lost, 1);
	CHECK_EQ(next(), MK_LOG_NONE);
	/* the head counted up, its descriptor not yet taken */
	reader.impatient = false;
	fake_put(&fake, FAKE_RING + 24, fake.head + 1);
	CHECK_EQ(next(), MK_LOG_NONE);
	CHECK_EQ(reader.next, 5);
}

static void numbers_that_lie(void)
{
	uint64_t id, at;
	char big[700];

	boot(&fake_7_2, 4, 12);
	id = fake_printk(&fake, 6, 1, "short");
	fake_meta(&fake, id, 6, 1, 65535); /* longer than its block */
	CHECK_EQ(reopen(), 0);
	CHECK_EQ(next(), MK_LOG_RECORD);
	CHECK_EQ(record.length, 8);
	CHECK(record.truncated);

	/* a block that belongs to somebody else, or lies across the ring */
	fake_printk(&fake, 6, 2, "good");
	id = fake_printk(&fake, 6, 3, "bad");
	at = fake_get(&fake, fake_desc(&fake, id) + 8);
	fake_put(&fake, FAKE_DATA + (at & 4095), id + 1);
	id = fake_printk(&fake, 6, 4, "bad");
	at = fake_get(&fake, fake_desc(&fake, id) + 8);
	fake_lpos(&fake, id, at, at + 8192);
	id = fake_printk(&fake, 6, 5, "bad");
	fake_lpos(&fake, id, at, at);
	id = fake_printk(&fake, 6, 6, "bad");
	fake_lpos(&fake, id, at + 4, at + 12);
	id = fake_printk(&fake, 6, 7, "bad");
	fake_put(&fake, fake_info(&fake, id), 99); /* another's number */
	fake_printk(&fake, 6, 8, "good");
	CHECK_RECORD(1, "good");
	CHECK_RECORD(7, "good");
	CHECK_EQ(record.lost, 5);

	/* more text than any kernel writes */
	boot(&fake_7_2, 4, 16);
	fake_printk(&fake, 6, 1, "one");
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "one");
	id = fake_reserve(&fake);
	fake_meta(&fake, id, 6, 2, 3000);
	memset(big, 'b', sizeof(big));
	fake_write(&fake, id, big, sizeof(big));
	at = fake_get(&fake, fake_desc(&fake, id) + 8);
	fake_lpos(&fake, id, at, at + 4096);
	fake_state(&fake, id, FAKE_FINALIZED);
	CHECK_EQ(next(), MK_LOG_RECORD);
	CHECK_EQ(record.length, MK_LOG_TEXT_MAX);
	CHECK(record.truncated);
	CHECK_EQ(record.text[MK_LOG_TEXT_MAX], 0);
}

static void too_early(void)
{
	char text[4096], *at;
	size_t length;

	fake_boot(&fake, memory, &fake_6_1, 4, 9);
	fake_printk(&fake, 6, 0, "early");
	CHECK_EQ(reopen(), MK_E_NOTFOUND);
	CHECK(strstr(err.text, "not come far enough") != NULL);
	/* the text is being written: so far without the last, the x86 part */
	length = fake_vmcoreinfo(&fake, text, sizeof(text));
	at = strstr(text, "NUMBER(phys_base)");
	memcpy(memory + FAKE_TEXT, text, (size_t)(at - text));
	CHECK_EQ(reopen(), MK_E_NOTFOUND);
	memcpy(memory + FAKE_TEXT, text, length);
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "early");
}

static void other_kinds(void)
{
	char text[4096], *at;
	size_t length;

	boot(&fake_6_1, 4, 9);
	fake_printk(&fake, 6, 0, "x");
	length = fake_vmcoreinfo(&fake, text, sizeof(text));
	at = strstr(text, "SIZE(printk_info)");
	*at = '#';
	fake_put_note(&fake, FAKE_NOTE, text, length);
	CHECK_EQ(reopen(), MK_E_SUPPORT);
	CHECK(strstr(err.text, "SIZE(printk_info)") != NULL);
	*at = 'S';
	at = strstr(text, "SIZE(atomic_long_t)=8");
	at[20] = '4';
	fake_put_note(&fake, FAKE_NOTE, text, length);
	CHECK_EQ(reopen(), MK_E_SUPPORT);
	at[20] = '8';
	at = strstr(text, "SIZE(prb_desc)=24");
	at[15] = '1'; /* too small for what is said to be in it */
	fake_put_note(&fake, FAKE_NOTE, text, length);
	CHECK_EQ(reopen(), MK_E_INPUT);
	/* the page table is empty, the arrays are not in the image */
	boot(&fake_7_2, 4, 9);
	fake_printk(&fake, 6, 0, "x");
	memset(memory + FAKE_TABLES, 0, 0x4000);
	CHECK_EQ(reopen(), MK_E_INPUT);
	CHECK(strstr(err.text, "not mapped") != NULL);
}

/* A dump of a kernel in the page cache, in front of the real thing. */
static void passes_false_candidates(void)
{
	char text[4096], *at;
	unsigned int i;
	size_t length;

	fake_boot(&fake, memory, &fake_6_1, 4, 9);
	length = fake_vmcoreinfo(&fake, text, sizeof(text));
	fake_put_note(&fake, 0x60000, text, length);
	at = strstr(text, "SYMBOL(prb)=");
	memcpy(at + 12, "ffffffff81001000", 16); /* leads to nothing */
	fake_put_note(&fake, FAKE_NOTE, text, length);
	fake_printk(&fake, 6, 0, "real");
	CHECK_EQ(reopen(), 0);
	CHECK_EQ(reader.info.address, FAKE_BASE + 0x60000);
	CHECK_RECORD(0, "real");
	/* only the false one: wrong input, not "too early" */
	memset(memory + 0x60000, 0, 4096);
	CHECK_EQ(reopen(), MK_E_INPUT);
	/* a memory full of them is not worth the time, the first ones are */
	for (i = 0; i < MK_LOG_TRIES; i++)
		fake_put_note(&fake, 0x90000 + i * 0x1000, text, length);
	length = fake_vmcoreinfo(&fake, text, sizeof(text));
	fake_put_note(&fake, 0xe0000, text, length);
	CHECK_EQ(reopen(), MK_E_INPUT);
	memset(memory + FAKE_NOTE, 0, 4096);
	memset(memory + 0x90000, 0, 4096);
	CHECK_EQ(reopen(), 0);
}

static void restarts(void)
{
	unsigned int i;

	boot(&fake_6_1, 4, 9);
	for (i = 0; i < 5; i++)
		fake_printk(&fake, 6, i + 1, "first life");
	CHECK_EQ(reopen(), 0);
	for (i = 0; i < 5; i++)
		CHECK_RECORD(i, "first life");
	CHECK_EQ(next(), MK_LOG_NONE);
	/* wiped */
	memset(memory, 0, sizeof(memory));
	CHECK_EQ(next(), MK_E_STATE);
	CHECK(strstr(err.text, "restarted") != NULL);
	CHECK_EQ(reopen(), MK_E_NOTFOUND);

	/* the same kernel at the same place: fewer records */
	boot(&fake_6_1, 4, 9);
	for (i = 0; i < 5; i++)
		fake_printk(&fake, 6, i + 1, "first life");
	CHECK_EQ(reopen(), 0);
	for (i = 0; i < 5; i++)
		CHECK_RECORD(i, "first life");
	boot(&fake_6_1, 4, 9);
	for (i = 0; i < 4; i++)
		fake_printk(&fake, 6, i + 100, "second life");
	CHECK_EQ(next(), MK_E_STATE);
	/* as many, and then more: another time betrays it */
	fake_printk(&fake, 6, i + 100, "second life");
	CHECK_EQ(next(), MK_E_STATE);
	fake_printk(&fake, 6, i + 101, "second life");
	CHECK_EQ(next(), MK_E_STATE);
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "second life");
}

static int read_callback(void *context, uint64_t address, void *buffer,
			 size_t length)
{
	unsigned int *left = context;

	if (left && !(*left)--)
		return MK_E_SYSTEM;
	CHECK(address >= FAKE_BASE && length <= FAKE_SIZE &&
	      address - FAKE_BASE <= FAKE_SIZE - length);
	memcpy(buffer, memory + (address - FAKE_BASE), length);
	return 0;
}

static void by_callback(void)
{
	unsigned int fail, left, i;
	int ret = 0;

	plain(&fake_7_2);
	fake.view.mapped = NULL;
	fake.view.read = read_callback;
	fake.view.context = NULL;
	CHECK_EQ(reopen(), 0);
	CHECK_RECORD(0, "Linux version");
	CHECK_RECORD(1, "second");
	/* each read fails in turn */
	fake.view.context = &left;
	for (fail = 0; fail < 400; fail++) {
		left = fail;
		ret = reopen();
		for (i = 0; !ret && i < 4; i++)
			ret = next() == MK_LOG_RECORD ? 0 : MK_E_SYSTEM;
		CHECK(ret == 0 || ret == MK_E_SYSTEM || ret == MK_E_NOTFOUND);
	}
	CHECK_EQ(ret, 0);
	fake.view.read = NULL;
	CHECK_EQ(reopen(), MK_E_CALL);
}

/* Bounded, whatever is in the memory; how many came out. */
static uint64_t drain(void)
{
	static char text[MK_LOG_FORMAT_MAX];
	uint64_t n = 0;
	size_t length;

	if (reopen())
		return 0;
	reader.impatient = true;
	while (n < reader.capacity && next() == MK_LOG_RECORD) {
		CHECK(record.length <= MK_LOG_TEXT_MAX);
		CHECK_EQ(mk_log_format(&record, text, sizeof(text), &length,
				       &err),
			 0);
		CHECK_EQ(strlen(text), length);
		n++;
	}
	return n;
}

static void corrupt_everything(void)
{
	static const struct {
		unsigned int offset, length;
	} parts[] = { { FAKE_NOTE, 1800 },	{ FAKE_PRB, 8 },
		      { FAKE_RING, 88 },	{ FAKE_TABLES, 8 },
		      { FAKE_TABLES, 4096 },	{ FAKE_DESCS, 16 * 24 },
		      { FAKE_INFOS, 16 * 112 }, { FAKE_DATA, 512 } };
	static const uint64_t nasty[] = { 0,
					  1,
					  2,
					  3,
					  31,
					  32,
					  63,
					  64,
					  0x7fffffff,
					  0x80000000,
					  0xffffffff,
					  1ull << 61,
					  1ull << 62,
					  3ull << 62,
					  ~0ull,
					  ~0ull >> 2,
					  -8ull,
					  -512ull,
					  0xffffffff81000000ull,
					  0xffffffffbffffff8ull,
					  0xff11000140000000ull,
					  0xff110001400ffff8ull,
					  0x3939393939393939 };
	unsigned int part, at, i;
	char text[100];
	uint64_t kept;

	boot(&fake_7_2, 4, 9);
	for (i = 0; i < 50; i++) {
		words(text, i, 90);
		fake_printk(&fake, 6, i, text);
	}
	CHECK(drain() > 4);
	for (part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
		for (at = 0; at < parts[part].length; at += 8)
			for (i = 0; i < sizeof(nasty) / sizeof(nasty[0]); i++) {
				kept = fake_get(&fake, parts[part].offset + at);
				fake_put(&fake, parts[part].offset + at,
					 nasty[i]);
				drain();
				fake_put(&fake, parts[part].offset + at, kept);
			}
	CHECK(drain() > 4);
}

struct race {
	struct fake *fake;
	bool stop;
};

static void *write_fast(void *argument)
{
	struct race *race = argument;
	char text[256];

	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		words(text, race->fake->seq, 120);
		fake_printk(race->fake, 6, race->fake->seq, text);
	}
	return NULL;
}

/* Each record that comes out is whole, and the numbers add up. */
static void beside_a_writer(void)
{
	struct race race = { &fake, false };
	uint64_t n, next_seq = 0, bad = 0;
	pthread_t thread;
	char text[256];

	boot(&fake_7_2, 5, 10);
	fake_printk(&fake, 6, 0, "0:");
	CHECK_EQ(reopen(), 0);
	CHECK_EQ(pthread_create(&thread, NULL, write_fast, &race), 0);
	/* The other thread may take its time to begin. */
	for (n = 0; n < 300000 || (next_seq <= 100 && n < 300000000); n++) {
		int ret = next();

		if (ret == MK_LOG_NONE)
			continue;
		words(text, record.seq, 120);
		if (ret < 0 || strcmp(record.text, text) != 0 ||
		    record.seq != next_seq + record.lost ||
		    record.time != record.seq)
			bad++;
		next_seq = record.seq + 1;
		reader.impatient = n & 1;
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK_EQ(bad, 0);
	CHECK(next_seq > 100);
}

/* Writes anything anywhere that matters, and now and then the truth again. */
static void *scribble(void *argument)
{
	static const uint64_t parts[] = { FAKE_RING, FAKE_DESCS, FAKE_INFOS,
					  FAKE_DATA, FAKE_NOTE };
	static uint8_t good[FAKE_SIZE];
	struct race *race = argument;
	unsigned int seed = 1, i;
	uint64_t at, value;

	memcpy(good, memory, sizeof(good));
	while (!__atomic_load_n(&race->stop, __ATOMIC_RELAXED)) {
		at = (uint64_t)rand_r(&seed) % 64 * 8;
		i = (unsigned int)rand_r(&seed) % 40;
		value = (uint64_t)rand_r(&seed) << 33 ^
			(uint64_t)rand_r(&seed) >> rand_r(&seed) % 32;
		fake_put(race->fake, parts[i == 4 ? 4 : i % 4] + at, value);
		if (rand_r(&seed) % 16)
			continue;
		for (i = 0; i < 5; i++)
			memcpy(memory + parts[i], good + parts[i], 2048);
	}
	return NULL;
}

static void beside_a_scribbler(void)
{
	struct race race = { &fake, false };
	pthread_t thread;
	uint64_t n = 0;
	unsigned int i;

	boot(&fake_6_1, 4, 9);
	for (i = 0; i < 20; i++)
		fake_printk(&fake, 6, 1, "some text");
	CHECK_EQ(pthread_create(&thread, NULL, scribble, &race), 0);
	for (i = 0; i < 3000; i++)
		n += drain();
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	CHECK(n > 0);
}

static void format(void)
{
	char buffer[MK_LOG_FORMAT_MAX];
	size_t length, size;
	int ret;

	memset(&record, 0, sizeof(record));
	record.time = 1234567890;
	record.length = (uint16_t)sprintf(
		record.text, "a\tb\033[2J\r\\ \xc3\xa9\x7f\x9b\nsecond\n");
	CHECK_EQ(mk_log_format(&record, buffer, sizeof(buffer), &length, &err),
		 0);
	CHECK_STR(buffer, "[    1.234567] a\tb\\x1b[2J\\x0d\\ "
			  "\\xc3\\xa9\\x7f\\x9b\n"
			  "[    1.234567] second\n[    1.234567] \n");
	CHECK_EQ(length, strlen(buffer));
	for (size = 0; size <= length + 64; size++) {
		char *exact = malloc(size);

		ret = mk_log_format(&record, exact, size, NULL, &err);
		CHECK(ret == 0 || (ret == MK_E_NOSPACE && size < length + 32));
		free(exact);
	}
	record.length = 0;
	record.time = 0;
	mk_log_format(&record, buffer, sizeof(buffer), NULL, &err);
	CHECK_STR(buffer, "[    0.000000] \n");
	/* a NUL inside, and the worst that there can be */
	record.length = 3;
	memcpy(record.text, "a\0b", 3);
	mk_log_format(&record, buffer, sizeof(buffer), NULL, &err);
	CHECK_STR(buffer, "[    0.000000] a\\x00b\n");
	record.time = UINT64_MAX;
	record.length = MK_LOG_TEXT_MAX;
	memset(record.text, '\n', MK_LOG_TEXT_MAX);
	CHECK_EQ(mk_log_format(&record, buffer, sizeof(buffer), &length, &err),
		 0);
	CHECK_EQ(length, (MK_LOG_TEXT_MAX + 1) * 22);
}

int main(void)
{
	TEST(plain_6_1);
	TEST(plain_7_2);
	TEST(dynamic_with_4_levels);
	TEST(goes_round_6_1);
	TEST(goes_round_7_2);
	TEST(exact_fit_6_1);
	TEST(exact_fit_7_2);
	TEST(without_text);
	TEST(still_being_written);
	TEST(numbers_that_lie);
	TEST(too_early);
	TEST(other_kinds);
	TEST(passes_false_candidates);
	TEST(restarts);
	TEST(by_callback);
	TEST(corrupt_everything);
	TEST(beside_a_writer);
	TEST(beside_a_scribbler);
	TEST(format);
	return done();
}
