// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control socket: packets of JSON, each a request with one answer.
 *
 *   {"do":"list"}
 *   {"do":"add","kind":"net","options":"tap=x"}     -> "device"
 *   {"do":"remove","device":3}
 *   {"do":"policy","on-crash":"restart",...}   the options of that name
 *   {"do":"end"}     the user ends this life         -> "called_off"
 *   {"do":"start"}   the user starts one, or does not end this one
 *   {"do":"console","history":true}    the connection is a console then
 */
#include "core.h"

#include <errno.h>
#include <json-c/json.h>
#include <linux/virtio_config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "console.h"
#include "daemon.h"

#define CLIENTS 32
#define DEPTH	4 /* of a request's JSON */

struct serve_client {
	struct serve *s;
	int sock; /* -1 = free */
};

/* --- requests ------------------------------------------------------------- */

struct json_object *serve_request_parse(const char *text, size_t length,
					struct mk_error *err)
{
	struct json_tokener *tokener;
	struct json_object *object;

	if (!length || length > SERVE_ASK_BYTES || memchr(text, 0, length)) {
		mk_fail(err, MK_E_INPUT, "a request is a text of 1 to %d bytes",
			SERVE_ASK_BYTES);
		return NULL;
	}
	tokener = json_tokener_new_ex(DEPTH);
	if (!tokener) {
		mk_fail(err, MK_E_SYSTEM, "out of memory");
		return NULL;
	}
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	if (!object ||
	    json_tokener_get_error(tokener) != json_tokener_success ||
	    json_tokener_get_parse_end(tokener) != length)
		mk_fail(err, MK_E_INPUT, "the request is no JSON");
	else if (!json_object_is_type(object, json_type_object))
		mk_fail(err, MK_E_INPUT, "the request is no JSON object");
	else
		goto out;
	json_object_put(object);
	object = NULL;
out:
	json_tokener_free(tokener);
	return object;
}

/* A text of the request without a NUL in it; NULL = it has none. */
static const char *text_of(struct json_object *request, const char *key)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(request, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text
									 : NULL;
}

/* Has it other keys than these? */
static int check_keys(struct json_object *request, const char *const *keys,
		      struct mk_error *err)
{
	const char *const *key;

	json_object_object_foreach(request, name, value)
	{
		(void)value;
		for (key = keys; *key; key++)
			if (strcmp(*key, name) == 0)
				break;
		if (!*key)
			return mk_fail(err, MK_E_INPUT,
				       "the request has an unknown word "
				       "'%.32s'",
				       name);
	}
	return 0;
}

static struct json_object *answer_ok(void)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "ok", json_object_new_boolean(1));
	return answer;
}

static struct json_object *answer_error(const struct mk_error *err)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "ok", json_object_new_boolean(0));
	json_object_object_add(answer, "error",
			       json_object_new_string(err->text));
	return answer;
}

/* --- list ----------------------------------------------------------------- */

static void put_number(struct json_object *to, const char *key, uint64_t value)
{
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static void put_text(struct json_object *to, const char *key, const char *text)
{
	json_object_object_add(to, key, json_object_new_string(text));
}

static struct json_object *list_queues(const struct serve_device_state *state)
{
	struct json_object *queues = json_object_new_array(), *q;
	unsigned int i;

	for (i = 0; i < SERVE_QUEUES; i++) {
		if (!state->queues[i].size)
			continue;
		q = json_object_new_object();
		put_number(q, "queue", i);
		put_number(q, "size", state->queues[i].size);
		json_object_array_add(queues, q);
	}
	return queues;
}

static const char *describe(const struct serve_slot *slot)
{
	if (!slot)
		return "missing";
	if (slot->d.broken)
		return "broken";
	if (slot->leaving)
		return "leaving";
	if (slot->d.state->status & VIRTIO_CONFIG_S_NEEDS_RESET)
		return "failed";
	if (slot->d.running)
		return "running";
	if (slot->start_again)
		return "starting";
	return slot->d.state->status ? "found" : "waiting";
}

static struct json_object *list_device(struct serve *s, unsigned int number)
{
	const struct serve_device_state *state = &s->state->devices[number];
	const struct serve_slot *slot = s->slots[number];
	struct json_object *device = json_object_new_object();
	char features[32];

	snprintf(features, sizeof(features), "0x%llx",
		 (unsigned long long)state->features);
	put_number(device, "device", number);
	put_text(device, "kind", state->kind);
	put_text(device, "options", state->options);
	put_text(device, "state", describe(slot));
	put_number(device, "status", state->status);
	put_text(device, "features", features);
	json_object_object_add(device, "queues", list_queues(state));
	put_text(device, "reason",
		 slot ? slot->why : "it could not be taken over: see the log");
	return device;
}

static struct json_object *do_list(struct serve *s)
{
	struct json_object *answer = answer_ok();
	struct json_object *devices = json_object_new_array();
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++)
		if (s->state->devices[i].used)
			json_object_array_add(devices, list_device(s, i));
	put_text(answer, "instance", s->name);
	put_number(answer, "pid", (uint64_t)getpid());
	json_object_object_add(answer, "running",
			       json_object_new_boolean(s->running));
	json_object_object_add(answer, "devices", devices);
	return answer;
}

