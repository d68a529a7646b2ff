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
#include "collect.h"
#include "filestat.h"
#include "human.h"
#include "issuersay.h"
#include "issuing.h"
#include "prepare_internal.h"
#include "reporting.h"
#include "say.h"
#include "secret.h"
#include "segment.h"
#include "slots.h"
#include "stop.h"
#include "text.h"
#include "usb.h"
#include "usbsay.h"

#define NOTES_SHOWN 20u
#define HOLES_TOLD (64u << 20) /* holes in files are mentioned from there on, if they are a tenth of all */
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

/* The identity of the device that codes shall be bound to, and what is weak about it. */
static enum err
take_identity(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct usb_device d;
	char shown[USB_SHOWN_SIZE];
	bool found = usb_find_dir(&d, USB_SYSFS, t->at.fd) == 0;

	usbsay_show(shown, found ? &d : NULL);
	if (!found || usb_factor(&d, t->usb, t->grant.policy.usb_hint) != 0)
		return fault_set(f, E_WRONG_STICK, 0, "",
		    _("codes cannot be bound to what %.80s is on: %.160s. Take another stick, or leave --bind-usb out."), t->at.path,
		    shown);
	t->grant.policy.usb = true;
	for (unsigned i = 0; i < USBSAY_WARNINGS; i++)
		if (usbsay_warning(d.warnings, i) != NULL)
			say_warn(j->c, "%s: %s", shown, usbsay_warning(d.warnings, i));
	return E_OK;
}

static enum err
check_places(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	for (size_t i = 0; i < j->count; i++) {
		struct prepare_target *t = &j->targets[i];

		if (t->at.fd < 0)
			continue;
		*blame = t;
		if (is_below(t->at.fd, j->folder_fd))
			return fault_set(
			    f, E_USAGE, 0, "", _("the stick %.80s is inside the folder that shall be packed."), t->at.path);
		for (size_t k = 0; k < i; k++) {
			struct stat a, b;

			if (filestat_fd(t->at.fd, &a) == 0 && filestat_fd(j->targets[k].at.fd, &b) == 0 && a.st_dev == b.st_dev &&
			    a.st_ino == b.st_ino)
				return fault_set(f, E_USAGE, 0, "", _("the stick %.80s is named twice."), t->at.path);
		}
		if (is_below(j->folder_fd, t->at.fd))
			say_warn(j->c,
			    "the folder lies on the stick itself, where anybody can read it; remove it from there afterwards");
	}
	for (size_t i = 0; i < j->count; i++) {
		enum err e = j->targets[i].at.fd >= 0 ? prepare_ask_place(j, &j->targets[i], f) : E_OK;

		*blame = &j->targets[i];
		if (e != E_OK)
			return e;
	}
	for (size_t i = 0; j->bind_usb && j->count == 1 && i < j->count; i++) {
		enum err e = j->targets[i].at.fd >= 0 ? take_identity(j, &j->targets[i], f) : E_OK;

		*blame = &j->targets[i];
		if (e != E_OK)
			return e;
	}
	*blame = NULL;
	return E_OK;
}

static const char *
note_words(enum pack_note_kind kind)
{
	switch (kind) {
	case PACK_SKIPPED:
		return _("left out, neither file nor folder");
	case PACK_GREW:
		return _("grew while it was read: packed as far as it was at first");
	case PACK_SHRANK:
		return _("became shorter while it was read: packed as it is now");
	case PACK_CHANGED:
		return _("changed after it was listed: packed as it was read, which may be half of one and half of another");
	case PACK_YOUNG:
		return _("was written to a moment ago: is it finished?");
	case PACK_GONE:
		return _("went away while the folder was listed: left out");
	}
	return "?";
}

/* A folder that was just copied has young files only: enough of them are named. */
void
prepare_note(void *arg, enum pack_note_kind kind, const char *path)
{
	struct prepare *j = arg;
	char *safe = NULL;

	if (kind != PACK_SKIPPED && ++j->unsteady > NOTES_SHOWN)
		return;
	safe = human_escape(path, strlen(path));
	say_warn(j->c, "%s: %s", safe != NULL ? safe : "?", note_words(kind));
	free(safe);
}

