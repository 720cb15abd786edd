/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the fuzzer of /dev/multikernel share; see mkfuzz.c. */
#ifndef MACHINE_MKFUZZ_H
#define MACHINE_MKFUZZ_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/multikernel.h>

/*
 * The instances, by what may be done to them without asking for a triple
 * fault, which would reset the machine (hazard H7) and prove nothing.
 */
enum target {
	TINY_A, /* started, and only ever with an image of our own */
	TINY_B,
	RAW, /* loaded with anything, and never started */
	STORE_A,
	STORE_B,
	DEEP, /* a real spawn with an agent: never loaded, never written */
	TARGETS,
};

extern const char *const target_names[TARGETS];

static inline bool is_tiny(enum target target)
{
	return target == TINY_A || target == TINY_B;
}

/*
 * Descriptors have places, so that threads which race each other know what
 * they do it to: a place of an instance has descriptors of that one, or of one
 * of the same name that is gone, or is closed.  All other numbers are below.
 */
#define PLACES	   6
#define MACHINE_FD 200 /* PLACES of them */
#define TARGET_FD  (MACHINE_FD + PLACES)
#define OTHER_FD   (TARGET_FD + PLACES * TARGETS)
#define OTHERS	   24 /* ports, bindings, eventfds, pipes, epolls */
#define FDS_END	   (OTHER_FD + OTHERS)

#define WORKERS	   3

/* Counts of results, for a table at the end: errno, 0 is success. */
#define RESULTS	 140
#define COMMANDS 64 /* more than there are */

struct shared {
	uint32_t results[COMMANDS][RESULTS];
	uint32_t calls;
	uint32_t signals; /* accesses to memory that was not there any more */
};

extern struct shared *shared;
extern const uint32_t *fuzz_cpus; /* CPUs that may be taken */
extern unsigned int nr_fuzz_cpus;
extern bool verbose;

/* What the caller of a command can be given wrong. */
struct pages {
	uint8_t *good; /* and the page behind it is not mapped */
	uint8_t *read_only;
	uint8_t *none; /* PROT_NONE */
	uint8_t *racy; /* somebody writes into it all the time */
};

#define MAPS 6

struct worker {
	uint64_t random;
	unsigned int number;
	unsigned int creates_left;
	struct pages pages;
	struct {
		uint8_t *at;
		size_t length;
		bool write;
	} maps[MAPS];
	volatile uint32_t racing; /* bytes of pages.racy that are in play */
	volatile uint32_t spare_from, spare_to; /* but for these */
	sigjmp_buf back;
	volatile sig_atomic_t guarded;
};

uint32_t random_of(struct worker *w);
/* One of 0..n-1; 0 if there are none. */
uint32_t below(struct worker *w, uint32_t n);
static inline bool one_in(struct worker *w, uint32_t n)
{
	return below(w, n) == 0;
}

int machine_fd(struct worker *w);
int target_fd(struct worker *w, enum target target);
int other_fd(struct worker *w);
/* Put @fd, if it is one, into a place of that kind. */
void place_target(struct worker *w, enum target target, int fd);
void place_other(struct worker *w, int fd);

/* mkfuzz_args.c: the commands, with arguments that are good, odd or bad */
void fuzz_machine(struct worker *w);
void fuzz_create(struct worker *w, enum target target);
void fuzz_open(struct worker *w, enum target target);
void fuzz_instance(struct worker *w, enum target target);
void fuzz_plain(struct worker *w, enum target target, unsigned int command);
void fuzz_load(struct worker *w, enum target target);
void fuzz_number(struct worker *w);
const char *command_name(unsigned int n);

/* mkfuzz_calls.c: everything else that takes a descriptor */
void fuzz_call(struct worker *w);

/*
 * mkfuzz_image.c: a spawn of a few instructions, which halts, or first says
 * that it ends (@mode).  It outlives any interrupt.  Within each 2 MiB of an
 * instance the first MiB is its own, but for its hand-off page; a test may
 * write to the second one at any time.
 */
enum tiny_mode { TINY_HALTS, TINY_POWERS_OFF, TINY_PANICS, TINY_MODES };

#define TINY_HANDOFF  0x8000
#define TINY_OWN      0x100000
#define TINY_CHUNK    0x200000
#define TINY_SEGMENTS 2

struct tiny {
	uint8_t page[0x14000] __attribute__((aligned(4096)));
	struct mk_segment segments[TINY_SEGMENTS];
};

void tiny_make(struct tiny *tiny, struct mk_load *load,
	       const struct mk_info *info, enum tiny_mode mode);

#endif /* MACHINE_MKFUZZ_H */
