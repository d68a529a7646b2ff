/*
 * reportsay_data.c - a report for programs: CSV with a row for each code, or JSON.
 */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "csvcell.h"
#include "keytree.h"
#include "reportsay_internal.h"
#include "say.h"
#include "text.h"
#include "utf8.h"

#define LINE_MAX_CSV 4096 /* twice everything that has a name, the times, and what is between them */

/* ---- CSV ----------------------------------------------------------------------------------------------------------------- */

/* Names come from outside. They must not fool a person who looks at the file on a terminal. */
static char *
add_name(char *at, const char *name)
{
	char safe[BOOKS_TEXT];

	snprintf(safe, sizeof safe, "%s", name);
	utf8_no_controls(safe);
	return csvcell(at, safe, ',');
}

static char *
add_time(char *at, int64_t t)
{
	char text[WHEN_SHOWN] = "";

	if (t != 0)
		when_rfc3339(text, sizeof text, t);
	return csvcell(at, text, ',');
}

static char *
add_use(char *at, const struct books_report_code *c)
{
	char station[2 * ID_SIZE + 1] = "", open_s[24] = "";
	const struct receipt *r = &c->use.receipt;

	if (c->use.proved)
		bytes_to_hex(station, r->station_id, ID_SIZE);
	if (c->use.proved && r->ended_at != 0)
		snprintf(open_s, sizeof open_s, "%llu", (unsigned long long)r->open_s);
	at = add_time(at, c->spent_at);
	at = csvcell(at, station, ',');
	at = add_name(at, c->use.pc);
	at = csvcell(at, open_s, ',');
	return add_time(at, c->use.proved ? r->ended_at : 0);
}

static void
put_row(const struct audit_lecture *l, const struct audit_code *c)
{
	char line[LINE_MAX_CSV], id[ISSUER_SLOT_NAME], stick[STICK_NAME_SIZE], odd[200] = "", *at = line;
	const struct books_report_code *k = c->code;
	size_t n = 0;

	reportsay_code_name(id, l, c);
	keytree_stick_name(stick, l->lecture->stick_id);
	for (size_t i = 0; i < AUDIT_ODDS; i++)
		if ((c->odd & reportsay_odds[i].bit) != 0)
			n += (size_t)snprintf(odd + n, sizeof odd - n, "%s%s", n > 0 ? " " : "", reportsay_odds[i].name);
	at = csvcell(at, id, ',');
	at = add_name(at, l->lecture->label);
	at = csvcell(at, stick, ',');
	at = csvcell(at, reportsay_states[c->state].name, ',');
	at = add_name(at, k->holder);
	at = add_time(at, l->lecture->prepared_at);
	at = add_name(at, l->lecture->prepared_by);
	at = add_time(at, l->lecture->not_before);
	at = add_time(at, l->lecture->expires);
	at = add_time(at, k->issued_at);
	at = add_name(at, k->issued_by);
	at = add_use(at, k);
	at = add_time(at, k->revoked_at);
	at = add_name(at, k->revoked_by);
	at = csvcell(at, odd, '\r');
	*at++ = '\n';
	fwrite(line, 1, (size_t)(at - line), stdout);
}

static enum err
put_rows(void *arg, const struct audit_lecture *l, struct fault *f)
{
	(void)arg, (void)f;
	for (size_t k = 0; k < l->count; k++)
		put_row(l, &l->codes[k]);
	return reportsay_written();
}

enum err
reportsay_csv(const struct reportsay *r, struct fault *f)
{
	struct audit_counts n = {0};

	fputs("id,label,stick,state,holder,prepared_at,prepared_by,not_before,expires,issued_at,issued_by,spent_at,station,pc,"
	      "open_s,ended_at,revoked_at,revoked_by,odd\r\n", stdout);
	return audit_lectures(r->issuer, r->wanted, put_rows, NULL, &n, f);
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------- */

struct list {
	size_t count; /* printed so far */
};

/* Print one more item of a list, on its own line. */
static enum err
put_item(struct list *l, json_t *v, struct fault *f)
{
	if (l->count++ > 0)
		fputs(", ", stdout);
	return say_json_line(v, JSON_COMPACT) == 0 ? reportsay_written() : reportsay_no_memory(f);
}

static json_t *
text_or_null(const char *s)
{
	return s[0] != '\0' ? say_json_text(s) : json_null();
}

static json_t *
json_use(const struct books_report_use *u)
{
	char station[2 * ID_SIZE + 1];
	const struct receipt *r = &u->receipt;
	const bool ended = r->ended_at != 0;

	if (!u->proved)
		return json_null();
	bytes_to_hex(station, r->station_id, ID_SIZE);
	return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "spent_at", say_json_time(r->spent_at), "station", station, "pc",
	    text_or_null(u->pc), "ended_at", say_json_time(r->ended_at), "open_s",
	    ended ? json_integer((json_int_t)r->open_s) : json_null(), "resumes",
	    ended ? json_integer((json_int_t)r->resumes) : json_null());
}

