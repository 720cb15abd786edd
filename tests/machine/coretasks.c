// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is in a dump, read without any of our code and without debug
 * information: the tasks, by way of the kernel's own BTF, which the dump has.
 *
 * usage: coretasks CORE	prints "cpu N rip=HEX" for each NT_PRSTATUS,
 *				"release TEXT" and "task PID COMM" for each task
 *
 * From the BTF: the offsets of task_struct's tasks, pid and comm.  init_task is
 * where the image has "swapper/0" as comm and a tasks list around it.  All
 * addresses are virtual, as the PT_LOADs have them.  BTF: Linux
 * Documentation/bpf/btf.rst.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TASKS_MAX   10000
#define KIND_STRUCT 4

struct btf_header {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t header, types, types_size, names, names_size;
};

struct btf_type {
	uint32_t name, info, size;
};

struct btf_member {
	uint32_t name, type, offset; /* bits */
};

static const uint8_t *file;
static uint64_t file_size;
static const Elf64_Phdr *part;
static unsigned int parts;

static void die(const char *why)
{
	printf("coretasks: %s\n", why);
	exit(1);
}

static const uint8_t *at(uint64_t address, uint64_t size)
{
	unsigned int i;

	for (i = 0; i < parts; i++)
		if (part[i].p_type == PT_LOAD && address >= part[i].p_vaddr &&
		    address - part[i].p_vaddr <= part[i].p_filesz &&
		    size <= part[i].p_filesz - (address - part[i].p_vaddr))
			return file + part[i].p_offset +
			       (address - part[i].p_vaddr);
	return NULL;
}

static uint64_t word(uint64_t address)
{
	const uint8_t *p = at(address, 8);
	uint64_t value = 0;

	if (p)
		memcpy(&value, p, 8);
	return value;
}

/* Bytes of a type's tail, by kind: Documentation/bpf/btf.rst, 2.2. */
static uint64_t tail(uint32_t info)
{
	uint32_t n = info & 0xffff;

	switch (info >> 24 & 0x1f) {
	case 1: /* int */
	case 14: /* variable */
	case 17: /* declaration's tag */
		return 4;
	case 3: /* array */
		return 12;
	case 4: /* structure */
	case 5: /* union */
	case 15: /* section */
	case 19: /* 64-bit enumeration */
		return 12ull * n;
	case 6: /* enumeration */
	case 13: /* prototype */
		return 8ull * n;
	default:
		return 0;
	}
}

static uint32_t tasks_at, pid_at, comm_at;

static int take_task(const struct btf_type *t, const char *names)
{
	const struct btf_member *m = (const void *)(t + 1);
	uint32_t n = t->info & 0xffff, i, found = 0;

	for (i = 0; i < n; i++) {
		uint32_t bytes = (m[i].offset & 0xffffff) / 8;

		if (!strcmp(names + m[i].name, "tasks"))
			tasks_at = bytes, found |= 1;
		else if (!strcmp(names + m[i].name, "pid"))
			pid_at = bytes, found |= 2;
		else if (!strcmp(names + m[i].name, "comm"))
			comm_at = bytes, found |= 4;
	}
	return found == 7;
}

static int try_btf(const uint8_t *p, uint64_t size)
{
	const struct btf_header *h = (const void *)p;
	const struct btf_type *t;
	const char *names;
	uint64_t off;

	if (size < sizeof(*h) || h->magic != 0xeb9f || h->version != 1 ||
	    h->header != sizeof(*h) || h->types_size > size ||
	    h->names_size > size || h->types_size < 1 << 20 ||
	    (uint64_t)h->header + h->names + h->names_size > size)
		return 0;
	names = (const char *)p + h->header + h->names;
	for (off = 0; off + sizeof(*t) <= h->types_size;
	     off += sizeof(*t) + tail(t->info)) {
		t = (const void *)(p + h->header + h->types + off);
		if ((t->info >> 24 & 0x1f) == KIND_STRUCT &&
		    t->name < h->names_size &&
		    !strcmp(names + t->name, "task_struct") &&
		    take_task(t, names))
			return 1;
	}
	return 0;
}

/* The BTF and init_task lie in the image, which is the first PT_LOAD. */
static uint64_t look_into_image(const Elf64_Phdr *image)
{
	const uint8_t *bytes = file + image->p_offset;
	uint64_t i, task, list;

	for (i = 0; i + 4096 < image->p_filesz; i += 8)
		if (bytes[i] == 0x9f && bytes[i + 1] == 0xeb &&
		    try_btf(bytes + i, image->p_filesz - i))
			break;
	if (!comm_at)
		die("no BTF with a task_struct");
	for (i = comm_at; i + 4096 < image->p_filesz; i++) {
		if (bytes[i] != 's' || memcmp(bytes + i, "swapper/0", 10) != 0)
			continue;
		task = image->p_vaddr + i - comm_at;
		list = task + tasks_at;
		if (word(list) && word(word(list) + 8) == list)
			return task;
	}
	die("no init_task");
	return 0;
}

static void walk(uint64_t first)
{
	uint64_t task = first;
	const uint8_t *p;
	unsigned int n;
	int pid;

	for (n = 0; n < TASKS_MAX; n++) {
		p = at(task, comm_at + 16);
		if (!p)
			die("a task is not in the dump");
		memcpy(&pid, p + pid_at, sizeof(pid));
		printf("task %d %.16s\n", pid, (const char *)p + comm_at);
		task = word(task + tasks_at) - tasks_at;
		if (task == first)
			return;
	}
	die("the list of tasks has no end");
}

static void notes(const Elf64_Phdr *p)
{
	const uint8_t *note = file + p->p_offset, *end = note + p->p_filesz;
	const char *release;
	unsigned int cpu = 0;
	Elf64_Nhdr h;
	uint64_t rip;

	while (note + sizeof(h) <= end) {
		memcpy(&h, note, sizeof(h));
		note += sizeof(h) + (h.n_namesz + 3) / 4 * 4;
		if (h.n_type == NT_PRSTATUS && h.n_descsz == 336) {
			memcpy(&rip, note + 112 + 16 * 8, 8);
			printf("cpu %u rip=%llx\n", cpu++,
			       (unsigned long long)rip);
		} else if (!memcmp(note, "OSRELEASE=", 10)) {
			release = (const char *)note + 10;
			printf("release %.*s\n", (int)strcspn(release, "\n"),
			       release);
		}
		note += (h.n_descsz + 3) / 4 * 4;
	}
}

int main(int argc, char **argv)
{
	const Elf64_Ehdr *header;
	const Elf64_Phdr *image = NULL;
	struct stat st;
	unsigned int i;
	int fd;

	if (argc != 2)
		return 2;
	fd = open(argv[1], O_RDONLY);
	if (fd < 0 || fstat(fd, &st))
		die("cannot open it");
	file_size = (uint64_t)st.st_size;
	file = mmap(NULL, file_size, PROT_READ, MAP_PRIVATE, fd, 0);
	header = (const void *)file;
	if (file == MAP_FAILED || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_type != ET_CORE || header->e_machine != EM_X86_64)
		die("no core of an x86-64 machine");
	part = (const void *)(file + header->e_phoff);
	parts = header->e_phnum;
	for (i = 0; i < parts; i++) {
		if (part[i].p_offset + part[i].p_filesz > file_size)
			die("it is cut short");
		if (part[i].p_type == PT_NOTE)
			notes(&part[i]);
		else if (part[i].p_type == PT_LOAD && !image)
			image = &part[i];
	}
	if (!image || image->p_vaddr < 0xffffffff80000000ull)
		die("no image");
	walk(look_into_image(image));
	return 0;
}
