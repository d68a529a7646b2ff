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
	PROVISION_EMPTY,        /* no ONCE, or what an interrupted first prepare left: no stick record, and only our own files */
	PROVISION_OURS          /* a stick of this issuer */
};

struct provision {
	int dir_fd;             /* the stick's directory */
	int once_fd;            /* ONCE, or -1 while there is none */
	int lock_fd;            /* probe, with an exclusive flock; -1 while there is none */
	enum provision_state state;
	struct stick *stick;    /* NULL while there is none */
	struct stick_grants grants;
	struct hold *hold;      /* from provision_hold, or NULL */
	unsigned debris;        /* how many unfinished bundles and grants were removed */
	char fs_name[STICKIO_FS_NAME]; /* the file system, if it may not overwrite in place (a warning) */
};

/*
 * provision_begin(p, dir_fd, seed, issuer, f): look at the stick at dir_fd (duplicated) without changing it, and lock its probe if
 * it has one. Errors: E_FILESYSTEM; E_ISSUER (grants or a ratchet of another issuer); E_STICK_DAMAGED (grants without a valid
 * stick record, or a part of ONCE is not what it should be; with WHY_CROWDED_GRANTS if g or b contain more than is looked at);
 * E_NO_STICK (with WHY_NOT_OURS: there is no stick record, and we did not write f->object, which is an ONCE that is not a
 * directory, or something below ONCE in any spelling); E_READONLY; E_BUSY (another process is provisioning it); E_STICK_IO;
 * E_FAIL.
 */
enum err provision_begin(struct provision **p, int dir_fd, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE],
    struct fault *f);

/*
 * provision_take(p, dir_fd, f): the same for somebody who is not the stick's issuer and has no seed, in order to bring something
 * to an existing stick. Only what a speaker may write can be written. The probe is made if it is missing. Errors: those of
 * stick_open and stick_load_grants, E_FILESYSTEM, E_READONLY, E_BUSY, E_STICK_IO, E_FAIL.
 */
enum err provision_take(struct provision **p, int dir_fd, struct fault *f);

/*
 * provision_init(p, stick_id, seed, f): make what is missing of ONCE, b, g, the probe (and lock it) and the stick record (n = 1).
 * On a stick that is ours stick_id and seed are not used, and once there are grants its record is left alone; p->stick->id is its
 * id. Errors: E_BUSY (another process was faster; p lets go of its ONCE), E_READONLY, E_STICK_IO, E_FAIL.
 */
enum err provision_init(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f);

/*
 * provision_clean(p, f): remove unfinished grants (g/<id>.tmp, and refills with which the stick has not moved on) and bundles that
 * no grant names, and count them in p->debris. As long as any grant cannot be read, a bundle with a manifest is kept. Call this
 * after provision_init: a stick that is not locked is left alone.
 */
enum err provision_clean(struct provision *p, struct fault *f);

/* provision_space(p, need, f): E_SPACE unless this process can use need free bytes on the file system. */
enum err provision_space(struct provision *p, uint64_t need, struct fault *f);

/*
 * provision_bundle_dir(p, id, fd, f): make b/<id>; the caller owns *fd. E_SPACE if the stick holds 64 grants; E_STICK_DAMAGED with
 * WHY_CROWDED_GRANTS if there is so much in g that a reader would not find another grant.
 */
enum err provision_bundle_dir(struct provision *p, const uint8_t id[ID_SIZE], int *fd, struct fault *f);

/* provision_manifest(p, id, file, f): write the signed manifest into b/<id>, as the last of its files. */
enum err provision_manifest(struct provision *p, const uint8_t id[ID_SIZE], struct bytes file, struct fault *f);

/* provision_room(p, f): stick_keep_room with a fault. */
enum err provision_room(struct provision *p, struct fault *f);

/*
 * provision_notice(p, issuer, file, f): stick_store_notice with a fault, which may also be E_STICK_BUSY. If file.n is 0 there is
 * nothing to write.
 */
enum err provision_notice(struct provision *p, const uint8_t issuer[KEY_SIZE], struct bytes file, struct fault *f);

/*
 * provision_grant(p, g, file, cells, f): write g/<id>.tmp with both lock files and grant.cose, fsync, read all of it back and
 * compare, and rename it to g/<id>. cells is g->slots cells of CELL_SIZE(g->bundle_count) bytes. E_STICK_IO with f->sys EBADMSG:
 * what was read back differs from what was written.
 */
enum err provision_grant(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f);

/*
 * provision_refill(p, g, file, cells, f): the same, but under its own name at once, grant.cose last, for a g whose number the
 * stick has not reached: until provision_move_on nobody takes it for a grant. Other unfinished refills are removed. After a
 * failure nothing of it is left, as far as it can be removed. Also E_SPACE, if the stick is full.
 */
enum err provision_refill(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f);

/*
 * provision_move_on(p, n, ratchet, f): write the stick record, one copy after the other, by the destroying write: refills below n
 * are then installed, and what opened them is gone. A missing copy is made. Errors: those of record_destroy.
 */
enum err provision_move_on(struct provision *p, uint32_t n, const uint8_t ratchet[KEY_SIZE], struct fault *f);

/* provision_record_whole(p): whether both copies of the stick record say what p->stick says. */
bool provision_record_whole(const struct provision *p);

/* provision_has_receipt(p, id): whether a record below g/<id> holds a receipt, or cannot be read. */
bool provision_has_receipt(const struct provision *p, const uint8_t id[ID_SIZE]);

/* provision_drop_bundle(p, id): remove b/<id>, as far as possible, because packing it failed. */
void provision_drop_bundle(struct provision *p, const uint8_t id[ID_SIZE]);

/*
 * provision_hold(p, f): from now on nobody on this PC can use a code of the stick, until its grants are destroyed or provision_end
 * is called. What was read of its records earlier may have changed: read it again. Errors: E_STICK_BUSY, E_FAIL.
 */
enum err provision_hold(struct provision *p, struct fault *f);

/*
 * provision_destroy_grant(p, g, f): overwrite both copies of every record of g that is not SPENT with zeros, by the destroying
 * write, then remove g/<id>. A lock file that is missing, too short or not a file is overwritten as far as it goes. If a write
 * fails, nothing is removed. E_STICK_BUSY if somebody is using a code of g.
 *
 * provision_destroy_grants(p, f): the same for all p->grants, which stay as they were read. Both functions hold p until every
 * record is overwritten, and then let go of it.
 *
 * provision_remove_bundle(p, id, f): remove b/<id>; absent is success.
 */
enum err provision_destroy_grant(struct provision *p, const struct grant *g, struct fault *f);
enum err provision_destroy_grants(struct provision *p, struct fault *f);
enum err provision_remove_bundle(struct provision *p, const uint8_t id[ID_SIZE], struct fault *f);

/*
 * provision_remove_once(p, f): after the grants are destroyed, overwrite the ratchet and the cells that are left (of grants that
 * nobody could read), and remove everything in ONCE that the format knows. Anything else in it stays, and so do the directories
 * above it; provision_each_foreign lists it. Afterwards p is PROVISION_EMPTY, and provision_init may follow.
 */
enum err provision_remove_once(struct provision *p, struct fault *f);

/*
 * provision_each_foreign(dir_fd, each, arg): call each for everything below ONCE that the format does not know, with its path from
 * ONCE on, in raw bytes. Directories among it are not looked into. If each returns non-zero, stop and return that. Return 0 at the
 * end, or -1 with errno.
 */
int provision_each_foreign(int dir_fd, int (*each)(void *arg, const char *path), void *arg);

/* provision_end(p): release the stick. */
void provision_end(struct provision **p);

#endif
