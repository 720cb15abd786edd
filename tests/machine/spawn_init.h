/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of a test spawn's init share. */
#ifndef MACHINE_SPAWN_INIT_H
#define MACHINE_SPAWN_INIT_H

/* A line "spawn ..." in the kernel log. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The value of NAME=VALUE on the command line, "" if it is NAME alone, NULL if
 * it is not there; valid until the next call.
 */
const char *option(const char *name);

/* mk.insmod and mk.params */
void insert_modules(void);

/* Load /modules/NAME.ko with these parameters. */
void insert_module(const char *name, const char *params);

/* mk.fault, at the moment of mk.phase; @load keeps the CPUs busy. */
void let_fail(void (*load)(const char *list));

/* mk.reload: unload and load the agent's module so often. */
void reload_agent(void);

/* mk.show: its doorbell, and the CPUs that it could bring up or down. */
void show_self(void);

/* mk.serve, mk.sink and mk.source: each a process of its own. */
void start_ports(void);

/* "mkbench --fnv": FNV-1a of standard input, to compare with the above. */
int print_fnv(void);

#endif /* MACHINE_SPAWN_INIT_H */
