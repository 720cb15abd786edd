/* SPDX-License-Identifier: GPL-2.0-only */
/* The one place the version lives. */
#define MK_VERSION "0.1.0"
