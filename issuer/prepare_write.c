/*
 * prepare_write.c - writing a bundle to sticks, in the order that leaves no usable half.
 */
#include "prepare.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bundle.h"
#include "envelope.h"
#include "granting.h"
#include "keytree.h"
#include "mint.h"
#include "prepare_internal.h"
#include "secret.h"
#include "stickio.h"

#define POLL_NS 100000000L

/*
 * Codes get what packing leaves of the processors. On Linux each thread has a niceness of its own, and passes it on to those that
 * it starts. Not the idle class: on a PC that is busy with something else, everybody would wait for the codes in the end.
 */
#define CODER_NICENESS 10

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

/* ---- books and secrets before the first byte ------------------------------------------------------------------------------ */

static enum err
write_books(struct prepare *j, struct fault *f)
{
	enum err e = E_OK;
	uint32_t count = 0;

	if ((e = books_new_bundle(j->issuer.books, j->bundle_id, j->issuer.now, j->label, f)) != E_OK)
		return e;
	for (size_t i = 0; i < j->count && e == E_OK; i++) {
		struct prepare_target *t = &j->targets[i];

		if (!whole(t))
			continue;
		e = books_add_stick(j->issuer.books, t->grant.stick_id, j->label, f);
		if (e == E_OK)
			e = identity_note(j->issuer.books, t->grant.stick_id, t->fd, f);
		if (e == E_OK && t->grant.policy.usb)
			e = identity_book(&t->identity, j->issuer.books, t->grant.stick_id, t->path, j->report, f);
		if (e == E_OK && t->p->stick != NULL)
			e = issuer_merge_notice(&j->issuer, t->p->stick, f);
		if (e == E_OK && j->replace) {
			e = issuer_revoke_stick(&j->issuer, t->grant.stick_id, "prepare --replace", &count, f);
			t->replaced = count;
		}
		if (e == E_OK && !j->add)
			e = issuer_drop_lectures(&j->issuer, t->grant.stick_id, "prepare --replace", f);
	}
	return e == E_OK ? issuer_publish(&j->issuer, &j->notice, &j->notice_n, &j->notice_number, f) : e;
}

