/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent: what runs on the spawn's side, and its prototypes by file.
 *
 * There is one hand-off page and one host, so there is one of everything.
 * Each part is set up in main.c's order and undone in its reverse.
 */
#ifndef MKS_SPAWN_H
#define MKS_SPAWN_H

#include <linux/types.h>
#include <multikernel/wire.h>

struct mkc_peer;

/* Constant while the agent is there. */
struct mks_agent {
	struct mkw_handoff *page; /* shared with the host */
	u8 *channel; /* shared; NULL = none is offered */
	struct mkc_peer *host; /* NULL without a channel */
	u64 features; /* accepted */
};

extern struct mks_agent mks_agent;

/*
 * main.c: the host, with a reference; NULL if there is no channel to it.
 * Exported: who uses it keeps the agent loaded.
 */
struct mkc_peer *mks_host(void);

/* beat.c: the heartbeat, the hello, and what the host asks for */
void mks_beat_start(void);
void mks_beat_stop(void);
void mks_beat_look(void); /* has the host a request?  Any process context. */

/* ending.c: tell the host how this kernel ends */
int mks_ending_start(void);
void mks_ending_stop(void);

/* cpus.c: no CPU but our own comes online */
int mks_cpus_start(void);
void mks_cpus_stop(void);

/* device.c: /dev/multikernel, the programs' end of the channel */
int mks_device_start(void);
void mks_device_stop(void);

/* report.c: say where a CPU is when the host asks by an NMI */
int mks_report_start(void);
void mks_report_stop(void);
void mks_report_panic(void); /* the others are stopped, and answer no more */
/*
 * Another kernel will take the place of this one, @now or at a crash: no CPU
 * answers any more, for its NMI would find no handler there.
 */
void mks_report_kexec(bool now);

/* pmem.c: tell this kernel of its persistent memory; for good */
void mks_pmem_enter(void);

#endif /* MKS_SPAWN_H */
