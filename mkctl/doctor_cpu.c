// SPDX-License-Identifier: GPL-2.0-only
/* mkctl doctor: the CPUs. */
#include "doctor.h"

#include <stdio.h>
#include <string.h>

static void look_arch(const struct exam *x, struct finding *f)
{
	if (x->cpuinfo_code || !x->cpuinfo.lm) {
		found(f, VERDICT_NO, "not an x86-64 processor");
		remedy(f, "there is no other architecture yet");
	} else {
		found(f, VERDICT_OK, "x86-64: %s", x->cpuinfo.model);
	}
}

static void look_cpus(const struct exam *x, struct finding *f)
{
	unsigned int online, others;

	if (x->cpus_code) {
		found(f, VERDICT_WARN, "not known: no CPU lists in sysfs");
		return;
	}
	online = mk_cpuset_count(&x->cpus.online);
	others = online - mk_cpuset_has(&x->cpus.online, x->boot_cpu);
	if (others) {
		found(f, VERDICT_OK, "%u online, %u besides the boot CPU",
		      online, others);
	} else {
		found(f, VERDICT_NO, "no CPU is online besides the boot CPU");
		remedy(f, "delete an instance, bring a CPU online, or take a "
			  "machine with more");
	}
}

static void look_cores(const struct exam *x, struct finding *f)
{
	unsigned int threads, most = 0, cores = 0, broken = 0;
	struct mk_cpuset core;
	uint32_t cpu;
	size_t i;

	if (x->cpus_code) {
		found(f, VERDICT_WARN, "not known: no CPU lists in sysfs");
		return;
	}
	for (cpu = 0; cpu < MK_CPU_NUMBERS; cpu++) {
		if (!mk_cpuset_has(&x->cpus.online, cpu) ||
		    mk_host_core(x->root, cpu, &core, NULL))
			continue;
		threads = mk_cpuset_count(&core);
		/* Each core counts at its first online thread. */
		for (i = 0; i < cpu; i++)
			if (mk_cpuset_has(&core, (uint32_t)i) &&
			    mk_cpuset_has(&x->cpus.online, (uint32_t)i))
				break;
		if (i < cpu)
			continue;
		cores++;
		if (threads > most)
			most = threads;
		for (i = 0; i < sizeof(core.bits) / sizeof(core.bits[0]); i++)
			if (core.bits[i] & ~x->cpus.online.bits[i])
				break;
		broken += i < sizeof(core.bits) / sizeof(core.bits[0]);
	}
	if (broken) {
		found(f, VERDICT_WARN,
		      "%u of %u cores have some threads offline", broken,
		      cores);
		remedy(f, "bring them online, or --split-cores");
	} else if (most > 1) {
		found(f, VERDICT_OK,
		      "%u cores of up to %u threads: taken as whole cores",
		      cores, most);
	} else {
		found(f, VERDICT_OK, "%u cores of one thread", cores);
	}
}

static void look_apic(const struct exam *x, struct finding *f)
{
	if (!x->device_code)
		found(f, VERDICT_OK, "in %s mode",
		      x->dev.about.features & MK_FEATURE_X2APIC ? "x2APIC"
								: "xAPIC");
	else
		found(f, VERDICT_OK,
		      "the mode (xAPIC or x2APIC) is known once the module is "
		      "loaded; both work");
}

static void look_paging(const struct exam *x, struct finding *f)
{
	if (x->cpuinfo_code)
		found(f, VERDICT_WARN, "not known: no /proc/cpuinfo");
	else
		found(f, VERDICT_OK, "%s levels, %s pages of 1 GiB",
		      x->cpuinfo.la57 ? "up to 5" : "4",
		      x->cpuinfo.gbpages ? "with" : "without");
}

static void look_tsc(const struct exam *x, struct finding *f)
{
	char source[32] = "";

	mk_host_text(x->root,
		     "/sys/devices/system/clocksource/clocksource0/"
		     "current_clocksource",
		     source, sizeof(source), NULL);
	if (x->cpuinfo_code) {
		found(f, VERDICT_WARN, "not known: no /proc/cpuinfo");
	} else if (!x->device_code && !x->dev.about.tsc_khz) {
		found(f, VERDICT_NO, "the host does not know the TSC's rate");
		remedy(f, "boot the host with tsc=reliable");
	} else if (!x->cpuinfo.constant_tsc || !x->cpuinfo.nonstop_tsc) {
		found(f, VERDICT_WARN,
		      "the TSC may change its rate or stop "
		      "(no %s_tsc); host uses %s",
		      x->cpuinfo.constant_tsc ? "nonstop" : "constant",
		      source[0] ? source : "an unknown clock");
		remedy(f, "a spawn has no other clock: its time may drift");
	} else if (strcmp(source, "tsc") != 0) {
		found(f, VERDICT_WARN, "constant, but the host uses %s",
		      source[0] ? source : "an unknown clock");
		remedy(f, "see why in the host's log (dmesg | grep -i tsc)");
	} else {
		found(f, VERDICT_OK,
		      "constant, never stops, and the host "
		      "uses it%s",
		      x->cpuinfo.tsc_known_freq ? "; its rate is told" : "");
	}
}

static void look_nohz(const struct exam *x, struct finding *f)
{
	char text[128] = "";

	mk_host_text(x->root, "/sys/devices/system/cpu/nohz_full", text,
		     sizeof(text), NULL);
	if (text[0] && text[0] != '(') {
		found(f, VERDICT_WARN, "nohz_full=%.80s", text);
		remedy(f, "the CPU that does the others' ticks must stay with "
			  "the host");
	} else {
		found(f, VERDICT_OK, "no nohz_full CPUs");
	}
}

const struct check cpu_checks[] = {
	{ "processor", look_arch }, { "cpus", look_cpus },
	{ "cores", look_cores },    { "apic", look_apic },
	{ "paging", look_paging },  { "tsc", look_tsc },
	{ "nohz", look_nohz },	    { NULL, NULL },
};
