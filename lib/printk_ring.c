// SPDX-License-Identifier: LGPL-2.1-or-later
/* Read another kernel's printk ring, distrusting every number in it. */
#include "printk_ring.h"

#include "pagewalk.h"

/* enum desc_state, the top two bits of prb_desc.state_var. */
enum state { RESERVED, COMMITTED, FINALIZED, REUSABLE };

#define STATE_SHIFT 62
#define ID_MASK	    (~0ull >> 2)

/* Data-less positions; bit 0 set is all that the kernel looks at. */
#define NO_DATA	   1ull
#define EMPTY_LINE 3ull /* no text, but a record: an empty line */

#define STRUCT_MAX 256u /* bytes copied of one structure of the kernel's */

static uint64_t told(const struct mk_log *log, enum mk_vmcoreinfo_key key)
{
	return log->info.value[key];
}

/* Does a member of @length bytes lie inside its structure? */
static bool inside(const struct mk_log *log, enum mk_vmcoreinfo_key offset,
		   uint64_t length, enum mk_vmcoreinfo_key size)
{
	uint64_t whole = told(log, size);

	return whole <= STRUCT_MAX && length <= whole &&
	       told(log, offset) <= whole - length;
}

/* All members that are used below lie inside structures of modest size. */
static bool layout_sane(const struct mk_log *log)
{
	return told(log, MK_VMC_ATOMIC_COUNTER) == 0 &&
	       told(log, MK_VMC_LPOS_SIZE) >= 16 &&
	       inside(log, MK_VMC_RB_DESC_RING,
		      told(log, MK_VMC_DESC_RING_SIZE), MK_VMC_RB_SIZE) &&
	       inside(log, MK_VMC_RB_TEXT_DATA_RING,
		      told(log, MK_VMC_DATA_RING_SIZE), MK_VMC_RB_SIZE) &&
	       inside(log, MK_VMC_DESC_RING_COUNT_BITS, 4,
		      MK_VMC_DESC_RING_SIZE) &&
	       inside(log, MK_VMC_DESC_RING_DESCS, 8, MK_VMC_DESC_RING_SIZE) &&
	       inside(log, MK_VMC_DESC_RING_INFOS, 8, MK_VMC_DESC_RING_SIZE) &&
	       inside(log, MK_VMC_DESC_RING_HEAD_ID, 8,
		      MK_VMC_DESC_RING_SIZE) &&
	       inside(log, MK_VMC_DESC_RING_TAIL_ID, 8,
		      MK_VMC_DESC_RING_SIZE) &&
	       inside(log, MK_VMC_DESC_STATE_VAR, 8, MK_VMC_DESC_SIZE) &&
	       inside(log, MK_VMC_DESC_TEXT_BLK_LPOS,
		      told(log, MK_VMC_LPOS_SIZE), MK_VMC_DESC_SIZE) &&
	       inside(log, MK_VMC_LPOS_BEGIN, 8, MK_VMC_LPOS_SIZE) &&
	       inside(log, MK_VMC_LPOS_NEXT, 8, MK_VMC_LPOS_SIZE) &&
	       inside(log, MK_VMC_INFO_SEQ, 8, MK_VMC_INFO_SIZE) &&
	       inside(log, MK_VMC_INFO_TS_NSEC, 8, MK_VMC_INFO_SIZE) &&
	       inside(log, MK_VMC_INFO_TEXT_LEN, 4, MK_VMC_INFO_SIZE) &&
	       inside(log, MK_VMC_INFO_CALLER_ID, 4, MK_VMC_INFO_SIZE) &&
	       inside(log, MK_VMC_DATA_RING_SIZE_BITS, 4,
		      MK_VMC_DATA_RING_SIZE) &&
	       inside(log, MK_VMC_DATA_RING_DATA, 8, MK_VMC_DATA_RING_SIZE);
}

