// SPDX-License-Identifier: GPL-2.0-only
/*
 * The supervisor's process: what it opens, in which order, and how it ends.
 *
 * It ends when the instance is deleted: then nothing is left.  On a signal the
 * devices are let go of; if the spawn runs, the state file and the daemons stay
 * for the next supervisor (systemctl restart), else the daemons are ended and
 * the state file says only which devices there are.
 */
#include "serve_main.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_config.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include "client.h"
#include "core.h"
#include "folder.h"
#include "mkctl/lives.h"
#include "notify.h"
#include "port.h"
#include "take_over.h"

/* One that ends waits for its daemons first. */
#define LOCK_MS	     40000
#define LOCK_STEP_MS 100
#define QUEUE_BYTES  (128 << 10) /* of requests that were not read yet */
/* A write to the port of a spawn that is hung would wait for half a minute. */
#define SEND_MS 100

static struct serve s; /* of this process */
static int signalled = -1; /* eventfd */

/* --- the module ----------------------------------------------------------- */

static int module_send(struct serve *of, const void *bytes, size_t size,
		       struct mk_error *err)
{
	/* Again and again: the first may come before the write waits. */
	struct itimerval limit = {
		.it_interval.tv_usec = SEND_MS * 1000,
		.it_value.tv_usec = SEND_MS * 1000,
	};
	struct itimerval none = { 0 };
	int code;

	setitimer(ITIMER_REAL, &limit, NULL);
	code = mk_port_send(of->port, bytes, size, err);
	setitimer(ITIMER_REAL, &none, NULL);
	return code;
}

static ssize_t module_receive(struct serve *of, void *bytes, size_t size,
			      struct mk_error *err)
{
	return mk_port_receive(of->port, bytes, size, err);
}

static int module_bind(struct serve *of, unsigned int device,
		       unsigned int queue, int kick, int call,
		       struct mk_error *err)
{
	return mk_instance_bind(&of->inst, of->state->life, device, queue, kick,
				call, err);
}

static int module_info(struct serve *of, struct mk_info *info,
		       struct mk_error *err)
{
	return mk_instance_info(&of->inst, info, err);
}

static int module_channel(struct serve *of, struct mk_channel *channel,
			  struct mk_error *err)
{
	return mk_instance_channel(&of->inst, channel, err);
}

static int module_start(struct serve *of, struct mk_error *err)
{
	lives_save(of->name, &of->inst);
	return mk_instance_start(&of->inst, err);
}

static int module_give_up(struct serve *of, struct mk_error *err)
{
	return mk_instance_kill_hung(&of->inst, err);
}

static bool module_is_up(struct serve *of)
{
	struct pollfd pfd = { .fd = of->port, .events = POLLOUT };

	return poll(&pfd, 1, 0) == 1 && (pfd.revents & POLLOUT);
}

static const struct serve_outside module = {
	.send = module_send,
	.receive = module_receive,
	.bind = module_bind,
	.info = module_info,
	.is_up = module_is_up,
	.channel = module_channel,
	.start = module_start,
	.give_up = module_give_up,
	.dump = serve_dumper_ask,
};

/* --- signals -------------------------------------------------------------- */

static void handle_end(int number)
{
	int saved = errno;

	eventfd_write(signalled, 1);
	errno = saved;
}

static void handle_nothing(int number)
{
}

/*
 * The memory went away under us: the instance was deleted.  Zeros in its place
 * let whoever looks at it go on, to an end in order: daemons have to be ended.
 */
static void handle_bus(int number, siginfo_t *info, void *context)
{
	uint8_t *at = info->si_addr;

	if (s.memory.mapped && at >= s.memory.mapped &&
	    at < s.memory.mapped + s.memory.bytes &&
	    mmap(s.memory.mapped, s.memory.bytes, PROT_READ | PROT_WRITE,
		 MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
		 0) != MAP_FAILED) {
		s.gone = true;
		s.stop = true;
		return;
	}
	signal(SIGBUS, SIG_DFL); /* and it happens again */
}

/*
 * Handlers, not a mask or SIG_IGN: daemons that we start would inherit those.
 */
static int take_signals(struct mk_error *err)
{
	static const int ends[] = { SIGTERM, SIGINT, SIGHUP };
	struct sigaction action = { .sa_flags = SA_RESTART };
	sigset_t open;
	size_t i;

	signalled = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (signalled < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "eventfd");
	sigemptyset(&open);
	action.sa_handler = handle_end;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaction(ends[i], &action, NULL);
		sigaddset(&open, ends[i]);
	}
	action.sa_handler = handle_nothing;
	sigaction(SIGPIPE, &action, NULL);
	action.sa_flags = 0; /* it is to interrupt a write */
	sigaction(SIGALRM, &action, NULL);
	sigaddset(&open, SIGALRM);
	action.sa_flags = SA_SIGINFO;
	action.sa_sigaction = handle_bus;
	sigaction(SIGBUS, &action, NULL);
	sigprocmask(SIG_UNBLOCK, &open, NULL);
	return 0;
}

