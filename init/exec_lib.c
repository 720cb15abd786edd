// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the agent has in common with mkctl: the same text, for one protocol has
 * one reader, and it is the one that the unit tests and fuzzers try.
 */
#include "../lib/exec_request.c"
#include "../lib/exec_tree_in.c"
#include "../lib/exec_tree_out.c"
