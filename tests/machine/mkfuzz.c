// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer of /dev/multikernel: calls of every kind, good, odd and bad, by
 * several threads that race each other on the same instances.
 *
 * usage: mkfuzz CALLS SEED FOLDER CPU...
 *        mkfuzz -b BATCH CALLS SEED FOLDER CPU...   that batch alone, and say
 *                                                   each command
 *
 * Runs in a test machine as root.  A batch is a process with three threads; it
 * brings an instance up, then each thread makes its calls.  What it leaves
 * behind is its end to clean up: its descriptors, mappings and threads go with
 * it, in one of five batches by SIGKILL in the middle.  Afterwards the host is
 * looked at: its log has no splat, the ledger is true, and whatever is left can
 * be deleted.  CALLS is divided among as many batches as it takes.
 *
 * The instances are tiny, on the CPUs that are named but the last, and their
 * kernel a few instructions of our own.  The last CPU runs a real spawn, of the
 * kernel and the initrd in FOLDER, so that its agent, its channel, ports and
 * bindings are reached; it is started again when a batch has ended it.
 *
 * What a thread does follows from SEED, the batch and the thread; what happens
 * first when two race does not.
 */
#include "mkfuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"
#include "verdict.h"

#define CALLS_A_BATCH	 60
#define BATCH_SECONDS	 90 /* of a machine whose CPUs take turns on few */
#define CREATES_A_WORKER 5

extern char **environ;

const char *const target_names[TARGETS] = { "tiny-a",  "tiny-b",  "raw",
					    "store-a", "store-b", "deep" };

struct shared *shared;
const uint32_t *fuzz_cpus;
unsigned int nr_fuzz_cpus;
bool verbose;

static uint64_t seed;
static int kernel_log = -1;
static char deep_cpu[16], kernel[64], initrd[64];
static volatile unsigned int working;

/* --- chance ---------------------------------------------------------------- */

uint32_t random_of(struct worker *w)
{
	uint64_t n = w->random += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	n = (n ^ n >> 30) * 0xbf58476d1ce4e5b9ULL;
	n = (n ^ n >> 27) * 0x94d049bb133111ebULL;
	return n >> 32;
}

uint32_t below(struct worker *w, uint32_t n)
{
	return n ? random_of(w) % n : 0;
}

/* --- a batch --------------------------------------------------------------- */

static __thread struct worker *this_worker;

static void nothing(int signal)
{
}

static void fault(int signal)
{
	if (this_worker && this_worker->guarded)
		siglongjmp(this_worker->back, 1);
	_exit(99); /* ours, not the module's */
}

