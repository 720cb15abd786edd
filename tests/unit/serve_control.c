// SPDX-License-Identifier: GPL-2.0-only
/* The supervisor's control socket, console and random numbers; options. */
#define FAKE_WITH_BUILT_IN
#include "serve_fake.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "serve/client.c"
#include "serve/console.c"
#include "serve/console_ring.c"
#include "serve/control.c"
#include "serve/rng.c"

#include "serve/options.c"

#include "mkctl/messages.c"
#include "mkctl/options.c"

static struct serve s;

static void begin(void)
{
	char *at, path[PATH_MAX + 16];
	struct mk_error err;

	fake_begin(&s);
	serve_below(fake_folder);
	CHECK_EQ(serve_path(s.folder, sizeof(s.folder), "web", NULL, &err), 0);
	snprintf(path, sizeof(path), "%s/", s.folder);
	for (at = path + strlen(fake_folder) + 1; (at = strchr(at, '/'));
	     at++) {
		*at = '\0';
		mkdir(path, 0700);
		*at = '/';
	}
	CHECK_EQ(serve_control_open(&s, &err), 0);
}

static void end(void)
{
	char path[PATH_MAX + 16];
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++)
		if (s.slots[i])
			serve_close(s.slots[i]);
	serve_control_close(&s);
	serve_folder_remove(s.folder);
	snprintf(path, sizeof(path), "%s/run/multikernel", fake_folder);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/run", fake_folder);
	rmdir(path);
	fake_end(&s);
}

/* --- requests ------------------------------------------------------------- */

static bool is_refused(const char *text, size_t length, const char *why)
{
	struct json_object *request, *answer, *value;
	struct mk_error err;
	bool found;

	request = serve_request_parse(text, length, &err);
	if (!request)
		return strstr(err.text, why) != NULL;
	answer = serve_command(&s, request);
	json_object_put(request);
	found = json_object_object_get_ex(answer, "error", &value) &&
		strstr(json_object_get_string(value), why);
	if (!found)
		printf("# %s\n", json_object_to_json_string(answer));
	json_object_put(answer);
	return found;
}

static void bad_requests_are_refused(void)
{
	static const struct {
		const char *text, *why;
	} wrong[] = {
		{ "", "1 to 4096" },
		{ "{", "no JSON" },
		{ "nonsense", "no JSON" },
		{ "[]", "no JSON object" },
		{ "7", "JSON" },
		{ "null", "JSON" },
		{ "{} x", "no JSON" },
		{ "{}{}", "no JSON" },
		{ "{\"do\":{\"a\":{\"b\":{\"c\":{}}}}}", "no JSON" },
		{ "{}", "what to do" },
		{ "{\"do\":1}", "what to do" },
		{ "{\"do\":\"dance\"}", "what to do" },
		{ "{\"do\":\"list\\u0000\"}", "what to do" },
		{ "{\"do\":\"list\",\"x\":1}", "unknown word 'x'" },
		{ "{\"do\":\"end\",\"x\":1}", "unknown word 'x'" },
		{ "{\"do\":\"start\",\"x\":1}", "unknown word 'x'" },
		{ "{\"do\":\"policy\",\"on-crash\":1}", "needs a text" },
		{ "{\"do\":\"policy\",\"on-crush\":\"stop\"}",
		  "no option --on-crush" },
		{ "{\"do\":\"policy\",\"on-crash\":\"restart\","
		  "\"watchdog\":\"1\"}",
		  "--watchdog" },
		{ "{\"do\":\"add\"}", "needs a kind" },
		{ "{\"do\":\"add\",\"kind\":\"net\"}", "needs a kind" },
		{ "{\"do\":\"add\",\"kind\":1,\"options\":\"\"}", "a kind" },
		{ "{\"do\":\"add\",\"kind\":\"net\",\"options\":[]}",
		  "needs a kind" },
		{ "{\"do\":\"add\",\"kind\":\"net\",\"options\":\"a\\u0000b\"}",
		  "needs a kind" },
		{ "{\"do\":\"add\",\"kind\":\"tape\",\"options\":\"\"}",
		  "no kind of device 'tape'" },
		{ "{\"do\":\"add\",\"kind\":\"net\",\"options\":\"bad\"}",
		  "'bad' is bad" },
		{ "{\"do\":\"add\",\"kind\":\"console\",\"options\":\"\"}",
		  "a console already: device 0" },
		{ "{\"do\":\"remove\"}", "needs a device" },
		{ "{\"do\":\"remove\",\"device\":\"0\"}", "needs a device" },
		{ "{\"do\":\"remove\",\"device\":0.5}", "needs a device" },
		{ "{\"do\":\"remove\",\"device\":-1}", "no device -1" },
		{ "{\"do\":\"remove\",\"device\":64}", "no device 64" },
		{ "{\"do\":\"remove\",\"device\":5}", "no device 5" },
		{ "{\"do\":\"remove\",\"device\":99999999999999999999}",
		  "no device" },
	};
	char text[SERVE_ASK_BYTES + 1];
	struct mk_error err;
	unsigned int i;

	begin();
	CHECK_EQ(serve_add(&s, &serve_console, "", &err), 0);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (!is_refused(wrong[i].text, strlen(wrong[i].text),
				wrong[i].why)) {
			printf("# %s is not refused for '%s'\n", wrong[i].text,
			       wrong[i].why);
			CHECK(false);
		}
	CHECK(is_refused("{\"do\":\0\"list\"}", 14, "1 to 4096"));
	memset(text, ' ', sizeof(text));
	CHECK(is_refused(text, sizeof(text), "1 to 4096"));
	CHECK(is_refused(text, sizeof(text) - 1, "no JSON"));
	CHECK_EQ(s.state->devices[1].used, 0);
	end();
}

