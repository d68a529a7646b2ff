/*
 * backup.h - the books and the keystore in one file, an SQLite database with the books and a table "backup" for everything else.
 *
 * A digest in the file covers all of its bytes, so every changed bit is noticed.
 *
 * Failures that concern the file are E_BOOKS with WHY_NO_BACKUP, its path, and errno: EBADMSG if its content is wrong.
 */
#ifndef BACKUP_H
#define BACKUP_H

#include <stdint.h>

#include "books.h"
#include "bytes.h"
#include "error.h"
#include "format.h"

#define BACKUP_VERSION 32 /* of a program, in words, with NUL */

struct backup_new {
	const char *path;      /* a file that does not exist yet */
	struct bytes keystore; /* as it is in its file */
	int64_t now;
	const char *version;   /* of the program */
};

/*
 * backup_make(b, n, f): write the books b, as they are at one moment while others continue, to a new file of mode 0600, which gets
 * its name once it is whole and on the disk. Not inside a transaction. Errors: E_USAGE if something already has that name, E_BOOKS
 * if the file cannot be made (both WHY_BACKUP_FILE, with errno), or the books cannot be read.
 */
enum err backup_make(struct books *b, const struct backup_new *n, struct fault *f);

/* What is in a backup. */
struct backup_about {
	int64_t made_at;
	char version[BACKUP_VERSION]; /* safe to print */
	uint32_t sticks, ready, issued, spent, revoked; /* codes */
};

struct backup;

/*
 * backup_open(b, path, f): open a file that backup_make has made, and check its digest, its structure and its references. Nothing
 * is written. Also E_BOOKS with WHY_NEWER. backup_keystore(b): the bytes of its keystore, borrowed from b. backup_close(b): b may
 * be NULL.
 */
enum err backup_open(struct backup **b, const char *path, struct fault *f);
const struct backup_about *backup_about(const struct backup *b);
struct bytes backup_keystore(const struct backup *b);
void backup_close(struct backup **b);

/* backup_of_issuer(b, pk, f): whether everything that is signed in the books was signed by pk. */
enum err backup_of_issuer(struct backup *b, const uint8_t pk[KEY_SIZE], struct fault *f);

/*
 * backup_unpack(b, dir, dir_fd, books, f): copy it to the directory, as books that do not have their name yet: *books, which the
 * caller closes. Then backup_place(dir_fd, f) gives them their name, E_BOOKS if something already has it; or backup_drop(dir_fd)
 * removes them.
 */
enum err backup_unpack(struct backup *b, const char *dir, int dir_fd, struct books **books, struct fault *f);
enum err backup_place(int dir_fd, struct fault *f);
void backup_drop(int dir_fd);

#endif
