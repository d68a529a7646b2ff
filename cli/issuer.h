/*
 * issuer.h - what the issuer's verbs have in common: the directory, the books, the clock, the seed, notices, names of sticks.
 */
#ifndef ISSUER_H
#define ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "bytes.h"
#include "cli.h"
#include "error.h"
#include "format.h"
#include "stick.h"
#include "stickarg.h"

#define ISSUER_DIR_MAX 4096

struct issuer {
	char dir[ISSUER_DIR_MAX];
	int dir_fd; /* -1 while closed */
	struct books *books;
	uint8_t pk[KEY_SIZE];
	char contact[LABEL_MAX + 1]; /* whom to call, "" if not set */
	int64_t now;		     /* the time that this run signs with */
	uint8_t *seed;		     /* secret memory, NULL until issuer_unlock */
	uint8_t *sk;		     /* signing key, the same */
	size_t list_n;		     /* bytes of the list that issuer_publish found or made */
};

/* issuer_dir(out, size, f): where the issuer's files are. E_USAGE if no home is known or it does not fit. */
enum err issuer_dir(char *out, size_t size, struct fault *f);

/* issuer_open(i, c, f): directory and books, no secret. Errors: E_KEYSTORE (no keystore there), E_BOOKS. */
enum err issuer_open(struct issuer *i, const struct cli *c, struct fault *f);
/* issuer_open_to_read(i, c, f): the same for a verb that changes nothing, while others may write. */
enum err issuer_open_to_read(struct issuer *i, const struct cli *c, struct fault *f);

/*
 * issuer_clock(i, c, f): for a verb that signs, before the passphrase: refuse a clock before the program's making or the newest
 * time that was signed here; ask for the date if it is more than 30 days past that. Errors: E_USAGE, E_PROMPT, E_INTERRUPTED,
 * E_BOOKS.
 */
enum err issuer_clock(struct issuer *i, const struct cli *c, struct fault *f);

/*
 * issuer_unlock(i, c, f): ask for the passphrase and open the keystore. Errors: E_PROMPT, E_INTERRUPTED, E_PASSPHRASE, E_KEYSTORE,
 * E_MEMORY.
 */
enum err issuer_unlock(struct issuer *i, const struct cli *c, struct fault *f);

/* issuer_begin_books(i, f): after issuer_open failed because there are no books (E_BOOKS, ENOENT): begin new ones, empty. */
enum err issuer_begin_books(struct issuer *i, struct fault *f);

void issuer_close(struct issuer *i);

/*
 * issuer_publish(i, file, n, number, f): make what is revoked in the books a signed notice and store it there, unless the newest
 * says the same already. *file is the newest notice, freed by the caller, and *number its number; NULL and 0 if there is nothing to
 * say. Call it inside the transaction that changed the books; needs issuer_unlock. E_SPACE, with words, if it would be too long.
 * issuer_warn_list(i, c): afterwards: say that it will be.
 */
enum err issuer_publish(struct issuer *i, uint8_t **file, size_t *n, uint32_t *number, struct fault *f);
void issuer_warn_list(const struct issuer *i, const struct cli *c);

/*
 * issuer_warn_rights(i, c): say it where others may look into the issuer's directory, or its file system keeps no rights.
 * issuer_check_rights(dir_fd, f): before anything secret is made in a directory: E_KEYSTORE if everybody could write it there.
 */
void issuer_warn_rights(const struct issuer *i, const struct cli *c);
enum err issuer_check_rights(int dir_fd, struct fault *f);

/*
 * issuer_merge_notice(i, s, f): if the stick s carries a notice of ours that the books do not have, take it into them. Inside a
 * transaction.
 */
enum err issuer_merge_notice(struct issuer *i, const struct stick *s, struct fault *f);

/*
 * issuer_put_notice(i, s, grants, file, written, f): a notice onto the stick s, which has these grants, unless it has it. *written,
 * unless NULL, says whether it was written. E_FILESYSTEM, E_READONLY, E_STICK_IO, or E_STICK_BUSY.
 */
enum err issuer_put_notice(const struct issuer *i, const struct stick *s, const struct stick_grants *grants, struct bytes file, bool *written,
    struct fault *f);

/* issuer_revoke_stick(i, id, verb, count, f): every ready or issued slot of a stick is revoked in the books; *count is how many. */
enum err issuer_revoke_stick(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, uint32_t *count, struct fault *f);

/* issuer_drop_lectures(i, id, verb, f): the lectures of a stick that the books have are no longer looked for on it. */
enum err issuer_drop_lectures(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, struct fault *f);

/* A stick that was named. */
struct issuer_stick {
	uint8_t id[ID_SIZE];
	char name[8];	    /* "7kq241" */
	struct stickarg at; /* where it is mounted, fd -1 if it was named by its id */
};

/*
 * issuer_find(i, arg, out, f): STICK or ID: a shown id, or a whole one in hexadecimal, that the books have, else a directory;
 * NULL: the only stick mounted.
 * Errors: those of stickarg_open and stick_open, E_NO_STICK (an id that is not in the books), E_USAGE (two sticks are shown alike).
 */
enum err issuer_find(struct issuer *i, const char *arg, struct issuer_stick *out, struct fault *f);
void issuer_stick_close(struct issuer_stick *s);

/*
 * issuer_find_code(i, text, out, f): the slot "7kq241/3" names; the whole id may stand for the name. E_USAGE if it is not of
 * that form, or two sticks are shown alike, E_CODE_UNKNOWN if there is no such number, E_NO_STICK if there is no such stick.
 */
enum err issuer_find_code(struct issuer *i, const char *text, struct books_slot *out, struct fault *f);

/* issuer_slot_name(out, slot): "7kq241/3". */
#define ISSUER_SLOT_NAME 24
void issuer_slot_name(char out[ISSUER_SLOT_NAME], const struct books_slot *slot);

#endif
