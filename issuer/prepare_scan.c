/*
 * prepare_scan.c - listing the folder while the passphrase is stretched.
 */
#include "prepare.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "pack.h"
#include "prepare_internal.h"

#define NOTES_SHOWN 20u
#define HOLES_TOLD (64u << 20) /* holes are mentioned if there is more of them, and they are a tenth of all */
#define AHEAD (64u << 20)      /* what a disk delivers in the time that is usually left */

/* The thread that lists. It has the report to itself once it is waited for; until then it keeps quiet. */
struct prepare_scanner {
	struct prepare *j;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t moved;           /* awaited or given_up */
	atomic_bool awaited, given_up;  /* written under lock */
	enum err err;
	struct fault fault;
};

/* A folder that was just copied has only young files: it is enough to name some. */
void
prepare_note(void *arg, enum pack_note_kind kind, const char *path)
{
	struct prepare *j = arg;

	if (kind == PACK_SKIPPED || ++j->unsteady <= NOTES_SHOWN)
		report_tell(j->report, &(struct report_news){.kind = REPORT_CHANGED, .path = path, .change = kind});
}

void
prepare_note_rest(const struct prepare *j)
{
	unsigned rest = j->unsteady > NOTES_SHOWN ? j->unsteady - NOTES_SHOWN : 0;

	if (rest > 0)
		report_tell(j->report, &(struct report_news){.kind = REPORT_CHANGED_MORE, .count = rest});
}

/* ---- in the thread --------------------------------------------------------------------------------------------------------- */

static bool
is_stopped(const struct prepare_scanner *s)
{
	return s->given_up || report_stopped(s->j->report);
}

static void
note(void *arg, enum pack_note_kind kind, const char *path)
{
	struct prepare_scanner *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->awaited && !s->given_up)
		pthread_cond_wait(&s->moved, &s->lock);
	pthread_mutex_unlock(&s->lock);
	if (!is_stopped(s))
		prepare_note(s->j, kind, path);
}

static int
on_scan(void *arg, uint64_t files)
{
	(void)files;
	return is_stopped(arg);
}

/* Whoever waits wants to pack the files, not to have them read for that. */
static bool
is_late(void *arg)
{
	const struct prepare_scanner *s = arg;

	return s->awaited || is_stopped(s);
}

static void *
run(void *arg)
{
	struct prepare_scanner *s = arg;
	struct prepare *j = s->j;
	const struct pack_scan scan = {j->skip_special, j->started, j->strict, note, on_scan, s, j->exclude};

	s->err = pack_scan_folder(&j->src, j->folder_fd, &scan, &s->fault);
	if (s->err == E_OK)
		pack_ahead(j->src, AHEAD, is_late, s);
	return NULL;
}

/* ---- outside --------------------------------------------------------------------------------------------------------------- */

/* Signals are for the calling thread. */
static int
start(struct prepare_scanner *s)
{
	sigset_t all, before;
	int e;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e;
}

static void
scanner_free(struct prepare *j)
{
	pthread_cond_destroy(&j->scanner->moved);
	pthread_mutex_destroy(&j->scanner->lock);
	free(j->scanner);
	j->scanner = NULL;
}

enum err
prepare_scan_begin(struct prepare *j, struct fault *f)
{
	int e;

	if ((j->scanner = calloc(1, sizeof *j->scanner)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the folder");
	j->scanner->j = j;
	pthread_mutex_init(&j->scanner->lock, NULL);
	pthread_cond_init(&j->scanner->moved, NULL);
	if ((e = start(j->scanner)) == 0)
		return E_OK;
	scanner_free(j);
	return fault_why(f, E_FAIL, e, WHY_THREAD, "for the folder");
}

/* Wait for the thread, and forget it. */
static enum err
finish(struct prepare *j, atomic_bool *how, struct fault *f)
{
	struct prepare_scanner *s = j->scanner;
	enum err e = E_OK;

	pthread_mutex_lock(&s->lock);
	*how = true;
	pthread_cond_signal(&s->moved);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	e = s->err == E_OK ? E_OK : fault_pass(f, &s->fault);
	scanner_free(j);
	return e;
}

void
prepare_scan_end(struct prepare *j)
{
	struct fault ignored = {0};

	if (j->scanner != NULL)
		(void)finish(j, &j->scanner->given_up, &ignored);
}

enum err
prepare_scan(struct prepare *j, struct fault *f)
{
	enum err e = j->scanner != NULL ? E_OK : prepare_scan_begin(j, f);

	if (j->scanner == NULL || (e = finish(j, &j->scanner->awaited, f)) != E_OK)
		return e;
	if (report_stopped(j->report))
		return fault_set(f, E_INTERRUPTED, 0, "scan", "%s", "");
	if (pack_source_files(j->src) == 0)
		return fault_why(f, E_SOURCE, 0, WHY_NO_FILES, "%s", j->folder);
	return books_newest_notice(j->issuer.books, &j->notice, &j->notice_n, &j->notice_number, f);
}

/* Worth mentioning if the room that the folder takes on its disk misleads about the room it will take on a stick. */
uint64_t
prepare_holes(const struct prepare *j)
{
	uint64_t holes = pack_source_holes(j->src);

	return holes >= HOLES_TOLD && holes >= pack_source_bytes(j->src) / 10 ? holes : 0;
}
