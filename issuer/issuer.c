/*
 * issuer.c - the directory, the books, the clock, the seed, the list of what is revoked, names of sticks and codes.
 */
#include "config.h"

#include "issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "clock.h"
#include "code.h"
#include "envelope.h"
#include "filestat.h"
#include "keystore.h"
#include "keytree.h"
#include "mark.h"
#include "notice.h"
#include "secret.h"
#include "sql.h"
#include "stick.h"
#include "stickio.h"

#define DAY 86400
#define OTHERS (S_IRWXG | S_IRWXO)
#define CLOCK_AHEAD (30 * DAY)
#define BEHIND "behind"   /* a setting: the books were seen to be an older copy, */
#define SETTLED "settled" /* ... and when they were said to count */
#define ENVELOPE_ROOM 256 /* more than a signature adds to what is signed */

static enum err
open_dir(struct issuer *i, const char *dir, struct fault *f)
{
	if ((size_t)snprintf(i->dir, sizeof i->dir, "%s", dir) >= sizeof i->dir)
		return fault_set(f, E_KEYSTORE, ENAMETOOLONG, "open", "%s", dir);
	i->dir_fd = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (i->dir_fd < 0 && errno == ENOENT)
		return fault_why(f, E_KEYSTORE, 0, WHY_NO_ISSUER, "%s", i->dir);
	if (i->dir_fd < 0)
		return fault_set(f, E_KEYSTORE, errno, "open", "%s", i->dir);
	if (faccessat(i->dir_fd, KEYSTORE_NAME, F_OK, 0) != 0 && errno == ENOENT)
		return fault_why(f, E_KEYSTORE, 0, WHY_NO_KEYSTORE, "%s", i->dir);
	return E_OK;
}

static enum err
open_books(struct issuer *i, enum issuer_how how, struct fault *f)
{
	return how == ISSUER_TO_READ ? books_open_to_read(&i->books, i->dir, f)
				     : books_open(&i->books, i->dir, how == ISSUER_TO_BEGIN, f);
}

/* Nothing is ready in them: there is nothing that could be handed out twice. */
static enum err
begin_books(struct issuer *i, struct fault *f)
{
	const struct books_event event = {.now = i->now, .verb = "new books", .slot = BOOKS_WHOLE};
	enum err e = issuer_settled(i->books, i->now, f);

	i->fresh = true;
	return e == E_OK ? books_event(i->books, &event, f) : e;
}

enum err
issuer_open(struct issuer *i, const char *dir, enum issuer_how how, struct fault *f)
{
	struct clock_source clock = clock_system();
	char behind[8] = "";
	enum err e = E_OK;

	memset(i, 0, sizeof *i);
	i->dir_fd = -1;
	i->now = clock.now(clock.arg);
	i->writes = how != ISSUER_TO_READ;
	if ((e = open_dir(i, dir, f)) != E_OK || (e = keystore_issuer(i->dir_fd, i->pk, f)) != E_OK ||
	    (e = open_books(i, how, f)) != E_OK ||
	    (e = books_get(i->books, "contact", i->contact, sizeof i->contact, f)) != E_OK ||
	    (e = books_get(i->books, BEHIND, behind, sizeof behind, f)) != E_OK ||
	    (how == ISSUER_TO_BEGIN && (e = begin_books(i, f)) != E_OK))
		issuer_close(i);
	i->behind = e == E_OK && behind[0] != '\0';
	return e;
}

/*
 * Files are made for the owner alone. If others can do more, they were copied that way, or the file system keeps no access rights
 * and silently ignored the request.
 */
enum issuer_rights
issuer_rights(const struct issuer *i)
{
	struct stat st;

	if (filestat_at(i->dir_fd, KEYSTORE_NAME, &st) == 0 && (st.st_mode & OTHERS) != 0)
		return ISSUER_FILES_OPEN;
	return filestat_fd(i->dir_fd, &st) == 0 && (st.st_mode & OTHERS) != 0 ? ISSUER_DIR_OPEN : ISSUER_PRIVATE;
}

