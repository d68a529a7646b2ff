/*
 * leftout.h - what of a folder is left out: exclude.h, with words.
 */
#ifndef LEFTOUT_H
#define LEFTOUT_H

#include <stdbool.h>

#include <jansson.h>

#include "term.h"
#include "error.h"
#include "exclude.h"
#include "opt.h"

/*
 * leftout_patterns(c, x, patterns, rubbish): the patterns of the command line and, unless rubbish is to be packed, the usual ones.
 * Errors, which it has said: E_USAGE, E_FAIL.
 */
enum err leftout_patterns(const struct cli *c, struct exclude *x, const struct opt_list *patterns, bool rubbish);

/*
 * leftout_file(c, x, folder_fd, f): those of the file in the folder, if there is one. E_SOURCE: it cannot be read, or is not what
 * it should be; E_FAIL.
 */
enum err leftout_file(const struct cli *c, struct exclude *x, int folder_fd, struct fault *f);

/* leftout_say(c, x): say what was left out, and warn of patterns that nothing matched. */
void leftout_say(const struct cli *c, const struct exclude *x);

/* leftout_json(x): the paths of what was left out, as far as they are remembered. */
json_t *leftout_json(const struct exclude *x);

#endif
