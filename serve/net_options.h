/* SPDX-License-Identifier: GPL-2.0-only */
/* The options of a net device, and the address of one that was given none. */
#ifndef SERVE_NET_OPTIONS_H
#define SERVE_NET_OPTIONS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

#define NET_ARGUMENTS "tap=NAME[,mac=XX:XX:XX:XX:XX:XX][,queues=N]"
#define NET_MAC	      6

struct net_options {
	char tap[IFNAMSIZ];
	bool has_mac;
	uint8_t mac[NET_MAC]; /* valid with has_mac */
	unsigned int queues; /* pairs, 1..TAP_QUEUES */
};

/* MK_E_INPUT, which names the option; *@options is untouched then. */
int net_options_parse(const char *text, struct net_options *options,
		      struct mk_error *err);

/*
 * The same for the same device of the same instance, also after a restart; a
 * locally administered address, for one station.  @machine: what tells this
 * machine from others on the same network, as the machine-id; may be "".
 */
void net_options_mac(const char *machine, const char *instance,
		     unsigned int device, uint8_t mac[NET_MAC]);

#endif /* SERVE_NET_OPTIONS_H */
