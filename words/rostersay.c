/*
 * rostersay.c - the words about a roster.
 */
#include "rostersay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "csvcell.h"
#include "handoutsay.h"
#include "human.h"
#include "keytree.h"
#include "say.h"
#include "text.h"
#include "when.h"

#define SAFE (4 * BOOKS_TEXT)
#define LINE_MAX_CSV 2048 /* twice a holder and a label, two times, an id, a stick, and what is between them */

/* ---- complaints ---------------------------------------------------------------------------------------------------------- */

/* What a complaint is about, safe to print. */
struct about {
	const struct roster_complaint *c;
	char text[SAFE], near[SAFE];
};

static void
say_of_file(FILE *to, const struct about *a)
{
	switch (a->c->what) {
	case ROSTER_EMPTY:
		fprintf(to, _("nobody is listed in it: the first line names the columns (holder, stick, codes, language), and each "
			      "line after it is for one person"));
		break;
	case ROSTER_LONG:
		fprintf(to, _("it has more than %u MiB; a roster has at most %u rows"), ROSTER_BYTES_MAX >> 20, ROSTER_ROWS_MAX);
		break;
	case ROSTER_MANY:
		fprintf(to, _("there are more than %u rows: make several rosters of it"), ROSTER_ROWS_MAX);
		break;
	case ROSTER_MANY_CODES:
		fprintf(to, _("more than %u codes are asked for up to here: make several rosters of it"), ROSTER_CODES_MAX);
		break;
	case ROSTER_NOT_UTF8:
		fprintf(to, _("this is not UTF-8: save it once more as \"CSV UTF-8\""));
		break;
	case ROSTER_QUOTES:
		fprintf(to,
		    _("quotes are around all of a cell or nowhere, and end on the same line; a quote inside them is written "
			      "twice"));
		break;
	case ROSTER_NO_HOLDERS:
		fprintf(to, _("no column is called \"holder\"; it has the names of those who get codes"));
		break;
	case ROSTER_COLUMN_TWICE:
		fprintf(to, _("there is already a column \"%s\""), a->text);
		break;
	case ROSTER_NO_COLUMN:
		fprintf(to, _("\"%s\" is in a column without a name; a comma inside a name needs quotes around the name"), a->text);
		break;
	default:
		if (a->near[0] != '\0')
			fprintf(to, _("a roster has no column \"%s\"; did you mean \"%s\"?"), a->text, a->near);
		else
			fprintf(to, _("a roster has no column \"%s\"; it has holder, stick, codes and language. Remove the others"),
			    a->text);
	}
}

static void
say_of_row(FILE *to, const struct about *a)
{
	switch (a->c->what) {
	case ROSTER_NOBODY:
		fprintf(to, _("this row has no holder"));
		break;
	case ROSTER_BAD_HOLDER:
		fprintf(to, _("a holder's name has at most %u bytes of plain text"), (unsigned)LABEL_MAX);
		break;
	case ROSTER_BAD_STICK:
		fprintf(to,
		    _("\"%s\" does not name a stick: give its name, such as 7kq241, or usb: and its serial number, or leave the "
			      "cell empty"), a->text);
		break;
	case ROSTER_BAD_NUMBER:
		fprintf(to, _("\"%s\" is not a number of codes: write 1 to %u"), a->text, (unsigned)GRANT_SLOTS_MAX);
		break;
	case ROSTER_BAD_LANGUAGE:
		fprintf(to, _("there are no cards in the language \"%s\"; there are: "), a->text);
		for (size_t k = 0; text_languages[k] != NULL; k++)
			fprintf(to, "%s%s", k == 0 ? "" : ", ", text_languages[k]);
		break;
	default:
		fprintf(to,
		    _("\"%s\" is on line %u already. If these are two people, tell them apart by their names; if one person needs "
			      "two sticks, name both sticks"), a->text, a->c->other);
	}
}