/* --- add, remove ---------------------------------------------------------- */

/*
 * There is one console for "mkctl console", and one address for vsock;
 * and a second rng would be no better.
 */
static int check_single(struct serve *s, const char *kind, struct mk_error *err)
{
	unsigned int i;

	if (strcmp(kind, "console") != 0 && strcmp(kind, "vsock") != 0 &&
	    strcmp(kind, "rng") != 0)
		return 0;
	for (i = 0; i < SERVE_DEVICES; i++)
		if (s->state->devices[i].used &&
		    strcmp(s->state->devices[i].kind, kind) == 0)
			return mk_fail(err, MK_E_REFUSED,
				       "there is a %s already: device %u", kind,
				       i);
	return 0;
}

static struct json_object *do_add(struct serve *s, struct json_object *request)
{
	const char *kind = text_of(request, "kind");
	const char *options = text_of(request, "options");
	const struct serve_kind *found = kind ? serve_kind_find(kind) : NULL;
	struct json_object *answer;
	struct mk_error err;
	int number;

	if (!kind || !options)
		number = mk_fail(&err, MK_E_INPUT,
				 "add needs a kind and options");
	else if (!found)
		number = mk_fail(&err, MK_E_INPUT,
				 "there is no kind of device '%.32s'", kind);
	else
		number = check_single(s, kind, &err);
	if (!number)
		number = serve_add(s, found, options, &err);
	if (number < 0)
		return answer_error(&err);
	serve_log(s, &s->slots[number]->d, "added: %s", options);
	answer = answer_ok();
	put_number(answer, "device", (uint64_t)number);
	return answer;
}

static struct json_object *do_remove(struct serve *s,
				     struct json_object *request)
{
	struct json_object *value;
	struct mk_error err;
	int64_t number;

	if (!json_object_object_get_ex(request, "device", &value) ||
	    !json_object_is_type(value, json_type_int)) {
		mk_fail(&err, MK_E_INPUT, "remove needs a device's number");
		return answer_error(&err);
	}
	number = json_object_get_int64(value);
	if (number < 0 || number >= SERVE_DEVICES ||
	    !s->state->devices[number].used) {
		mk_fail(&err, MK_E_NOTFOUND, "there is no device %lld",
			(long long)number);
		return answer_error(&err);
	}
	if (s->slots[number]) {
		serve_remove(s->slots[number]);
	} else {
		/* It could not be taken over; its daemon may live on. */
		daemon_end_of(s->folder, s->state->devices[number].kind,
			      (unsigned int)number);
		memset(&s->state->devices[number], 0,
		       sizeof(s->state->devices[number]));
	}
	return answer_ok();
}

/* --- lives ---------------------------------------------------------------- */

/* All of it, or nothing. */
static struct json_object *do_policy(struct serve *s,
				     struct json_object *request)
{
	struct policy policy = s->state->policy;
	struct mk_error err;
	const char *text;
	int code = 0;

	json_object_object_foreach(request, name, value)
	{
		(void)value;
		if (strcmp(name, "do") == 0)
			continue;
		text = text_of(request, name);
		code = text ? policy_set(&policy, name, text, &err)
			    : mk_fail(&err, MK_E_INPUT, "%.32s needs a text",
				      name);
		if (code)
			return answer_error(&err);
	}
	s->state->policy = policy;
	serve_watch_spawn(s);
	return answer_ok();
}

static struct json_object *do_end(struct serve *s)
{
	bool called_off = serve_ending_asked(s);
	struct json_object *answer = answer_ok();

	json_object_object_add(answer, "called_off",
			       json_object_new_boolean(called_off));
	return answer;
}

static struct json_object *do_start(struct serve *s)
{
	serve_ending_cancel(s);
	s->state->end.asked = 0;
	return answer_ok();
}

struct json_object *serve_command(struct serve *s, struct json_object *request)
{
	static const char *const list[] = { "do", NULL };
	static const char *const add[] = { "do", "kind", "options", NULL };
	static const char *const remove[] = { "do", "device", NULL };
	static const char *const alone[] = { "do", NULL };
	const char *what = text_of(request, "do");
	struct mk_error err;

	if (what && strcmp(what, "list") == 0) {
		if (!check_keys(request, list, &err))
			return do_list(s);
	} else if (what && strcmp(what, "add") == 0) {
		if (!check_keys(request, add, &err))
			return do_add(s, request);
	} else if (what && strcmp(what, "remove") == 0) {
		if (!check_keys(request, remove, &err))
			return do_remove(s, request);
	} else if (what && strcmp(what, "policy") == 0) {
		return do_policy(s, request);
	} else if (what && strcmp(what, "end") == 0) {
		if (!check_keys(request, alone, &err))
			return do_end(s);
	} else if (what && strcmp(what, "start") == 0) {
		if (!check_keys(request, alone, &err))
			return do_start(s);
	} else {
		mk_fail(&err, MK_E_INPUT,
			"the request does not say what to do: list, add, "
			"remove, policy, end, start or console");
	}
	return answer_error(&err);
}

