// SPDX-License-Identifier: GPL-2.0-only
/* "tap=NAME[,mac=XX:XX:XX:XX:XX:XX][,queues=N]", each once, in any order. */
#include "net_options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tap.h"

/* One option: what is in front of its "=" and what is behind. */
struct option {
	const char *key, *value;
	size_t key_length, length;
};

/* dev_valid_name() in the kernel, and no "tap%d", which it would number. */
static int parse_tap(const struct option *o, struct net_options *n,
		     struct mk_error *err)
{
	size_t i;

	if (!o->length || o->length >= sizeof(n->tap))
		return mk_fail(err, MK_E_INPUT,
			       "tap '%.*s': a name has 1 to %zu characters",
			       (int)(o->length < 40 ? o->length : 40), o->value,
			       sizeof(n->tap) - 1);
	for (i = 0; i < o->length; i++)
		if (!isgraph((unsigned char)o->value[i]) ||
		    strchr("/:%", o->value[i]))
			return mk_fail(err, MK_E_INPUT,
				       "tap '%.*s': a name has no spaces and "
				       "none of / : %%",
				       (int)o->length, o->value);
	memcpy(n->tap, o->value, o->length);
	n->tap[o->length] = '\0';
	if (strcmp(n->tap, ".") == 0 || strcmp(n->tap, "..") == 0)
		return mk_fail(err, MK_E_INPUT, "tap '%s' is no name", n->tap);
	return 0;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int parse_mac(const struct option *o, struct net_options *n,
		     struct mk_error *err)
{
	static const uint8_t none[NET_MAC];
	const char *at = o->value;
	int i, high, low;

	if (o->length != NET_MAC * 3 - 1)
		goto bad;
	for (i = 0; i < NET_MAC; i++, at += 3) {
		high = hex_digit(at[0]);
		low = hex_digit(at[1]);
		if (high < 0 || low < 0 || (i < NET_MAC - 1 && at[2] != ':'))
			goto bad;
		n->mac[i] = (uint8_t)(high << 4 | low);
	}
	if (n->mac[0] & 1 || memcmp(n->mac, none, NET_MAC) == 0)
		return mk_fail(err, MK_E_INPUT,
			       "mac '%.*s' is not an address of one station",
			       (int)o->length, o->value);
	n->has_mac = true;
	return 0;

bad:
	return mk_fail(err, MK_E_INPUT,
		       "mac '%.*s' is not of the form XX:XX:XX:XX:XX:XX",
		       (int)(o->length < 40 ? o->length : 40), o->value);
}

static int parse_queues(const struct option *o, struct net_options *n,
			struct mk_error *err)
{
	unsigned int value = 0;
	size_t i;

	for (i = 0; i < o->length && i < 3; i++) {
		if (o->value[i] < '0' || o->value[i] > '9')
			goto bad;
		value = value * 10 + (unsigned int)(o->value[i] - '0');
	}
	if (i < o->length || value < 1 || value > TAP_QUEUES)
		goto bad;
	n->queues = value;
	return 0;

bad:
	return mk_fail(err, MK_E_INPUT,
		       "queues '%.*s' is not a number from 1 to %d",
		       (int)(o->length < 40 ? o->length : 40), o->value,
		       TAP_QUEUES);
}

static const struct {
	const char *key;
	int (*parse)(const struct option *o, struct net_options *n,
		     struct mk_error *err);
} keys[] = {
	{ "tap", parse_tap },
	{ "mac", parse_mac },
	{ "queues", parse_queues },
};

#define NR_KEYS (sizeof(keys) / sizeof(keys[0]))

static int parse_one(const struct option *o, struct net_options *n,
		     bool seen[NR_KEYS], struct mk_error *err)
{
	size_t i;

	for (i = 0; i < NR_KEYS; i++)
		if (strlen(keys[i].key) == o->key_length &&
		    memcmp(keys[i].key, o->key, o->key_length) == 0)
			break;
	if (i == NR_KEYS)
		return mk_fail(err, MK_E_INPUT, "net has no option '%.*s': %s",
			       (int)(o->key_length < 40 ? o->key_length : 40),
			       o->key, NET_ARGUMENTS);
	if (seen[i])
		return mk_fail(err, MK_E_INPUT, "net: %s is given twice",
			       keys[i].key);
	seen[i] = true;
	return keys[i].parse(o, n, err);
}

int net_options_parse(const char *text, struct net_options *options,
		      struct mk_error *err)
{
	struct net_options n = { .queues = 1 };
	bool seen[NR_KEYS] = { false };
	const char *at = text;
	int code;

	for (;;) {
		size_t length = strcspn(at, ",");
		const char *equals = memchr(at, '=', length);
		struct option o = { .key = at };

		if (!equals)
			return mk_fail(err, MK_E_INPUT,
				       "net: '%.*s' is not of the form %s",
				       (int)(length < 40 ? length : 40), at,
				       NET_ARGUMENTS);
		o.key_length = (size_t)(equals - at);
		o.value = equals + 1;
		o.length = length - o.key_length - 1;
		code = parse_one(&o, &n, seen, err);
		if (code)
			return code;
		if (!at[length])
			break;
		at += length + 1;
	}
	if (!n.tap[0])
		return mk_fail(err, MK_E_INPUT, "net needs a tap: %s",
			       NET_ARGUMENTS);
	*options = n;
	return 0;
}

/* FNV-1a, with the NUL, so that "a" "bc" is not "ab" "c". */
static uint64_t mix(uint64_t hash, const char *text)
{
	do {
		hash ^= (uint8_t)*text;
		hash *= UINT64_C(0x100000001b3);
	} while (*text++);
	return hash;
}

void net_options_mac(const char *machine, const char *instance,
		     unsigned int device, uint8_t mac[NET_MAC])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	char number[16];
	int i;

	snprintf(number, sizeof(number), "%u", device);
	hash = mix(mix(mix(hash, machine), instance), number);
	hash ^= hash >> 40;
	mac[0] = 0x02; /* local, unicast */
	for (i = 1; i < NET_MAC; i++, hash >>= 8)
		mac[i] = (uint8_t)hash;
}
