/*
 * opt.c - option tables over getopt_long(3).
 */
#include "opt.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "human.h"
#include "near.h"
#include "pinentry.h"
#include "say.h"
#include "stop.h"
#include "text.h"

#define ROWS_MAX 40
#define HELP_WIDTH 80
#define FIRST_ID 256 /* what getopt returns for our rows: beyond every character */

struct parser {
	struct opt rows[ROWS_MAX];
	struct option longs[ROWS_MAX + 1];
	char letters[2 * ROWS_MAX + 4];
	bool given[ROWS_MAX];
	int count;
	bool help;
};

const char *
opt_nearest(const char *word, const char *const *names, size_t count)
{
	const char *best = NULL;
	unsigned best_d = NEAR_FAR;

	for (size_t i = 0; i < count; i++) {
		unsigned d = near_distance(word, names[i]);

		if (strlen(word) >= 3 && strncmp(names[i], word, strlen(word)) == 0)
			d = 1;
		if (d < best_d) {
			best = names[i];
			best_d = d;
		}
	}
	return best;
}

static void
add_row(struct parser *p, struct opt row)
{
	size_t n = strlen(p->letters);

	if (p->count == ROWS_MAX)
		abort();
	p->rows[p->count] = row;
	p->longs[p->count] =
	    (struct option){row.name, row.kind == OPT_FLAG ? no_argument : required_argument, NULL, FIRST_ID + p->count};
	p->count++;
	if (row.letter == 0)
		return;
	p->letters[n++] = row.letter;
	if (row.kind != OPT_FLAG)
		p->letters[n++] = ':';
	p->letters[n] = '\0';
}

static void
add_common(struct parser *p, struct cli *c, unsigned common)
{
	if (common & OPT_PASSPHRASE)
		add_row(p, (struct opt){OPT_TEXT, "passphrase-file", 0, "FILE",
			       N_("first line is the issuer's passphrase; - is standard input"), &c->passphrase_file, 0, 0});
	if (common & OPT_CODE)
		add_row(p, (struct opt){OPT_TEXT, "code-file", 0, "FILE", N_("first line is the code; - is standard input"),
			       &c->code_file, 0, 0});
	if (common & OPT_PINENTRY)
		add_row(p, (struct opt){OPT_FLAG, "pinentry", 0, NULL, N_("ask in windows of pinentry, without a terminal too"),
			       &c->pinentry, 0, 0});
	if (common & OPT_CLOCK)
		add_row(p, (struct opt){OPT_FLAG, "clock-is-right", 0, NULL,
			       N_("do not ask for today's date when the clock looks far ahead"), &c->clock_is_right, 0, 0});
	if (common & OPT_JSON)
		add_row(p, (struct opt){OPT_FLAG, "json", 0, NULL, N_("answer in JSON"), &c->json, 0, 0});
	if (common & OPT_PROGRESS)
		add_row(p, (struct opt){OPT_FLAG, "progress-json", 0, NULL, N_("progress as lines of JSON on standard error"),
			       &c->progress_json, 0, 0});
	if (common & (OPT_PLAIN | OPT_PROGRESS))
		add_row(p, (struct opt){OPT_FLAG, "plain", 0, NULL, N_("no bars, no colour"), &c->plain, 0, 0});
	add_row(p, (struct opt){OPT_FLAG, "quiet", 'q', NULL, N_("say nothing but errors and questions"), &c->quiet, 0, 0});
	add_row(p, (struct opt){OPT_FLAG, "help", 'h', NULL, N_("print this help"), &p->help, 0, 0});
}

/* Print text as wide as the terminal, or as most terminals are. */
static void
print_wrapped(const char *text, size_t column, size_t indent)
{
	unsigned width = human_columns(STDOUT_FILENO);
	char *wrapped = human_wrap(text, width > 0 ? width : HELP_WIDTH, column, indent);

	printf("%s\n", wrapped != NULL ? wrapped : text);
	free(wrapped);
}

