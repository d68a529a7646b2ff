/*
 * issuersay.h - sentences for the faults of issuer/ that have a why.
 */
#ifndef ISSUERSAY_H
#define ISSUERSAY_H

#include "collect.h"
#include "error.h"
#include "term.h"

/* issuersay(f): f as a whole sentence, complete with its next step, to be freed by the caller. NULL if f is no such fault. */
char *issuersay(const struct fault *f);

/* issuersay_loss(c, loss, path, f): the refusal of who would lose that with the stick at path: E_USAGE; E_OK if there is nothing to
 * lose. */
enum err issuersay_loss(const struct cli *c, const struct collect_loss *loss, const char *path, struct fault *f);

#endif
