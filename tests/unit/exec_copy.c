// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkctl cp with the agent's session at the other end of a socket pair: trees
 * there and back, and spawns that send what would be written elsewhere.
 */
#include "mkctl/exec_copy.c"
#include "mkctl/exec_connect.c"
#include "mkctl/messages.c"
#include "mkctl/signals.c"

#include <sys/stat.h>

#include "check.h"
#include "exec_space.h"

static char agent[4096], dir[] = "/tmp/exec_copy.XXXXXX";
static char said[65536]; /* on stderr, by the last copy */

int serve_find_cid(const char *name, uint32_t *cid, struct mk_error *err)
{
	return mk_fail(err, MK_E_NOTFOUND, "not in a test");
}

static int start_agent(void)
{
	char number[16];
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends))
		exit(1);
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fflush(stdout);
	if (fork() == 0) {
		close(ends[0]);
		snprintf(number, sizeof(number), "%d", ends[1]);
		execl(agent, agent, "serve", number, NULL);
		_exit(99);
	}
	close(ends[1]);
	return ends[0];
}

/* A copy over @sock in a process of its own, which is process 1's child. */
static int copy_over(int sock, bool put, bool recursive, const char *from,
		     const char *to)
{
	struct exec_copy copy = { "web", recursive, false, from, to };
	FILE *err = tmpfile();
	int status;
	size_t n;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		dup2(fileno(err), 2);
		_exit(put ? exec_copy_put(sock, &copy)
			  : exec_copy_get(sock, &copy));
	}
	close(sock);
	waitpid(pid, &status, 0);
	rewind(err);
	n = fread(said, 1, sizeof(said) - 1, err);
	said[n] = '\0';
	fclose(err);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int put(bool recursive, const char *from, const char *to)
{
	return copy_over(start_agent(), true, recursive, from, to);
}

static int get(bool recursive, const char *from, const char *to)
{
	return copy_over(start_agent(), false, recursive, from, to);
}

static bool shell(const char *script)
{
	return system(script) == 0;
}

#define SAID(words)                                                     \
	do {                                                            \
		if (!strstr(said, words)) {                             \
			printf("# no '%s' in '%.300s'\n", words, said); \
			check_bad++;                                    \
		}                                                       \
	} while (0)

static const char make_tree[] =
	"rm -rf a b c d; umask 0; mkdir -p a/deep/er/est a/empty 'a/ sp ace' && "
	"printf x >a/one && : >a/none && head -c 300000 /dev/urandom >a/big && "
	"printf y >'a/ sp ace/-n*?\"' && printf z >\"a/$(printf "
	"'new\\nline\\033[2J')\" && printf w >a/$(printf '\\377\\376') && "
	"printf v >a/.hidden && printf u >a/deep/er/est/file && "
	"ln -s /etc/passwd a/abs && ln -s nowhere a/dangling && "
	"ln -s deep a/todir && chmod 640 a/one && chmod 4755 a/big && "
	"chmod 700 a/deep/er && touch -d '2001-02-03 04:05:06.789' a/one "
	"a/deep/er a/empty";

/* What differs, but for the set-user-ID bit; nothing temporary is left. */
static const char compare[] =
	"list() { (cd \"$1\" && find . -mindepth 1 -printf '%P %y %l %T@ ' "
	"-exec stat -c %a {} \\; | sed 's/ 4755$/ 755/' | sort); }; "
	"list a >A; list b >B; diff A B && "
	"diff -r --no-dereference a b && ! find b -name '.mkctl-*' | grep .";

/* A directory that was there keeps its permissions, and changes its time. */
static const char compare_contents[] =
	"diff -r --no-dereference a b && ! find b -name '.mkctl-*' | grep .";

static void there_and_back(void)
{
	CHECK(shell(make_tree));
	CHECK_EQ(put(true, "a", "/proc/1/cwd/b"), 0);
	CHECK_STR(said, "");
	CHECK(shell(compare));
	CHECK(shell("rm -rf b"));
	/* The agent's folder is /, ours is another. */
	CHECK_EQ(get(true, "/proc/1/cwd/a", "b"), 0);
	CHECK_STR(said, "");
	CHECK(shell(compare));
	/* Once more over it; a directory that exists takes it inside. */
	CHECK(shell("mkdir c && mv b c/a"));
	CHECK_EQ(get(true, "/proc/1/cwd/a/", "c"), 0);
	CHECK(shell("mv c/a b"));
	CHECK(shell(compare_contents));
	CHECK_EQ(put(true, "a/.", "/proc/1/cwd/b"), 0);
	CHECK(shell(compare_contents));
	CHECK(alone());
}