enum err
issuer_check_rights(int dir_fd, struct fault *f)
{
	uint8_t random[8];
	char name[40], hex[2 * sizeof random + 1];
	enum err e = E_OK;
	struct stat st;

	randombytes_buf(random, sizeof random);
	bytes_to_hex(hex, random, sizeof random);
	snprintf(name, sizeof name, "rights.%s", hex);
	if (stickio_create(dir_fd, name, "", 0, 0600) != 0)
		return fault_why(f, E_KEYSTORE, errno, WHY_MAKE_FILE, "%s", KEYSTORE_NAME);
	if (filestat_at(dir_fd, name, &st) != 0)
		e = fault_set(f, E_KEYSTORE, errno, "stat", "%s", KEYSTORE_NAME);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		e = fault_why(f, E_KEYSTORE, 0, WHY_NO_RIGHTS, "%s", "");
	(void)stickio_remove_file(dir_fd, name);
	return e;
}

/* ---- older copies -------------------------------------------------------------------------------------------------------- */

/* Whether something of that time was before the books were last said to count: whatever was handed out then is settled. */
static enum err
was_before(struct issuer *i, int64_t when, bool *before, struct fault *f)
{
	char settled[24];
	enum err e = books_get(i->books, SETTLED, settled, sizeof settled, f);

	*before = e == E_OK && when < strtoll(settled, NULL, 10);
	return e;
}

/* Whether what this PC remembers is in these books, as it is as long as nothing was put back; or is of books that were restored
 * elsewhere since. */
static bool
has_mark(struct issuer *i, struct mark *m)
{
	bool has = true, before = true;

	if (i->mark_dir[0] == '\0' || !mark_read(i->mark_dir, i->pk, m))
		return true;
	if (books_has_mark(i->books, &m->event, &has, NULL) != E_OK || has)
		return true;
	return was_before(i, m->when, &before, NULL) != E_OK || before;
}

int
issuer_compare(struct issuer *i, const char *dir)
{
	struct mark m;

	if ((size_t)snprintf(i->mark_dir, sizeof i->mark_dir, "%s", dir) >= sizeof i->mark_dir) {
		i->mark_dir[0] = '\0';
		errno = ENAMETOOLONG;
		return -1;
	}
	i->behind = i->behind || (!i->fresh && !has_mark(i, &m));
	return 0;
}

int
issuer_remember(struct issuer *i, const char *dir)
{
	return issuer_compare(i, dir) == 0 && sql_make_path(dir) == 0 && access(dir, W_OK) == 0 ? 0 : -1;
}

int64_t
issuer_last_used(const struct issuer *i)
{
	struct mark m = {0};

	return i->mark_dir[0] != '\0' && mark_read(i->mark_dir, i->pk, &m) ? m.when : 0;
}

enum err
issuer_hands_out(struct issuer *i, int64_t *since, struct fault *f)
{
	struct mark m = {0};

	*since = has_mark(i, &m) ? 0 : m.when;
	i->hands_out = true;
	return i->behind ? fault_why(f, E_BOOKS, 0, WHY_BEHIND, "%s", i->dir) : E_OK;
}

enum err
issuer_is_behind(struct issuer *i, struct fault *f)
{
	i->behind = true;
	return books_set(i->books, BEHIND, "yes", f);
}

enum err
issuer_settled(struct books *b, int64_t now, struct fault *f)
{
	char when[24];
	enum err e = books_set(b, BEHIND, "", f);

	snprintf(when, sizeof when, "%lld", (long long)now);
	return e == E_OK ? books_set(b, SETTLED, when, f) : e;
}

void
issuer_note_newest(struct issuer *i)
{
	struct mark m = {.when = i->now};

	if (i->mark_dir[0] != '\0' && books_newest_mark(i->books, &m.event, NULL) == E_OK && m.event.no > 0)
		(void)mark_write(i->mark_dir, i->pk, &m);
}

