/*
 * prompt_tty.c - questions on /dev/tty, with a line editor of our own where what is typed is secret.
 */
#include "prompt_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "human.h"
#include "stop.h"
#include "text.h"

#define SHOWN_MAX 60 /* columns of a code that are shown: more is no code */

#define KEY_INTERRUPT 0x03
#define KEY_END 0x04
#define KEY_BACKSPACE 0x08
#define KEY_TAB 0x09
#define KEY_WIPE 0x15
#define KEY_SUSPEND 0x1a
#define KEY_ESCAPE 0x1b
#define KEY_DELETE 0x7f

/* ---- the terminal -------------------------------------------------------------------------------------------------------- */

/* Signals that arrive while the terminal is not as it was: remembered, then passed on when it is again. */
static volatile sig_atomic_t caught;

static void
on_caught(int sig)
{
	caught = sig;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define WATCHED (sizeof watched / sizeof watched[0])

struct terminal {
	int fd;
	struct termios before;
	bool raw;
	struct sigaction actions[WATCHED];
	sigset_t mask;
};

bool
prompt_tty_possible(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int
terminal_raw(struct terminal *t)
{
	struct termios raw = t->before;

	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | ISIG | IEXTEN);
	raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL | INLCR | IGNCR);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->fd, TCSADRAIN, &raw) != 0)
		return -1;
	t->raw = true;
	return 0;
}

static void
terminal_restore(struct terminal *t)
{
	if (t->raw)
		tcsetattr(t->fd, TCSADRAIN, &t->before);
	t->raw = false;
}

static enum err
terminal_open(struct terminal *t, const char *otherwise, struct fault *f)
{
	struct sigaction sa;
	sigset_t block;

	memset(t, 0, sizeof *t);
	t->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0 || tcgetattr(t->fd, &t->before) != 0) {
		if (t->fd >= 0)
			close(t->fd);
		return fault_set(f, E_PROMPT, 0, "", _("there is no terminal to ask on; use %s."), otherwise);
	}
	memset(&sa, 0, sizeof sa);
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_caught;
	sigemptyset(&block);
	for (size_t i = 0; i < WATCHED; i++)
		sigaddset(&block, watched[i]);
	sigprocmask(SIG_BLOCK, &block, &t->mask);
	caught = 0;
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &sa, &t->actions[i]);
	return E_OK;
}

static void
terminal_close(struct terminal *t)
{
	terminal_restore(t);
	for (size_t i = 0; i < WATCHED; i++)
		sigaction(watched[i], &t->actions[i], NULL);
	sigprocmask(SIG_SETMASK, &t->mask, NULL);
	close(t->fd);
	t->fd = -1;
	if (caught != 0 && caught != SIGTSTP)
		raise(caught); /* the program's own handler, or the default, now has it */
}