static void
print_usage(const char *usage)
{
	char line[256];

	const char *word = _("usage:");
	size_t blanks = 0;

	for (; usage != NULL; word = "", blanks = human_width(_("usage:"))) {
		size_t n = strcspn(usage, "\n");

		snprintf(line, sizeof line, "%s%*s oncestick %.*s", word, (int)blanks, "", (int)n, usage);
		print_wrapped(line, 0, 8);
		usage = usage[n] == '\0' ? NULL : usage + n + 1;
	}
}

/* Lines are refilled, except those that begin with a blank, which are lists. */
static void
print_about(const char *about)
{
	size_t n = strlen(about);
	char *text = strndup(about, n > 0 && about[n - 1] == '\n' ? n - 1 : n);

	if (text == NULL)
		return;
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' && p[1] != ' ')
			*p = ' ';
	putchar('\n');
	print_wrapped(text, 0, 0);
	free(text);
}

static void
print_option(const struct opt *o)
{
	char left[64], line[256];

	if (o->letter != 0)
		snprintf(left, sizeof left, "-%c, --%s", o->letter, o->name);
	else
		snprintf(left, sizeof left, "    --%s", o->name);
	snprintf(line, sizeof line, "%s%s%s%s", left, o->arg == NULL ? "" : " ", o->arg == NULL ? "" : o->arg,
	    o->kind == OPT_LIST ? "..." : "");
	printf("  %-26s ", line);
	print_wrapped(_(o->help), strlen(line) > 26 ? strlen(line) + 3 : 29, 29);
}

static void
print_help(const struct parser *p, const struct opt_verb *v)
{
	print_usage(v->usage);
	print_about(_(v->about));
	printf("\n%s\n", _("options:"));
	for (int i = 0; i < p->count; i++)
		print_option(&p->rows[i]);
}

static enum err
add_to_list(const struct cli *c, struct opt_list *l, const char *value)
{
	const char **grown = realloc(l->items, (l->count + 1) * sizeof *grown);

	if (grown == NULL)
		return say_refuse(c, E_FAIL, "there is not enough memory for the options");
	l->items = grown;
	l->items[l->count++] = value;
	return E_OK;
}

static enum err
set_number(const struct cli *c, const struct opt *o, const char *value)
{
	unsigned long long n = 0;
	char *end = NULL;
	char safe[80];

	errno = 0;
	n = strtoull(value, &end, 10);
	if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 || n < o->min || n > o->max)
		return say_usage(
		    c, "--%s needs a number from %u to %u, not '%s'", o->name, o->min, o->max, say_safe(safe, sizeof safe, value));
	*(uint32_t *)o->to = (uint32_t)n;
	return E_OK;
}

static enum err
set_row(const struct cli *c, struct parser *p, const struct opt *o, const char *value)
{
	bool *given = &p->given[o - p->rows];

	if (*given && o->kind == OPT_FLAG)
		return say_usage(c, "--%s is given twice", o->name);
	if (*given && o->kind != OPT_LIST)
		return say_usage(c, "--%s is given twice, but takes one value", o->name);
	*given = true;
	switch (o->kind) {
	case OPT_END:
		break;
	case OPT_FLAG:
		*(bool *)o->to = true;
		break;
	case OPT_TEXT:
		*(const char **)o->to = value;
		break;
	case OPT_LIST:
		return add_to_list(c, o->to, value);
	case OPT_NUMBER:
		return set_number(c, o, value);
	}
	return E_OK;
}

void
opt_list_free(struct opt_list *l)
{
	free(l->items);
	l->items = NULL;
	l->count = 0;
}

static void
say_unknown(const struct cli *c, const struct parser *p, char **argv)
{
	const char *word = optopt != 0 && optopt < FIRST_ID ? NULL : argv[optind - 1];
	const char *names[ROWS_MAX];
	const char *near = NULL;
	char safe[80], bare[80];

	if (word == NULL) {
		say_usage(c, "there is no option -%c", optopt > ' ' && optopt < 0x7f ? optopt : '?');
		return;
	}
	if (optopt >= FIRST_ID) {
		say_usage(c, "--%s takes no value", p->rows[optopt - FIRST_ID].name);
		return;
	}
	for (int i = 0; i < p->count; i++)
		names[i] = p->rows[i].name;
	snprintf(bare, sizeof bare, "%s", word + strspn(word, "-"));
	bare[strcspn(bare, "=")] = '\0';
	near = opt_nearest(bare, names, (size_t)p->count);
	say_safe(safe, sizeof safe, word);
	if (near != NULL)
		say_usage(c, "there is no option %s; did you mean --%s?", safe, near);
	else
		say_usage(c, "there is no option %s", safe);
}

