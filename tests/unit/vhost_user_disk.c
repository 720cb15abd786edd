// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disks, with the real qemu-storage-daemon: requests, ends, and restarts of the
 * supervisor that the daemon survives.
 */
#include "vhost_user_driver.h"

#include <linux/virtio_blk.h>

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#define STOP_MS		1500
#define DAEMON_REPLY_MS 3000
#include "serve/daemon.c"
#include "serve/daemon_begin.c"
#include "serve/daemon_process.c"
#include "serve/disk.c"

#define SECTORS 2048 /* of the image */

static struct serve core;
static char image[64];

static bool have_daemon(void)
{
	return access(program(), X_OK) == 0;
}

#define NEED_DAEMON()       \
	if (!have_daemon()) \
	SKIP("qemu-storage-daemon is not installed")

static void make_image(void)
{
	int fd;

	strcpy(image, "/tmp/mk-disk-XXXXXX");
	fd = mkstemp(image);
	CHECK(fd >= 0 && ftruncate(fd, SECTORS * 512) == 0);
	close(fd);
}

static int open_disk(const char *more, struct mk_error *err)
{
	char options[128];

	snprintf(options, sizeof(options), "%s%s", image, more);
	return serve_disk.open(&core.d, options, false, err);
}

static int32_t daemon_pid(void)
{
	return ((struct state *)core.state->backend)->pid;
}

/* Its end is seen to have come; whoever watches it is left to reap it. */
static void end_daemon(void)
{
	int32_t pid = daemon_pid();
	siginfo_t info;

	CHECK(pid > 1); /* 0 would be all of us */
	if (pid > 1 && !kill(pid, SIGKILL))
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
}

/* A zombie that nobody reaps yet has no files any more. */
static bool lives(int32_t pid)
{
	uint64_t device, inode;

	return executable(pid, &device, &inode);
}

/* One request: header at BUFFERS, status behind it, data two pages on. */
static void put(unsigned int queue, unsigned int first, uint32_t type,
		uint64_t sector, uint32_t length)
{
	uint32_t at = BUFFERS + (queue * RING_SIZE + first) * 0x4000;
	struct virtio_blk_outhdr *head = (void *)(core.memory.mapped + at);
	struct part parts[3] = { { at, sizeof(*head), false } };
	unsigned int n = 1;

	*head = (struct virtio_blk_outhdr){ .type = type, .sector = sector };
	core.memory.mapped[at + 0x800] = 0xff;
	if (length)
		parts[n++] = (struct part){ at + 0x2000, length,
					    type == VIRTIO_BLK_T_IN };
	parts[n++] = (struct part){ at + 0x800, 1, true };
	ring_add(&core, queue, first, parts, n);
}

static uint8_t *data_of(unsigned int queue, unsigned int first)
{
	return core.memory.mapped + BUFFERS +
	       (queue * RING_SIZE + first) * 0x4000 + 0x2000;
}

static int status_of(unsigned int queue, unsigned int first)
{
	return data_of(queue, first)[-0x2000 + 0x800];
}

static int request(unsigned int queue, uint32_t type, uint64_t sector,
		   uint32_t length)
{
	uint16_t used = ring_used(&core, queue);

	put(queue, 0, type, sector, length);
	ring_kick(&core, queue);
	if (!ring_wait(&core, queue, (uint16_t)(used + 1)))
		return -1;
	return status_of(queue, 0);
}

static bool image_has(uint64_t sector, uint8_t byte, size_t length)
{
	int fd = open(image, O_RDONLY);
	uint8_t bytes[4096];
	size_t i;
	bool same = pread(fd, bytes, length, (off_t)sector * 512) ==
		    (ssize_t)length;

	for (i = 0; i < length; i++)
		same = same && bytes[i] == byte;
	close(fd);
	return same;
}

/* Write, flush, read back; then the file must have it. */
static void round_trip(unsigned int queue, uint64_t sector, uint8_t byte)
{
	memset(data_of(queue, 0), byte, 4096);
	CHECK_EQ(request(queue, VIRTIO_BLK_T_OUT, sector, 4096), 0);
	CHECK_EQ(request(queue, VIRTIO_BLK_T_FLUSH, 0, 0), 0);
	memset(data_of(queue, 0), 0, 4096);
	CHECK_EQ(request(queue, VIRTIO_BLK_T_IN, sector, 4096), 0);
	CHECK_EQ(data_of(queue, 0)[0], byte);
	CHECK_EQ(data_of(queue, 0)[4095], byte);
	CHECK(image_has(sector, byte, 4096));
}

