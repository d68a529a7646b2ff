/*
 * books.h - the issuer's books: bundles, sticks, grants, slots, events, notices. No secrets (oncestick-protocol(7), BOOKS).
 *
 * An SQLite file in the issuer's directory. Every changing call is one durable transaction unless it runs between books_begin and
 * books_end. People see a slot as number n of a stick, counted from 1 across all its grants.
 */
#ifndef BOOKS_H
#define BOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"
#include "grant.h"
#include "manifest.h"
#include "notice.h"

#define BOOKS_NAME "books.sqlite"
#define BOOKS_TEXT 256 /* bytes, with NUL, of holders and labels */

struct books;

enum books_slot_state { BOOKS_READY, BOOKS_ISSUED, BOOKS_SPENT, BOOKS_REVOKED };

struct books_slot {
	uint8_t stick_id[ID_SIZE];
	uint8_t grant_id[ID_SIZE];
	uint32_t slot;
	uint32_t number;                /* on its stick, from 1 */
	enum books_slot_state state;
	char holder[BOOKS_TEXT];        /* "" for none */
	int64_t not_before, expires;
	int64_t changed_at;             /* of the last event, 0 if none */
	int64_t spent_at;               /* from the receipt, 0 if unknown */
	int64_t ended_at;               /* from the receipt, 0 if it does not mention an end */
	int64_t open_s;                 /* how long the session was open, if it has ended */
	bool at_pc;                     /* it says on which PC, */
	uint8_t station_id[ID_SIZE];    /* ... on this */
	char label[LABEL_MAX + 1];      /* of the grant */
};

struct books_stick {
	uint8_t stick_id[ID_SIZE];
	char label[LABEL_MAX + 1];      /* of the newest grant */
	uint32_t next_n;                /* number of the next refill to make */
	uint32_t seen_n;                /* largest number that its stick record ever came back with; 0: never seen */
	uint32_t ready, issued, expired, spent, revoked; /* codes; expired: those that were ready or issued */
	int64_t not_before, expires;    /* of the grant that expires last */
};

/* Somebody who holds codes of a stick. */
struct books_holder {
	uint8_t stick_id[ID_SIZE];
	uint32_t number;                /* of the first */
	char holder[BOOKS_TEXT];
};

/* The slots of a grant: 0 up to slots. */
struct books_range {
	uint8_t grant_id[ID_SIZE];
	uint32_t slots;
};

/*
 * books_open(b, dir, create, f): open BOOKS_NAME in dir for reading and writing; create makes the directory (0700) and the file
 * (0600) if they are absent. E_BOOKS if the file is absent (ENOENT in f->sys) and create is false, cannot be written, has been
 * locked by another process for more than 30 s (EBUSY), is damaged, not ours or of a newer schema, or if everybody may write to
 * dir. Must not be carried across a fork.
 *
 * books_open_to_read(b, dir, f): the same, for calls that change nothing; others may write meanwhile. What an older program left,
 * or one that died, is first put right, as by books_open; E_BOOKS (WHY_OLD_BOOKS) if that is necessary but not possible.
 */
enum err books_open(struct books **b, const char *dir, bool create, struct fault *f);
enum err books_open_to_read(struct books **b, const char *dir, struct fault *f);
void books_close(struct books **b);

/*
 * books_begin ... books_end: one transaction of many calls, held against other processes from the start. err is how the calls
 * went. If it is E_OK, books_end commits the transaction, and fails if SQLite has given it up (a full disk); otherwise it undoes
 * everything and returns err. A call that fails in between undoes only its own changes.
 */
enum err books_begin(struct books *b, struct fault *f);
/* books_begin_reading ... books_end: everything that is read in between comes from one moment, and nobody is kept from writing. */
enum err books_begin_reading(struct books *b, struct fault *f);
enum err books_end(struct books *b, enum err err, struct fault *f);

/* Settings of the issuer: "contact". Setting the value "" removes one. books_get: "" if absent. */
enum err books_set(struct books *b, const char *key, const char *value, struct fault *f);
enum err books_get(struct books *b, const char *key, char *value, size_t size, struct fault *f);

/* books_newest_time(b, t, f): the newest signed time in the books (grants, manifests, notices); 0 if none. */
enum err books_newest_time(struct books *b, int64_t *t, struct fault *f);

/* books_new_bundle(b, id, now, label, f): insert an id before its first byte is written. E_BOOKS if it has ever been used. */
enum err books_new_bundle(struct books *b, const uint8_t id[ID_SIZE], int64_t now, const char *label, struct fault *f);
/*
 * books_bundle_manifest(b, id, cose, f): keep the signed manifest of a bundle; an unknown bundle is added. E_BOOKS if cose is not
 * a manifest of this bundle, or if there already is another one.
 */
