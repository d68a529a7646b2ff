/*
 * progress.c - a bar, lines, or JSON, each written in one write(2).
 */
#include "progress.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "human.h"
#include "text.h"

#define REDRAW_MS 100
#define SMOOTH_MS 3000  /* the rate is an average over this time */
#define SETTLE_MS 1000  /* no time left is shown before that */
#define LINES_MS 10000  /* print a line of plain text after this time, even if no tenth is done */
#define LEFT_MAX_S 359999
#define BAR_CELLS 20
#define BAR_CELLS_MIN 5
#define PHASE_WIDTH 10
#define BAR_BESIDE 46   /* columns beside the bar for phase, amount, rate and time left */
#define LINE_SIZE 320
#define WIPE "\r\033[K"

static uint64_t
monotonic_ms(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void
put(const struct progress *p, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t done = write(p->fd, text, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return;
		text += done;
		n -= (size_t)done;
	}
}

enum progress_mode
progress_choose(const struct cli *c, int fd)
{
	const char *term = getenv("TERM");

	if (c->progress_json)
		return PROGRESS_JSON;
	if (c->quiet || (!c->plain && !isatty(fd)))
		return PROGRESS_OFF;
	if (c->plain || term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0 || !human_utf8())
		return PROGRESS_PLAIN;
	return PROGRESS_BAR;
}

void
progress_start(struct progress *p, const struct cli *c, const char *phase)
{
	progress_start_at(p, progress_choose(c, STDERR_FILENO), STDERR_FILENO, NULL, phase);
}

void
progress_start_at(struct progress *p, enum progress_mode mode, int fd, uint64_t (*clock_ms)(void), const char *phase)
{
	memset(p, 0, sizeof *p);
	p->mode = mode;
	p->fd = fd;
	p->clock_ms = clock_ms != NULL ? clock_ms : monotonic_ms;
	p->phase = phase;
	p->started_ms = p->drawn_ms = p->clock_ms();
}

/* ---- figures ------------------------------------------------------------------------------------------------------------ */

static double
fraction(const struct progress *p)
{
	if (p->done >= p->all)
		return 1;
	return (double)p->done / (double)p->all;
}

static void
measure(struct progress *p, uint64_t now)
{
	double ms = (double)(now - p->drawn_ms);
	double rate = 0;

	if (now <= p->drawn_ms)
		return;
	if (p->done > p->drawn_done)
		rate = (double)(p->done - p->drawn_done) * 1000 / ms;
	p->rate = p->rate > 0 ? p->rate + (rate - p->rate) * ms / (ms + SMOOTH_MS) : rate;
	p->drawn_ms = now;
	p->drawn_done = p->done;
}

static double
mean_rate(const struct progress *p, uint64_t now)
{
	return now > p->started_ms ? (double)p->done * 1000 / (double)(now - p->started_ms) : 0;
}

/* Seconds left, or -1 if unknown. */
static long
seconds_left(const struct progress *p, uint64_t now)
{
	double s = 0;

	if (p->rate <= 0 || now - p->started_ms < SETTLE_MS || p->done >= p->all)
		return -1;
	s = (double)(p->all - p->done) / p->rate;
	return s <= LEFT_MAX_S ? (long)(s + 0.5) : -1;
}

/* Amount, rate and last ("1:20 left", "done"), separated by gap. */
static void
figures(char *out, size_t size, const struct progress *p, double rate, const char *last, const char *gap)
{
	char amount[48], speed[HUMAN_SHOWN] = "";

	if (p->counted) {
		snprintf(amount, sizeof amount, "%" PRIu64 "/%" PRIu64, p->done, p->all);
	} else {
		human_bytes(amount, sizeof amount, p->done);
		if (rate >= 1)
			human_rate(speed, sizeof speed, rate < 1e18 ? (uint64_t)rate : (uint64_t)1e18);
	}
	snprintf(out, size, "%s%s%s%s%s", amount, speed[0] != '\0' ? gap : "", speed, last[0] != '\0' ? gap : "", last);
}

static void
time_left(char *out, size_t size, long s)
{
	char clock[32];

	out[0] = '\0';
	if (s < 0)
		return;
	if (s < 3600)
		snprintf(clock, sizeof clock, "%ld:%02ld", s / 60, s % 60);
	else
		snprintf(clock, sizeof clock, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
	/* TRANSLATORS: beside a bar; %s is minutes and seconds, 1:20 */
	snprintf(out, size, _("%s left"), clock);
}

/* ---- the bar ------------------------------------------------------------------------------------------------------------ */

static void
append(char line[LINE_SIZE], const char *s)
{
	size_t n = strlen(line);

	snprintf(line + n, LINE_SIZE - n, "%s", s);
}

/* Append cells, filled in steps of an eighth. */
static void
append_cells(char line[LINE_SIZE], unsigned cells, double part)
{
	static const char *const blocks[] = {
		" ", "\u258f", "\u258e", "\u258d", "\u258c", "\u258b", "\u258a", "\u2589", "\u2588"
	};
	unsigned eighths = (unsigned)(part * cells * 8);

	for (unsigned i = 0; i < cells; i++) {
		unsigned fill = eighths > 8 ? 8 : eighths;

		append(line, blocks[fill]);
		eighths -= fill;
	}
	append(line, "  ");
}

static void
draw_bar(struct progress *p, double rate, const char *last, const char *end)
{
	char line[LINE_SIZE], numbers[160], out[LINE_SIZE + 16];
	const char *phase = _(p->phase);
	unsigned width = human_columns(p->fd), pad = (unsigned)human_width(phase);
	unsigned beside = BAR_BESIDE + 1 + (pad > PHASE_WIDTH ? pad - PHASE_WIDTH : 0);
	unsigned cells = width > beside ? width - beside : 0;

	figures(numbers, sizeof numbers, p, rate, last, "  ");
	snprintf(line, LINE_SIZE / 4, "%s%*s ", phase, pad < PHASE_WIDTH ? (int)(PHASE_WIDTH - pad) : 0, "");
	if (cells >= BAR_CELLS_MIN)
		append_cells(line, cells < BAR_CELLS ? cells : BAR_CELLS, fraction(p));
	append(line, numbers);
	/* The last column stays empty, because a terminal may wrap as soon as something is written there. */
	if (width > 0)
		line[human_fit(line, width - 1, NULL)] = '\0';
	snprintf(out, sizeof out, "\r%s\033[K%s", line, end);
	put(p, out);
	p->drawn = true;
}

/* ---- lines -------------------------------------------------------------------------------------------------------------- */

static void
draw_plain(struct progress *p, uint64_t now)
{
	char line[LINE_SIZE], numbers[160], left[64];
	unsigned tenths = (unsigned)(fraction(p) * 10);

	if (tenths >= 10 || (tenths <= p->tenths && now - p->drawn_ms < LINES_MS))
		return;
	p->tenths = tenths > p->tenths ? tenths : p->tenths;
	measure(p, now);
	time_left(left, sizeof left, seconds_left(p, now));
	figures(numbers, sizeof numbers, p, p->rate, left, ", ");
	snprintf(line, sizeof line, "%s %u %%, %s\n", _(p->phase), (unsigned)(fraction(p) * 100), numbers);
	put(p, line);
}

static void
draw_json(struct progress *p, double rate, long left, const char *state)
{
	char line[LINE_SIZE], seconds[24] = "null";

	if (left >= 0)
		snprintf(seconds, sizeof seconds, "%ld", left);
	snprintf(line, sizeof line,
	    "{\"phase\":\"%s\",\"state\":\"%s\",\"unit\":\"%s\",\"done\":\"%" PRIu64 "\",\"total\":\"%" PRIu64
	    "\",\"rate\":%.0f,\"seconds_left\":%s}\n",
	    p->phase, state, p->counted ? "items" : "bytes", p->done, p->all, rate, seconds);
	put(p, line);
	p->drawn = true;
}

/* ---- the step ----------------------------------------------------------------------------------------------------------- */

void
progress_update(struct progress *p, uint64_t done, uint64_t all)
{
	char left[64];
	uint64_t now = 0;

	p->done = done;
	p->all = all;
	if (p->mode == PROGRESS_OFF)
		return;
	now = p->clock_ms();
	if (p->mode == PROGRESS_PLAIN) {
		draw_plain(p, now);
		return;
	}
	if (p->drawn && now - p->drawn_ms < REDRAW_MS)
		return;
	measure(p, now);
	if (p->mode == PROGRESS_JSON) {
		draw_json(p, p->rate, seconds_left(p, now), "running");
		return;
	}
	time_left(left, sizeof left, seconds_left(p, now));
	draw_bar(p, p->rate, left, "");
}

void
progress_clear(struct progress *p)
{
	if (p->mode == PROGRESS_BAR && p->drawn)
		put(p, WIPE);
	p->drawn = false;
}

void
progress_end(struct progress *p, bool ok)
{
	char line[LINE_SIZE], numbers[160];
	double rate = 0;

	if (p->mode != PROGRESS_OFF)
		rate = mean_rate(p, p->clock_ms());
	if (p->mode == PROGRESS_JSON) {
		draw_json(p, rate, ok ? 0 : -1, ok ? "done" : "failed");
	} else if (!ok) {
		progress_clear(p);
	} else if (p->mode == PROGRESS_BAR) {
		draw_bar(p, rate, _("done"), "\n");
	} else if (p->mode == PROGRESS_PLAIN) {
		figures(numbers, sizeof numbers, p, rate, _("done"), ", ");
		snprintf(line, sizeof line, "%s, %s\n", _(p->phase), numbers);
		put(p, line);
	}
	p->mode = PROGRESS_OFF;
}
