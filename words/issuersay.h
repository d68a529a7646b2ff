/*
 * issuersay.h - sentences for the faults of issuer/ that have a why.
 */
#ifndef ISSUERSAY_H
#define ISSUERSAY_H

#include <stdbool.h>

#include "collect.h"
#include "error.h"

/* issuersay(out, f): out becomes f as a whole sentence, complete with its next step. False, and out is untouched, if f is no such
 * fault. */
bool issuersay(struct fault *out, const struct fault *f);

/* issuersay_loss(loss, path, f): the refusal of who would lose that with the stick at path: E_USAGE; E_OK if there is nothing to
 * lose. */
enum err issuersay_loss(const struct collect_loss *loss, const char *path, struct fault *f);

#endif
