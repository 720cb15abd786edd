// SPDX-License-Identifier: GPL-2.0-only
/*
 * The EFI runtime: its tables as a kernel reads them, its code as a CPU runs
 * it, checksums by a routine of their own.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "efi.h"

#define BASE	0x140040000ULL
#define ROOM	0x10000
#define HANDOFF 0x140008000ULL
#define RSDP	0x140002000ULL

static uint8_t room[ROOM];
static struct mk_error error;
static const struct mk_efi_memory memory[] = {
	{ 0x20000, 0x7000, MK_EFI_CONVENTIONAL },
	{ 0x27000, 0x1000, MK_EFI_RESERVED },
	{ 0x140002000, 0x6000, MK_EFI_ACPI_RECLAIM },
	{ HANDOFF, 0x1000, MK_EFI_RUNTIME_DATA },
	{ 0x140050000, 0xb0000, MK_EFI_RESERVED },
	{ 0x140100000, 0xff00000, MK_EFI_CONVENTIONAL },
};
#define NR_MEMORY (sizeof(memory) / sizeof(memory[0]))

static struct mk_efi_input input(void)
{
	return (struct mk_efi_input){ .base = BASE,
				      .length = ROOM,
				      .reset_word = HANDOFF + 0x804,
				      .rsdp = RSDP,
				      .memory = memory,
				      .nr_memory = NR_MEMORY };
}

static uint64_t get(uint64_t address, unsigned int n)
{
	const uint8_t *b = room + (address - BASE);
	uint64_t v = 0;

	if (address < BASE || address > BASE + ROOM - n)
		return 0xbad;
	while (n--)
		v = v << 8 | b[n];
	return v;
}

/* Bit by bit, as a shift register with the normal polynomial. */
static uint32_t crc(uint64_t address, unsigned int n, unsigned int hole)
{
	uint32_t r = 0xffffffff, out = 0;
	unsigned int i, bit, in;

	for (i = 0; i < n; i++) {
		in = i >= hole && i < hole + 4 ? 0 : get(address + i, 1);
		for (bit = 0; bit < 8; bit++) {
			in ^= (r >> 31) << bit;
			r = r << 1 ^ (in >> bit & 1 ? 0x04c11db7 : 0);
		}
	}
	for (bit = 0; bit < 32; bit++)
		out |= (r >> bit & 1) << (31 - bit);
	return ~out;
}

static void tables(void)
{
	static const uint8_t rt_properties[] = { 0x8a, 0x91, 0x66, 0xeb,
						 0xef, 0x7e, 0x2a, 0x40 };
	struct mk_efi_input in = input();
	uint64_t runtime, config, services[14], table;
	struct mk_efi efi;
	unsigned int i;

	CHECK_EQ(mk_efi_build(&efi, &in, room, ROOM, &error), 0);
	CHECK_EQ(get(efi.system_table, 8), 0x5453595320494249ULL);
	CHECK_EQ(get(efi.system_table + 8, 4) >> 16, 2);
	CHECK_EQ(get(efi.system_table + 12, 4), 120);
	CHECK_EQ(get(efi.system_table + 16, 4), crc(efi.system_table, 120, 16));
	CHECK_EQ(get(get(efi.system_table + 24, 8), 8),
		 0x0074006c0075006dULL); /* "mult" in UTF-16 */
	CHECK_EQ(get(efi.system_table + 96, 8), 0); /* boot services */

	runtime = get(efi.system_table + 88, 8);
	CHECK_EQ(get(runtime, 8), 0x56524553544e5552ULL);
	CHECK_EQ(get(runtime + 12, 4), 136);
	CHECK_EQ(get(runtime + 16, 4), crc(runtime, 136, 16));
	for (i = 0; i < 14; i++) {
		services[i] = get(runtime + 24 + 8 * i, 8);
		/* In the code page, at an endbr64. */
		CHECK(services[i] >= BASE && services[i] < BASE + 4096);
		CHECK_EQ(get(services[i], 4), 0xfa1e0ff3);
		CHECK_EQ(services[i] == services[0], i != 4 && i != 10);
	}
	CHECK(services[4] != services[10]);

	CHECK_EQ(get(efi.system_table + 104, 8), 3);
	config = get(efi.system_table + 112, 8);
	CHECK_EQ(get(config + 16, 8), RSDP);
	table = get(config + 2 * 24 + 16, 8);
	CHECK(memcmp(room + (config + 2 * 24 - BASE), rt_properties, 8) == 0);
	CHECK_EQ(get(table, 8), 0x0000050000080001ULL);
}

