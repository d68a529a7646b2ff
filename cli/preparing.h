/*
 * preparing.h - what prepare asks, and why it refuses a stick.
 */
#ifndef PREPARING_H
#define PREPARING_H

#include "cli.h"
#include "error.h"
#include "prepare.h"

/*
 * preparing_ask_place(c, packed, t, f): ask whether t is really meant to be the stick for the folder packed, unless it is on a
 * removable medium, is a stick already, or is empty. Errors: E_PROMPT if it is not meant, or nobody can be asked; E_INTERRUPTED.
 */
enum err preparing_ask_place(const struct cli *c, const char *packed, const struct prepare_target *t, struct fault *f);

/*
 * preparing_word(c, f, j, t): if f, which is about t, is not enough to say what is wrong, turn it into a whole sentence. Call it
 * before prepare_end.
 */
void preparing_word(const struct cli *c, struct fault *f, const struct prepare *j, const struct prepare_target *t);

#endif