enum err books_bundle_manifest(struct books *b, const uint8_t id[ID_SIZE], struct bytes cose, struct fault *f);

/*
 * books_add_stick: make a stick known (label is used until it has a grant); do nothing if it is known already.
 *
 * books_id_used: whether any id (bundle, stick, grant) is in the books.
 */
enum err books_add_stick(struct books *b, const uint8_t id[ID_SIZE], const char *label, struct fault *f);
enum err books_id_used(struct books *b, const uint8_t id[ID_SIZE], bool *used, struct fault *f);

/*
 * books_draw_id(b, id, f): draw a random id that is not in the books.
 *
 * books_draw_stick(b, id, f): draw one for a stick, whose shown name, too, no stick in the books has.
 */
enum err books_draw_id(struct books *b, uint8_t id[ID_SIZE], struct fault *f);
enum err books_draw_stick(struct books *b, uint8_t id[ID_SIZE], struct fault *f);

/*
 * books_set_usb(b, stick_id, usb, elsewhere, f): keep the USB factor of a stick; *elsewhere says whether another stick has the
 * same.
 *
 * books_get_usb: *found is false if none is kept. E_BOOKS for an unknown stick.
 */
enum err books_set_usb(struct books *b, const uint8_t stick_id[ID_SIZE], const uint8_t usb[HASH_SIZE], bool *elsewhere,
    struct fault *f);
enum err books_get_usb(struct books *b, const uint8_t stick_id[ID_SIZE], uint8_t usb[HASH_SIZE], bool *found, struct fault *f);

/* books_set_serial(b, stick_id, serial, f): keep the serial number of a stick's USB device. E_BOOKS for an unknown stick. */
enum err books_set_serial(struct books *b, const uint8_t stick_id[ID_SIZE], const char *serial, struct fault *f);

/*
 * books_seen_n(b, stick_id, n, before, f): a stick came back with n in its record. Keep the largest n; *before is the largest
 * known until now (if n is below it, the stick was rolled back). From now on no refill is made with a lower number. E_BOOKS for an
 * unknown stick.
 */
enum err books_seen_n(struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t n, uint32_t *before, struct fault *f);

/* books_next_n(b, stick_id, n, f): the number of the next refill to make for a stick. E_BOOKS for an unknown stick. */
enum err books_next_n(struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t *n, struct fault *f);

/* A grant that is about to be entered in the books. */
struct books_new {
	const struct grant *g;
	struct bytes payload;        /* g, encoded */
	enum books_slot_state state; /* of all its slots */
	int64_t now;
	const char *verb; /* of the event */
};

/*
 * books_add_grant(b, n, f): store a grant and its slots, whose numbers follow the stick's last; an unknown stick becomes known.
 * The number of a refill raises the stick's next_n. E_BOOKS if the grant is already there.
 */
enum err books_add_grant(struct books *b, const struct books_new *n, struct fault *f);

/* books_grant(b, id, g, found, f): the parsed grant, which the caller frees (grant_free); *found is false if it is unknown. */
enum err books_grant(struct books *b, const uint8_t id[ID_SIZE], struct grant *g, bool *found, struct fault *f);

/*
 * books_find_stick(b, name, id, count, f): find the stick with this shown name ("7kq241"). *count is how many have it; id is the
 * first.
 */
enum err books_find_stick(struct books *b, const char *name, uint8_t id[ID_SIZE], unsigned *count, struct fault *f);
/*
 * books_stick_label(b, id, label, known, f): the label of the stick's newest lecture, or else its own; "" if the stick is unknown.
 */
enum err books_stick_label(struct books *b, const uint8_t id[ID_SIZE], char label[LABEL_MAX + 1], bool *known, struct fault *f);
/*
 * books_alike(b, name, ids, count, f): the sticks with this shown name, in the order in which they became known; the caller frees
 * *ids.
 */
enum err books_alike(struct books *b, const char *name, uint8_t (**ids)[ID_SIZE], size_t *count, struct fault *f);

/*
 * Lists, which the caller frees (NULL if empty). Sticks come in the order in which they became known, slots by stick and number.
 *
 * books_sticks: all sticks, with what is expired at now. books_holders: who holds their codes, each holder once for a stick,
 * ordered by name. books_slots: those of a stick. books_slots_of_sticks: those of n sticks, each stick once, however often it is
 * named. books_slots_of_holder: those that a holder was ever given, of one stick, or of all if stick_id is NULL.
 * books_slots_of_grant: those of a grant. books_ranges: how many slots each grant has.
 */