/* One ascending list, the runtime's own two in their place. */
static void memory_map(void)
{
	struct mk_efi_input in = input();
	uint64_t d, end = 0, config, table;
	struct mk_efi efi;
	unsigned int i, runtime = 0;

	CHECK_EQ(mk_efi_build(&efi, &in, room, ROOM, &error), 0);
	CHECK_EQ(efi.memory_map_bytes, (NR_MEMORY + 2) * 48);
	for (i = 0; i < NR_MEMORY + 2; i++) {
		d = efi.memory_map + 48 * i;
		CHECK(get(d + 8, 8) >= end);
		end = get(d + 8, 8) + get(d + 24, 8) * 4096;
		CHECK_EQ(get(d + 16, 8), 0);
		CHECK_EQ(get(d + 32, 8) & 8, 8); /* write-back */
		if (!(get(d + 32, 8) >> 63))
			continue;
		runtime++;
		if (get(d, 4) == 5) {
			CHECK_EQ(get(d + 8, 8), BASE);
			CHECK_EQ(end, BASE + 4096);
		} else {
			CHECK_EQ(get(d, 4), 6);
			CHECK(get(d + 8, 8) == HANDOFF || end == BASE + ROOM);
		}
	}
	CHECK_EQ(runtime, 3);

	/* Attributes: the same three, none both writable and executable. */
	config = get(efi.system_table + 112, 8);
	table = get(config + 24 + 16, 8);
	CHECK_EQ(get(table, 4), 1);
	CHECK_EQ(get(table + 4, 4), 3);
	CHECK_EQ(get(table + 8, 4), 48);
	for (i = 0; i < 3; i++) {
		d = table + 16 + 48 * i;
		CHECK_EQ(get(d + 32, 8), get(d, 4) == 5
						 ? 0x8000000000020000ULL
						 : 0x8000000000004000ULL);
	}
}

/* The code, run in this process by the EFI calling convention. */
typedef uint64_t __attribute__((ms_abi)) (*service)(uint64_t, uint64_t,
						    uint64_t, uint64_t);