static void
say_missing(const struct cli *c, const struct parser *p)
{
	for (int i = 0; i < p->count; i++) {
		const struct opt *o = &p->rows[i];

		if (optopt == FIRST_ID + i || (o->letter != 0 && optopt == o->letter)) {
			say_usage(c, "--%s needs a value: %s", o->name, o->arg);
			return;
		}
	}
	say_usage(c, "an option needs a value");
}

/* In its "-" mode getopt returns operands in order, whatever POSIXLY_CORRECT says. They are collected at the front of argv. */
static enum err
scan(struct cli *c, struct parser *p, int argc, char **argv, int *count)
{
	int got = 0;
	enum err e = E_OK;

	optind = 0;
	opterr = 0;
	while ((got = getopt_long(argc, argv, p->letters, p->longs, NULL)) != -1) {
		const struct opt *o = NULL;

		if (got == 1) {
			argv[1 + (*count)++] = optarg;
			continue;
		}
		if (got == '?') {
			say_unknown(c, p, argv);
			return E_USAGE;
		}
		if (got == ':') {
			say_missing(c, p);
			return E_USAGE;
		}
		for (int i = 0; i < p->count; i++)
			if (got == FIRST_ID + i || (p->rows[i].letter != 0 && got == p->rows[i].letter))
				o = &p->rows[i];
		if ((e = o != NULL ? set_row(c, p, o, optarg) : E_USAGE) != E_OK)
			return e;
	}
	while (optind < argc)
		argv[1 + (*count)++] = argv[optind++];
	return E_OK;
}

static bool
operands_fit(const struct cli *c, const struct opt_verb *v, const struct opt_words *operands)
{
	char safe[80];

	if (operands->count < v->min) {
		say_usage(c, "something is missing: oncestick %.*s", (int)strcspn(v->usage, "\n"), v->usage);
		return false;
	}
	if (v->max >= 0 && operands->count > v->max) {
		say_usage(c, "'%s' is one operand too many", say_safe(safe, sizeof safe, operands->list[v->max]));
		return false;
	}
	return true;
}

static bool
one_secret_from_stdin(const struct cli *c)
{
	if (c->passphrase_file == NULL || c->code_file == NULL || strcmp(c->passphrase_file, "-") != 0 ||
	    strcmp(c->code_file, "-") != 0)
		return true;
	say_usage(c, "passphrase and code cannot both come from standard input");
	return false;
}

/* Return what the verb returns, unless *go says to go on. */
static enum err
parse(struct cli *c, struct parser *p, const struct opt_verb *v, struct opt_words *words, bool *go)
{
	int count = 0;
	enum err e = scan(c, p, words->count, words->list, &count);

	words->list++;
	words->count = count;
	if (e != E_OK)
		return e;
	if (p->help) {
		print_help(p, v);
		return say_stdout(c);
	}
	if (!operands_fit(c, v, words) || !one_secret_from_stdin(c))
		return E_USAGE;
	if (c->pinentry && (c->dialog = pinentry_new(&(struct pinentry_setup){.stopped = stop_asked,
	    .differ = _("The two were not the same.")})) == NULL)
		return say_refuse(c, E_FAIL, "there is not enough memory for --pinentry");
	*go = true;
	return E_OK;
}

bool
opt_parse(struct cli *c, const struct opt_verb *v, struct opt_words *words, enum err *err)
{
	struct parser p;
	bool go = false;

	memset(&p, 0, sizeof p);
	memcpy(p.letters, "-:", 3);
	for (const struct opt *o = v->rows; o != NULL && o->kind != OPT_END; o++)
		add_row(&p, *o);
	add_common(&p, c, v->common);
	*err = parse(c, &p, v, words, &go);
	for (int i = 0; i < p.count && !go; i++)
		if (p.rows[i].kind == OPT_LIST)
			opt_list_free(p.rows[i].to);
	return go;
}
