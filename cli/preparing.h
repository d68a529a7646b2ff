/*
 * preparing.h - what prepare asks, and why it refuses a stick.
 */
#ifndef PREPARING_H
#define PREPARING_H

#include "cli.h"
#include "error.h"
#include "prepare.h"

/*
 * preparing_ask_place(c, packed, t, f): ask whether t is meant to be the stick that the folder packed is locked on, where it
 * is on no removable medium, no stick so far, and not empty. E_PROMPT if it is not, or nobody can be asked; E_INTERRUPTED.
 */
enum err preparing_ask_place(const struct cli *c, const char *packed, const struct prepare_target *t, struct fault *f);

/* preparing_word(c, f, j, t): make f, which is about t, a whole sentence, if it takes more than f to say it; before prepare_end. */
void preparing_word(const struct cli *c, struct fault *f, const struct prepare *j, const struct prepare_target *t);

#endif