static void end_ready(void *context, uint32_t events)
{
	s.stop = true;
}

static void instance_ready(void *context, uint32_t events)
{
	serve_look(&s);
}

/* --- opening -------------------------------------------------------------- */

static int open_memory(struct mk_info *info, struct mk_error *err)
{
	void *mapped;
	int fd, code;

	code = mk_instance_info(&s.inst, info, err);
	if (code)
		return code;
	fd = mk_instance_memory(&s.inst, err);
	if (fd < 0)
		return fd;
	code = mk_instance_map_writable(&s.inst, info->memory_bytes, &mapped,
					err);
	if (code)
		return code;
	/* Daemons have mappings of their own; a child needs none. */
	madvise(mapped, info->memory_bytes, MADV_DONTFORK);
	s.memory = (struct serve_memory){
		.fd = fd,
		.base = info->memory_base,
		.bytes = info->memory_bytes,
		.mapped = mapped,
	};
	return 0;
}

static int open_port(struct mk_error *err)
{
	const struct mk_attach attach = {
		.flags = MK_ATTACH_F_RECEIVE | MK_ATTACH_F_NONBLOCK,
		.type = MKW_TYPE_VIRTIO,
		.queue_bytes = QUEUE_BYTES,
	};
	int i;

	/* That of a supervisor that was killed is on its way to be closed. */
	for (i = 0; i < 20; i++) {
		s.port = mk_instance_attach(&s.inst, &attach, err);
		if (s.port >= 0)
			return 0;
		if (err->sys_errno != EBUSY)
			break;
		poll(NULL, 0, 100);
	}
	return s.port;
}

static int watch_all(struct mk_error *err)
{
	int code;

	code = serve_watch(&s, signalled, EPOLLIN, end_ready, NULL, err);
	if (!code)
		code = serve_watch(&s, s.inst.fd, EPOLLIN | EPOLLPRI,
				   instance_ready, NULL, err);
	if (!code)
		code = serve_watch(&s, s.port, EPOLLIN, serve_port_ready, &s,
				   err);
	if (!code)
		code = serve_dumper_watch(&s, err);
	return code;
}

/* Go on where the supervisor before us stood. */
static void begin(const struct mk_info *info)
{
	const struct serve_device_state *d;
	unsigned int i;

	s.running = info->state == MK_STATE_RUNNING;
	for (i = 0; i < SERVE_DEVICES; i++) {
		if (!s.slots[i])
			continue;
		d = s.slots[i]->d.state;
		if (d->status & VIRTIO_CONFIG_S_DRIVER_OK &&
		    !(d->status & VIRTIO_CONFIG_S_NEEDS_RESET))
			serve_start(s.slots[i], true);
	}
	if (s.running)
		serve_tick(&s);
	serve_look(&s);
	serve_watch_spawn(&s);
}

/* In the background: what is said from now on goes into a file. */
static int to_the_log(struct mk_error *err)
{
	char path[PATH_MAX + 8];
	int fd, null;

	snprintf(path, sizeof(path), "%s/log", s.folder);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return mk_fail_errno(err, MK_E_SYSTEM, "cannot open %s", path);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		close(null);
	}
	dup2(fd, STDERR_FILENO);
	close(fd);
	s.background = true;
	return 0;
}

static int ready(int ready_fd, struct mk_error *err)
{
	int code = 0;

	if (ready_fd >= 0) {
		code = to_the_log(err);
		if (!code && write(ready_fd, "", 1) != 1)
			code = mk_fail_errno(err, MK_E_SYSTEM,
					     "who started it is gone");
		close(ready_fd);
	}
	serve_notify("READY=1");
	return code;
}

/* --- closing -------------------------------------------------------------- */

static void close_devices(void)
{
	unsigned int i;

	serve_hurry(&s);
	for (i = 0; i < SERVE_DEVICES; i++)
		if (s.slots[i])
			serve_close(s.slots[i]);
	s.state->held = 0;
}

/* The driver shall find its device again: its state stays. */
static void leave_devices(void)
{
	unsigned int i;

	serve_hurry(&s);
	for (i = 0; i < SERVE_DEVICES; i++)
		if (s.slots[i])
			serve_halt(s.slots[i]);
}