static unsigned int ended = 99;

unsigned int daemon_end_of(const char *folder, const char *kind,
			   unsigned int number)
{
	CHECK_STR(folder, s.folder);
	CHECK_STR(kind, "disk");
	ended = number;
	return 1;
}

/* One that could not be taken over may have a daemon that lives on. */
static void missing_is_removed(void)
{
	const char *text = "{\"do\":\"remove\",\"device\":5}";
	struct json_object *request, *answer;
	struct mk_error err;

	begin();
	s.state->devices[5].used = 1;
	strcpy(s.state->devices[5].kind, "disk");
	request = serve_request_parse(text, strlen(text), &err);
	answer = serve_command(&s, request);
	CHECK_STR(json_object_to_json_string_ext(answer,
						 JSON_C_TO_STRING_PLAIN),
		  "{\"ok\":true}");
	CHECK_EQ(ended, 5);
	CHECK_EQ(s.state->devices[5].used, 0);
	json_object_put(request);
	json_object_put(answer);
	end();
}

/* Ask through the socket; this process is both ends. */
static void ask(int sock, const char *request, char *answer, size_t size)
{
	struct mk_error err;
	ssize_t n;

	CHECK(send(sock, request, strlen(request), MSG_NOSIGNAL) > 0);
	serve_loop_once(&s, 100, &err);
	n = recv(sock, answer, size - 1, MSG_DONTWAIT);
	answer[n > 0 ? n : 0] = '\0';
}

static int join(void)
{
	struct mk_error err;
	int sock = serve_connect("web", &err);

	CHECK(sock >= 0);
	serve_loop_once(&s, 100, &err);
	return sock;
}

