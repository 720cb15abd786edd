/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of process 1 of a spawn with an agent share. */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <stdbool.h>
#include <stddef.h>

#ifndef HOME /* a test has another */
#define HOME "/multikernel"
#endif

#define INFO  6
#define ERROR 3

/* One line in the kernel log; errno stays. */
void say(int level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A file system without a place in the tree: a descriptor, or -1 and errno. */
int private_mount(const char *type);

/* The file @path below @dir as text; "" if it cannot be read. */
void read_file(int dir, const char *path, char *text, size_t size);

/* Load the module that @fd is of; false and errno. Already there is fine. */
bool load_module(int fd);

#endif /* INIT_INIT_H */