static void
say_of_books(FILE *to, const struct about *a)
{
	char when[WHEN_SHOWN];

	switch (a->c->what) {
	case ROSTER_NO_STICK:
		if (a->near[0] != '\0')
			fprintf(to, _("there is no stick %s in the books; did you mean %s?"), a->text, a->near);
		else if (strncmp(a->text, ROSTER_STICK, strlen(ROSTER_STICK)) == 0)
			fprintf(to,
			    _("no stick in the books is known by %s; write its name, which is in 'oncestick codes'"), a->text);
		else
			fprintf(to, _("there is no stick %s in the books; 'oncestick codes' lists them"), a->text);
		break;
	case ROSTER_ALIKE:
		fprintf(to, _("several sticks are called %s; write the whole id of the one you mean"), a->text);
		break;
	case ROSTER_NO_LECTURE:
		fprintf(to, _("stick %s does not have that lecture; 'oncestick codes %s' lists those it has"), a->text, a->text);
		break;
	case ROSTER_UNKNOWN_LECTURE:
		fprintf(to, _("no stick has a lecture \"%s\"; 'oncestick codes' lists the sticks with their lectures"), a->text);
		break;
	case ROSTER_OVER:
		when_show(when, sizeof when, a->c->when);
		fprintf(to, _("the lecture on stick %s was over on %s"), a->text, when);
		break;
	case ROSTER_FEW:
		fprintf(to, ngettext("stick %s has %u code left for this row, not %u. To make more: oncestick refill %s",
			"stick %s has %u codes left for this row, not %u. To make more: oncestick refill %s", a->c->have),
		    a->text, a->c->have, a->c->want, a->text);
		break;
	case ROSTER_NONE_LEFT:
		fprintf(to,
		    _("none of the sticks still free has enough codes for this row; %u more are needed in all. To make more: "
			      "oncestick refill STICK"), a->c->want);
		break;
	default:
		fprintf(to,
		    _("which lecture is meant, \"%s\" or \"%s\"? Say so, with --lecture LABEL, or name a stick in each row"),
		    a->text, a->near);
	}
}

char *
rostersay_complaint(const struct roster_complaint *c, const char *file)
{
	struct about a = {.c = c};
	char *out = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&out, &n);
	bool good = false;

	if (to == NULL)
		return NULL;
	say_safe(a.text, sizeof a.text, c->text);
	say_safe(a.near, sizeof a.near, c->near);
	/* TRANSLATORS: before what is wrong there: file, line, column */
	if (c->line != 0 && c->column != 0)
		fprintf(to, _("%s, line %u, column %u: "), file, c->line, c->column);
	else if (c->line != 0)
		fprintf(to, _("%s, line %u: "), file, c->line);
	else
		fprintf(to, "%s: ", file);
	if (c->what < ROSTER_NOBODY)
		say_of_file(to, &a);
	else if (c->what < ROSTER_NO_STICK)
		say_of_row(to, &a);
	else
		say_of_books(to, &a);
	good = ferror(to) == 0;
	if (fclose(to) != 0 || !good) {
		free(out);
		out = NULL;
	}
	return out;
}

void
rostersay_holding(const struct roster *r, char *out, size_t size)
{
	size_t n = 0, said = 0;

	out[0] = '\0';
	for (size_t k = 0; k < r->count; k++) {
		const struct roster_row *row = &r->rows[k];
		const struct handout held = {.slots = row->slots, .count = row->count};
		char names[HANDOUTSAY_NAMES], holder[SAFE];

		if (row->count == 0 || !(row->skipped || row->again))
			continue;
		handoutsay_names(&held, names, sizeof names);
		say_safe(holder, sizeof holder, row->holder);
		if (n + strlen(names) + strlen(holder) + 40 >= size) {
			/* TRANSLATORS: the end of a list of people that is too long to be printed */
			snprintf(out + n, size - n, _(" and %zu more"), r->holding - said);
			return;
		}
		n += (size_t)snprintf(out + n, size - n, "%s%s (%s)", said++ == 0 ? "" : ", ", holder, names);
	}
}

/* ---- who gets what ------------------------------------------------------------------------------------------------------- */

#define COLUMNS 7

