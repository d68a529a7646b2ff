/*
 * homecoming.h - a stick comes home: it is read as far as possible, judged, entered in the books, and gets the newest list.
 */
#ifndef HOMECOMING_H
#define HOMECOMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect.h"
#include "error.h"
#include "issuer.h"
#include "stick.h"

/* Start with all zeros, except for what the caller sets in collect. */
struct homecoming {
	struct collect collect;	     /* the caller sets its issuer, report and revoke_all, and adds files */
	struct stick *stick;	     /* NULL: receipts alone */
	struct stick_grants grants;
	bool no_record;		     /* the stick's own record is damaged: nothing opens it any more */
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;	     /* of the list; 0: nothing is revoked */
	bool written;		     /* the list was not on the stick before */
	struct fault put;	     /* why the list did not get onto the stick */
};

/*
 * homecoming_read(h, fd, path, f): read the stick at fd, whose name for people is path, and what the books know to be on it.
 * E_ISSUER (WHY_ANOTHER_ISSUER), and the errors of stick_open, stick_load_grants and collect_known; E_NO_GRANT only if the books
 * do not know any grant either.
 */
enum err homecoming_read(struct homecoming *h, int fd, const char *path, struct fault *f);

/*
 * homecoming_commit(h, f): after collect_judge: enter everything that was found in the books, and make a new list. May be called
 * again.
 */
enum err homecoming_commit(struct homecoming *h, struct fault *f);

/* homecoming_put(h): write the list to the stick; if that fails h->put says why. */
void homecoming_put(struct homecoming *h);

void homecoming_free(struct homecoming *h);

#endif
