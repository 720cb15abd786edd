// SPDX-License-Identifier: GPL-2.0-only
/* A plan for people or programs: mkctl load --dry-run. */
#include "steps.h"

#include <inttypes.h>
#include <stdio.h>

#include "json.h"
#include "size.h"

/* Types of boot_params.e820 (ACPI 6.5, table 15.4, and 12 as Linux has it). */
static const char *e820_name(uint32_t type)
{
	switch (type) {
	case 1:
		return "RAM";
	case 2:
		return "reserved";
	case 3:
		return "ACPI";
	case 4:
		return "ACPI NVS";
	case 7:
		return "persistent";
	case 12:
		return "persistent (legacy)";
	default:
		return "other";
	}
}

static struct json_object *segments_json(const struct mk_plan *plan)
{
	struct json_object *all = json_object_new_array(), *one;
	const struct mk_plan_segment *s;
	unsigned int i;

	for (i = 0; i < plan->nr_segments; i++) {
		s = &plan->segments[i];
		one = json_object_new_object();
		json_text(one, "what", s->what);
		json_number(one, "address", s->address);
		json_number(one, "length", s->length);
		json_number(one, "memory", s->memory);
		json_object_array_add(all, one);
	}
	return all;
}

static struct json_object *e820_json(const struct mk_plan *plan)
{
	struct json_object *all = json_object_new_array(), *one;
	unsigned int i;

	for (i = 0; i < plan->nr_e820; i++) {
		one = json_object_new_object();
		json_number(one, "address", plan->e820[i].address);
		json_number(one, "length", plan->e820[i].length);
		json_number(one, "type", plan->e820[i].type);
		json_object_array_add(all, one);
	}
	return all;
}

static struct json_object *modules_json(const struct mk_modules *modules)
{
	struct json_object *all = json_object_new_array();
	unsigned int i;

	for (i = 0; i < modules->nr; i++)
		if (modules->needed >> i & 1)
			json_object_array_add(
				all,
				json_object_new_string(modules->list[i].name));
	return all;
}

static struct json_object *pmem_json(const struct mk_plan_input *input)
{
	struct json_object *all = json_object_new_array(), *one;
	unsigned int i;

	for (i = 0; i < input->nr_pmem; i++) {
		one = json_object_new_object();
		json_number(one, "address", input->pmem[i].address);
		json_number(one, "length", input->pmem[i].length);
		json_object_array_add(all, one);
	}
	return all;
}

static void print_json(const char *name, const struct mk_plan_input *input,
		       const struct mk_plan *plan,
		       const struct load_files *files)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "name", name);
	json_text(o, "kernel", files->label);
	json_text(o, "format",
		  input->image->kind == MK_IMAGE_ELF ? "vmlinux" : "bzImage");
	json_number(o, "nr_cpus", input->machine.nr_cpus);
	json_number(o, "memory", input->machine.memory_bytes);
	json_number(o, "memory_base", input->machine.memory_base);
	json_number(o, "least_memory",
		    mk_plan_least_memory(input->image, input->initrd_length));
	json_number(o, "low_base", input->machine.low_base);
	json_number(o, "low_bytes", input->machine.low_bytes);
	json_number(o, "entry", plan->entry);
	json_number(o, "argument", plan->argument);
	json_number(o, "page_table", plan->page_table);
	json_number(o, "handoff", plan->handoff);
	json_number(o, "channel_base", plan->channel_base);
	json_number(o, "channel_bytes", plan->channel_bytes);
	json_flag(o, "la57", plan->la57);
	json_flag(o, "agent", input->agent);
	json_flag(o, "virtio", files->virtio);
	json_object_object_add(o, "modules", modules_json(&files->modules));
	json_number(o, "modules_bytes", files->modules_bytes);
	json_text(o, "cmdline", plan->cmdline);
	json_object_object_add(o, "segments", segments_json(plan));
	json_object_object_add(o, "e820", e820_json(plan));
	json_object_object_add(o, "pmem", pmem_json(input));
	json_print(o);
}

static void print_range(uint64_t address, uint64_t bytes, const char *what)
{
	char text[MK_SIZE_TEXT];

	printf("  0x%012" PRIx64 "-0x%012" PRIx64 " %8s  %s\n", address,
	       address + bytes - 1, mk_size_short(text, sizeof(text), bytes),
	       what);
}

static void print_modules(const struct load_files *files)
{
	const struct mk_modules *modules = &files->modules;
	char text[MK_SIZE_TEXT];
	unsigned int i;

	printf("modules    ");
	if (files->virtio)
		printf(" multikernel_virtio");
	for (i = 0; i < modules->nr; i++)
		if (modules->needed >> i & 1)
			printf(" %s", modules->list[i].name);
	if (files->modules_bytes)
		printf(" (%s of the kernel's)",
		       mk_size_short(text, sizeof(text), files->modules_bytes));
	puts(files->virtio ? "" : " none for devices");
}

static void print_text(const char *name, const struct mk_plan_input *input,
		       const struct mk_plan *plan,
		       const struct load_files *files)
{
	char memory[MK_SIZE_TEXT], least[MK_SIZE_TEXT];
	unsigned int i;

	printf("plan for %s: %s (%s), %u CPUs, memory %s at 0x%" PRIx64
	       " (least: %s)\n",
	       name, files->label,
	       input->image->kind == MK_IMAGE_ELF ? "vmlinux" : "bzImage",
	       input->machine.nr_cpus,
	       mk_size_short(memory, sizeof(memory),
			     input->machine.memory_bytes),
	       input->machine.memory_base,
	       mk_size_short(least, sizeof(least),
			     mk_plan_least_memory(input->image,
						  input->initrd_length)));
	printf("entry       0x%" PRIx64 "\n", plan->entry);
	printf("argument    0x%" PRIx64 " (boot_params)\n", plan->argument);
	printf("page table  0x%" PRIx64 " (%d levels)\n", plan->page_table,
	       plan->la57 ? 5 : 4);
	printf("hand-off    0x%" PRIx64 "\n", plan->handoff);
	printf("agent       %s\n", input->agent ? "in the initrd" : "none");
	if (input->agent)
		print_modules(files);
	printf("cmdline     %s\n", plan->cmdline);
	printf("segments\n");
	for (i = 0; i < plan->nr_segments; i++)
		print_range(plan->segments[i].address, plan->segments[i].memory,
			    plan->segments[i].what);
	printf("e820\n");
	for (i = 0; i < plan->nr_e820; i++)
		print_range(plan->e820[i].address, plan->e820[i].length,
			    e820_name(plan->e820[i].type));
}

int plan_print(const char *name, const struct mk_plan_input *input,
	       const struct mk_plan *plan, const struct load_files *files,
	       bool json)
{
	if (json)
		print_json(name, input, plan, files);
	else
		print_text(name, input, plan, files);
	return MKCTL_DONE;
}
