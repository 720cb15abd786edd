// SPDX-License-Identifier: GPL-2.0-only
/*
 * The agent's end of commands and copies: wrong requests, wrong frames, users.
 *
 * Called as "exec_agent serve FD" it is the session process itself, which the
 * tests of the host's end start.
 */
#include "init/exec.c"
#include "init/exec_child.c"
#include "init/exec_copy.c"
#include "init/exec_run.c"
#include "init/exec_user.c"

#include <sys/wait.h>

#include "check.h"
#include "exec_space.h"

#define SHORT_MS 3000

/* A session in a process of its own; returns our end. */
static int begin_session(pid_t *pid)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		abort();
	*pid = fork();
	if (*pid == 0) {
		close(ends[0]);
		exec_session(ends[1]);
	}
	close(ends[1]);
	return ends[0];
}

static void end_session(int sock, pid_t pid)
{
	close(sock);
	waitpid(pid, NULL, 0);
}

static void send_frame(int sock, unsigned int type, const void *bytes,
		       size_t length)
{
	struct mkx_frame h = { .type = (uint8_t)type,
			       .length = htole32((uint32_t)length) };

	/* The agent may have hung up already; what it says is what counts. */
	(void)!send(sock, &h, sizeof(h), MSG_NOSIGNAL);
	if (length)
		(void)!send(sock, bytes, length, MSG_NOSIGNAL);
}

/* The type of the next frame; 0 at the end of the connection. */
static unsigned int next_type(int sock, uint8_t *bytes, size_t *length)
{
	struct mkx_frame h;

	if (!receive(sock, (uint8_t *)&h, sizeof(h), exec_now() + SHORT_MS))
		return 0;
	*length = le32toh(h.length);
	if (*length > MKX_DATA_MAX ||
	    !receive(sock, bytes, *length, exec_now() + SHORT_MS))
		return 0;
	return h.type;
}

/* The agent says why, with @words in the sentence. */
static void want_failed(int sock, unsigned int why, const char *words)
{
	static uint8_t bytes[MKX_DATA_MAX + 1];
	size_t length;

	CHECK_EQ(next_type(sock, bytes, &length), MKX_FAILED);
	CHECK_EQ(mk_frame_number(bytes), why);
	bytes[length] = '\0';
	if (!strstr((char *)bytes + sizeof(struct mkx_failed), words)) {
		printf("# no '%s' in '%s'\n", words, bytes + 8);
		check_bad++;
	}
}

static size_t build_run(uint8_t *b, size_t size, bool input, bool tty,
			const char *script)
{
	const char *args[] = { "/bin/sh", "-c", script };
	struct mk_exec_run r = { .user = "",
				 .folder = "/",
				 .args = args,
				 .nr_args = 3,
				 .input = input,
				 .tty = tty };

	return mk_exec_run_build(&r, b, size);
}

/* Every length of a request, cut short, and with one byte too many. */
static void wrong_requests(void)
{
	static const char *pointers[MKX_STRINGS_MAX + 2];
	uint8_t b[512];
	struct mk_exec_run r;
	const char *path, *name;
	size_t n = build_run(b, sizeof(b), true, false, "exit 3"), i;
	bool recursive;
	uint8_t *cut;

	for (i = 0; i < n; i++) {
		cut = malloc(i ? i : 1); /* ASan guards the end */
		memcpy(cut, b, i);
		CHECK(mk_exec_run_parse(cut, i, pointers, &r) != NULL);
		free(cut);
	}
	CHECK(mk_exec_run_parse(b, n, pointers, &r) == NULL);
	CHECK_STR(r.args[2], "exit 3");
	CHECK(r.input && !r.tty);
	b[n] = 0;
	CHECK_STR(mk_exec_run_parse(b, n + 1, pointers, &r),
		  "the request has bytes behind its strings");
	b[8] = 4;
	CHECK_STR(mk_exec_run_parse(b, n, pointers, &r),
		  "the request has unknown flags");
	b[8] = 0;
	b[16] = 0;
	CHECK_STR(mk_exec_run_parse(b, n, pointers, &r),
		  "the request has no command");
	b[16] = 3;
	b[19] = 1;
	CHECK_STR(mk_exec_run_parse(b, n, pointers, &r),
		  "the request has too many strings");
	b[19] = 0;
	b[16] = 2;
	b[20] = 1;
	CHECK_STR(mk_exec_run_parse(b, n, pointers, &r),
		  "the request has a variable without a name or value");
	b[4] = 9;
	CHECK(strstr(mk_exec_run_parse(b, n, pointers, &r), "releases"));
	b[0] = 9;
	CHECK_STR(mk_exec_run_parse(b, n, pointers, &r),
		  "not a request of mkctl");

	n = mk_exec_copy_build(true, "/a", "b", b, sizeof(b));
	CHECK(mk_exec_copy_parse(b, n, &recursive, &path, &name) == NULL);
	CHECK_STR(path, "/a");
	CHECK_STR(name, "b");
	CHECK_STR(mk_exec_copy_parse(b, n, &recursive, &path, NULL),
		  "the request has bytes behind its strings");
	for (i = 0; i < n; i++)
		CHECK(mk_exec_copy_parse(b, i, &recursive, &path, &name));
	n = mk_exec_copy_build(true, "", "b", b, sizeof(b));
	CHECK_STR(mk_exec_copy_parse(b, n, &recursive, &path, &name),
		  "the path is empty");
	n = mk_exec_copy_build(true, "/a", "..", b, sizeof(b));
	CHECK_STR(mk_exec_copy_parse(b, n, &recursive, &path, &name),
		  "the name is no file's name");
	n = mk_exec_copy_build(true, "/a", "b/c", b, sizeof(b));
	CHECK_STR(mk_exec_copy_parse(b, n, &recursive, &path, &name),
		  "the name is no file's name");
	CHECK_EQ(mk_exec_copy_build(true, "/a", "b", b, 17), 17);
	CHECK_EQ(mk_exec_copy_build(true, "/a", "b", b, 16), 0);
}

