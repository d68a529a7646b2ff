/*
 * prepare_internal.h - what prepare.c (before the first byte) and prepare_write.c share.
 */
#ifndef PREPARE_INTERNAL_H
#define PREPARE_INTERNAL_H

#include "prepare.h"

/* prepare_note(j, kind, path): tell what was special about a file of the folder. A callback of pack.h; j is a struct prepare. */
void prepare_note(void *j, enum pack_note_kind kind, const char *path);

/* prepare_note_rest(j): of how many files that changed nothing was told, because there were too many. */
void prepare_note_rest(const struct prepare *j);

/* prepare_check_loss(j, t, f): what is replaced on the stick of t must not take with it what the books do not know yet, unless that
 * is discarded: E_USAGE (WHY_LOSS), and the errors of collect_unexplained. */
enum err prepare_check_loss(struct prepare *j, struct prepare_target *t, struct fault *f);

/* prepare_stops_all(e): whether e is about this PC or the issuer, which all sticks share. */
bool prepare_stops_all(enum err e);

#endif
