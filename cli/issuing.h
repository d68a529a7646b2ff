/*
 * issuing.h - what the issuer's verbs have in common: issuer.h, with words.
 */
#ifndef ISSUING_H
#define ISSUING_H

#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "cli.h"
#include "error.h"
#include "issuer.h"
#include "lecture.h"
#include "prompt.h"
#include "stickarg.h"

/*
 * issuing_dir(c, out, size, f): where the issuer's files are. Errors: E_USAGE if there is no home directory, or the path does not
 * fit.
 */
enum err issuing_dir(const struct cli *c, char *out, size_t size, struct fault *f);

/*
 * issuing_open(i, c, f): issuer_open in that directory, with a warning if others may look into it. Errors: E_USAGE, E_KEYSTORE,
 * E_BOOKS. issuing_open_to_read(i, c, f), issuing_begin_books(i, c, f): the same with ISSUER_TO_READ and ISSUER_TO_BEGIN.
 */
enum err issuing_open(struct issuer *i, const struct cli *c, struct fault *f);
enum err issuing_open_to_read(struct issuer *i, const struct cli *c, struct fault *f);
enum err issuing_begin_books(struct issuer *i, const struct cli *c, struct fault *f);

/*
 * issuing_open_to_hand_out(i, c, f): issuing_open for a verb that makes or hands out codes: E_BOOKS also if the books are an older
 * copy of those that were used last. issuing_look_behind(i, fd, f): the same check, against the list on the stick at fd; -1: no
 * stick.
 */
enum err issuing_open_to_hand_out(struct issuer *i, const struct cli *c, struct fault *f);
enum err issuing_look_behind(struct issuer *i, int fd, struct fault *f);

/*
 * issuing_did_you_mean(i, c, f): if f says that nobody has that name (WHY_NEVER_GIVEN, WHY_HOLDS_NONE) and the books have similar
 * names, add a question whether one of them was meant. The error and its reason stay the same, even if the books cannot be read any
 * more.
 */
void issuing_did_you_mean(struct issuer *i, const struct cli *c, struct fault *f);

/* issuing_warn_behind(i, c): warn if the books were found to be an older copy. */
void issuing_warn_behind(const struct issuer *i, const struct cli *c);

/* issuing_warn_rights(i, c): warn if others may look into the issuer's directory. */
void issuing_warn_rights(const struct issuer *i, const struct cli *c);

/*
 * issuing_clock(i, c, f): for a verb that signs, before the passphrase: refuse a clock that is behind, and ask for the date if it
 * is far ahead. Errors: E_USAGE, E_PROMPT, E_INTERRUPTED, E_BOOKS.
 */
enum err issuing_clock(struct issuer *i, const struct cli *c, struct fault *f);

/* What a passphrase is asked for. */
struct issuing_lock {
	const char *question; /* NULL: that of prompt_passphrase */
	enum err (*opens)(void *arg, struct bytes pass, struct fault *f); /* E_PASSPHRASE: it is another one */
	void *arg;
};

/*
 * issuing_passphrase(c, lock, a, f): ask for the passphrase that opens the lock; *a is the one that did. A wrong one is said, and
 * may be typed again until three were typed; one from a file is tried once. Errors: those of prompt_start, prompt_passphrase and
 * lock->opens.
 */
enum err issuing_passphrase(const struct cli *c, const struct issuing_lock *lock, struct prompt_answer *a, struct fault *f);

/*
 * issuing_unlock(i, c, f): ask for the passphrase in this way, and open the keystore. Errors: E_PROMPT, E_INTERRUPTED, and those of
 * issuer_unlock.
 */
enum err issuing_unlock(struct issuer *i, const struct cli *c, struct fault *f);

/*
 * issuing_new_passphrase(c, file, option, a, f): prompt_new_passphrase, which also refuses a passphrase that is easy to guess.
 * Errors: those of prompt_passphrase, E_PASSPHRASE.
 */
enum err issuing_new_passphrase(
    const struct cli *c, const char *file, const char *option, struct prompt_answer *a, struct fault *f);

/* issuing_warn_list(i, c): call after issuer_publish: warn if the list will soon be too long. */
void issuing_warn_list(const struct issuer *i, const struct cli *c);

/*
 * issuing_list(c, file, list): write the newest list to a file, and say what it is good for. Errors, which it has said: E_USAGE
 * (there is no list yet), and those of newfile_write.
 */
enum err issuing_list(const struct cli *c, const char *file, struct bytes list);

/* issuing_announce_scrub(c, dir_fd): call before scrub_free_space: say how much will be written, and about how long that takes. */
void issuing_announce_scrub(const struct cli *c, int dir_fd);

/*
 * issuing_word_lecture(c, l, path, why, f): make f of why, which says why no lecture of the stick at path was found: a whole
 * sentence if it takes the list l to say it. Return its error.
 */
enum err issuing_word_lecture(
    const struct cli *c, const struct lectures *l, const char *path, const struct fault *why, struct fault *f);

/* A stick that the person named. */
struct issuing_stick {
	uint8_t id[ID_SIZE];
	char name[STICK_NAME_SIZE]; /* "7kq241" */
	struct place at;	    /* where it is mounted; fd is -1 if it was named by its id */
};

/*
 * issuing_find(i, c, arg, out, f): find STICK or ID. arg is an id in the books, as shown or whole in hexadecimal; otherwise a
 * directory; NULL: the only stick that is mounted. Errors: those of stickarg_open and stick_open; E_NO_STICK (an id that is not in
 * the books); E_USAGE (two sticks are shown alike).
 */
enum err issuing_find(struct issuer *i, const struct cli *c, const char *arg, struct issuing_stick *out, struct fault *f);
void issuing_stick_close(struct issuing_stick *s);

/* issuing_find_code(i, c, text, out, f): issuer_find_code, with whole sentences. */
enum err issuing_find_code(struct issuer *i, const struct cli *c, const char *text, struct books_slot *out, struct fault *f);

#endif
