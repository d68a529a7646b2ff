/* fusefs_try.c - what serving a mount needs, for a trial: a block, and the answers to what the kernel asks first. */
#include "fusefs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fusefs_internal.h"

#include <linux/fuse.h>

#define REPLY_SIZE 512u

/* ---- a block ------------------------------------------------------------------------------------------------------------ */

struct attempt {
	struct bundle *bundle;
	struct blockcrypt *crypt;
};

/* What bundle_read_block does, before there is a key. */
static int
fetch(void *arg, uint64_t index, uint8_t buf[BLOCK_SIZE], bool ahead)
{
	static const uint8_t nobodys[KEY_SIZE];
	const struct attempt *a = arg;
	int err = bundle_check_block(a->bundle, a->crypt, index, buf);

	(void)ahead;
	return err != 0 ? err : blockcrypt_crypt(a->crypt, buf, nobodys, index) == 0 ? 0 : -ENOMEM;
}

enum err
fusefs_try_block(struct fusefs *fs, struct fault *f)
{
	struct attempt a = {fs->bundle, blockcrypt_new(NULL)};
	const uint8_t *block = NULL;
	int err = -ENOMEM, sys;

	if (a.crypt != NULL) {
		blockcache_start(fs->cache, (struct blockcache_source){fetch, &a}, 1, fs->processors);
		errno = 0;
		err = blockcache_get(fs->cache, 0, &block);
	}
	sys = err == -EIO ? errno : -err;
	/* Nothing is fetched after this: nobody asked for read-ahead. */
	if (err == 0)
		blockcache_put(fs->cache, block, true);
	blockcrypt_free(&a.crypt);
	if (err == -ENOMEM)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "session");
	return err == 0 ? E_OK : fault_set(f, err == -EBADMSG ? E_BUNDLE : E_STICK_IO, sys, "read", "%s", "bundle");
}

/* ---- replies ------------------------------------------------------------------------------------------------------------ */

/* Whether the last request, number unique, has been answered by now, and not with an error. */
static bool
is_answered(int kernel, uint64_t unique)
{
	_Alignas(struct fuse_out_header) uint8_t reply[REPLY_SIZE];
	struct fuse_out_header head;
	ssize_t n = recv(kernel, reply, sizeof reply, MSG_DONTWAIT);

	if (n < (ssize_t)sizeof head)
		return false;
	memcpy(&head, reply, sizeof head);
	return head.unique == unique && head.error == 0;
}

/* Ask with the n bytes at request, which begin with the header head, and serve that. */
static enum err
ask(struct fusefs *fs, int kernel, struct fuse_in_header *head, size_t n, struct fault *f)
{
	struct fuse_buf buf = {0};
	bool ok;

	head->len = (uint32_t)n;
	head->unique = head->opcode;
	head->nodeid = FUSE_ROOT_ID;
	ok = send(kernel, head, n, MSG_NOSIGNAL) == (ssize_t)n && fusefs_serve_one(fs, &buf) && is_answered(kernel, head->unique);
	free(buf.mem);
	return ok ? E_OK : fault_set(f, E_FAIL, EIO, "reply", "session");
}

enum err
fusefs_try_reply(struct fusefs *fs, int kernel, struct fault *f)
{
	struct {
		struct fuse_in_header head;
		struct fuse_init_in in;
	} init = {.head.opcode = FUSE_INIT, .in = {.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION}};
	struct fuse_in_header statfs = {.opcode = FUSE_STATFS};
	enum err err = ask(fs, kernel, &init.head, sizeof init, f);

	return err == E_OK ? ask(fs, kernel, &statfs, sizeof statfs, f) : err;
}