static void socket_answers(void)
{
	static char answer[SERVE_ANSWER_BYTES], huge[SERVE_ASK_BYTES + 100];
	struct mk_error err;
	struct stat st;
	char path[PATH_MAX + 16];
	int sock, more[40], i;

	begin();
	snprintf(path, sizeof(path), "%s/control", s.folder);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 0777, 0600);
	sock = join();
	ask(sock, "{\"do\":\"add\",\"kind\":\"net\",\"options\":\"tap=\\\"x\"}",
	    answer, sizeof(answer));
	CHECK_STR(answer, "{\"ok\":true,\"device\":0}");
	fake_driver(&s, 0);
	ask(sock, "{\"do\":\"list\"}", answer, sizeof(answer));
	CHECK(strstr(answer, "\"kind\":\"net\",\"options\":\"tap=\\\"x\","
			     "\"state\":\"running\",\"status\":15") != NULL);
	CHECK(strstr(answer, "\"queues\":[{\"queue\":0,\"size\":64},"
			     "{\"queue\":1,\"size\":64}]") != NULL);
	ask(sock, "{\"do\":\"console\"}", answer, sizeof(answer));
	CHECK(strstr(answer, "has no console") != NULL);
	ask(sock, "{\"do\":\"console\",\"x\":1}", answer, sizeof(answer));
	CHECK(strstr(answer, "unknown word") != NULL);
	memset(huge, ' ', sizeof(huge) - 1);
	ask(sock, huge, answer, sizeof(answer));
	CHECK(strstr(answer, "1 to 4096") != NULL);
	ask(sock, "{\"do\":\"remove\",\"device\":0}", answer, sizeof(answer));
	CHECK_STR(answer, "{\"ok\":true}");
	CHECK(s.slots[0]->leaving);
	/* Too many clients: the others go on. */
	for (i = 0; i < 40; i++)
		more[i] = join();
	ask(sock, "{\"do\":\"list\"}", answer, sizeof(answer));
	CHECK(strstr(answer, "\"leaving\"") != NULL);
	for (i = 0; i < 40; i++)
		close(more[i]);
	close(sock);
	fake_rounds(&s, 50);
	for (i = 0; i < (int)s.nr_clients; i++)
		CHECK_EQ(s.clients[i].sock, -1);
	CHECK_EQ(serve_connect("../web", &err), MK_E_INPUT);
	CHECK_EQ(serve_connect("other", &err), MK_E_NOTFOUND);
	CHECK(strstr(err.text, "mkctl serve other") != NULL);
	end();
}

/* The library for clients, against a supervisor in a child. */
static void client_asks(void)
{
	static char answer[SERVE_ANSWER_BYTES], longer[SERVE_ASK_BYTES + 2];
	struct mk_error err;
	uint32_t cid = 0;
	int sock, status;
	pid_t child;

	begin();
	CHECK_EQ(serve_add(&s, &fake_kind, "x", &err), 0);
	CHECK_EQ(serve_add(&s, &fake_vsock, "42", &err), 1);
	child = fork();
	if (child == 0) {
		for (;;)
			serve_loop_once(&s, 100, &err);
	}
	CHECK_EQ(serve_find_cid("web", &cid, &err), 0);
	CHECK_EQ(cid, 42);
	CHECK_EQ(serve_find_cid("other", &cid, &err), MK_E_NOTFOUND);
	sock = serve_connect("web", &err);
	CHECK_EQ(serve_ask(sock, "{\"do\":\"dance\"}", answer, sizeof(answer),
			   &err),
		 MK_E_REFUSED);
	CHECK(strstr(err.text, "what to do") != NULL);
	memset(longer, ' ', sizeof(longer) - 1);
	CHECK_EQ(serve_ask(sock, longer, answer, sizeof(answer), &err),
		 MK_E_INPUT);
	CHECK_EQ(serve_ask(sock, "", answer, sizeof(answer), &err), MK_E_INPUT);
	CHECK_EQ(serve_ask(sock, "{\"do\":\"list\"}", answer, 20, &err),
		 MK_E_NOSPACE);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	CHECK(serve_ask(sock, "{\"do\":\"list\"}", answer, sizeof(answer),
			&err) < 0);
	close(sock);
	end();
}

/* --- a driver's queue ----------------------------------------------------- */

#define RING  0x10000 /* of queue 0; 0x10000 on, of the next */
#define DATA  0x40000
#define SIZE  64
#define WRITE 2 /* VRING_DESC_F_WRITE */

static void put16(uint32_t at, uint16_t value)
{
	value = htole16(value);
	memcpy(fake_memory + at, &value, 2);
}

static uint16_t get16(uint32_t at)
{
	uint16_t value;

	memcpy(&value, fake_memory + at, 2);
	return le16toh(value);
}

