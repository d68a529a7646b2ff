/*
 * prompt_tty.c - questions on /dev/tty, with a line editor of our own where what is typed is secret.
 */
#include "prompt_internal.h"

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
#include <wchar.h>
#include <wctype.h>

#include <sodium.h>

#include "human.h"
#include "say.h"
#include "stop.h"
#include "text.h"
#include "utf8.h"

#define ROOM_MIN 12 /* columns for the answer, at least */
#define ROOM_MAX 60 /* no valid answer needs more */
#define PICTURE_MAX (4 * ROOM_MAX + 200)
#define PASTE_MS 30

#define KEY_FIRST 0x01
#define KEY_INTERRUPT 0x03
#define KEY_END 0x04
#define KEY_LAST 0x05
#define KEY_BACKSPACE 0x08
#define KEY_TAB 0x09
#define KEY_WIPE 0x15
#define KEY_SUSPEND 0x1a
#define KEY_ESCAPE 0x1b
#define KEY_DELETE 0x7f

/* ---- the terminal -------------------------------------------------------------------------------------------------------- */

/* A signal that arrives while the terminal is in our state. It is kept, and passed on when the old state is restored. */
static volatile sig_atomic_t caught;

static void
on_caught(int sig)
{
	caught = sig;
}

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
#define WATCHED (sizeof watched / sizeof watched[0])

struct terminal {
	const struct cli *c;
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
terminal_open(struct terminal *t, const struct cli *c, const char *otherwise, struct fault *f)
{
	struct sigaction sa;
	sigset_t block;

	memset(t, 0, sizeof *t);
	t->c = c;
	t->fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (t->fd < 0 || tcgetattr(t->fd, &t->before) != 0) {
		if (t->fd >= 0)
			close(t->fd);
		return say_fault(t->c, f, E_PROMPT, _("there is no terminal to ask on; use %s."), otherwise);
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
		raise(caught); /* now it goes to the program's own handler, or to the default */
}

/* Restore the terminal and stop; when continued, go on from here. */
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

/* Read one byte. Return 1; 0 at the end of input; -1 if a signal arrived; -2 if the terminal is gone. */
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
			return say_fault(t->c, f, E_INTERRUPTED, _("interrupted."));
		}
		if (got != 1) {
			put(t, "\n");
			return say_fault(t->c, f, E_PROMPT, _("cancelled."));
		}
		if (ch == '\n')
			break;
		if (n + 1 < size)
			out[n++] = (char)ch;
	}
	out[n] = '\0';
	return E_OK;
}

/* ---- lines in raw mode --------------------------------------------------------------------------------------------------- */

/* What is shown after the question: the text, a remark after it, and the cursor somewhere in the text. */
struct picture {
	char text[PICTURE_MAX];
	size_t n;
	int columns, cursor;
};

struct line {
	const struct line_style *style;
	struct prompt_answer *a;
	const char *question;
	size_t at;	 /* the byte of the answer that the cursor is before */
	bool bullets;	 /* the terminal can show bullets */
	bool over;	 /* no more remarks */
	char escape[16]; /* an escape sequence without its first byte */
	size_t escape_n; /* 0: none; otherwise the bytes in escape, plus one */
	struct picture drawn;
	unsigned width; /* of the terminal when it was last drawn */
};

static bool
is_foreign(const struct line *l)
{
	return l->style->foreign(l->a->text, l->a->n);
}

/* How many bytes the character at i has; 0 if some are still to come. */
static size_t
char_bytes(const struct prompt_answer *a, size_t i)
{
	size_t wanted = utf8_length(a->text[i]), n = 1;

	while (n < wanted && i + n < a->n && utf8_follows(a->text[i + n]))
		n++;
	return n < wanted && i + n == a->n ? 0 : n;
}

static bool
skipped(const struct line *l, size_t i)
{
	return l->style->skipped(l->a->text + i, l->a->n - i) > 0 && !is_foreign(l);
}

static size_t
count_shown(const struct line *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->a->n; i++)
		n += !skipped(l, i) && !utf8_follows(l->a->text[i]);
	return n;
}

