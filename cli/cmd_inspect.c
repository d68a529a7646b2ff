/*
 * cmd_inspect.c - what a stick, or a file of ours, says about itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "faultsay.h"
#include "fence.h"
#include "filestat.h"
#include "inspect.h"
#include "inspectsay.h"
#include "opt.h"
#include "stickarg.h"
#include "stickio.h"
#include "text.h"

#define FILE_MAX (64u << 20)

struct asked {
	struct inspect of;
	struct place at;  /* a stick */
	char device[128];
	uint8_t *file;    /* of borrows from it */
};

static enum err
read_file(const struct cli *c, struct asked *a, const char *path, struct fault *f)
{
	size_t n = 0;
	int fd = open(path, O_PATH | O_CLOEXEC);

	fence_reader(fd);
	if (fd >= 0)
		close(fd);
	if (stickio_slurp(AT_FDCWD, path, FILE_MAX, &a->file, &n) != 0) {
		if (errno == EFBIG)
			return say_fault(c, f, E_USAGE,
			    _("%s is longer than any file that can be shown here. Is it the right one?"), path);
		return say_fault(c, f, E_USAGE, _("%s cannot be read: %s."), path, strerror(errno));
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

/* Read what arg names: a stick, or a file. */
static enum err
read_any(const struct cli *c, struct asked *a, const char *arg, struct fault *f)
{
	struct stat st;
	enum err e = E_OK;

	if (arg != NULL && filestat_path(arg, &st) == 0 && S_ISREG(st.st_mode))
		return read_file(c, a, arg, f);
	if (arg != NULL && strncmp(arg, "usb:", 4) != 0 && access(arg, F_OK) != 0 && errno == ENOENT)
		return say_fault(c, f, E_NO_STICK,
		    _("%s: there is no such file or directory. Name the directory where the stick is mounted, or one of "
		      "oncestick's files."), arg);
	if ((e = stickarg_open(c, &a->at, arg, f)) != E_OK)
		return e;
	fence_reader(a->at.fd);
	if ((e = inspect_stick(&a->of, a->at.fd, f)) == E_OK)
		stickarg_device(a->at.fd, a->device, sizeof a->device);
	return e;
}

enum err
cmd_inspect(struct cli *c, int argc, char **argv)
{
	struct asked a = {.at.fd = -1};
	struct inspectsay r = {.c = c, .of = &a.of, .path = a.at.path, .device = a.device};
	const struct opt rows[] = {
	    {OPT_FLAG, "verbose", 'v', NULL, N_("ids and hashes too"), &r.verbose, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb verb = {"inspect [STICK|FILE]",
	    N_("Show what a stick, or one of oncestick's files (manifest, grant, refill, notice, receipts, station), says. Signatures are "
	       "checked; the media\n"
	       "are not: 'verify' does that. Nothing is written anywhere.\n"),
	    OPT_JSON, rows, 0, 1};
	struct fault f = {0};
	struct opt_words words = {argv, argc};
	enum err e = E_OK;

	if (!opt_parse(c, &verb, &words, &e))
		return e;
	e = read_any(c, &a, words.count > 0 ? words.list[0] : NULL, &f);
	if (e != E_OK) {
		e = faultsay_error(c, &f, &(struct faultsay_about){.object = words.count > 0 ? words.list[0] : NULL});
	} else if (c->json) {
		e = say_json(c, inspectsay_json(&r));
	} else {
		inspectsay_text(&r);
		e = say_stdout(c);
	}
	inspect_free(&a.of);
	place_close(&a.at);
	free(a.file);
	return e;
}
