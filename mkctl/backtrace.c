// SPDX-License-Identifier: GPL-2.0-only
/* mkctl backtrace: where the CPUs of a spawn are, asked by NMI. */
#include "cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "names.h"
#include "reports.h"
#include "signals.h"

#define TIMEOUT_MS     2000
#define TIMEOUT_MS_MAX 10000

/* In the order of struct user_regs_struct. */
static const char *const register_names[MK_REGISTERS] = {
	"r15", "r14", "r13", "r12",	"rbp",	   "rbx", "r11", "r10", "r9",
	"r8",  "rax", "rcx", "rdx",	"rsi",	   "rdi", NULL,	 "rip", "cs",
	"rfl", "rsp", "ss",  "fs_base", "gs_base", "ds",  "es",	 "fs",	"gs",
};
#define RIP 16

struct request {
	const char *name;
	bool json, registers, one;
	unsigned int cpu;
	int timeout_ms;
};

static const char *status_name(uint32_t status)
{
	switch (status) {
	case MK_REPORT_NOW:
		return "now";
	case MK_REPORT_BEFORE:
		return "before";
	default:
		return "none";
	}
}

/* ---- for people ---- */

static void print_registers(const uint64_t *value)
{
	unsigned int i, column = 0;

	for (i = 0; i < MK_REGISTERS; i++) {
		if (!register_names[i])
			continue;
		printf("%s%7s %016" PRIx64, column % 3 ? " " : "    ",
		       register_names[i], value[i]);
		if (++column % 3 == 0)
			putchar('\n');
	}
	if (column % 3)
		putchar('\n');
}

static void print_trace(const char *trace)
{
	const char *end;
	unsigned int n;

	for (n = 0; *trace; n++) {
		end = strchrnul(trace, '\n');
		printf("    #%u %.*s\n", n, (int)(end - trace), trace);
		trace = *end ? end + 1 : end;
	}
	if (!n)
		printf("    (no trace)\n");
}

static void print_one(const struct cpu_report *c, bool registers)
{
	const struct mk_report *r = &c->report;

	if (r->status == MK_REPORT_NONE) {
		printf("CPU %u: nothing is known\n", c->cpu.cpu);
		return;
	}
	printf("CPU %u, CPU %u of the spawn: pid %u, %s, at %" PRIu64
	       ".%06" PRIu64 " s of its log%s\n",
	       c->cpu.cpu, r->spawn_cpu, r->pid, r->task,
	       (uint64_t)r->time_ns / 1000000000,
	       (uint64_t)r->time_ns / 1000 % 1000000,
	       r->status == MK_REPORT_NOW ? "" : " (said earlier)");
	printf("    RIP %016" PRIx64 "\n", (uint64_t)r->registers[RIP]);
	if (registers)
		print_registers((const uint64_t *)r->registers);
	print_trace(r->trace);
}

/* ---- for programs ---- */

static struct json_object *trace_json(const char *trace)
{
	struct json_object *a = json_object_new_array();
	const char *end;

	while (*trace) {
		end = strchrnul(trace, '\n');
		json_object_array_add(a, json_object_new_string_len(
						 trace, (int)(end - trace)));
		trace = *end ? end + 1 : end;
	}
	return a;
}

static struct json_object *one_json(const struct cpu_report *c)
{
	struct json_object *o = json_object_new_object(), *registers;
	const struct mk_report *r = &c->report;
	unsigned int i;

	json_number(o, "cpu", c->cpu.cpu);
	json_text(o, "status", status_name(r->status));
	json_flag(o, "unanswered", c->unanswered);
	if (r->status == MK_REPORT_NONE)
		return o;
	json_number(o, "spawn_cpu", r->spawn_cpu);
	json_number(o, "pid", r->pid);
	json_text(o, "task", r->task);
	json_number(o, "time_ns", r->time_ns);
	registers = json_object_new_object();
	for (i = 0; i < MK_REGISTERS; i++)
		if (register_names[i])
			json_number(registers, register_names[i],
				    r->registers[i]);
	json_object_object_add(o, "registers", registers);
	json_object_object_add(o, "trace", trace_json(r->trace));
	return o;
}

/* ---- the command ---- */

static int show(const struct request *q, const struct mk_info *info,
		struct cpu_report *list, unsigned int nr)
{
	struct json_object *o = NULL, *cpus = NULL;
	int status = MKCTL_DONE;
	unsigned int i;