static int check_layout(const struct mk_log *log, struct mk_error *err)
{
	unsigned int key;

	for (key = MK_VMC_RB_SIZE; key <= MK_VMC_RING_LAST; key++)
		if (!mk_vmcoreinfo_has(&log->info, key))
			return mk_fail(err, MK_E_SUPPORT,
				       "the kernel does not tell %s; its log "
				       "is of a kind not known here",
				       mk_vmcoreinfo_name(key));
	if (told(log, MK_VMC_ATOMIC_SIZE) != 8)
		return mk_fail(err, MK_E_SUPPORT,
			       "the kernel is not a 64-bit one");
	if (!layout_sane(log))
		return mk_fail(err, MK_E_INPUT,
			       "the kernel tells absurd offsets about its log");
	return 0;
}

/* The ring's own structure, copied: sizes, arrays, where the counters are. */
static int open_ring(struct mk_log *log, const struct mk_pagewalk *walk,
		     struct mk_error *err)
{
	uint64_t desc_ring = told(log, MK_VMC_RB_DESC_RING);
	uint64_t data_ring = told(log, MK_VMC_RB_TEXT_DATA_RING);
	uint64_t size = told(log, MK_VMC_RB_SIZE), at;
	uint8_t ring[STRUCT_MAX];
	int ret;

	ret = mk_pagewalk_range(walk, log->ring, size, &at, err);
	if (ret)
		return ret;
	ret = mk_memory_read(log->memory, at, ring, size, err);
	if (ret)
		return ret;
	log->head_id = at + desc_ring + told(log, MK_VMC_DESC_RING_HEAD_ID);
	log->tail_id = at + desc_ring + told(log, MK_VMC_DESC_RING_TAIL_ID);
	log->count_bits = mk_memory_get32(
		ring + desc_ring + told(log, MK_VMC_DESC_RING_COUNT_BITS));
	log->size_bits = mk_memory_get32(ring + data_ring +
					 told(log, MK_VMC_DATA_RING_SIZE_BITS));
	/* Beyond these no product below overflows, nor does 2 GiB suffice. */
	if (log->count_bits < 1 || log->count_bits > 31 || log->size_bits < 4 ||
	    log->size_bits > 31)
		return mk_fail(err, MK_E_INPUT,
			       "the kernel's log has an absurd size");
	log->capacity = 1ull << log->count_bits;

	ret = mk_pagewalk_range(
		walk,
		mk_memory_get64(ring + desc_ring +
				told(log, MK_VMC_DESC_RING_DESCS)),
		told(log, MK_VMC_DESC_SIZE) << log->count_bits, &log->descs,
		err);
	if (ret)
		return ret;
	ret = mk_pagewalk_range(
		walk,
		mk_memory_get64(ring + desc_ring +
				told(log, MK_VMC_DESC_RING_INFOS)),
		told(log, MK_VMC_INFO_SIZE) << log->count_bits, &log->infos,
		err);
	if (ret)
		return ret;
	return mk_pagewalk_range(
		walk,
		mk_memory_get64(ring + data_ring +
				told(log, MK_VMC_DATA_RING_DATA)),
		1ull << log->size_bits, &log->data, err);
}

static uint64_t index_of(const struct mk_log *log, uint64_t seq)
{
	return seq & (log->capacity - 1);
}

static uint64_t id_of(const struct mk_log *log, uint64_t seq)
{
	return (seq + log->first_id) & ID_MASK;
}

static int read_state(const struct mk_log *log, uint64_t seq, uint64_t *state,
		      struct mk_error *err)
{
	return mk_memory_u64(
		log->memory,
		log->descs + index_of(log, seq) * told(log, MK_VMC_DESC_SIZE) +
			told(log, MK_VMC_DESC_STATE_VAR),
		state, err);
}

static int read_info(const struct mk_log *log, uint64_t seq, uint8_t *info,
		     struct mk_error *err)
{
	uint64_t size = told(log, MK_VMC_INFO_SIZE);

