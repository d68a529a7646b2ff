/*
 * reportsay_internal.h - what all forms of a report share.
 */
#ifndef REPORTSAY_INTERNAL_H
#define REPORTSAY_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

#include "reportsay.h"
#include "when.h"

/* The states of a code: names for programs; words for people, marked for translation. The index is an enum audit_state. */
struct reportsay_state {
	const char *name, *words;
};
extern const struct reportsay_state reportsay_states[AUDIT_STATES];

/* Something that does not add up: its bit, its name for programs, and a sentence for people, marked for translation. */
struct reportsay_odd {
	enum audit_odd bit;
	const char *name, *words;
};
extern const struct reportsay_odd reportsay_odds[AUDIT_ODDS];

/* reportsay_odd_words(out, size, odd): what does not add up, for people. */
#define REPORTSAY_ODD_SIZE 1600
void reportsay_odd_words(char *out, size_t size, unsigned odd);

/* reportsay_pc(out, use): the PC's name, or else the first eight digits of its id; "" if unknown. */
void reportsay_pc(char out[LABEL_MAX + 1], const struct books_report_use *use);

/* reportsay_code_name(out, l, c): "7kq241/3". */
void reportsay_code_name(char out[ISSUER_SLOT_NAME], const struct audit_lecture *l, const struct audit_code *c);

/* reportsay_since(l, c): when the code got its state; 0 if unknown. */
int64_t reportsay_since(const struct audit_lecture *l, const struct audit_code *c);

/* reportsay_is_told(c): whether anybody was given the code. If not, people need only the number of such codes. */
bool reportsay_is_told(const struct audit_code *c);

/* reportsay_period(out, size, w): "1 Jan 2026 at 00:00 to ...". */
void reportsay_period(char *out, size_t size, const struct audit_wanted *w);

/* reportsay_counted(out, size, n): "12 codes: 1 used, 11 ready". */
#define REPORTSAY_COUNTED 400
void reportsay_counted(char *out, size_t size, const struct audit_counts *n);

/* reportsay_no_memory(f): E_FAIL. reportsay_written(): E_FAIL, without a fault, if standard output has failed; otherwise E_OK. */
enum err reportsay_no_memory(struct fault *f);
enum err reportsay_written(void);

#endif