/* The next buffer of @queue is @length bytes at @at. */
static void offer(unsigned int queue, uint32_t at, uint32_t length,
		  uint16_t flags)
{
	uint32_t base = RING + queue * 0x10000, avail = base + 0x4000;
	uint16_t index = get16(avail + 2), head = index % SIZE;
	uint64_t address = htole64(FAKE_BASE + at);

	length = htole32(length);
	memcpy(fake_memory + base + 16 * head, &address, 8);
	memcpy(fake_memory + base + 16 * head + 8, &length, 4);
	put16(base + 16 * head + 12, flags);
	put16(avail + 4 + 2 * head, head);
	put16(avail + 2, (uint16_t)(index + 1));
}

static uint16_t used(unsigned int queue)
{
	return get16(RING + queue * 0x10000 + 0x8000 + 2);
}

static uint32_t used_length(unsigned int queue, uint16_t index)
{
	uint32_t value;

	memcpy(&value,
	       fake_memory + RING + queue * 0x10000 + 0x8000 + 4 +
		       8 * (index % SIZE) + 4,
	       4);
	return le32toh(value);
}

static void kick(unsigned int device, unsigned int queue)
{
	struct mk_error err;

	eventfd_write(s.slots[device]->d.queues[queue].kick, 1);
	serve_loop_once(&s, 100, &err);
}

static void driver(unsigned int device, unsigned int queues)
{
	unsigned int i;

	fake_status(&s, device, 0);
	fake_status(&s, device, 3);
	fake_features(&s, device, 0, 0, 1);
	fake_status(&s, device, 11);
	for (i = 0; i < queues; i++)
		fake_queue(&s, device, i, SIZE, FAKE_BASE + RING + i * 0x10000);
	CHECK_EQ(fake_status(&s, device, 15), 15);
}

/* --- the console ---------------------------------------------------------- */

static void print_from_spawn(const char *text)
{
	size_t n = strlen(text);

	memcpy(fake_memory + DATA, text, n);
	offer(1, DATA, (uint32_t)n, 0);
	kick(0, 1);
}

static int join_console(const char *request)
{
	char answer[256];
	int sock = join();

	ask(sock, request, answer, sizeof(answer));
	CHECK_STR(answer, "{\"ok\":true}");
	return sock;
}

static size_t hear(int sock, char *text, size_t size)
{
	struct mk_error err;
	size_t done = 0;
	ssize_t n;
	int i;

	for (i = 0; i < 50; i++) {
		serve_loop_once(&s, 0, &err);
		n = recv(sock, text + done, size - 1 - done, MSG_DONTWAIT);
		if (n > 0)
			done += (size_t)n;
	}
	text[done] = '\0';
	return done;
}

