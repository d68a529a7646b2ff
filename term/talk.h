/*
 * talk.h - what is said to people and to programs: lines on standard error, JSON on standard output.
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "error.h"
#include "term.h"

/*
 * What is said goes to stderr as one line; on a terminal it is broken between words where the terminal ends. A full stop is added
 * where a sentence has no end.
 */

/* say_refusal(c, err, words): print "oncestick: WORDS. [E_NAME NN]" on stderr, also when quiet. Return err. */
enum err say_refusal(const struct cli *c, enum err err, const char *words);

/* say_usage(c, fmt, ...): an error of the command line, naming --help. Return E_USAGE. */
enum err say_usage(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* say_refuse(c, err, fmt, ...): an error in words of the caller's own, complete with its next step. Return err. */
enum err say_refuse(const struct cli *c, enum err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/*
 * say_fault(c, f, err, fmt, ...): why a verb cannot go on, in words of the caller's own, complete with its next step: f is that
 * sentence (fault_said), of any length, unless it is NULL or holds a fault already. fmt is translated already. Return err.
 */
enum err say_fault(const struct cli *c, struct fault *f, enum err err, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* say_forget(c): the sentences of all faults are gone. */
void say_forget(const struct cli *c);

/* say_info: a line on stderr unless quiet. say_warn: the same with "warning: ", also when quiet. */
void say_info(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void say_warn(const struct cli *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* say_note(c, text): the next window of pinentry, if questions are asked in windows, shows text, which is safe to print. */
void say_note(const struct cli *c, const char *text);

/* say_colour(c, stream): whether colour is wanted there: a terminal, no NO_COLOR, no TERM=dumb, no --plain. */
bool say_colour(const struct cli *c, FILE *stream);

/* say_json(c, v): print a JSON value (jansson) on stdout with a newline and release it. E_FAIL, said, if it cannot be. */
struct json_t;
enum err say_json(const struct cli *c, struct json_t *v);

/*
 * say_json_line(v, flags): the same without a word and without a flush, by jansson's flags for its form. Return 0, or -1 if there
 * is no memory or v is NULL.
 */
int say_json_line(struct json_t *v, size_t flags);

/* say_json_text(s): a JSON string of s, escaped as on a terminal if s is not UTF-8: for paths and names. */
struct json_t *say_json_text(const char *s);

/* say_json_time(t): t as RFC 3339, UTC; JSON's null for 0, which stands for no time. */
struct json_t *say_json_time(int64_t t);

/* say_stdout(c): flush stdout and say so if what was printed did not get out (a full disk, a closed pipe). E_OK or E_FAIL. */
enum err say_stdout(const struct cli *c);

/* say_safe(out, size, text): text as by human_escape, and shortened by utf8_short to fit. out is returned. */
const char *say_safe(char *out, size_t size, const char *text);

#endif
