/*
 * issuer.c - what the issuer's verbs have in common.
 */
#include "config.h"

#include "issuer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "calendar.h"
#include "clock.h"
#include "code.h"
#include "envelope.h"
#include "filestat.h"
#include "hold.h"
#include "keystore.h"
#include "keytree.h"
#include "notice.h"
#include "prompt.h"
#include "say.h"
#include "secret.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"

#define DAY 86400
#define OTHERS (S_IRWXG | S_IRWXO)
#define CLOCK_AHEAD (30 * DAY)
#define ENVELOPE_ROOM 256 /* what a signature takes beside what is signed, and more */

enum err
issuer_dir(char *out, size_t size, struct fault *f)
{
	const char *own = getenv("ONCESTICK_ISSUER_DIR");
	const char *data = getenv("XDG_DATA_HOME");
	const char *home = getenv("HOME");
	int n = -1;

	if (own != NULL && own[0] != '\0')
		n = snprintf(out, size, "%s", own);
	else if (data != NULL && data[0] == '/')
		n = snprintf(out, size, "%s/oncestick", data);
	else if (home != NULL && home[0] == '/')
		n = snprintf(out, size, "%s/.local/share/oncestick", home);
	if (n < 0 || (size_t)n >= size)
		return fault_set(f, E_USAGE, 0, "", _("where are the issuer's files? Set HOME or ONCESTICK_ISSUER_DIR."));
	return E_OK;
}

