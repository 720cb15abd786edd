// SPDX-License-Identifier: LGPL-2.1-or-later
/* The words for the numbers of the UAPI. */
#include "names.h"

#include <multikernel/wire.h>

#include <stdio.h>
#include <string.h>

#include "size.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const states[] = {
	[MK_STATE_CREATED] = "created", [MK_STATE_LOADED] = "loaded",
	[MK_STATE_RUNNING] = "running", [MK_STATE_STOPPED] = "stopped",
	[MK_STATE_CRASHED] = "crashed",
};

static const char *const causes[] = {
	[MK_CAUSE_NONE] = "none",	  [MK_CAUSE_POWEROFF] = "poweroff",
	[MK_CAUSE_REBOOT] = "reboot",	  [MK_CAUSE_PANIC] = "panic",
	[MK_CAUSE_KILLED] = "killed",	  [MK_CAUSE_HOST] = "host",
	[MK_CAUSE_NO_START] = "no-start", [MK_CAUSE_FLOOD] = "flood",
	[MK_CAUSE_HUNG] = "hung",
};

static const char *const agents[] = {
	[MK_AGENT_NONE] = "none",	[MK_AGENT_READY] = "ready",
	[MK_AGENT_REFUSED] = "refused", [MK_AGENT_UP] = "up",
	[MK_AGENT_BROKEN] = "broken",
};

static const struct {
	unsigned long long bit;
	const char *name;
} features[] = {
	{ MKW_FEATURE_CHANNEL, "channel" }, { MKW_FEATURE_REQUEST, "request" },
	{ MKW_FEATURE_CPUS, "cpus" },	    { MKW_FEATURE_LINES, "lines" },
	{ MKW_FEATURE_REPORTS, "reports" },
};

static const char *const steps[] = {
	[MK_PROGRESS_NONE] = "not started",
	[MK_PROGRESS_PROTECTED] = "in the trampoline, protected mode",
	[MK_PROGRESS_LONG] = "in the trampoline, long mode",
	[MK_PROGRESS_ENTERED] = "entered the kernel",
};

static const char *word(const char *const *words, size_t count,
			unsigned int number)
{
	return number < count && words[number] ? words[number] : "unknown";
}

const char *mk_state_name(unsigned int state)
{
	return word(states, COUNT(states), state);
}

unsigned int mk_state_number(const char *name)
{
	unsigned int i;

	for (i = 1; i < COUNT(states); i++)
		if (strcmp(states[i], name) == 0)
			return i;
	return 0;
}

const char *mk_cause_name(unsigned int cause)
{
	return word(causes, COUNT(causes), cause);
}

const char *mk_agent_name(unsigned int agent)
{
	return word(agents, COUNT(agents), agent);
}

const char *mk_feature_name(unsigned int bit)
{
	size_t i;

	for (i = 0; i < COUNT(features); i++)
		if (bit < 64 && features[i].bit == 1ULL << bit)
			return features[i].name;
	return "unknown";
}

const char *mk_progress_name(unsigned int progress)
{
	return word(steps, COUNT(steps), progress);
}

/* Sentences about one CPU: what stands before and after its number. */
static const struct {
	const char *before, *after;
} cpu_reasons[] = {
	[MK_REASON_CPU_UNKNOWN] = { "there is no CPU", "" },
	[MK_REASON_CPU_OFFLINE] = { "CPU",
				    " is offline: bring it online first, "
				    "or choose another" },
	[MK_REASON_CPU_BOOT] = { "CPU", " is the machine's boot CPU and stays "
					"with the host: choose others" },
	[MK_REASON_CPU_LENT] = { "CPU", " belongs to another instance already "
					"(mkctl list shows whose)" },
	[MK_REASON_CPU_LOST] = { "CPU", " is lost: it did not acknowledge "
					"earlier and stays quarantined until "
					"the machine restarts" },
	[MK_REASON_CPU_TWICE] = { "CPU", " is in the list twice" },
	[MK_REASON_CPU_SIBLING] = { "CPU",
				    " shares its core with a CPU that is "
				    "not in the list: give whole cores, "
				    "or --split-cores" },
	[MK_REASON_CPU_STUCK] = { "the host kernel would not let CPU",
				  " go (its log tells why)" },
	[MK_REASON_CPU_SILENT] = { "CPU", " did not park in time: it is lost "
					  "until the machine restarts; all "
					  "else was given back" },
};

