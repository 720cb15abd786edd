// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finds options of a user that would undo a hazard prevention.
 *
 * Words are split as the kernel does it (lib/cmdline.c:next_arg, 6.1 to 7.2).
 * What stands after "--" is looked at like the rest: it is for init, but the
 * decompressor's search for options does not know "--" (arch/x86/boot/
 * cmdline.c:__cmdline_find_option) and would open a serial port for it.
 */
#include "cmdline.h"

#include <string.h>

struct word {
	const char *name;
	size_t name_length;
	const char *value; /* NULL = none */
	size_t value_length;
};

/* The kernel's isspace(): it is Latin-1, so 0xa0 is one (lib/ctype.c). */
static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || (unsigned char)c == 0xa0;
}

/* Take the next word; false at the end. */
static bool next_word(const char **at, struct word *word)
{
	const char *c = *at, *start, *end, *equals = NULL;
	bool inside = false, whole = false;

	while (is_space(*c))
		c++;
	if (!*c)
		return false;
	if (*c == '"') { /* "name=a value" */
		inside = whole = true;
		c++;
	}
	for (start = c; *c && (inside || !is_space(*c)); c++) {
		if (*c == '=' && !equals && c != start)
			equals = c;
		if (*c == '"')
			inside = !inside;
	}
	*at = c;
	end = c;
	if (whole && end > start && end[-1] == '"')
		end--;
	word->name = start;
	word->name_length = (size_t)((equals ? equals : end) - start);
	word->value = equals ? equals + 1 : NULL;
	word->value_length = equals ? (size_t)(end - equals - 1) : 0;
	if (word->value_length && *word->value == '"') {
		word->value++;
		word->value_length--;
		if (word->value_length &&
		    word->value[word->value_length - 1] == '"')
			word->value_length--;
	}
	return true;
}

/* Names match with "-" for "_" (kernel/params.c:parameq). */
static bool is_name(const struct word *word, const char *name)
{
	size_t i;

	for (i = 0; i < word->name_length; i++) {
		char c = word->name[i], n = name[i];

		if (!n || (c == '-' ? '_' : c) != (n == '-' ? '_' : n))
			return false;
	}
	return !name[i];
}

static bool is_value(const struct word *word, const char *text, size_t length)
{
	return word->value && word->value_length == length &&
	       memcmp(word->value, text, length) == 0;
}

/* Is the value one of @list ("a|b|c")? */
static bool is_one_of(const struct word *word, const char *list)
{
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, "|");
		if (is_value(word, list, n))
			return true;
		if (!list[n])
			return false;
	}
}

/* Does the value begin with one of @list? */
static bool begins_with(const struct word *word, const char *list)
{
	size_t n;

	for (;; list += n + 1) {
		n = strcspn(list, "|");
		if (word->value && word->value_length >= n &&
		    memcmp(word->value, list, n) == 0)
			return true;
		if (!list[n])
			return false;
	}
}

/* Is one of the items between commas in @list? */
static bool has_item(const struct word *word, const char *list)
{
	struct word item = *word;
	const char *comma;
	size_t left;

	if (!word->value)
		return false;
	for (left = word->value_length;; left -= item.value_length + 1) {
		comma = left ? memchr(item.value, ',', left) : NULL;
		item.value_length = comma ? (size_t)(comma - item.value) : left;
		if (is_one_of(&item, list))
			return true;
		if (!comma)
			return false;
		item.value = comma + 1;
	}
}

/*
 * reboot=, of which the kernel looks at the first letter of each item
 * (kernel/reboot.c:reboot_setup).  Harmless: efi; force; a CPU number; and
 * cold or hard resets, but after a panic a warm one, so that the host can tell
 * one from the other.
 */
static bool is_good_reboot(const struct word *word)
{
	static const char panic[] = "panic_";
	const size_t n = sizeof(panic) - 1;
	const char *item = word->value, *end, *stop;
	bool digit;

	if (!item)
		return false;
	stop = item + word->value_length;
	for (;; item = end + 1) {
		end = item < stop ? memchr(item, ',', (size_t)(stop - item))
				  : NULL;
		if (!end)
			end = stop;
		if ((size_t)(end - item) > n && !memcmp(item, panic, n)) {
			if (item[n] != 'w')
				return false;
		} else if (item < end && *item == 's') {
			item += end - item > 2 && item[1] == 'm' &&
						item[2] == 'p'
					? 3
					: 1;
			digit = item < end && *item >= '0' && *item <= '9';
			if (!digit)
				return false;
		} else if (item == end || !strchr("efch", *item)) {
			return false;
		}
		if (end == stop)
			return true;
	}
}