void
prepare_note_rest(const struct prepare *j)
{
	unsigned rest = j->unsteady > NOTES_SHOWN ? j->unsteady - NOTES_SHOWN : 0;

	if (rest > 0)
		say_warn(j->c, ngettext("and %u more like these", "and %u more like these", rest), rest);
}

static int
on_scan(void *arg, uint64_t files)
{
	(void)arg;
	(void)files;
	return stop_asked();
}

/* Whether what the folder takes on its disk misleads about what it will take on a stick; shown says how much is holes. */
static bool
has_holes(const struct prepare *j, char shown[HUMAN_SHOWN])
{
	uint64_t holes = pack_source_holes(j->src);

	human_bytes(shown, HUMAN_SHOWN, holes);
	return holes >= HOLES_TOLD && holes >= pack_source_bytes(j->src) / 10;
}

static enum err
scan_folder(struct prepare *j, struct fault *f)
{
	const struct pack_scan scan = {j->skip_special, j->started, j->strict, prepare_note, on_scan, j};
	char bytes[HUMAN_SHOWN], holes[HUMAN_SHOWN];
	uint64_t files = 0;
	enum err e = pack_scan_folder(&j->src, j->folder_fd, &scan, f);

	if (e != E_OK)
		return e;
	files = pack_source_files(j->src);
	if (files == 0)
		return fault_set(f, E_SOURCE, 0, "", _("there is no file in %.120s to pack."), j->folder);
	human_bytes(bytes, sizeof bytes, pack_source_bytes(j->src));
	/* TRANSLATORS: "packing" in the column of "writing" and "verifying", which are filled up with blanks to 10 columns */
	say_info(j->c, ngettext("packing    %llu file, %s", "packing    %llu files, %s", (unsigned long)files),
	    (unsigned long long)files, bytes);
	if (has_holes(j, holes))
		say_warn(j->c, "%s of that are holes in files, which take no room in the folder; on a stick they are stored in full", holes);
	return E_OK;
}

/* For a stick that it does not fit on. */
static enum err
too_small(const struct prepare *j, const struct prepare_target *t, uint64_t need, struct fault *f)
{
	char wanted[HUMAN_SHOWN], holes[HUMAN_SHOWN];

	human_bytes(wanted, sizeof wanted, need);
	if (has_holes(j, holes))
		return fault_set(f, E_SPACE, 0, "",
		    _("it does not fit on %.80s: %s of free space are needed, %s of them for holes in files, which are stored in full; "
		      "nothing was written. Leave those files out, or take a larger stick."),
		    t->at.path, wanted, holes);
	return fault_set(f, E_SPACE, 0, "",
	    j->replace ?
		_("it does not fit on %.80s: %s of free space are needed; nothing was written. Take a larger stick.") :
		_("it does not fit on %.80s: %s of free space are needed; nothing was written. Take a larger stick, or "
		  "--replace what is on this one."),
	    t->at.path, wanted);
}

/* The codes of a grant that could still be used, as the books have it; as the stick has it if they do not know it. */
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

/* What is on a stick of ours, so that nobody overwrites a lecture he forgot. */
static enum err
refuse_full(struct prepare *j, const struct prepare_target *t, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0, n = 0;
	char list[300] = "";
	enum err e = books_slots(j->issuer.books, t->p->stick->id, &slots, &count, f);

	if (e != E_OK)
		return e;
	for (size_t i = 0; i < t->p->grants.count && n + 24 < sizeof list; i++) {
		const struct grant *g = &t->p->grants.grants[i];
		uint32_t left = codes_left(t, g, slots, count);

		n += (size_t)snprintf(list + n, sizeof list - n, "%s", i == 0 ? "" : ", ");
		if (n < sizeof list)
			n += (size_t)snprintf(list + n, sizeof list - n,
			    ngettext("\"%.40s\" (%u code left)", "\"%.40s\" (%u codes left)", left), g->label, left);
		n = n < sizeof list ? n : sizeof list - 1;
	}
	free(slots);
	return fault_set(f, E_USAGE, 0, "", _("there is on it: %s. --add keeps that, --replace destroys it."), list);
}

