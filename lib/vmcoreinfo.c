// SPDX-License-Identifier: LGPL-2.1-or-later
/* Find a kernel's VMCOREINFO in its memory and take it apart. */
#include "vmcoreinfo.h"

#define PAGE 4096ull

/* The ELF note's header and its padded name, before the text. */
#define NOTE_NAMESZ 11u
#define NOTE_HEADER (12 + 12)

static const char note_name[12] = "VMCOREINFO";
static const char data_start[] = "OSRELEASE=";

enum { DECIMAL = 10, HEX = 16 };

static const struct key {
	const char *name;
	int base;
} keys[MK_VMC_COUNT] = {
	[MK_VMC_PAGESIZE] = { "PAGESIZE", DECIMAL },
	[MK_VMC_PHYS_BASE] = { "NUMBER(phys_base)", DECIMAL },
	[MK_VMC_INIT_TOP_PGT] = { "SYMBOL(init_top_pgt)", HEX },
	[MK_VMC_SWAPPER_PG_DIR] = { "SYMBOL(swapper_pg_dir)", HEX },
	[MK_VMC_L5_ENABLED] = { "NUMBER(pgtable_l5_enabled)", DECIMAL },
	[MK_VMC_KERNELOFFSET] = { "KERNELOFFSET", HEX },
	[MK_VMC_IMAGE_SIZE] = { "NUMBER(KERNEL_IMAGE_SIZE)", DECIMAL },
	[MK_VMC_SME_MASK] = { "NUMBER(sme_mask)", DECIMAL },
	[MK_VMC_STEXT] = { "SYMBOL(_stext)", HEX },
	[MK_VMC_PRB] = { "SYMBOL(prb)", HEX },
	[MK_VMC_CLEAR_SEQ] = { "SYMBOL(clear_seq)", HEX },
	[MK_VMC_RB_SIZE] = { "SIZE(printk_ringbuffer)", DECIMAL },
	[MK_VMC_RB_DESC_RING] = { "OFFSET(printk_ringbuffer.desc_ring)",
				  DECIMAL },
	[MK_VMC_RB_TEXT_DATA_RING] = { "OFFSET(printk_ringbuffer."
				       "text_data_ring)",
				       DECIMAL },
	[MK_VMC_RB_FAIL] = { "OFFSET(printk_ringbuffer.fail)", DECIMAL },
	[MK_VMC_DESC_RING_SIZE] = { "SIZE(prb_desc_ring)", DECIMAL },
	[MK_VMC_DESC_RING_COUNT_BITS] = { "OFFSET(prb_desc_ring.count_bits)",
					  DECIMAL },
	[MK_VMC_DESC_RING_DESCS] = { "OFFSET(prb_desc_ring.descs)", DECIMAL },
	[MK_VMC_DESC_RING_INFOS] = { "OFFSET(prb_desc_ring.infos)", DECIMAL },
	[MK_VMC_DESC_RING_HEAD_ID] = { "OFFSET(prb_desc_ring.head_id)",
				       DECIMAL },
	[MK_VMC_DESC_RING_TAIL_ID] = { "OFFSET(prb_desc_ring.tail_id)",
				       DECIMAL },
	[MK_VMC_DESC_SIZE] = { "SIZE(prb_desc)", DECIMAL },
	[MK_VMC_DESC_STATE_VAR] = { "OFFSET(prb_desc.state_var)", DECIMAL },
	[MK_VMC_DESC_TEXT_BLK_LPOS] = { "OFFSET(prb_desc.text_blk_lpos)",
					DECIMAL },
	[MK_VMC_LPOS_SIZE] = { "SIZE(prb_data_blk_lpos)", DECIMAL },
	[MK_VMC_LPOS_BEGIN] = { "OFFSET(prb_data_blk_lpos.begin)", DECIMAL },
	[MK_VMC_LPOS_NEXT] = { "OFFSET(prb_data_blk_lpos.next)", DECIMAL },
	[MK_VMC_INFO_SIZE] = { "SIZE(printk_info)", DECIMAL },
	[MK_VMC_INFO_SEQ] = { "OFFSET(printk_info.seq)", DECIMAL },
	[MK_VMC_INFO_TS_NSEC] = { "OFFSET(printk_info.ts_nsec)", DECIMAL },
	[MK_VMC_INFO_TEXT_LEN] = { "OFFSET(printk_info.text_len)", DECIMAL },
	[MK_VMC_INFO_CALLER_ID] = { "OFFSET(printk_info.caller_id)", DECIMAL },
	[MK_VMC_INFO_DEV_INFO] = { "OFFSET(printk_info.dev_info)", DECIMAL },
	[MK_VMC_DEV_INFO_SIZE] = { "SIZE(dev_printk_info)", DECIMAL },
	[MK_VMC_DEV_SUBSYSTEM] = { "OFFSET(dev_printk_info.subsystem)",
				   DECIMAL },
	[MK_VMC_DEV_DEVICE] = { "OFFSET(dev_printk_info.device)", DECIMAL },
	[MK_VMC_DEV_SUBSYSTEM_LENGTH] = { "LENGTH(printk_info_subsystem)",
					  DECIMAL },
	[MK_VMC_DEV_DEVICE_LENGTH] = { "LENGTH(printk_info_device)", DECIMAL },
	[MK_VMC_DATA_RING_SIZE] = { "SIZE(prb_data_ring)", DECIMAL },
	[MK_VMC_DATA_RING_SIZE_BITS] = { "OFFSET(prb_data_ring.size_bits)",
					 DECIMAL },
	[MK_VMC_DATA_RING_DATA] = { "OFFSET(prb_data_ring.data)", DECIMAL },
	[MK_VMC_DATA_RING_HEAD_LPOS] = { "OFFSET(prb_data_ring.head_lpos)",
					 DECIMAL },
	[MK_VMC_DATA_RING_TAIL_LPOS] = { "OFFSET(prb_data_ring.tail_lpos)",
					 DECIMAL },
	[MK_VMC_INIT_UTS_NS] = { "SYMBOL(init_uts_ns)", HEX },
	[MK_VMC_UTS_NAME] = { "OFFSET(uts_namespace.name)", DECIMAL },
	[MK_VMC_ATOMIC_SIZE] = { "SIZE(atomic_long_t)", DECIMAL },
	[MK_VMC_ATOMIC_COUNTER] = { "OFFSET(atomic_long_t.counter)", DECIMAL },
};

