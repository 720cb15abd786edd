// SPDX-License-Identifier: GPL-2.0-only
/* mkctl doctor: rights, the module, the host kernel, what else runs. */
#include "doctor.h"

#include <linux/capability.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int find_cap(void *to, char *text)
{
	return sscanf(text, "CapEff: %" SCNx64, (uint64_t *)to) == 1;
}

static void look_rights(const struct exam *x, struct finding *f)
{
	uint64_t caps = 0;

	if (mk_host_lines(x->root, "/proc/self/status", find_cap, &caps,
			  NULL) != 1) {
		found(f, VERDICT_WARN, "not known: no /proc/self/status");
	} else if (caps >> CAP_SYS_BOOT & 1) {
		found(f, VERDICT_OK, "CAP_SYS_BOOT is there");
	} else {
		found(f, VERDICT_NO, "no CAP_SYS_BOOT");
		remedy(f, "run mkctl as root");
	}
}

static void look_module(const struct exam *x, struct finding *f)
{
	char text[32];

	if (!x->device_code) {
		found(f, VERDICT_OK, "loaded, version %.31s, ABI %u",
		      x->dev.about.version, x->dev.about.abi);
	} else if (mk_host_text(x->root, "/sys/module/multikernel/initstate",
				text, sizeof(text), NULL) == MK_E_NOTFOUND) {
		found(f, VERDICT_WARN, "not loaded");
		remedy(f, "modprobe multikernel, or insmod "
			  "multikernel_channel.ko and multikernel.ko");
	} else {
		found(f, VERDICT_NO, "%.190s", x->device_error.text);
	}
}

static void look_lockdown(const struct exam *x, struct finding *f)
{
	char word[32];
	int code;

	code = mk_host_choice(x->root, "/sys/kernel/security/lockdown", word,
			      sizeof(word), NULL);
	if (code == MK_E_NOTFOUND) {
		found(f, VERDICT_OK, "no lockdown");
	} else if (code) {
		found(f, VERDICT_WARN, "not known: cannot read the mode");
	} else if (strcmp(word, "none") == 0) {
		found(f, VERDICT_OK, "not locked down");
	} else {
		found(f, VERDICT_NO, "locked down (%s)", word);
		remedy(f, "switch Secure Boot off, or take lockdown= off the "
			  "kernel's command line");
	}
}

static void look_secure_boot(const struct exam *x, struct finding *f)
{
	static const char path[] =
		"/sys/firmware/efi/efivars/"
		"SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";
	char text[16];

	/* Four bytes of attributes, then the value (UEFI 2.10, 3.3). */
	memset(text, 0, sizeof(text));
	if (mk_host_text(x->root, path, text, sizeof(text), NULL) == 0 &&
	    text[4] == 1) {
		found(f, VERDICT_WARN, "Secure Boot is on");
		remedy(f, "the module must be signed with a key of this "
			  "machine (mokutil), and lockdown be off");
	} else {
		found(f, VERDICT_OK, "Secure Boot is off or not there");
	}
}

static void look_kernel(const struct exam *x, struct finding *f)
{
	static const char *const tested[] = { "6.1.", "6.12.", "7.2." };
	char release[65];
	size_t i;

	if (mk_host_text(x->root, "/proc/sys/kernel/osrelease", release,
			 sizeof(release), NULL)) {
		found(f, VERDICT_WARN, "its release is not known");
		return;
	}
	for (i = 0; i < sizeof(tested) / sizeof(tested[0]); i++)
		if (strncmp(release, tested[i], strlen(tested[i])) == 0) {
			found(f, VERDICT_OK, "%s", release);
			return;
		}
	found(f, VERDICT_WARN, "%s is not a kernel this is tested with",
	      release);
	remedy(f, "Debian's 6.1, 6.12 and 7.2 are");
}

struct symbols {
	bool contig, add_cpu, remove_cpu;
};

