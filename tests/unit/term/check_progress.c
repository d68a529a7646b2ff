/*
 * check_progress.c - bars on a pseudo-terminal, lines and JSON through a pipe, by a clock that the test turns.
 */
#include <check.h>
#include <fcntl.h>
#include <jansson.h>
#include <locale.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "human.h"
#include "progress.h"
#include "suite.h"

#define MIB (1ull << 20)

static uint64_t now_ms;
static int terminal, screen; /* what the program writes to, and where that is read */
static char seen[65536];

static uint64_t
clock_ms(void)
{
	return now_ms;
}

static void
width(unsigned short columns)
{
	struct winsize ws = { .ws_col = columns, .ws_row = 24 };

	ck_assert_int_eq(ioctl(terminal, TIOCSWINSZ, &ws), 0);
}

static void
setup(void)
{
	struct termios raw;

	ck_assert_ptr_nonnull(setlocale(LC_ALL, "C.UTF-8"));
	setenv("TERM", "xterm", 1);
	ck_assert_int_eq(openpty(&screen, &terminal, NULL, NULL, NULL), 0);
	ck_assert_int_eq(tcgetattr(terminal, &raw), 0);
	cfmakeraw(&raw);
	ck_assert_int_eq(tcsetattr(terminal, TCSANOW, &raw), 0);
	ck_assert_int_eq(fcntl(screen, F_SETFL, O_NONBLOCK), 0);
	width(80);
	now_ms = 5000;
}

static void
teardown(void)
{
	close(terminal);
	close(screen);
}

/* What was written since the last look. */
static const char *
look(void)
{
	size_t n = 0;
	ssize_t got = 0;

	while (n < sizeof seen - 1 && (got = read(screen, seen + n, sizeof seen - 1 - n)) > 0)
		n += (size_t)got;
	seen[n] = '\0';
	return seen;
}

static void
start(struct progress *p, enum progress_mode mode)
{
	progress_start_at(p, mode, terminal, clock_ms, "packing");
}

static void
step(struct progress *p, uint64_t ms, uint64_t done, uint64_t all)
{
	now_ms += ms;
	progress_update(p, done, all);
}

START_TEST(bar_shows_phase_amount_rate_and_time_left)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 0, 0, 400 * MIB);
	ck_assert_str_eq(look(), "\rpacking                          0 B\033[K");
	step(&p, 1000, 40 * MIB, 400 * MIB);
	ck_assert_str_eq(look(), "\rpacking    ██                    40 MiB  42 MB/s  0:09 left\033[K");
	step(&p, 1000, 65 * MIB, 400 * MIB);
	ck_assert_str_eq(look(), "\rpacking    ███▎                  65 MiB  38 MB/s  0:09 left\033[K");
}
END_TEST

START_TEST(finished_bar_stays_on_its_line)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 2000, 100 * MIB, 100 * MIB);
	look();
	progress_end(&p, true);
	ck_assert_str_eq(look(), "\rpacking    ████████████████████  100 MiB  52 MB/s  done\033[K\n");
	progress_end(&p, true);
	progress_update(&p, 1, 2);
	ck_assert_str_eq(look(), "");
}
END_TEST

START_TEST(failed_bar_wipes_itself)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 500, 1, 2);
	look();
	progress_end(&p, false);
	ck_assert_str_eq(look(), "\r\033[K");
	start(&p, PROGRESS_BAR);
	progress_end(&p, false);
	ck_assert_str_eq(look(), ""); /* nothing was drawn */
}
END_TEST

START_TEST(bar_makes_way_and_comes_back)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 500, 1, 2);
	look();
	progress_clear(&p);
	ck_assert_str_eq(look(), "\r\033[K");
	progress_clear(&p);
	ck_assert_str_eq(look(), "");
	step(&p, 1, 1, 2);
	ck_assert_str_ne(look(), "");
}
END_TEST

START_TEST(bar_is_redrawn_ten_times_a_second_at_most)
{
	struct progress p;
	int drawn = 0;

	start(&p, PROGRESS_BAR);
	for (uint64_t i = 0; i < 1000; i++) {
		step(&p, 1, i, 1000);
		drawn += look()[0] != '\0';
	}
	ck_assert_int_ge(drawn, 9);
	ck_assert_int_le(drawn, 11);
}
END_TEST

/* The visible part of one redrawn line. */
static size_t
visible_width(const char *drawn)
{
	char line[512];

	ck_assert_int_eq(drawn[0], '\r');
	snprintf(line, sizeof line, "%s", drawn + 1);
	ck_assert_ptr_nonnull(strstr(line, "\033[K"));
	*strstr(line, "\033[K") = '\0';
	return human_width(line);
}