static void options(void)
{
	static const struct {
		const char *options, *error; /* NULL: correct */
	} cases[] = {
		{ "/a", NULL },
		{ "/a,ro,format=raw,queues=8", NULL },
		{ "vhost-user:/s,ro,queues=2", NULL },
		{ "", "disk: \"\" must be a path from /" },
		{ "a.img", "disk: \"a.img\" must be a path from /" },
		{ "vhost-user:s", "disk: \"s\" must be a path from /" },
		{ "/a,format=vmdk", "disk: format=vmdk is not raw or qcow2" },
		{ "/a,queues=0", "disk: queues=0 is not 1 to 8" },
		{ "/a,queues=9", "disk: queues=9 is not 1 to 8" },
		{ "/a,queues=10", "disk: queues=10 is not 1 to 8" },
		{ "/a,queues=", "disk: queues= is not 1 to 8" },
		{ "/a,rw", "disk: \"rw\" is not ro, format=raw, format=qcow2 "
			   "or queues=N" },
		{ "/a,", "disk: \"\" is not ro, format=raw, format=qcow2 or "
			 "queues=N" },
		{ "vhost-user:/s,format=raw",
		  "disk: the format is the daemon's business with "
		  "vhost-user:" },
	};
	char text[SERVE_OPTIONS_BYTES + 8];
	struct mk_error err;
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int e = serve_disk.check(cases[i].options, &err);

		CHECK_EQ(e, cases[i].error ? MK_E_INPUT : 0);
		if (cases[i].error)
			CHECK_STR(err.text, cases[i].error);
	}
	memset(text, 'x', sizeof(text));
	text[0] = '/';
	text[sizeof(text) - 1] = '\0';
	CHECK_EQ(serve_disk.check(text, &err), MK_E_INPUT);
	CHECK_STR(err.text, "disk: the options are too long");
	memcpy(text, "vhost-user:/", 12);
	text[12 + DAEMON_SOCKET_MAX] = '\0';
	CHECK_EQ(serve_disk.check(text, &err), MK_E_INPUT);
	CHECK_STR(err.text, "disk: the path of a socket has 107 bytes at most");
}