/* "ffffffff81000000 T name": also without rights, when addresses are 0. */
static int find_symbols(void *to, char *text)
{
	struct symbols *s = to;
	char *name = strrchr(text, ' ');

	if (!name || strchr(text, '\t')) /* a tab: of a module */
		return 0;
	name++;
	if (strcmp(name, "alloc_contig_range") == 0 ||
	    strcmp(name, "alloc_contig_range_noprof") == 0)
		s->contig = true;
	else if (strcmp(name, "add_cpu") == 0)
		s->add_cpu = true;
	else if (strcmp(name, "remove_cpu") == 0)
		s->remove_cpu = true;
	return s->contig && s->add_cpu && s->remove_cpu;
}

static void look_functions(const struct exam *x, struct finding *f)
{
	struct symbols s = { false, false, false };

	if (mk_host_lines(x->root, "/proc/kallsyms", find_symbols, &s, NULL) <
	    0) {
		found(f, VERDICT_WARN, "not known: no /proc/kallsyms");
	} else if (!s.contig) {
		found(f, VERDICT_NO, "cannot allocate contiguous memory");
		remedy(f, "a kernel with CONFIG_CONTIG_ALLOC");
	} else if (!s.add_cpu || !s.remove_cpu) {
		found(f, VERDICT_NO, "cannot take CPUs offline");
		remedy(f, "a kernel with CONFIG_HOTPLUG_CPU");
	} else {
		found(f, VERDICT_OK,
		      "contiguous memory and CPU hotplug are built in");
	}
}

static void look_hypervisor(const struct exam *x, struct finding *f)
{
	if (x->cpuinfo_code) {
		found(f, VERDICT_WARN, "not known: no /proc/cpuinfo");
	} else if (x->cpuinfo.hypervisor) {
		found(f, VERDICT_WARN, "this is a virtual machine");
		remedy(f, "fine for trying (QEMU is tested); some hypervisors "
			  "do not start a CPU twice");
	} else {
		found(f, VERDICT_OK, "bare metal");
	}
}

/* "kvm_amd 151552 3 - Live 0x0": the third word counts its users. */
static int find_kvm(void *to, char *text)
{
	unsigned int *users = to, n;

	if ((strncmp(text, "kvm_intel ", 10) == 0 ||
	     strncmp(text, "kvm_amd ", 8) == 0) &&
	    sscanf(text, "%*s %*u %u", &n) == 1)
		*users += n;
	return 0;
}

static void look_kvm(const struct exam *x, struct finding *f)
{
	unsigned int users = 0;

	mk_host_lines(x->root, "/proc/modules", find_kvm, &users, NULL);
	if (users) {
		found(f, VERDICT_WARN, "KVM has virtual machines running");
		remedy(f, "they go on, on the CPUs that are left; do not use "
			  "KVM inside a spawn");
	} else {
		found(f, VERDICT_OK, "no virtual machine runs");
	}
}

static void look_kexec(const struct exam *x, struct finding *f)
{
	char crash[8] = "", loaded[8] = "";

	mk_host_text(x->root, "/sys/kernel/kexec_crash_loaded", crash,
		     sizeof(crash), NULL);
	mk_host_text(x->root, "/sys/kernel/kexec_loaded", loaded,
		     sizeof(loaded), NULL);
	if (strcmp(loaded, "1") == 0) {
		found(f, VERDICT_WARN, "a kernel for kexec is loaded");
		remedy(f, "delete all instances before kexec -e");
	} else if (strcmp(crash, "1") == 0) {
		found(f, VERDICT_WARN, "kdump is armed");
		remedy(f, "if the host panics, the crash kernel starts beside "
			  "spawns that still run");
	} else {
		found(f, VERDICT_OK, "no kexec or kdump kernel is loaded");
	}
}

const struct check system_checks[] = {
	{ "rights", look_rights },	   { "module", look_module },
	{ "lockdown", look_lockdown },	   { "secure-boot", look_secure_boot },
	{ "kernel", look_kernel },	   { "functions", look_functions },
	{ "hypervisor", look_hypervisor }, { "kvm", look_kvm },
	{ "kexec", look_kexec },	   { NULL, NULL },
};
