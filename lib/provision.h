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
#include "hold.h"
#include "stick.h"
#include "stickio.h"

/* What provision_begin found. */
enum provision_state {
	PROVISION_EMPTY,        /* no ONCE, or one that an interrupted first prepare left: no stick record, and nothing foreign */
	PROVISION_OURS          /* a stick of this issuer */
};

struct provision {
	int dir_fd;             /* the stick's directory */
	int once_fd;            /* ONCE, or -1 while there is none */
	int lock_fd;            /* probe, with an exclusive flock; -1 while there is none */
	enum provision_state state;
	struct stick *stick;    /* NULL while there is none */
	struct stick_grants grants;
	struct hold *hold;      /* of provision_hold, else NULL */
	unsigned debris;        /* unfinished bundles and grants that were removed */
	char fs_name[STICKIO_FS_NAME]; /* the file system, if it may not overwrite in place (a warning) */
};

/*
 * provision_begin(p, dir_fd, seed, issuer, f): look at the stick at dir_fd (duplicated) without changing it, and lock its probe if
 * it has one. Errors: E_FILESYSTEM, E_ISSUER (grants or a ratchet of another issuer), E_STICK_DAMAGED (grants without a valid stick
 * record, a part of ONCE is not what it should be), E_NO_STICK (with WHY_NOT_OURS: there is no stick record, and
 * f->object, ONCE that is no directory or something below it in any spelling, was not written by us), E_READONLY, E_BUSY (another
 * process provisions it), E_STICK_IO, E_FAIL. E_STICK_DAMAGED has WHY_CROWDED_GRANTS where there is more in g or b than is looked
 * at.
 */
enum err provision_begin(struct provision **p, int dir_fd, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE],
    struct fault *f);

/*
 * provision_take(p, dir_fd, f): the same for who is not its issuer, and has no seed, to bring something to a stick that is one:
 * what of it may be written is what a speaker may write. The probe is made if it is missing. Errors: those of stick_open and
 * stick_load_grants, E_FILESYSTEM, E_READONLY, E_BUSY, E_STICK_IO, E_FAIL.
 */
enum err provision_take(struct provision **p, int dir_fd, struct fault *f);

/*
 * provision_init(p, stick_id, seed, f): make what is missing of ONCE, b, g, the probe (and lock it) and the stick record (n = 1).
 * On a stick that is ours stick_id and seed are not used, and its record is left alone once there are grants; p->stick->id says
 * whose it is. Errors: E_BUSY (another process was faster; p lets go of its ONCE), E_READONLY, E_STICK_IO, E_FAIL.
 */
enum err provision_init(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f);

/*
 * provision_clean(p, f): remove unfinished grants (g/<id>.tmp, refills before the stick moved on) and bundles that no grant names,
 * counting them in p->debris. While a grant cannot be read, a bundle with a manifest is kept. Call it after provision_init: a stick
 * that is not locked is left alone.
 */
enum err provision_clean(struct provision *p, struct fault *f);

/* provision_space(p, need, f): E_SPACE unless the file system has need bytes free for this process. */
enum err provision_space(struct provision *p, uint64_t need, struct fault *f);

/* provision_bundle_dir(p, id, fd, f): make b/<id>; *fd is owned by the caller. E_SPACE if the stick holds 64 grants,
 * E_STICK_DAMAGED with WHY_CROWDED_GRANTS if a reader would not find another among what is in g. */
enum err provision_bundle_dir(struct provision *p, const uint8_t id[ID_SIZE], int *fd, struct fault *f);

/* provision_manifest(p, id, file, f): write the signed manifest into b/<id>, last of all its files. */
enum err provision_manifest(struct provision *p, const uint8_t id[ID_SIZE], struct bytes file, struct fault *f);

/* provision_room(p, f): stick_keep_room with a fault. */
enum err provision_room(struct provision *p, struct fault *f);

/* provision_notice(p, issuer, file, f): stick_store_notice with a fault, E_STICK_BUSY too. file.n == 0: nothing to write. */
enum err provision_notice(struct provision *p, const uint8_t issuer[KEY_SIZE], struct bytes file, struct fault *f);

/*
 * provision_grant(p, g, file, cells, f): write g/<id>.tmp with both lock files and grant.cose, fsync, read all of it back and
 * compare, and rename it to g/<id>. cells is g->slots cells of CELL_SIZE(g->bundle_count) bytes. E_STICK_IO with f->sys EBADMSG:
 * what was read back is not what was written.
 */
enum err provision_grant(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f);

/*
 * provision_refill(p, g, file, cells, f): the same under its own name at once, grant.cose last, for a g whose number the stick has
 * not reached: until provision_move_on nobody takes it for a grant. Other refills that were left so are removed. After a failure
 * nothing of it is left, as far as it can be removed. Also E_SPACE, if the stick is full.
 */
enum err provision_refill(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f);

/*
 * provision_move_on(p, n, ratchet, f): the stick record, one copy after the other, by the destroying write: refills below n are
 * installed, and what opened them is gone. A copy that is missing is made. Errors: those of record_destroy.
 */
enum err provision_move_on(struct provision *p, uint32_t n, const uint8_t ratchet[KEY_SIZE], struct fault *f);

/* provision_record_whole(p): whether both copies of the stick record say what p->stick does. */
bool provision_record_whole(const struct provision *p);

/* provision_has_receipt(p, id): whether a record below g/<id> holds a receipt, or cannot be read. */
bool provision_has_receipt(const struct provision *p, const uint8_t id[ID_SIZE]);

/* provision_drop_bundle(p, id): remove b/<id>, as far as possible. For a bundle that failed. */
void provision_drop_bundle(struct provision *p, const uint8_t id[ID_SIZE]);

/*
 * provision_hold(p, f): from now on nobody on this PC uses a code of the stick, until its grants are destroyed, or provision_end.
 * What was read of its records before may have changed: read it again. Errors: E_STICK_BUSY, E_FAIL.
 */
enum err provision_hold(struct provision *p, struct fault *f);

/*
 * provision_destroy_grant(p, g, f): overwrite every record of g that is not SPENT, in both copies, with zeros by the destroying
 * write, then remove g/<id>. A lock file that is missing, short or no file is overwritten as far as it goes; if a write fails,
 * nothing is removed. E_STICK_BUSY if somebody is using a code of g.
 * provision_destroy_grants(p, f): that of all p->grants, which stay as they were read. Both hold p until every record is
 * overwritten, and let go of it then.
 * provision_remove_bundle(p, id, f): remove b/<id>; absent is success.
 */
enum err provision_destroy_grant(struct provision *p, const struct grant *g, struct fault *f);
enum err provision_destroy_grants(struct provision *p, struct fault *f);
enum err provision_remove_bundle(struct provision *p, const uint8_t id[ID_SIZE], struct fault *f);

/*
 * provision_remove_once(p, f): after the grants are destroyed, overwrite the cells that are left (of grants that nobody could read)
 * and the ratchet, and remove all of ONCE that the format knows. What else is in it stays, and the directories above that:
 * provision_each_foreign tells. p is PROVISION_EMPTY then: provision_init may follow.
 */
enum err provision_remove_once(struct provision *p, struct fault *f);

/*
 * provision_each_foreign(dir_fd, each, arg): call each with the path, from ONCE on, of everything below ONCE that the format does
 * not know, not looking into it, until it returns non-zero, which is returned. 0 at the end, -1 with errno. Paths are raw bytes.
 */
int provision_each_foreign(int dir_fd, int (*each)(void *arg, const char *path), void *arg);

/* provision_end(p): release the stick. */
void provision_end(struct provision **p);

#endif
