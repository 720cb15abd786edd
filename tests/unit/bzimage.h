/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small kernels that exist only in tests: an ELF vmlinux of two segments and
 * per-CPU data, and a bzImage around any payload.
 */
#ifndef MK_TEST_BZIMAGE_H
#define MK_TEST_BZIMAGE_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FAKE_SETUP	 (5 * 512) /* setup_sects 4 */
#define FAKE_RELEASE	 0x300 /* of the release text in the file */
#define FAKE_PAYLOAD	 0x280 /* in the protected-mode part */
#define FAKE_ALIGN	 0x200000
#define FAKE_BASE	 0x1000000
#define FAKE_INIT_SIZE	 0x800000

#define FAKE_ELF_TEXT	 0x100 /* file offset of the text */
#define FAKE_ELF_DATA	 0x200
#define FAKE_ELF_PERCPU	 0x300
#define FAKE_ELF_SIZE	 0x400
#define FAKE_ELF_PHDR(n) (64 + 56 * (n))

static inline void fake_put(uint8_t *at, unsigned int size, uint64_t value)
{
	for (; size--; value >>= 8)
		*at++ = (uint8_t)value;
}

static inline void fake_phdr(uint8_t *elf, unsigned int n, uint32_t type,
			     uint64_t offset, uint64_t vaddr, uint64_t paddr,
			     uint64_t filesz, uint64_t memsz)
{
	uint8_t *p = elf + FAKE_ELF_PHDR(n);

	fake_put(p, 4, type);
	fake_put(p + 4, 4, 7);
	fake_put(p + 8, 8, offset);
	fake_put(p + 16, 8, vaddr);
	fake_put(p + 24, 8, paddr);
	fake_put(p + 32, 8, filesz);
	fake_put(p + 40, 8, memsz);
	fake_put(p + 48, 8, 0x200000);
}

/* vmlinux: text at 16 MiB, per-CPU data at 20 MiB, data and .bss at 18 MiB. */
static inline void fake_elf(uint8_t elf[FAKE_ELF_SIZE])
{
	memset(elf, 0, FAKE_ELF_SIZE);
	memcpy(elf, "\177ELF\2\1\1", 7);
	fake_put(elf + 16, 2, 2); /* ET_EXEC */
	fake_put(elf + 18, 2, 62); /* EM_X86_64 */
	fake_put(elf + 20, 4, 1);
	fake_put(elf + 24, 8, FAKE_BASE + 0x10); /* entry */
	fake_put(elf + 32, 8, 64); /* program headers */
	fake_put(elf + 52, 2, 64);
	fake_put(elf + 54, 2, 56);
	fake_put(elf + 56, 2, 3);
	fake_phdr(elf, 0, 1, FAKE_ELF_TEXT, 0xffffffff81000000, 0x1000000,
		  0x100, 0x100);
	fake_phdr(elf, 1, 1, FAKE_ELF_PERCPU, 0, 0x1400000, 0x80, 0x1000);
	fake_phdr(elf, 2, 1, FAKE_ELF_DATA, 0xffffffff81200000, 0x1200000,
		  0x100, 0x180000);
	memset(elf + FAKE_ELF_TEXT, 0x90, 0x100);
	memset(elf + FAKE_ELF_DATA, 0xda, 0x80); /* then 0x80 zero bytes */
	memset(elf + FAKE_ELF_PERCPU, 0xcc, 0x80);
	memcpy(elf + FAKE_ELF_DATA + 0x10, "Linux version %s (", 18);
	memcpy(elf + FAKE_ELF_DATA + 0x28, "Linux version 6.1.0-mk-amd64 (x",
	       31);
}

/*
 * A bzImage of protocol 2.15 around @payload; malloc'ed, *@size is the file's.
 * 9 bytes stand behind the protected-mode part, as a signature would.
 */
static inline uint8_t *fake_bzimage(const void *payload, size_t length,
				    size_t *size)
{
	size_t kernel = (FAKE_PAYLOAD + length + 16 + 15) & ~(size_t)15;
	uint8_t *b;

	*size = FAKE_SETUP + kernel + 9;
	b = calloc(1, *size);
	if (!b)
		abort();
	memcpy(b, "MZ", 2);
	b[0x1f1] = 4;
	fake_put(b + 0x1f4, 4, kernel / 16);
	fake_put(b + 0x1fe, 2, 0xaa55);
	b[0x200] = 0xeb;
	b[0x201] = 0x6a;
	memcpy(b + 0x202, "HdrS", 4);
	fake_put(b + 0x206, 2, 0x20f);
	fake_put(b + 0x20e, 2, FAKE_RELEASE - 0x200);
	b[0x211] = 3; /* LOADED_HIGH, and KASLR_FLAG that must go */
	fake_put(b + 0x230, 4, FAKE_ALIGN);
	b[0x234] = 1;
	b[0x235] = 21;
	fake_put(b + 0x236, 2, 0x7f);
	fake_put(b + 0x238, 4, 2047);
	fake_put(b + 0x248, 4, FAKE_PAYLOAD);
	fake_put(b + 0x24c, 4, length);
	fake_put(b + 0x258, 8, FAKE_BASE);
	fake_put(b + 0x260, 4, FAKE_INIT_SIZE);
	fake_put(b + 0x268, 4, kernel - 16);
	strcpy((char *)b + FAKE_RELEASE, "6.1.0-mk-amd64 (someone@there) #1");
	memcpy(b + FAKE_SETUP + FAKE_PAYLOAD, payload, length);
	memcpy(b + FAKE_SETUP + kernel - 16, "LToP", 4);
	return b;
}

#endif /* MK_TEST_BZIMAGE_H */