/* With the terminal as it was, be stopped; go on where we were when continued. */
static int
terminal_suspend(struct terminal *t)
{
	struct sigaction ours;
	bool raw = t->raw;
	sigset_t one;

	terminal_restore(t);
	sigaction(SIGTSTP, &t->actions[WATCHED - 1], &ours);
	sigemptyset(&one);
	sigaddset(&one, SIGTSTP);
	kill(0, SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	sigprocmask(SIG_BLOCK, &one, NULL);
	sigaction(SIGTSTP, &ours, NULL);
	caught = 0;
	return raw ? terminal_raw(t) : 0;
}

static void
put(const struct terminal *t, const char *s)
{
	size_t left = strlen(s);

	while (left > 0) {
		ssize_t n = write(t->fd, s, left);

		if (n < 0 && errno != EINTR)
			return;
		if (n > 0) {
			s += n;
			left -= (size_t)n;
		}
	}
}

/* One byte: 1; 0 at the end of input; -1 when a signal came, -2 when the terminal has gone. */
static int
get(struct terminal *t, unsigned char *byte)
{
	struct pollfd p = {t->fd, POLLIN, 0};
	ssize_t n = 0;

	if (stop_asked())
		return -1;
	if (caught == 0 && ppoll(&p, 1, NULL, &t->mask) < 0 && errno != EINTR)
		return -2;
	if (caught != 0)
		return -1;
	if (p.revents == 0)
		return get(t, byte);
	n = read(t->fd, byte, 1);
	return n == 1 ? 1 : n == 0 ? 0 : -2;
}

/* ---- lines in raw mode --------------------------------------------------------------------------------------------------- */

struct line {
	struct prompt_answer *a;
	const char *question;
	bool code;   /* shown, grouped; else nothing is shown */
	bool hidden; /* shown as dots */
	int escape;  /* inside an escape sequence */
	char drawn[SHOWN_MAX * 4];
	int columns;  /* of drawn */
	bool bullets; /* the terminal can show them */
};

static char
fold(char ch)
{
	ch = (char)toupper((unsigned char)ch);
	if (ch == 'I' || ch == 'L')
		return '1';
	return ch == 'O' ? '0' : ch;
}

/* The name of a stick, a code or an issuer, typed by mistake, is shown as typed. */
static bool
looks_foreign(const struct prompt_answer *a)
{
	return memchr(a->text, '/', a->n) != NULL || memchr(a->text, ':', a->n) != NULL;
}

/* Fill drawn; nothing but printable ASCII gets there. Columns are counted in symbols: each is one wide. */
static int
render(const struct line *l, char *out, size_t size)
{
	bool foreign = looks_foreign(l->a);
	size_t n = 0;
	int symbols = 0, columns = 0;

	for (size_t i = 0; i < l->a->n && columns < SHOWN_MAX && n + 5 < size; i++) {
		char ch = l->a->text[i];

		if (!foreign && prompt_separator(ch))
			continue;
		if (!foreign && symbols > 0 && symbols % 4 == 0 && symbols < CODE_SYMBOLS) {
			out[n++] = '-';
			columns++;
		}
		if (l->hidden) {
			n += (size_t)snprintf(out + n, size - n, "%s", l->bullets ? "\xe2\x80\xa2" : "*");
		} else {
			ch = foreign ? ch : fold(ch);
			out[n++] = ch >= ' ' && ch < 0x7f ? ch : '?';
		}
		symbols++;
		columns++;
	}
	out[n] = '\0';
	return columns;
}

/* Go back over what is drawn and draw anew: backspaces alone, so that every terminal can do it. */
static void
redraw(const struct terminal *t, struct line *l)
{
	char out[SHOWN_MAX * 4];
	size_t same = 0;
	int columns = 0;

	if (!l->code)
		return;
	columns = render(l, out, sizeof out);
	if (!l->hidden && l->columns == (int)strlen(l->drawn))
		while (l->drawn[same] != '\0' && l->drawn[same] == out[same])
			same++;
	for (int i = (int)same; i < l->columns; i++)
		put(t, "\b \b");
	put(t, out + same);
	memcpy(l->drawn, out, sizeof out);
	l->columns = columns;
	sodium_memzero(out, sizeof out);
}

static void
draw_fresh(const struct terminal *t, struct line *l)
{
	l->columns = 0;
	l->drawn[0] = '\0';
	put(t, l->question);
	redraw(t, l);
}

static void
rub_out(struct line *l)
{
	struct prompt_answer *a = l->a;

	if (l->code && !looks_foreign(a))
		while (a->n > 0 && prompt_separator(a->text[a->n - 1]))
			a->n--;
	while (a->n > 0 && ((unsigned char)a->text[a->n - 1] & 0xc0) == 0x80)
		a->n--;
	if (a->n > 0)
		a->n--;
	a->text[a->n] = '\0';
}

/* Cursor keys and the like send ESC [ ... letter, or ESC letter: none of it is text. */
static bool
in_escape(struct line *l, unsigned char ch)
{
	if (ch == KEY_ESCAPE) {
		l->escape = 1;
		return true;
	}
	if (l->escape == 0)
		return false;
	if (l->escape == 1 && (ch == '[' || ch == 'O')) {
		l->escape = 2;
		return true;
	}
	if (l->escape == 1 || (ch >= 0x40 && ch <= 0x7e))
		l->escape = 0;
	return true;
}

enum edit { EDIT_MORE, EDIT_DONE, EDIT_END, EDIT_INTERRUPT, EDIT_SUSPEND };

static enum edit
edit(struct line *l, unsigned char ch)
{
	struct prompt_answer *a = l->a;

	if (in_escape(l, ch))
		return EDIT_MORE;
	switch (ch) {
	case '\r':
	case '\n':
		return EDIT_DONE;
	case KEY_INTERRUPT:
		return EDIT_INTERRUPT;
	case KEY_SUSPEND:
		return EDIT_SUSPEND;
	case KEY_END:
		return a->n == 0 ? EDIT_END : EDIT_MORE;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		rub_out(l);
		return EDIT_MORE;
	case KEY_WIPE:
		sodium_memzero(a->text, a->n);
		a->n = 0;
		return EDIT_MORE;
	case KEY_TAB:
		l->hidden = l->code && !l->hidden;
		return EDIT_MORE;
	default:
		break;
	}
	if (ch >= ' ' && a->n < PROMPT_MAX) {
		a->text[a->n++] = (char)ch;
		a->text[a->n] = '\0';
	}
	return EDIT_MORE;
}

static enum err
read_raw_line(struct terminal *t, struct line *l, struct fault *f)
{
	unsigned char ch = 0;
	enum edit what = EDIT_MORE;

	if (terminal_raw(t) != 0)
		return fault_set(f, E_PROMPT, errno, "setting", "the terminal");
	draw_fresh(t, l);
	while (what != EDIT_DONE) {
		int got = get(t, &ch);

		if (got == -1 && caught == SIGTSTP)
			what = EDIT_SUSPEND;
		else if (got == -1)
			what = EDIT_INTERRUPT;
		else
			what = got == 1 ? edit(l, ch) : EDIT_END;
		ch = 0;
		if (what == EDIT_MORE) {
			redraw(t, l);
			continue;
		}
		put(t, "\n");
		if (what == EDIT_INTERRUPT)
			return fault_set(f, E_INTERRUPTED, 0, "", _("interrupted."));
		if (what == EDIT_END)
			return fault_set(f, E_PROMPT, 0, "", _("cancelled."));
		if (what == EDIT_SUSPEND) {
			if (terminal_suspend(t) != 0)
				return fault_set(f, E_PROMPT, errno, "setting", "the terminal");
			draw_fresh(t, l);
		}
	}
	return E_OK;
}

enum err
prompt_tty_secret(const char *question, enum prompt_kind kind, const char *otherwise, struct prompt_answer *a, struct fault *f)
{
	struct terminal t;
	struct line l;
	enum err e = E_OK;

	memset(&l, 0, sizeof l);
	l.a = a;
	l.question = question;
	l.code = kind == PROMPT_CODE;
	l.bullets = human_utf8();
	e = terminal_open(&t, otherwise, f);
	if (e != E_OK)
		return e;
	e = read_raw_line(&t, &l, f);
	terminal_close(&t);
	sodium_memzero(&l, sizeof l);
	return e;
}

/* ---- lines that the terminal edits ----------------------------------------------------------------------------------------- */

static enum err
read_cooked_line(struct terminal *t, const char *question, char *out, size_t size, struct fault *f)
{
	size_t n = 0;

	put(t, question);
	for (;;) {
		unsigned char ch = 0;
		int got = get(t, &ch);

		if (got == -1 && caught == SIGTSTP) {
			terminal_suspend(t);
			n = 0;
			put(t, question);
			continue;
		}
		if (got == -1) {
			put(t, "\n");
			return fault_set(f, E_INTERRUPTED, 0, "", _("interrupted."));
		}
		if (got != 1) {
			put(t, "\n");
			return fault_set(f, E_PROMPT, 0, "", _("cancelled."));
		}
		if (ch == '\n')
			break;
		if (n + 1 < size)
			out[n++] = (char)ch;
	}
	out[n] = '\0';
	return E_OK;
}

enum err
prompt_tty_line(const char *question, char *out, size_t size, struct fault *f)
{
	struct terminal t;
	char *wrapped = NULL;
	enum err e = terminal_open(&t, _("the options that --help names instead"), f);

	if (e != E_OK)
		return e;
	wrapped = human_wrap(question, human_columns(t.fd), 0, 0);
	e = read_cooked_line(&t, wrapped != NULL ? wrapped : question, out, size, f);
	terminal_close(&t);
	free(wrapped);
	return e;
}
