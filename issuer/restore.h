/*
 * restore.h - restoring an issuer from a backup, and going on with books that are an older copy.
 *
 * Such books do not know what was handed out after the copy was made. So every code that they have as ready counts as handed out,
 * unless somebody knows better, and no code goes to two people.
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

/* What is restored. Start with all zeros, except for what the caller says. */
struct restore {
	const char *holder; /* who may have the codes that were ready, as far as anybody knows */
	bool nothing_since; /* we know that none was handed out */
	const char *mark_dir; /* as in struct issuer; NULL for nowhere */
	struct backup *file;
	uint8_t pk[KEY_SIZE];
	uint32_t counted; /* codes that count as handed out */
};

/*
 * restore_look(r, path, f): check that the file is a whole backup, and set r->file and r->pk.
 *
 * restore_unlock(r, pass, f): check that the passphrase opens its keystore, and that everything in the books belongs to that key.
 * Errors: E_BOOKS (WHY_NO_BACKUP), E_PASSPHRASE, E_KEYSTORE, E_MEMORY, E_FAIL.
 */
enum err restore_look(struct restore *r, const char *path, struct fault *f);
enum err restore_unlock(struct restore *r, struct bytes pass, struct fault *f);

/*
 * restore_vacant(dir, f): check that dir has no issuer, and no books except empty ones, or those that an interrupted restore left.
 * E_KEYSTORE (WHY_THERE).
 *
 * restore_into(r, dir, f): after restore_unlock: restore the issuer to dir, which is made if it does not exist. Afterwards dir has
 * a whole issuer or, after a failure, none. Errors: E_KEYSTORE, E_BOOKS.
 */
enum err restore_vacant(const char *dir, struct fault *f);
enum err restore_into(struct restore *r, const char *dir, struct fault *f);

/*
 * restore_adopt(i, holder, count, f): from now on the books in hand are the ones that count. *count codes that they had as ready
 * now count as handed out. What says that the books are behind is cleared. E_BOOKS.
 */
enum err restore_adopt(struct issuer *i, const char *holder, uint32_t *count, struct fault *f);

void restore_free(struct restore *r);

#endif
