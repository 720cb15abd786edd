// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkctl start: waiting for the devices of the last life, and the supervisor
 * that comes before the spawn and goes when that could not be started.  The
 * module, the time and the supervisor are ours.
 */
#include "../../mkctl/start.c"
#include "../../mkctl/start_devices.c"

#include <stdarg.h>
#include <string.h>
#include <sys/un.h>

#include "check.h"

/* ---- what plays the rest ---- */

static char said[4096];
static int64_t now;
static bool came;

/* MK_IOC_START: EBUSY until then; after it *start_error, 0 = started. */
static int64_t busy_until;
static int start_error;
static unsigned int state, agent, starts;

/* serve_run() */
static int run_status;
static bool run_ready, run_waits;
static int launch_status;
static unsigned int launches, changes, told, saves;
static int change_status;
static int control[2] = { -1, -1 }; /* of the launched one */

const struct opt serve_options[] = { { 0, NULL, NULL, NULL } };
const struct opt policy_options[] = { { 0, NULL, NULL, NULL } };

void say(const char *format, ...)
{
	size_t n = strlen(said);
	va_list args;

	va_start(args, format);
	vsnprintf(said + n, sizeof(said) - n, format, args);
	va_end(args);
	strncat(said, "\n", sizeof(said) - strlen(said) - 1);
}

void note(const struct ctl *ctl, const char *format, ...)
{
}

int fail(const char *name, const struct mk_error *err)
{
	say("%s: %s", name, err->text);
	return err->code == MK_E_UNKNOWN ? MKCTL_UNKNOWN : MKCTL_COULD_NOT;
}

int64_t now_ms(void)
{
	return now;
}

void signals_hold(void)
{
}

bool signals_came(void)
{
	return came;
}

const sigset_t *signals_mask(void)
{
	static sigset_t none;

	return &none;
}

void signals_sleep(int ms)
{
	now += ms;
}

int mk_instance_start(struct mk_instance *inst, struct mk_error *err)
{
	starts++;
	errno = now < busy_until ? EBUSY : start_error;
	if (errno == ETIMEDOUT)
		return mk_fail_kept(err, MK_E_UNKNOWN, "lost");
	return errno ? mk_fail_kept(err, MK_E_REFUSED, "refused") : 0;
}

int mk_instance_info(struct mk_instance *inst, struct mk_info *info,
		     struct mk_error *err)
{
	memset(info, 0, sizeof(*info));
	info->state = state;
	return 0;
}

int mk_instance_channel(struct mk_instance *inst, struct mk_channel *channel,
			struct mk_error *err)
{
	memset(channel, 0, sizeof(*channel));
	channel->agent = agent;
	return 0;
}

int mk_instance_wait(struct mk_instance *inst, int timeout_ms,
		     const sigset_t *signals, struct mk_error *err)
{
	now += timeout_ms;
	return 0;
}

void mk_instance_close(struct mk_instance *inst)
{
}

int spawnlog_begin(struct spawnlog *view, struct mk_instance *inst,
		   struct mk_error *err)
{
	memset(view, 0, sizeof(*view));
	strcpy(view->record.text, "multikernel: runs /init");
	view->record.length = 23;
	view->record.facility = 1;
	return 0;
}

int spawnlog_next(struct spawnlog *view, struct mk_error *err)
{
	return MK_LOG_RECORD;
}

void spawnlog_hurry(struct spawnlog *view)
{
}

const char *spawnlog_format(struct spawnlog *view)
{
	return "";
}

void spawnlog_end(struct spawnlog *view)
{
}

void parse_begin(struct parse *p, struct ctl *ctl, const struct usage *u,
		 int argc, char **argv)
{
}

int parse_next(struct parse *p, const char **value)
{
	return 0;
}

const char *parse_name(struct parse *p)
{
	return "web";
}

int parse_seconds(const struct parse *p, const char *option, const char *value)
{
	return 0;
}

void usage_error(const struct parse *p, const char *format, ...)
{
	abort();
}

int open_instance(const struct ctl *ctl, const char *name,
		  struct mk_instance *inst)
{
	return MKCTL_COULD_NOT;
}

bool serve_take(struct serve_wish *w, const struct parse *p, int key,
		const char *value)
{
	return false;
}

int serve_launch(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w)
{
	launches++;
	return launch_status;
}

int serve_revive(const struct ctl *ctl, const char *name,
		 struct mk_instance *inst)
{
	return MKCTL_DONE;
}

int serve_run(const struct ctl *ctl, const char *name,
	      const struct serve_wish *w, int ready_fd)
{
	if (run_ready && write(ready_fd, "", 1) != 1)
		return 9;
	close(ready_fd);
	while (run_waits)
		pause();
	return run_status;
}

int serve_change(const struct ctl *ctl, const char *name,
		 const struct serve_wish *w)
{
	changes++;
	return change_status;
}

void serve_user_starts(const char *name)
{
	told++;
}

void lives_save(const char *name, struct mk_instance *inst)
{
	saves++;
}

int serve_connect(const char *name, struct mk_error *err)
{
	return control[1] < 0 ? MK_E_NOTFOUND : dup(control[1]);
}

/* ---- tests ---- */

static struct start_args args;

