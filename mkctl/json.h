/* SPDX-License-Identifier: GPL-2.0-only */
/* A few words for building JSON with json-c; numbers are unsigned 64-bit. */
#ifndef MKCTL_JSON_H
#define MKCTL_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

void json_text(struct json_object *to, const char *key, const char *value);
void json_number(struct json_object *to, const char *key, uint64_t value);
void json_flag(struct json_object *to, const char *key, bool value);

/* Print it with a newline and free it. */
void json_print(struct json_object *object);
/* On one line, for streams. */
void json_print_line(struct json_object *object);

#endif /* MKCTL_JSON_H */
