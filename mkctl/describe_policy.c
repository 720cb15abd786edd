// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows the end of a spawn: read out of its supervisor's state file, and
 * so known as well when that has been killed.
 */
#include "describe_policy.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "serve/client.h"
#include "serve/state.h"

struct found {
	struct policy policy;
	struct policy_history history;
	struct serve_end end;
	bool lives; /* there is a supervisor */
};

/* A copy, as the supervisor may be changing it. */
static bool find(const struct description *d, struct found *f)
{
	struct serve_state *state;
	char path[PATH_MAX];
	bool ours;
	int sock;

	if (!d->nr_cpus ||
	    serve_path(path, sizeof(path), d->info.name, "state", NULL) ||
	    serve_state_open(path, &state, NULL))
		return false;
	ours = serve_state_is_of(state, &d->info);
	f->policy = state->policy;
	f->history = state->history;
	f->end = state->end;
	serve_state_close(state);
	if (!ours)
		return false;
	f->policy.dump_dir[sizeof(f->policy.dump_dir) - 1] = '\0';
	f->end.why[sizeof(f->end.why) - 1] = '\0';
	make_printable(f->policy.dump_dir);
	make_printable(f->end.why);
	sock = serve_connect(d->info.name, NULL);
	f->lives = sock >= 0;
	if (sock >= 0)
		close(sock);
	return true;
}

static double seconds_until(uint64_t due_ns)
{
	struct timespec t;
	double left;

	clock_gettime(CLOCK_BOOTTIME, &t);
	left = (double)due_ns / 1e9 - (double)t.tv_sec -
	       (double)t.tv_nsec / 1e9;
	return left > 0 ? left : 0;
}

static const char *pending(const struct found *f)
{
	if (f->end.todo & POLICY_DUMP)
		return "dump";
	return f->end.todo & POLICY_RESTART ? "restart" : "none";
}

struct json_object *describe_policy_json(const struct description *d)
{
	const char *const *name;
	struct json_object *o;
	struct found f;
	char text[POLICY_DIR_BYTES];

	if (!find(d, &f))
		return NULL;
	o = json_object_new_object();
	for (name = policy_names; *name; name++) {
		policy_get(&f.policy, *name, text, sizeof(text));
		if (strcmp(*name, "restart-max") == 0)
			json_number(o, "restart_max", f.policy.restart_max);
		else if (strcmp(*name, "dump-keep") == 0)
			json_number(o, "dump_keep", f.policy.dump_keep);
		else if (strcmp(*name, "on-crash") == 0)
			json_text(o, "on_crash", text);
		else if (strcmp(*name, "on-poweroff") == 0)
			json_text(o, "on_poweroff", text);
		else if (strcmp(*name, "on-reboot") == 0)
			json_text(o, "on_reboot", text);
		else if (strcmp(*name, "dump-dir") == 0)
			json_text(o, "dump_dir", text);
		else
			json_text(o, *name, text);
	}
	json_object_object_add(o, "supervisor",
			       json_object_new_boolean(f.lives));
	json_number(o, "restarts", f.history.restarts);
	json_number(o, "restarts_in_row", f.history.row);
	json_text(o, "pending", pending(&f));
	json_text(o, "reason", f.end.why);
	return o;
}

void describe_policy_print(const struct description *d)
{
	char action[64];
	struct found f;

	if (!find(d, &f))
		return;
	printf("%-13s %s\n", "supervisor",
	       f.lives ? "there" : "none: mkctl serve brings it back");
	policy_get(&f.policy, "on-crash", action, sizeof(action));
	printf("%-13s crash: %s", "what follows", action);
	policy_get(&f.policy, "on-poweroff", action, sizeof(action));
	printf(", power-off: %s", action);
	policy_get(&f.policy, "on-reboot", action, sizeof(action));
	printf(", reboot: %s\n", action);
	if (f.policy.watchdog_ms) {
		policy_get(&f.policy, "watchdog", action, sizeof(action));
		printf("%-13s %s s\n", "watchdog", action);
	}
	printf("%-13s %u, %u in a row", "restarts", f.history.restarts,
	       f.history.row);
	if (f.policy.restart_max)
		printf(" (of %u)", f.policy.restart_max);
	if (f.end.todo == POLICY_RESTART)
		printf(", the next one in %.0f s", seconds_until(f.end.due_ns));
	else if (f.end.todo)
		printf("; a dump is written");
	putchar('\n');
	if (f.end.why[0])
		printf("%-13s %s\n", "", f.end.why);
}
