/*
 * issuer.h - the issuer at work: the directory, the books, the clock, the seed, the list of what is revoked, and the names of
 * sticks and codes.
 */
#ifndef ISSUER_H
#define ISSUER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "books.h"
#include "bytes.h"
#include "error.h"
#include "format.h"
#include "stick.h"

#define ISSUER_DIR_MAX 4096

/* Steps of faults whose object says the rest. */
#define ISSUER_NO_CODE "no such code"        /* E_CODE_UNKNOWN: the stick has none of this number */

struct issuer {
	char dir[ISSUER_DIR_MAX];
	int dir_fd; /* -1 while closed */
	struct books *books;
	uint8_t pk[KEY_SIZE];
	char contact[LABEL_MAX + 1]; /* whom to call, "" if not set */
	int64_t now;		     /* the time that this run signs with */
	uint8_t *seed;		     /* secret memory, NULL until issuer_unlock */
	uint8_t *sk;		     /* signing key, the same */
	size_t list_n;		     /* size of the list that issuer_publish found or made */
	char mark_dir[ISSUER_DIR_MAX]; /* where this PC remembers its books (mark.h); "" for nowhere */
	bool writes;		     /* the books were not opened just for reading */
	bool hands_out;		     /* by issuer_hands_out: any sign that the books are an older copy ends the work */
	bool behind;		     /* the books are an older copy: their list is not written to a stick that comes home */
	bool fresh;		     /* this run started the books: what was remembered is about others, which are gone */
};

enum issuer_how {
	ISSUER_TO_WRITE,
	ISSUER_TO_READ, /* for a verb that changes nothing; others may write meanwhile */
	ISSUER_TO_BEGIN /* after ISSUER_TO_WRITE found no books (E_BOOKS, ENOENT): start new, empty ones */
};

/*
 * issuer_open(i, dir, how, f): open the issuer whose files are in dir, and the books, but no secret. Whatever is open afterwards
 * issuer_close closes. Errors: E_KEYSTORE (WHY_NO_ISSUER, WHY_NO_KEYSTORE, or it cannot be read), E_BOOKS.
 */
enum err issuer_open(struct issuer *i, const char *dir, enum issuer_how how, struct fault *f);

/* Who else may look into the directory. */
enum issuer_rights {
	ISSUER_PRIVATE,
	ISSUER_DIR_OPEN,  /* others may see the names of the files */
	ISSUER_FILES_OPEN /* and read the files */
};

/* issuer_rights(i): who else may look into the directory of an open issuer. */
enum issuer_rights issuer_rights(const struct issuer *i);

/*
 * issuer_check_rights(dir_fd, f): call this before anything secret is made in a directory. E_KEYSTORE if everybody could write to
 * it there (WHY_NO_RIGHTS), or if nothing can be made there.
 */
enum err issuer_check_rights(int dir_fd, struct fault *f);

enum issuer_clock {
	ISSUER_CLOCK_FINE,
	ISSUER_CLOCK_OLD,  /* before the program was made */
	ISSUER_CLOCK_BACK, /* before the newest time signed here */
	ISSUER_CLOCK_FAR   /* more than 30 days after that or, if nothing was signed, five years after the program was made */
};

/*
 * issuer_clock(i, clock, newest, f): whether i->now is a time to sign with. Everything that is going to sign calls this before it
 * asks for the passphrase. *newest is when something was last signed here, 0 for never. E_BOOKS.
 */
enum err issuer_clock(struct issuer *i, enum issuer_clock *clock, int64_t *newest, struct fault *f);

/* issuer_unlock(i, pass, f): open the keystore. Errors: E_PASSPHRASE, E_KEYSTORE, E_MEMORY, E_FAIL. */
enum err issuer_unlock(struct issuer *i, struct bytes pass, struct fault *f);

/* issuer_close(i): close everything; also remember these books as the newest, unless they are an older copy. */
void issuer_close(struct issuer *i);

