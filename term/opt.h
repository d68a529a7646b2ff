/*
 * opt.h - the options of one verb as a table: parsing, error messages and --help all use the same rows.
 *
 * Options and operands may be mixed; "--" ends the options. A verb offers only options that do something there.
 */
#ifndef OPT_H
#define OPT_H

#include <stddef.h>
#include <stdint.h>

#include "term.h"

enum opt_kind { OPT_END, OPT_FLAG, OPT_TEXT, OPT_LIST, OPT_NUMBER };

/* The values of an option that may be given several times, in order. The verb frees the items; the texts are in argv. */
struct opt_list {
	const char **items;
	size_t count;
};

/*
 * One option. to points to what it sets: a bool (OPT_FLAG), a const char * (OPT_TEXT), a struct opt_list (OPT_LIST), or a uint32_t
 * (OPT_NUMBER, min..max). All but lists may be given only once: a second time would undo the first, and nobody wants that.
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

/* The options that several verbs share; all verbs have --quiet and --help. */
enum opt_common {
	OPT_JSON = 1,	    /* --json */
	OPT_PLAIN = 2,	    /* --plain */
	OPT_PROGRESS = 4,   /* --plain and --progress-json */
	OPT_PASSPHRASE = 8, /* --passphrase-file F */
	OPT_CODE = 16,	    /* --code-file F */
	OPT_CLOCK = 32,	    /* --clock-is-right */
	OPT_PINENTRY = 64   /* --pinentry: makes c->dialog, in which to ask; main ends it */
};

#define OPT_OPERANDS_MAX 4096

struct opt_verb {
	const char *usage;	/* usage lines without "oncestick ", separated by newlines */
	const char *about;	/* one or two paragraphs for --help, ending in a newline */
	unsigned common;	/* enum opt_common, or-ed */
	const struct opt *rows; /* ends with OPT_END; NULL for none */
	int min, max;		/* operands; max -1: any number */
};

/* The words of a command line: argv and argc before opt_parse, and the operands, in order, after it. */
struct opt_words {
	char **list;
	int count;
};

/*
 * opt_parse(c, v, words, err): set what the rows and c name, and return true if the verb is to go on. This reorders argv; words are
 * the operands then. It refuses to read both passphrase and code from "-". If it returns false, the verb returns *err: E_OK if
 * --help was asked for and printed; otherwise E_USAGE or E_FAIL, and it has said what is wrong. All lists are empty then.
 */
bool opt_parse(struct cli *c, const struct opt_verb *v, struct opt_words *words, enum err *err);

/* opt_list_free(l): empty the list. */
void opt_list_free(struct opt_list *l);

/* opt_nearest(word, names, count): the name of which word is most probably a misspelling, or NULL. */
const char *opt_nearest(const char *word, const char *const *names, size_t count);

#endif
