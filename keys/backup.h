/*
 * backup.h - the books and the keystore in one file, which is an SQLite database: the books, and a table "backup" with what belongs
 * to them. All of its bytes are under a digest that is in it: a bit that is another one is noticed.
 *
 * Failures about the file are E_BOOKS with WHY_NO_BACKUP, its path, and errno: EBADMSG if what is in it is wrong.
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
	const char *path;      /* a file that is not there */
	struct bytes keystore; /* as it is in its file */
	int64_t now;
	const char *version;   /* of the program */
};

/*
 * backup_make(b, n, f): write the books b, as they are at one moment while others go on, to a new file of mode 0600, which has its
 * name when it is whole and on the disk. Not inside a transaction. Errors: E_USAGE if something has that name, E_BOOKS if it
 * cannot be made (both WHY_BACKUP_FILE, with errno), or the books cannot be read.
 */
enum err backup_make(struct books *b, const struct backup_new *n, struct fault *f);

/* What is in one. */
struct backup_about {
	int64_t made_at;
	char version[BACKUP_VERSION]; /* safe to print */
	uint32_t sticks, ready, issued, spent, revoked; /* codes */
};

struct backup;

/*
 * backup_open(b, path, f): one that was made by backup_make: digest, structure, and what refers to what hold. Nothing is written.
 * backup_keystore(b): its keystore's bytes, of b. backup_close(b): NULL is fine.
 */
enum err backup_open(struct backup **b, const char *path, struct fault *f);
const struct backup_about *backup_about(const struct backup *b);
struct bytes backup_keystore(const struct backup *b);
void backup_close(struct backup **b);

/* backup_of_issuer(b, pk, f): whether all that was signed in the books was by pk. */
enum err backup_of_issuer(struct backup *b, const uint8_t pk[KEY_SIZE], struct fault *f);

/*
 * backup_unpack(b, dir, dir_fd, books, f): copy it to the directory, as books that have not their name yet: *books, closed by the
 * caller. backup_place(dir_fd, f): then give them their name; E_BOOKS if something has it. backup_drop(dir_fd): or remove them.
 */
enum err backup_unpack(struct backup *b, const char *dir, int dir_fd, struct books **books, struct fault *f);
enum err backup_place(int dir_fd, struct fault *f);
void backup_drop(int dir_fd);

#endif
