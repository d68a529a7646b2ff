/*
 * prompt_file.c - answers from files and standard input.
 */
#include "prompt_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "say.h"
#include "stop.h"
#include "text.h"

#define LINES_MAX 1000 /* empty ones before a code */

/*
 * Read the next line into a, without its LF. Return 1; 0 at the end; -1 with errno; -2 if it is longer than PROMPT_MAX. It is read
 * byte by byte, so that whatever follows on standard input is left for the next reader.
 */
static int
file_line(int fd, struct prompt_answer *a)
{
	bool any = false;

	a->n = 0;
	for (;;) {
		char ch = 0;
		ssize_t n = read(fd, &ch, 1);

		if (n < 0 && errno == EINTR && !stop_asked())
			continue;
		if (n < 0)
			return -1;
		if (n == 0 || ch == '\n') {
			a->text[a->n] = '\0';
			return any || n == 1 ? 1 : 0;
		}
		any = true;
		if (a->n == PROMPT_MAX)
			return -2;
		a->text[a->n++] = ch;
	}
}

static enum err
file_fault(const struct cli *c, const char *name, struct fault *f)
{
	int sys = errno;

	if (sys == EINTR)
		return say_fault(c, f, E_INTERRUPTED, _("interrupted."));
	say_fault(c, f, E_PROMPT, _("%s cannot be read: %s. Name another file, or leave out the option to be "
				    "asked."),
	    strcmp(name, "-") == 0 ? _("standard input") : name, strerror(sys));
	if (f != NULL)
		f->sys = sys;
	return E_PROMPT;
}

static int
file_open(const struct cli *c, const char *name, struct fault *f)
{
	int fd = strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		file_fault(c, name, f);
	return fd;
}

/* Whether all of it is skipped. */
static bool
is_empty(const struct line_style *style, const struct prompt_answer *a)
{
	size_t at = 0, n = 0;

	while (style->skipped != NULL && (n = style->skipped(a->text + at, a->n - at)) > 0)
		at += n;
	return at == a->n;
}

/* Recognise it by its mark, or by a 0 in every second byte, which is typical of what people type. Other text has no 0 at all. */
static bool
is_utf16(const struct prompt_answer *a)
{
	size_t zeros[2] = {0, 0};

	if (a->n >= 2 && (memcmp(a->text, "\xff\xfe", 2) == 0 || memcmp(a->text, "\xfe\xff", 2) == 0))
		return true;
	for (size_t i = 0; i < a->n; i++)
		zeros[i % 2] += a->text[i] == '\0';
	return a->n > 0 && (zeros[0] == (a->n + 1) / 2 || (a->n > 1 && zeros[1] == a->n / 2));
}

static enum err
utf16_fault(const struct cli *c, const struct line_style *style, struct fault *f)
{
	return say_fault(c, f, style->wrong, _("%s is in UTF-16: save it as plain text (UTF-8)."),
	    strcmp(style->file, "-") == 0 ? _("standard input") : style->file);
}

/* Remove what editors of another system put around a line, and nobody types: a byte order mark, a carriage return. */
static void
take_off_marks(struct prompt_answer *a)
{
	static const char mark[] = "\xef\xbb\xbf";
	const size_t n = sizeof mark - 1;

	if (a->n >= n && memcmp(a->text, mark, n) == 0) {
		a->n -= n;
		memmove(a->text, a->text + n, a->n);
	}
	if (a->n > 0 && a->text[a->n - 1] == '\r')
		a->n--;
}

enum err
prompt_file_answer(const struct cli *c, const struct line_style *style, struct prompt_answer *a, struct fault *f)
{
	const char *shown = strcmp(style->file, "-") == 0 ? _("standard input") : style->file;
	bool skips = style->skipped != NULL;
	int fd = file_open(c, style->file, f);
	int got = 0, lines = 0;

	if (fd < 0)
		return f != NULL ? f->err : E_PROMPT;
	do
		got = file_line(fd, a);
	while (skips && got == 1 && is_empty(style, a) && ++lines < LINES_MAX);
	close(fd);
	if (got == -1)
		return file_fault(c, style->file, f);
	if (got == -2)
		return say_fault(c, f, style->wrong, _("the first line of %s is longer than %d bytes."), shown, PROMPT_MAX);
	if (is_utf16(a))
		return utf16_fault(c, style, f);
	if (skips && is_empty(style, a))
		a->n = 0;
	if (!skips)
		take_off_marks(a);
	if (!skips && a->n == 0)
		return say_fault(c, f, style->wrong, _("there is no passphrase in the first line of %s."), shown);
	a->text[a->n] = '\0';
	return E_OK;
}

enum err
prompt_lines(const struct cli *c, const struct line_style *style, prompt_line_fn *each, void *arg, struct fault *f)
{
	struct prompt_answer a = {0};
	enum err e = prompt_answer_new(&a, f);
	int fd = -1, got = 0;

	if (e != E_OK)
		return e;
	fd = file_open(c, style->file, f);
	if (fd < 0)
		e = E_PROMPT;
	while (e == E_OK && (got = file_line(fd, &a)) == 1)
		if (is_utf16(&a))
			e = utf16_fault(c, style, f);
		else if (!is_empty(style, &a))
			e = each(arg, a.text, a.n, f);
	if (e == E_OK && got == -1)
		e = file_fault(c, style->file, f);
	if (e == E_OK && got == -2)
		e = say_fault(c, f, style->wrong, _("a line of %s is longer than %d bytes."), style->file, PROMPT_MAX);
	if (fd >= 0)
		close(fd);
	prompt_free(&a);
	return e;
}