	return mk_memory_read(log->memory,
			      log->infos + index_of(log, seq) * size, info,
			      size, err);
}

/*
 * Learn the id of record 0 from the newest finished record.  Ids started at
 * 2^32 - count when the kernel's constant (DESC0_ID) was computed in 32 bits
 * (seen in 6.1 and 6.12), at 2^62 - count later (seen in 7.2).
 */
static int find_first_id(struct mk_log *log, struct mk_error *err)
{
	uint64_t head, id, looked, state, after, seq;
	uint8_t info[STRUCT_MAX];
	int ret;

	ret = mk_memory_u64(log->memory, log->head_id, &head, err);
	if (ret)
		return ret;
	for (looked = 0; looked < log->capacity; looked++) {
		id = (head - looked) & ID_MASK;
		/* Id and number agree in their low bits: either will do. */
		ret = read_state(log, id, &state, err);
		if (!ret)
			ret = read_info(log, id, info, err);
		if (!ret)
			ret = read_state(log, id, &after, err);
		if (ret)
			return ret;
		seq = mk_memory_get64(info + told(log, MK_VMC_INFO_SEQ));
		if (state == after && (state & ID_MASK) == id &&
		    state >> STATE_SHIFT == FINALIZED &&
		    index_of(log, seq) == index_of(log, id)) {
			log->first_id = (id - seq) & ID_MASK;
			return 0;
		}
	}
	return mk_fail(err, MK_E_INPUT,
		       "the kernel's log has no finished record");
}

/* Follow one VMCOREINFO candidate, in @log->info, to its ring. */
static int follow(struct mk_log *log, struct mk_error *err)
{
	struct mk_pagewalk walk;
	int ret;

	ret = check_layout(log, err);
	if (ret)
		return ret;
	ret = mk_pagewalk_open(&walk, log->memory, &log->info, err);
	if (ret)
		return ret;
	log->pointer = mk_vmcoreinfo_phys(&log->info, told(log, MK_VMC_PRB));
	ret = mk_memory_u64(log->memory, log->pointer, &log->ring, err);
	if (ret)
		return ret;
	ret = open_ring(log, &walk, err);
	if (!ret)
		ret = find_first_id(log, err);
	/* What is not mapped is no reason to ask again later. */
	return ret == MK_E_NOTFOUND
		       ? mk_fail(err, MK_E_INPUT,
				 "the kernel's log lies at an address that it "
				 "has not mapped")
		       : ret;
}

int mk_log_open(struct mk_log *log, const struct mk_memory *memory,
		uint64_t hint, struct mk_error *err)
{
	struct mk_error why;
	unsigned int tries = 0;
	uint64_t position = 0;
	int ret, kept = 0;

	memset(log, 0, sizeof(*log));
	log->memory = memory;
	if (hint && !mk_vmcoreinfo_at(&log->info, memory, hint, NULL) &&
	    !follow(log, NULL))
		return 0;
	while (!(
		ret = mk_vmcoreinfo_find(&log->info, memory, &position, err))) {
		ret = follow(log, &why);
		if (!ret)
			return 0;
		kept = ret;
		if (++tries == MK_LOG_TRIES)
			break;
	}
	/* Something was found, but led nowhere: more telling than "nothing". */
	if (kept && (ret == MK_E_NOTFOUND || ret == kept))
		return mk_fail(err, kept, "%s", why.text);
	return ret;
}

struct copy {
	uint64_t state_var;
	uint64_t begin, next;
	uint8_t info[STRUCT_MAX];
};

static int read_lpos(const struct mk_log *log, uint64_t seq, struct copy *copy,
		     struct mk_error *err)
{
	uint64_t size = told(log, MK_VMC_DESC_SIZE);
	uint8_t desc[STRUCT_MAX], *lpos;
	int ret;