	if (q->json) {
		o = json_object_new_object();
		json_text(o, "name", q->name);
		json_text(o, "state", mk_state_name(info->state));
		cpus = json_object_new_array();
		json_object_object_add(o, "cpus", cpus);
	}
	for (i = 0; i < nr; i++) {
		if (q->one && list[i].cpu.cpu != q->cpu)
			continue;
		if (q->json)
			json_object_array_add(cpus, one_json(&list[i]));
		else
			print_one(&list[i], q->registers);
		if (list[i].unanswered) {
			say("%s: CPU %u: %s", q->name, list[i].cpu.cpu,
			    list[i].why.text);
			status = MKCTL_UNKNOWN;
		} else if (list[i].report.status == MK_REPORT_NONE) {
			status = MKCTL_UNKNOWN;
		}
	}
	if (o)
		json_print(o);
	return status;
}

static int backtrace(const struct request *q, struct mk_instance *inst)
{
	struct cpu_report *list = NULL;
	unsigned int i, nr = 0;
	struct mk_info info;
	struct mk_error err;
	bool ask, found = false;
	int code, status;

	code = mk_instance_info(inst, &info, &err);
	if (!code)
		code = reports_begin(inst, &list, &nr, &err);
	if (code)
		return fail(q->name, &err);
	ask = info.state == MK_STATE_RUNNING;
	for (i = 0; !code && i < nr; i++) {
		if (q->one && list[i].cpu.cpu != q->cpu)
			continue;
		found = true;
		code = report_take(inst, i, ask && !signals_came(),
				   (unsigned int)q->timeout_ms, &list[i], &err);
	}
	if (code) {
		status = fail(q->name, &err);
	} else if (!found) {
		say(q->one ? "%s: CPU %u is none of its CPUs"
			   : "%s: it has no CPUs",
		    q->name, q->cpu);
		status = MKCTL_COULD_NOT;
	} else {
		status = show(q, &info, list, nr);
	}
	free(list);
	return status;
}

static const struct opt options[] = {
	{ OPT_CPU, "cpu", "N", "only this CPU, as mkctl list numbers it" },
	{ OPT_REGISTERS, "registers", NULL, "all registers" },
	{ OPT_TIMEOUT, "timeout", "SECONDS",
	  "give each CPU so long (2); 10 at most" },
	{ OPT_JSON, "json", NULL, "an object, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "NAME [--cpu N] [--registers] [--timeout SECONDS] [--json]",
	.groups = groups,
	.text = "Shows where each CPU of a spawn is: task, registers, and the functions\n"
		"that it is in, innermost first.  A running spawn's CPUs are asked by an\n"
		"NMI, which its agent answers even where interrupts are off.  Of a spawn\n"
		"that has ended, and of a CPU that does not answer, it shows what was\n"
		"said last: at a panic, or when it was given up as hung.  All of this is\n"
		"the word of the spawn.  Exit status 3 when a CPU does not answer, or\n"
		"nothing is known of one.\n"
		"\n"
		"Example:\n"
		"  mkctl backtrace web --cpu 3 --registers\n",
};

int cmd_backtrace(struct ctl *ctl, int argc, char **argv)
{
	struct request q = { .timeout_ms = TIMEOUT_MS };
	struct mk_instance inst;
	const char *value;
	struct parse p;
	int key, status;

	parse_begin(&p, ctl, &usage, argc, argv);
	while ((key = parse_next(&p, &value))) {
		if (key == OPT_CPU) {
			q.cpu = parse_number(&p, "--cpu", value, 0, UINT32_MAX);
			q.one = true;
		} else if (key == OPT_TIMEOUT) {
			q.timeout_ms = parse_seconds(&p, "--timeout", value);
		} else {
			*(key == OPT_JSON ? &q.json : &q.registers) = true;
		}
	}
	q.name = parse_name(&p);
	if (q.timeout_ms > TIMEOUT_MS_MAX)
		usage_error(&p, "--timeout: %u seconds at most",
			    TIMEOUT_MS_MAX / 1000);

	signals_hold();
	status = open_instance(ctl, q.name, &inst);
	if (status)
		return status;
	status = backtrace(&q, &inst);
	mk_instance_close(&inst);
	return status;
}