static int
add_row(struct human_table *t, const struct roster_row *row)
{
	char line[16], codes[16], stick[STICK_NAME_SIZE] = "", from[WHEN_SHOWN] = "", until[WHEN_SHOWN] = "";
	char *holder = human_escape(row->holder, strlen(row->holder)), *label = human_escape(row->label, strlen(row->label));
	const char *cells[COLUMNS] = {line, holder, stick, label, codes, from, until};
	int failed = -1;

	snprintf(line, sizeof line, "%u", row->line);
	snprintf(codes, sizeof codes, "%u", row->codes);
	if (row->skipped) {
		cells[2] = cells[3] = cells[5] = cells[6] = NULL;
		cells[4] = _("has some");
	} else {
		keytree_stick_name(stick, row->stick_id);
		when_show_short(from, sizeof from, row->not_before, row->not_before);
		when_show_short(until, sizeof until, row->expires, row->not_before);
	}
	if (row->again)
		cells[4] = _("again");
	if (holder != NULL && label != NULL)
		failed = human_table_add(t, cells);
	free(holder);
	free(label);
	return failed;
}

int
rostersay_plan(const struct roster *r)
{
	const char *const heads[COLUMNS] = {_("LINE"), _("HOLDER"), _("STICK"), _("LECTURE"), _("CODES"), _("FROM"), _("UNTIL")};
	struct human_table *t = human_table_new(COLUMNS, heads);
	int failed = t == NULL;

	for (size_t k = 0; k < r->count && !failed; k++)
		failed = add_row(t, &r->rows[k]);
	if (!failed)
		failed = human_table_print(t, stdout, human_columns(STDOUT_FILENO));
	human_table_free(&t);
	return failed;
}

static json_t *
json_of(const struct roster_row *row)
{
	char stick[STICK_NAME_SIZE];

	if (row->skipped)
		return json_pack("{s:i, s:s, s:b, s:i}", "line", (int)row->line, "holder", row->holder, "has_codes", 1, "codes", 0);
	keytree_stick_name(stick, row->stick_id);
	return json_pack("{s:i, s:s, s:b, s:i, s:s, s:s, s:o, s:o, s:s*}", "line", (int)row->line, "holder", row->holder,
	    "has_codes", (int)row->again, "codes", row->again ? (int)row->count : (int)row->codes, "stick", stick, "label",
	    row->label, "not_before", say_json_time(row->not_before), "expires", say_json_time(row->expires), "language",
	    row->language);
}

json_t *
rostersay_json(const struct roster *r)
{
	json_t *rows = json_array();

	for (size_t k = 0; k < r->count; k++)
		json_array_append_new(rows, json_of(&r->rows[k]));
	return json_pack("{s:i, s:o}", "new_codes", (int)r->codes, "rows", rows);
}

/* ---- the office's list --------------------------------------------------------------------------------------------------- */

static void
list_row(FILE *to, const struct books_slot *s)
{
	char line[LINE_MAX_CSV], id[ISSUER_SLOT_NAME], stick[STICK_NAME_SIZE], from[WHEN_SHOWN], until[WHEN_SHOWN], *end = line;

	issuer_slot_name(id, s);
	keytree_stick_name(stick, s->stick_id);
	when_rfc3339(from, sizeof from, s->not_before);
	when_rfc3339(until, sizeof until, s->expires);
	end = csvcell(end, s->holder, ',');
	end = csvcell(end, id, ',');
	end = csvcell(end, stick, ',');
	end = csvcell(end, s->label, ',');
	end = csvcell(end, from, ',');
	end = csvcell(end, until, '\r');
	*end++ = '\n';
	(void)fwrite(line, 1, (size_t)(end - line), to);
}

char *
rostersay_list(const struct roster *r, size_t *n)
{
	char *out = NULL;
	FILE *to = open_memstream(&out, n);
	bool good = false;

	if (to == NULL)
		return NULL;
	fputs("holder,id,stick,label,not_before,expires\r\n", to);
	for (size_t k = 0; k < r->out.count; k++)
		list_row(to, &r->out.slots[k]);
	good = ferror(to) == 0;
	if (fclose(to) != 0 || !good) {
		free(out);
		out = NULL;
	}
	return out;
}
