// SPDX-License-Identifier: GPL-2.0-only
/* Reading a command's options from its table, and printing its help. */
#include "cmd.h"

#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "names.h"
#include "size.h"

static const struct opt always[] = {
	{ OPT_VERBOSE, "verbose", NULL, "say more" },
	{ OPT_HELP, "help", NULL, "print this and exit" },
	{ 0, NULL, NULL, NULL },
};

static const struct opt *const no_groups[] = { NULL };

void usage_error(const struct parse *p, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "mkctl: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'mkctl %s --help'.\n", p->ctl->verb);
	exit(MKCTL_USAGE);
}

static void print_option(const struct opt *o)
{
	char left[64];
	int n;

	n = snprintf(left, sizeof(left), "%s%c%s--%s%s%s",
		     o->key < 128 ? "-" : "  ", o->key < 128 ? o->key : ' ',
		     o->key < 128 ? ", " : " ", o->name, o->value ? " " : "",
		     o->value ? o->value : "");
	if (n > 26)
		printf("  %s\n  %-26s %s\n", left, "", o->text);
	else
		printf("  %-26s %s\n", left, o->text);
}

static void print_help(const struct parse *p)
{
	const struct opt *const *group;
	const struct opt *o;

	printf("Usage: mkctl %s %s\n\n", p->ctl->verb, p->usage->args);
	for (group = p->usage->groups; group && *group; group++)
		for (o = *group; o->key; o++)
			print_option(o);
	for (o = always; o->key; o++)
		print_option(o);
	printf("\n%s", p->usage->text);
}

/* Append @o to what getopt_long() wants. */
static void add_options(struct option *table, size_t *n, char **letter,
			const struct opt *o)
{
	for (; o->key; o++) {
		table[*n].name = o->name;
		table[*n].has_arg = o->value ? required_argument : no_argument;
		table[*n].flag = NULL;
		table[*n].val = o->key;
		(*n)++;
		if (o->key >= 128)
			continue;
		*(*letter)++ = (char)o->key;
		if (o->value)
			*(*letter)++ = ':';
	}
}

void parse_begin(struct parse *p, struct ctl *ctl, const struct usage *usage,
		 int argc, char **argv)
{
	static struct option table[64];
	static char letters[2 * 64];
	const struct opt *const *group = usage->groups ? usage->groups
						       : no_groups;
	char *letter = letters;
	size_t n = 0;

	p->ctl = ctl;
	p->usage = usage;
	p->argc = argc;
	p->argv = argv;
	p->table = table;
	p->letters = letters;
	*letter++ = ':'; /* tell a missing value from a wrong option */
	for (; *group; group++)
		add_options(table, &n, &letter, *group);
	add_options(table, &n, &letter, always);
	memset(&table[n], 0, sizeof(table[n]));
	*letter = '\0';
	optind = 0; /* glibc: start anew */
	opterr = 0;
}

int parse_next(struct parse *p, const char **value)
{
	int key;

	for (;;) {
		optopt = 0;
		key = getopt_long(p->argc, p->argv, p->letters, p->table, NULL);
		switch (key) {
		case -1:
			return 0;
		case OPT_HELP:
			print_help(p);
			exit(fflush(stdout) ? MKCTL_COULD_NOT : MKCTL_DONE);
		case OPT_VERBOSE:
			p->ctl->verbose = true;
			continue;
		case ':':
			usage_error(p, "option '%s' needs a value",
				    p->argv[optind - 1]);
		case '?':
			if (optopt > 0 && optopt < 128)
				usage_error(p, "no such option '-%c'", optopt);
			usage_error(p, "no such option '%s'",
				    p->argv[optind - 1]);
		default:
			*value = optarg;
			return key;
		}
	}
}

bool parse_more(const struct parse *p)
{
	return optind < p->argc;
}

void parse_no_operand(struct parse *p)
{
	if (optind < p->argc)
		usage_error(p, "too many arguments: '%s'", p->argv[optind]);
}

const char *parse_operand(struct parse *p, const char *what)
{
	if (optind >= p->argc)
		usage_error(p, "%s is missing", what);
	return p->argv[optind++];
}

const char *parse_first_name(struct parse *p)
{
	const char *name = parse_operand(p, "the instance's name");
	struct mk_error err;

	if (mk_name_check(name, &err))
		usage_error(p, "%s", err.text);
	return name;
}

const char *parse_name(struct parse *p)
{
	const char *name = parse_first_name(p);

	parse_no_operand(p);
	return name;
}

uint64_t parse_size(const struct parse *p, const char *option,
		    const char *value)
{
	struct mk_error err;
	uint64_t bytes;

	if (mk_size_parse(value, &bytes, &err))
		usage_error(p, "%s: %s", option, err.text);
	return bytes;
}

unsigned int parse_number(const struct parse *p, const char *option,
			  const char *value, unsigned int least,
			  unsigned int most)
{
	unsigned long number;
	char *end;

	number = strtoul(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end || number < least ||
	    number > most)
		usage_error(p, "%s: '%s' is not a number from %u to %u", option,
			    value, least, most);
	return (unsigned int)number;
}

unsigned int parse_type(const struct parse *p, const char *option,
			const char *value)
{
	bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
	unsigned long number;
	char *end;

	number = strtoul(value, &end, hex ? 16 : 10);
	if (value[0] < '0' || value[0] > '9' || *end ||
	    number < MK_TYPE_FIRST || number > MK_TYPE_LAST)
		usage_error(p, "%s: '%s' is not a number from 0x%x to 0x%x",
			    option, value, MK_TYPE_FIRST, MK_TYPE_LAST);
	return (unsigned int)number;
}

int parse_seconds(const struct parse *p, const char *option, const char *value)
{
	double seconds;
	char *end;

	seconds = strtod(value, &end);
	/* The first character rules out signs, blanks, "nan" and "inf". */
	if (value[0] < '0' || value[0] > '9' || *end ||
	    !(seconds <= INT_MAX / 1000))
		usage_error(p, "%s: '%s' is not a number of seconds", option,
			    value);
	return (int)(seconds * 1000);
}
