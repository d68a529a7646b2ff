/*
 * stick.h - what is below ONCE on a stick, none of it trusted (oncestick-format(5), Overview).
 */
#ifndef STICK_H
#define STICK_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "format.h"
#include "grant.h"
#include "notice.h"
#include "record.h"
#include "stickio.h"

#define STICK_ONCE "ONCE"
#define STICK_PROBE "probe"
#define STICK_BUNDLES "b"
#define STICK_GRANTS "g"
#define STICK_NOTICE "notice.cose"
#define STICK_NOTICE_NEW "notice.new"
#define STICK_ROOM "room"
#define STICK_ROOM_SIZE (512u << 10)
#define STICK_RECORD_A "stick.a"
#define STICK_RECORD_B "stick.b"
#define STICK_LOCK_A "lock.a"
#define STICK_LOCK_B "lock.b"
#define STICK_GRANT_FILE "grant.cose"
#define STICK_MANIFEST_FILE "manifest.cose"

#define STICK_REFILLS_MAX 65536u        /* refills of one stick that are believed */
#define STICK_LISTED_MAX 4096u          /* how many things of one kind are looked at in one directory */

struct stick {
	int once_fd;                    /* the ONCE directory */
	uint8_t id[ID_SIZE];
	uint32_t n;                     /* number of the next refill */
	uint8_t *ratchet;               /* R_n, KEY_SIZE bytes of secret memory */
};

/*
 * stick_open(s, dir_fd, f): find ONCE below dir_fd and read the stick record. dir_fd is borrowed for the call only. Errors:
 * E_NO_STICK (with WHY_NOT_OURS if ONCE has neither record nor grant, but contains something that is not ours), E_STICK_DAMAGED
 * (no valid copy of the stick record, or copies of two different sticks), E_STICK_IO (nobody can tell, because the medium or the
 * access rights prevent reading one), E_FAIL.
 */
enum err stick_open(struct stick **s, int dir_fd, struct fault *f);
void stick_close(struct stick **s);

/*
 * stick_open_damaged(s, dir_fd, f): open a stick whose record is damaged. Its id is the one that all verified grants agree on. No
 * code opens such a stick any more, but its records can be read. The ratchet is zero, and n is UINT32_MAX, for unknown. Errors:
 * E_NO_STICK, E_STICK_DAMAGED (no grant verifies, or they disagree), E_FAIL.
 */
enum err stick_open_damaged(struct stick **s, int dir_fd, struct fault *f);

/*
 * stick_follows(s, seed): whether the stick record is what the issuer with this seed wrote, or what a refill of theirs made of it.
 * Anybody who has the stick can write other numbers into it.
 */
bool stick_follows(const struct stick *s, const uint8_t seed[KEY_SIZE]);

/*
 * stick_medium(s, name, f): stickio_medium for ONCE and for g, where the records are. Whoever writes to a stick calls this before
 * anything is spent, revoked or erased. Errors: E_FILESYSTEM.
 */
enum err stick_medium(const struct stick *s, char name[STICKIO_FS_NAME], struct fault *f);

/* The usable grants of a stick. */
struct stick_grants {
	size_t count;
	struct grant *grants;           /* ascending by id; owned */
	unsigned skipped;               /* grants that did not verify or parse */
	unsigned newer;                 /* of these, made by a newer program (unknown version, several bundles) */
	uint8_t skipped_id[ID_SIZE];    /* the first of them, by its directory name */
	struct fault unread; /* why one of them could not be read, as the medium said; it holds E_OK if all could */
	unsigned foreign;               /* grants for another stick, and refills not yet installed: ignored */
	unsigned beyond;                /* grants beyond the number that is looked at; counted in skipped, too */
};

/*
 * stick_load_grants(s, g, f): load every grant that verifies, is for this stick, and is installed. The lowest STICK_LISTED_MAX ids
 * are looked at, until STICK_GRANTS_MAX grants are found; the others count as skipped. Errors: E_NO_GRANT if none is left (with
 * WHY_CROWDED_GRANTS if some were beyond), E_ISSUER if their issuers differ, E_STICK_IO if access rights prevent reading one, or
 * if none is left and the medium failed, E_FAIL. g is filled in (skipped, newer, foreign, beyond) with E_NO_GRANT, too.
 */
enum err stick_load_grants(const struct stick *s, struct stick_grants *g, struct fault *f);
void stick_grants_free(struct stick_grants *g);

/*
 * stick_load_notice(s, issuer, n, file, len): find the newest notice on the stick that verifies and is by this issuer. It is
 * parsed into n, which the caller frees with notice_free; unless file is NULL, its bytes are in *file, which the caller frees.
 * Return 1, 0 if there is none, -1 with errno if nobody can tell.
 */
int stick_load_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], struct notice *n, uint8_t **file, size_t *len);

/*
 * stick_store_notice(s, issuer, file, len): put a notice of issuer on the stick, unless it or one with a higher number is already
 * there. It is written to notice.new, then to notice.cose, each flushed, and then notice.new is removed; so at any time one of the
 * two is whole on the medium. On a full stick the room that was kept for notices is given up meanwhile. A notice there that does
 * not verify, cannot be read, or is another issuer's counts as absent. Return 1 if written, 0 if not needed, -1 with errno (EINVAL
 * if file is not a notice of issuer).
 */
int stick_store_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], const uint8_t *file, size_t len);

/*
 * stick_keep_room(s): reserve STICK_ROOM_SIZE bytes for notices, or as many as there are, in a file of their own. A file that
 * already exists is left alone. Return 0, or -1 with errno.
 */
int stick_keep_room(const struct stick *s);

/*
 * stick_probe(s, f): prove that the stick accepts and keeps a 4096-byte write. Fresh random bytes are written to probe, which is
 * made if missing, in the same steps as the destroying write. Errors: E_READONLY, E_STICK_IO.
 */
enum err stick_probe(const struct stick *s, struct fault *f);

/* Both copies of one slot's record. */
struct stick_slot {
	enum record_state a, b, merged;
	uint8_t raw_a[RECORD_SIZE], raw_b[RECORD_SIZE];
	struct bytes body_a, body_b;    /* borrow from raw_a, raw_b */
	bool whole;                     /* both lock files are regular, of exactly 4096 * slots bytes, and open for writing */
	struct fault unread;            /* why we do not know what a copy says: E_STICK_IO, E_FAIL; it holds E_OK if we do */
};

/*
 * stick_read_slot(s, g, slot, want_write, out, f): read both records of a slot of grant g. A copy that cannot be read counts as
 * damaged, and whole is false. Return E_OK, or E_READONLY if want_write is true and a lock file exists but cannot be opened for
 * writing; out is filled in then, too, so that a spent slot can be told from a locked one.
 */
enum err stick_read_slot(const struct stick *s, const struct grant *g, uint32_t slot, bool want_write, struct stick_slot *out,
    struct fault *f);

/* stick_destroy_slot(s, g, slot, copy, rec, f): record_destroy on lock.a (copy 0) or lock.b (copy 1) of grant g. */
enum err stick_destroy_slot(const struct stick *s, const struct grant *g, uint32_t slot, int copy,
    const uint8_t rec[RECORD_SIZE], struct fault *f);

/* stick_grant_dir(s, grant_id) / stick_bundle_dir(s, bundle_id): a descriptor of g/<id> or b/<id>, or -1 with errno. */
int stick_grant_dir(const struct stick *s, const uint8_t grant_id[ID_SIZE]);
int stick_bundle_dir(const struct stick *s, const uint8_t bundle_id[ID_SIZE]);

#endif