static enum err
make_secrets(struct prepare *j, struct fault *f)
{
	j->ck = secret_new(KEY_SIZE);
	for (size_t i = 0; i < j->count; i++) {
		if (!whole(&j->targets[i]))
			continue;
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

	if ((e = books_draw_id(j->issuer.books, j->bundle_id, f)) != E_OK || (e = make_secrets(j, f)) != E_OK ||
	    (e = books_begin(j->issuer.books, f)) != E_OK)
		return e;
	return books_end(j->issuer.books, write_books(j, f), f);
}

/* A code may have been used since we looked at the sticks; from here until what is on them is destroyed, none can be. */
static enum err
hold_old(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	struct prepare_target *refused = NULL;

	for (size_t i = 0; j->replace && i < j->count; i++) {
		struct prepare_target *t = &j->targets[i];
		enum err e = E_OK;

		if (!whole(t) || t->p->stick == NULL)
			continue;
		if ((e = provision_hold(t->p, &t->fault)) == E_OK)
			e = prepare_check_loss(j, t, &t->fault);
		*blame = t;
		if (e != E_OK && prepare_stops_all(e))
			return fault_pass(f, &t->fault);
		if (e != E_OK)
			refused = t;
	}
	*blame = refused;
	return refused == NULL || count_whole(j) > 0 ? E_OK : fault_pass(f, &refused->fault);
}

/* ---- one target, step by step --------------------------------------------------------------------------------------------- */

static void
destroy_old(struct prepare_target *t)
{
	struct stick_grants *old = &t->p->grants;

	t->fault.err = provision_destroy_grants(t->p, &t->fault);
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
		destroy_old(t);
	if (!whole(t))
		return;
	if ((e = provision_init(t->p, t->grant.stick_id, j->issuer.seed, f)) == E_OK && (e = provision_clean(t->p, f)) == E_OK &&
	    (e = provision_room(t->p, f)) == E_OK)
		e = provision_bundle_dir(t->p, j->bundle_id, &t->bundle_fd, f);
	f->err = e;
	if (t->p->debris > 0)
		report_tell(j->report, &(struct report_news){.kind = REPORT_DEBRIS, .count = t->p->debris});
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
	_Alignas(8) _Atomic uint64_t done; /* spelled out, because on 32 bits GCC 11 changed it */
	unsigned long base, all;
	enum err result;
};

static int
on_stretch(void *arg, uint64_t done, uint64_t all)
{
	struct coder *w = arg;

	(void)all;
	atomic_store(&w->done, w->base + done);
	return atomic_load(&w->stop);
}

static void *
stretch_all(void *arg)
{
	struct coder *w = arg;
	struct prepare *j = w->j;

	(void)nice(CODER_NICENESS);
	for (size_t i = 0; i < j->count && w->result == E_OK; i++) {
		struct prepare_target *t = &j->targets[i];

		if (t->a == NULL) /* refused before the first byte */
			continue;
		w->result = mint_stretch(&(struct mint_codes){j->issuer.seed, t->grant.stick_id, t->grant.id, j->codes}, t->a, 0,
		    on_stretch, w);
		w->base += j->codes;
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
	w->all = (unsigned long)count_whole(j) * j->codes;
	sys = pthread_create(&w->thread, NULL, stretch_all, w);
	w->running = sys == 0;
	return sys == 0 ? E_OK : fault_why(f, E_FAIL, sys, WHY_THREAD, "for codes");
}

static void
pause_a_little(void)
{
	const struct timespec t = {0, POLL_NS};

	nanosleep(&t, NULL);
}

/* Wait for the codes. This is a step of its own if they take longer than the packing. */
static enum err
coder_join(struct coder *w, bool stop, struct fault *f)
{
	const struct report *report = w->j->report;
	bool wait = w->running && !atomic_load(&w->finished);

	if (!w->running)
		return E_OK;
	atomic_store(&w->stop, stop);
	if (wait)
		report_start(report, REPORT_CODES);
	while (!atomic_load(&w->finished)) {
		if (report_stopped(report))
			atomic_store(&w->stop, true);
		pause_a_little();
		if (!atomic_load(&w->stop))
			report_update(report, atomic_load(&w->done), w->all);
	}
	pthread_join(w->thread, NULL);
	w->running = false;
	if (wait && w->result == E_OK)
		report_update(report, w->all, w->all);
	if (wait)
		report_end(report, w->result == E_OK);
	return w->result == E_OK ? E_OK : fault_why(f, w->result, 0, WHY_STRETCHING, "codes");
}

/* ---- packing --------------------------------------------------------------------------------------------------------------- */

static int
on_pack(void *arg, uint64_t done, uint64_t all)
{
	const struct prepare *j = arg;

	report_update(j->report, done, all);
	return report_stopped(j->report);
}

static const char *
spool_dir(void)
{
	const char *dir = getenv("TMPDIR");

	return dir != NULL && dir[0] == '/' ? dir : "/var/tmp";
}

/* The packer gets the targets that are whole, and their faults are copied back afterwards. */
static enum err
pack(struct prepare *j, struct fault *f)
{
	struct pack_target *targets = calloc(j->count, sizeof *targets);
	struct pack_job job = {
	    .targets = targets, .ck = j->ck, .spool_dir = spool_dir(), .progress = on_pack, .note = prepare_note, .arg = j};
	size_t n = 0;
	enum err e = E_OK;

	if (targets == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			targets[job.count++].bundle_fd = j->targets[i].bundle_fd;
	report_start(j->report, REPORT_WRITING);
	e = pack_write(j->src, &job, &j->manifest.blocks, j->manifest.root, f);
	report_end(j->report, e == E_OK);
	prepare_note_rest(j);
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
	return fault_why(f, E_STICK_IO, 0, WHY_FORGETS, "%s", t->path);
}

/* Whether the stick is on the device itself what it was in this PC's memory: its records, and the names of what is on it. */
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
		e = provision_begin(&t->p, t->fd, j->issuer.seed, j->issuer.pk, f);
	if (e != E_OK)
		return e == E_INTERRUPTED || e == E_FAIL ? e : forgetful(t, f);
	if (t->p->stick != NULL && memcmp(t->p->stick->id, t->grant.stick_id, ID_SIZE) == 0)
		return E_OK;
	provision_end(&t->p); /* whatever is there now may be somebody's: it is not cleaned up */
	return forgetful(t, f);
}

struct reader {
	struct prepare *j;
	struct prepare_target *t;
	pthread_t thread;
	bool running;
	atomic_bool finished;
	_Alignas(8) _Atomic uint64_t done, all;
};

static int
on_read(void *arg, uint64_t done, uint64_t all)
{
	struct reader *r = arg;

	atomic_store(&r->done, done);
	atomic_store(&r->all, all);
	return report_stopped(r->j->report);
}

static enum err
read_back(struct reader *r, struct fault *f)
{
	struct bundle_check check = {.direct = true, .progress = on_read, .arg = r};
	struct bundle *b = NULL;
	enum err e = bundle_open(&b, r->t->p->once_fd, r->j->bundle_id, r->j->manifest.hash, f);

	if (e == E_OK && (e = bundle_unlock(b, r->j->ck)) != E_OK)
		fault_set(f, e, e == E_FAIL ? ENOMEM : 0, "content key", "the manifest");
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

/* What another process serves may come from its memory: that proves less, and is given another name. */
static enum report_phase
reading_step(const struct prepare *j)
{
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]) && stickio_served(j->targets[i].fd))
			return REPORT_READING_AGAIN;
	return REPORT_VERIFYING;
}

