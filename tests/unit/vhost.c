// SPDX-License-Identifier: GPL-2.0-only
/* lib/vhost: what is refused before the kernel is asked, and its sentences. */
#include "vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

static uint8_t page[4096] __attribute__((aligned(4096)));

#define BASE UINT64_C(0x10000000)

static const struct mk_virtqueue_memory memory = { BASE, sizeof(page), page };

static void no_module(void)
{
	struct mk_vhost vh;
	struct mk_error err;

	if (access("/dev/vhost-net", F_OK) == 0 ||
	    access("/dev/vhost-vsock", F_OK) == 0)
		SKIP("this machine has vhost");
	CHECK_EQ(mk_vhost_open(&vh, MK_VHOST_NET, &err), MK_E_SYSTEM);
	CHECK_STR(err.text, "there is no /dev/vhost-net: load its module with "
			    "'modprobe vhost_net'");
	CHECK_EQ(vh.fd, -1);
	CHECK_EQ(mk_vhost_open(&vh, MK_VHOST_VSOCK, &err), MK_E_SYSTEM);
	CHECK_STR(err.text, "there is no /dev/vhost-vsock: load its module "
			    "with 'modprobe vhost_vsock'");
	mk_vhost_close(&vh);
}

/* No descriptor: whoever asked the kernel would get EBADF. */
static void queue_bad(void)
{
	static const struct mk_vhost_queue good = {
		.size = 8,
		.descriptors = BASE,
		.driver = BASE + 256,
		.device = BASE + 512,
	};
	struct mk_vhost vh = { .fd = -1 };
	struct mk_vhost_queue q = good;
	struct mk_error err;

	q.index = 2;
	CHECK_EQ(mk_vhost_queue_set(&vh, &memory, &q, &err), MK_E_CALL);
	CHECK_STR(err.text, "vhost has no queue 2");
	q = good;
	q.size = 7;
	CHECK_EQ(mk_vhost_queue_set(&vh, &memory, &q, &err), MK_E_INPUT);
	q = good;
	q.descriptors = BASE - 16;
	CHECK_EQ(mk_vhost_queue_set(&vh, &memory, &q, &err), MK_E_INPUT);
	q = good;
	q.device = BASE + sizeof(page);
	q.resume = true; /* the used ring is not looked at, either */
	CHECK_EQ(mk_vhost_queue_set(&vh, &memory, &q, &err), MK_E_INPUT);
	CHECK_EQ(err.sys_errno, 0);
	CHECK_EQ(mk_vhost_queue_set(&vh, &memory, &good, &err), MK_E_SYSTEM);
	CHECK_EQ(err.sys_errno, EBADF);
	CHECK_STR(err.text, "vhost refuses the size of its queue 0: Bad file "
			    "descriptor");
}

static void features_bad(void)
{
	struct mk_vhost vh = { .fd = -1, .features = 0x100000000 };
	struct mk_error err;

	CHECK_EQ(mk_vhost_setup(&vh, 0x104000000, &memory, &err), MK_E_CALL);
	CHECK_STR(err.text, "vhost has not all features of 0x104000000, only "
			    "0x100000000");
	CHECK_EQ(mk_vhost_setup(&vh, 0x100000000, &memory, &err), MK_E_SYSTEM);
	CHECK_EQ(err.sys_errno, EBADF);
}

static void not_vhost(void)
{
	struct mk_vhost vh = { .fd = open("/dev/null", O_RDWR | O_CLOEXEC) };
	struct mk_error err;

	CHECK_EQ(mk_vhost_net_attach(&vh, 1, -1, &err), MK_E_SYSTEM);
	CHECK_STR(err.text, "vhost cannot part its queue 1 from the tap: "
			    "Inappropriate ioctl for device");
	CHECK_EQ(mk_vhost_vsock_run(&vh, true, &err), MK_E_SYSTEM);
	CHECK_STR(err.text, "vhost cannot begin serving vsock: Inappropriate "
			    "ioctl for device");
	CHECK_EQ(mk_vhost_vsock_cid(&vh, 3, &err), MK_E_SYSTEM);
	CHECK_EQ(mk_vhost_queue_unset(&vh, 0, &err), MK_E_SYSTEM);
	mk_vhost_close(&vh);
	CHECK_EQ(vh.fd, -1);
	mk_vhost_close(&vh);
}

int main(void)
{
	TEST(no_module);
	TEST(queue_bad);
	TEST(features_bad);
	TEST(not_vhost);
	return done();
}
