/*
 * restore.h - an issuer from a backup, and books that are an older copy.
 *
 * What was handed out after a copy was made, it does not know. So every code that it has as ready counts as handed out, unless
 * somebody knows better, and no code goes to two people.
 */
#ifndef RESTORE_H
#define RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include "backup.h"
#include "bytes.h"
#include "error.h"
#include "format.h"
#include "issuer.h"

/* What is restored. All zeros to begin with, but for what is said. */
struct restore {
	const char *holder; /* who has the codes that were ready, for all that is known */
	bool nothing_since; /* it is known that none was handed out */
	const char *mark_dir; /* as of struct issuer; NULL for nowhere */
	struct backup *file;
	uint8_t pk[KEY_SIZE];
	uint32_t counted; /* codes that count as handed out */
};

/*
 * restore_look(r, path, f): the file is a whole backup; r->file and r->pk. restore_unlock(r, pass, f): the passphrase opens its
 * keystore, and all in the books is of that key. Errors: E_BOOKS (WHY_NO_BACKUP), E_PASSPHRASE, E_KEYSTORE, E_MEMORY, E_FAIL.
 */
enum err restore_look(struct restore *r, const char *path, struct fault *f);
enum err restore_unlock(struct restore *r, struct bytes pass, struct fault *f);

/*
 * restore_vacant(dir, f): there is no issuer in dir, and no books but empty ones, or such as a restore that was interrupted left.
 * E_KEYSTORE (WHY_THERE).
 * restore_into(r, dir, f): after restore_unlock: the issuer, in dir, which is made if it is not there. There is a whole one
 * afterwards or, after a failure, none. Errors: E_KEYSTORE, E_BOOKS.
 */
enum err restore_vacant(const char *dir, struct fault *f);
enum err restore_into(struct restore *r, const char *dir, struct fault *f);

/*
 * restore_adopt(i, holder, count, f): the books that are in hand are what counts from now on; *count codes that they had as ready
 * count as handed out. Clears what says that they are behind. E_BOOKS.
 */
enum err restore_adopt(struct issuer *i, const char *holder, uint32_t *count, struct fault *f);

void restore_free(struct restore *r);

#endif