static const char *const plain_reasons[] = {
	[MK_REASON_FLAGS] = "the module does not know a flag of this tool: "
			    "use the tool and the module of one version",
	[MK_REASON_NAME] =
		"the name is empty, longer than 31 characters, or has odd "
		"ones: letters, digits and . _ - are allowed",
	[MK_REASON_CPU_NONE] = "the CPU list is empty or too long",
	[MK_REASON_LOW_SIZE] =
		"the low window must be a multiple of 4K, of 128K at most",
	[MK_REASON_LOW_NONE] =
		"no low window is left below 1 MiB: delete an instance, or "
		"give a smaller --low",
	[MK_REASON_TOO_MANY] = "there are too many instances: delete one",
	[MK_REASON_CPU_LAST] =
		"the host would have no CPU left: leave it one at least",
	[MK_REASON_NO_MEMORY] =
		"the host is short of memory for itself: free some",
	[MK_REASON_NO_VECTOR] =
		"the host has no interrupt left for its doorbell: delete an "
		"instance",
};

int mk_reason_text(char *text, size_t size, const struct mk_create *create)
{
	unsigned int reason = create->reason;
	char bytes[MK_SIZE_TEXT];

	mk_size_format(bytes, sizeof(bytes), create->memory_bytes);
	switch (reason) {
	case MK_REASON_NAME_TAKEN:
		snprintf(text, size,
			 "the name '%.31s' is taken: choose another, or "
			 "mkctl delete it first",
			 create->name);
		return 0;
	case MK_REASON_MEMORY_SIZE:
		snprintf(text, size,
			 "memory of %s is not possible: give a multiple of 2M "
			 "that is not zero",
			 bytes);
		return 0;
	case MK_REASON_MEMORY_NONE:
		snprintf(text, size,
			 "the host has no contiguous %s to give: ask for less, "
			 "free memory, or set it aside at boot (mkctl doctor "
			 "shows how much is free)",
			 bytes);
		return 0;
	case MK_REASON_MEMORY_PLACE:
		snprintf(text, size,
			 "the %s at 0x%llx cannot be taken: part of it is not "
			 "RAM, in use for good, or another instance's",
			 bytes, (unsigned long long)create->memory_base);
		return 0;
	}
	if (reason < COUNT(cpu_reasons) && cpu_reasons[reason].before) {
		snprintf(text, size, "%s %u%s", cpu_reasons[reason].before,
			 create->reason_cpu, cpu_reasons[reason].after);
		return 0;
	}
	if (reason < COUNT(plain_reasons) && plain_reasons[reason]) {
		snprintf(text, size, "%s", plain_reasons[reason]);
		return 0;
	}
	return -1;
}

static int is_letter_or_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

int mk_name_check(const char *name, struct mk_error *err)
{
	size_t i;

	if (!*name)
		return mk_fail(err, MK_E_INPUT, "the name is empty");
	if (strnlen(name, MK_NAME_BYTES) >= MK_NAME_BYTES)
		return mk_fail(err, MK_E_INPUT,
			       "the name is too long: %d characters at most",
			       MK_NAME_BYTES - 1);
	for (i = 0; name[i]; i++) {
		if (is_letter_or_digit(name[i]) ||
		    (i && strchr("._-", name[i])))
			continue;
		return mk_fail(err, MK_E_INPUT,
			       "the name '%.31s' has an odd character at place "
			       "%zu: letters and digits, then also . _ -",
			       name, i + 1);
	}
	return 0;
}
