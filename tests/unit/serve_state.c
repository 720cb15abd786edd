// SPDX-License-Identifier: GPL-2.0-only
/* The supervisor's state file and lock, and taking over from a dead one. */
#include "serve_fake.h"

#include <sys/stat.h>

#include "serve/take_over.c"

static struct serve s;
static unsigned int ends; /* of what no state tells of */

unsigned int daemon_end_all(const char *folder)
{
	CHECK_STR(folder, fake_folder);
	return ends++;
}

static unsigned int ends_of; /* of what cannot be taken over */

unsigned int daemon_end_of(const char *folder, const char *name,
			   unsigned int number)
{
	CHECK_STR(folder, fake_folder);
	CHECK_STR(name, "net");
	CHECK_EQ(number, 0);
	return ends_of++;
}

static int add(const char *options)
{
	struct mk_error err;

	return serve_add(&s, &fake_kind, options, &err);
}

/* --- the state file ------------------------------------------------------- */

static int reopen(void)
{
	struct serve_state *state;
	struct mk_error err;
	char path[128];
	int code;

	snprintf(path, sizeof(path), "%s/state", fake_folder);
	code = serve_state_open(path, &state, &err);
	if (!code)
		serve_state_close(state);
	return code;
}

static void state_file_is_checked(void)
{
	struct serve_device_state *d;
	char path[128];

	fake_begin(&s);
	add("x");
	d = &s.state->devices[0];
	snprintf(path, sizeof(path), "%s/state", fake_folder);
	CHECK_EQ(reopen(), 0);
#define WRONG(field, value)                     \
	do {                                    \
		typeof(field) was_ = (field);   \
		(field) = (value);              \
		CHECK_EQ(reopen(), MK_E_INPUT); \
		(field) = was_;                 \
	} while (0)
	WRONG(s.state->magic, 1);
	WRONG(s.state->version, SERVE_STATE_VERSION + 1);
	WRONG(s.state->bytes, 4096);
	WRONG(s.state->policy.on_crash, 4);
	WRONG(s.state->policy.dump_dir[0], 'x');
	WRONG(s.state->history.reserved, 1);
	WRONG(s.state->end.todo, 4);
	WRONG(s.state->end.reserved, 1);
	WRONG(d->used, 2);
	WRONG(d->kind[0], 'X');
	WRONG(d->status, 0x100);
	WRONG(d->queues[0].size, 3);
	WRONG(d->queues[31].size, 2048);
	WRONG(d->queues[0].reserved, 1);
	memset(d->kind, 'n', sizeof(d->kind));
	CHECK_EQ(reopen(), MK_E_INPUT);
	memcpy(d->kind, "net", 4);
	memset(d->options, 'o', sizeof(d->options));
	CHECK_EQ(reopen(), MK_E_INPUT);
	memcpy(d->options, "bad", 4);
	CHECK_EQ(reopen(), MK_E_INPUT);
	memcpy(d->options, "x", 2);
	CHECK_EQ(reopen(), 0);
	CHECK(serve_state_is_of(s.state, &fake.info));
	fake.info.id++;
	CHECK(!serve_state_is_of(s.state, &fake.info));
	fake.info.id--;
	fake.info.events = 1; /* the module was loaded anew */
	CHECK(!serve_state_is_of(s.state, &fake.info));
	CHECK_EQ(truncate(path, 0), 0);
	CHECK_EQ(reopen(), MK_E_NOTFOUND);
	CHECK_EQ(truncate(path, 4096), 0);
	CHECK_EQ(reopen(), MK_E_INPUT);
	CHECK_EQ(truncate(path, sizeof(struct serve_state)), 0);
	CHECK_EQ(reopen(), MK_E_INPUT); /* zeros */
	CHECK_EQ(unlink(path), 0);
	CHECK_EQ(symlink("/dev/zero", path), 0);
	CHECK_EQ(reopen(), MK_E_SYSTEM);
	memset(s.state->devices, 0, sizeof(s.state->devices));
	fake_end(&s);
}

/* As if the supervisor had been killed: what it knew is in the file only. */
static void die(void)
{
	unsigned int i;

	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s.slots[i])
			continue;
		close_queues(s.slots[i]);
		free(s.slots[i]);
		s.slots[i] = NULL;
	}
	serve_state_close(s.state);
	s.state = NULL;
	s.out_nr = 0;
	memset(&kind, 0, sizeof(kind));
}

static int revive(const struct serve_wish *w, struct mk_error *err)
{
	int code = take_over_state(&s, &fake.info, w, err);

	return code ? code : take_over_devices(&s, &fake.info, w, err);
}