enum err books_sticks(struct books *b, int64_t now, struct books_stick **list, size_t *count, struct fault *f);
enum err books_holders(struct books *b, struct books_holder **list, size_t *count, struct fault *f);
enum err books_slots(struct books *b, const uint8_t stick_id[ID_SIZE], struct books_slot **list, size_t *count, struct fault *f);
enum err books_slots_of_sticks(struct books *b, uint8_t (*ids)[ID_SIZE], size_t n, struct books_slot **list, size_t *count,
    struct fault *f);
enum err books_slots_of_holder(
    struct books *b, const char *holder, const uint8_t *stick_id, struct books_slot **list, size_t *count, struct fault *f);
enum err books_slots_of_grant(struct books *b, const uint8_t grant_id[ID_SIZE], struct books_slot **list, size_t *count,
    struct fault *f);
enum err books_ranges(struct books *b, struct books_range **list, size_t *count, struct fault *f);

/* The slot of a stick with a given number, if there is one. last: the highest number on the stick. */
struct books_numbered {
	bool found;
	uint32_t last;
	struct books_slot slot;
};

/* books_slot_numbered(b, stick_id, number, out, f): the slot of a stick with this number. */
enum err books_slot_numbered(
    struct books *b, const uint8_t stick_id[ID_SIZE], uint32_t number, struct books_numbered *out, struct fault *f);
/* books_stick_of(b, grant_id, stick_id, found, f): the stick that a grant is for. */
enum err books_stick_of(struct books *b, const uint8_t grant_id[ID_SIZE], uint8_t stick_id[ID_SIZE], bool *found, struct fault *f);

/* A lecture as a person names it. */
struct books_wanted {
	const uint8_t *stick_id;
	const char *name; /* its label, or the beginning of its id (at least 8 hexadecimal digits); NULL: any that has a code */
	int64_t now;
	uint32_t codes; /* how many are wanted: among grants with one label, one that has so many is preferred */
};

/*
 * books_find_lecture(b, w, grant_id, count, f): find a grant of the stick. Candidates are the grants whose label is the name or,
 * if there are none, those whose id begins with it. The result is the newest candidate that has a code to hand out at now, or else
 * the newest. Without a name it is the newest grant that has such a code. *count is how many candidates there were, 0 if none.
 */
enum err books_find_lecture(
    struct books *b, const struct books_wanted *w, uint8_t grant_id[ID_SIZE], unsigned *count, struct fault *f);

/* Codes to be handed out. */
struct books_take {
	const uint8_t *grant_id;
	uint32_t n;
	const char *holder; /* or NULL */
	int64_t now;
};

/*
 * books_take(b, t, list, have, f): in one transaction, mark the t->n lowest ready slots of the grant, which must not have expired,
 * as issued to t->holder, and return them in *list, which the caller frees. *have is how many there are, at most t->n. E_NO_CODES,
 * with nothing changed, if there are fewer; E_BOOKS if the holder's name is too long. With any error but E_NO_CODES *have is 0.
 */
enum err books_take(struct books *b, const struct books_take *t, struct books_slot **list, uint32_t *have, struct fault *f);

/* A change to a slot. */
struct books_change {
	const uint8_t *grant_id;
	uint32_t slot;
	enum books_slot_state state;
	struct bytes receipt; /* empty: keep the one that is stored */
	int64_t spent_at;     /* 0: the same */
	int64_t now;
	const char *verb, *detail; /* of the event; detail may be NULL */
};

/*
 * books_set_state(b, c, f): move the slot to c->state, keep c->receipt and c->spent_at, and write an event. If none of this is
 * new, nothing is written. Spent and revoked are final: setting ready or issued after them is E_SPENT or E_REVOKED. Spent after
 * revoked is kept as knowledge (the slot is shown as spent, and stays listed); revoked after spent changes nothing. A slot that
 * becomes ready again loses its holder. E_BOOKS for an unknown slot.
 */
enum err books_set_state(struct books *b, const struct books_change *c, struct fault *f);

/* What else the books have about one slot, besides its state. */
struct books_evidence {
	uint8_t receipt[RECEIPT_MAX + MAC_SIZE], second[RECEIPT_MAX + MAC_SIZE]; /* receipt || MAC, of two sessions */
	size_t receipt_n, second_n; /* 0: none */
	int64_t live_at;            /* when it was last seen unused on its stick, 0 if never */
};