	ret = mk_memory_read(log->memory,
			     log->descs + index_of(log, seq) * size, desc, size,
			     err);
	if (ret)
		return ret;
	lpos = desc + told(log, MK_VMC_DESC_TEXT_BLK_LPOS);
	copy->begin = mk_memory_get64(lpos + told(log, MK_VMC_LPOS_BEGIN));
	copy->next = mk_memory_get64(lpos + told(log, MK_VMC_LPOS_NEXT));
	return 0;
}

/*
 * Where the block between two positions lies in the data ring: its index and
 * its size with the id in front.  A block that does not fit before the end
 * leaves only its id there and begins again at 0.  Positions wrap at 2^64,
 * which they do at the end of the first round already.  Comparing with
 * next - 1 lets a block end exactly at the end, as from 6.18 on
 * (67e1b0052f6b); no kernel before makes such a block.
 */
static bool locate(const struct mk_log *log, uint64_t begin, uint64_t next,
		   uint64_t *index, uint64_t *size)
{
	uint64_t whole = 1ull << log->size_bits;
	uint64_t last_round = (next - 1) >> log->size_bits;

	if (begin >> log->size_bits == last_round) {
		*index = begin & (whole - 1);
		*size = next - begin;
	} else if ((begin + whole) >> log->size_bits == last_round) {
		*index = 0;
		*size = next & (whole - 1);
	} else {
		return false;
	}
	/* The kernel aligns blocks to their id; never trust that it did. */
	return *index % 8 == 0 && *size >= 8 && *size <= whole - *index;
}

/* Copy the text; false if the record has none that can be read. */
static bool copy_text(const struct mk_log *log, const struct copy *copy,
		      struct mk_log_record *record)
{
	uint64_t index, size, id;
	uint32_t length =
		mk_memory_get16(copy->info + told(log, MK_VMC_INFO_TEXT_LEN));

	record->length = 0;
	record->truncated = false;
	record->text[0] = '\0';
	if ((copy->begin & NO_DATA) && (copy->next & NO_DATA))
		return copy->begin == EMPTY_LINE && copy->next == EMPTY_LINE;
	if (!locate(log, copy->begin, copy->next, &index, &size))
		return false;
	if (mk_memory_u64(log->memory, log->data + index, &id, NULL) ||
	    id != (copy->state_var & ID_MASK))
		return false;
	size -= sizeof(id);
	if (length > size) {
		length = (uint32_t)size;
		record->truncated = true;
	}
	if (length > MK_LOG_TEXT_MAX) {
		length = MK_LOG_TEXT_MAX;
		record->truncated = true;
	}
	if (mk_memory_read(log->memory, log->data + index + sizeof(id),
			   record->text, length, NULL))
		return false;
	record->text[length] = '\0';
	record->length = (uint16_t)length;
	return true;
}

enum outcome { GOT, GONE, PENDING, AGAIN };

/* One try at record @seq: an enum outcome, or a negative code. */
static int try_record(const struct mk_log *log, uint64_t seq,
		      struct mk_log_record *record, struct mk_error *err)
{
	struct copy copy;
	uint64_t after, ahead;
	unsigned int state;
	const uint8_t *at;
	bool good;
	int ret;

	ret = read_state(log, seq, &copy.state_var, err);
	if (ret)
		return ret;
	state = (unsigned int)(copy.state_var >> STATE_SHIFT);
	/*
	 * The head is counted up before the descriptor is taken, which shows
	 * its former id until then, or zeros if it never had one.
	 */
	ahead = ((copy.state_var & ID_MASK) - id_of(log, seq)) & ID_MASK;
	if (!copy.state_var || ahead > ID_MASK / 2)
		return PENDING;
	if (ahead || state == REUSABLE)
		return GONE;
	if (state == RESERVED || (state == COMMITTED && !log->impatient))
		return PENDING;
	ret = read_lpos(log, seq, &copy, err);
	if (!ret)
		ret = read_info(log, seq, copy.info, err);
	if (ret)
		return ret;
	good = copy_text(log, &copy, record);
	ret = read_state(log, seq, &after, err);
	if (ret)
		return ret;
	if (after != copy.state_var)
		return AGAIN;
	at = copy.info + told(log, MK_VMC_INFO_SEQ);
	if (!good || mk_memory_get64(at) != seq)
		return GONE;
	record->seq = seq;
	record->time =
		mk_memory_get64(copy.info + told(log, MK_VMC_INFO_TS_NSEC));
	record->caller_id =
		mk_memory_get32(copy.info + told(log, MK_VMC_INFO_CALLER_ID));
	/* After u16 text_len: u8 facility, u8 flags:5, level:3. */
	at = copy.info + told(log, MK_VMC_INFO_TEXT_LEN);
	record->facility = at[2];
	record->level = at[3] >> 5;
	record->open = state == COMMITTED;
	return GOT;
}