START_TEST(bar_fits_every_width)
{
	for (unsigned short w = 1; w < 200; w++) {
		struct progress p;

		width(w);
		start(&p, PROGRESS_BAR);
		step(&p, 0, 0, 1023 * MIB);
		step(&p, 2000, 1000, 1023ull << 40);
		ck_assert_uint_lt(visible_width(strrchr(look(), '\r')), w);
		step(&p, 2000, 900 * MIB, 1023 * MIB);
		ck_assert_uint_lt(visible_width(look()), w);
	}
}
END_TEST

START_TEST(narrow_terminal_goes_without_a_bar)
{
	struct progress p;

	width(40);
	start(&p, PROGRESS_BAR);
	step(&p, 2000, 40 * MIB, 80 * MIB);
	ck_assert_str_eq(look(), "\rpacking    40 MiB  21 MB/s  0:02 left\033[K");
}
END_TEST

START_TEST(counted_things_have_no_rate)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	p.counted = true;
	step(&p, 2000, 6, 12);
	ck_assert_str_eq(look(), "\rpacking    ██████████            6/12  0:02 left\033[K");
}
END_TEST

START_TEST(long_waits_are_shown_in_hours)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 10000, 10, 37330);
	ck_assert_ptr_nonnull(strstr(look(), "  10:22:00 left"));
	start(&p, PROGRESS_BAR);
	step(&p, 10000, 1, UINT64_MAX);
	ck_assert_ptr_null(strstr(look(), "left"));
}
END_TEST

START_TEST(odd_amounts_do_no_harm)
{
	struct progress p;

	start(&p, PROGRESS_BAR);
	step(&p, 500, 0, 0);
	step(&p, 500, 5, 3);
	step(&p, 5000, 2, 3); /* backwards */
	step(&p, 5000, UINT64_MAX, UINT64_MAX);
	ck_assert_str_ne(look(), "");
	progress_end(&p, true);
	ck_assert_ptr_nonnull(strstr(look(), "done"));
}
END_TEST

START_TEST(plain_prints_a_line_for_every_tenth)
{
	struct progress p;
	int lines = 0;

	start(&p, PROGRESS_PLAIN);
	for (uint64_t i = 0; i <= 1000; i++)
		step(&p, 10, i * MIB / 10, 100 * MIB);
	progress_end(&p, true);
	for (const char *s = look(); *s != '\0'; s++)
		lines += *s == '\n';
	ck_assert_int_eq(lines, 10);
	ck_assert_ptr_nonnull(strstr(seen, "packing 10 %, 10 MiB, 10 MB/s, 0:09 left\npacking 20 %"));
	ck_assert_ptr_nonnull(strstr(seen, "packing 90 %"));
	ck_assert_ptr_nonnull(strstr(seen, "packing, 100 MiB, 10 MB/s, done\n"));
	for (const char *s = seen; *s != '\0'; s++)
		ck_assert(*s == '\n' || (*s >= 0x20 && *s < 0x7f));
}
END_TEST

START_TEST(plain_skips_tenths_that_pass_at_once)
{
	struct progress p;

	start(&p, PROGRESS_PLAIN);
	p.counted = true;
	step(&p, 10, 0, 3);
	step(&p, 10, 1, 3);
	ck_assert_str_eq(look(), "packing 33 %, 1/3\n");
	step(&p, 10, 1, 3);
	ck_assert_str_eq(look(), "");
	progress_end(&p, false);
	ck_assert_str_eq(look(), "");
}
END_TEST

START_TEST(plain_is_never_silent_for_long)
{
	struct progress p;
	int lines = 0;

	start(&p, PROGRESS_PLAIN);
	p.counted = true;
	for (unsigned i = 0; i <= 250; i++) /* of what takes an hour, the first minute and a half */
		step(&p, 360, i, 10000);
	for (const char *s = look(); *s != '\0'; s++)
		lines += *s == '\n';
	ck_assert_int_eq(lines, 8);
	ck_assert_ptr_eq(strstr(seen, "packing 0 %, 27/10000, "), seen);
	ck_assert_ptr_nonnull(strstr(seen, "packing 1 %, "));
	step(&p, 1000, 2000, 10000);
	ck_assert_ptr_eq(strstr(look(), "packing 20 %, 2000/10000, "), seen);
	step(&p, 9999, 2001, 10000);
	ck_assert_str_eq(look(), "");
	step(&p, 1, 2001, 10000);
	ck_assert_ptr_eq(strstr(look(), "packing 20 %, 2001/10000, "), seen);
	step(&p, 60000, 10000, 10000); /* the end says itself */
	ck_assert_str_eq(look(), "");
}
END_TEST