static void begin(void)
{
	said[0] = '\0';
	now = busy_until = 0;
	came = run_ready = run_waits = false;
	start_error = run_status = launch_status = 0;
	starts = launches = changes = told = saves = 0;
	change_status = -1;
	state = MK_STATE_LOADED;
	agent = MK_AGENT_UP;
	memset(&args, 0, sizeof(args));
}

static int start(void)
{
	static const struct ctl ctl = { .root = "" };
	struct mk_instance inst = { .fd = -1 };

	return start_do(&ctl, "web", &inst, &args);
}

static void busy(void)
{
	begin();
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(starts, 1);
	CHECK_STR(said, "");

	begin(); /* a short while is nothing to speak of */
	busy_until = 500;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_STR(said, "");

	begin();
	busy_until = 20000;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_STR(said, "web: waits until devices of its last life are let "
			"go of\n");
	CHECK(now < 20200);

	begin();
	busy_until = 1000000;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(now, 30000);
	CHECK(strstr(said,
		     "held devices of its last life for 30 s, its "
		     "supervisor most likely (mkctl device web)") != NULL);

	begin();
	busy_until = 1000000;
	state = MK_STATE_RUNNING;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_STR(said, "web: refused\n");
	CHECK_EQ(starts, 1);

	begin();
	start_error = ENOEXEC;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_STR(said, "web: refused\n");
	begin();
	came = true;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(starts, 0);
}

static void no_agent(void)
{
	begin();
	args.wait = true;
	args.wait_ms = 1000;
	agent = MK_AGENT_NONE;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_STR(said, "");
	args.wish.nr = 1;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK(strstr(said, "web: runs without an agent") == said);
	said[0] = '\0';
	agent = MK_AGENT_READY;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_STR(said, "");
}

/* The launched supervisor is another process, at the end of a socket. */
static pid_t play_supervisor(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0), ready[2];
	socklen_t size = sizeof(at);
	char byte;
	pid_t pid;

	/* An abstract name of the kernel's choice. */
	if (listener < 0 || bind(listener, (void *)&at, sizeof(sa_family_t)) ||
	    getsockname(listener, (void *)&at, &size) || pipe(ready))
		abort();
	pid = fork();
	if (!pid) {
		if (listen(listener, 1) || write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	if (read(ready[0], &byte, 1) != 1)
		abort();
	close(ready[0]);
	close(ready[1]);
	control[1] = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (connect(control[1], (void *)&at, size))
		abort();
	close(listener);
	return pid;
}

static void launched(void)
{
	int status;
	pid_t pid;

	begin();
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(launches, 0);
	args.wish.nr = 1;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(launches, 1);

	begin();
	args.wish.nr = 1;
	launch_status = MKCTL_COULD_NOT;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(starts, 0);

	/* What follows an end takes one as well; one that is there changes. */
	begin();
	args.wish.nr_policy = 1;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(changes, 1);
	CHECK_EQ(launches, 1);
	CHECK_EQ(told, 1);
	CHECK_EQ(saves, 1);
	CHECK(args.supervisor.launched);
	begin();
	args.wish.nr_policy = 1;
	change_status = MKCTL_DONE;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(launches, 0);
	CHECK(!args.supervisor.launched);
	begin();
	args.wish.nr_policy = 1;
	change_status = MKCTL_COULD_NOT;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(starts, 0);

	/* What could not be started needs none; what may run keeps it. */
	pid = play_supervisor();
	begin();
	args.wish.nr = 1;
	start_error = ETIMEDOUT;
	CHECK_EQ(start(), MKCTL_UNKNOWN);
	CHECK_EQ(waitpid(pid, &status, WNOHANG), 0);
	begin();
	args.wish.nr = 1;
	start_error = EIO;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	CHECK_STR(said, "web: refused\n");
	close(control[1]);
	control[1] = -1;
	CHECK_EQ(start(), MKCTL_COULD_NOT); /* it has ended by itself */
}

static void foreground(void)
{
	begin();
	args.wish.nr = 1;
	args.wish.foreground = true;
	run_status = MKCTL_COULD_NOT; /* before it was ready */
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(starts, 0);
	CHECK_EQ(args.supervisor.pid, 0);
	run_status = MKCTL_DONE; /* the same, if it means well */
	CHECK_EQ(start(), MKCTL_COULD_NOT);

	run_ready = true;
	run_status = 7;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(launches, 0);
	CHECK_EQ(start_stay(&args, MKCTL_DONE), 7);
	CHECK_EQ(start_stay(&args, MKCTL_DONE), MKCTL_DONE);
	run_status = 0;
	CHECK_EQ(start(), MKCTL_DONE);
	CHECK_EQ(start_stay(&args, MKCTL_UNKNOWN), MKCTL_UNKNOWN);

	run_waits = true; /* until we are told to end */
	CHECK_EQ(start(), MKCTL_DONE);
	came = true;
	CHECK_EQ(start_stay(&args, MKCTL_DONE), MKCTL_COULD_NOT);
	came = false;
	start_error = EIO;
	CHECK_EQ(start(), MKCTL_COULD_NOT);
	CHECK_EQ(args.supervisor.pid, 0);
	CHECK_EQ(waitpid(-1, NULL, 0), -1); /* nobody is left */
}

int main(void)
{
	TEST(busy);
	TEST(no_agent);
	TEST(launched);
	TEST(foreground);
	return done();
}
