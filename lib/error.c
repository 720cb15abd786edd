// SPDX-License-Identifier: LGPL-2.1-or-later
/* Error codes by culprit, and the sentences that go with them. */
#include "error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* @told: the sentence ends in what @sys means. */
static void fill(struct mk_error *err, int code, int sys, bool told,
		 const char *format, va_list args)
{
	int n;

	if (!err)
		return;
	err->code = code;
	err->sys_errno = sys;
	n = vsnprintf(err->text, sizeof(err->text), format, args);
	if (told && sys && n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s",
			 strerror(sys));
}

int mk_fail(struct mk_error *err, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fill(err, code, 0, false, format, args);
	va_end(args);
	return code;
}

int mk_fail_errno(struct mk_error *err, int code, const char *format, ...)
{
	int sys = errno;
	va_list args;

	va_start(args, format);
	fill(err, code, sys, true, format, args);
	va_end(args);
	return code;
}

int mk_fail_kept(struct mk_error *err, int code, const char *format, ...)
{
	int sys = errno;
	va_list args;

	va_start(args, format);
	fill(err, code, sys, false, format, args);
	va_end(args);
	return code;
}

const char *mk_code_name(int code)
{
	static const char *const names[] = {
		[-MK_OK] = "done",
		[-MK_E_CALL] = "wrong call",
		[-MK_E_NOSPACE] = "buffer too small",
		[-MK_E_STATE] = "wrong state",
		[-MK_E_INPUT] = "bad input",
		[-MK_E_SUPPORT] = "not supported",
		[-MK_E_MEMORY] = "memory too small",
		[-MK_E_SYSTEM] = "system error",
		[-MK_E_REFUSED] = "refused",
		[-MK_E_NOTFOUND] = "not found",
		[-MK_E_UNKNOWN] = "outcome unknown",
	};

	if (code > 0 || -code >= (int)(sizeof(names) / sizeof(names[0])))
		return "unknown code";
	return names[-code];
}
