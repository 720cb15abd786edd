// SPDX-License-Identifier: GPL-2.0-only
/* The fuzzer's own spawn; see mkfuzz.h. */
#include "mkfuzz.h"

#include <string.h>

#include <multikernel/wire.h>

/*
 * Where its things are in the first MiB of a chunk.  All tables are identity
 * mapped, the chunk and the first 2 MiB of the machine only: what the entry of
 * an image has to map (MK_IOC_LOAD).
 */
#define AT_PML4	 0x1000
#define AT_PDPT	 0x2000
#define AT_PD	 0x3000 /* of the first GiB */
#define AT_PD2	 0x4000 /* of the one that the chunk is in */
#define AT_CODE	 0x10000
#define AT_GDT	 0x11000
#define AT_IDT	 0x12000
#define AT_STACK 0x14000

#define PRESENT	 0x3ULL
#define LARGE	 0x83ULL

/*
 * RSI is the address of four words: what lgdt and lidt take, the stack, and
 * the word to write into the hand-off page with its address.  An exception with
 * an error code cannot occur, so one handler does for all vectors.
 */
extern const uint8_t tiny_code[], tiny_handler[], tiny_end[];
__asm__(".pushsection .rodata\n"
	".globl tiny_code, tiny_handler, tiny_end\n"
	"tiny_code:\n"
	"	cli\n"
	"	mov	32(%rsi), %rsp\n"
	"	lgdt	(%rsi)\n"
	"	lidt	16(%rsi)\n"
	"	xor	%eax, %eax\n"
	"	mov	%eax, %ss\n"
	"	mov	%eax, %ds\n"
	"	mov	%eax, %es\n"
	"	lea	1f(%rip), %rax\n"
	"	push	$8\n"
	"	push	%rax\n"
	"	lretq\n"
	"1:	mov	40(%rsi), %rdi\n"
	"	mov	48(%rsi), %rax\n"
	"	test	%eax, %eax\n"
	"	jz	2f\n"
	"	mov	%eax, (%rdi)\n"
	"2:	hlt\n"
	"	jmp	2b\n"
	"tiny_handler:\n"
	"	iretq\n"
	"tiny_end:\n"
	".popsection\n");

static void put64(uint8_t *at, uint64_t value)
{
	memcpy(at, &value, sizeof(value));
}

/* Intel SDM volume 3, 6.14.1: a 64-bit interrupt gate. */
static void put_gate(uint8_t *at, uint64_t handler)
{
	put64(at, (handler & 0xffff) | 8ULL << 16 | 0x8e00ULL << 32 |
			  (handler >> 16 & 0xffff) << 48);
	put64(at + 8, handler >> 32);
}

static void put_tables(uint8_t *page, uint64_t base)
{
	uint64_t gib = base >> 30;

	put64(page + AT_PML4, (base + AT_PDPT) | PRESENT);
	put64(page + AT_PDPT, (base + AT_PD) | PRESENT);
	put64(page + AT_PD, LARGE);
	if (gib)
		put64(page + AT_PDPT + 8 * gib, (base + AT_PD2) | PRESENT);
	put64(page + (gib ? AT_PD2 : AT_PD) + 8 * (base >> 21 & 511),
	      base | LARGE);
}

/* Below 512 GiB, which the trampoline's own tables ask for, too. */
void tiny_make(struct tiny *tiny, struct mk_load *load,
	       const struct mk_info *info, enum tiny_mode mode)
{
	static const uint32_t resets[TINY_MODES] = {
		[TINY_POWERS_OFF] = MKW_RESET_SHUTDOWN,
		[TINY_PANICS] = MKW_RESET_WARM,
	};
	uint64_t base = info->memory_base;
	uint8_t *page = tiny->page;
	unsigned int i;

	memset(page, 0, sizeof(tiny->page));
	put_tables(page, base);
	memcpy(page + AT_CODE, tiny_code, tiny_end - tiny_code);
	put64(page + AT_GDT + 8, 0x00af9b000000ffffULL); /* 64-bit code */
	for (i = 0; i < 256; i++)
		put_gate(page + AT_IDT + 16 * i,
			 base + AT_CODE + (tiny_handler - tiny_code));
	/* what the code finds at RSI */
	page[0] = 2 * 8 - 1;
	put64(page + 2, base + AT_GDT);
	page[16] = 0xff;
	page[17] = 0x0f;
	put64(page + 18, base + AT_IDT);
	put64(page + 32, base + AT_STACK);
	put64(page + 40, base + TINY_HANDOFF + MKW_HANDOFF_RESET);
	put64(page + 48, resets[mode]);

	/* two, with the hand-off page between them */
	tiny->segments[0] = (struct mk_segment){
		.buffer = (uintptr_t)page,
		.buffer_bytes = TINY_HANDOFF,
		.address = base,
		.memory_bytes = TINY_HANDOFF,
	};
	tiny->segments[1] = (struct mk_segment){
		.buffer = (uintptr_t)page + AT_CODE,
		.buffer_bytes = sizeof(tiny->page) - AT_CODE,
		.address = base + AT_CODE,
		.memory_bytes = sizeof(tiny->page) - AT_CODE,
	};
	*load = (struct mk_load){
		.nr_segments = TINY_SEGMENTS,
		.segments = (uintptr_t)tiny->segments,
		.entry = base + AT_CODE,
		.argument = base,
		.page_table = base + AT_PML4,
		.handoff = base + TINY_HANDOFF,
		.channel_base = base + TINY_OWN,
		.channel_bytes =
			MKW_CHANNEL_REPORTS + MKW_REPORTS * MKW_REPORT_BYTES,
		.label = "tiny",
	};
}
