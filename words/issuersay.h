/*
 * issuersay.h - sentences for the faults of issuer/ that have a why.
 */
#ifndef ISSUERSAY_H
#define ISSUERSAY_H

#include "collect.h"
#include "error.h"
#include "term.h"

/*
 * issuersay(f): f as a whole sentence, which also says what to do next. The caller frees it. NULL if f is not a fault of that kind.
 */
char *issuersay(const struct fault *f);

/*
 * issuersay_loss(c, loss, path, f): refuse to go on because that would be lost with the stick at path: E_USAGE. E_OK if nothing
 * would be lost.
 */
enum err issuersay_loss(const struct cli *c, const struct collect_loss *loss, const char *path, struct fault *f);

#endif
