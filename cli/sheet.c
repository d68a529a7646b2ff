/*
 * sheet.c - a code sheet, drawn by oncestick-sheet.
 */
#include "sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "cards.h"
#include "newfile.h"
#include "talk.h"
#include "stick.h"
#include "stickio.h"
#include "text.h"
#include "tool.h"
#include "wiping.h"

#define PROGRAM "oncestick-sheet"
#define SHOWN 200 /* bytes of a path in a sentence */

/* ---- the program that draws ---------------------------------------------------------------------------------------------- */

/* It is beside this program in the build tree, and in libexec under the same prefix once it is installed. */
static int
find_program(char out[PATH_MAX])
{
	static const char *const places[] = {"%s/" PROGRAM, "%s/../libexec/oncestick/" PROGRAM, PKGLIBEXECDIR "/" PROGRAM};
	char dir[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
	char *slash = NULL;

	dir[n > 0 ? n : 0] = '\0';
	if ((slash = strrchr(dir, '/')) != NULL)
		*slash = '\0';
	for (size_t k = 0; k < sizeof places / sizeof places[0]; k++) {
		bool fixed = strncmp(places[k], "%s", 2) != 0;
		int length = snprintf(out, PATH_MAX, "%s%s", fixed ? "" : dir, places[k] + (fixed ? 0 : 2));

		if ((fixed || slash != NULL) && length > 0 && length < PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	return -1;
}

/* How oncestick-sheet ended, as a reason. */
static void
explain(char why[SHEET_WHY], int status, int sys, const char *said)
{
	char safe[4 * TOOL_SAID];

	say_safe(safe, sizeof safe, said);
	if (status < 0)
		snprintf(why, SHEET_WHY, _("%s cannot be started: %s"), PROGRAM, strerror(sys));
	else if (status == CARDS_NO_FONT)
		snprintf(
		    why, SHEET_WHY, "%s", _("no font with letters and digits is installed here (in Debian: fonts-dejavu-core)"));
	else if (status == CARDS_WRITE)
		snprintf(why, SHEET_WHY, _("the file cannot be written: %s"), safe);
	else if (status > 128)
		snprintf(why, SHEET_WHY, _("%s was killed by signal %d"), PROGRAM, status - 128);
	else
		snprintf(why, SHEET_WHY, _("%s ended with status %d: %s"), PROGRAM, status, safe[0] != '\0' ? safe : "-");
}

static enum err
try_program(const struct cli *c, struct sheet *s, struct fault *f)
{
	const char *const argv[] = {s->program, "--check", NULL};
	char said[TOOL_SAID], why[SHEET_WHY];
	int status = -1;

	if (find_program(s->program) != 0)
		return say_fault(c, f, E_FAIL,
		    _("%s, which draws code sheets, is not where it belongs, in %s; install oncestick again. No code was handed "
		      "out."),
		    PROGRAM, PKGLIBEXECDIR);
	status = tool_feed(argv, BYTES(NULL, 0), s->fd, said);
	if (status == CARDS_DRAWN)
		return E_OK;
	explain(why, status, errno, said);
	return say_fault(c, f, E_FAIL, _("no code sheet can be drawn: %s. No code was handed out."), why);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------ */

/* dir becomes the directory of file, without a final slash. Return false if file names nothing in it. */
static bool
directory_of(char dir[PATH_MAX], const char *file)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash == NULL ? 0 : (size_t)(slash - file);

	if (slash == NULL)
		memcpy(dir, ".", 2);
	else if (n >= PATH_MAX)
		return false;
	else if (n == 0)
		memcpy(dir, "/", 2);
	else
		snprintf(dir, PATH_MAX, "%.*s", (int)n, file);
	return (slash == NULL ? file : slash + 1)[0] != '\0';
}

/* Whether there is a stick at dir or above it. */
static bool
on_stick(const char *dir)
{
	char path[PATH_MAX], record[PATH_MAX + 32];
	char *slash = NULL;

	if (realpath(dir, path) == NULL)
		return false;
	do {
		snprintf(record, sizeof record, "%s/%s/%s", path, STICK_ONCE, STICK_RECORD_A);
		if (access(record, F_OK) == 0)
			return true;
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
	} while (slash != NULL);
	return false;
}

static enum err
make_file(const struct cli *c, struct sheet *s, struct fault *f)
{
	char dir[PATH_MAX], shown[SHOWN];
	int length = -1;

	say_safe(shown, sizeof shown, s->file);
	if (!directory_of(dir, s->file))
		return say_fault(c, f, E_USAGE, _("--sheet needs the name of a file, not '%s'. No code was handed out."), shown);
	if (faccessat(AT_FDCWD, s->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return say_fault(c, f, E_USAGE,
		    _("%s is there already and is not overwritten: remove it, or give another name. No code was handed out."),
		    shown);
	if (on_stick(dir))
		return say_fault(c, f, E_USAGE,
		    _("%s would be on the stick: whoever finds the stick could open it. Choose another place. No code was handed "
		      "out."), shown);
	length = snprintf(s->temporary, sizeof s->temporary, "%s/.oncestick-sheet.XXXXXX", dir);
	if (length > 0 && (size_t)length < sizeof s->temporary && (s->fd = mkostemp(s->temporary, O_CLOEXEC)) >= 0)
		return E_OK;
	s->temporary[0] = '\0';
	return say_fault(c, f, E_FAIL, _("%s cannot be made: %s. No code was handed out."), shown, strerror(errno));
}

enum err
sheet_begin(const struct cli *c, struct sheet *s, const char *file, struct fault *f)
{
	enum err e = E_OK;

	memset(s, 0, sizeof *s);
	s->file = file;
	s->fd = -1;
	if (strcmp(file, "-") != 0)
		e = make_file(c, s, f);
	else if (isatty(STDOUT_FILENO))
		e = say_fault(c, f, E_USAGE, "%s",
		    _("a terminal cannot show a PDF: name a file, or pipe it into a program. No code was handed out."));
	else
		s->fd = STDOUT_FILENO;
	if (e == E_OK)
		e = try_program(c, s, f);
	if (e != E_OK)
		sheet_end(s);
	return e;
}

static int
name_file(struct sheet *s)
{
	if (s->temporary[0] == '\0')
		return 0;
	if (fsync(s->fd) != 0 || newfile_rename(s->temporary, s->file) != 0)
		return -1;
	s->temporary[0] = '\0';
	return stickio_sync_above(s->file);
}

int
sheet_draw(struct sheet *s, const json_t *cards, char why[SHEET_WHY])
{
	const char *const argv[] = {s->program, NULL};
	char *text = json_dumps(cards, JSON_COMPACT);
	char said[TOOL_SAID];
	int status = -1, sys = ENOMEM;

	said[0] = '\0';
	if (text != NULL) {
		status = tool_feed(argv, BYTES(text, strlen(text)), s->fd, said);
		sys = errno;
	}
	wiping_free(text);
	s->missing = status == CARDS_MISSING;
	if (status != CARDS_DRAWN && status != CARDS_MISSING) {
		explain(why, status, sys, said);
		return -1;
	}
	if (name_file(s) != 0) {
		snprintf(why, SHEET_WHY, _("the file cannot be written: %s"), strerror(errno));
		return -1;
	}
	return 0;
}

void
sheet_end(struct sheet *s)
{
	if (s->temporary[0] != '\0')
		unlink(s->temporary);
	s->temporary[0] = '\0';
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	s->fd = -1;
}