/* How the ring stands: records [first, end) are or were in it. */
static int read_bounds(const struct mk_log *log, uint64_t *first, uint64_t *end,
		       struct mk_error *err)
{
	uint64_t head, tail;
	int ret;

	/* Tail first: the head moves on, never back, so tail <= head. */
	ret = mk_memory_u64(log->memory, log->tail_id, &tail, err);
	if (!ret)
		ret = mk_memory_u64(log->memory, log->head_id, &head, err);
	if (ret)
		return ret;
	/*
	 * Before the first record both are one less than its id (DESC0_ID),
	 * as if it were number -1; the tail stays there for the first round.
	 */
	*end = (head - log->first_id + 1) & ID_MASK;
	*first = (tail - log->first_id) & ID_MASK;
	if (*first == ID_MASK)
		*first = 0;
	if (*end > log->capacity && *first < *end - log->capacity)
		*first = *end - log->capacity;
	return 0;
}

/* Is this still the kernel that mk_log_open() found? */
static int check_same(const struct mk_log *log, uint64_t end,
		      struct mk_error *err)
{
	uint8_t info[STRUCT_MAX];
	uint64_t ring, before, after;
	int ret;

	ret = mk_memory_u64(log->memory, log->pointer, &ring, err);
	if (ret)
		return ret;
	if (ring != log->ring || end < log->next)
		return mk_fail(err, MK_E_STATE,
			       "the kernel was restarted: its log begins anew");
	if (!log->witness)
		return 0;
	ret = read_state(log, log->witness_seq, &before, err);
	if (!ret)
		ret = read_info(log, log->witness_seq, info, err);
	if (!ret)
		ret = read_state(log, log->witness_seq, &after, err);
	if (ret)
		return ret;
	if (before == after &&
	    (before & ID_MASK) == id_of(log, log->witness_seq) &&
	    (before >> STATE_SHIFT == COMMITTED ||
	     before >> STATE_SHIFT == FINALIZED) &&
	    mk_memory_get64(info + told(log, MK_VMC_INFO_TS_NSEC)) !=
		    log->witness_time)
		return mk_fail(err, MK_E_STATE,
			       "the kernel was restarted: its log is another");
	return 0;
}

int mk_log_next(struct mk_log *log, struct mk_log_record *record,
		struct mk_error *err)
{
	uint64_t first, end, looked, seq;
	int ret;

	ret = read_bounds(log, &first, &end, err);
	if (!ret)
		ret = check_same(log, end, err);
	if (ret)
		return ret;
	seq = log->next > first ? log->next : first;
	for (looked = 0; looked < log->capacity && seq < end; looked++) {
		ret = try_record(log, seq, record, err);
		if (ret < 0)
			return ret;
		if (ret == GOT) {
			record->lost = seq - log->next;
			log->next = seq + 1;
			log->witness = true;
			log->witness_seq = seq;
			log->witness_time = record->time;
			return MK_LOG_RECORD;
		}
		if (ret == PENDING && !log->impatient)
			break;
		if (ret != AGAIN)
			seq++;
	}
	return MK_LOG_NONE;
}