static void
draw(struct picture *p, const char *s, size_t n, int columns)
{
	if (p->n + n >= sizeof p->text)
		return;
	memcpy(p->text + p->n, s, n);
	p->n += n;
	p->text[p->n] = '\0';
	p->columns += columns;
}

/* Draw one character of the answer. Nothing is drawn that is not printable, or is wider than it should be. */
static void
draw_char(const struct line *l, struct picture *p, size_t i, size_t n)
{
	char ch = l->a->text[i];
	mbstate_t state = {0};
	wchar_t wide = 0;

	if (l->a->hidden) {
		draw(p, l->bullets ? "\xe2\x80\xa2" : "*", l->bullets ? 3 : 1, 1);
	} else if (n == 1) {
		ch = is_foreign(l) ? ch : l->style->folded(ch);
		draw(p, ch >= ' ' && ch < 0x7f ? &ch : "?", 1, 1);
	} else {
		bool known = mbrtowc(&wide, l->a->text + i, n, &state) == n && iswprint((wint_t)wide) && wcwidth(wide) > 0;

		draw(p, known ? l->a->text + i : "?", known ? n : 1, known ? wcwidth(wide) : 1);
	}
	sodium_memzero(&wide, sizeof wide);
}

/* What is wrong with a complete answer, or what the person can do. "": nothing. */
static const char *
remark(const struct line *l, char *out, size_t size)
{
	if (l->over)
		return "";
	if (l->a->n == 0)
		return l->a->hidden ? _("(the Tab key shows it)") : _("(the Tab key hides it)");
	return count_shown(l) == l->style->whole ? l->style->remark(out, size, l->a->text, l->a->n) : "";
}

/* Paint the picture from the character first on, in at most room columns. */
static void
paint(const struct line *l, struct picture *p, size_t first, int room)
{
	char room_for_words[PICTURE_MAX / 2];
	const char *words = NULL;
	size_t shown = 0, n = 0;

	*p = (struct picture){.cursor = -1};
	for (size_t i = 0; i < l->a->n && (n = char_bytes(l->a, i)) > 0; i += n) {
		if (p->cursor < 0 && i >= l->at)
			p->cursor = p->columns;
		if (skipped(l, i))
			continue;
		if (shown++ < first)
			continue;
		if (p->columns + 3 > room)
			break;
		if (!is_foreign(l) && shown > first + 1 && shown % l->style->group == 1 && shown <= l->style->whole)
			draw(p, "-", 1, 1);
		draw_char(l, p, i, n);
	}
	if (p->cursor < 0)
		p->cursor = p->columns;
	words = remark(l, room_for_words, sizeof room_for_words);
	if (p->columns + (int)human_width(words) <= room)
		draw(p, words, strlen(words), (int)human_width(words));
}

/* A terminal that is too narrow shows the part around the cursor. */
static void
paint_fitting(const struct line *l, struct picture *p)
{
	int room = (int)l->width - (int)human_width(l->question) - 1;
	size_t before = 0;

	room = room < ROOM_MIN ? ROOM_MIN : room > ROOM_MAX ? ROOM_MAX : room;
	for (size_t i = 0; i < l->at; i++)
		before += !skipped(l, i) && !utf8_follows(l->a->text[i]);
	for (size_t first = 0;; first += l->style->group) {
		paint(l, p, first, room);
		if (before <= first + l->style->group || p->cursor + 3 < room)
			return;
	}
}

static void
put_times(const struct terminal *t, const char *s, int n)
{
	for (; n > 0; n--)
		put(t, s);
}

/* How many columns at the start of both are equal; 0 if some byte does not take exactly one column. */
static int
same_columns(const struct picture *a, const struct picture *b)
{
	size_t n = 0;

	if (a->columns != (int)a->n)
		return 0;
	while (n < a->n && a->text[n] == b->text[n])
		n++;
	return (int)n;
}