static void console_talks(void)
{
	static char text[CONSOLE_RING_BYTES + 4096];
	char answer[256];
	struct mk_error err;
	int sock, other, i;

	begin();
	CHECK_EQ(serve_add(&s, &serve_console, "", &err), 0);
	driver(0, 2);
	print_from_spawn("login: ");
	CHECK_EQ(used(1), 1);
	sock = join_console("{\"do\":\"console\"}");
	other = join_console("{\"do\":\"console\",\"history\":false}");
	hear(sock, text, sizeof(text));
	CHECK_STR(text, "login: ");
	print_from_spawn("root\r\n");
	hear(sock, text, sizeof(text));
	CHECK_STR(text, "root\r\n");
	hear(other, text, sizeof(text));
	CHECK_STR(text, "root\r\n");

	/* Input before and after there is room for it. */
	CHECK_EQ(send(sock, "ihello", 6, 0), 6);
	serve_loop_once(&s, 100, &err);
	CHECK_EQ(used(0), 0);
	offer(0, DATA + 0x1000, 3, WRITE);
	offer(0, DATA + 0x2000, 100, WRITE);
	kick(0, 0);
	CHECK_EQ(used(0), 2);
	CHECK_EQ(used_length(0, 0), 3);
	CHECK_EQ(used_length(0, 1), 2);
	CHECK_EQ(memcmp(fake_memory + DATA + 0x1000, "hel", 3), 0);
	CHECK_EQ(memcmp(fake_memory + DATA + 0x2000, "lo", 2), 0);

	/* Its size; what makes no sense ends the connection. */
	CHECK_EQ(send(sock, "s132 50", 7, 0), 7);
	serve_loop_once(&s, 100, &err);
	CHECK_EQ(s.slots[0]->d.config[0], 132);
	CHECK_EQ(s.slots[0]->d.config[2], 50);
	CHECK_EQ(s.state->devices[0].generation, 1);
	CHECK_EQ(send(other, "sx", 2, 0), 2);
	serve_loop_once(&s, 100, &err);
	CHECK_EQ(recv(other, text, 1, MSG_DONTWAIT), 0);
	close(other);
	other = join_console("{\"do\":\"console\"}");
	CHECK_EQ(send(other, "z", 1, 0), 1);
	hear(other, text, sizeof(text));
	CHECK_EQ(recv(other, text, 1, MSG_DONTWAIT), 0);
	close(other);

	/* Input without end does not grow. */
	memset(text, 'i', sizeof(text));
	for (i = 0; i < 200; i++) {
		send(sock, text, CONSOLE_PACKET, MSG_DONTWAIT);
		serve_loop_once(&s, 0, &err);
	}
	CHECK(((struct console *)s.slots[0]->d.backend)->nr_input <=
	      INPUT_BYTES);
	/* Nor do readers. */
	for (i = 0; i < READERS - 1; i++)
		join_console("{\"do\":\"console\"}");
	other = join();
	ask(other, "{\"do\":\"console\"}", answer, sizeof(answer));
	CHECK_STR(answer, "{\"ok\":true}");
	hear(other, text, sizeof(text));
	CHECK_EQ(recv(other, text, 1, MSG_DONTWAIT), 0);
	close(other);
	close(sock);
	end();
}

static void slow_reader_is_told(void)
{
	static char text[4 * CONSOLE_RING_BYTES], line[4001];
	struct mk_error err;
	int sock, i;

	begin();
	CHECK_EQ(serve_add(&s, &serve_console, "", &err), 0);
	driver(0, 2);
	sock = join_console("{\"do\":\"console\"}");
	memset(line, 'x', sizeof(line) - 1);
	for (i = 0; i < 300; i++)
		print_from_spawn(line);
	for (i = 0; i < 20; i++)
		hear(sock, text + strlen(text), 100000);
	CHECK(strstr(text, "bytes of output are lost") != NULL);
	CHECK(strlen(text) > CONSOLE_RING_BYTES);
	close(sock);
	end();
}

static void console_survives_its_supervisor(void)
{
	static char text[4096];
	struct mk_error err;
	int sock;

	begin();
	CHECK_EQ(serve_add(&s, &serve_console, "", &err), 0);
	driver(0, 2);
	print_from_spawn("before ");
	/* As if it had been killed: no stop, no close. */
	serve_queues_free(s.slots[0]);
	close_queues(s.slots[0]);
	console_close(&s.slots[0]->d);
	free(s.slots[0]);
	s.slots[0] = NULL;
	memcpy(fake_memory + DATA, "between ", 8);
	offer(1, DATA, 8, 0);
	CHECK_EQ(serve_resume(&s, 0, true, &err), 0);
	serve_start(s.slots[0], true);
	CHECK(s.slots[0]->d.running);
	kick(0, 1);
	print_from_spawn("after");
	sock = join_console("{\"do\":\"console\"}");
	hear(sock, text, sizeof(text));
	CHECK_STR(text, "before between after");
	close(sock);
	end();
}

static void bad_queue_is_left_alone(void)
{
	struct mk_error err;

	begin();
	CHECK_EQ(serve_add(&s, &serve_console, "", &err), 0);
	driver(0, 2);
	offer(1, FAKE_BYTES, 16, 0);
	kick(0, 1);
	CHECK_EQ(used(1), 0);
	offer(1, DATA, 16, 0);
	kick(0, 1);
	CHECK_EQ(used(1), 0);
	driver(0, 2);
	end();
}

