/*
 * issuersay.h - sentences for the faults of issuer/ whose step names one.
 */
#ifndef ISSUERSAY_H
#define ISSUERSAY_H

#include <stdbool.h>

#include "error.h"

/* issuersay(out, f): out becomes f as a whole sentence, complete with its next step. False, and out is untouched, if f is no such
 * fault. */
bool issuersay(struct fault *out, const struct fault *f);

#endif