/* Draw the difference between the old picture and the new, using only backspaces, which every terminal knows. */
static void
draw_over(const struct terminal *t, struct line *l)
{
	struct picture p;
	int same = 0, left = 0;

	paint_fitting(l, &p);
	same = same_columns(&l->drawn, &p);
	same = same < l->drawn.cursor ? same : l->drawn.cursor;
	left = l->drawn.columns > p.columns ? l->drawn.columns - same : 0;
	if (p.n != l->drawn.n || memcmp(p.text, l->drawn.text, p.n) != 0) {
		put_times(t, "\b", l->drawn.cursor - same);
		put_times(t, " ", left);
		put_times(t, "\b", left);
		put(t, p.text + same);
		put_times(t, "\b", p.columns - p.cursor);
	} else if (p.cursor != l->drawn.cursor) {
		put_times(t, "\b", l->drawn.cursor);
		put(t, p.text);
		put_times(t, "\b", p.columns - p.cursor);
	}
	l->drawn = p;
	sodium_memzero(&p, sizeof p);
}

static void
draw_fresh(const struct terminal *t, struct line *l)
{
	sodium_memzero(&l->drawn, sizeof l->drawn);
	l->width = human_columns(t->fd);
	put(t, l->question);
	if (l->style->shown)
		draw_over(t, l);
}

/* If the terminal has become so narrow that the line is broken, start a new one. */
static void
redraw(const struct terminal *t, struct line *l)
{
	unsigned width = human_columns(t->fd);
	bool broken = human_width(l->question) + (size_t)l->drawn.columns >= width && width < l->width;

	l->width = width;
	if (!l->style->shown)
		return;
	if (broken) {
		put(t, "\n");
		draw_fresh(t, l);
	} else {
		draw_over(t, l);
	}
}

/* ---- editing ------------------------------------------------------------------------------------------------------------- */

static size_t
before(const struct line *l, size_t at)
{
	while (l->style->shown && at > 0 && skipped(l, at - 1))
		at--;
	while (at > 0 && utf8_follows(l->a->text[at - 1]))
		at--;
	return at > 0 ? at - 1 : 0;
}

static size_t
after(const struct line *l, size_t at)
{
	while (l->style->shown && at < l->a->n && skipped(l, at))
		at++;
	if (at < l->a->n)
		at++;
	while (at < l->a->n && utf8_follows(l->a->text[at]))
		at++;
	return at;
}

static void
remove_bytes(struct line *l, size_t from, size_t to)
{
	struct prompt_answer *a = l->a;

	memmove(a->text + from, a->text + to, a->n - to);
	sodium_memzero(a->text + a->n - (to - from), to - from);
	a->n -= to - from;
	a->text[a->n] = '\0';
	l->at = from;
}

static void
insert(struct line *l, char ch)
{
	struct prompt_answer *a = l->a;

	if (a->n == PROMPT_MAX)
		return;
	memmove(a->text + l->at + 1, a->text + l->at, a->n - l->at);
	a->text[l->at++] = ch;
	a->text[++a->n] = '\0';
}

/* Cursor keys and the like: ESC [ digits letter, ESC O letter, or ESC letter. None of it is text. */
static void
obey(struct line *l)
{
	char last = l->escape[l->escape_n - 2], number = l->escape[1];

	if (!l->style->shown || l->escape_n < 3)
		return;
	if (last == 'D')
		l->at = before(l, l->at);
	else if (last == 'C')
		l->at = after(l, l->at);
	else if (last == 'H' || (last == '~' && (number == '1' || number == '7')))
		l->at = 0;
	else if (last == 'F' || (last == '~' && (number == '4' || number == '8')))
		l->at = l->a->n;
	else if (last == '~' && number == '3')
		remove_bytes(l, l->at, after(l, l->at));
}

static bool
in_escape(struct line *l, unsigned char ch)
{
	bool opens = l->escape_n == 1 && (ch == '[' || ch == 'O');

	if (ch == KEY_ESCAPE) {
		l->escape_n = 1;
		return true;
	}
	if (l->escape_n == 0)
		return false;
	if (l->escape_n < sizeof l->escape)
		l->escape[l->escape_n++ - 1] = (char)ch;
	if (!opens && (l->escape_n == 2 || (ch >= 0x40 && ch <= 0x7e))) {
		obey(l);
		l->escape_n = 0;
	}
	return true;
}

enum edit { EDIT_MORE, EDIT_DONE, EDIT_END, EDIT_INTERRUPT, EDIT_SUSPEND };

