// SPDX-License-Identifier: GPL-2.0-only
/* VMCOREINFO: good text, wrong text, and finding it among false hits. */
#include "check.h"
#include "fake_kernel.h"
#include "vmcoreinfo.h"

static _Alignas(4096) uint8_t memory[FAKE_SIZE];
static struct mk_vmcoreinfo info;
static struct mk_error err;

static int parse(const char *text)
{
	return mk_vmcoreinfo_parse(&info, text, strlen(text), &err);
}

static void good_text(void)
{
	struct fake f;
	char text[4096];
	size_t length;

	fake_boot(&f, memory, &fake_6_1, 4, 9);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	CHECK_EQ(mk_vmcoreinfo_parse(&info, text, length, &err), 0);
	CHECK_STR(info.release, "6.9.0-fake");
	CHECK_STR(info.build_id, "0123abcd");
	CHECK_EQ(info.value[MK_VMC_PAGESIZE], 4096);
	CHECK_EQ(info.value[MK_VMC_PHYS_BASE],
		 FAKE_BASE + FAKE_IMAGE - 0x1000000);
	CHECK_EQ(info.value[MK_VMC_PRB], 0xffffffff81000100ull);
	CHECK_EQ(info.value[MK_VMC_INFO_SIZE], 88);
	CHECK_EQ(info.value[MK_VMC_DATA_RING_TAIL_LPOS], 24);
	CHECK_EQ(mk_vmcoreinfo_phys(&info, FAKE_LINKED),
		 FAKE_BASE + FAKE_IMAGE);
	CHECK(mk_vmcoreinfo_has(&info, MK_VMC_ATOMIC_COUNTER));
	CHECK(!mk_vmcoreinfo_has(&info, MK_VMC_SWAPPER_PG_DIR));
	CHECK_EQ(info.length, length);
	CHECK_STR(info.text, text);
}

/* Cut anywhere it is either right so far, or refused; never half a number. */
static void every_length(void)
{
	struct fake f;
	char text[4096];
	size_t length, n;

	fake_boot(&f, memory, &fake_6_1, 4, 9);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	for (n = 0; n <= length; n++) {
		CHECK_EQ(mk_vmcoreinfo_parse(&info, text, n, &err), 0);
		if (mk_vmcoreinfo_has(&info, MK_VMC_PRB))
			CHECK_EQ(info.value[MK_VMC_PRB], 0xffffffff81000100ull);
	}
}

static void numbers(void)
{
	CHECK_EQ(parse("NUMBER(phys_base)=-2097152\n"), 0);
	CHECK_EQ((int64_t)info.value[MK_VMC_PHYS_BASE], -2097152);
	CHECK_EQ(mk_vmcoreinfo_phys(&info, 0xffffffff81000000ull), 0xe00000);
	CHECK_EQ(parse("NUMBER(phys_base)=-9223372036854775808\n"), 0);
	CHECK_EQ(parse("SYMBOL(prb)=ffffffffffffffff\n"), 0);
	CHECK_EQ(parse("SIZE(prb_desc)=18446744073709551615\n"), 0);
	CHECK_EQ(parse("SIZE(prb_desc)=18446744073709551616\n"), MK_E_INPUT);
	CHECK_EQ(parse("NUMBER(phys_base)=-9223372036854775809\n"), MK_E_INPUT);
	CHECK_EQ(parse("SYMBOL(prb)=10000000000000000\n"), MK_E_INPUT);
	CHECK_EQ(parse("SYMBOL(prb)=\n"), MK_E_INPUT);
	CHECK_EQ(parse("SYMBOL(prb)=-1\n"), MK_E_INPUT);
	CHECK_EQ(parse("SYMBOL(prb)=0x10\n"), MK_E_INPUT);
	CHECK_EQ(parse("SIZE(prb_desc)=-\n"), MK_E_INPUT);
	CHECK_EQ(parse("SIZE(prb_desc)=1f\n"), MK_E_INPUT);
	CHECK_EQ(parse("SIZE(prb_desc)= 24\n"), MK_E_INPUT);
	CHECK_EQ(parse("SIZE(prb_desc)=24 \n"), MK_E_INPUT);
}

