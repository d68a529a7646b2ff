/*
 * say.c - lines on standard error, JSON on standard output.
 */
#include "say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "human.h"
#include "pinentry.h"
#include "text.h"
#include "utf8.h"
#include "when.h"

struct sentence {
	struct sentence *next;
	char *text;
};

#define NOTE_WIDTH 70 /* of a line in a window: pinentry-curses does not break lines */

const char *
say_safe(char *out, size_t size, const char *text)
{
	char *safe = human_escape(text, strlen(text));

	utf8_short(out, size, safe != NULL ? safe : "");
	free(safe);
	return out;
}

bool
say_colour(const struct cli *c, FILE *stream)
{
	const char *term = getenv("TERM");
	const char *no = getenv("NO_COLOR");

	if (c->plain || (no != NULL && no[0] != '\0'))
		return false;
	return term != NULL && strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

/* What is said of something may begin with its name anyhow. */
static bool
begins_with(const char *words, const char *about)
{
	const size_t n = strlen(about);

	return strncmp(words, about, n) == 0 && words[n] == ':';
}

/* Print one line of talk after its mark, broken between words on a terminal. Data that was printed before comes first. */
static void
print_talk(const struct cli *c, const char *colour, const char *mark, const char *words)
{
	bool coloured = colour[0] != '\0' && say_colour(c, stderr);
	char *led = NULL, *wrapped = NULL;

	if (c->about != NULL && !begins_with(words, c->about) && asprintf(&led, "%s: %s", c->about, words + strspn(words, " ")) < 0)
		led = NULL;
	words = led != NULL ? led : words;
	wrapped = human_wrap(words, human_columns(STDERR_FILENO), human_width(mark), strspn(words, " "));
	fflush(stdout);
	fprintf(stderr, "%s%s%s%s\n", coloured ? colour : "", mark, coloured ? "\033[0m" : "", wrapped != NULL ? wrapped : words);
	free(wrapped);
	free(led);
}

struct cli
say_of(const struct cli *c, const char *about)
{
	struct cli here = *c;

	here.about = about;
	return here;
}

void
say_lead(const struct cli *c)
{
	if (c->about != NULL)
		printf("%s: ", c->about);
}

void
say_note(const struct cli *c, const char *text)
{
	char *wrapped = c->dialog != NULL ? human_wrap(text, NOTE_WIDTH, 0, 0) : NULL;

	if (c->dialog != NULL)
		pinentry_note(c->dialog, wrapped != NULL ? wrapped : text);
	free(wrapped);
}

enum err
say_refusal(const struct cli *c, enum err err, const char *words)
{
	size_t n = strlen(words);
	const char *end = n > 0 && strchr(".?!", words[n - 1]) != NULL ? "" : ".";
	char *text = NULL;

	if (asprintf(&text, "%s%s [%s %d]", words, end, err_name(err), (int)err) < 0) {
		fprintf(stderr, "oncestick: %s%s [%s %d]\n", words, end, err_name(err), (int)err);
		say_note(c, words);
		return err;
	}
	print_talk(c, "\033[1;31m", "oncestick: ", text);
	say_note(c, text);
	free(text);
	return err;
}

static void
vprint_talk(const struct cli *c, const char *colour, const char *mark, const char *fmt, va_list ap)
    __attribute__((format(printf, 4, 0)));

static void
vprint_talk(const struct cli *c, const char *colour, const char *mark, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, _(fmt), ap) < 0)
		return;
	print_talk(c, colour, mark, text);
	free(text);
}

enum err
say_refuse(const struct cli *c, enum err err, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, _(fmt), ap) < 0)
		text = NULL;
	va_end(ap);
	say_refusal(c, err, text != NULL ? text : _(fmt));
	free(text);
	return err;
}

/* Keep text in the list of sentences, safe to store and to print as one line. Without memory free it, and return NULL. */
static char *
keep(const struct cli *c, char *text)
{
	struct sentence *s = malloc(sizeof *s);

	if (s == NULL) {
		free(text);
		return NULL;
	}
	utf8_no_controls(text);
	*s = (struct sentence){*c->sentences, text};
	*c->sentences = s;
	return text;
}

enum err
say_fault(const struct cli *c, struct fault *f, enum err err, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (f == NULL || f->err != E_OK || err == E_OK)
		return err;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	va_end(ap);
	if (text == NULL || (text = keep(c, text)) == NULL)
		return fault_set(f, err, ENOMEM, "memory", "for a sentence");
	return fault_said(f, err, text);
}

void
say_forget(const struct cli *c)
{
	struct sentence *next = *c->sentences;

	for (struct sentence *s = next; s != NULL; s = next) {
		next = s->next;
		explicit_bzero(s->text, strlen(s->text)); /* it may quote what the person typed */
		free(s->text);
		free(s);
	}
	*c->sentences = NULL;
}

enum err
say_usage(const struct cli *c, const char *fmt, ...)
{
	char *text = NULL, *whole = NULL;
	char help[200] = "";
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	if ((n = vasprintf(&text, _(fmt), ap)) < 0)
		text = NULL;
	va_end(ap);
	if (c->verb != NULL)
		/* TRANSLATORS: after a sentence about the command line; the first %s is "." or "" */
		snprintf(help, sizeof help, _("%s 'oncestick %s --help' explains."),
		    n > 0 && strchr(".?", text[n - 1]) != NULL ? "" : ".", c->verb);
	if (text == NULL || asprintf(&whole, "%s%s", text, help) < 0)
		whole = NULL;
	say_refusal(c, E_USAGE, whole != NULL ? whole : _(fmt));
	free(whole);
	free(text);
	return E_USAGE;
}

void
say_info(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	if (c->quiet)
		return;
	va_start(ap, fmt);
	vprint_talk(c, "", "", fmt, ap);
	va_end(ap);
}

void
say_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprint_talk(c, "\033[1;33m", _("warning: "), fmt, ap);
	va_end(ap);
}

enum err
say_stdout(const struct cli *c)
{
	if (fflush(stdout) != 0 || ferror(stdout))
		return say_refuse(c, E_FAIL, "standard output cannot be written");
	return E_OK;
}

int
say_json_line(json_t *v, size_t flags)
{
	char *text = v != NULL ? json_dumps(v, flags | JSON_PRESERVE_ORDER) : NULL;
	char *safe = text != NULL ? human_json(text) : NULL;
	bool made = safe != NULL;

	if (made)
		printf("%s\n", safe);
	free(safe);
	free(text);
	json_decref(v);
	return made ? 0 : -1;
}

enum err
say_json(const struct cli *c, json_t *v)
{
	if (say_json_line(v, JSON_INDENT(2)) != 0)
		return say_refuse(c, E_FAIL, "the JSON answer could not be made: not enough memory");
	return say_stdout(c);
}

json_t *
say_json_text(const char *s)
{
	json_t *v = json_string(s);
	char *safe = v == NULL ? human_escape(s, strlen(s)) : NULL;

	if (safe != NULL)
		v = json_string(safe);
	free(safe);
	return v;
}

json_t *
say_json_time(int64_t t)
{
	char text[WHEN_SHOWN];

	if (t == 0)
		return json_null();
	when_rfc3339(text, sizeof text, t);
	return json_string(text);
}
