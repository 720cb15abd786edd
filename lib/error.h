/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the library reports failure: a code for programs, a sentence for people.
 *
 * Every function that can fail returns 0 or one of the negative codes below,
 * grouped by whose fault it is, and fills the caller's struct mk_error (which
 * may be NULL).  Nothing is printed, nothing exits, errno is never relied on
 * by the caller.
 */
#ifndef MK_ERROR_H
#define MK_ERROR_H

#include <stdarg.h>

enum mk_code {
	MK_OK = 0,
	/* the caller's */
	MK_E_CALL = -1, /* an argument breaks the function's contract */
	MK_E_NOSPACE = -2, /* buffer too small: retry with a larger one */
	MK_E_STATE = -3, /* not possible in this state or order */
	/* the input's */
	MK_E_INPUT = -4, /* a file, table or text is wrong */
	MK_E_SUPPORT = -5, /* correct, but nothing this library can do */
	MK_E_MEMORY = -6, /* the instance's memory is too small for it */
	/* the machine's */
	MK_E_SYSTEM = -7, /* a system call failed; the text says which */
	MK_E_REFUSED = -8, /* the host module refused; the text says why */
	MK_E_NOTFOUND = -9, /* no such instance, file or record */
	MK_E_UNKNOWN = -10, /* the outcome is not known */
};

struct mk_error {
	int code; /* enum mk_code */
	int sys_errno; /* of the system call that failed, or 0 */
	char text[256]; /* one sentence, no newline, no final full stop */
};

/*
 * Fill @err (may be NULL) and return @code, so that a failing function can
 * end in "return mk_fail(err, MK_E_INPUT, ...)".
 */
int mk_fail(struct mk_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with ": strerror(errno)" appended and errno kept. */
int mk_fail_errno(struct mk_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, with errno kept but not in the sentence. */
int mk_fail_kept(struct mk_error *err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* A short name for a code ("bad input"), never NULL. */
const char *mk_code_name(int code);

#endif /* MK_ERROR_H */
