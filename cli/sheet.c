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
#include "drawer.h"
#include "place.h"
#include "say.h"
#include "stickio.h"
#include "stop.h"
#include "text.h"
#include "wiping.h"

#define SHOWN 200 /* bytes of a path in a sentence */

/* ---- the program that draws ---------------------------------------------------------------------------------------------- */

/* How oncestick-sheet ended, as a reason. */
static void
explain(char why[SHEET_WHY], const struct drawer_end *end)
{
	char safe[4 * TOOL_SAID];

	say_safe(safe, sizeof safe, end->said);
	if (end->status < 0)
		snprintf(why, SHEET_WHY, _("%s cannot be started: %s"), DRAWER_PROGRAM, strerror(end->sys));
	else if (end->status == CARDS_NO_FONT)
		snprintf(
		    why, SHEET_WHY, "%s", _("no font with letters and digits is installed here (in Debian: fonts-dejavu-core)"));
	else if (end->status == CARDS_WRITE)
		snprintf(why, SHEET_WHY, _("the file cannot be written: %s"), safe);
	else if (end->status > 128)
		snprintf(why, SHEET_WHY, _("%s was killed by signal %d"), DRAWER_PROGRAM, end->status - 128);
	else
		snprintf(why, SHEET_WHY, _("%s ended with status %d: %s"), DRAWER_PROGRAM, end->status,
		    safe[0] != '\0' ? safe : "-");
}

static enum err
try_program(const struct cli *c, struct sheet *s, struct fault *f)
{
	char why[SHEET_WHY];
	struct drawer_end end;

	if (drawer_find(s->program) != 0)
		return say_fault(c, f, E_FAIL,
		    _("%s, which draws code sheets, is not where it belongs, in %s; install oncestick again. No code was handed "
		      "out."),
		    DRAWER_PROGRAM, DRAWER_DIR);
	end = drawer_try(s->program, s->fd);
	if (end.status == CARDS_DRAWN)
		return E_OK;
	if (stop_asked()) /* ^C is for the whole foreground, that program included */
		return say_fault(c, f, E_INTERRUPTED, _("interrupted; nothing was handed out."));
	explain(why, &end);
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

static int
make_temporary(struct sheet *s, const char *dir)
{
	int length = snprintf(s->temporary, sizeof s->temporary, "%s/.oncestick-sheet.XXXXXX", dir);

	if (length > 0 && (size_t)length < sizeof s->temporary && (s->fd = mkostemp(s->temporary, O_CLOEXEC)) >= 0)
		return 0;
	s->temporary[0] = '\0';
	return -1;
}

static enum err
make_file(const struct cli *c, struct sheet *s, struct fault *f)
{
	char dir[PATH_MAX], shown[SHOWN];

	say_safe(shown, sizeof shown, s->file);
	if (!directory_of(dir, s->file))
		return say_fault(c, f, E_USAGE, _("--sheet needs the name of a file, not '%s'. No code was handed out."), shown);
	if (faccessat(AT_FDCWD, s->file, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return say_fault(c, f, E_USAGE,
		    _("%s is there already and is not overwritten: remove it, or give another name. No code was handed out."),
		    shown);
	if (place_on_stick(dir))
		return say_fault(c, f, E_USAGE,
		    _("%s would be on the stick: whoever finds the stick could open it. Choose another place. No code was handed "
		      "out."), shown);
	if (make_temporary(s, dir) == 0)
		return E_OK;
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
	if (fsync(s->fd) != 0 || stickio_rename_new(AT_FDCWD, s->temporary, s->file) != 0)
		return -1;
	s->temporary[0] = '\0';
	return stickio_sync_above(s->file);
}

int
sheet_draw(struct sheet *s, const json_t *cards, char why[SHEET_WHY])
{
	char *text = json_dumps(cards, JSON_COMPACT);
	struct drawer_end end = {.status = -1, .sys = ENOMEM};

	if (text != NULL)
		end = drawer_run(s->program, BYTES(text, strlen(text)), s->fd);
	wiping_free(text);
	s->missing = end.status == CARDS_MISSING;
	if (end.status != CARDS_DRAWN && end.status != CARDS_MISSING) {
		explain(why, &end);
		return -1;
	}
	if (name_file(s) != 0) {
		snprintf(why, SHEET_WHY, _("the file cannot be written: %s"), strerror(errno));
		return -1;
	}
	return 0;
}

int
sheet_next(struct sheet *s, const char *file, char why[SHEET_WHY])
{
	char dir[PATH_MAX];

	s->file = file;
	if (s->temporary[0] != '\0')
		return 0;
	if (s->fd > STDERR_FILENO)
		close(s->fd);
	s->fd = -1;
	if (directory_of(dir, file) && make_temporary(s, dir) == 0)
		return 0;
	snprintf(why, SHEET_WHY, _("the file cannot be written: %s"), strerror(errno));
	return -1;
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