/* What the work is over with. One that failed has undone what it noted in the books. */
static void
remember_books(struct issuer *i)
{
	struct books_mark newest = {0};
	struct mark m = {0};

	if (i->behind)
		(void)issuer_is_behind(i, NULL);
	else if (i->mark_dir[0] != '\0' && (i->fresh || has_mark(i, &m)) &&
	    books_newest_mark(i->books, &newest, NULL) == E_OK && newest.no != m.event.no)
		issuer_note_newest(i);
}

void
issuer_close(struct issuer *i)
{
	if (i->books != NULL && i->writes)
		remember_books(i);
	books_close(&i->books);
	secret_free(&i->seed);
	secret_free(&i->sk);
	if (i->dir_fd >= 0)
		close(i->dir_fd);
	i->dir_fd = -1;
}

enum err
issuer_clock(struct issuer *i, enum issuer_clock *clock, int64_t *newest, struct fault *f)
{
	int64_t last = 0;
	enum err e = books_newest_time(i->books, &last, f);

	if (e != E_OK)
		return e;
	*newest = last;
	if (i->now < BUILD_DATE)
		*clock = ISSUER_CLOCK_OLD;
	else if (i->now < last)
		*clock = ISSUER_CLOCK_BACK;
	else if (i->now - (last != 0 ? last : BUILD_DATE) > (last != 0 ? CLOCK_AHEAD : FLOOR_TRUST_S))
		*clock = ISSUER_CLOCK_FAR;
	else
		*clock = ISSUER_CLOCK_FINE;
	return E_OK;
}

enum err
issuer_unlock(struct issuer *i, struct bytes pass, struct fault *f)
{
	uint8_t pk[KEY_SIZE];
	enum err e = keystore_open(i->dir_fd, pass, &i->seed, f);

	if (e != E_OK)
		return e;
	i->sk = secret_new(SIGN_SECRET_SIZE);
	if (i->sk == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the signing key");
	keytree_sign(pk, i->sk, i->seed);
	if (memcmp(pk, i->pk, KEY_SIZE) != 0)
		return fault_set(f, E_KEYSTORE, 0, "issuer key of", "%s", KEYSTORE_NAME);
	return E_OK;
}

/* ---- notices ------------------------------------------------------------------------------------------------------------- */

/* Whether old names every slot of g. */
static bool
names_all(const struct notice_grant *old, const struct notice_grant *g)
{
	bool all = g->len <= old->len;

	for (size_t i = 0; i < g->len && all; i++)
		all = (g->bitmap[i] & ~old->bitmap[i]) == 0;
	return all;
}

/* What old lists beyond content no longer needs to be listed, but is not a reason for a new list. */
static bool
says_all(const struct notice *old, const struct notice *content)
{
	size_t k = 0;

	for (size_t i = 0; i < content->grant_count; i++) {
		const struct notice_grant *g = &content->grants[i];

		while (k < old->grant_count && memcmp(old->grants[k].grant_id, g->grant_id, ID_SIZE) < 0)
			k++;
		if (k == old->grant_count || memcmp(old->grants[k].grant_id, g->grant_id, ID_SIZE) != 0 ||
		    !names_all(&old->grants[k], g))
			return false;
	}
	for (size_t i = 0; i < content->withdrawn_count; i++)
		if (!notice_withdrawn(old, content->withdrawn[i]))
			return false;
	return true;
}

/* *none: the newest notice, if there is one, lists all that content lists. */
static enum err
nothing_new(const struct notice *content, struct bytes newest, bool *none, struct fault *f)
{
	struct notice old = {0};
	enum envelope_result opened = newest.n > 0 ? notice_open(&old, newest) : ENVELOPE_OK;

	*none = opened == ENVELOPE_OK && says_all(&old, content);
	notice_free(&old);
	return opened == ENVELOPE_NO_MEMORY ? fault_set(f, E_FAIL, ENOMEM, "memory", "for the notice") : E_OK;
}

static enum err
sign_notice(struct issuer *i, struct notice *content, uint8_t **file, size_t *n, struct fault *f)
{
	size_t payload_n = 0;
	uint8_t *payload = notice_encode(content, &payload_n);

	if (payload == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "encoding", "the notice");
	*file = envelope_sign(ENVELOPE_NOTICE, BYTES(payload, payload_n), i->sk, n);
	free(payload);
	if (*file == NULL && payload_n > envelope_limit(ENVELOPE_NOTICE) - ENVELOPE_ROOM)
		return fault_why(f, E_SPACE, 0, WHY_LIST_FULL, "%s", "");
	return *file != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "signing", "the notice");
}