/*
 * books_evidence(b, grant_id, slot, e, f): what there is; nothing for an unknown slot.
 *
 * books_add_second(b, c, added, f): c->receipt is of another session than the one that is kept. The first such receipt is kept as
 * proof; *added says whether it is this one. state, spent_at and detail of c are not used.
 *
 * books_seen_live(b, grant_id, slot, now, f): the slot is unused on its stick.
 */
enum err books_evidence(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, struct books_evidence *e, struct fault *f);
enum err books_add_second(struct books *b, const struct books_change *c, bool *added, struct fault *f);
enum err books_seen_live(struct books *b, const uint8_t grant_id[ID_SIZE], uint32_t slot, int64_t now, struct fault *f);

/* A lecture on a stick. */
struct books_lecture {
	uint8_t grant_id[ID_SIZE];
	char label[LABEL_MAX + 1];
	bool gone;             /* it was replaced or erased, so it is no longer looked for */
	uint32_t slots, spent;
};

/*
 * books_lectures(b, stick_id, list, count, f): the lectures of a stick, in the order in which they became known; the caller frees
 * *list.
 *
 * books_set_gone(b, grant_id, now, verb, f): a lecture is known to be no longer on its stick.
 */
enum err books_lectures(
    struct books *b, const uint8_t stick_id[ID_SIZE], struct books_lecture **list, size_t *count, struct fault *f);
enum err books_set_gone(struct books *b, const uint8_t grant_id[ID_SIZE], int64_t now, const char *verb, struct fault *f);

#define BOOKS_WHOLE UINT32_MAX

struct books_event {
	int64_t now;
	const char *verb;
	const uint8_t *grant_id;     /* or NULL */
	uint32_t slot;               /* BOOKS_WHOLE: about the whole grant */
	const char *holder, *detail; /* or NULL */
};

/* books_event(b, e, f): append to the log, where it stays. */
enum err books_event(struct books *b, const struct books_event *e, struct fault *f);

/*
 * An event that tells one copy of the books from another.
 *
 * books_newest_mark(b, m, f): the newest event; m->no is 0 if there is none. books_has_mark(b, m, has, f): whether that event is
 * in these books.
 */
#define BOOKS_TOKEN 8
struct books_mark {
	int64_t no;
	uint8_t token[BOOKS_TOKEN];
};

enum err books_newest_mark(struct books *b, struct books_mark *m, struct fault *f);
enum err books_has_mark(struct books *b, const struct books_mark *m, bool *has, struct fault *f);

/*
 * books_is_restored(b, restored, f): whether nothing has been done with these books since they were made, or since a "restore" was
 * written.
 */
enum err books_is_restored(struct books *b, bool *restored, struct fault *f);

/* Books that do not know what was handed out. */
struct books_unsure {
	const char *holder; /* whoever may have the codes, as far as anybody knows */
	const char *verb;   /* of the events */
	int64_t now;
};

/*
 * books_count_as_issued(b, u, count, f): in one transaction, mark every ready slot as issued to u->holder, because somebody may
 * have its code, and raise each stick's next_n by 64, because a refill may have had that number. *count is how many slots.
 *
 * books_skip_refills(b, f): only raise next_n.
 */
enum err books_count_as_issued(struct books *b, const struct books_unsure *u, uint32_t *count, struct fault *f);
enum err books_skip_refills(struct books *b, struct fault *f);

/*
 * Notices.
 *
 * books_newest_notice: the bytes of the newest, which the caller owns; *number is 0 if there is none.
 *
 * books_notice_content: what a notice that is signed at now must list: every slot spent or revoked, and every slot and bundle of
 * any notice ever stored, except for lectures that are known to have expired before notice_reach(now). Number, time and issuer are
 * left 0.
 *
 * books_store_notice: merge a verified notice of our own, wherever it comes from, into that union. books_keep_notice: keep one
 * that was made from that content. Both keep its bytes if it is the newest, and otherwise its number and time. A notice whose
 * number is already known (made before the books were restored) changes nothing there.
 */
enum err books_newest_notice(struct books *b, uint8_t **cose, size_t *n, uint32_t *number, struct fault *f);
enum err books_notice_content(struct books *b, int64_t now, struct notice *out, struct fault *f);
enum err books_keep_notice(struct books *b, uint32_t number, int64_t time, struct bytes cose, struct fault *f);
enum err books_store_notice(struct books *b, const struct notice *notice, struct bytes cose, struct fault *f);

#endif
