/*
 * prepare.c - looking at the folder and the sticks before anything is written, and letting go of them.
 */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include "bundle.h"
#include "filestat.h"
#include "prepare_internal.h"
#include "secret.h"
#include "segment.h"
#include "slots.h"

#define SPACE_MARGIN (2u << 20) /* directories, file ends in clusters, the notice */

/* ---- checks -------------------------------------------------------------------------------------------------------------- */

/* Whether the directory inner is outer, or below it. */
static bool
is_below(int inner, int outer)
{
	struct stat want, here, up;
	int fd = fcntl(inner, F_DUPFD_CLOEXEC, 3);
	bool yes = false;

	if (fd < 0 || filestat_fd(outer, &want) != 0 || filestat_fd(fd, &here) != 0)
		goto out;
	for (int depth = 0; depth < 4096; depth++) {
		int next = -1;

		yes = here.st_dev == want.st_dev && here.st_ino == want.st_ino;
		if (yes || (next = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
			break;
		close(fd);
		fd = next;
		if (filestat_fd(fd, &up) != 0 || (up.st_dev == here.st_dev && up.st_ino == here.st_ino))
			break;
		here = up;
	}
out:
	if (fd >= 0)
		close(fd);
	return yes;
}

/* Get the identity of the device to which codes are to be bound. */
static enum err
take_identity(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct policy *p = &t->grant.policy;
	enum err e = identity_take(&t->identity, t->fd, t->path, j->report, f);

	p->usb = e == E_OK;
	memcpy(p->usb_hint, t->identity.hint, USB_HINT_SIZE);
	return e;
}

static enum err
check_places(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	for (size_t i = 0; i < j->count; i++) {
		struct prepare_target *t = &j->targets[i];

		if (t->fd < 0)
			continue;
		*blame = t;
		if (is_below(t->fd, j->folder_fd))
			return fault_why(f, E_USAGE, 0, WHY_INSIDE, "%s", t->path);
		for (size_t k = 0; k < i; k++) {
			struct stat a, b;

			if (filestat_fd(t->fd, &a) == 0 && filestat_fd(j->targets[k].fd, &b) == 0 && a.st_dev == b.st_dev &&
			    a.st_ino == b.st_ino)
				return fault_why(f, E_USAGE, 0, WHY_TWICE, "%s", t->path);
		}
		if (is_below(j->folder_fd, t->fd))
			report_tell(j->report, &(struct report_news){.kind = REPORT_FOLDER_ON_STICK});
	}
	*blame = NULL;
	return E_OK;
}

enum err
prepare_bind(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	for (size_t i = 0; j->bind_usb && j->count == 1 && i < j->count; i++) {
		enum err e = j->targets[i].fd >= 0 ? take_identity(j, &j->targets[i], f) : E_OK;

		*blame = &j->targets[i];
		if (e != E_OK)
			return e;
	}
	*blame = NULL;
	return E_OK;
}

/* The codes of a grant that could still be used, as the books have it, or as the stick has it if the books do not know it. */
static uint32_t
codes_left(const struct prepare_target *t, const struct grant *g, const struct books_slot *slots, size_t count)
{
	struct slots_count there;
	uint32_t left = 0;
	bool known = false;

	for (size_t k = 0; k < count; k++) {
		if (memcmp(slots[k].grant_id, g->id, ID_SIZE) != 0)
			continue;
		known = true;
		left += slots[k].state == BOOKS_READY || slots[k].state == BOOKS_ISSUED;
	}
	if (known)
		return left;
	there = slots_count(t->p->stick, g);
	return there.live + there.unread;
}

/* A lecture that somebody has forgotten about must not be overwritten. */
static enum err
refuse_full(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0;
	enum err e = books_slots(j->issuer.books, t->p->stick->id, &slots, &count, f);

	if (e != E_OK)
		return e;
	for (size_t i = 0; i < t->p->grants.count && i < STICK_GRANTS_MAX; i++)
		t->left[i] = codes_left(t, &t->p->grants.grants[i], slots, count);
	free(slots);
	return fault_why(f, E_USAGE, 0, WHY_NOT_BLANK, "%s", t->path);
}

/* Whether anything on the stick is bound to another device than the one it is on now. */
static bool
is_copy(const struct prepare_target *t)
{
	const struct policy *mine = &t->grant.policy;

	for (size_t i = 0; i < t->p->grants.count; i++) {
		const struct policy *p = &t->p->grants.grants[i].policy;

		if (mine->usb && p->usb && memcmp(p->usb_hint, mine->usb_hint, USB_HINT_SIZE) != 0)
			return true;
	}
	return false;
}

enum err
prepare_check_loss(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	const struct collect_loss *loss = &t->loss;
	enum err e = E_OK;

	if (j->discard)
		return E_OK;
	e = collect_unexplained(j->report, &j->issuer, t->p->stick, &t->p->grants, &t->loss, f);
	if (e == E_OK && (loss->used > 0 || loss->lectures > 0 || loss->damaged > 0))
		e = fault_why(f, E_USAGE, 0, WHY_LOSS, "%s", t->path);
	return e;
}

static enum err
check_content(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	if (t->p->state == PROVISION_EMPTY)
		return E_OK;
	if (t->p->grants.count + t->p->grants.skipped == 0)
		return j->add ? E_OK : prepare_check_loss(j, t, f);
	if (!j->add && !j->replace)
		return refuse_full(j, t, f);
	if (j->add && is_copy(t))
		return fault_why(f, E_WRONG_STICK, 0, WHY_COPY, "%s", t->path);
	if (j->add && t->p->grants.count >= STICK_GRANTS_MAX)
		return fault_why(f, E_SPACE, 0, WHY_NO_ROOM, "%s", t->path);
	return j->replace ? prepare_check_loss(j, t, f) : E_OK;
}

/* The bytes that one of our bundles takes, as far as we can tell. */
static uint64_t
bundle_bytes(const struct stick *s, const uint8_t id[ID_SIZE])
{
	int fd = stick_bundle_dir(s, id);
	uint64_t sum = 0;
	char name[SEGMENT_NAME_SIZE];

	for (uint32_t k = 0; fd >= 0; k++) {
		struct stat st;

		segment_name(name, k);
		if (filestat_at(fd, name, &st) != 0)
			break;
		sum += (uint64_t)st.st_blocks * 512;
	}
	if (fd >= 0)
		close(fd);
	return sum;
}

static enum err
check_space(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	uint64_t bytes = prepare_bytes(j), freed = 0;
	enum err e = E_OK;

	for (size_t i = 0; j->replace && i < t->p->grants.count; i++)
		freed += bundle_bytes(t->p->stick, t->p->grants.grants[i].bundles[0].id);
	t->need = bytes > freed ? bytes - freed : 0;
	e = provision_space(t->p, t->need, NULL);
	if (e == E_SPACE)
		return fault_why(f, E_SPACE, 0, WHY_TOO_SMALL, "%s", t->path);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "free space", "%s", t->path);
}

/*
 * Draw an id for a stick that has none yet. Its shown name must differ from all others, including those of the sticks being
 * prepared with it.
 */
static enum err
draw_stick(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	char name[STICK_NAME_SIZE], other[STICK_NAME_SIZE];
	bool alike = true;
	enum err e = E_OK;

	while (alike && (e = books_draw_stick(j->issuer.books, t->grant.stick_id, f)) == E_OK) {
		alike = false;
		keytree_stick_name(name, t->grant.stick_id);
		for (size_t i = 0; i < j->count && !alike; i++) {
			keytree_stick_name(other, j->targets[i].grant.stick_id);
			alike = &j->targets[i] != t && strcmp(name, other) == 0;
		}
	}
	return e;
}

enum err
prepare_name(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	enum err e = draw_stick(j, t, f);

	t->named = e == E_OK;
	return e;
}

static enum err
check_target(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	enum err e = provision_begin(&t->p, t->fd, j->issuer.seed, j->issuer.pk, f);

	if (e == E_OK && j->bind_usb && !t->grant.policy.usb)
		e = take_identity(j, t, f);
	if (e != E_OK)
		return e;
	t->fresh = t->p->state == PROVISION_EMPTY;
	if (t->p->fs_name[0] != '\0')
		report_tell(j->report, &(struct report_news){.kind = REPORT_FILE_SYSTEM, .path = t->path, .name = t->p->fs_name});
	if ((e = check_content(j, t, f)) != E_OK || (e = check_space(j, t, f)) != E_OK)
		return e;
	if (t->p->stick != NULL)
		memcpy(t->grant.stick_id, t->p->stick->id, ID_SIZE);
	else if (!t->named && (e = draw_stick(j, t, f)) != E_OK)
		return e;
	return books_draw_id(j->issuer.books, t->grant.id, f);
}

enum err
prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	*blame = NULL;
	j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->folder_fd < 0)
		return fault_why(f, E_SOURCE, errno, WHY_NO_FOLDER, "%s", j->folder);
	return check_places(j, blame, f);
}

