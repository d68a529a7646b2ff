/*
 * homecoming.h - a stick comes home: it is read as far as it can be, judged, and booked, and takes the newest list along.
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

/* All zeros to begin with, but for what of collect the caller sets. */
struct homecoming {
	struct collect collect;	     /* its issuer, report and revoke_all are the caller's, and its files */
	struct stick *stick;	     /* NULL: receipts alone */
	struct stick_grants grants;
	bool no_record;		     /* the stick's own record is damaged: nothing opens it any more */
	uint8_t *notice;
	size_t notice_n;
	uint32_t number;	     /* of the list; 0: there is nothing to say */
	bool written;		     /* it was not on the stick before */
	struct fault put;	     /* it did not get onto the stick */
};

/*
 * homecoming_read(h, fd, path, f): the stick at fd, which is called path, and what the books know to be on it. E_ISSUER
 * (WHY_ANOTHER_ISSUER), and the errors of stick_open, stick_load_grants and collect_known; E_NO_GRANT only if the books know
 * of none, either.
 */
enum err homecoming_read(struct homecoming *h, int fd, const char *path, struct fault *f);

/* homecoming_commit(h, f): after collect_judge: all that was found into the books, and a new list. It may be called again. */
enum err homecoming_commit(struct homecoming *h, struct fault *f);

/* homecoming_put(h): the list onto the stick, or h->put says why not. */
void homecoming_put(struct homecoming *h);

void homecoming_free(struct homecoming *h);

#endif