_Static_assert(MK_VMC_COUNT <= 64, "mk_vmcoreinfo.have has 64 bits");

const char *mk_vmcoreinfo_name(enum mk_vmcoreinfo_key key)
{
	if ((unsigned int)key >= MK_VMC_COUNT)
		return "(no such key)";
	return keys[key].name;
}

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* Decimal values may be negative (%ld); they are kept as two's complement. */
static bool parse_number(const char *text, size_t length, int base,
			 uint64_t *value)
{
	bool negative = false;
	uint64_t sum = 0;
	size_t i = 0;
	int digit;

	if (base == DECIMAL && length && text[0] == '-') {
		negative = true;
		i = 1;
	}
	if (i == length)
		return false;
	for (; i < length; i++) {
		digit = digit_value(text[i]);
		if (digit < 0 || digit >= base)
			return false;
		if (__builtin_mul_overflow(sum, (uint64_t)base, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)digit, &sum))
			return false;
	}
	if (negative && sum > (uint64_t)INT64_MAX + 1)
		return false;
	*value = negative ? -sum : sum;
	return true;
}

/* A word that may be shown on a terminal and fits; told twice, the same. */
static bool take_word(char *word, size_t size, const char *text, size_t length)
{
	size_t i;

	if (!length || length >= size)
		return false;
	for (i = 0; i < length; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	if (word[0])
		return strlen(word) == length && !memcmp(word, text, length);
	memcpy(word, text, length);
	word[length] = '\0';
	return true;
}

static bool take_hex(char *word, size_t size, const char *text, size_t length)
{
	size_t i;

	for (i = 0; i < length; i++)
		if (digit_value(text[i]) < 0)
			return false;
	return take_word(word, size, text, length);
}

static bool take_value(struct mk_vmcoreinfo *info, enum mk_vmcoreinfo_key key,
		       const char *text, size_t length)
{
	uint64_t value;

	if (!parse_number(text, length, keys[key].base, &value))
		return false;
	if (mk_vmcoreinfo_has(info, key) && info->value[key] != value)
		return false;
	info->value[key] = value;
	info->have |= 1ull << key;
	return true;
}

static bool same_name(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !memcmp(name, text, length);
}

static bool take_line(struct mk_vmcoreinfo *info, const char *line,
		      size_t length)
{
	const char *equals = memchr(line, '=', length);
	const char *value;
	size_t name, rest;
	int key;

	if (!equals)
		return true;
	name = (size_t)(equals - line);
	value = equals + 1;
	rest = length - name - 1;
	if (same_name("OSRELEASE", line, name))
		return take_word(info->release, sizeof(info->release), value,
				 rest);
	/* "BUILD-ID=" alone is what a kernel without a build id says. */
	if (same_name("BUILD-ID", line, name))
		return !rest || take_hex(info->build_id, sizeof(info->build_id),
					 value, rest);
	for (key = 0; key < MK_VMC_COUNT; key++)
		if (same_name(keys[key].name, line, name))
			return take_value(info, key, value, rest);
	return true;
}

/* @info->text is in place: fill the rest from it. */
static int parse_text(struct mk_vmcoreinfo *info, struct mk_error *err)
{
	const char *line = info->text;
	const char *end = info->text + info->length;
	const char *newline;
	unsigned int number = 0;

	info->release[0] = '\0';
	info->build_id[0] = '\0';
	info->have = 0;
	memset(info->value, 0, sizeof(info->value));
	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		number++;
		if (!take_line(info, line, (size_t)(newline - line)))
			return mk_fail(err, MK_E_INPUT,
				       "line %u of the VMCOREINFO text is "
				       "wrong or contradicts an earlier one",
				       number);
		line = newline + 1;
	}
	return 0;
}