static void lines(void)
{
	static char longer[MK_VMCOREINFO_MAX + 2];
	char zeros[] = "SIZE(prb_desc)=24\nSIZE(\0rest";

	CHECK_EQ(parse(""), 0);
	CHECK_EQ(parse("\n\n=\n==\nno equals\n=5\nX=\n"), 0);
	CHECK_EQ(info.have, 0);
	/* told twice */
	CHECK_EQ(parse("SIZE(prb_desc)=24\nSIZE(prb_desc)=24\n"), 0);
	CHECK_EQ(parse("SIZE(prb_desc)=24\nX=1\nSIZE(prb_desc)=25\n"),
		 MK_E_INPUT);
	CHECK_STR(err.text, "line 3 of the VMCOREINFO text is wrong or "
			    "contradicts an earlier one");
	CHECK_EQ(parse("OSRELEASE=6.1\nOSRELEASE=6.1\n"), 0);
	CHECK_EQ(parse("OSRELEASE=6.1\nOSRELEASE=6.12\n"), MK_E_INPUT);
	/* a last line without its newline is not believed */
	CHECK_EQ(parse("PAGESIZE=4096\nSIZE(prb_desc)=2"), 0);
	CHECK(mk_vmcoreinfo_has(&info, MK_VMC_PAGESIZE));
	CHECK(!mk_vmcoreinfo_has(&info, MK_VMC_DESC_SIZE));
	/* nothing after a NUL */
	CHECK_EQ(mk_vmcoreinfo_parse(&info, zeros, sizeof(zeros), &err), 0);
	CHECK_EQ(info.length, 23);
	/* words: too long, control characters, no hex */
	CHECK_EQ(parse("OSRELEASE=6.1\033[2J\n"), MK_E_INPUT);
	CHECK_EQ(parse("OSRELEASE=\n"), MK_E_INPUT);
	CHECK_EQ(parse("OSRELEASE=0123456789012345678901234567890123456789"
		       "0123456789012345678901234\n"),
		 MK_E_INPUT);
	CHECK_EQ(parse("BUILD-ID=xyz\n"), MK_E_INPUT);
	CHECK_EQ(parse("BUILD-ID=\n"), 0);
	memset(longer, 'a', sizeof(longer) - 1);
	CHECK_EQ(parse(longer), MK_E_INPUT);
	longer[MK_VMCOREINFO_MAX] = '\0';
	CHECK_EQ(parse(longer), 0);
	CHECK_EQ(info.length, MK_VMCOREINFO_MAX);
}

static void names(void)
{
	unsigned int i, j;

	for (i = 0; i < MK_VMC_COUNT; i++) {
		CHECK(strlen(mk_vmcoreinfo_name(i)) > 0);
		for (j = 0; j < i; j++)
			CHECK(strcmp(mk_vmcoreinfo_name(i),
				     mk_vmcoreinfo_name(j)) != 0);
	}
	CHECK_STR(mk_vmcoreinfo_name(MK_VMC_COUNT), "(no such key)");
}

static int scan(const struct fake *f, uint64_t *position)
{
	return mk_vmcoreinfo_find(&info, &f->view, position, &err);
}

static void finds_both_forms(void)
{
	struct fake f;
	char text[4096];
	uint64_t at = 0;
	size_t length;

	fake_boot(&f, memory, &fake_7_2, 4, 9);
	CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);
	CHECK(strstr(err.text, "not come far enough") != NULL);
	fake_publish(&f);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	memcpy(memory + FAKE_TEXT, text, length);

	at = 0;
	CHECK_EQ(scan(&f, &at), 0);
	CHECK_EQ(info.address, FAKE_BASE + FAKE_NOTE);
	CHECK_STR(info.text, text);
	CHECK_EQ(scan(&f, &at), 0);
	CHECK_EQ(info.address, FAKE_BASE + FAKE_TEXT);
	CHECK_STR(info.text, text);
	CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);
	CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);
	at = UINT64_MAX;
	CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);

	CHECK_EQ(mk_vmcoreinfo_at(&info, &f.view, FAKE_BASE + FAKE_TEXT, NULL),
		 0);
	CHECK_EQ(mk_vmcoreinfo_at(&info, &f.view, FAKE_BASE, NULL),
		 MK_E_NOTFOUND);
	CHECK_EQ(mk_vmcoreinfo_at(&info, &f.view, 0, NULL), MK_E_NOTFOUND);
	CHECK_EQ(mk_vmcoreinfo_at(&info, &f.view, UINT64_MAX, NULL),
		 MK_E_NOTFOUND);
}

