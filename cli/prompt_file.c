/*
 * prompt_file.c - answers from files and standard input.
 */
#include "prompt_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "stop.h"
#include "text.h"

/* The next line into a, without its LF: 1; 0 at the end; -1 with errno; -2 if it is longer than PROMPT_MAX. Byte by byte, so
 * that what follows the line on standard input is left to who reads it next. */
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
file_fault(const char *name, struct fault *f)
{
	int sys = errno;

	if (sys == EINTR)
		return fault_set(f, E_INTERRUPTED, 0, "", _("interrupted."));
	return fault_set(f, E_PROMPT, sys, "", _("%.120s cannot be read: %s. Name another file, or leave the option out to be asked."),
	    strcmp(name, "-") == 0 ? _("standard input") : name, strerror(sys));
}

static int
file_open(const char *name, struct fault *f)
{
	int fd = strcmp(name, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		file_fault(name, f);
	return fd;
}

enum err
prompt_file_answer(const char *name, enum err too_long, struct prompt_answer *a, struct fault *f)
{
	int fd = file_open(name, f);
	int got = 0;

	if (fd < 0)
		return f != NULL ? f->err : E_PROMPT;
	got = file_line(fd, a);
	close(fd);
	if (got == -1)
		return file_fault(name, f);
	if (got == -2)
		return fault_set(f, too_long, 0, "", _("the first line of %s is longer than %d bytes."), name, PROMPT_MAX);
	return E_OK;
}

enum err
prompt_file_lines(const char *name, prompt_line_fn *each, void *arg, struct fault *f)
{
	struct prompt_answer a = {0};
	enum err e = prompt_answer_new(&a, f);
	int fd = -1, got = 0;

	if (e != E_OK)
		return e;
	fd = file_open(name, f);
	if (fd < 0)
		e = E_PROMPT;
	while (e == E_OK && (got = file_line(fd, &a)) == 1)
		if (a.n > 0)
			e = each(arg, a.text, a.n, f);
	if (e == E_OK && got == -1)
		e = file_fault(name, f);
	if (e == E_OK && got == -2)
		e = fault_set(f, E_CODE_FORM, 0, "", _("a line of %s is longer than %d bytes."), name, PROMPT_MAX);
	if (fd >= 0)
		close(fd);
	prompt_free(&a);
	return e;
}