static void
show_readers(struct prepare *j, struct reader *readers)
{
	bool more = true;

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
			report_update(j->report, done, all);
	}
	report_end(j->report, count_whole(j) == j->count);
}

/* Write to all sticks at once, each in a thread of its own: they are different devices. */
static enum err
verify(struct prepare *j, struct fault *f)
{
	struct reader *readers = calloc(j->count, sizeof *readers);

	if (readers == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	report_start(j->report, reading_step(j)); /* as long as no thread gives up a stick, or asks whether to stop */
	for (size_t i = 0; i < j->count; i++) {
		struct reader *r = &readers[i];

		if (!whole(&j->targets[i]))
			continue;
		r->j = j;
		r->t = &j->targets[i];
		r->running = pthread_create(&r->thread, NULL, run_reader, r) == 0;
		if (!r->running)
			fault_why(&r->t->fault, E_FAIL, EAGAIN, WHY_THREAD, "for reading back");
	}
	show_readers(j, readers);
	for (size_t i = 0; i < j->count; i++)
		if (readers[i].running)
			pthread_join(readers[i].thread, NULL);
	free(readers);
	return E_OK;
}

/* ---- the grant, last ------------------------------------------------------------------------------------------------------- */

struct put {
	struct prepare *j;
	struct prepare_target *t;
};

static enum err
look_after(void *arg, struct fault *f)
{
	const struct put *w = arg;

	return look_anew(w->j, w->t, f);
}

static enum err
put_grant(struct prepare *j, struct prepare_target *t, struct fault *f)
{
	struct put w = {j, t};
	const struct granting granting = {&j->issuer, &t->p, &j->manifest, BYTES(j->manifest_file, j->manifest_n), j->ck, t->a,
	    t->grant.policy.usb ? t->identity.usb : NULL, "prepare", j->remount != NULL ? look_after : NULL, &w};
	struct grant *g = &t->grant;
	enum err e = E_OK;

	if (report_stopped(j->report))
		return fault_set(f, E_INTERRUPTED, 0, "prepare", "%s", "");
	if ((e = provision_notice(t->p, j->issuer.pk, BYTES(j->notice, j->notice_n), f)) != E_OK)
		return e;
	g->policy.not_before = j->not_before;
	g->policy.expires = j->expires;
	g->policy.session_s = j->session_s;
	g->slots = j->codes;
	g->notice_min = j->notice_number;
	snprintf(g->label, sizeof g->label, "%s", j->label);
	e = granting_make(&granting, g, f);
	return e == E_STICK_IO && f->why == WHY_FORGETS ? forgetful(t, f) : e;
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

/* What stops everything is every stick's fault, unless the stick already had one of its own. */
static void
blame_all(struct prepare *j, const struct fault *f)
{
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			j->targets[i].fault = *f;
}

enum err
prepare_write(struct prepare *j, struct prepare_target **blame, struct fault *f)
{
	struct fault all = {0};
	struct coder coder = {0};
	enum err e = hold_old(j, blame, f);

	if (e != E_OK)
		return e;
	*blame = NULL;
	if ((e = commit_intent(j, f)) != E_OK)
		return e;
	if ((e = coder_start(&coder, j, f)) != E_OK)
		return e;
	for (size_t i = 0; i < j->count; i++)
		if (whole(&j->targets[i]))
			begin_target(j, &j->targets[i]);
	if (count_whole(j) > 0)
		e = write_all(j, &coder, &all);
	coder_join(&coder, true, NULL);
	if (e != E_OK) {
		fault_set(&all, e, 0, "prepare", "%s", "");
		blame_all(j, &all);
	}
	for (size_t i = 0; i < j->count; i++)
		if (!whole(&j->targets[i]))
			drop_target(j, &j->targets[i]);
	return E_OK;
}