static void wrong_first_frames(void)
{
	static const struct {
		unsigned int type;
		uint32_t length;
	} wrong[] = {
		{ 0, 0 },	  { 255, 0 },
		{ MKX_IN, 1 },	  { MKX_RUN, 4 },
		{ MKX_PUT, 0 },	  { MKX_RUN, MKX_REQUEST_MAX + 1 },
		{ MKX_RUN, ~0U },
	};
	struct mkx_frame h = { 0 };
	pid_t pid;
	size_t i;
	int sock;

	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		sock = begin_session(&pid);
		h.type = (uint8_t)wrong[i].type;
		h.length = htole32(wrong[i].length);
		CHECK_EQ(send(sock, &h, sizeof(h), 0), sizeof(h));
		want_failed(sock, MKX_WHY_REQUEST, "not a request");
		end_session(sock, pid);
	}
	/* The reserved bytes are zero. */
	sock = begin_session(&pid);
	h = (struct mkx_frame){ MKX_RUN, { 0, 1, 0 }, htole32(64) };
	CHECK_EQ(send(sock, &h, sizeof(h), 0), sizeof(h));
	want_failed(sock, MKX_WHY_REQUEST, "not a request");
	end_session(sock, pid);
}

static void request_without_sense(void)
{
	uint8_t b[64] = { 0 };
	pid_t pid;
	int sock = begin_session(&pid);

	send_frame(sock, MKX_RUN, b, sizeof(b));
	want_failed(sock, MKX_WHY_REQUEST, "not a request of mkctl");
	end_session(sock, pid);
	sock = begin_session(&pid);
	send_frame(sock, MKX_GET, b, sizeof(b));
	want_failed(sock, MKX_WHY_REQUEST, "not a request of mkctl");
	end_session(sock, pid);
}

/* After @type the session ends without an MKX_EXIT, and the command with it. */
static void want_hangup(bool input, unsigned int type, const void *bytes,
			size_t length, unsigned int times)
{
	unsigned int have;
	static uint8_t b[MKX_DATA_MAX];
	size_t n;
	pid_t pid, command;
	int sock = begin_session(&pid);

	n = build_run(b, sizeof(b), input, false, "echo $$; exec sleep 60");
	send_frame(sock, MKX_RUN, b, n);
	CHECK_EQ(next_type(sock, b, &n), MKX_STARTED);
	CHECK_EQ(next_type(sock, b, &n), MKX_OUT);
	command = (pid_t)atoi((char *)b);
	while (times--)
		send_frame(sock, type, bytes, length);
	while ((have = next_type(sock, b, &n)) == MKX_CREDIT)
		;
	CHECK_EQ(have, 0);
	CHECK(alone());
	CHECK(command > 1 && kill(command, 0) && errno == ESRCH);
	close(sock);
}

