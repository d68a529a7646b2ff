/*
 * erase.h - destroying what is on a stick, and revoking its codes.
 */
#ifndef ERASE_H
#define ERASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "error.h"
#include "issuer.h"
#include "provision.h"
#include "report.h"

/* Start with all zeros, except for these four. */
struct erase {
	struct issuer *issuer;	     /* unlocked */
	const struct report *report; /* NULL: nobody listens */
	const char *path;	     /* the stick's name for people; raw bytes */
	bool discard;		     /* destroy even what the books do not know yet */

	struct provision *p; /* p->stick is NULL if its record is gone */
	struct collect_loss loss; /* for WHY_LOSS */
	uint32_t revoked;
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;
};

/*
 * erase_take(r, fd, f): take the stick at fd. Nothing is changed. E_NO_STICK (WHY_NO_ONCE: nothing of ours is on it), E_USAGE
 * (WHY_LOSS), and the errors of provision_begin and collect_unexplained.
 */
enum err erase_take(struct erase *r, int fd, struct fault *f);

/*
 * erase_hold(r, f): keep others away from it, and look again: while somebody was being asked a code may have been used. The same
 * errors.
 */
enum err erase_hold(struct erase *r, struct fault *f);

/*
 * erase_commit(r, f): revoke its codes in the books, before anything on it is destroyed: a half-destroyed stick must have no code
 * left.
 */
enum err erase_commit(struct erase *r, struct fault *f);

/* erase_destroy(r, f): overwrite its keys and remove its bundles. E_STICK_IO, E_FAIL. */
enum err erase_destroy(struct erase *r, struct fault *f);

/*
 * erase_remove(r, fd, foreign, arg, f): remove ONCE, as the last step: without it a second try would not find what is left of a
 * stick. foreign is called for everything else on the stick, as by provision_each_foreign. E_STICK_IO, E_FAIL.
 */
enum err erase_remove(struct erase *r, int fd, int (*foreign)(void *arg, const char *path), void *arg, struct fault *f);

void erase_free(struct erase *r);

#endif