static void make_pages(struct pages *pages)
{
	uint8_t *at = mmap(NULL, 6 * 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	pages->good = at;
	munmap(at + 4096, 4096);
	pages->read_only = at + 2 * 4096;
	mprotect(pages->read_only, 4096, PROT_READ);
	pages->none = at + 3 * 4096;
	mprotect(pages->none, 4096, PROT_NONE);
	pages->racy = at + 4 * 4096;
}

/* Fill all places with something, so that the first calls have an object. */
static void fill_places(struct worker *w)
{
	int i;

	for (i = 0; i < PLACES / 2; i++) {
		int fd = open("/dev/multikernel", O_RDWR | O_CLOEXEC);

		dup3(fd, MACHINE_FD + i, O_CLOEXEC);
		close(fd);
	}
	for (i = 0; i < 4; i++) {
		int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

		dup3(fd, OTHER_FD + i, O_CLOEXEC);
		close(fd);
	}
	for (i = 0; i < 5; i++)
		fuzz_plain(w, DEEP, MK_IOC_OPEN);
}

static void bring_up(struct worker *w)
{
	enum target target = one_in(w, 3) ? TINY_B : TINY_A;
	int i;

	fill_places(w);
	fuzz_plain(w, target, MK_IOC_CREATE);
	for (i = 0; i < 4; i++)
		fuzz_plain(w, target, MK_IOC_OPEN);
	if (one_in(w, 2))
		fuzz_plain(w, STORE_A, MK_IOC_CREATE);
	for (i = 0; i < 3; i++)
		fuzz_load(w, target);
	if (!one_in(w, 4))
		fuzz_plain(w, target, MK_IOC_START);
}

/* Where the kernel can have allocations fail for those who ask for it. */
static void make_it_fail(void)
{
	int fd = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1", 1) != 1)
		_exit(97);
	close(fd);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	int i;

	this_worker = w;
	if (w->number / WORKERS & 1)
		make_it_fail();
	for (i = 0; i < CALLS_A_BATCH / WORKERS; i++)
		fuzz_call(w);
	__atomic_sub_fetch(&working, 1, __ATOMIC_RELEASE);
	return NULL;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000ULL + t.tv_nsec / 1000000;
}

/* Write into arguments that are being read, and wake who sleeps for long. */
static void disturb(struct worker *workers, pthread_t *threads)
{
	struct worker own = workers[0];
	uint64_t next = now_ms() + 300;
	int i;

	while (__atomic_load_n(&working, __ATOMIC_ACQUIRE)) {
		for (i = 0; i < WORKERS; i++) {
			uint32_t bytes = workers[i].racing, at;

			if (!bytes)
				continue;
			at = below(&own, bytes);
			if (at < workers[i].spare_from ||
			    at >= workers[i].spare_to)
				workers[i].pages.racy[at] = below(&own, 3);
		}
		if (now_ms() < next) {
			usleep(50);
			continue;
		}
		next = now_ms() + 300;
		for (i = 0; i < WORKERS; i++)
			pthread_kill(threads[i], SIGUSR1);
	}
}

static void batch_process(unsigned int batch)
{
	static struct worker workers[WORKERS];
	struct sigaction wake = { .sa_handler = nothing };
	struct sigaction bad = { .sa_handler = fault, .sa_flags = SA_NODEFER };
	struct rlimit files = { FDS_END, FDS_END };
	pthread_t threads[WORKERS];
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &wake, NULL);
	sigaction(SIGBUS, &bad, NULL);
	sigaction(SIGSEGV, &bad, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 0; i < WORKERS; i++) {
		workers[i].number = batch * WORKERS + i;
		workers[i].random = seed ^ (workers[i].number + 1ULL) << 20;
		workers[i].creates_left = CREATES_A_WORKER;
		make_pages(&workers[i].pages);
	}
	this_worker = &workers[0];
	bring_up(&workers[0]);
	/* No descriptor below the places: EMFILE for all who ask for one. */
	if (one_in(&workers[0], 8)) {
		files.rlim_cur = 8;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	working = WORKERS;
	for (i = 0; i < WORKERS; i++)
		if (pthread_create(&threads[i], NULL, work, &workers[i]))
			_exit(98);
	disturb(workers, threads);
	for (i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	_exit(0);
}

static void show_stacks(pid_t pid)
{
	char command[160];

	snprintf(command, sizeof(command),
		 "for t in /proc/%d/task/*; do cat $t/stack; echo; done"
		 " 2>&1 | sed 's/^/# /'",
		 pid);
	fflush(stdout);
	if (system(command))
		printf("# no stacks\n");
}

/* Returns the status of its process, or -1 if it cannot even be killed. */
static int run_batch(unsigned int batch)
{
	struct worker chance = { .random = seed ^ batch };
	uint64_t end = now_ms() + BATCH_SECONDS * 1000, killed = 0;
	uint64_t early = one_in(&chance, 5) ? now_ms() + below(&chance, 2500)
					    : UINT64_MAX;
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0)
		batch_process(batch);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		usleep(5000);
		if (!killed && (now_ms() >= early || now_ms() >= end)) {
			if (now_ms() >= end)
				printf("# batch %u: the time is up\n", batch);
			kill(pid, SIGKILL);
			killed = now_ms();
		}
		if (killed && now_ms() > killed + 40000) {
			printf("# batch %u: it cannot be killed\n", batch);
			show_stacks(pid);
			return -1;
		}
	}
	return killed ? 0 : status;
}

/* --- what must hold afterwards --------------------------------------------- */