/* Notes in the last pages, of any size, never lead outside. */
static void at_the_edge(void)
{
	struct fake f;
	char text[4096];
	uint64_t at, size;
	size_t length;

	fake_boot(&f, memory, &fake_6_1, 4, 9);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	fake_put_note(&f, FAKE_SIZE - 4096, text, length);
	at = 0;
	CHECK_EQ(scan(&f, &at), 0);
	CHECK_EQ(info.address, FAKE_BASE + FAKE_SIZE - 4096);
	/* a view that ends inside it, byte by byte, and one that starts odd */
	for (size = FAKE_SIZE - 4096; size < FAKE_SIZE; size++) {
		f.view.size = size;
		at = 0;
		CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);
		mk_vmcoreinfo_at(&info, &f.view, FAKE_BASE + FAKE_SIZE - 4096,
				 NULL);
	}
	f.view.size = FAKE_SIZE - 24;
	f.view.base += 24;
	f.view.mapped += 24;
	at = 0;
	CHECK_EQ(scan(&f, &at), 0);
	f.view.size = 0;
	at = 0;
	CHECK_EQ(scan(&f, &at), MK_E_NOTFOUND);
}

static void false_hits(void)
{
	static const char *const spoil[] = {
		"NUMBER(phys_base)=", "SYMBOL(prb)=", "SYMBOL(init_top_pgt)=",
		"OSRELEASE="
	};
	struct fake f, other;
	char text[4096], *at;
	uint64_t position;
	size_t length, i;

	fake_boot(&f, memory, &fake_6_1, 4, 9);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	/* being written: each key missing in turn, or the text cut short */
	for (i = 0; i < 4; i++) {
		fake_put_note(&f, 0x40000 + i * 0x2000, text, length);
		at = strstr(text, spoil[i]);
		memory[0x40000 + i * 0x2000 + 24 + (at - text)] = '#';
		memcpy(memory + 0x48000 + i * 0x1000, text, length);
		memory[0x48000 + i * 0x1000 + (at - text)] = '#';
	}
	fake_put_note(&f, 0x50000, text, length);
	memory[0x50000 + 24 + 700] = '\0';
	/* wrong name, wrong type, absurd sizes */
	fake_put_note(&f, 0x52000, text, length);
	memory[0x52000 + 12] = 'W';
	fake_put_note(&f, 0x54000, text, length);
	memory[0x54000 + 8] = 1;
	fake_put_note(&f, 0x56000, text, length);
	fake_put(&f, 0x56000, 11 | 4097ull << 32);
	fake_put_note(&f, 0x58000, text, length);
	fake_put(&f, 0x58000, 11);
	/* another kernel's: somewhere else in physical memory */
	other = f;
	at = strstr(text, "NUMBER(phys_base)=");
	at[18] = '9';
	fake_put_note(&other, 0x5a000, text, length);
	memcpy(memory + 0x5c000, text, length);

	position = 0;
	CHECK_EQ(scan(&f, &position), MK_E_NOTFOUND);
	length = fake_vmcoreinfo(&f, text, sizeof(text));
	fake_put_note(&f, 0x5e000, text, length);
	position = 0;
	CHECK_EQ(scan(&f, &position), 0);
	CHECK_EQ(info.address, FAKE_BASE + 0x5e000);
}

int main(void)
{
	TEST(good_text);
	TEST(every_length);
	TEST(numbers);
	TEST(lines);
	TEST(names);
	TEST(finds_both_forms);
	TEST(at_the_edge);
	TEST(false_hits);
	return done();
}