enum rule {
	NEVER, /* in no form */
	VALUED, /* not with a value */
	ONLY, /* only with a value in the list */
	NOT, /* not with a value in the list */
	NOT_PREFIX, /* not with a value that begins as in the list */
	NOT_ITEM, /* not with such an item between commas */
	REBOOT,
	IF_XAPIC, /* never in an xAPIC hand-over */
	IF_X2APIC,
};

static const struct hazard_rule {
	const char *name;
	enum rule rule;
	const char *list;
	const char *hazard;
} rules[] = {
	{ "reboot", REBOOT, "", "H6" },
	{ "noefi", NEVER, "", "H6" },
	{ "efi", NOT_ITEM, "noruntime", "H6" },
	{ "acpi", ONLY, "force|strict|copy_dsdt|nospcr", "H3" },
	{ "acpi_rsdp", NEVER, "", "H3" },
	{ "no_ipi_broadcast", ONLY, "1", "H1" },
	{ "disableapic", NEVER, "", "H3" },
	{ "nolapic", NEVER, "", "H3" },
	{ "noapic", IF_XAPIC, "", "H3" },
	{ "nox2apic", IF_X2APIC, "", "H2" },
	{ "disable_cpu_apicid", NEVER, "", "H2" },
	{ "apic_extnmi", ONLY, "none", "H8" },
	{ "hpet", ONLY, "disable|verbose", "H3" },
	{ "pci", ONLY, "off", "H4" },
	{ "kgdbdbgp", NEVER, "", "H4" },
	{ "ohci1394_dma", NEVER, "", "H4" },
	{ "8250.nr_uarts", ONLY, "0", "H5" },
	{ "8250_core.nr_uarts", ONLY, "0", "H5" },
	{ "earlyprintk", NEVER, "", "H5" },
	{ "earlycon", VALUED, "", "H5" },
	{ "console", NOT_PREFIX, "ttyS|uart|lp", "H5" },
	{ "io_delay", ONLY, "none", "H5" },
	{ "i8042.nopnp", NEVER, "", "H5" },
	{ "mce", NOT, "off", "H9" },
	{ "intel_pstate", ONLY, "disable", "H9" },
	{ "memmap", NEVER, "", "H11" },
	{ "initrdmem", NEVER, "", "H11" },
};

static bool is_broken(const struct hazard_rule *rule, const struct word *word,
		      bool x2apic)
{
	switch (rule->rule) {
	case NEVER:
		return true;
	case VALUED:
		return word->value != NULL;
	case ONLY:
		return !is_one_of(word, rule->list);
	case NOT:
		return is_one_of(word, rule->list);
	case NOT_PREFIX:
		return begins_with(word, rule->list);
	case NOT_ITEM:
		return has_item(word, rule->list);
	case REBOOT:
		return !is_good_reboot(word);
	case IF_XAPIC:
		return !x2apic;
	case IF_X2APIC:
		return x2apic;
	}
	return true;
}

int mk_cmdline_check(const char *user, bool x2apic, struct mk_error *err)
{
	const size_t nr = sizeof(rules) / sizeof(rules[0]);
	struct word word;
	size_t i;

	while (next_word(&user, &word)) {
		for (i = 0; i < nr; i++)
			if (is_name(&word, rules[i].name) &&
			    is_broken(&rules[i], &word, x2apic))
				return mk_fail(
					err, MK_E_INPUT,
					"the option \"%s%s%.*s\" would undo "
					"the prevention of hazard %s",
					rules[i].name, word.value ? "=" : "",
					word.value_length < 64
						? (int)word.value_length
						: 64,
					word.value ? word.value : "",
					rules[i].hazard);
	}
	return 0;
}

const char *mk_cmdline_next(const char **at, const char *name)
{
	struct word word;

	while (next_word(at, &word)) {
		if (word.name_length == 2 && !word.value &&
		    memcmp(word.name, "--", 2) == 0)
			break;
		if (word.value && is_name(&word, name))
			return word.name;
	}
	return NULL;
}

bool mk_cmdline_has(const char *user, const char *name)
{
	struct word word;

	while (next_word(&user, &word))
		if (is_name(&word, name))
			return true;
	return false;
}
