// SPDX-License-Identifier: GPL-2.0-only
/* lib/size: what people write, and what they must not. */
#include "size.h"

#include "check.h"

static void good(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} table[] = {
		{ "0", 0 },
		{ "1", 1 },
		{ "010", 10 },
		{ "4096", 4096 },
		{ "4k", 4096 },
		{ "32K", 32768 },
		{ "256M", 256ULL << 20 },
		{ "256MiB", 256ULL << 20 },
		{ "3g", 3ULL << 30 },
		{ "2T", 2ULL << 40 },
		{ "0x40000000", 1ULL << 30 },
		{ "0XaBc", 0xabc },
		{ "0x10M", 16ULL << 20 },
		{ "18446744073709551615", UINT64_MAX },
		{ "0xffffffffffffffff", UINT64_MAX },
		{ "16777215T", 16777215ULL << 40 },
	};
	struct mk_error err;
	uint64_t bytes;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bytes = 12345;
		CHECK_EQ(mk_size_parse(table[i].text, &bytes, &err), 0);
		CHECK_EQ(bytes, table[i].bytes);
	}
}

static void bad(void)
{
	static const char *const table[] = {
		"",
		"M",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1.5G",
		"1X",
		"1MB",
		"1Mi",
		"1MiBx",
		"1MM",
		"0x",
		"0xg",
		"0x1z",
		"1ki",
		"1 M",
		"1e3",
		"\n",
		"1\n",
		"256m b",
		"18446744073709551616",
		"0x10000000000000000",
		"99999999999999999999999999999999999999999999",
		"16777216T",
		"18446744073709551615K",
	};
	struct mk_error err;
	uint64_t bytes = 7;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK_EQ(mk_size_parse(table[i], &bytes, &err), MK_E_INPUT);
		CHECK_EQ(err.code, MK_E_INPUT);
		CHECK(err.text[0]);
		CHECK_EQ(bytes, 7);
	}
	CHECK_EQ(mk_size_parse(NULL, &bytes, &err), MK_E_CALL);
	CHECK_EQ(mk_size_parse("1", NULL, NULL), MK_E_CALL);
}

static void exact(void)
{
	char text[MK_SIZE_TEXT];

	CHECK_STR(mk_size_format(text, sizeof(text), 0), "0");
	CHECK_STR(mk_size_format(text, sizeof(text), 1023), "1023");
	CHECK_STR(mk_size_format(text, sizeof(text), 1024), "1K");
	CHECK_STR(mk_size_format(text, sizeof(text), 1536), "1536");
	CHECK_STR(mk_size_format(text, sizeof(text), 3ULL << 29), "1536M");
	CHECK_STR(mk_size_format(text, sizeof(text), 1ULL << 50), "1024T");
	CHECK_STR(mk_size_format(text, sizeof(text), UINT64_MAX),
		  "18446744073709551615");
}

static void rounded(void)
{
	char text[MK_SIZE_TEXT];

	CHECK_STR(mk_size_short(text, sizeof(text), 0), "0");
	CHECK_STR(mk_size_short(text, sizeof(text), 1023), "1023");
	CHECK_STR(mk_size_short(text, sizeof(text), 1536), "1.5K");
	CHECK_STR(mk_size_short(text, sizeof(text), 256ULL << 20), "256M");
	CHECK_STR(mk_size_short(text, sizeof(text), 18200000), "17.3M");
	CHECK_STR(mk_size_short(text, sizeof(text), UINT64_MAX), "16777215T");
}

static void round_trip(void)
{
	uint64_t bytes = 1, back;
	char text[MK_SIZE_TEXT];
	int i;

	for (i = 0; i < 5000; i++) {
		bytes = bytes * 6364136223846793005u + 1442695040888963407u;
		back = ~bytes;
		mk_size_format(text, sizeof(text), bytes << (i % 64));
		CHECK_EQ(mk_size_parse(text, &back, NULL), 0);
		CHECK_EQ(back, bytes << (i % 64));
	}
}

int main(void)
{
	TEST(good);
	TEST(bad);
	TEST(exact);
	TEST(rounded);
	TEST(round_trip);
	return done();
}