static void
field_is(const json_t *o, const char *name, const char *want)
{
	ck_assert_str_eq(json_string_value(json_object_get(o, name)), want);
}

static json_t *
parse_line(void)
{
	json_t *o = NULL;

	look();
	ck_assert_uint_gt(strlen(seen), 0);
	ck_assert_ptr_eq(strchr(seen, '\n'), seen + strlen(seen) - 1);
	o = json_loads(seen, 0, NULL);
	ck_assert_ptr_nonnull(o);
	return o;
}

START_TEST(json_is_one_object_a_line)
{
	struct progress p;
	json_t *o = NULL;

	start(&p, PROGRESS_JSON);
	step(&p, 2000, 9007199254740993, UINT64_MAX);
	o = parse_line();
	field_is(o, "phase", "packing");
	field_is(o, "state", "running");
	field_is(o, "unit", "bytes");
	field_is(o, "done", "9007199254740993");
	field_is(o, "total", "18446744073709551615");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "rate")), 4503599627370496);
	ck_assert_int_eq(json_integer_value(json_object_get(o, "seconds_left")), 4094);
	json_decref(o);
}
END_TEST

START_TEST(json_ends_with_its_outcome)
{
	struct progress p;
	json_t *o = NULL;

	start(&p, PROGRESS_JSON);
	p.counted = true;
	step(&p, 100, 1, 2);
	o = parse_line();
	ck_assert(json_is_null(json_object_get(o, "seconds_left")));
	field_is(o, "unit", "items");
	json_decref(o);
	progress_end(&p, false);
	o = parse_line();
	field_is(o, "state", "failed");
	json_decref(o);
	start(&p, PROGRESS_JSON);
	step(&p, 100, 2, 2);
	look();
	progress_end(&p, true);
	o = parse_line();
	field_is(o, "state", "done");
	field_is(o, "done", "2");
	ck_assert_int_eq(json_integer_value(json_object_get(o, "rate")), 20);
	json_decref(o);
}
END_TEST

START_TEST(off_writes_nothing)
{
	struct progress p;

	start(&p, PROGRESS_OFF);
	step(&p, 1000, 1, 2);
	progress_clear(&p);
	progress_end(&p, true);
	ck_assert_str_eq(look(), "");
}
END_TEST

START_TEST(mode_follows_terminal_options_and_environment)
{
	struct cli c = { 0 };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_BAR);
	ck_assert_int_eq(progress_choose(&c, ends[1]), PROGRESS_OFF);
	c.plain = true;
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_PLAIN);
	ck_assert_int_eq(progress_choose(&c, ends[1]), PROGRESS_PLAIN); /* asked for: a log has them too */
	c.quiet = true;
	ck_assert_int_eq(progress_choose(&c, ends[1]), PROGRESS_OFF);
	c.plain = c.quiet = false;
	setenv("TERM", "dumb", 1);
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_PLAIN);
	unsetenv("TERM");
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_PLAIN);
	setenv("TERM", "xterm", 1);
	setlocale(LC_ALL, "C");
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_PLAIN);
	c.quiet = true;
	ck_assert_int_eq(progress_choose(&c, terminal), PROGRESS_OFF);
	c.progress_json = true;
	ck_assert_int_eq(progress_choose(&c, ends[1]), PROGRESS_JSON);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

SUITE("progress", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, bar_shows_phase_amount_rate_and_time_left);
	tcase_add_test(t, finished_bar_stays_on_its_line);
	tcase_add_test(t, failed_bar_wipes_itself);
	tcase_add_test(t, bar_makes_way_and_comes_back);
	tcase_add_test(t, bar_is_redrawn_ten_times_a_second_at_most);
	tcase_add_test(t, bar_fits_every_width);
	tcase_add_test(t, narrow_terminal_goes_without_a_bar);
	tcase_add_test(t, counted_things_have_no_rate);
	tcase_add_test(t, long_waits_are_shown_in_hours);
	tcase_add_test(t, odd_amounts_do_no_harm);
	tcase_add_test(t, plain_prints_a_line_for_every_tenth);
	tcase_add_test(t, plain_skips_tenths_that_pass_at_once);
	tcase_add_test(t, plain_is_never_silent_for_long);
	tcase_add_test(t, json_is_one_object_a_line);
	tcase_add_test(t, json_ends_with_its_outcome);
	tcase_add_test(t, off_writes_nothing);
	tcase_add_test(t, mode_follows_terminal_options_and_environment);
}
