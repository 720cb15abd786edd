// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a crash kernel finds in /proc/vmcore of the kernel that crashed.
 *
 * usage: vmcore release TEXT (it is an ELF core whose VMCOREINFO names TEXT)
 *        vmcore beats PHYSICAL SECONDS (the spawn whose hand-off page lies
 *            there goes on beating, for that is the memory itself, not a copy)
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <multikernel/wire.h>

#include "verdict.h"

#define HEADERS	   256
#define NOTE_BYTES 65536

static int core;
static Elf64_Ehdr header;
static Elf64_Phdr parts[HEADERS];

static int read_at(void *to, size_t bytes, uint64_t offset)
{
	return pread(core, to, bytes, (off_t)offset) == (ssize_t)bytes;
}

static int open_core(void)
{
	core = open("/proc/vmcore", O_RDONLY | O_CLOEXEC);
	return core >= 0 && read_at(&header, sizeof(header), 0) &&
	       !memcmp(header.e_ident, ELFMAG, SELFMAG) &&
	       header.e_type == ET_CORE && header.e_machine == EM_X86_64 &&
	       header.e_phentsize == sizeof(*parts) && header.e_phnum &&
	       header.e_phnum <= HEADERS &&
	       read_at(parts, header.e_phnum * sizeof(*parts), header.e_phoff);
}

/* Where the core has that physical address; 0 if it does not. */
static uint64_t offset_of(uint64_t physical, uint64_t bytes)
{
	int i;

	for (i = 0; i < header.e_phnum; i++)
		if (parts[i].p_type == PT_LOAD &&
		    physical >= parts[i].p_paddr &&
		    physical - parts[i].p_paddr + bytes <= parts[i].p_filesz)
			return parts[i].p_offset + physical - parts[i].p_paddr;
	return 0;
}

/* The notes of all CPUs, and VMCOREINFO, are one part. */
static int names(const char *release)
{
	static char notes[NOTE_BYTES + 1];
	char line[256];
	size_t bytes;
	int i;

	snprintf(line, sizeof(line), "OSRELEASE=%s\n", release);
	for (i = 0; i < header.e_phnum; i++) {
		if (parts[i].p_type != PT_NOTE)
			continue;
		bytes = parts[i].p_filesz < NOTE_BYTES ? parts[i].p_filesz
						       : NOTE_BYTES;
		if (!read_at(notes, bytes, parts[i].p_offset))
			return 0;
		if (memmem(notes, bytes, "VMCOREINFO", 10) &&
		    memmem(notes, bytes, line, strlen(line)))
			return 1;
	}
	return 0;
}

static void beats(uint64_t physical, unsigned int seconds)
{
	struct mkw_handoff *page = calloc(1, sizeof(*page));
	uint64_t offset = offset_of(physical, sizeof(*page));
	uint32_t before;

	verdict(page && offset, "the dump has the hand-off page", 0, 0);
	if (!page || !offset)
		return;
	verdict(read_at(page, sizeof(*page), offset), "it can be read", errno,
		0);
	expect("it is a hand-off page", page->magic, MKW_HANDOFF_MAGIC);
	before = page->heartbeat;
	sleep(seconds);
	verdict(read_at(page, sizeof(*page), offset) &&
			page->heartbeat != before,
		"the spawn beats on", (int)page->heartbeat, (int)before);
}

int main(int argc, char **argv)
{
	verdict(open_core(), "/proc/vmcore is an ELF core", errno, 0);
	if (failures)
		return 1;
	if (argc == 3 && !strcmp(argv[1], "release"))
		verdict(names(argv[2]), "its VMCOREINFO names the host", 0, 0);
	else if (argc == 4 && !strcmp(argv[1], "beats"))
		beats(strtoull(argv[2], NULL, 0), (unsigned int)atoi(argv[3]));
	else
		return 2;
	return failures != 0;
}
