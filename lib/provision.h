/*
 * provision.h - writing to a stick as its issuer, in the order that leaves no usable half (oncestick-protocol(7), ISSUING).
 *
 * provision_begin takes the stick for one issuer and one process; then a bundle is written (pack.h), its manifest, the current
 * notice, and a grant with its cells; provision_end releases the stick.
 */
#ifndef PROVISION_H
#define PROVISION_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"
#include "grant.h"
#include "stick.h"

/* What provision_begin found. */
enum provision_state {
	PROVISION_EMPTY,        /* no ONCE: provision_init makes it */
	PROVISION_OURS          /* a stick of this issuer */
};

struct provision {
	int dir_fd;             /* the stick's directory */
	int once_fd;            /* ONCE, or -1 while there is none */
	int lock_fd;            /* probe, with an exclusive flock */
	enum provision_state state;
	struct stick *stick;    /* NULL while there is none */
	struct stick_grants grants;
	unsigned debris;        /* unfinished bundles and grants that were removed */
	char fs_name[32];       /* the file system, if it may not overwrite in place (a warning) */
};

/*
 * provision_begin(p, dir_fd, seed, issuer, f): look at the stick at dir_fd (duplicated) without changing it. Errors: E_FILESYSTEM, E_ISSUER
 * (grants or a ratchet of another issuer), E_STICK_DAMAGED (grants without a valid stick record), E_READONLY, E_BUSY (another
 * process provisions it), E_FAIL.
 */
enum err provision_begin(struct provision **p, int dir_fd, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE],
    struct fault *f);

/* provision_init(p, stick_id, seed, f): make ONCE, its directories, the probe and the stick record; nothing if there already. */
enum err provision_init(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f);

/* provision_clean(p): remove unfinished bundles and grants, counting them in p->debris. */
enum err provision_clean(struct provision *p, struct fault *f);

/* provision_space(p, need, f): E_SPACE unless the file system has need bytes free for this process. */
enum err provision_space(struct provision *p, uint64_t need, struct fault *f);

/* provision_bundle_dir(p, id, fd, f): make b/<id>; *fd is owned by the caller. */
enum err provision_bundle_dir(struct provision *p, const uint8_t id[ID_SIZE], int *fd, struct fault *f);

/* provision_manifest(p, id, file, f): write the signed manifest into b/<id>, last of all its files. */
enum err provision_manifest(struct provision *p, const uint8_t id[ID_SIZE], struct bytes file, struct fault *f);

/* provision_notice(p, issuer, file, f): stick_store_notice with a fault. file.n == 0: nothing to write. */
enum err provision_notice(struct provision *p, const uint8_t issuer[KEY_SIZE], struct bytes file, struct fault *f);

/*
 * provision_grant(p, g, file, cells, cell_size, f): write g/<id>.tmp with both lock files and grant.cose, fsync, read all of it
 * back and compare, and rename it to g/<id>. cells is g->slots cells of cell_size bytes.
 */
enum err provision_grant(struct provision *p, const struct grant *g, struct bytes file, const uint8_t *cells, size_t cell_size,
    struct fault *f);

/* provision_drop_bundle(p, id): remove b/<id>, as far as possible. For a bundle that failed. */
void provision_drop_bundle(struct provision *p, const uint8_t id[ID_SIZE]);

/*
 * provision_destroy_grant(p, g, f): overwrite every LIVE record of g in both copies with zeros by the destroying write, then remove
 * g/<id>. provision_remove_bundle(p, id, f): remove b/<id>.
 */
enum err provision_destroy_grant(struct provision *p, const struct grant *g, struct fault *f);
enum err provision_remove_bundle(struct provision *p, const uint8_t id[ID_SIZE], struct fault *f);

/* provision_remove_once(p, f): after the grants are destroyed, remove ONCE whole. */
enum err provision_remove_once(struct provision *p, struct fault *f);

void provision_end(struct provision **p);

#endif
