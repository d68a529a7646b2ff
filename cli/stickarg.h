/*
 * stickarg.h - the STICK operand.
 */
#ifndef STICKARG_H
#define STICKARG_H

#include <stddef.h>
#include <stdint.h>

#include "cli.h"
#include "error.h"
#include "place.h"

/* stickarg_open(c, p, arg, f): place_open, with whole sentences. */
enum err stickarg_open(const struct cli *c, struct place *p, const char *arg, struct fault *f);

/*
 * stickarg_device(fd, out, size): what is mounted at fd, for people: "SanDisk Cruzer, 29 GiB", or only the size; "" if place_device
 * knows nothing. Safe to print.
 */
void stickarg_device(int fd, char *out, size_t size);

/*
 * stickarg_about(out, path, id): how one of several sticks is called where a line is about it: "/media/kim/A (7kq241)". path is
 * where it is mounted or, like that, what the person typed; id is NULL if it is unknown.
 */
#define STICKARG_ABOUT 512
void stickarg_about(char out[STICKARG_ABOUT], const char *path, const uint8_t *id);

/* stickarg_each(c, faults, count, step, arg): several_each(faults, count, step, arg), with what is wrong in English for JSON. */
void stickarg_each(const struct cli *c, struct fault *faults, size_t count,
    enum err (*step)(void *arg, size_t k, struct fault *f), void *arg);

#endif