/* Whether something on the stick is bound to another device than the one it is on now. */
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
	struct collect_loss loss;
	struct reporting reporting;
	enum err e = E_OK;

	if (j->discard)
		return E_OK;
	e = collect_unexplained(reporting_to(&reporting, j->c), &j->issuer, t->p->stick, &t->p->grants, &loss, f);
	return e == E_OK ? issuersay_loss(&loss, t->at.path, f) : e;
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
		return fault_set(f, E_WRONG_STICK, 0, "",
		    _("%.100s is a copy: what is on it was bound to another USB device. --replace destroys it."), t->at.path);
	if (j->add && t->p->grants.count >= STICK_GRANTS_MAX)
		return fault_set(f, E_SPACE, 0, "",
		    _("there are %u lectures on %.80s already, which is the most; --replace destroys them."), STICK_GRANTS_MAX,
		    t->at.path);
	return j->replace ? prepare_check_loss(j, t, f) : E_OK;
}

/* The bytes that a bundle of ours takes, as far as can be told. */
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
	uint64_t need = prepare_bytes(j), freed = 0;
	enum err e = E_OK;

	for (size_t i = 0; j->replace && i < t->p->grants.count; i++)
		freed += bundle_bytes(t->p->stick, t->p->grants.grants[i].bundles[0].id);
	need = need > freed ? need - freed : 0;
	e = provision_space(t->p, need, NULL);
	if (e == E_SPACE)
		return too_small(j, t, need, f);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "free space", "%s", t->at.path);
}

/* For a stick that has no id yet: one that is shown unlike any other, also of those that are prepared with it. */
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

static enum err
check_target(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	enum err e = provision_begin(&t->p, t->at.fd, j->issuer.seed, j->issuer.pk, f);
	char *safe = NULL;

	if (e == E_OK && j->bind_usb && !t->grant.policy.usb)
		e = take_identity(j, t, f);
	if (e != E_OK)
		return e;
	t->fresh = t->p->state == PROVISION_EMPTY;
	stickarg_device(t->at.fd, t->device, sizeof t->device);
	if (t->p->fs_name[0] != '\0') {
		safe = human_escape(t->at.path, strlen(t->at.path));
		say_warn(j->c, "%s: the file system (%s) does not promise to overwrite in place; exFAT, FAT32 and ext4 do",
		    safe != NULL ? safe : "?", t->p->fs_name);
		free(safe);
	}
	if ((e = check_content(j, t, f)) != E_OK || (e = check_space(j, t, f)) != E_OK)
		return e;
	if (t->p->stick != NULL)
		memcpy(t->grant.stick_id, t->p->stick->id, ID_SIZE);
	else if ((e = draw_stick(j, t, f)) != E_OK)
		return e;
	return books_draw_id(j->issuer.books, t->grant.id, f);
}

enum err
prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	enum err e = E_OK;

	*blame = NULL;
	j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->folder_fd < 0)
		return fault_set(f, E_SOURCE, 0, "", _("%.120s: %s."), j->folder, strerror(errno));
	if ((e = check_places(j, blame, f)) != E_OK || (e = issuing_open(&j->issuer, j->c, f)) != E_OK ||
	    (e = issuing_clock(&j->issuer, j->c, f)) != E_OK || (e = issuing_unlock(&j->issuer, j->c, f)) != E_OK ||
	    (e = scan_folder(j, f)) != E_OK)
		return e;
	return books_newest_notice(j->issuer.books, &j->notice, &j->notice_n, &j->notice_number, f);
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
	free(t->file);
	free(t->cells);
	t->file = t->cells = NULL;
	stickarg_close(&t->at);
}

void
prepare_end(struct prepare *j)
{
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
