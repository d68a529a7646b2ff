/*
 * cmd_inspect.c - what a stick, or a file of ours, says about itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "cli.h"
#include "faultsay.h"
#include "fence.h"
#include "filearg.h"
#include "filestat.h"
#include "inspect.h"
#include "inspectsay.h"
#include "opt.h"
#include "several.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"

#define FILE_MAX (64u << 20)

/* A STICK or FILE. */
struct asked {
	struct cli c; /* for what is said of it */
	char about[STICKARG_ABOUT];
	const char *arg; /* or NULL */
	struct inspect of;
	struct place at;  /* a stick */
	char device[128];
	int file_fd;      /* a file, only to be named */
	uint8_t *file;    /* of borrows from it */
	struct fault fault;
};

struct run {
	const struct cli *c;
	bool verbose;
	struct asked *list;
	struct several_place *places;
	size_t count;
};

static enum err
read_file(struct asked *a, struct fault *f)
{
	const struct cli *c = &a->c;
	const char *path = a->arg;
	size_t n = 0;

	if (stickio_slurp_named(path, FILE_MAX, &a->file, &n) != 0) {
		if (errno == EFBIG)
			return say_fault(c, f, E_USAGE,
			    _("%s is longer than any file that can be shown here. Is it the right one?"), path);
		return filearg_unread(c, path, f);
	}
	switch (inspect_file(&a->of, BYTES(a->file, n))) {
	case ENVELOPE_OK:
		return E_OK;
	case ENVELOPE_NEWER:
		return say_fault(c, f, E_NO_GRANT, _("%s was made by a newer oncestick."), path);
	case ENVELOPE_NO_MEMORY:
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s", path);
	case ENVELOPE_FORGED:
		return say_fault(c, f, E_BUNDLE, _("%s does not have a valid signature: it was changed, or forged."), path);
	default:
		return say_fault(c, f, E_BUNDLE, _("%s is not a file that oncestick signed, or it is damaged."), path);
	}
}

/* Find it before this process gives up looking for anything. */
static enum err
find(struct asked *a, struct fault *f)
{
	const char *arg = a->arg;
	struct stat st;

	if (arg != NULL && filestat_path(arg, &st) == 0 && S_ISREG(st.st_mode)) {
		a->file_fd = open(arg, O_PATH | O_CLOEXEC);
		return E_OK;
	}
	if (arg != NULL && strncmp(arg, "usb:", 4) != 0 && access(arg, F_OK) != 0 && errno == ENOENT)
		return say_fault(&a->c, f, E_NO_STICK,
		    _("%s: there is no such file or directory. Name the directory where the stick is mounted, or one of "
		      "oncestick's files."), arg);
	return stickarg_open(&a->c, &a->at, arg, f);
}

static enum err
read_any(struct asked *a, struct fault *f)
{
	enum err e = E_OK;

	if (a->at.fd < 0)
		return read_file(a, f);
	if ((e = inspect_stick(&a->of, a->at.fd, f)) != E_OK)
		return e;
	stickarg_device(a->at.fd, a->device, sizeof a->device);
	if (a->c.about != NULL)
		stickarg_about(a->about, a->at.path, a->of.stick.id);
	return E_OK;
}

