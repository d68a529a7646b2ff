/*
 * opt.h - the options of one verb as a table: parsing, complaints and --help come from the same rows.
 *
 * Options may stand anywhere among the operands; "--" ends them. A verb offers only what does something there.
 */
#ifndef OPT_H
#define OPT_H

#include <stddef.h>
#include <stdint.h>

#include "term.h"

enum opt_kind { OPT_END, OPT_FLAG, OPT_TEXT, OPT_LIST, OPT_NUMBER };

/* What an option was given that may be given several times, in order. items is freed by the verb, the texts are those of argv. */
struct opt_list {
	const char **items;
	size_t count;
};

/*
 * One option. to is a bool (OPT_FLAG), a const char * (OPT_TEXT), a struct opt_list (OPT_LIST), a uint32_t (OPT_NUMBER, min..max)
 * to set. All but lists can be given once: a second time would have to undo the first, which nobody means.
 */
struct opt {
	enum opt_kind kind;
	const char *name; /* without the dashes */
	char letter;	  /* or 0 */
	const char *arg;  /* how help shows the value; NULL for a flag */
	const char *help; /* one line, lower case */
	void *to;
	uint32_t min, max;
};

/* The options that several verbs share; --quiet and --help are always there. */
enum opt_common {
	OPT_JSON = 1,	    /* --json */
	OPT_PLAIN = 2,	    /* --plain */
	OPT_PROGRESS = 4,   /* --plain and --progress-json */
	OPT_PASSPHRASE = 8, /* --passphrase-file F */
	OPT_CODE = 16,	    /* --code-file F */
	OPT_CLOCK = 32,	    /* --clock-is-right */
	OPT_PINENTRY = 64   /* --pinentry: c->dialog is made, to be asked in; main ends it */
};

#define OPT_OPERANDS_MAX 4096

struct opt_verb {
	const char *usage;	/* usage lines without "oncestick ", separated by newlines */
	const char *about;	/* a paragraph or two for --help, ending in a newline */
	unsigned common;	/* enum opt_common, or-ed */
	const struct opt *rows; /* ends with OPT_END; NULL for none */
	int min, max;		/* operands; max -1: any number */
};

/* Words of the command line: argv and argc, and after opt_parse its operands, in order. */
struct opt_words {
	char **list;
	int count;
};

/*
 * opt_parse(c, v, words, err): set what the rows and c name, and return true: go on. argv is permuted: words are its operands then.
 * Passphrase and code both from "-" are refused here. False: the verb returns *err, which is E_OK if --help was asked for and
 * printed; else E_USAGE or E_FAIL, and what is wrong was said; lists are empty then.
 */
bool opt_parse(struct cli *c, const struct opt_verb *v, struct opt_words *words, enum err *err);

/* opt_list_free(l): the list is empty. */
void opt_list_free(struct opt_list *l);

/* opt_nearest(word, names, count): the name that word is most probably a typing error of, or NULL. */
const char *opt_nearest(const char *word, const char *const *names, size_t count);

#endif