static void single_files(void)
{
	CHECK(shell(make_tree));
	CHECK_EQ(put(false, "a/big", "/proc/1/cwd/f"), 0);
	CHECK(shell("cmp a/big f && test $(stat -c %a f) = 755"));
	CHECK_EQ(get(false, "/proc/1/cwd/a/one", "."), 0);
	CHECK(shell("cmp a/one one"));
	/* Through a link at its end, and over one, which is replaced. */
	CHECK(shell("echo old >target && ln -s target link && "
		    "ln -s a/one from"));
	CHECK_EQ(get(false, "/proc/1/cwd/from", "link"), 0);
	CHECK(shell("cmp a/one link && test ! -L link && "
		    "test $(cat target) = old"));
	CHECK_EQ(get(false, "/proc/1/cwd/no-such-file", "x"), 1);
	SAID("mkctl: web: in the spawn: /proc/1/cwd/no-such-file: No such");
	CHECK_EQ(get(false, "/proc/1/cwd/a", "x"), 1);
	SAID("is a directory; -r copies it");
	CHECK_EQ(put(false, "a", "/proc/1/cwd/x"), 1);
	SAID("a is a directory; -r copies it");
	CHECK_EQ(put(false, "no-such-file", "/proc/1/cwd/x"), 1);
	SAID("no-such-file: No such file");
	CHECK_EQ(put(false, "a/one", "/no/such/dir/x"), 1);
	SAID("in the spawn: the directory of /no/such/dir/x: No such");
	CHECK_EQ(put(false, "a/one", "/proc/1/cwd/newdir/"), 1);
	CHECK_EQ(get(false, "/proc/1/cwd/a/one", "no/such/x"), 1);
	SAID("mkctl: the directory of no/such/x: No such");
	CHECK(shell("test ! -e x && ! find . -name '.mkctl-*' | grep ."));
	CHECK(alone());
}

static void standard_streams(void)
{
	int in = dup(0), out = dup(1);

	CHECK(shell(make_tree));
	if (!freopen("a/big", "r", stdin))
		exit(1);
	CHECK_EQ(put(false, "-", "/proc/1/cwd/s"), 0);
	CHECK(shell("cmp a/big s && test $(stat -c %a s) = 644"));
	CHECK_EQ(put(false, "-", "/proc/1/cwd/a"), 1);
	SAID("/proc/1/cwd/a: Is a directory");
	dup2(in, 0);
	fflush(stdout);
	if (!freopen("t", "w", stdout))
		exit(1);
	CHECK_EQ(get(false, "/proc/1/cwd/a/big", "-"), 0);
	fflush(stdout);
	dup2(out, 1);
	CHECK(shell("cmp a/big t"));
	close(in);
	close(out);
	CHECK(alone());
}

static void left_out_files(void)
{
	CHECK(shell("rm -rf a b; mkdir a && mkfifo a/fifo && echo x >a/x"));
	CHECK_EQ(put(true, "a", "/proc/1/cwd/b"), 1);
	SAID("fifo is neither a file, a directory nor a link: left out");
	SAID("1 left out, all else was copied");
	CHECK(shell("cmp a/x b/x && rm -r b"));
	CHECK_EQ(get(true, "/proc/1/cwd/a", "b"), 1);
	SAID("fifo is neither");
	CHECK(shell("cmp a/x b/x"));
	/* A directory in the place of a file, and the other way round. */
	CHECK(shell("rm -rf b && mkdir -p b/x"));
	CHECK_EQ(put(true, "a/.", "/proc/1/cwd/b"), 1);
	SAID("in the spawn: x cannot be replaced: Is a directory");
	CHECK(shell("! find b -name '.mkctl-*' | grep ."));
	CHECK(alone());
}

/* ---- spawns that lie ---- */

static uint8_t lie[1 << 20];
static size_t lie_length;

static void frame(unsigned int type, const void *bytes, size_t length)
{
	struct mkx_frame h = { (uint8_t)type,
			       { 0 },
			       htole32((uint32_t)length) };

	memcpy(lie + lie_length, &h, sizeof(h));
	lie_length += sizeof(h);
	if (length)
		memcpy(lie + lie_length, bytes, length);
	lie_length += length;
}

