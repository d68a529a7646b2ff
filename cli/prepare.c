/*
 * prepare.c - packing a folder on sticks, in the order that leaves no usable half.
 */
#include "prepare.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include "bundle.h"
#include "envelope.h"
#include "human.h"
#include "keytree.h"
#include "mint.h"
#include "progress.h"
#include "readme.h"
#include "say.h"
#include "secret.h"
#include "segment.h"
#include "slots.h"
#include "stickio.h"
#include "stop.h"
#include "usb.h"
#include "usbsay.h"

#define SPACE_MARGIN (2u << 20) /* directories, file ends in clusters, the notice */
#define POLL_NS 100000000L

static bool
whole(const struct prepare_target *t)
{
	return t->fault.err == E_OK;
}

static size_t
count_whole(const struct prepare *j)
{
	size_t n = 0;

	for (size_t i = 0; i < j->count; i++)
		n += whole(&j->targets[i]);
	return n;
}

/* ---- checks -------------------------------------------------------------------------------------------------------------- */

/* Whether the directory inner is outer, or below it. */
static bool
is_below(int inner, int outer)
{
	struct stat want, here, up;
	int fd = fcntl(inner, F_DUPFD_CLOEXEC, 3);
	bool yes = false;

	if (fd < 0 || fstat(outer, &want) != 0 || fstat(fd, &here) != 0)
		goto out;
	for (int depth = 0; depth < 4096; depth++) {
		int next = -1;

		yes = here.st_dev == want.st_dev && here.st_ino == want.st_ino;
		if (yes || (next = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
			break;
		close(fd);
		fd = next;
		if (fstat(fd, &up) != 0 || (up.st_dev == here.st_dev && up.st_ino == here.st_ino))
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

	usb_show(shown, sizeof shown, found ? &d : NULL);
	if (!found || usb_factor(&d, t->usb, t->grant.policy.usb_hint) != 0)
		return fault_set(f, E_WRONG_STICK, 0, "",
		    "codes cannot be bound to what %.60s is on: %.60s. Take another stick, or leave --bind-usb out.", t->at.path,
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
			    f, E_USAGE, 0, "", "the stick %.80s is inside the folder that shall be packed.", t->at.path);
		for (size_t k = 0; k < i; k++) {
			struct stat a, b;

			if (fstat(t->at.fd, &a) == 0 && fstat(j->targets[k].at.fd, &b) == 0 && a.st_dev == b.st_dev &&
			    a.st_ino == b.st_ino)
				return fault_set(f, E_USAGE, 0, "", "the stick %.80s is named twice.", t->at.path);
		}
		if (is_below(j->folder_fd, t->at.fd))
			say_warn(j->c,
			    "the folder lies on the stick itself, where anybody can read it; remove it from there afterwards");
	}
	for (size_t i = 0; j->bind_usb && i < j->count; i++) {
		enum err e = j->targets[i].at.fd >= 0 ? take_identity(j, &j->targets[i], f) : E_OK;

		*blame = &j->targets[i];
		if (e != E_OK)
			return e;
	}
	*blame = NULL;
	return E_OK;
}

static void
on_note(void *arg, enum pack_note_kind kind, const char *path)
{
	struct prepare *j = arg;
	char *safe = human_escape(path, strlen(path));
	const char *what = kind == PACK_SKIPPED ? "left out, neither file nor folder"
			   : kind == PACK_GREW	? "grew while it was read: packed as far as it was at first"
						: "became shorter while it was read: packed as it is now";

	say_warn(j->c, "%s: %s", safe != NULL ? safe : "?", what);
	free(safe);
}

static int
on_scan(void *arg, uint64_t files)
{
	(void)arg;
	(void)files;
	return stop_asked();
}

static enum err
scan_folder(struct prepare *j, struct fault *f)
{
	const struct pack_scan scan = {j->skip_special, on_note, on_scan, j};
	char bytes[HUMAN_SHOWN];
	uint64_t files = 0;
	enum err e = pack_scan_folder(&j->src, j->folder_fd, &scan, f);

	if (e != E_OK)
		return e;
	files = pack_source_files(j->src);
	if (files == 0)
		return fault_set(f, E_SOURCE, 0, "", "there is no file in %.120s to pack.", j->folder);
	human_bytes(bytes, sizeof bytes, pack_source_bytes(j->src));
	say_info(j->c, "packing    %llu file%s, %s", (unsigned long long)files, files == 1 ? "" : "s", bytes);
	return E_OK;
}

/* The codes of a grant that could still be used, as the books have it; as the stick has it if they do not know it. */
static uint32_t
codes_left(const struct prepare_target *t, const struct grant *g, const struct books_slot *slots, size_t count)
{
	uint32_t left = 0;
	bool known = false;

	for (size_t k = 0; k < count; k++) {
		if (memcmp(slots[k].grant_id, g->id, ID_SIZE) != 0)
			continue;
		known = true;
		left += slots[k].state == BOOKS_READY || slots[k].state == BOOKS_ISSUED;
	}
	return known ? left : slots_count(t->p->stick, g).live;
}

/* What is on a stick of ours, so that nobody overwrites a lecture he forgot. */
static enum err
refuse_full(struct prepare *j, const struct prepare_target *t, struct fault *f)
{
	struct books_slot *slots = NULL;
	size_t count = 0, n = 0;
	char list[140] = "";
	enum err e = books_slots(j->issuer.books, t->p->stick->id, &slots, &count, f);

	if (e != E_OK)
		return e;
	for (size_t i = 0; i < t->p->grants.count && n + 24 < sizeof list; i++) {
		const struct grant *g = &t->p->grants.grants[i];
		uint32_t left = codes_left(t, g, slots, count);

		n += (size_t)snprintf(list + n, sizeof list - n, "%s\"%.40s\" (%u code%s left)", i == 0 ? "" : ", ", g->label, left,
		    left == 1 ? "" : "s");
		n = n < sizeof list ? n : sizeof list - 1;
	}
	free(slots);
	return fault_set(f, E_USAGE, 0, "", "there is on it: %s. --add keeps that, --replace destroys it.", list);
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

static enum err
check_content(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	uint32_t waiting = 0;
	enum err e = E_OK;

	if (t->p->state == PROVISION_EMPTY || t->p->grants.count + t->p->grants.skipped == 0)
		return E_OK;
	if (!j->add && !j->replace)
		return refuse_full(j, t, f);
	if (j->add && is_copy(t))
		return fault_set(f, E_WRONG_STICK, 0, "",
		    "%.100s is a copy: what is on it was bound to another USB device. --replace destroys it.", t->at.path);
	if (j->add && t->p->grants.count >= STICK_GRANTS_MAX)
		return fault_set(f, E_SPACE, 0, "",
		    "there are %u lectures on %.80s already, which is the most; --replace destroys them.", STICK_GRANTS_MAX,
		    t->at.path);
	if (!j->replace)
		return E_OK;
	e = issuer_uncollected(&j->issuer, t->p->stick, &t->p->grants, &waiting, f);
	if (e == E_OK && waiting > 0)
		e = fault_set(f, E_USAGE, 0, "", "%u used code%s on %.80s not collected yet; first: oncestick collect STICK",
		    waiting, waiting == 1 ? " was" : "s were", t->at.path);
	return e;
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
		if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
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
	char wanted[HUMAN_SHOWN];
	enum err e = E_OK;

	for (size_t i = 0; j->replace && i < t->p->grants.count; i++)
		freed += bundle_bytes(t->p->stick, t->p->grants.grants[i].bundles[0].id);
	need = need > freed ? need - freed : 0;
	e = provision_space(t->p, need, NULL);
	human_bytes(wanted, sizeof wanted, need);
	if (e == E_SPACE)
		return fault_set(f, e, 0, "",
		    "it does not fit on %.80s: %s of free space are needed; nothing was written. Take a larger stick%s.",
		    t->at.path, wanted, j->replace ? "" : ", or --replace what is on this one");
	return e == E_OK ? E_OK : fault_set(f, e, 0, "free space", "%s", t->at.path);
}

static enum err
unused_id(struct issuer *i, uint8_t id[ID_SIZE], struct fault *f)
{
	bool used = true;
	enum err e = E_OK;

	while (used && e == E_OK) {
		randombytes_buf(id, ID_SIZE);
		e = books_id_used(i->books, id, &used, f);
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
	else if ((e = unused_id(&j->issuer, t->grant.stick_id, f)) != E_OK)
		return e;
	return unused_id(&j->issuer, t->grant.id, f);
}

enum err
prepare_begin(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	enum err e = E_OK;

	*blame = NULL;
	j->folder_fd = open(j->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (j->folder_fd < 0)
		return fault_set(f, E_SOURCE, 0, "", "%.120s: %s.", j->folder, strerror(errno));
	if ((e = check_places(j, blame, f)) != E_OK || (e = issuer_open(&j->issuer, j->c, f)) != E_OK ||
	    (e = issuer_clock(&j->issuer, j->c, f)) != E_OK || (e = issuer_unlock(&j->issuer, j->c, f)) != E_OK ||
	    (e = scan_folder(j, f)) != E_OK)
		return e;
	return books_newest_notice(j->issuer.books, &j->notice, &j->notice_n, &j->notice_number, f);
}

uint64_t
prepare_bytes(const struct prepare *j)
{
	return pack_source_stick_bytes(j->src) + SPACE_MARGIN + 2ull * RECORD_SIZE * j->codes + j->notice_n;
}

enum err
prepare_check(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	enum err e = E_OK;

	for (size_t i = 0; i < j->count; i++) {
		*blame = &j->targets[i];
		e = check_target(j, &j->targets[i], f);
		if (e != E_OK)
			return e;
	}
	*blame = NULL;
	return E_OK;
}

/* ---- books and secrets before the first byte ------------------------------------------------------------------------------ */

static enum err
book_identity(struct prepare *j, const struct prepare_target *t, struct fault *f)
{
	bool elsewhere = false;
	enum err e = books_set_usb(j->issuer.books, t->grant.stick_id, t->usb, &elsewhere, f);
	char *safe = elsewhere ? human_escape(t->at.path, strlen(t->at.path)) : NULL;

	if (elsewhere)
		say_warn(j->c, "%s: another stick in the books has the same serial number; codes cannot tell them apart",
		    safe != NULL ? safe : "?");
	free(safe);
	return e;
}

static enum err
write_books(struct prepare *j, struct fault *f)
{
	enum err e = E_OK;
	uint32_t count = 0;

	if ((e = books_new_bundle(j->issuer.books, j->bundle_id, j->issuer.now, j->label, f)) != E_OK)
		return e;
	for (size_t i = 0; i < j->count && e == E_OK; i++) {
		struct prepare_target *t = &j->targets[i];

		e = books_add_stick(j->issuer.books, t->grant.stick_id, j->label, f);
		if (e == E_OK && t->grant.policy.usb)
			e = book_identity(j, t, f);
		if (e == E_OK && t->p->stick != NULL)
			e = issuer_merge_notice(&j->issuer, t->p->stick, f);
		if (e == E_OK && j->replace) {
			e = issuer_revoke_stick(&j->issuer, t->grant.stick_id, "prepare --replace", &count, f);
			t->replaced = count;
		}
	}
	if (e != E_OK)
		return e;
	free(j->notice);
	j->notice = NULL;
	return issuer_publish(&j->issuer, &j->notice, &j->notice_n, &j->notice_number, f);
}

static enum err
make_secrets(struct prepare *j, struct fault *f)
{
	j->ck = secret_new(KEY_SIZE);
	for (size_t i = 0; i < j->count; i++) {
		j->targets[i].a = secret_new((size_t)j->codes * KEY_SIZE);
		if (j->targets[i].a == NULL)
			return fault_set(f, E_FAIL, ENOMEM, "memory", "for codes");
	}
	if (j->ck == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the content key");
	keytree_content(j->ck, j->issuer.seed, j->bundle_id);
	return E_OK;
}

static enum err
commit_intent(struct prepare *j, struct fault *f)
{
	enum err e = E_OK;

	if ((e = unused_id(&j->issuer, j->bundle_id, f)) != E_OK || (e = make_secrets(j, f)) != E_OK ||
	    (e = books_begin(j->issuer.books, f)) != E_OK)
		return e;
	return books_end(j->issuer.books, write_books(j, f), f);
}

/* ---- one target, step by step --------------------------------------------------------------------------------------------- */

static void
destroy_old(struct prepare *j, struct prepare_target *t)
{
	struct stick_grants *old = &t->p->grants;

	(void)j;
	for (size_t i = 0; i < old->count && whole(t); i++)
		t->fault.err = provision_destroy_grant(t->p, &old->grants[i], &t->fault);
	for (size_t i = 0; i < old->count && whole(t); i++)
		t->fault.err = provision_remove_bundle(t->p, old->grants[i].bundles[0].id, &t->fault);
}

static void
begin_target(struct prepare *j, struct prepare_target *t)
{
	struct fault *f = &t->fault;
	enum err e = E_OK;

	t->started = true;
	if (j->replace)
		destroy_old(j, t);
	if (!whole(t))
		return;
	if ((e = provision_init(t->p, t->grant.stick_id, j->issuer.seed, f)) == E_OK && (e = provision_clean(t->p, f)) == E_OK)
		e = provision_bundle_dir(t->p, j->bundle_id, &t->bundle_fd, f);
	f->err = e;
	if (t->p->debris > 0)
		say_info(j->c, "removed %u unfinished thing%s that an earlier run left on the stick", t->p->debris,
		    t->p->debris == 1 ? "" : "s");
}

static void
drop_target(struct prepare *j, struct prepare_target *t)
{
	struct fault ignored = {0};

	if (!t->started || t->p == NULL)
		return;
	if (t->bundle_fd >= 0)
		close(t->bundle_fd);
	t->bundle_fd = -1;
	if (!t->fresh || provision_remove_once(t->p, &ignored) != E_OK)
		provision_drop_bundle(t->p, j->bundle_id);
}

/* ---- codes, beside the packing --------------------------------------------------------------------------------------------- */

struct coder {
	struct prepare *j;
	pthread_t thread;
	bool running;
	atomic_bool stop, finished;
	atomic_ulong done;
	unsigned long base;
	enum err result;
};

static int
on_stretch(void *arg, uint64_t done, uint64_t all)
{
	struct coder *w = arg;

	(void)all;
	atomic_store(&w->done, w->base + (unsigned long)done);
	return atomic_load(&w->stop);
}

static void *
stretch_all(void *arg)
{
	struct coder *w = arg;
	struct prepare *j = w->j;

	for (size_t i = 0; i < j->count && w->result == E_OK; i++) {
		struct prepare_target *t = &j->targets[i];

		w->base = (unsigned long)i * j->codes;
		w->result = mint_stretch(j->issuer.seed, t->grant.stick_id, t->grant.id, j->codes, t->a, 0, on_stretch, w);
	}
	atomic_store(&w->finished, true);
	return NULL;
}

static enum err
coder_start(struct coder *w, struct prepare *j, struct fault *f)
{
	int sys = 0;

	memset(w, 0, sizeof *w);
	w->j = j;
	sys = pthread_create(&w->thread, NULL, stretch_all, w);
	w->running = sys == 0;
	return sys == 0 ? E_OK : fault_set(f, E_FAIL, sys, "thread", "for codes");
}

static void
pause_a_little(void)
{
	const struct timespec t = {0, POLL_NS};

	nanosleep(&t, NULL);
}

/* Wait for the codes: with a bar, if they take longer than the packing. */
static enum err
coder_join(struct coder *w, bool stop, struct fault *f)
{
	struct progress bar;
	uint64_t all = (uint64_t)w->j->codes * w->j->count;
	bool waited = false;

	if (!w->running)
		return E_OK;
	atomic_store(&w->stop, stop);
	progress_start(&bar, w->j->c, "codes");
	bar.counted = true;
	while (!atomic_load(&w->finished)) {
		if (stop_asked())
			atomic_store(&w->stop, true);
		pause_a_little();
		if (!atomic_load(&w->stop))
			progress_update(&bar, atomic_load(&w->done), all);
		waited = true;
	}
	pthread_join(w->thread, NULL);
	w->running = false;
	if (w->result == E_OK)
		bar.done = bar.all = all;
	if (waited)
		progress_end(&bar, w->result == E_OK);
	return w->result == E_OK ? E_OK : fault_set(f, w->result, 0, "stretching", "codes");
}

/* ---- packing --------------------------------------------------------------------------------------------------------------- */

struct packing {
	struct prepare *j;
	struct progress bar;
};

static int
on_pack(void *arg, uint64_t done, uint64_t all)
{
	struct packing *w = arg;

	progress_update(&w->bar, done, all);
	return stop_asked();
}

static void
on_pack_note(void *arg, enum pack_note_kind kind, const char *path)
{
	struct packing *w = arg;

	progress_clear(&w->bar);
	on_note(w->j, kind, path);
}

static const char *
spool_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && dir[0] == '/' ? dir : "/var/tmp";
}

/* The packer gets the targets that are whole, and their faults go back to where they belong. */
static enum err
pack(struct prepare *j, struct fault *f)
{
	struct pack_target *targets = calloc(j->count, sizeof *targets);
	struct packing w = {.j = j};
	const struct pack_job job = {j->ck, spool_dir(), 0, on_pack, on_pack_note, &w};
	size_t n = 0;
	enum err e = E_OK;

	if (targets == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			targets[n++].bundle_fd = j->targets[i].bundle_fd;
	progress_start(&w.bar, j->c, "writing");
	e = pack_write(j->src, &job, targets, n, &j->manifest.blocks, j->manifest.root, f);
	progress_end(&w.bar, e == E_OK);
	n = 0;
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			j->targets[i].fault = targets[n++].fault;
	free(targets);
	return e;
}

static enum err
sign_manifest(struct prepare *j, struct fault *f)
{
	struct manifest *m = &j->manifest;
	uint8_t *payload = NULL;
	size_t n = 0;

	memcpy(m->issuer, j->issuer.pk, KEY_SIZE);
	memcpy(m->bundle_id, j->bundle_id, ID_SIZE);
	keytree_commit(m->commit, j->ck, j->bundle_id);
	m->created = j->issuer.now;
	snprintf(m->label, sizeof m->label, "%s", j->label);
	payload = manifest_encode(m, &n);
	if (payload != NULL)
		j->manifest_file = envelope_sign(ENVELOPE_MANIFEST, BYTES(payload, n), j->issuer.sk, &j->manifest_n);
	free(payload);
	return j->manifest_file != NULL ? E_OK : fault_set(f, E_FAIL, 0, "signing", "the manifest");
}

static void
each_whole(struct prepare *j, enum err (*step)(struct prepare *, struct prepare_target *, struct fault *))
{
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			j->targets[i].fault.err = step(j, &j->targets[i], &j->targets[i].fault);
}

static enum err
put_manifest(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	return provision_manifest(t->p, j->bundle_id, BYTES(j->manifest_file, j->manifest_n), f);
}

/* ---- reading back ---------------------------------------------------------------------------------------------------------- */

/* The stick has failed for good. */
static enum err
forgetful(struct prepare_target *t, struct fault *f)
{
	t->forgets = true;
	fault_clear(f);
	return fault_set(f, E_STICK_IO, 0, "",
	    "%.100s does not keep what is written to it: it is worn out, or smaller than it says. Take another stick.", t->at.path);
}

/* Whether the stick is, on the device itself, what it was in this PC's memory: its records, and the names of what is on it. */
static enum err
look_anew(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	enum err e = E_OK;

	if (j->remount == NULL)
		return E_OK;
	close(t->bundle_fd);
	t->bundle_fd = -1;
	provision_end(&t->p);
	if ((e = j->remount(j->remount_arg, t, f)) == E_OK)
		e = provision_begin(&t->p, t->at.fd, j->issuer.seed, j->issuer.pk, f);
	if (e != E_OK)
		return e == E_INTERRUPTED || e == E_FAIL ? e : forgetful(t, f);
	return t->p->stick != NULL && memcmp(t->p->stick->id, t->grant.stick_id, ID_SIZE) == 0 ? E_OK : forgetful(t, f);
}

struct reader {
	struct prepare *j;
	struct prepare_target *t;
	pthread_t thread;
	bool running;
	atomic_bool finished;
	atomic_ulong done, all;
};

static int
on_read(void *arg, uint64_t done, uint64_t all)
{
	struct reader *r = arg;

	atomic_store(&r->done, (unsigned long)done);
	atomic_store(&r->all, (unsigned long)all);
	return stop_asked();
}

static enum err
read_back(struct reader *r, struct fault *f)
{
	struct bundle_check check = {.direct = true, .progress = on_read, .arg = r};
	struct bundle *b = NULL;
	enum err e = bundle_open(&b, r->t->p->once_fd, r->j->bundle_id, r->j->manifest.hash, f);

	if (e == E_OK && (e = bundle_unlock(b, r->j->ck)) != E_OK)
		fault_set(f, e, 0, "content key", "the manifest");
	if (e == E_OK)
		e = bundle_verify(b, &check, f);
	r->t->direct = check.was_direct;
	bundle_free(&b);
	return e;
}

static void *
run_reader(void *arg)
{
	struct reader *r = arg;
	struct fault f = {0};
	enum err e = read_back(r, &f);

	if (e == E_BUNDLE)
		forgetful(r->t, &f);
	else if (e != E_OK)
		fault_set(&f, e, 0, "read back", "%s", "");
	r->t->fault = f;
	atomic_store(&r->finished, true);
	return NULL;
}

static void
show_readers(struct prepare *j, struct reader *readers)
{
	struct progress bar;
	bool more = true;

	progress_start(&bar, j->c, "verifying");
	while (more) {
		uint64_t done = 0, all = 0;

		pause_a_little();
		more = false;
		for (size_t i = 0; i < j->count; i++) {
			if (!readers[i].running)
				continue;
			more = more || !atomic_load(&readers[i].finished);
			done += atomic_load(&readers[i].done);
			all += atomic_load(&readers[i].all);
		}
		if (all > 0)
			progress_update(&bar, done, all);
	}
	progress_end(&bar, count_whole(j) == j->count);
}

/* All sticks at once, each in a thread of its own: they are different devices. */
static enum err
verify(struct prepare *j, struct fault *f)
{
	struct reader *readers = calloc(j->count, sizeof *readers);

	if (readers == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t i = 0; i < j->count; i++) {
		struct reader *r = &readers[i];

		if (!whole(&j->targets[i]))
			continue;
		r->j = j;
		r->t = &j->targets[i];
		r->running = pthread_create(&r->thread, NULL, run_reader, r) == 0;
		if (!r->running)
			fault_set(&r->t->fault, E_FAIL, EAGAIN, "thread", "for reading back");
	}
	show_readers(j, readers);
	for (size_t i = 0; i < j->count; i++)
		if (readers[i].running)
			pthread_join(readers[i].thread, NULL);
	free(readers);
	return E_OK;
}

/* ---- the grant, last ------------------------------------------------------------------------------------------------------- */

static void
fill_grant(const struct prepare *j, struct grant *g)
{
	memcpy(g->issuer, j->issuer.pk, KEY_SIZE);
	g->issued = j->issuer.now;
	g->bundle_count = 1;
	memcpy(g->bundles[0].id, j->bundle_id, ID_SIZE);
	memcpy(g->bundles[0].manifest_hash, j->manifest.hash, HASH_SIZE);
	g->policy.not_before = j->not_before;
	g->policy.expires = j->expires;
	g->policy.session_s = j->session_s;
	g->slots = j->codes;
	g->notice_min = j->notice_number;
	snprintf(g->label, sizeof g->label, "%s", j->label);
	snprintf(g->contact, sizeof g->contact, "%s", j->issuer.contact);
}

static enum err
make_grant(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	const uint8_t *usb = t->grant.policy.usb ? t->usb : NULL;
	enum err e = E_OK;

	fill_grant(j, &t->grant);
	e = mint_grant(&t->grant, j->issuer.seed, t->a, j->ck, usb, &t->file, &t->file_n, &t->cells, f);
	if (e != E_OK)
		return e;
	e = mint_check_cells(&t->grant, j->issuer.seed, t->a, j->ck, usb, t->cells);
	return e == E_OK ? E_OK : fault_set(f, e, 0, "opening", "a cell");
}

static enum err
book_grant(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct books *b = j->issuer.books;
	struct bytes payload;
	uint8_t issuer[KEY_SIZE];
	enum err e = E_OK;

	if (envelope_open(ENVELOPE_GRANT, BYTES(t->file, t->file_n), &payload, issuer) != ENVELOPE_OK)
		return fault_set(f, E_FAIL, 0, "signature", "the grant");
	if ((e = books_begin(b, f)) != E_OK)
		return e;
	if ((e = books_bundle_manifest(b, j->bundle_id, BYTES(j->manifest_file, j->manifest_n), f)) == E_OK)
		e = books_add_grant(b, &t->grant, payload, BOOKS_READY, j->issuer.now, "prepare", f);
	return books_end(b, e, f);
}

/* Whether the grant is among those that were read from the stick, which are read anew only after a remount. */
static bool
has_grant(const struct prepare *j, const struct prepare_target *t)
{
	for (size_t i = 0; i < t->p->grants.count; i++)
		if (memcmp(t->p->grants.grants[i].id, t->grant.id, ID_SIZE) == 0)
			return true;
	return j->remount == NULL;
}

static enum err
put_grant(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct fault ignored = {0};
	enum err e = E_OK;

	if (stop_asked())
		return fault_set(f, E_INTERRUPTED, 0, "prepare", "%s", "");
	if ((e = provision_notice(t->p, j->issuer.pk, BYTES(j->notice, j->notice_n), f)) != E_OK ||
	    (e = make_grant(j, t, f)) != E_OK)
		return e;
	e = provision_grant(t->p, &t->grant, BYTES(t->file, t->file_n), t->cells, CELL_SIZE(1), f);
	if (e == E_STICK_IO && strcmp(f->step, "read back") == 0)
		return forgetful(t, f);
	if (e != E_OK)
		return e;
	if ((e = look_anew(j, t, f)) == E_OK && !has_grant(j, t))
		e = forgetful(t, f);
	if (e == E_OK)
		e = book_grant(j, t, f);
	if (e != E_OK && t->p != NULL)
		provision_destroy_grant(t->p, &t->grant, &ignored);
	return e;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------- */

static enum err
write_all(struct prepare *j, struct coder *coder, struct fault *f)
{
	enum err e = E_OK;

	if ((e = pack(j, f)) != E_OK || (e = sign_manifest(j, f)) != E_OK)
		return e;
	each_whole(j, put_manifest);
	if ((e = coder_join(coder, false, f)) != E_OK)
		return e;
	each_whole(j, look_anew);
	if ((e = verify(j, f)) != E_OK)
		return e;
	each_whole(j, put_grant);
	return E_OK;
}

/* What stops everything is every stick's fault, unless it had one of its own before. */
static void
blame_all(struct prepare *j, const struct fault *f)
{
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			j->targets[i].fault = *f;
}

enum err
prepare_write(struct prepare *j, struct fault *f)
{
	struct fault all = {0};
	struct coder coder = {0};
	enum err e = commit_intent(j, f);

	if (e != E_OK)
		return e;
	if ((e = coder_start(&coder, j, f)) != E_OK)
		return e;
	for (size_t i = 0; i < j->count; i++)
		begin_target(j, &j->targets[i]);
	if (count_whole(j) > 0)
		e = write_all(j, &coder, &all);
	coder_join(&coder, true, NULL);
	if (e != E_OK) {
		fault_set(&all, e, 0, "prepare", "%s", "");
		blame_all(j, &all);
	}
	for (size_t i = 0; i < j->count; i++) {
		if (whole(&j->targets[i]))
			readme_write(j->targets[i].at.fd, j->issuer.contact);
		else
			drop_target(j, &j->targets[i]);
	}
	return E_OK;
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
