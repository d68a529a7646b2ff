/*
 * progress.h - how far a long step is, on stderr: a bar, lines of plain text, or JSON for programs.
 *
 *       struct progress p;
 *       progress_start(&p, c, "packing");
 *       while (...)
 *               progress_update(&p, done, all);
 *       progress_end(&p, ok);
 *
 * A bar is one line as wide as the terminal allows, redrawn in place at most ten times a second:
 *
 *       packing    ████████              1.2 GiB  38 MB/s  1:20 left
 *
 * JSON is one object per line:
 *
 *       {"phase":"packing","state":"running","unit":"bytes","done":"1288490188","total":"3328599654","rate":38000000,
 *       "seconds_left":53}
 *
 * The last state is "done" or "failed"; unit may be "items"; rate is per second; seconds_left is null while it is unknown; done and
 * total are strings, because they may exceed 2^53. One thread at a time.
 */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "term.h"

enum progress_mode {
	PROGRESS_OFF,   /* --quiet, or stderr is not a terminal and no option asks for progress */
	PROGRESS_BAR,
	PROGRESS_PLAIN, /* one line per 10 %, and every ten seconds: TERM is unset or dumb, the locale is not UTF-8, or --plain */
	PROGRESS_JSON   /* --progress-json, whatever stderr is */
};

/* One step. All members but counted are private to this module. */
struct progress {
	bool counted; /* counts things, not bytes. Starts as false; the caller may set it before the first update */

	enum progress_mode mode;
	int fd;
	uint64_t (*clock_ms)(void);
	const char *phase;
	uint64_t done, all;
	uint64_t started_ms;
	uint64_t drawn_ms, drawn_done; /* when it was last drawn, and how far it was then */
	bool drawn;
	double rate;            /* per second, over the last seconds; 0 while unknown */
	unsigned tenths;        /* PROGRESS_PLAIN: in the last line */
};

/* progress_choose(c, fd): the mode for fd, by the options and the environment. */
enum progress_mode progress_choose(const struct cli *c, int fd);

/*
 * progress_start(p, c, phase): begin a step on stderr. phase is a word of ours that outlives p, needs no escaping, and is
 * translated here, but not in JSON.
 */
void progress_start(struct progress *p, const struct cli *c, const char *phase);

/*
 * progress_start_at(p, mode, fd, clock_ms, phase): the same on any fd and, unless clock_ms is NULL, with another monotonic clock.
 */
void progress_start_at(struct progress *p, enum progress_mode mode, int fd, uint64_t (*clock_ms)(void), const char *phase);

/* progress_update(p, done, all): report that done of all is done. This draws if it is time to. */
void progress_update(struct progress *p, uint64_t done, uint64_t all);

/*
 * progress_end(p, ok): print the last line, which says "done" and the mean rate. If not ok, a bar is erased instead, so that an
 * error can be printed in its place. A second call does nothing.
 */
void progress_end(struct progress *p, bool ok);

/* progress_clear(p): erase the bar, so that something else can be printed. It comes back with the next update. */
void progress_clear(struct progress *p);

#endif