static int run(const char *const argv[])
{
	int status;
	pid_t pid;

	if (posix_spawn(&pid, "/bin/mkctl", NULL, NULL, (char *const *)argv,
			environ) ||
	    waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Has the kernel's log anything that a healthy kernel never says? */
static int splats(void)
{
	static const char *const bad[] = { "BUG",
					   "WARNING:",
					   "Call Trace",
					   "Oops",
					   "INFO: ",
					   "KASAN",
					   "UBSAN",
					   "refcount_t",
					   "Bad page",
					   "corruption",
					   "did not acknowledge",
					   "Poison",
					   "Redzone",
					   "circular",
					   "nobody cared",
					   "use-after",
					   "double free" };
	char line[1024];
	unsigned int i;
	int found = 0;
	ssize_t n;

	for (;;) {
		n = read(kernel_log, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue; /* some were overwritten */
		if (n <= 0)
			return found;
		line[n] = '\0';
		for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
			if (strstr(line, bad[i])) {
				printf("# the log has: %s", line);
				found++;
				break;
			}
	}
}

/* Delete what is left, but the real spawn.  Returns how many could not be. */
static int clean_up(void)
{
	int machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC), bad = 0;
	struct mk_info info = { 0 };
	int again;

	/* stores last: images that name them keep them */
	for (again = 0; again < 2; again++) {
		bad = 0;
		memset(&info, 0, sizeof(info));
		while (!ioctl(machine, MK_IOC_NEXT, &info)) {
			struct mk_command force = { .flags =
							    MK_DELETE_F_FORCE };
			struct mk_open open = { 0 };
			uint32_t id = info.id;
			int fd;

			memcpy(open.name, info.name, sizeof(open.name));
			memset(&info, 0, sizeof(info));
			info.id = id;
			if (!strcmp(open.name, target_names[DEEP]))
				continue;
			fd = ioctl(machine, MK_IOC_OPEN, &open);
			if (fd < 0 || ioctl(fd, MK_IOC_DELETE, &force)) {
				bad++;
				if (again)
					printf("# %s: %s\n", open.name,
					       strerror(errno));
			}
			close(fd);
		}
	}
	close(machine);
	return bad;
}

static uint32_t deep_state(void)
{
	int machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC), fd;
	struct mk_open arg = { 0 };
	struct mk_info info = { 0 };

	strcpy(arg.name, target_names[DEEP]);
	fd = ioctl(machine, MK_IOC_OPEN, &arg);
	close(machine);
	if (fd < 0 || ioctl(fd, MK_IOC_INFO, &info))
		info.state = 0;
	close(fd);
	return info.state;
}

/* Have the real spawn run. */
static int deep_up(void)
{
	uint32_t state = deep_state();

	if (state == MK_STATE_RUNNING)
		return 0;
	if (state)
		return run((const char *[]){ "mkctl", "start", "deep", "--wait",
					     "120", NULL });
	return run((const char *[]){
		"mkctl", "run", "deep", "--cpus", deep_cpu, "--memory", "192M",
		"--kernel", kernel, "--initrd", initrd, "--cmdline", "mk.serve",
		"--no-modules", "--wait", "120", NULL });
}

static int ledger_entries(void)
{
	int machine = open("/dev/multikernel", O_RDWR | O_CLOEXEC);
	struct mk_ledger ledger = { 0 };

	while (!ioctl(machine, MK_IOC_LEDGER, &ledger))
		ledger.index++;
	close(machine);
	return ledger.index;
}

/* Returns 0 if all is well after that batch. */
static int look(unsigned int batch, int status, int clean)
{
	const char *wrong = NULL;

	if (status == -1)
		wrong = "its process hangs";
	else if (status)
		wrong = "its process failed";
	else if (splats())
		wrong = "the host's log has a splat";
	else if (run((const char *[]){ "mkctl", "fsck", NULL }))
		wrong = "fsck found a difference";
	else if (clean && clean_up())
		wrong = "something cannot be deleted";
	/* a CPU, memory and a low window */
	else if (clean && deep_state() && ledger_entries() != 3)
		wrong = "the ledger has more than the real spawn's entries";
	else if (clean && deep_up())
		wrong = "the real spawn does not start again";
	if (!wrong)
		return 0;
	printf("# batch %u: status %#x\n", batch, status);
	verdict(0, wrong, batch, 0);
	return -1;
}

static void show_results(void)
{
	unsigned int n, e;

	for (n = 0; command_name(n); n++) {
		printf("# %-8s ok %-5u", command_name(n),
		       shared->results[n][0]);
		for (e = 1; e < RESULTS; e++)
			if (shared->results[n][e])
				printf(" %s %u", strerrorname_np(e),
				       shared->results[n][e]);
		printf("\n");
	}
	printf("# accesses to memory that had gone: %u\n", shared->signals);
}

/* It has been everywhere it says, or the test tests nothing. */
static void judge_reach(void)
{
	static const char *const must[] = { "create", "load", "start",	"kill",
					    "delete", "open", "attach", "ping",
					    "bind",   "info" };
	unsigned int i, n;

	for (i = 0; i < sizeof(must) / sizeof(must[0]); i++)
		for (n = 0; command_name(n); n++)
			if (!strcmp(command_name(n), must[i]) &&
			    !shared->results[n][0])
				printf("not ok - no %s succeeded\n", must[i]),
					failures++;
}

static int fuzz(unsigned int calls)
{
	static struct measure first, last;
	unsigned int batch, base = 0, told = 0;
	uint64_t begun = now_ms();

	for (batch = 0; shared->calls < calls; batch++) {
		int status = run_batch(batch);

		/* one in three leaves what it has to the next */
		if (look(batch, status, batch % 3 != 1))
			return -1;
		if (batch == 3) {
			clean_up();
			measure(&first, shared->calls, "calls");
			base = shared->calls;
		}
		if (shared->calls >= told + 500) {
			told = shared->calls;
			printf("# %u calls in %u batches, %.0f s\n", told,
			       batch + 1, (now_ms() - begun) / 1e3);
			fflush(stdout);
		}
	}
	verdict(!clean_up(), "everything left can be deleted", 0, 0);
	printf("# %u calls in %u batches, %.0f s\n", shared->calls, batch,
	       (now_ms() - begun) / 1e3);
	show_results();
	judge_reach();
	verdict(!deep_up(), "the real spawn runs", 0, 0);
	if (batch > 4) {
		measure(&last, shared->calls, "calls");
		failures += measure_judge(&first, &last, shared->calls - base,
					  "calls");
	}
	return 0;
}

int main(int argc, char **argv)
{
	static uint32_t cpus[16];
	int alone = -1, i;

	if (argc > 2 && !strcmp(argv[1], "-b")) {
		alone = atoi(argv[2]);
		verbose = true;
		argc -= 2;
		argv += 2;
	}
	if (argc < 6 || argc > 5 + 16)
		return 2;
	seed = strtoull(argv[2], NULL, 0);
	snprintf(kernel, sizeof(kernel), "%s/vmlinuz", argv[3]);
	snprintf(initrd, sizeof(initrd), "%s/initrd", argv[3]);
	for (i = 4; i < argc - 1; i++)
		cpus[i - 4] = atoi(argv[i]);
	fuzz_cpus = cpus;
	nr_fuzz_cpus = argc - 5;
	snprintf(deep_cpu, sizeof(deep_cpu), "%s", argv[argc - 1]);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	kernel_log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	lseek(kernel_log, 0, SEEK_END);
	printf("# seed %#llx\n", (unsigned long long)seed);
	if (deep_up()) {
		verdict(0, "the real spawn runs", 0, 0);
		return 1;
	}
	if (alone >= 0)
		look(alone, run_batch(alone), 1);
	else if (!fuzz(atoi(argv[1])))
		verdict(1, "no splat, no difference, nothing left", 0, 0);
	run((const char *[]){ "mkctl", "delete", "deep", "--force", NULL });
	verdict(!ledger_entries(), "the ledger is empty", ledger_entries(), 0);
	verdict(!splats(), "the host's log has no splat", 0, 0);
	return failures ? 1 : 0;
}
