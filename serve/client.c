// SPDX-License-Identifier: GPL-2.0-only
/* Talking to a running supervisor. */
#include "client.h"

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "names.h"
#include "serve.h"

#define ANSWER_MS 30000

static const char *root = "";

void serve_below(const char *where)
{
	root = where;
}

int serve_path(char *path, size_t size, const char *name, const char *file,
	       struct mk_error *err)
{
	int n, code;

	/* It becomes a part of a path: no slash, no dot in front. */
	code = mk_name_check(name, err);
	if (code)
		return code;
	n = snprintf(path, size, "%s%s/%s%s%s", root, SERVE_RUN, name,
		     file ? "/" : "", file ? file : "");
	if (n < 0 || (size_t)n >= size)
		return mk_fail(err, MK_E_INPUT, "the path of %s is too long",
			       name);
	return 0;
}

int serve_connect(const char *name, struct mk_error *err)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int sock, code, saved;

	code = serve_path(to.sun_path, sizeof(to.sun_path), name, "control",
			  err);
	if (code)
		return code;
	sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (sock < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "socket");
	if (connect(sock, (struct sockaddr *)&to, sizeof(to)) == 0)
		return sock;
	saved = errno;
	close(sock);
	errno = saved;
	if (errno == ENOENT || errno == ECONNREFUSED)
		return mk_fail_kept(err, MK_E_NOTFOUND,
				    "it has no supervisor: mkctl serve %s "
				    "starts one",
				    name);
	return mk_fail_errno(err, MK_E_SYSTEM,
			     "cannot reach the supervisor at %s", to.sun_path);
}

static int judge(const char *answer, struct mk_error *err)
{
	struct json_object *object = json_tokener_parse(answer), *value;
	int code;

	if (!object || !json_object_is_type(object, json_type_object))
		code = mk_fail(err, MK_E_INPUT,
			       "the supervisor's answer makes no sense");
	else if (json_object_object_get_ex(object, "ok", &value) &&
		 json_object_get_boolean(value))
		code = 0;
	else if (json_object_object_get_ex(object, "error", &value) &&
		 json_object_is_type(value, json_type_string))
		code = mk_fail(err, MK_E_REFUSED, "%s",
			       json_object_get_string(value));
	else
		code = mk_fail(err, MK_E_REFUSED,
			       "the supervisor refused without a reason");
	json_object_put(object);
	return code;
}

int serve_ask(int sock, const char *request, char *answer, size_t size,
	      struct mk_error *err)
{
	struct pollfd pfd = { .fd = sock, .events = POLLIN };
	size_t length = strlen(request);
	ssize_t n;

	if (!length || length > SERVE_ASK_BYTES)
		return mk_fail(err, MK_E_INPUT,
			       "a request has 1 to %d bytes, not %zu",
			       SERVE_ASK_BYTES, length);
	if (size < 2)
		return mk_fail(err, MK_E_CALL, "no room for an answer");
	n = send(sock, request, length, MSG_NOSIGNAL);
	if (n < 0)
		return mk_fail_errno(err, MK_E_SYSTEM,
				     "cannot ask the supervisor");
	n = poll(&pfd, 1, ANSWER_MS);
	if (n <= 0)
		return mk_fail(err, MK_E_UNKNOWN,
			       "the supervisor did not answer in time");
	n = recv(sock, answer, size - 1, MSG_TRUNC);
	if (n < 0)
		return mk_fail_errno(err, MK_E_UNKNOWN,
				     "no answer of the supervisor");
	if (n == 0)
		return mk_fail(err, MK_E_UNKNOWN,
			       "the supervisor ended before it answered");
	if ((size_t)n >= size)
		return mk_fail(err, MK_E_NOSPACE,
			       "the answer has %zd bytes, room is for %zu", n,
			       size - 1);
	answer[n] = '\0';
	return judge(answer, err);
}

/* The options of the first device of @kind, as a copy; NULL = there is none. */
static char *find_options(const char *answer, const char *kind)
{
	struct json_object *object = json_tokener_parse(answer), *devices;
	struct json_object *device, *value;
	char *options = NULL;
	size_t i, nr;

	if (!object ||
	    !json_object_object_get_ex(object, "devices", &devices) ||
	    !json_object_is_type(devices, json_type_array))
		goto out;
	nr = json_object_array_length(devices);
	for (i = 0; i < nr && !options; i++) {
		device = json_object_array_get_idx(devices, i);
		if (json_object_is_type(device, json_type_object) &&
		    json_object_object_get_ex(device, "kind", &value) &&
		    json_object_is_type(value, json_type_string) &&
		    strcmp(json_object_get_string(value), kind) == 0 &&
		    json_object_object_get_ex(device, "options", &value) &&
		    json_object_is_type(value, json_type_string))
			options = strdup(json_object_get_string(value));
	}
out:
	json_object_put(object);
	return options;
}

int serve_find_cid(const char *name, uint32_t *cid, struct mk_error *err)
{
	char *answer = malloc(SERVE_ANSWER_BYTES), *options = NULL, *end;
	unsigned long number;
	int sock, code;

	if (!answer)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	sock = serve_connect(name, err);
	if (sock < 0) {
		code = sock;
		goto free_answer;
	}
	code = serve_ask(sock, "{\"do\":\"list\"}", answer, SERVE_ANSWER_BYTES,
			 err);
	close(sock);
	if (code)
		goto free_answer;
	options = find_options(answer, "vsock");
	number = options ? strtoul(options, &end, 0) : 0;
	if (!options)
		code = mk_fail(err, MK_E_NOTFOUND,
			       "it has no vsock device: mkctl device %s add "
			       "--vsock CID gives it one",
			       name);
	else if (end == options || *end || !number || number > UINT32_MAX)
		code = mk_fail(err, MK_E_INPUT,
			       "the supervisor's answer has no CID");
	else
		*cid = (uint32_t)number;
free_answer:
	free(options);
	free(answer);
	return code;
}