static void entry(unsigned int kind, const char *name, size_t length,
		  const char *target)
{
	uint8_t b[sizeof(struct mkx_entry) + 8192];
	struct mkx_entry e = { .kind = htole32(kind), .mode = htole32(0755) };
	size_t n = target ? strlen(target) : 0;

	e.name = htole16((uint16_t)length);
	e.target = htole16((uint16_t)n);
	memcpy(b, &e, sizeof(e));
	memcpy(b + sizeof(e), name, length);
	if (n)
		memcpy(b + sizeof(e) + length, target, n);
	frame(MKX_ENTRY, b, sizeof(e) + length + n);
}

static void named(unsigned int kind, const char *name)
{
	entry(kind, name, strlen(name), kind == MKX_LINK ? ".." : NULL);
}

static void begin_lie(void)
{
	lie_length = 0;
	frame(MKX_STARTED, NULL, 0);
	named(MKX_FOLDER, "../../whatever");
}

/* The end of a copy of what was put together since begin_lie(). */
static int hear(bool recursive)
{
	int ends[2], status;
	pid_t pid;

	CHECK(shell("rm -rf in out; mkdir out && echo mine >out/file"));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		exit(1);
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		close(ends[1]);
		signal(SIGPIPE, SIG_IGN);
		(void)!write(ends[0], lie, lie_length);
		shutdown(ends[0], SHUT_WR);
		while (read(ends[0], lie, sizeof(lie)) > 0)
			;
		_exit(0);
	}
	close(ends[0]);
	status = copy_over(ends[1], false, recursive, "/x", "in");
	waitpid(pid, NULL, 0);
	/* Whatever came: nothing beside it, nothing unfinished. */
	CHECK(shell("test \"$(cat out/file)\" = mine && "
		    "test $(ls out | wc -l) = 1 && "
		    "test $(ls -A | grep -vxE 'in|out|A|B' | wc -l) = 0 && "
		    "! find . -name '.mkctl-*' | grep ."));
	return status;
}

#define LIE(words, frames)                                         \
	do {                                                       \
		begin_lie();                                       \
		frames;                                            \
		CHECK_EQ(hear(true), 1);                           \
		SAID("the other side broke the protocol: " words); \
	} while (0)

static void lies(void)
{
	char name[300];
	int i;

	CHECK(shell("rm -rf *"));
	memset(name, 'n', sizeof(name));
	LIE("a name with a path", named(MKX_FILE, ".."));
	LIE("a name with a path", named(MKX_FOLDER, ".."));
	LIE("a name with a path", named(MKX_FILE, "."));
	LIE("a name with a path", named(MKX_FILE, ""));
	LIE("a name with a path", named(MKX_FILE, "../out/file"));
	LIE("a name with a path", named(MKX_LINK, "/tmp/x"));
	LIE("a name with a path", named(MKX_FOLDER, "a/b"));
	LIE("a NUL in a name", entry(MKX_FILE, "a\0b", 3, NULL));
	LIE("a name is too long", entry(MKX_FILE, name, 256, NULL));
	LIE("an entry of an unknown kind", named(0, "x"));
	LIE("an entry with wrong values", entry(MKX_LINK, "x", 1, NULL));
	LIE("an entry with wrong values", entry(MKX_FILE, "x", 1, "y"));
	LIE("it left the tree", frame(MKX_UP, NULL, 0); frame(MKX_UP, NULL, 0));
	LIE("more than one tree", frame(MKX_UP, NULL, 0); named(MKX_FILE, "x"));
	LIE("the tree is not complete", frame(MKX_DONE, NULL, 0));
	LIE("an unexpected frame", frame(MKX_DATA, "x", 1));
	LIE("an unexpected frame", frame(MKX_END, NULL, 0));
	LIE("an unexpected frame", frame(MKX_OUT, "x", 1));
	LIE("something else within a file", named(MKX_FILE, "x");
	    named(MKX_FILE, "y"));
	LIE("something else within a file", named(MKX_FILE, "x");
	    frame(MKX_DONE, NULL, 0));

	/* Too deep. */
	begin_lie();
	for (i = 0; i < MKX_DEPTH_MAX; i++)
		named(MKX_FOLDER, "d");
	CHECK_EQ(hear(true), 1);
	SAID("d is more than 128 directories deep");
	/* No frame at all. */
	begin_lie();
	frame(99, "x", 1);
	CHECK_EQ(hear(true), 1);
	SAID("the spawn broke the protocol (not a frame)");
	/* A directory where a file was asked for. */
	begin_lie();
	CHECK_EQ(hear(false), 1);
	SAID("in: Is a directory");
}

