/*
 * prepare_internal.h - what prepare.c and prepare_scan.c (before the first byte) and prepare_write.c share.
 */
#ifndef PREPARE_INTERNAL_H
#define PREPARE_INTERNAL_H

#include "prepare.h"

/* prepare_note(j, kind, path): report what is special about a file in the folder. A callback for pack.h; j is a struct prepare. */
void prepare_note(void *j, enum pack_note_kind kind, const char *path);

/* prepare_note_rest(j): report how many more files changed than were reported one by one, because there were too many. */
void prepare_note_rest(const struct prepare *j);

/* prepare_scan_end(j): let go of what prepare_scan_begin began, if nobody wants it any more. */
void prepare_scan_end(struct prepare *j);

/*
 * prepare_check_loss(j, t, f): check that replacing what is on the stick of t does not lose anything that the books do not know
 * yet, unless that is to be discarded. E_USAGE (WHY_LOSS), and the errors of collect_unexplained.
 */
enum err prepare_check_loss(struct prepare *j, struct prepare_target *t, struct fault *f);

/* prepare_stops_all(e): whether e is about this PC or the issuer, which all sticks share. */
bool prepare_stops_all(enum err e);

#endif
