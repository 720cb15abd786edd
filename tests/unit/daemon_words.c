// SPDX-License-Identifier: GPL-2.0-only
/* A daemon's messages: bounded at once, whoever reads them. */
#include "serve/daemon_process.c"

#include "check.h"

/* Nobody listens, and it says far more than there is room for. */
static void a_talkative_daemon(void)
{
	char *const argv[] = { "/bin/sh", "-c",
			       "i=0; while [ $i -lt 9000 ]; do i=$((i+1)); "
			       "echo message $i of very many >&2; done; "
			       "exit 3",
			       NULL };
	struct daemon_process process, none = DAEMON_NO_PROCESS;
	char path[] = "/tmp/words-XXXXXX", text[96];
	int log = mkostemp(path, O_APPEND), words, i;
	struct mk_error err = { 0 };
	struct stat st;

	words = daemon_words_open(log, &err);
	CHECK(words >= 0);
	CHECK(daemon_words_is(words));
	CHECK(!daemon_words_is(log));
	CHECK_EQ(daemon_spawn(&process, argv, NULL, 0, words, &err), 0);
	CHECK(wait_end(&process, 20000));
	/* It was not held up. */
	daemon_verdict(&process, text, sizeof(text));
	CHECK_STR(text, "ended with status 3");
	daemon_end(&process, &none, false);
	CHECK_EQ(fstat(words, &st), 0);
	CHECK_EQ(st.st_size, WORDS_ROOM);
	CHECK(ftruncate(words, 2 * WORDS_ROOM) < 0 && errno == EPERM);
	CHECK(daemon_words_keep(words, log, 256 << 10));
	CHECK_EQ(fstat(log, &st), 0);
	CHECK(st.st_size > WORDS_ROOM - 4096 && st.st_size <= WORDS_ROOM);
	daemon_last_words(log, text, sizeof(text));
	CHECK(strstr(text, "of very many") != NULL);
	/* Once only; and there is room again. */
	CHECK(daemon_words_keep(words, log, 256 << 10));
	CHECK_EQ(lseek(log, 0, SEEK_END), st.st_size);
	CHECK_EQ(write(words, "more\n", 5), 5);
	CHECK(daemon_words_keep(words, log, 256 << 10));
	daemon_last_words(log, text, sizeof(text));
	CHECK(strstr(text, "more") != NULL);
	/* The file has its bounds as well. */
	for (i = 0; i < 8; i++) {
		CHECK_EQ(lseek(words, WORDS_ROOM, SEEK_SET), WORDS_ROOM);
		daemon_words_keep(words, log, 256 << 10);
		CHECK_EQ(fstat(log, &st), 0);
		CHECK(st.st_size <= 256 << 10);
	}
	close(words);
	close(log);
	unlink(path);
}

int main(void)
{
	TEST(a_talkative_daemon);
	return done();
}