enum err
issuer_publish(struct issuer *i, uint8_t **file, size_t *n, uint32_t *number, struct fault *f)
{
	struct notice content = {0};
	uint8_t *newest = NULL, *made = NULL;
	size_t newest_n = 0, made_n = 0;
	uint32_t known = 0;
	bool none = false;
	enum err e = E_OK;

	free(*file);
	*file = NULL;
	*n = 0;
	*number = 0;
	if ((e = books_newest_notice(i->books, &newest, &newest_n, &known, f)) != E_OK ||
	    (e = books_notice_content(i->books, i->now, &content, f)) != E_OK ||
	    (e = nothing_new(&content, BYTES(newest, newest_n), &none, f)) != E_OK)
		goto out;
	if (none) {
		*file = newest;
		*n = newest_n;
		*number = known;
		newest = NULL;
		goto out;
	}
	memcpy(content.issuer, i->pk, KEY_SIZE);
	content.number = notice_next_number(known, i->now);
	content.time = i->now;
	if ((e = sign_notice(i, &content, &made, &made_n, f)) != E_OK ||
	    (e = books_keep_notice(i->books, content.number, content.time, BYTES(made, made_n), f)) != E_OK)
		goto out;
	*file = made;
	*n = made_n;
	*number = content.number;
	made = NULL;
out:
	i->list_n = *n;
	notice_free(&content);
	free(newest);
	free(made);
	return e;
}

/* A list that is newer than any that the books had, and was signed after they were last said to count. */
static enum err
compare_list(struct issuer *i, const struct notice *found, struct fault *f)
{
	uint8_t *newest = NULL;
	size_t n = 0;
	uint32_t known = 0;
	bool before = false;
	enum err e = books_newest_notice(i->books, &newest, &n, &known, f);

	free(newest);
	if (e != E_OK || found->number <= known || (e = was_before(i, found->time, &before, f)) != E_OK || before)
		return e;
	if ((e = issuer_is_behind(i, f)) != E_OK)
		return e;
	return i->hands_out ? fault_why(f, E_BOOKS, 0, WHY_BEHIND, "%s", i->dir) : E_OK;
}

enum err
issuer_look_behind(struct issuer *i, const struct stick *s, struct fault *f)
{
	struct notice found = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum err e = stick_load_notice(s, i->pk, &found, &file, &n) == 1 ? compare_list(i, &found, f) : E_OK;

	notice_free(&found);
	free(file);
	return e;
}

enum err
issuer_merge_notice(struct issuer *i, const struct stick *s, struct fault *f)
{
	struct notice found = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	enum err e = E_OK;
	int got = stick_load_notice(s, i->pk, &found, &file, &n);

	if (got < 0 && !stickio_failing(errno))
		e = stickio_fault(f, E_STICK_IO, "read", s->once_fd, STICK_ONCE, STICK_NOTICE);
	else if (got == 1 && (e = compare_list(i, &found, f)) == E_OK)
		e = books_store_notice(i->books, &found, BYTES(file, n), f);
	notice_free(&found);
	free(file);
	return e;
}

/* ---- all slots of a stick ------------------------------------------------------------------------------------------------ */

