/*
 * kernel.h - the kernel's end of a FUSE mount, over a socket instead of /dev/fuse. For tests; needs no rights.
 *
 * libfuse accepts any descriptor for a mount that already exists. A server that answers twice, or answers something that was not
 * asked, is caught at the next question, or by kernel_end.
 */
#ifndef KERNEL_H
#define KERNEL_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <check.h>
#include <linux/fuse.h>

#define KERNEL_INVALS 16

struct kernel {
	int fd;
	uint64_t unique;
	uint64_t inval[KERNEL_INVALS];  /* inodes whose pages the kernel was told to forget */
	unsigned invals;
	size_t len;                     /* of the last answer */
	uint8_t data[(1u << 20) + 4096];
};

/*
 * kernel_begin(k): return the descriptor through which the mount is served. A stream carries any size, but only one question at a
 * time.
 */
static inline int
kernel_begin(struct kernel *k, int type)
{
	const struct timeval patience = {.tv_sec = 20};
	int sv[2];

	memset(k, 0, sizeof *k);
	ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, sv), 0);
	ck_assert_int_eq(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	k->fd = sv[0];
	return sv[1];
}

static inline void
kernel_send(struct kernel *k, uint32_t opcode, uint64_t node, const void *arg, size_t n)
{
	struct fuse_in_header h = {
	    .len = (uint32_t)(sizeof h + n), .opcode = opcode, .unique = ++k->unique, .nodeid = node, .pid = 1};
	struct iovec v[] = {{&h, sizeof h}, {(void *)(uintptr_t)arg, n}};

	ck_assert_int_eq(writev(k->fd, v, 2), (ssize_t)h.len);
}

/* One message, whole: its header in *h, the rest in k->data. Return 0, or -1 if there is none. */
static inline int
kernel_message(struct kernel *k, struct fuse_out_header *h, int flags)
{
	struct iovec v[] = {{h, sizeof *h}, {k->data, sizeof k->data}};
	struct msghdr m = {.msg_iov = v, .msg_iovlen = 2};
	ssize_t n = recvmsg(k->fd, &m, flags), more;

	if (n < (ssize_t)sizeof *h)
		return -1;
	for (; n < (ssize_t)h->len; n += more)
		ck_assert_int_gt(more = recv(k->fd, k->data + (n - (ssize_t)sizeof *h), h->len - (size_t)n, 0), 0);
	ck_assert_int_eq(n, h->len);
	k->len = h->len - sizeof *h;
	return 0;
}

static inline void
kernel_note(struct kernel *k, const struct fuse_out_header *h)
{
	struct fuse_notify_inval_inode_out out;

	ck_assert_int_eq(h->error, FUSE_NOTIFY_INVAL_INODE);
	ck_assert_uint_eq(k->len, sizeof out);
	memcpy(&out, k->data, sizeof out);
	ck_assert(out.off == 0 && out.len == 0); /* all of it */
	ck_assert_uint_lt(k->invals, KERNEL_INVALS);
	k->inval[k->invals++] = out.ino;
}

/* The answer to the last question: 0 or a negative errno. */
static inline int
kernel_hear(struct kernel *k)
{
	struct fuse_out_header h;

	do {
		ck_assert_msg(kernel_message(k, &h, 0) == 0, "no answer");
		if (h.unique == 0)
			kernel_note(k, &h);
	} while (h.unique == 0);
	ck_assert_uint_eq(h.unique, k->unique);
	ck_assert(h.error <= 0 && (h.error == 0 || k->len == 0));
	return h.error;
}

static inline int
kernel_ask(struct kernel *k, uint32_t opcode, uint64_t node, const void *arg, size_t n)
{
	kernel_send(k, opcode, node, arg, n);
	return kernel_hear(k);
}

/* The first request, which is there before anybody begins to serve. It offers everything that the kernel can do. */
static inline void
kernel_init(struct kernel *k)
{
	const struct fuse_init_in in = {
	    .major = FUSE_KERNEL_VERSION, .minor = 38, .max_readahead = 1u << 20, .flags = ~(uint32_t)FUSE_INIT_EXT};

	kernel_send(k, FUSE_INIT, 0, &in, sizeof in);
}

/* Read what the server said without being asked; nothing else may be left. */
static inline void
kernel_listen(struct kernel *k)
{
	struct fuse_out_header h;

	while (kernel_message(k, &h, MSG_DONTWAIT) == 0) {
		ck_assert_uint_eq(h.unique, 0);
		kernel_note(k, &h);
	}
}

/* kernel_end(k): unmounted. */
static inline void
kernel_end(struct kernel *k)
{
	kernel_listen(k);
	close(k->fd);
	k->fd = -1;
}

#endif
