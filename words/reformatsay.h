/*
 * reformatsay.h - words for reformat.h.
 */
#ifndef REFORMATSAY_H
#define REFORMATSAY_H

#include "error.h"
#include "reformat.h"
#include "term.h"

#define REFORMATSAY_MAX 700

/*
 * reformatsay_show(out, r, env): "/dev/sdb: SanDisk Ultra, serial number 4C53, 29 GiB; sdb1: vfat, "KIM", 29 GiB", safe to print.
 */
void reformatsay_show(char out[REFORMATSAY_MAX], const struct reformat *r, const struct reformat_env *env);

/*
 * reformatsay(c, r, why, f): a function of reformat.h failed on r with why. f becomes a whole sentence about that. Return its
 * error.
 */
enum err reformatsay(const struct cli *c, const struct reformat *r, const struct fault *why, struct fault *f);

#endif
