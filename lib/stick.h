/*
 * stick.h - what lies below ONCE on a stick, read with distrust (oncestick-format(5), STICK LAYOUT).
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

#define STICK_LISTED_MAX 4096u          /* things of one kind in one directory that are looked at */

struct stick {
	int once_fd;                    /* the ONCE directory */
	uint8_t id[ID_SIZE];
	uint32_t n;                     /* number of the next refill */
	uint8_t *ratchet;               /* R_n, KEY_SIZE bytes of secret memory */
};

/*
 * stick_open(s, dir_fd, f): find ONCE below dir_fd and read the stick record. dir_fd is borrowed for the call only.
 * Errors: E_NO_STICK (with WHY_NOT_OURS where there is an ONCE with neither record nor grant, but things of others in it),
 * E_STICK_DAMAGED (no valid copy of the stick record, or two of different sticks), E_STICK_IO (nobody can tell,
 * because the medium or the rights do not let one be read), E_FAIL.
 */
enum err stick_open(struct stick **s, int dir_fd, struct fault *f);
void stick_close(struct stick **s);

/*
 * stick_open_damaged(s, dir_fd, f): for a stick whose record is damaged: its id is the one that all grants say that verify. Nothing
 * opens such a stick any more, but its records can be read. The ratchet is zero, and n UINT32_MAX, which stands for not known.
 * Errors: E_NO_STICK, E_STICK_DAMAGED (no grant verifies, or they do not agree), E_FAIL.
 */
enum err stick_open_damaged(struct stick **s, int dir_fd, struct fault *f);

/*
 * stick_medium(s, name, f): stickio_medium of ONCE and of g, where the records are. Whoever writes to a stick asks before anything
 * is spent, revoked or erased. Errors: E_FILESYSTEM.
 */
enum err stick_medium(const struct stick *s, char name[STICKIO_FS_NAME], struct fault *f);

/* The usable grants of a stick. */
struct stick_grants {
	size_t count;
	struct grant *grants;           /* ascending by id; owned */
	unsigned skipped;               /* grants that did not verify or parse */
	unsigned newer;                 /* of those, made by a newer program (unknown version, several bundles) */
	uint8_t skipped_id[ID_SIZE];    /* the first of them, by its directory name */
	struct fault unread; /* why one of them could not be read, the medium's word; E_OK in it if none was unreadable */
	unsigned foreign;               /* grants of another stick, or refills not yet installed: ignored */
	unsigned beyond;                /* more than are looked at: part of skipped */
};

/*
 * stick_load_grants(s, g, f): every grant that verifies, is of this stick, and is installed. Errors: E_NO_GRANT if none is left
 * (with WHY_CROWDED_GRANTS if there are some beyond), E_ISSUER if their issuers differ, E_STICK_IO if the rights do not let one be
 * read, or none is left and the medium failed, E_FAIL. g is filled (skipped, newer, foreign, beyond) also with E_NO_GRANT. The
 * lowest STICK_LISTED_MAX ids are looked at, until STICK_GRANTS_MAX grants are found; the others count as skipped.
 */
enum err stick_load_grants(const struct stick *s, struct stick_grants *g, struct fault *f);
void stick_grants_free(struct stick_grants *g);

/*
 * stick_load_notice(s, issuer, n, file, len): the newest notice on the stick that verifies and is of this issuer: parsed into n
 * (freed by the caller with notice_free) and, unless file is NULL, its bytes in *file (freed by the caller). Return 1, 0 if there
 * is none, -1 with errno if nobody can tell.
 */
int stick_load_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], struct notice *n, uint8_t **file, size_t *len);

/*
 * stick_store_notice(s, issuer, file, len): put a notice of issuer on the stick, unless it is there already or one of a higher
 * number is: as notice.new, then as notice.cose, each flushed, then notice.new is removed, so that at any time one of the two is
 * whole on the medium. On a stick that is full the room that was kept for it is given up meanwhile. What does not verify, cannot be
 * read, or is another issuer's, counts as absent. Return 1 if written, 0 if not needed, -1 with errno (EINVAL if file is not a
 * notice of issuer).
 */
int stick_store_notice(const struct stick *s, const uint8_t issuer[KEY_SIZE], const uint8_t *file, size_t len);

/*
 * stick_keep_room(s): keep STICK_ROOM_SIZE bytes for notices in a file of their own, or what there is of them; a file that is there
 * is left. Return 0, or -1 with errno.
 */
int stick_keep_room(const struct stick *s);

/*
 * stick_probe(s, f): prove that the stick takes and keeps a 4096-byte write: fresh random bytes to probe, made if missing, by the
 * same steps as the destroying write. Errors: E_READONLY, E_STICK_IO.
 */
enum err stick_probe(const struct stick *s, struct fault *f);

/* Both copies of one slot's record. */
struct stick_slot {
	enum record_state a, b, merged;
	uint8_t raw_a[RECORD_SIZE], raw_b[RECORD_SIZE];
	struct bytes body_a, body_b;    /* borrow from raw_a, raw_b */
	bool whole;                     /* both lock files are regular, of exactly 4096 * slots bytes, and open for writing */
	struct fault unread;            /* why it is not known what a copy says: E_STICK_IO, E_FAIL; E_OK in it if that is known */
};

/*
 * stick_read_slot(s, g, slot, want_write, out, f): read the pair of records of slot of grant g. A copy that cannot be read counts
 * as damaged, with whole false. Return E_OK, or E_READONLY if a lock file exists but may not be written (want_write true); out is
 * filled also then, so that a spent slot can be told from a locked one.
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
