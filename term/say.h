/*
 * say.h - talking to people and to programs: lines on standard error, JSON on standard output.
 */
#ifndef SAY_H
#define SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "term.h"

/*
 * Each message goes to stderr as one line; a terminal gets it broken between words. A full stop is added where a sentence has no
 * end.
 */

/*
 * say_of(c, about): c for what is said of one of several things: its lines begin with about, which is borrowed; NULL: there is only
 * one. say_lead(c): print that beginning to stdout, for a line of data that people read.
 */
struct cli say_of(const struct cli *c, const char *about);
void say_lead(const struct cli *c);

/* say_refusal(c, err, words): print "oncestick: WORDS. [E_NAME NN]" to stderr, even if quiet. Return err. */
enum err say_refusal(const struct cli *c, enum err err, const char *words);

/* say_usage(c, fmt, ...): report an error of the command line, and mention --help. Return E_USAGE. */
enum err say_usage(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* say_refuse(c, err, fmt, ...): report an error in the caller's own words, which also say what to do next. Return err. */
enum err say_refuse(const struct cli *c, enum err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * say_fault(c, f, err, fmt, ...): say in f why a verb cannot go on, in the caller's own words, which also say what to do next. f
 * becomes that sentence (fault_said), of any length, unless f is NULL or holds a fault already. fmt is already translated. Return
 * err.
 */
enum err say_fault(const struct cli *c, struct fault *f, enum err err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* say_forget(c): release the sentences of all faults. */
void say_forget(const struct cli *c);

/* say_info: print a line to stderr unless quiet. say_warn: the same with "warning: ", even if quiet. */
void say_info(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_warn(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* say_note(c, text): if questions are asked in windows, the next window of pinentry shows text, which is safe to print. */
void say_note(const struct cli *c, const char *text);

/* say_colour(c, stream): whether to use colour there: it is a terminal, and there is no NO_COLOR, no TERM=dumb, no --plain. */
bool say_colour(const struct cli *c, FILE *stream);

/*
 * say_json(c, v): print a JSON value (jansson) and a newline to stdout, and release it. E_FAIL, which it has said, if that fails.
 */
struct json_t;
enum err say_json(const struct cli *c, struct json_t *v);

/*
 * say_json_line(v, flags): the same, but it says nothing and does not flush; flags are jansson's. Return 0, or -1 if there is no
 * memory, or v is NULL.
 */
int say_json_line(struct json_t *v, size_t flags);

/* say_json_text(s): a JSON string of s, escaped as on a terminal if s is not UTF-8. For paths and names. */
struct json_t *say_json_text(const char *s);

/* say_json_time(t): t as RFC 3339, in UTC; JSON's null for 0, which means no time. */
struct json_t *say_json_time(int64_t t);

/* say_stdout(c): flush stdout. If not everything was written (a full disk, a closed pipe), say so. E_OK or E_FAIL. */
enum err say_stdout(const struct cli *c);

/* say_safe(out, size, text): text, escaped like human_escape and shortened by utf8_short to fit. Return out. */
const char *say_safe(char *out, size_t size, const char *text);

#endif