static void reads_and_writes(void)
{
	struct virtio_blk_config *config = (void *)core.d.config;
	struct mk_error err = { 0 };
	int32_t pid;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	CHECK_EQ(open_disk(",queues=2", &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(config->capacity, SECTORS);
	CHECK_EQ(config->num_queues, 2);
	CHECK(core.d.features & BIT(VIRTIO_BLK_F_FLUSH));
	CHECK(core.d.features & BIT(VIRTIO_BLK_F_MQ));
	CHECK(!(core.d.features & ~DISK_FEATURES));
	CHECK(!(core.d.features & BIT(VIRTIO_BLK_F_RO)));
	CHECK_EQ(core_start(&core, false, &err), 0);
	CHECK_STR(err.text, "");
	round_trip(0, 8, 0x5a);
	CHECK(ring_told(&core, 0));
	round_trip(1, 64, 0xa5);
	CHECK(ring_told(&core, 1));
	/* Past the end: an error of the disk, and it goes on. */
	CHECK_EQ(request(0, VIRTIO_BLK_T_IN, SECTORS, 4096),
		 VIRTIO_BLK_S_IOERR);
	/* The driver resets it and sets it up again: the disk grew. */
	pid = daemon_pid();
	core_stop(&core);
	CHECK(!lives(pid));
	CHECK_EQ(truncate(image, SECTORS * 2 * 512), 0);
	CHECK_EQ(core_start(&core, false, &err), 0);
	CHECK_EQ(core.config_changes, 1);
	CHECK_EQ(config->capacity, SECTORS * 2);
	round_trip(0, SECTORS, 0x77);
	core_stop(&core);
	serve_disk.close(&core.d);
	CHECK_STR(core.broken, "");
	unlink(image);
	core_end(&core);
}

static void stops_after_what_is_under_way(void)
{
	struct mk_error err = { 0 };
	unsigned int i;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_EQ(core_start(&core, false, &err), 0);
	for (i = 0; i < 20; i++) {
		memset(data_of(0, i * 3), 0x11, 4096);
		put(0, i * 3, VIRTIO_BLK_T_OUT, i * 8, 4096);
	}
	ring_kick(&core, 0);
	core_stop(&core);
	CHECK_STR(core.log, "");
	/* What was taken is done: nothing changes any more. */
	i = ring_used(&core, 0);
	usleep(100000);
	CHECK_EQ(ring_used(&core, 0), i);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void read_only(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	CHECK_EQ(open_disk(",ro", &err), 0);
	CHECK(core.d.features & BIT(VIRTIO_BLK_F_RO));
	CHECK_EQ(core_start(&core, false, &err), 0);
	memset(data_of(0, 0), 1, 512);
	CHECK_EQ(request(0, VIRTIO_BLK_T_OUT, 0, 512), VIRTIO_BLK_S_IOERR);
	CHECK(image_has(0, 0, 512));
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void refuses(void)
{
	struct mk_error err = { 0 };
	struct serve other;
	char want[256], reader[80];

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	/* A second writer. */
	core_begin(&other, &serve_disk);
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_EQ(serve_disk.open(&other.d, image, false, &err), MK_E_STATE);
	snprintf(want, sizeof(want),
		 "%s is in use by another process (another instance?)", image);
	CHECK_STR(err.text, want);
	CHECK(other.d.backend == NULL);
	serve_disk.close(&core.d);
	/* Readers do not mind readers, but they do mind writers. */
	CHECK_EQ(open_disk(",ro", &err), 0);
	snprintf(reader, sizeof(reader), "%s,ro", image);
	CHECK_EQ(serve_disk.open(&other.d, reader, false, &err), 0);
	serve_disk.close(&other.d);
	CHECK_EQ(serve_disk.open(&other.d, image, false, &err), MK_E_STATE);
	CHECK_STR(err.text, want);
	core_end(&other);
	serve_disk.close(&core.d);
	/* What is no image. */
	CHECK_EQ(open_disk(",format=qcow2", &err), MK_E_INPUT);
	snprintf(want, sizeof(want), "%s is no qcow2 image: is it format=raw?",
		 image);
	CHECK_STR(err.text, want);
	CHECK_EQ(serve_disk.open(&core.d, "/dev/null", false, &err),
		 MK_E_INPUT);
	CHECK_STR(err.text, "/dev/null is neither a file nor a block device");
	CHECK_EQ(serve_disk.open(&core.d, "/nowhere/x", false, &err),
		 MK_E_SYSTEM);
	CHECK_STR(err.text, "open /nowhere/x: No such file or directory");
	/* What is no storage daemon. */
	setenv("MULTIKERNEL_STORAGE_DAEMON", "/nowhere/daemon", 1);
	CHECK_EQ(open_disk("", &err), MK_E_NOTFOUND);
	CHECK_STR(err.text, "/nowhere/daemon is not there: install it");
	setenv("MULTIKERNEL_STORAGE_DAEMON", "/bin/false", 1);
	CHECK_EQ(open_disk("", &err), MK_E_SYSTEM);
	CHECK_STR(err.text, "qemu-storage-daemon ended with status 1: it said "
			    "nothing");
	unsetenv("MULTIKERNEL_STORAGE_DAEMON");
	CHECK_EQ(serve_disk.open(&core.d, "vhost-user:/nowhere/s", false, &err),
		 MK_E_SYSTEM);
	CHECK_STR(err.text, "connect to /nowhere/s (does the daemon run?): "
			    "No such file or directory");
	unlink(image);
	core_end(&core);
}

static void a_raw_image_stays_raw(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_EQ(core_start(&core, false, &err), 0);
	memcpy(data_of(0, 0), "QFI\xfb", 4);
	CHECK_EQ(request(0, VIRTIO_BLK_T_OUT, 0, 512), 0);
	core_stop(&core);
	CHECK_EQ(core_start(&core, false, &err), 0);
	CHECK(strstr(core.log, "begins like a qcow2 image") != NULL);
	CHECK_EQ(core.config_changes, 0);
	CHECK_EQ(request(0, VIRTIO_BLK_T_IN, 0, 512), 0);
	CHECK(memcmp(data_of(0, 0), "QFI\xfb", 4) == 0);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void put_big(int fd, uint64_t value, unsigned int bytes, off_t at)
{
	uint8_t big[8];
	unsigned int i;

	for (i = 0; i < bytes; i++)
		big[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
	CHECK_EQ(pwrite(fd, big, bytes, at), bytes);
}

/*
 * An empty qcow2 image of 64 MiB (QEMU, docs/interop/qcow2.txt, version 2):
 * header, refcount table, its one block, and the first level table, each in a
 * cluster of 64 KiB.
 */
static void make_qcow2(void)
{
	int fd = open(image, O_RDWR | O_CREAT, 0600);
	unsigned int i;

	CHECK(fd >= 0 && ftruncate(fd, 4 * 65536) == 0);
	put_big(fd, 0x514649fb, 4, 0);
	put_big(fd, 2, 4, 4);
	put_big(fd, 16, 4, 20);
	put_big(fd, 64 << 20, 8, 24);
	put_big(fd, 1, 4, 36);
	put_big(fd, 3 * 65536, 8, 40);
	put_big(fd, 1 * 65536, 8, 48);
	put_big(fd, 1, 4, 56);
	put_big(fd, 2 * 65536, 8, 65536);
	for (i = 0; i < 4; i++)
		put_big(fd, 1, 2, 2 * 65536 + 2 * i);
	close(fd);
}

static void qcow2(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	unlink(image);
	strcat(image, ".qcow2");
	make_qcow2();
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(((struct virtio_blk_config *)core.d.config)->capacity,
		 (64 << 20) / 512);
	CHECK_EQ(core_start(&core, false, &err), 0);
	memset(data_of(0, 0), 0x19, 4096);
	CHECK_EQ(request(0, VIRTIO_BLK_T_OUT, 1000, 4096), 0);
	core_stop(&core);
	CHECK_EQ(core_start(&core, false, &err), 0);
	CHECK_EQ(request(0, VIRTIO_BLK_T_IN, 1000, 4096), 0);
	CHECK_EQ(data_of(0, 0)[4095], 0x19);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void a_daemon_that_dies(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	CHECK_EQ(open_disk("", &err), 0);
	/* Before the driver: a new one takes its place. */
	end_daemon();
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 0, 0x42);
	end_daemon();
	CHECK(loop_once(&core, 5000));
	CHECK(core.d.broken);
	CHECK_STR(core.broken,
		  "qemu-storage-daemon was ended by signal 9 (Killed)");
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

/*
 * Another process is the supervisor: it serves, and is killed with @requests
 * under way.
 */
static void killed_supervisor(unsigned int requests, bool kill_daemon)
{
	struct mk_error err = { 0 };
	unsigned int i;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (open_disk("", &err) || core_start(&core, false, &err)) {
			printf("# %s\n", err.text);
			_exit(1);
		}
		round_trip(0, 8, 0x5a);
		/* So that what follows cannot be done before the end. */
		if (kill_daemon) {
			end_daemon();
			waitpid(daemon_pid(), NULL, 0);
		}
		for (i = 0; i < requests; i++) {
			memset(data_of(0, i * 3), (int)(0x20 + i), 4096);
			put(0, i * 3, VIRTIO_BLK_T_OUT, 100 + i * 8, 4096);
		}
		ring_kick(&core, 0);
		if (check_bad)
			_exit(2);
		kill(getpid(), SIGKILL);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	core_forget(&core);
}

static void survives_the_supervisor(void)
{
	struct mk_error err = { 0 };
	unsigned int i;
	int32_t pid;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	killed_supervisor(10, false);
	pid = daemon_pid();
	/* One more that nobody was kicked for. */
	memset(data_of(0, 30), 0x33, 4096);
	put(0, 30, VIRTIO_BLK_T_OUT, 400, 4096);
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(((struct virtio_blk_config *)core.d.config)->capacity,
		 SECTORS);
	CHECK_EQ(core.state->features, core.d.features | 1ULL << 32);
	CHECK_EQ(core_start(&core, true, &err), 0);
	CHECK_STR(err.text, "");
	CHECK_EQ(daemon_pid(), pid);
	CHECK(ring_wait(&core, 0, 3 + 11));
	CHECK(ring_told(&core, 0));
	for (i = 0; i < 10; i++)
		CHECK(image_has(100 + i * 8, (uint8_t)(0x20 + i), 4096));
	CHECK(image_has(400, 0x33, 4096));
	round_trip(0, 16, 0x66);
	/* It is not our child: its end is seen all the same. */
	kill(pid, SIGKILL);
	CHECK(loop_once(&core, 5000));
	CHECK(strncmp(core.broken, "qemu-storage-daemon ended", 25) == 0 ||
	      strstr(core.broken, "signal 9") != NULL);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

/* Stopped in order, and not by the driver: it goes on where it was. */
static void goes_on_after_a_stop(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	killed_supervisor(0, false);
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	core_stop(&core);
	/* Put there meanwhile, and another supervisor comes. */
	memset(data_of(0, 0), 0x31, 4096);
	put(0, 0, VIRTIO_BLK_T_OUT, 200, 4096);
	serve_disk.close(&core.d);
	core_forget(&core);
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(ring_wait(&core, 0, 4));
	CHECK(image_has(200, 0x31, 4096));
	round_trip(0, 24, 0x68);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void survives_and_stops(void)
{
	struct mk_error err = { 0 };
	int32_t pid;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	killed_supervisor(0, false);
	pid = daemon_pid();
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	core_stop(&core);
	CHECK_STR(core.log, "");
	CHECK(!lives(pid));
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 16, 0x66);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

static void both_are_gone(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	/* Nothing outstanding: a new one goes on where the old one was. */
	killed_supervisor(0, true);
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	CHECK_STR(err.text, "");
	round_trip(0, 24, 0x67);
	core_stop(&core);
	serve_disk.close(&core.d);
	/* Requests outstanding: nobody knows. */
	memset(core.state, 0, sizeof(*core.state));
	core_forget(&core);
	killed_supervisor(2, true);
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), MK_E_STATE);
	CHECK_STR(err.text,
		  "qemu-storage-daemon is gone with 2 request(s) "
		  "outstanding, which may be half done: restart the instance");
	CHECK_STR(core.broken, err.text);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

/* A state file that says anything must not make us talk to a stranger. */
static void a_wrong_state(void)
{
	struct mk_error err = { 0 };
	struct state *st;
	int32_t pid;
	int i;

	NEED_DAEMON();
	for (i = 0; i < 4; i++) {
		core_begin(&core, &serve_disk);
		make_image();
		killed_supervisor(0, false);
		pid = daemon_pid();
		st = (struct state *)core.state->backend;
		if (i == 0)
			st->start++;
		else if (i == 1)
			st->kick[0] = st->connection;
		else if (i == 2)
			st->connection = -5;
		else
			st->nr_queues = 0xffffffff;
		CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
		CHECK_EQ(core_start(&core, true, &err), 0);
		CHECK(daemon_pid() != pid);
		round_trip(0, 24, 0x67);
		core_stop(&core);
		serve_disk.close(&core.d);
		unlink(image);
		core_end(&core);
	}
}

/* Killed in the middle of a reset: the driver asks again, nothing is served. */
static void killed_while_stopping(void)
{
	struct mk_error err = { 0 };

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	killed_supervisor(0, false);
	((struct state *)core.state->backend)->phase = PHASE_STOPPING;
	CHECK_EQ(serve_disk.open(&core.d, image, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	core_stop(&core);
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 24, 0x67);
	core_stop(&core);
	serve_disk.close(&core.d);
	unlink(image);
	core_end(&core);
}

/* A daemon that somebody else has started. */
static void at_a_socket(void)
{
	char path[80], options[128], blockdev[160], export[200];
	struct mk_error err = { 0 };
	unsigned int i;
	pid_t pid;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	snprintf(path, sizeof(path), "%s.sock", image);
	snprintf(options, sizeof(options), "vhost-user:%s", path);
	snprintf(blockdev, sizeof(blockdev),
		 "driver=file,node-name=f,filename=%s", image);
	snprintf(export, sizeof(export),
		 "type=vhost-user-blk,id=e,node-name=f,writable=on,"
		 "addr.type=unix,addr.path=%s",
		 path);
	pid = fork();
	if (pid == 0) {
		execl(program(), program(), "--blockdev", blockdev, "--export",
		      export, NULL);
		_exit(127);
	}
	for (i = 0; i < 1000 && access(path, F_OK) < 0; i++)
		usleep(10000);
	CHECK_EQ(serve_disk.open(&core.d, options, false, &err), 0);
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 8, 0x5b);
	/* A reset, and again: by another connection. */
	core_stop(&core);
	CHECK_STR(core.log, "");
	CHECK_EQ(core_start(&core, false, &err), 0);
	CHECK_STR(err.text, "");
	round_trip(0, 8, 0x5c);
	/* As if we had been killed: it sees the end of the connection. */
	close(((struct daemon *)core.d.backend)->connection);
	free(core.d.backend);
	core_forget(&core);
	CHECK_EQ(serve_disk.open(&core.d, options, true, &err), 0);
	CHECK_EQ(core_start(&core, true, &err), 0);
	round_trip(0, 8, 0x5d);
	kill(pid, SIGKILL);
	CHECK(loop_once(&core, 5000));
	CHECK(strstr(core.broken, "closed the connection") != NULL);
	core_stop(&core);
	serve_disk.close(&core.d);
	CHECK_EQ(waitpid(pid, NULL, 0), pid);
	unlink(path);
	unlink(image);
	core_end(&core);
}

/* One whose pid did not get into the state is known by its messages' file. */
static void a_leftover(void)
{
	struct mk_error err = { 0 };
	char log[128];
	int32_t pid;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	killed_supervisor(0, false);
	pid = daemon_pid();
	memset(core.state, 0, sizeof(*core.state));
	snprintf(log, sizeof(log), "%s/disk-3.log", core.folder);
	CHECK_EQ(unlink(log), 0);
	CHECK(lives(pid));
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_STR(err.text, "");
	CHECK(!lives(pid));
	CHECK_STR(core.log,
		  "ended 1 daemon(s) that an earlier supervisor left");
	serve_disk.close(&core.d);
	killed_supervisor(0, false);
	CHECK_EQ(daemon_end_all(core.folder), 1);
	unlink(log);
	unlink(image);
	core_end(&core);
}

static void a_daemon_that_hangs(void)
{
	struct mk_error err = { 0 };
	char script[80];
	int32_t pid;
	FILE *file;

	NEED_DAEMON();
	core_begin(&core, &serve_disk);
	make_image();
	/* When it is to stop. */
	CHECK_EQ(open_disk("", &err), 0);
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 8, 0x12);
	pid = daemon_pid();
	kill(pid, SIGSTOP);
	core_stop(&core);
	CHECK_STR(core.broken, "");
	CHECK(strstr(core.log, "did not answer GET_VRING_BASE") != NULL);
	CHECK(!lives(pid));
	CHECK_EQ(core_start(&core, false, &err), 0);
	round_trip(0, 8, 0x13);
	core_stop(&core);
	serve_disk.close(&core.d);
	/* When it is to begin. */
	snprintf(script, sizeof(script), "%s.sh", image);
	file = fopen(script, "w");
	CHECK(file != NULL);
	fprintf(file, "#!/bin/sh\nexec sleep 100\n");
	fclose(file);
	chmod(script, 0755);
	setenv("MULTIKERNEL_STORAGE_DAEMON", script, 1);
	CHECK_EQ(open_disk("", &err), MK_E_UNKNOWN);
	CHECK_STR(err.text, "qemu-storage-daemon did not answer GET_FEATURES "
			    "within 3000 ms: what it has done is not known");
	CHECK_EQ(daemon_pid(), 0);
	unsetenv("MULTIKERNEL_STORAGE_DAEMON");
	unlink(script);
	unlink(image);
	core_end(&core);
}

int main(void)
{
	TEST(options);
	TEST(reads_and_writes);
	TEST(stops_after_what_is_under_way);
	TEST(read_only);
	TEST(refuses);
	TEST(a_raw_image_stays_raw);
	TEST(qcow2);
	TEST(a_daemon_that_dies);
	TEST(survives_the_supervisor);
	TEST(goes_on_after_a_stop);
	TEST(survives_and_stops);
	TEST(both_are_gone);
	TEST(a_wrong_state);
	TEST(killed_while_stopping);
	TEST(at_a_socket);
	TEST(a_leftover);
	TEST(a_daemon_that_hangs);
	return done();
}
