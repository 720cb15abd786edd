/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fixed work to be timed on a host and in a spawn by the same machine code.
 */
#ifndef MACHINE_BENCH_H
#define MACHINE_BENCH_H

#include <stdint.h>

/* Nanoseconds for a loop of integer arithmetic. */
uint64_t bench_cpu(void);

/* Nanoseconds for copying and summing up a buffer larger than most caches. */
uint64_t bench_memory(void);

/* The time stamp counter, which all kernels on a machine share. */
uint64_t bench_tsc(void);

/* "mkbench [ROUNDS]", "mkbench --tsc" and "mkbench --pipe" */
int bench_main(int argc, char **argv);

#endif /* MACHINE_BENCH_H */