int mk_vmcoreinfo_parse(struct mk_vmcoreinfo *info, const char *text,
			size_t length, struct mk_error *err)
{
	info->address = 0;
	info->length = 0;
	info->text[0] = '\0';
	length = strnlen(text, length);
	if (length > MK_VMCOREINFO_MAX) {
		info->have = 0;
		return mk_fail(err, MK_E_INPUT,
			       "the VMCOREINFO text is longer than %u bytes",
			       MK_VMCOREINFO_MAX);
	}
	memcpy(info->text, text, length);
	info->text[length] = '\0';
	info->length = (uint32_t)length;
	return parse_text(info, err);
}

/* Does this look like the first 8 bytes of a note or of the bare text? */
static bool note_start(uint64_t word)
{
	uint32_t descsz = (uint32_t)(word >> 32);

	return (uint32_t)word == NOTE_NAMESZ && descsz > 0 &&
	       descsz <= MK_VMCOREINFO_MAX;
}

static bool text_start(uint64_t word)
{
	uint64_t raw = htole64(word);

	return !memcmp(&raw, data_start, sizeof(raw));
}

static bool plausible(const struct mk_vmcoreinfo *info,
		      const struct mk_memory *memory)
{
	enum mk_vmcoreinfo_key table = MK_VMC_INIT_TOP_PGT;

	if (!mk_vmcoreinfo_has(info, table))
		table = MK_VMC_SWAPPER_PG_DIR;
	if (!mk_vmcoreinfo_has(info, table) ||
	    !mk_vmcoreinfo_has(info, MK_VMC_PHYS_BASE) ||
	    !mk_vmcoreinfo_has(info, MK_VMC_PRB) ||
	    info->value[table] < MK_KERNEL_MAP || info->value[table] % PAGE ||
	    info->value[MK_VMC_PRB] < MK_KERNEL_MAP)
		return false;
	return mk_memory_holds(memory,
			       mk_vmcoreinfo_phys(info, info->value[table]),
			       PAGE) &&
	       mk_memory_holds(memory,
			       mk_vmcoreinfo_phys(info,
						  info->value[MK_VMC_PRB]),
			       sizeof(uint64_t));
}

/* Copy the text at @address, whichever form it has; its length in *@length. */
static bool copy_text(char *text, uint32_t *length,
		      const struct mk_memory *memory, uint64_t address)
{
	uint8_t header[NOTE_HEADER];
	uint64_t at = address;
	uint32_t size;

	if (mk_memory_read(memory, at, header, sizeof(header), NULL))
		return false;
	if (text_start(mk_memory_get64(header))) {
		size = MK_VMCOREINFO_MAX;
	} else if (note_start(mk_memory_get64(header)) &&
		   mk_memory_get32(header + 8) == 0 &&
		   !memcmp(header + 12, note_name, sizeof(note_name))) {
		size = mk_memory_get32(header + 4);
		at += NOTE_HEADER;
	} else {
		return false;
	}
	if (mk_memory_read(memory, at, text, size, NULL))
		return false;
	text[size] = '\0';
	*length = (uint32_t)strnlen(text, size);
	/* A note whose text ends early is one that is being filled. */
	if (at != address && *length != size)
		return false;
	return !strncmp(text, data_start, sizeof(data_start) - 1);
}

int mk_vmcoreinfo_at(struct mk_vmcoreinfo *info, const struct mk_memory *memory,
		     uint64_t address, struct mk_error *err)
{
	info->have = 0;
	info->address = 0;
	if (!copy_text(info->text, &info->length, memory, address)) {
		info->text[0] = '\0';
		info->length = 0;
	} else if (!parse_text(info, NULL) && plausible(info, memory)) {
		info->address = address;
		return 0;
	}
	return mk_fail(err, MK_E_NOTFOUND,
		       "no VMCOREINFO of this memory at %#llx",
		       (unsigned long long)address);
}

int mk_vmcoreinfo_find(struct mk_vmcoreinfo *info,
		       const struct mk_memory *memory, uint64_t *position,
		       struct mk_error *err)
{
	uint64_t end = memory->base + memory->size;
	unsigned int tries = 0;
	uint64_t at, word;
	int ret;

	at = *position > memory->base ? *position : memory->base;
	if (at > UINT64_MAX - PAGE)
		at = end;
	at = (at + PAGE - 1) & ~(PAGE - 1);
	for (; at < end && end - at >= PAGE; at += PAGE) {
		ret = mk_memory_u64(memory, at, &word, err);
		if (ret)
			return ret;
		if (!text_start(word) && !note_start(word))
			continue;
		if (!mk_vmcoreinfo_at(info, memory, at, NULL)) {
			*position = at + PAGE;
			return 0;
		}
		if (++tries == MK_VMCOREINFO_TRIES)
			break;
	}
	*position = end;
	return mk_fail(err, MK_E_NOTFOUND,
		       "the kernel has not come far enough to publish where "
		       "its log is (no VMCOREINFO in its memory)");
}
