// SPDX-License-Identifier: GPL-2.0-only
/* mkctl doctor: can this machine do it? Each check with its remedy. */
#include "doctor.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json.h"

static const char *const verdicts[] = { "ok", "warn", "no" };

static const struct check *const sections[] = { system_checks, cpu_checks,
						memory_checks };

void found(struct finding *f, enum verdict verdict, const char *format, ...)
{
	va_list args;

	f->verdict = verdict;
	va_start(args, format);
	vsnprintf(f->reason, sizeof(f->reason), format, args);
	va_end(args);
}

void remedy(struct finding *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->remedy, sizeof(f->remedy), format, args);
	va_end(args);
}

static void begin(struct exam *x, const struct ctl *ctl)
{
	char path[PATH_MAX];

	memset(x, 0, sizeof(*x));
	x->root = ctl->root;
	snprintf(path, sizeof(path), "%s%s", ctl->root, MK_DEVICE_PATH);
	x->device_code = mk_device_open(&x->dev, path, &x->device_error);
	if (!x->device_code)
		x->boot_cpu = x->dev.about.boot_cpu;
	x->cpus_code = mk_host_cpus(x->root, &x->cpus, NULL);
	x->cpuinfo_code = mk_host_cpuinfo(x->root, &x->cpuinfo, NULL);
}

static void print_text(const char *name, const struct finding *f)
{
	printf("%-5s %-11s %s\n", verdicts[f->verdict], name, f->reason);
	if (f->remedy[0])
		printf("%-17s -> %s\n", "", f->remedy);
}

static void add_json(struct json_object *list, const char *name,
		     const struct finding *f)
{
	struct json_object *o = json_object_new_object();

	json_text(o, "check", name);
	json_text(o, "result", verdicts[f->verdict]);
	json_text(o, "reason", f->reason);
	json_text(o, "remedy", f->remedy);
	json_object_array_add(list, o);
}

/* All checks; the worst verdict. */
static enum verdict examine(const struct exam *x, struct json_object *list)
{
	enum verdict worst = VERDICT_OK;
	const struct check *check;
	struct finding f;
	size_t i;

	for (i = 0; i < sizeof(sections) / sizeof(sections[0]); i++) {
		for (check = sections[i]; check->name; check++) {
			memset(&f, 0, sizeof(f));
			check->look(x, &f);
			make_printable(f.reason);
			if (list)
				add_json(list, check->name, &f);
			else
				print_text(check->name, &f);
			if (f.verdict > worst)
				worst = f.verdict;
		}
	}
	return worst;
}

static const struct opt options[] = {
	{ OPT_JSON, "json", NULL, "an object, for programs" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const groups[] = { options, NULL };

static const struct usage usage = {
	.args = "[--json]",
	.groups = groups,
	.text = "Looks whether this machine can run several kernels: ok, warn (works,\n"
		"but read on) or no, each with its reason and its remedy.  Changes\n"
		"nothing.  Exit status 1 if there is a no.\n"
		"\n"
		"Example:\n"
		"  mkctl doctor\n",
};

int cmd_doctor(struct ctl *ctl, int argc, char **argv)
{
	struct json_object *list = NULL, *o;
	static struct exam x;
	enum verdict worst;
	const char *value;
	bool json = false;
	struct parse p;

	parse_begin(&p, ctl, &usage, argc, argv);
	while (parse_next(&p, &value))
		json = true;
	parse_no_operand(&p);

	begin(&x, ctl);
	if (json)
		list = json_object_new_array();
	worst = examine(&x, list);
	if (json) {
		o = json_object_new_object();
		json_text(o, "result", verdicts[worst]);
		json_object_object_add(o, "checks", list);
		json_print(o);
	} else {
		puts(worst == VERDICT_NO
			     ? "This machine cannot do it as it is: see each no."
		     : worst == VERDICT_WARN
			     ? "This machine can do it; see each warning."
			     : "This machine can do it.");
	}
	if (!x.device_code)
		mk_device_close(&x.dev);
	return worst == VERDICT_NO ? MKCTL_COULD_NOT : MKCTL_DONE;
}