static enum edit
edit(struct line *l, unsigned char ch)
{
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
		return l->a->n == 0 ? EDIT_END : EDIT_MORE;
	case KEY_BACKSPACE:
	case KEY_DELETE:
		remove_bytes(l, before(l, l->at), l->at);
		return EDIT_MORE;
	case KEY_WIPE:
		remove_bytes(l, 0, l->a->n);
		return EDIT_MORE;
	case KEY_FIRST:
		l->at = 0;
		return EDIT_MORE;
	case KEY_LAST:
		l->at = l->a->n;
		return EDIT_MORE;
	case KEY_TAB:
		l->a->hidden = l->style->shown && !l->a->hidden;
		return EDIT_MORE;
	default:
		break;
	}
	if (ch >= ' ')
		insert(l, (char)ch);
	return EDIT_MORE;
}

/* Pasted text may have a line break between its groups, or before them. In that case more input is already there. */
static bool
goes_on(const struct terminal *t, const struct line *l)
{
	struct pollfd p = {t->fd, POLLIN, 0};

	return l->style->shown && !is_foreign(l) && count_shown(l) < l->style->whole && poll(&p, 1, PASTE_MS) > 0;
}

static enum edit
next_key(struct terminal *t, struct line *l)
{
	unsigned char ch = 0;
	enum edit what = EDIT_END;
	int got = get(t, &ch);

	if (got == -1)
		return caught == SIGTSTP ? EDIT_SUSPEND : EDIT_INTERRUPT;
	if (got == 1)
		what = edit(l, ch);
	sodium_memzero(&ch, sizeof ch);
	if (what == EDIT_DONE && goes_on(t, l)) {
		insert(l, ' ');
		return EDIT_MORE;
	}
	return what;
}

static enum err
read_raw_line(struct terminal *t, struct line *l, struct fault *f)
{
	enum edit what = EDIT_MORE;

	if (terminal_raw(t) != 0)
		return fault_set(f, E_PROMPT, errno, "setting", "the terminal");
	draw_fresh(t, l);
	while (what != EDIT_DONE) {
		what = next_key(t, l);
		l->over = what != EDIT_MORE;
		redraw(t, l);
		if (what == EDIT_MORE)
			continue;
		put(t, "\n");
		if (what == EDIT_INTERRUPT)
			return say_fault(t->c, f, E_INTERRUPTED, _("interrupted."));
		if (what == EDIT_END)
			return say_fault(t->c, f, E_PROMPT, _("cancelled."));
		if (what == EDIT_SUSPEND) {
			if (terminal_suspend(t) != 0)
				return fault_set(f, E_PROMPT, errno, "setting", "the terminal");
			l->over = false;
			draw_fresh(t, l);
		}
	}
	if (l->style->shown)
		tcflush(t->fd, TCIFLUSH); /* input pasted after it must not answer a question */
	return E_OK;
}

/* A terminal that cannot move back over its output edits the line itself. */
static bool
is_dumb(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "dumb") == 0;
}

enum err
prompt_tty_secret(
    const struct cli *c, const char *question, const struct line_style *style, struct prompt_answer *a, struct fault *f)
{
	struct terminal t;
	struct line l;
	enum err e = E_OK;

	memset(&l, 0, sizeof l);
	l.a = a;
	l.question = question;
	l.style = style;
	l.bullets = human_utf8();
	e = terminal_open(&t, c, style->option, f);
	if (e != E_OK)
		return e;
	if (style->shown && is_dumb()) {
		e = read_cooked_line(&t, question, a->text, PROMPT_MAX + 1, f);
		a->n = strlen(a->text);
	} else {
		e = read_raw_line(&t, &l, f);
	}
	terminal_close(&t);
	sodium_memzero(&l, sizeof l);
	return e;
}

/* ---- lines that are no secret --------------------------------------------------------------------------------------------- */

enum err
prompt_tty_line(const struct cli *c, const char *question, char *out, size_t size, struct fault *f)
{
	struct terminal t;
	char *wrapped = NULL;
	enum err e = terminal_open(&t, c, _("the options that --help names instead"), f);

	if (e != E_OK)
		return e;
	wrapped = human_wrap(question, human_columns(t.fd), 0, 0);
	e = read_cooked_line(&t, wrapped != NULL ? wrapped : question, out, size, f);
	terminal_close(&t);
	free(wrapped);
	return e;
}