/*
 * Books may be an older copy that was put back: then somebody has codes that they list as ready. There are three signs of this:
 * what this PC remembers; a stick that carries a newer list than the books ever had; and a code that comes home used although it
 * was never handed out.
 *
 * issuer_remember(i, dir): this PC remembers in dir, which is made if it does not exist; i->behind says what it knows. Return 0,
 * or -1 with errno if dir cannot be written. issuer_compare(i, dir): the same for books that are only read: dir is left as it is.
 *
 * issuer_last_used(i): when books of this issuer were last changed on this PC, as it remembers; 0 if it does not.
 *
 * issuer_hands_out(i, since, f): for a verb that makes or hands out codes. E_BOOKS (WHY_BEHIND) if the books are known to be an
 * older copy; *since is when the newer ones were used here, 0 if that is not how it is known.
 *
 * issuer_look_behind(i, s, f): the same, judged by the list on the stick s. E_BOOKS, E_FAIL.
 *
 * issuer_is_behind(i, f): note in the books that they turned out to be an older copy, so that no other run hands out codes.
 * E_BOOKS.
 */
int issuer_remember(struct issuer *i, const char *dir);
int issuer_compare(struct issuer *i, const char *dir);
int64_t issuer_last_used(const struct issuer *i);
enum err issuer_hands_out(struct issuer *i, int64_t *since, struct fault *f);
enum err issuer_look_behind(struct issuer *i, const struct stick *s, struct fault *f);
enum err issuer_is_behind(struct issuer *i, struct fault *f);

/*
 * issuer_settled(b, now, f): these books are now the ones that count: nothing from before is taken as a sign any more. Inside a
 * transaction.
 *
 * issuer_note_newest(i): make this PC remember them, too; if there is no way to remember that, do nothing.
 */
enum err issuer_settled(struct books *b, int64_t now, struct fault *f);
void issuer_note_newest(struct issuer *i);

/*
 * issuer_publish(i, file, n, number, f): turn what is revoked in the books into a signed notice and store it there, unless the
 * newest one already says the same. *file, which is NULL or comes from an earlier call and is then freed, becomes the newest
 * notice, which the caller frees, and *number its number; NULL and 0 if nothing is revoked. Call this inside the transaction that
 * changed the books, after issuer_unlock. Afterwards i->list_n is the size of the notice. Errors: E_BOOKS, E_SPACE (WHY_LIST_FULL:
 * it would be too long), E_FAIL.
 */
enum err issuer_publish(struct issuer *i, uint8_t **file, size_t *n, uint32_t *number, struct fault *f);

/*
 * issuer_merge_notice(i, s, f): if the stick s carries a notice of ours that the books do not have, add it to them. Inside a
 * transaction.
 */
enum err issuer_merge_notice(struct issuer *i, const struct stick *s, struct fault *f);

/* issuer_revoke_stick(i, id, verb, count, f): revoke every ready or issued slot of a stick in the books; *count is how many. */
enum err issuer_revoke_stick(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, uint32_t *count, struct fault *f);

/* issuer_drop_lectures(i, id, verb, f): no longer look for the lectures that the books have for this stick on it. */
enum err issuer_drop_lectures(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, struct fault *f);

/* issuer_is_name(text): whether text has the form of a stick's shown name, or of a whole id in hexadecimal. */
bool issuer_is_name(const char *text);

/*
 * issuer_find(i, name, id, f): find the stick that the books have under this name, or under this whole id. Errors: E_NO_STICK
 * (WHY_UNKNOWN_STICK), E_USAGE (WHY_ALIKE), E_BOOKS.
 */
enum err issuer_find(struct issuer *i, const char *name, uint8_t id[ID_SIZE], struct fault *f);

/*
 * issuer_find_code(i, text, out, last, f): find the slot that "7kq241/3" names; a whole id may take the place of the stick's name.
 * Errors: those of issuer_find; E_USAGE (WHY_NO_CODE_NAME) if text does not have that form; E_CODE_UNKNOWN (ISSUER_NO_CODE) if
 * there is no such number, and then *last is the highest one.
 */
enum err issuer_find_code(struct issuer *i, const char *text, struct books_slot *out, uint32_t *last, struct fault *f);

/* issuer_slot_name(out, slot): "7kq241/3". */
#define ISSUER_SLOT_NAME 24
void issuer_slot_name(char out[ISSUER_SLOT_NAME], const struct books_slot *slot);

#endif