static void wrong_frames(void)
{
	static const uint8_t data[MKX_DATA_MAX];
	struct mkx_credit credit = { htole32(1), htole32(100) };
	uint32_t number;

	/* Nobody asked for input. */
	want_hangup(false, MKX_IN, "x", 1, 1);
	want_hangup(false, MKX_END, NULL, 0, 1);
	/* More than was credited, and after the end. */
	want_hangup(true, MKX_IN, data, sizeof(data), 16);
	want_hangup(true, MKX_END, NULL, 0, 2);
	/* What only the agent says, and what nobody does. */
	want_hangup(true, MKX_OUT, "x", 1, 1);
	want_hangup(true, MKX_STARTED, NULL, 0, 1);
	want_hangup(true, 200, NULL, 0, 1);
	want_hangup(true, MKX_IN, NULL, 0, 1);
	/* A credit beyond the window, or of no stream. */
	want_hangup(true, MKX_CREDIT, &credit, sizeof(credit), 1);
	credit.stream = 0;
	want_hangup(true, MKX_CREDIT, &credit, sizeof(credit), 1);
	/* No terminal to size; signals that are not forwarded. */
	number = 0;
	want_hangup(true, MKX_SIZE, &number, 4, 1);
	number = htole32(SIGKILL);
	want_hangup(true, MKX_SIGNAL, &number, 4, 1);
	number = htole32(0x80000001);
	want_hangup(true, MKX_SIGNAL, &number, 4, 1);
	number = htole32(3);
	want_hangup(true, MKX_CLOSED, &number, 4, 1);
}

/* A request that never comes ends by itself, without a word. */
static void silence(void)
{
	pid_t pid;
	int sock = begin_session(&pid);
	char byte;

	CHECK_EQ(send(sock, "x", 1, 0), 1);
	shutdown(sock, SHUT_WR);
	CHECK_EQ(read(sock, &byte, 1), 0);
	end_session(sock, pid);
}

/*
 * As after a switch of the root: from another root and mount namespace, where
 * there is no /proc, into those of process 1.
 */
static void other_root(void)
{
	static uint8_t b[MKX_DATA_MAX];
	int ends[2];
	size_t n;
	pid_t pid;

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		if (unshare(CLONE_NEWNS) || chroot("/usr/share") || chdir("/"))
			_exit(1);
		exec_session(ends[1]);
	}
	close(ends[1]);
	n = build_run(b, sizeof(b), false, false,
		      "test -e /etc/passwd && test /proc/1/ns/mnt -ef "
		      "/proc/$$/ns/mnt && exit 42");
	send_frame(ends[0], MKX_RUN, b, n);
	CHECK_EQ(next_type(ends[0], b, &n), MKX_STARTED);
	CHECK_EQ(next_type(ends[0], b, &n), MKX_EXIT);
	CHECK_EQ(mk_frame_number(b + 4), 42);
	end_session(ends[0], pid);
	CHECK(alone());
}

static void users(void)
{
	static struct exec_user u;

	CHECK(exec_user_find("", &u) == NULL);
	CHECK_EQ(u.uid, 0);
	CHECK_STR(u.name, "root");
	CHECK(exec_user_find("1234567", &u) == NULL);
	CHECK_EQ(u.uid, 1234567);
	CHECK_EQ(u.gid, 1234567);
	CHECK(exec_user_find("12345:54321", &u) == NULL);
	CHECK_EQ(u.uid, 12345);
	CHECK_EQ(u.gid, 54321);
	CHECK_STR(exec_user_find("no-such-user", &u),
		  "no such user in its /etc/passwd");
	CHECK_STR(exec_user_find("0:no-such-group", &u),
		  "no such group in its /etc/group");
	CHECK_STR(exec_user_find("-1", &u), "no such user in its /etc/passwd");
	CHECK_STR(exec_user_find("4294967295", &u),
		  "no such user in its /etc/passwd");
	CHECK_STR(exec_user_find("1:4294967295", &u),
		  "no such group in its /etc/group");
	CHECK_STR(exec_user_find("99999999999999999999", &u),
		  "no such user in its /etc/passwd");
	CHECK_STR(exec_user_find("0:", &u), "no such group in its /etc/group");
}

static void places(void)
{
	pid_t *place;
	size_t i;

	for (i = 0; i < MKX_SESSIONS; i++) {
		place = take_place();
		CHECK(place != NULL);
		if (place)
			*place = getpid();
	}
	CHECK(take_place() == NULL);
	sessions[7] = 0x3ffffff0; /* no process has such a number */
	CHECK(take_place() == &sessions[7]);
	memset(sessions, 0, sizeof(sessions));
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "serve"))
		exec_session(atoi(argv[2]));
	if (!own_space()) {
		TEST(wrong_requests);
		TEST(users);
		TEST(places);
		printf("skip - sessions: no process namespace (not root?)\n");
		return done();
	}
	TEST(wrong_requests);
	TEST(users);
	TEST(places);
	TEST(wrong_first_frames);
	TEST(request_without_sense);
	TEST(silence);
	TEST(wrong_frames);
	TEST(other_root);
	return done();
}