static json_t *
json_odd(unsigned odd)
{
	json_t *list = json_array();

	for (size_t k = 0; k < AUDIT_ODDS; k++)
		if ((odd & reportsay_odds[k].bit) != 0)
			json_array_append_new(list, json_string(reportsay_odds[k].name));
	return list;
}

static json_t *
json_code(const struct audit_lecture *l, const struct audit_code *c)
{
	const struct books_report_code *k = c->code;
	char id[ISSUER_SLOT_NAME];

	reportsay_code_name(id, l, c);
	return json_pack("{s:s, s:i, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", id, "number", (int)k->number,
	    "state", reportsay_states[c->state].name, "holder", text_or_null(k->holder), "issued_at", say_json_time(k->issued_at),
	    "issued_by", text_or_null(k->issued_by), "spent_at", say_json_time(k->spent_at), "use", json_use(&k->use), "second_use",
	    json_use(&k->second), "revoked_at", say_json_time(k->revoked_at), "revoked_by", text_or_null(k->revoked_by), "odd",
	    json_odd(c->odd));
}

static json_t *
json_counts(const struct audit_counts *n)
{
	json_t *v = json_pack("{s:I}", "codes", (json_int_t)n->codes);

	for (size_t k = 0; k < AUDIT_STATES; k++)
		json_object_set_new(v, reportsay_states[k].name, json_integer((json_int_t)n->state[k]));
	json_object_set_new(v, "odd", json_integer((json_int_t)n->odd));
	return v;
}

static enum err
put_lecture(void *arg, const struct audit_lecture *l, struct fault *f)
{
	char stick[STICK_NAME_SIZE], stick_id[2 * ID_SIZE + 1], grant[2 * ID_SIZE + 1];
	json_t *codes = json_array();

	keytree_stick_name(stick, l->lecture->stick_id);
	bytes_to_hex(stick_id, l->lecture->stick_id, ID_SIZE);
	bytes_to_hex(grant, l->lecture->grant_id, ID_SIZE);
	for (size_t k = 0; k < l->count; k++)
		json_array_append_new(codes, json_code(l, &l->codes[k]));
	return put_item(arg, json_pack("{s:o, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "label",
	    say_json_text(l->lecture->label), "stick", stick, "stick_id", stick_id, "grant", grant, "prepared_at",
	    say_json_time(l->lecture->prepared_at), "prepared_by", text_or_null(l->lecture->prepared_by), "not_before",
	    say_json_time(l->lecture->not_before), "expires", say_json_time(l->lecture->expires), "gone_at",
	    say_json_time(l->lecture->gone_at), "totals", json_counts(&l->counts), "codes", codes), f);
}

static enum err
put_deed(void *arg, const struct books_report_deed *d, struct fault *f)
{
	return put_item(arg, json_pack("{s:o, s:o, s:I, s:o, s:o}", "who", say_json_text(d->who), "verb", say_json_text(d->verb),
	    "times", (json_int_t)d->times, "first", say_json_time(d->first), "last", say_json_time(d->last)), f);
}

/* The report is written while it is read, so it is never one value in memory; its members are written by hand. */
enum err
reportsay_json(const struct reportsay *r, struct fault *f)
{
	const struct audit_wanted *w = r->wanted;
	struct audit_counts n = {0};
	struct list list = {0};
	enum err e = E_OK;

	fputs("{\"period\": ", stdout);
	if (say_json_line(json_pack("{s:o, s:o}", "from", say_json_time(w->from), "to", say_json_time(w->to)), JSON_COMPACT) != 0)
		return reportsay_no_memory(f);
	fputs(", \"lectures\": [", stdout);
	if ((e = audit_lectures(r->issuer, w, put_lecture, &list, &n, f)) != E_OK)
		return e;
	list.count = 0;
	fputs("], \"office\": [", stdout);
	if ((e = audit_deeds(r->issuer, w, put_deed, &list, f)) != E_OK)
		return e;
	fputs("], \"totals\": ", stdout);
	if (say_json_line(json_counts(&n), JSON_COMPACT) != 0)
		return reportsay_no_memory(f);
	fputs("}\n", stdout);
	return reportsay_written();
}