static void supervisor_is_replaced(void)
{
	const struct serve_wish none = { 0 };
	struct mk_error err;

	fake_begin(&s);
	add("x");
	s.state->held = 1;
	fake_driver(&s, 0);
	die();
	CHECK_EQ(revive(&none, &err), 0);
	CHECK(kind.resumed_open);
	CHECK_EQ(s.state->devices[0].status, 15);
	serve_start(s.slots[0], true);
	CHECK(kind.resumed_start);
	CHECK(s.slots[0]->d.running);
	/* A request that was on its way is answered as the first time. */
	CHECK_EQ(fake_status(&s, 0, 15), 15);
	CHECK_EQ(kind.starts, 1);

	/* Its place in the file was changed by somebody. */
	die();
	CHECK_EQ(revive(&none, &err), 0);
	s.state->devices[0].queues[0].descriptors = 0;
	serve_start(s.slots[0], true);
	CHECK(!s.slots[0]->d.running);
	CHECK_EQ(s.state->devices[0].status, 15 | 64);

	/* Another life: what was left is ended, then all begins anew. */
	die();
	fake.info.generation++;
	CHECK_EQ(revive(&none, &err), 0);
	CHECK_EQ(kind.opens, 2);
	CHECK_EQ(kind.closes, 1);
	CHECK(!kind.resumed_open);
	CHECK_EQ(s.state->devices[0].status, 0);
	CHECK_EQ(s.state->life, 8);

	/* It cannot be taken over: the place is kept for the next life. */
	fake_driver(&s, 0);
	die();
	kind.open_code = MK_E_SYSTEM;
	CHECK_EQ(revive(&none, &err), 0);
	CHECK(s.slots[0] == NULL);
	CHECK_EQ(s.state->devices[0].used, 1);
	CHECK_EQ(ends_of, 0);
	/* Nor to be ended, in another life: its daemon is found by its log. */
	die();
	kind.open_code = MK_E_SYSTEM;
	fake.info.generation++;
	CHECK_EQ(revive(&none, &err), MK_E_SYSTEM);
	CHECK_EQ(ends_of, 1);
	CHECK_EQ(s.state->devices[0].used, 1);
	die();
	CHECK_EQ(revive(&none, &err), 0);
	CHECK_EQ(s.state->devices[0].used, 1);
	fake.info.state = MK_STATE_STOPPED;
	serve_look(&s);
	CHECK(s.slots[0] != NULL);
	fake_end(&s);
}

static void other_wishes_are_refused(void)
{
	struct serve_wish same = { .nr = 2 }, other = { .nr = 1 }, none = { 0 };
	struct mk_error err;

	same.devices[0].kind = same.devices[1].kind = "net";
	same.devices[0].options = "y";
	same.devices[1].options = "x";
	other.devices[0].kind = "net";
	other.devices[0].options = "x";
	fake_begin(&s);
	add("x");
	add("y");
	s.state->held = 1;
	die();
	CHECK_EQ(revive(&other, &err), MK_E_REFUSED);
	CHECK(strstr(err.text, "--replace") != NULL);
	serve_state_close(s.state);
	CHECK_EQ(revive(&same, &err), 0);
	CHECK_EQ(kind.opens, 2);
	die();
	other.replace = true;
	CHECK_EQ(revive(&other, &err), 0);
	CHECK_EQ(kind.closes, 2); /* of what was left */
	CHECK_EQ(kind.opens, 3);
	CHECK_EQ(ends, 1);
	CHECK(s.slots[1] == NULL);
	/* An instance of the same name inherits nothing. */
	die();
	fake.info.id++;
	CHECK_EQ(revive(&none, &err), 0);
	CHECK_EQ(kind.closes, 1);
	CHECK(s.slots[0] == NULL);
	CHECK(s.fresh);
	fake_end(&s);
}

static void folder_has_one_lock(void)
{
	struct mk_error err;
	char folder[80];
	int lock;

	fake_begin(&s);
	snprintf(folder, sizeof(folder), "%s/web", fake_folder);
	lock = serve_folder_lock(folder, &err);
	CHECK(lock >= 0);
	CHECK_EQ(serve_folder_lock(folder, &err), MK_E_STATE);
	close(lock);
	CHECK_EQ(chmod(folder, 0777), 0);
	CHECK_EQ(serve_folder_lock(folder, &err), MK_E_INPUT);
	serve_folder_remove(folder);
	CHECK_EQ(access(folder, F_OK), -1);
	CHECK_EQ(symlink("/tmp", folder), 0);
	CHECK_EQ(serve_folder_lock(folder, &err), MK_E_INPUT);
	fake_end(&s);
}

int main(void)
{
	/* The log is not what is tested. */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	TEST(state_file_is_checked);
	TEST(supervisor_is_replaced);
	TEST(other_wishes_are_refused);
	TEST(folder_has_one_lock);
	return done();
}