static void ring_wraps(void)
{
	static char bytes[CONSOLE_RING_BYTES];
	struct console_ring *ring;
	struct mk_error err;
	char path[PATH_MAX + 16];
	unsigned int i;

	begin();
	snprintf(path, sizeof(path), "%s/console", s.folder);
	CHECK_EQ(console_ring_open(path, &ring, &err), 0);
	for (i = 0; i < 100000; i++)
		console_ring_write(ring, "0123456789", 10);
	CHECK_EQ(console_ring_end(ring), 1000000);
	CHECK_EQ(console_ring_begin(ring), 1000000 - CONSOLE_RING_BYTES);
	CHECK_EQ(console_ring_read(ring, 1000000 - 25, bytes, 100), 25);
	CHECK_EQ(memcmp(bytes, "5678901234567890123456789", 25), 0);
	CHECK_EQ(console_ring_read(ring, console_ring_begin(ring), bytes,
				   sizeof(bytes)),
		 CONSOLE_RING_BYTES);
	for (i = 0; i < CONSOLE_RING_BYTES; i++)
		if (bytes[i] !=
		    '0' + (char)((1000000 - CONSOLE_RING_BYTES + i) % 10))
			break;
	CHECK_EQ(i, CONSOLE_RING_BYTES);
	console_ring_close(ring);
	/* What is no ring becomes one. */
	CHECK_EQ(truncate(path, 100), 0);
	CHECK_EQ(console_ring_open(path, &ring, &err), 0);
	CHECK_EQ(console_ring_end(ring), 0);
	console_ring_close(ring);
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(symlink("/dev/null", path), 0);
	CHECK_EQ(console_ring_open(path, &ring, &err), MK_E_SYSTEM);
	end();
}