static void code(void)
{
	struct mk_efi_input in = input();
	uint64_t runtime, word;
	volatile uint32_t *reset;
	struct mk_efi_memory here;
	struct mk_efi efi;
	unsigned int type;
	int status;
	service s[14];
	void *page;
	pid_t pid;

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON,
		    -1, 0);
	reset = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANON,
		     -1, 0);
	CHECK(page != MAP_FAILED && reset != MAP_FAILED);
	word = (uint64_t)(uintptr_t)reset;
	here = (struct mk_efi_memory){ word, 4096, MK_EFI_RUNTIME_DATA };
	in.memory = &here;
	in.nr_memory = 1;
	in.reset_word = word + 4;
	CHECK_EQ(mk_efi_build(&efi, &in, room, ROOM, &error), 0);
	memcpy(page, room, 4096);
	CHECK_EQ(mprotect(page, 4096, PROT_READ | PROT_EXEC), 0);
	runtime = get(efi.system_table + 88, 8);
	for (type = 0; type < 14; type++)
		s[type] = (service)((uintptr_t)page +
				    get(runtime + 24 + 8 * type, 8) - BASE);
	CHECK_EQ(s[0](1, 2, 3, 4), 0x8000000000000003ULL);
	CHECK_EQ(s[13](1, 2, 3, 4), 0x8000000000000003ULL);
	CHECK_EQ(s[4](1, 2, 3, 4), 0);

	/*
	 * A process may not cli, and the store comes after it: run a copy with
	 * a nop there.  The hlt then ends the child.
	 */
	mprotect(page, 4096, PROT_READ | PROT_WRITE);
	for (type = 0; type < 256; type++)
		if (((uint8_t *)page)[type] == 0xfa &&
		    ((uint8_t *)page)[type + 1] == 0x89)
			((uint8_t *)page)[type] = 0x90;
	mprotect(page, 4096, PROT_READ | PROT_EXEC);
	for (type = 0; type < 6; type++) {
		reset[0] = reset[1] = reset[2] = 0xffffffff;
		pid = fork();
		if (!pid) {
			signal(SIGSEGV, SIG_DFL);
			s[10](type == 5 ? 0xffffffff : type, 0, 0, 0);
			_exit(0);
		}
		CHECK_EQ(waitpid(pid, &status, 0), pid);
		CHECK(WIFSIGNALED(status)); /* hlt */
		CHECK_EQ(reset[0], 0xffffffff);
		CHECK_EQ(reset[1], type > 3 ? 4 : type + 1);
		CHECK_EQ(reset[2], 0xffffffff);
	}
	munmap(page, 4096);
	munmap((void *)(uintptr_t)word, 4096);
}

static void every_size(void)
{
	struct mk_efi_input in = input();
	struct mk_efi efi, again;
	uint8_t *exact;
	size_t size;

	CHECK_EQ(mk_efi_build(&efi, &in, room, ROOM, &error), 0);
	CHECK(efi.used < ROOM);
	for (size = 0; size <= efi.used; size++) {
		exact = malloc(size ? size : 1);
		if (!exact)
			abort();
		memset(exact, 0xee, size);
		CHECK_EQ(mk_efi_build(&again, &in, exact, size, &error),
			 size < efi.used ? MK_E_NOSPACE : 0);
		if (size == efi.used)
			CHECK(memcmp(exact, room, size) == 0);
		free(exact);
	}
	in.length = 2 * 4096; /* more buffer than room */
	CHECK_EQ(mk_efi_build(&again, &in, room, ROOM, &error), 0);
	CHECK(again.used <= in.length);
}

static void bad_arguments(void)
{
	struct mk_efi_memory m[NR_MEMORY];
	struct mk_efi_input in;
	struct mk_efi efi;

#define BAD(change)                                                   \
	do {                                                          \
		in = input();                                         \
		memcpy(m, memory, sizeof(m));                         \
		in.memory = m;                                        \
		change;                                               \
		CHECK_EQ(mk_efi_build(&efi, &in, room, ROOM, &error), \
			 MK_E_CALL);                                  \
	} while (0)
	BAD(in.base++);
	BAD(in.length = 4096);
	BAD(in.length--);
	BAD(in.base = -4096ULL);
	BAD(in.reset_word++);
	BAD(in.reset_word = BASE);
	BAD(in.reset_word = HANDOFF + 4096);
	BAD(in.memory = NULL);
	BAD(in.nr_memory = 0);
	BAD(m[0].address++);
	BAD(m[0].length++);
	BAD(m[0].length = 0);
	BAD(m[0].length = 0x8000); /* overlaps the next */
	BAD(m[3].type = MK_EFI_RESERVED);
	BAD(m[3].type = MK_EFI_RUNTIME_CODE);
	BAD(m[4].address = BASE + ROOM - 4096); /* overlaps the runtime */
	BAD(m[4].address = BASE - 4096);
	BAD(m[5].length = -4096ULL);
	in = input();
	CHECK_EQ(mk_efi_build(&efi, &in, NULL, ROOM, NULL), MK_E_CALL);
}

int main(void)
{
	TEST(tables);
	TEST(memory_map);
	TEST(code);
	TEST(every_size);
	TEST(bad_arguments);
	return done();
}