/* --- connections ---------------------------------------------------------- */

static void drop_client(struct serve_client *c)
{
	serve_ignore(c->s, c->sock);
	close(c->sock);
	c->sock = -1;
}

/* False: who does not take the answer is not waited for. */
static bool send_answer(const struct serve_client *c,
			struct json_object *answer)
{
	const char *text = json_object_to_json_string_ext(
		answer,
		JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	ssize_t n =
		send(c->sock, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);

	json_object_put(answer);
	return n >= 0;
}

static struct serve_device *find_console(struct serve *s)
{
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++)
		if (s->slots[i] && s->slots[i]->d.kind == &serve_console)
			return &s->slots[i]->d;
	return NULL;
}

/* From here on the connection is the console's. */
static void become_console(struct serve_client *c, struct json_object *request)
{
	static const char *const keys[] = { "do", "history", NULL };
	struct serve_device *d = find_console(c->s);
	struct json_object *value;
	bool history = true;
	struct mk_error err;
	int code;

	code = check_keys(request, keys, &err);
	if (json_object_object_get_ex(request, "history", &value))
		history = json_object_get_boolean(value);
	if (!code && !d)
		code = mk_fail(&err, MK_E_NOTFOUND,
			       "it has no console: mkctl device %s add "
			       "--console gives it one",
			       c->s->name);
	if (code) {
		if (!send_answer(c, answer_error(&err)))
			drop_client(c);
		return;
	}
	serve_ignore(c->s, c->sock);
	if (send_answer(c, answer_ok()) &&
	    !serve_console_attach(d, c->sock, history, &err)) {
		c->sock = -1;
		return;
	}
	drop_client(c);
}

static void client_ready(void *context, uint32_t events)
{
	struct serve_client *c = context;
	char bytes[SERVE_ASK_BYTES];
	struct json_object *request;
	struct mk_error err;
	const char *what;
	ssize_t n;

	n = recv(c->sock, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop_client(c);
		return;
	}
	request = serve_request_parse(bytes, (size_t)n, &err);
	if (!request) {
		if (!send_answer(c, answer_error(&err)))
			drop_client(c);
		return;
	}
	what = text_of(request, "do");
	if (what && strcmp(what, "console") == 0)
		become_console(c, request);
	else if (!send_answer(c, serve_command(c->s, request)))
		drop_client(c);
	json_object_put(request);
}

static void accept_client(void *context, uint32_t events)
{
	int most = SERVE_ANSWER_BYTES;
	struct serve *s = context;
	unsigned int i;
	int sock;

	sock = accept4(s->control, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return;
	for (i = 0; i < s->nr_clients; i++)
		if (s->clients[i].sock < 0)
			break;
	if (i == s->nr_clients) {
		close(sock);
		return;
	}
	/* A long list is one packet. */
	if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &most, sizeof(most)))
		setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &most, sizeof(most));
	s->clients[i].sock = sock;
	if (serve_watch(s, sock, EPOLLIN, client_ready, &s->clients[i], NULL)) {
		close(sock);
		s->clients[i].sock = -1;
	}
}

int serve_control_open(struct serve *s, struct mk_error *err)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	mode_t mask;
	int n, failed;

	n = snprintf(at.sun_path, sizeof(at.sun_path), "%s/control", s->folder);
	if (n < 0 || (size_t)n >= sizeof(at.sun_path))
		return mk_fail(err, MK_E_INPUT, "the path %s is too long",
			       s->folder);
	s->clients = calloc(CLIENTS, sizeof(*s->clients));
	if (!s->clients)
		return mk_fail(err, MK_E_SYSTEM, "out of memory");
	for (s->nr_clients = 0; s->nr_clients < CLIENTS; s->nr_clients++)
		s->clients[s->nr_clients] = (struct serve_client){ s, -1 };
	s->control = socket(AF_UNIX,
			    SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->control < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "socket");
	/* We hold the lock: what is there is a dead supervisor's. */
	unlink(at.sun_path);
	mask = umask(0177);
	failed = bind(s->control, (struct sockaddr *)&at, sizeof(at));
	umask(mask);
	if (failed || listen(s->control, 8))
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot listen at %s",
				     at.sun_path);
	return serve_watch(s, s->control, EPOLLIN, accept_client, s, err);
}

void serve_control_close(struct serve *s)
{
	unsigned int i;

	for (i = 0; i < s->nr_clients; i++)
		if (s->clients[i].sock >= 0)
			drop_client(&s->clients[i]);
	free(s->clients);
	s->clients = NULL;
	s->nr_clients = 0;
	if (s->control >= 0) {
		serve_ignore(s, s->control);
		close(s->control);
	}
	s->control = -1;
}
