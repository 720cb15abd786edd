// SPDX-License-Identifier: GPL-2.0-only
/* lib/cpulist: lists keep their order, sets do not mind, both are bounded. */
#include "cpulist.h"

#include "check.h"

static void list_good(void)
{
	static const struct {
		const char *text, *back;
		size_t nr;
	} table[] = {
		{ "0", "0", 1 },
		{ "2,3", "2-3", 2 },
		{ "2-3,5", "2-3,5", 3 },
		{ "5,2-3", "5,2-3", 3 },
		{ "3,2", "3,2", 2 },
		{ "7-7", "7", 1 },
		{ "0-15", "0-15", 16 },
		{ "8191", "8191", 1 },
		{ "1,3,5", "1,3,5", 3 },
		{ "002", "2", 1 },
		{ "3-4,1-2", "3-4,1-2", 4 },
	};
	struct mk_error err;
	uint32_t cpus[64];
	char text[64];
	size_t i, nr;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		CHECK_EQ(mk_cpulist_parse(table[i].text, cpus, 64, &nr, &err),
			 0);
		CHECK_EQ(nr, table[i].nr);
		CHECK_EQ(mk_cpulist_format(cpus, nr, text, sizeof(text), &err),
			 0);
		CHECK_STR(text, table[i].back);
	}
}

static void list_bad(void)
{
	static const char *const table[] = {
		"",	      "a",	 ",",	 "1,",	   ",1",
		"1,,2",	      "1-",	 "-1",	 "1-2-3",  "3-2",
		" 1",	      "1 ",	 "1, 2", "0x1",	   "1;2",
		"2,2",	      "1-3,2",	 "8192", "0-8192", "99999999999999",
		"4294967296", "1-3:2/4", "1\n",	 "1\n2",   "all",
	};
	struct mk_error err;
	uint32_t cpus[64];
	size_t i, nr = 99;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		err.text[0] = '\0';
		CHECK_EQ(mk_cpulist_parse(table[i], cpus, 64, &nr, &err),
			 MK_E_INPUT);
		CHECK(err.text[0]);
		CHECK_EQ(nr, 99);
	}
	CHECK_EQ(mk_cpulist_parse(NULL, cpus, 64, &nr, &err), MK_E_CALL);
	CHECK_EQ(mk_cpulist_parse("1", NULL, 64, &nr, &err), MK_E_CALL);
	CHECK_EQ(mk_cpulist_parse("1", cpus, 64, NULL, NULL), MK_E_CALL);
}

static void list_room(void)
{
	uint32_t cpus[5] = { 0, 0, 0, 0, 4711 };
	struct mk_error err;
	size_t nr;

	CHECK_EQ(mk_cpulist_parse("0-3", cpus, 4, &nr, &err), 0);
	CHECK_EQ(mk_cpulist_parse("0-4", cpus, 4, &nr, &err), MK_E_NOSPACE);
	CHECK_EQ(mk_cpulist_parse("1", NULL, 0, &nr, &err), MK_E_NOSPACE);
	CHECK_EQ(cpus[4], 4711);
}

static void format_room(void)
{
	static const uint32_t cpus[] = { 10, 11, 12, 20, UINT32_MAX, 0 };
	static const char want[] = "10-12,20,4294967295,0";
	struct mk_error err;
	char text[64];
	size_t size;

	CHECK_EQ(mk_cpulist_format(cpus, 6, text, sizeof(want), &err), 0);
	CHECK_STR(text, want);
	for (size = 1; size < sizeof(want); size++) {
		memset(text, '#', sizeof(text));
		CHECK_EQ(mk_cpulist_format(cpus, 6, text, size, &err),
			 MK_E_NOSPACE);
		CHECK(strlen(text) < size);
		CHECK(strncmp(text, want, strlen(text)) == 0);
		CHECK_EQ(text[size], '#');
	}
	CHECK_EQ(mk_cpulist_format(NULL, 0, text, 1, &err), 0);
	CHECK_STR(text, "");
	CHECK_EQ(mk_cpulist_format(cpus, 6, text, 0, &err), MK_E_CALL);
}

static void set_good(void)
{
	struct mk_cpuset set;
	struct mk_error err;
	uint32_t cpus[8];
	size_t nr;

	CHECK_EQ(mk_cpuset_parse("", &set, &err), 0);
	CHECK_EQ(mk_cpuset_count(&set), 0);
	CHECK_EQ(mk_cpuset_parse("\n", &set, &err), 0);
	CHECK_EQ(mk_cpuset_count(&set), 0);
	CHECK_EQ(mk_cpuset_parse("5,0-2,1-2,8191\n", &set, &err), 0);
	CHECK_EQ(mk_cpuset_count(&set), 5);
	CHECK(mk_cpuset_has(&set, 8191));
	CHECK(!mk_cpuset_has(&set, 8192));
	CHECK(!mk_cpuset_has(&set, UINT32_MAX));
	CHECK_EQ(mk_cpuset_list(&set, cpus, 8, &nr, &err), 0);
	CHECK_EQ(nr, 5);
	CHECK_EQ(cpus[3], 5);
	CHECK_EQ(mk_cpuset_list(&set, cpus, 4, &nr, &err), MK_E_NOSPACE);
	mk_cpuset_remove(&set, 5);
	mk_cpuset_remove(&set, 8192);
	mk_cpuset_add(&set, UINT32_MAX);
	CHECK_EQ(mk_cpuset_count(&set), 4);
}

static void set_bad(void)
{
	struct mk_cpuset set;
	struct mk_error err;

	CHECK_EQ(mk_cpuset_parse("1\n2\n", &set, &err), MK_E_INPUT);
	CHECK_EQ(mk_cpuset_parse("1,\n", &set, &err), MK_E_INPUT);
	CHECK_EQ(mk_cpuset_parse("8192", &set, &err), MK_E_INPUT);
	CHECK_EQ(mk_cpuset_parse("x", &set, &err), MK_E_INPUT);
	CHECK_EQ(mk_cpuset_parse(NULL, &set, &err), MK_E_CALL);
}

int main(void)
{
	TEST(list_good);
	TEST(list_bad);
	TEST(list_room);
	TEST(format_room);
	TEST(set_good);
	TEST(set_bad);
	return done();
}