static void end(void)
{
	char path[PATH_MAX + 16];

	if (!s.gone)
		serve_look(&s);
	/* One that is cut short is begun anew by the next supervisor. */
	serve_dumper_end(&s);
	snprintf(path, sizeof(path), "%s/control", s.folder);
	serve_control_close(&s);
	unlink(path);
	if (s.running && !s.gone) {
		serve_log(&s, NULL,
			  "ends; the spawn's devices wait for the next "
			  "supervisor (mkctl serve %s)",
			  s.name);
		leave_devices();
	} else {
		if (!s.gone && s.state->end.todo)
			serve_log(&s, NULL,
				  "ends; the next supervisor does what is left "
				  "to do (mkctl serve %s)",
				  s.name);
		close_devices();
	}
	s.state->supervisor = 0;
	if (s.gone) {
		serve_log(&s, NULL, "the instance was deleted");
		serve_folder_remove(s.folder);
	}
}

/* --- the whole ------------------------------------------------------------ */

static int serve(const struct mk_info *info, int ready_fd, struct mk_error *err)
{
	int code;

	code = serve_control_open(&s, err);
	if (!code)
		code = watch_all(err);
	if (!code)
		code = ready(ready_fd, err);
	if (code)
		return code;
	begin(info);
	return serve_loop(&s, err);
}

/* From the lock on: what is there belongs to us. */
static int serve_locked(const struct ctl *ctl, const struct serve_wish *w,
			int ready_fd, struct mk_error *err)
{
	struct mk_info info;
	int code;

	code = open_memory(&info, err);
	if (code)
		return code;
	code = open_port(err);
	if (code < 0)
		return code;
	code = serve_dumper_begin(&s, ctl->root, err);
	if (code)
		return code;
	/* Daemons are started without them, too. */
	code = serve_drop_privileges(err);
	if (code)
		return code;
	code = take_over_state(&s, &info, w, err);
	if (code)
		return code;
	take_over_policy(&s, w);
	code = take_over_devices(&s, &info, w, err);
	if (!code)
		code = serve(&info, ready_fd, err);
	if (!code) {
		end();
		return 0;
	}
	serve_control_close(&s);
	/* Nobody else has seen it: it goes. */
	if (s.fresh) {
		close_devices();
		serve_folder_remove(s.folder);
	} else if (info.state != MK_STATE_RUNNING) {
		/* No spawn needs what lives behind them. */
		close_devices();
		s.state->supervisor = 0;
	} else {
		leave_devices();
		s.state->supervisor = 0;
	}
	return code;
}

/* Without one the folder was made for nothing. */
static bool has_state(void)
{
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/state", s.folder);
	return access(path, F_OK) == 0;
}

/*
 * The supervisor of an instance that had this name before is about to end; that
 * of ours is not.
 */
static bool is_ours(const struct mk_info *info)
{
	struct serve_state *state;
	char path[PATH_MAX + 8];
	bool ours;
	int sock;

	snprintf(path, sizeof(path), "%s/state", s.folder);
	if (serve_state_open(path, &state, NULL))
		return false;
	ours = serve_state_is_of(state, info);
	serve_state_close(state);
	sock = ours ? serve_connect(s.name, NULL) : -1;
	if (sock >= 0)
		close(sock);
	return sock >= 0;
}

static int take_lock(struct mk_error *err)
{
	int64_t until = serve_now() + LOCK_MS;
	struct mk_info info;
	int code;

	code = mk_instance_info(&s.inst, &info, err);
	if (code)
		return code;
	for (;;) {
		s.lock = serve_folder_lock(s.folder, err);
		if (s.lock >= 0)
			return 0;
		if (err->code != MK_E_STATE || is_ours(&info) ||
		    serve_now() >= until)
			return s.lock;
		poll(NULL, 0, LOCK_STEP_MS);
	}
}

static int failed(const char *name, const struct mk_error *err)
{
	if (err->code != MK_E_STATE)
		return fail(name, err);
	say("%s: %s: mkctl device %s shows its devices, mkctl device %s add "
	    "adds one",
	    name, err->text, name, name);
	return MKCTL_COULD_NOT;
}

int serve_run(const struct ctl *ctl, const char *name,
	      const struct serve_wish *w, int ready_fd)
{
	struct mk_error err;
	int status, code;

	serve_notify_init();
	s.port = s.lock = s.control = s.epoll = s.dumper = -1;
	s.outside = &module;
	snprintf(s.name, sizeof(s.name), "%s", name);
	status = open_instance(ctl, name, &s.inst);
	if (status)
		return status;
	code = serve_path(s.folder, sizeof(s.folder), name, NULL, &err);
	if (!code)
		code = take_lock(&err);
	if (!code)
		code = take_signals(&err);
	if (!code)
		code = serve_loop_init(&s, &err);
	if (!code)
		code = serve_locked(ctl, w, ready_fd, &err);
	if (code && s.lock >= 0 && !has_state())
		serve_folder_remove(s.folder);
	/* The rest is closed with the process: wait_for_end() knows. */
	return code ? failed(name, &err) : MKCTL_DONE;
}