static void sizes_are_parsed(void)
{
	static const char *const wrong[] = { "",	"80",	"80 ",	  " 80",
					     "0 24",	"80 0", "80 2 4", "a b",
					     "65536 1", "-1 2", "1  2" };
	uint16_t columns, rows;
	unsigned int i;

	CHECK_EQ(console_size_parse("65535 1", 7, &columns, &rows, NULL), 0);
	CHECK_EQ(columns, 65535);
	CHECK_EQ(rows, 1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_EQ(console_size_parse(wrong[i], strlen(wrong[i]),
					    &columns, &rows, NULL),
			 MK_E_INPUT);
}

/* --- random numbers ------------------------------------------------------- */

static void rng_fills_and_is_limited(void)
{
	struct mk_error err;
	unsigned int i;

	begin();
	CHECK_EQ(serve_add(&s, &serve_rng, "x", &err), MK_E_INPUT);
	CHECK_EQ(serve_add(&s, &serve_rng, "", &err), 0);
	driver(0, 1);
	offer(0, DATA, 64, WRITE);
	kick(0, 0);
	CHECK_EQ(used(0), 1);
	CHECK_EQ(used_length(0, 0), 64);
	for (i = 0; i < 64 && !fake_memory[DATA + i]; i++)
		;
	CHECK(i < 64);
	/* Three of 32 KiB: two at once, the third when time has passed. */
	fake_rounds(&s, 30);
	for (i = 0; i < 3; i++)
		offer(0, DATA, 32 << 10, WRITE);
	kick(0, 0);
	CHECK_EQ(used(0), 3);
	fake_rounds(&s, 30);
	CHECK_EQ(used(0), 4);
	/* Nothing to fill: given back, and the next one still is served. */
	for (i = 0; i < 50; i++)
		offer(0, DATA, 16, 0);
	kick(0, 0);
	fake_rounds(&s, 30);
	offer(0, DATA, 16, WRITE);
	kick(0, 0);
	fake_rounds(&s, 30);
	CHECK_EQ(used(0), 55);
	end();
}

/* --- options -------------------------------------------------------------- */

/* The exit status of reading them; wrong usage exits. */
static int take(const char *const *words, unsigned int nr)
{
	static const struct opt *const groups[] = { serve_options, NULL };
	static const struct usage usage = { .args = "",
					    .groups = groups,
					    .text = "" };
	struct ctl ctl = { .root = "", .verb = "serve" };
	struct serve_wish wish = { 0 };
	char *argv[SERVE_DEVICES * 2 + 8];
	const char *value;
	struct parse p;
	int key, status;
	unsigned int i;
	pid_t child = fork();

	if (child == 0) {
		argv[0] = (char *)"serve";
		for (i = 0; i < nr; i++)
			argv[i + 1] = (char *)words[i];
		argv[nr + 1] = NULL;
		parse_begin(&p, &ctl, &usage, (int)nr + 1, argv);
		while ((key = parse_next(&p, &value)))
			if (!serve_take(&wish, &p, key, value))
				_exit(99);
		_exit((int)(100 + wish.nr));
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status);
}

#define TAKE(...)                                           \
	take((const char *const[]){ __VA_ARGS__ },          \
	     sizeof((const char *const[]){ __VA_ARGS__ }) / \
		     sizeof(const char *))

static void options_are_taken(void)
{
	const char *many[SERVE_DEVICES * 2 + 2];
	char text[SERVE_OPTIONS_BYTES + 1];
	unsigned int i;

	CHECK_EQ(TAKE("--console", "--rng", "--vsock", "3"), 103);
	CHECK_EQ(TAKE("--net", "tap=a", "--net", "tap=b"), 102);
	CHECK_EQ(TAKE("--console", "--console"), MKCTL_USAGE);
	CHECK_EQ(TAKE("--rng", "--rng"), MKCTL_USAGE);
	CHECK_EQ(TAKE("--vsock", "3", "--vsock", "4"), MKCTL_USAGE);
	CHECK_EQ(TAKE("--net", "bad"), MKCTL_USAGE);
	CHECK_EQ(TAKE("--net"), MKCTL_USAGE);
	CHECK_EQ(TAKE("--disk", "x"), MKCTL_USAGE); /* not in this test */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	CHECK_EQ(TAKE("--net", text), MKCTL_USAGE);
	text[sizeof(text) - 2] = '\0';
	CHECK_EQ(TAKE("--net", text), 101);
	for (i = 0; i < SERVE_DEVICES * 2 + 2; i += 2) {
		many[i] = "--net";
		many[i + 1] = "tap=x";
	}
	CHECK_EQ(take(many, SERVE_DEVICES * 2), 164);
	CHECK_EQ(take(many, SERVE_DEVICES * 2 + 2), MKCTL_USAGE);
}

static bool is_done(const char *text)
{
	struct json_object *request, *answer, *value;
	struct mk_error err;
	bool is;

	request = serve_request_parse(text, strlen(text), &err);
	answer = serve_command(&s, request);
	json_object_put(request);
	is = json_object_object_get_ex(answer, "ok", &value) &&
	     json_object_get_boolean(value);
	json_object_put(answer);
	return is;
}

static void policy_is_changed(void)
{
	begin();
	/* All of it or nothing. */
	CHECK(!is_done("{\"do\":\"policy\",\"on-crash\":\"restart\","
		       "\"watchdog\":\"1\"}"));
	CHECK_EQ(s.state->policy.on_crash, 0);
	CHECK(is_done("{\"do\":\"policy\",\"on-crash\":\"dump,restart\","
		      "\"watchdog\":\"3\"}"));
	CHECK_EQ(s.state->policy.on_crash, POLICY_ALL);
	CHECK_EQ(s.state->policy.on_reboot, POLICY_RESTART);
	CHECK_EQ(s.nr_timers, 1);
	CHECK(is_done("{\"do\":\"policy\",\"watchdog\":\"off\"}"));
	CHECK_EQ(s.nr_timers, 0);
	CHECK(is_done("{\"do\":\"end\"}"));
	CHECK_EQ(s.state->end.asked, s.state->life);
	CHECK(is_done("{\"do\":\"start\"}"));
	CHECK_EQ(s.state->end.asked, 0);
	end();
}

int main(void)
{
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	TEST(bad_requests_are_refused);
	TEST(missing_is_removed);
	TEST(policy_is_changed);
	TEST(socket_answers);
	TEST(client_asks);
	TEST(console_talks);
	TEST(slow_reader_is_told);
	TEST(console_survives_its_supervisor);
	TEST(bad_queue_is_left_alone);
	TEST(ring_wraps);
	TEST(sizes_are_parsed);
	TEST(rng_fills_and_is_limited);
	TEST(options_are_taken);
	return done();
}