static enum err
fence(const struct run *r, struct fault *f)
{
	int *fds = calloc(r->count + 1, sizeof *fds); /* none is no failure */

	if (fds == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for sticks");
	for (size_t k = 0; k < r->count; k++)
		fds[k] = r->list[k].file_fd >= 0 ? r->list[k].file_fd : r->list[k].at.fd;
	fence_reader(fds, r->count);
	free(fds);
	return E_OK;
}

/* What is wrong with one becomes its fault; what stops all is returned. */
static enum err
read_all(struct run *r, struct fault *f)
{
	enum err e = E_OK;

	for (size_t k = 0; k < r->count; k++) {
		struct asked *a = &r->list[k];

		find(a, &a->fault);
		if (several_look(r->places, k, a->at.fd, a->at.path, f) != E_OK)
			return f->err;
	}
	if ((e = fence(r, f)) != E_OK)
		return e;
	for (size_t k = 0; k < r->count; k++) {
		struct asked *a = &r->list[k];

		if (a->fault.err == E_OK)
			read_any(a, &a->fault);
		if (several_stops(&a->fault))
			return fault_pass(f, &a->fault);
	}
	return E_OK;
}

static struct inspectsay
words_for(const struct run *r, const struct asked *a)
{
	return (struct inspectsay){.c = &a->c, .of = &a->of, .path = a->at.path, .device = a->device, .verbose = r->verbose};
}

static json_t *
json_of(const struct run *r, const struct asked *a)
{
	const struct inspectsay words = words_for(r, a);

	return a->fault.err == E_OK ? inspectsay_json(&words) : NULL;
}

static enum err
report_json(const struct run *r)
{
	json_t *list = NULL;

	if (r->count == 1)
		return r->list[0].fault.err == E_OK ? say_json(r->c, json_of(r, &r->list[0])) : E_OK;
	list = json_array();
	for (const struct asked *a = r->list; a < r->list + r->count; a++)
		json_array_append_new(list, faultsay_json_stick(a->arg, json_of(r, a), &a->fault));
	return say_json(r->c, json_pack("{s:o}", "sticks", list));
}

static enum err
report(const struct run *r)
{
	enum err sum = E_OK, printed = r->c->json ? report_json(r) : E_OK;

	for (const struct asked *a = r->list; a < r->list + r->count; a++) {
		const struct inspectsay words = words_for(r, a);

		sum = several_first(sum, a->fault.err);
		if (a->fault.err != E_OK)
			faultsay_error(&a->c, &a->fault, &(struct faultsay_about){.object = a->arg});
		if (a->fault.err != E_OK || r->c->json)
			continue;
		if (r->count > 1)
			printf("%s%s:\n", a > r->list ? "\n" : "", a->about);
		inspectsay_text(&words);
	}
	if (!r->c->json)
		printed = say_stdout(r->c);
	return several_first(sum, printed);
}

static enum err
take_operands(struct run *r, const struct opt_words *words)
{
	size_t count = words->count > 0 ? (size_t)words->count : 1;

	r->list = calloc(count, sizeof *r->list);
	r->places = calloc(count, sizeof *r->places);
	if (r->list == NULL || r->places == NULL)
		return say_refuse(r->c, E_FAIL, "there is not enough memory");
	for (; r->count < count; r->count++) {
		struct asked *a = &r->list[r->count];

		a->c = *r->c;
		a->arg = words->count > 0 ? words->list[r->count] : NULL;
		a->file_fd = a->at.fd = -1;
		if (count > 1) {
			stickarg_about(a->about, a->arg, NULL);
			a->c.about = a->about;
		}
	}
	return E_OK;
}

static void
end(struct run *r)
{
	for (size_t k = 0; k < r->count; k++) {
		struct asked *a = &r->list[k];

		if (a->file_fd >= 0)
			close(a->file_fd);
		inspect_free(&a->of);
		place_close(&a->at);
		free(a->file);
	}
	free(r->list);
	free(r->places);
}

enum err
cmd_inspect(struct cli *c, int argc, char **argv)
{
	struct run r = {.c = c};
	const struct opt rows[] = {
	    {OPT_FLAG, "verbose", 'v', NULL, N_("ids and hashes too"), &r.verbose, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"inspect [STICK|FILE]...",
	    N_("Show what a stick, or one of oncestick's files (manifest, grant, refill, notice, receipts, station), says. Signatures are "
	       "checked; the media\n"
	       "are not: 'verify' does that. Nothing is written anywhere.\n"),
	    OPT_JSON, rows, 0, -1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	if ((e = take_operands(&r, &words)) == E_OK)
		e = (e = read_all(&r, &f)) == E_OK
			? report(&r)
			: faultsay_error(c, &f, &(struct faultsay_about){.object = r.list[0].arg});
	end(&r);
	return e;
}