enum err
issuer_revoke_stick(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, uint32_t *count, struct fault *f)
{
	struct books_slot *list = NULL;
	size_t n = 0;
	enum err e = books_slots(i->books, id, &list, &n, f);

	*count = 0;
	for (size_t k = 0; k < n && e == E_OK; k++) {
		const struct books_slot *s = &list[k];

		if (s->state != BOOKS_READY && s->state != BOOKS_ISSUED)
			continue;
		e = books_set_state(i->books, &(struct books_change){.grant_id = s->grant_id, .slot = s->slot,
		    .state = BOOKS_REVOKED, .now = i->now, .verb = verb, .detail = ""}, f);
		++*count;
	}
	free(list);
	return e;
}

enum err
issuer_drop_lectures(struct issuer *i, const uint8_t id[ID_SIZE], const char *verb, struct fault *f)
{
	struct books_lecture *list = NULL;
	size_t n = 0;
	enum err e = books_lectures(i->books, id, &list, &n, f);

	for (size_t k = 0; k < n && e == E_OK; k++)
		if (!list[k].gone)
			e = books_set_gone(i->books, list[k].grant_id, i->now, verb, f);
	free(list);
	return e;
}

/* ---- names --------------------------------------------------------------------------------------------------------------- */

bool
issuer_is_name(const char *text)
{
	struct code_name name;

	return code_name(&name, text, strlen(text)) && name.number == 0;
}

enum err
issuer_find(struct issuer *i, const char *name, uint8_t id[ID_SIZE], struct fault *f)
{
	uint8_t whole[ID_SIZE], (*ids)[ID_SIZE] = NULL;
	struct code_name n;
	char label[LABEL_MAX + 1];
	bool known = false;
	size_t count = 0;
	enum err e = E_OK;

	if (!code_name(&n, name, strlen(name)))
		return fault_why(f, E_NO_STICK, 0, WHY_UNKNOWN_STICK, "%s", name);
	if (bytes_from_hex(whole, ID_SIZE, n.stick) == 0) {
		if ((e = books_stick_label(i->books, whole, label, &known, f)) != E_OK)
			return e;
		if (known)
			memcpy(id, whole, ID_SIZE);
		return known ? E_OK : fault_why(f, E_NO_STICK, 0, WHY_UNKNOWN_STICK, "%s", name);
	}
	if ((e = books_alike(i->books, n.stick, &ids, &count, f)) != E_OK)
		return e;
	if (count == 1)
		memcpy(id, ids[0], ID_SIZE);
	free(ids);
	if (count > 1)
		return fault_why(f, E_USAGE, 0, WHY_ALIKE, "%s", name);
	return count == 1 ? E_OK : fault_why(f, E_NO_STICK, 0, WHY_UNKNOWN_STICK, "%s", name);
}

enum err
issuer_find_code(struct issuer *i, const char *text, struct books_slot *out, uint32_t *last, struct fault *f)
{
	struct books_numbered numbered;
	struct code_name name;
	uint8_t id[ID_SIZE];
	enum err e = E_OK;

	*last = 0;
	if (!code_name(&name, text, strlen(text)) || name.number == 0)
		return fault_why(f, E_USAGE, 0, WHY_NO_CODE_NAME, "%s", text);
	if ((e = issuer_find(i, name.stick, id, f)) != E_OK ||
	    (e = books_slot_numbered(i->books, id, name.number, &numbered, f)) != E_OK)
		return e;
	*last = numbered.last;
	if (!numbered.found)
		return fault_set(f, E_CODE_UNKNOWN, 0, ISSUER_NO_CODE, "%s", text);
	*out = numbered.slot;
	return E_OK;
}

void
issuer_slot_name(char out[ISSUER_SLOT_NAME], const struct books_slot *slot)
{
	char name[STICK_NAME_SIZE];

	keytree_stick_name(name, slot->stick_id);
	snprintf(out, ISSUER_SLOT_NAME, "%s/%u", name, slot->number);
}