static enum err
open_dir(struct issuer *i, struct fault *f)
{
	enum err e = issuer_dir(i->dir, sizeof i->dir, f);

	if (e != E_OK)
		return e;
	i->dir_fd = open(i->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (i->dir_fd < 0 && errno == ENOENT)
		return fault_set(f, E_KEYSTORE, 0, "", _("there is no issuer yet at %.120s; make one: oncestick init"), i->dir);
	if (i->dir_fd < 0)
		return fault_set(f, E_KEYSTORE, errno, "open", "%s", i->dir);
	if (faccessat(i->dir_fd, KEYSTORE_NAME, F_OK, 0) != 0 && errno == ENOENT)
		return fault_set(f, E_KEYSTORE, 0, "", _("there is no keystore in %.120s; make one: oncestick init"), i->dir);
	return E_OK;
}

enum how { TO_WRITE, TO_READ, TO_BEGIN };

static enum err
open_books(struct issuer *i, enum how how, struct fault *f)
{
	return how == TO_READ ? books_open_to_read(&i->books, i->dir, f) : books_open(&i->books, i->dir, how == TO_BEGIN, f);
}

static enum err
open_issuer(struct issuer *i, enum how how, struct fault *f)
{
	struct clock_source clock = clock_system();
	enum err e = E_OK;

	memset(i, 0, sizeof *i);
	i->dir_fd = -1;
	i->now = clock.now(clock.arg);
	if ((e = open_dir(i, f)) != E_OK || (e = keystore_issuer(i->dir_fd, i->pk, f)) != E_OK ||
	    (e = open_books(i, how, f)) != E_OK ||
	    (e = books_get(i->books, "contact", i->contact, sizeof i->contact, f)) != E_OK)
		issuer_close(i);
	return e;
}

/* Files are made for the owner alone. Where others may do more they were copied so, or the file system keeps no rights and said nothing
 * when asked to. */
void
issuer_warn_rights(const struct issuer *i, const struct cli *c)
{
	char fs[STICKIO_FS_NAME], safe[512];
	struct stat st;

	if (i->dir_fd < 0)
		return;
	say_safe(safe, sizeof safe, i->dir);
	if (filestat_at(i->dir_fd, KEYSTORE_NAME, &st) == 0 && (st.st_mode & OTHERS) != 0) {
		stickio_fs_of(i->dir_fd, fs);
		say_warn(c, "others may read what is in %s: the keystore is sealed by the passphrase, but not the books. If 'chmod -R go= %s' does "
		    "not help, its file system (%s) keeps no rights: have it on a disk of this PC instead", safe, safe, fs);
	} else if (filestat_fd(i->dir_fd, &st) == 0 && (st.st_mode & OTHERS) != 0) {
		say_warn(c, "others may look into %s, where the issuer's secrets are: chmod 700 %s", safe, safe);
	}
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
		return fault_set(f, E_KEYSTORE, errno, "create", "%s", KEYSTORE_NAME);
	if (filestat_at(dir_fd, name, &st) != 0)
		e = fault_set(f, E_KEYSTORE, errno, "stat", "%s", KEYSTORE_NAME);
	else if ((st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		e = fault_set(f, E_KEYSTORE, 0, "",
		    _("the file system of that directory keeps no rights: everybody here could change the issuer's files. Set "
		      "ONCESTICK_ISSUER_DIR to a directory on a disk of this PC."));
	(void)stickio_remove_file(dir_fd, name);
	return e;
}

enum err
issuer_open(struct issuer *i, const struct cli *c, struct fault *f)
{
	enum err e = open_issuer(i, TO_WRITE, f);

	if (e == E_OK)
		issuer_warn_rights(i, c);
	return e;
}

enum err
issuer_open_to_read(struct issuer *i, const struct cli *c, struct fault *f)
{
	enum err e = open_issuer(i, TO_READ, f);

	if (e == E_OK)
		issuer_warn_rights(i, c);
	return e;
}

enum err
issuer_begin_books(struct issuer *i, struct fault *f)
{
	return open_issuer(i, TO_BEGIN, f);
}

void
issuer_close(struct issuer *i)
{
	books_close(&i->books);
	secret_free(&i->seed);
	secret_free(&i->sk);
	if (i->dir_fd >= 0)
		close(i->dir_fd);
	i->dir_fd = -1;
}

/* ---- the clock ----------------------------------------------------------------------------------------------------------- */

static void
day_of(char out[16], int64_t when)
{
	struct tm tm;

	if (!calendar_local(&tm, when) || strftime(out, 16, "%Y-%m-%d", &tm) == 0)
		snprintf(out, 16, "?");
}

/* A clock far beyond newest, when something was last signed, or, if that is 0, beyond the making of the program. */
static enum err
confirm_day(const struct issuer *i, const struct cli *c, int64_t newest, struct fault *f)
{
	char today[16], day[16], typed[64];
	enum err e = E_OK;

	day_of(today, i->now);
	day_of(day, newest != 0 ? newest : BUILD_DATE);
	if (!prompt_possible(c))
		return fault_set(f, E_USAGE, 0, "", newest != 0 ?
		    _("this PC's clock says %s, more than 30 days after the last thing that was signed (%s). If it is right: "
		    "--clock-is-right.") :
		    _("this PC's clock says %s, more than five years after this program was made (%s). If it is right: "
		    "--clock-is-right."),
		    today, day);
	if (newest != 0)
		say_info(c, "this PC's clock is more than 30 days past %s, when something was last signed here.", day);
	else
		say_info(c, "this PC's clock is more than five years past %s, when this program was made.", day);
	e = prompt_line(c, _("Today's date, as YYYY-MM-DD: "), typed, sizeof typed, f);
	if (e != E_OK)
		return e;
	typed[strcspn(typed, " \t\r")] = '\0';
	if (strcmp(typed, today) != 0)
		return fault_set(f, E_USAGE, 0, "",
		    _("this PC's clock says %s. Set the clock first: what is signed with a wrong one spoils every PC that sees it."),
		    today);
	return E_OK;
}

enum err
issuer_clock(struct issuer *i, const struct cli *c, struct fault *f)
{
	int64_t newest = 0;
	char day[16], now[16];
	enum err e = books_newest_time(i->books, &newest, f);

	if (e != E_OK)
		return e;
	day_of(now, i->now);
	if (i->now < BUILD_DATE)
		return fault_set(
		    f, E_USAGE, 0, "", _("this PC's clock says %s, which is before this program was made. Set the clock first."), now);
	day_of(day, newest);
	if (i->now < newest)
		return fault_set(f, E_USAGE, 0, "",
		    _("this PC's clock says %s, but something was signed here on %s already. Set the clock first."), now, day);
	if (i->now - (newest != 0 ? newest : BUILD_DATE) > (newest != 0 ? CLOCK_AHEAD : FLOOR_TRUST_S) && !c->clock_is_right)
		return confirm_day(i, c, newest, f);
	return E_OK;
}

static enum err
take_seed(struct issuer *i, struct bytes pass, struct fault *f)
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

enum err
issuer_unlock(struct issuer *i, const struct cli *c, struct fault *f)
{
	struct prompt_answer pass = {0};
	enum err e = prompt_start(c, f);

	if (e == E_OK)
		e = prompt_passphrase(c, NULL, &pass, f);
	if (e == E_OK)
		e = take_seed(i, BYTES(pass.text, pass.n), f);
	prompt_free(&pass);
	return e;
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

/* What old says beyond content needs no list any more, and is no reason for a new one. */
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

/* Whether the newest notice, if there is one, says all that content says. */
static bool
nothing_new(const struct notice *content, struct bytes newest)
{
	struct notice old = {0};
	bool all = false;

	if (newest.n == 0)
		return content->grant_count == 0 && content->withdrawn_count == 0;
	all = notice_open(&old, newest) == ENVELOPE_OK && says_all(&old, content);
	notice_free(&old);
	return all;
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
		return fault_set(f, E_SPACE, 0, "",
		    _("the list of used and revoked codes would be longer than %u MiB, which is the most; nothing was changed. A lecture "
		      "leaves the list a week after it expires: wait for that, and give new lectures less time (prepare --expires) or prepare "
		      "them as another issuer, in another ONCESTICK_ISSUER_DIR (oncestick init)."),
		    (unsigned)(envelope_limit(ENVELOPE_NOTICE) >> 20));
	return *file != NULL ? E_OK : fault_set(f, E_FAIL, ENOMEM, "signing", "the notice");
}

enum err
issuer_publish(struct issuer *i, uint8_t **file, size_t *n, uint32_t *number, struct fault *f)
{
	struct notice content = {0};
	uint8_t *newest = NULL, *made = NULL;
	size_t newest_n = 0, made_n = 0;
	uint32_t known = 0;
	enum err e = E_OK;

	*file = NULL;
	*n = 0;
	*number = 0;
	if ((e = books_newest_notice(i->books, &newest, &newest_n, &known, f)) != E_OK ||
	    (e = books_notice_content(i->books, i->now, &content, f)) != E_OK)
		goto out;
	if (nothing_new(&content, BYTES(newest, newest_n))) {
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

void
issuer_warn_list(const struct issuer *i, const struct cli *c)
{
	if (i->list_n > envelope_limit(ENVELOPE_NOTICE) / 2)
		say_warn(c,
		    "the list of used and revoked codes is more than half as long as it can be (%zu of %zu KiB). A lecture leaves it a "
		    "week after it expires: give new ones less time (prepare --expires), or prepare some as another issuer",
		    i->list_n >> 10, envelope_limit(ENVELOPE_NOTICE) >> 10);
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
	else if (got == 1)
		e = books_store_notice(i->books, &found, BYTES(file, n), f);
	notice_free(&found);
	free(file);
	return e;
}

enum err
issuer_put_notice(const struct issuer *i, const struct stick *s, const struct stick_grants *grants, struct bytes file, bool *written,
    struct fault *f)
{
	char fs[STICKIO_FS_NAME] = "";
	struct hold *hold = NULL;
	enum err e = E_OK;
	int got = 0;

	if (file.n > 0 && ((e = stick_medium(s, fs, f)) != E_OK || (e = hold_stick(&hold, s, grants, f)) != E_OK))
		return e;
	if (file.n > 0 && (got = stick_store_notice(s, i->pk, file.p, file.n)) < 0) {
		bool locked = errno == EROFS || errno == EACCES || errno == EPERM;

		e = fault_set(f, locked ? E_READONLY : stickio_err(errno, E_STICK_IO), errno, "write", "%s/%s", STICK_ONCE, STICK_NOTICE);
		stickio_blame(f, s->once_fd, ".");
	}
	hold_release(&hold);
	if (e == E_OK && written != NULL)
		*written = got == 1;
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
		e = books_set_state(i->books, s->grant_id, s->slot, BOOKS_REVOKED, BYTES(NULL, 0), 0, i->now, verb, "", f);
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

#define WHOLE_ID (2 * ID_SIZE) /* digits */

/* Each by its whole id, and what is on it. */
static enum err
refuse_alike(struct issuer *i, const char *name, const uint8_t (*ids)[ID_SIZE], size_t count, struct fault *f)
{
	char list[300] = "", hex[WHOLE_ID + 1], label[LABEL_MAX + 1], safe[50];
	size_t n = 0;
	bool known = false;
	enum err e = E_OK;

	for (size_t k = 0; k < count && n + 100 < sizeof list && e == E_OK; k++) {
		e = books_stick_label(i->books, ids[k], label, &known, f);
		bytes_to_hex(hex, ids[k], ID_SIZE);
		n += (size_t)snprintf(list + n, sizeof list - n, "%s%s (\"%s\")", k == 0 ? "" : ", ", hex,
		    say_safe(safe, sizeof safe, label));
	}
	if (e != E_OK)
		return e;
	return fault_set(f, E_USAGE, 0, "",
	    _("%u sticks are shown as %s: %s. Use the long number of the one you mean instead of the name, or plug it in and name its directory."),
	    (unsigned)count, name, list);
}

/* By the name that is shown, or by the whole id. */
static enum err
find_by_name(struct issuer *i, const char *name, struct issuer_stick *out, bool *found, struct fault *f)
{
	uint8_t (*ids)[ID_SIZE] = NULL;
	char label[LABEL_MAX + 1];
	size_t count = 0;
	enum err e = E_OK;

	*found = false;
	if (strlen(name) == WHOLE_ID)
		return bytes_from_hex(out->id, ID_SIZE, name) == 0 ? books_stick_label(i->books, out->id, label, found, f) : E_OK;
	e = books_alike(i->books, name, &ids, &count, f);
	*found = count == 1;
	if (e == E_OK && count > 1)
		e = refuse_alike(i, name, (const uint8_t (*)[ID_SIZE])ids, count, f);
	else if (*found)
		memcpy(out->id, ids[0], ID_SIZE);
	free(ids);
	return e;
}

/* A name, or a whole id, of n characters. */
static bool
is_name(const char *text, size_t n)
{
	uint8_t id[ID_SIZE];

	return (n == STICK_NAME_SIZE - 1 && code_looks_like_id(text, n) == 1) || (n == WHOLE_ID && bytes_from_hex(id, ID_SIZE, text) == 0);
}

static enum err
find_by_path(const char *arg, struct issuer_stick *out, struct fault *f)
{
	struct stick *s = NULL;
	enum err e = stickarg_open(&out->at, arg, f);

	if (e == E_OK)
		e = stick_open(&s, out->at.fd, f);
	if (e == E_OK)
		memcpy(out->id, s->id, ID_SIZE);
	stick_close(&s);
	return e;
}

enum err
issuer_find(struct issuer *i, const char *arg, struct issuer_stick *out, struct fault *f)
{
	bool found = false;
	enum err e = E_OK;

	memset(out, 0, sizeof *out);
	out->at.fd = -1;
	if (arg != NULL && is_name(arg, strlen(arg))) {
		struct stat st;

		e = find_by_name(i, arg, out, &found, f);
		if (e == E_OK && !found && filestat_path(arg, &st) != 0)
			e = fault_set(
			    f, E_NO_STICK, 0, "", _("there is no stick %s in the books; 'oncestick codes' lists them."), arg);
	}
	if (e == E_OK && !found)
		e = find_by_path(arg, out, f);
	if (e != E_OK)
		issuer_stick_close(out);
	keytree_stick_name(out->name, out->id);
	return e;
}

void
issuer_stick_close(struct issuer_stick *s)
{
	stickarg_close(&s->at);
}

/* "7kq241/3" in two: the name, or a whole id, and the number. */
static bool
split_code_id(const char *text, char name[WHOLE_ID + 1], uint32_t *number)
{
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : 0;
	char *end = NULL;
	unsigned long n = 0;

	if (slash == NULL || len > WHOLE_ID || slash[1] < '1' || slash[1] > '9')
		return false;
	n = strtoul(slash + 1, &end, 10);
	if (*end != '\0' || n > UINT32_MAX || strlen(slash) > 11)
		return false;
	for (size_t i = 0; i < len; i++)
		name[i] = (char)(text[i] >= 'A' && text[i] <= 'Z' ? text[i] - 'A' + 'a' : text[i]);
	name[len] = '\0';
	*number = (uint32_t)n;
	return is_name(name, len);
}

static enum err
find_number(struct issuer *i, const uint8_t id[ID_SIZE], const char *text, uint32_t number, struct books_slot *out, struct fault *f)
{
	bool found = false;
	uint32_t last = 0;
	enum err e = books_slot_numbered(i->books, id, number, out, &found, &last, f);

	if (e != E_OK || found)
		return e;
	return fault_set(f, E_CODE_UNKNOWN, 0, "", _("there is no code %.44s: that stick has %u."), text, last);
}

enum err
issuer_find_code(struct issuer *i, const char *text, struct books_slot *out, struct fault *f)
{
	struct issuer_stick stick = {.at = {.fd = -1}};
	char name[WHOLE_ID + 1];
	uint32_t number = 0;
	bool found = false;
	enum err e = E_OK;

	if (!split_code_id(text, name, &number))
		return fault_set(f, E_USAGE, 0, "",
		    _("'%.40s' is not the name of a code; those look like 7kq241/3. A code itself is never typed here: --code."),
		    text);
	e = find_by_name(i, name, &stick, &found, f);
	if (e == E_OK && !found)
		e = fault_set(f, E_NO_STICK, 0, "", _("there is no stick %s in the books; 'oncestick codes' lists them."), name);
	return e == E_OK ? find_number(i, stick.id, text, number, out, f) : e;
}

void
issuer_slot_name(char out[ISSUER_SLOT_NAME], const struct books_slot *slot)
{
	char name[STICK_NAME_SIZE];

	keytree_stick_name(name, slot->stick_id);
	snprintf(out, ISSUER_SLOT_NAME, "%s/%u", name, slot->number);
}