uint64_t
prepare_bytes(const struct prepare *j)
{
	return pack_source_stick_bytes(j->src) + SPACE_MARGIN + STICK_ROOM_SIZE + 2ull * RECORD_SIZE * j->codes + j->notice_n;
}

bool
prepare_stops_all(enum err e)
{
	return e == E_FAIL || e == E_INTERRUPTED || e == E_MEMORY || e == E_BOOKS || e == E_KEYSTORE;
}

enum err
prepare_check(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	struct prepare_target *first = NULL;
	size_t whole = 0;

	for (size_t i = 0; i < j->count; i++) {
		struct prepare_target *t = &j->targets[i];
		enum err e = check_target(j, t, &t->fault);

		*blame = t;
		if (e != E_OK && prepare_stops_all(e))
			return fault_pass(f, &t->fault);
		whole += e == E_OK;
		first = e != E_OK && first == NULL ? t : first;
	}
	*blame = first;
	return whole > 0 ? E_OK : fault_pass(f, &first->fault);
}

static void
end_target(struct prepare_target *t)
{
	if (t->bundle_fd >= 0)
		close(t->bundle_fd);
	t->bundle_fd = -1;
	provision_end(&t->p);
	grant_free(&t->grant);
	secret_free(&t->a);
}

void
prepare_end(struct prepare *j)
{
	prepare_scan_end(j);
	for (size_t i = 0; i < j->count; i++)
		end_target(&j->targets[i]);
	pack_source_free(&j->src);
	secret_free(&j->ck);
	free(j->manifest_file);
	free(j->notice);
	j->manifest_file = j->notice = NULL;
	if (j->folder_fd >= 0)
		close(j->folder_fd);
	j->folder_fd = -1;
	issuer_close(&j->issuer);
}