/* A directory, once it was replaced by a link to elsewhere. */
static void through_a_link(void)
{
	begin_lie();
	entry(MKX_LINK, "l", 1, "../out");
	named(MKX_FOLDER, "l");
	named(MKX_FILE, "file");
	frame(MKX_DATA, "theirs", 6);
	frame(MKX_END, NULL, 0);
	CHECK_EQ(hear(true), 1);
	SAID("the directory l cannot be entered");
	/* A file over the link replaces it. */
	begin_lie();
	entry(MKX_LINK, "l", 1, "../out/file");
	named(MKX_FILE, "l");
	frame(MKX_DATA, "theirs", 6);
	frame(MKX_END, NULL, 0);
	frame(MKX_UP, NULL, 0);
	frame(MKX_DONE, NULL, 0);
	CHECK_EQ(hear(true), 0);
	CHECK(shell("test \"$(cat in/l)\" = theirs && test ! -L in/l"));
	/* The top, too: it is called what the caller says. */
	lie_length = 0;
	frame(MKX_STARTED, NULL, 0);
	named(MKX_FILE, "../out/file");
	frame(MKX_END, NULL, 0);
	frame(MKX_DONE, NULL, 0);
	CHECK_EQ(hear(false), 0);
	CHECK(shell("test -f in"));
}

/* Cut off in the middle of a file; and words for the terminal. */
static void lost_copies(void)
{
	static const char failed[] = "\10\0\0\0\0\0\0\0no \033[2J";

	begin_lie();
	named(MKX_FILE, "half");
	frame(MKX_DATA, "half", 4);
	CHECK_EQ(hear(true), 3);
	SAID("the connection was lost; it is unknown how much was copied");
	CHECK(shell("test -d in && test ! -e in/half"));
	lie_length = 0;
	CHECK_EQ(hear(true), 3);
	lie_length = 0;
	frame(MKX_FAILED, failed, sizeof(failed) - 1);
	CHECK_EQ(hear(true), 1);
	CHECK_STR(said, "mkctl: web: in the spawn: no ?[2J\n");
	lie_length = 0;
	frame(MKX_DONE, NULL, 0);
	CHECK_EQ(hear(true), 1);
	SAID("an unexpected frame");
	/* A mode with a set-user-ID bit is none. */
	begin_lie();
	named(MKX_FILE, "s");
	lie[lie_length - 1 - 28 + 1] = 0xed;
	lie[lie_length - 1 - 28 + 2] = 0x09;
	CHECK_EQ(hear(true), 1);
	SAID("an entry with wrong values");
}

static void base_names(void)
{
	char name[MKX_NAME_MAX + 1];

	exec_base_name("/a/b", name, sizeof(name));
	CHECK_STR(name, "b");
	exec_base_name("b//", name, sizeof(name));
	CHECK_STR(name, "b");
	exec_base_name("/", name, sizeof(name));
	CHECK_STR(name, ".");
	exec_base_name("../..", name, sizeof(name));
	CHECK_STR(name, ".");
	exec_base_name("a/.", name, sizeof(name));
	CHECK_STR(name, ".");
}

int main(int argc, char **argv)
{
	ssize_t n = readlink("/proc/self/exe", agent, sizeof(agent) - 8);

	TEST(base_names);
	if (n < 0 || !own_space()) {
		printf("skip - copies: no process namespace (not root?)\n");
		return done();
	}
	agent[n] = '\0';
	strcpy(strrchr(agent, '/'), "/exec_agent");
	if (!mkdtemp(dir) || chdir(dir))
		exit(1);
	TEST(lies);
	TEST(through_a_link);
	TEST(lost_copies);
	if (access(agent, X_OK)) {
		printf("skip - copies: no %s (make unit builds it)\n", agent);
	} else {
		TEST(there_and_back);
		TEST(single_files);
		TEST(standard_streams);
		TEST(left_out_files);
	}
	if (chdir("/") ||
	    (strlen(dir) > 10 && rmdir(dir) && errno != ENOTEMPTY))
		exit(1);
	execl("/bin/sh", "sh", "-c", "rm -rf \"$0\"; exit \"$1\"", dir,
	      done() ? "1" : "0", NULL);
	return 1;
}
