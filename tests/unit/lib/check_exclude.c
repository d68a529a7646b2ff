/*
 * check_exclude.c - which files patterns match, which patterns are refused, and how long matching may take.
 */
#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exclude.h"
#include "suite.h"

static struct exclude x;

static void
setup(void)
{
	setlocale(LC_ALL, "C.UTF-8");
	memset(&x, 0, sizeof x);
}

static void
teardown(void)
{
	exclude_free(&x);
}

static const struct {
	const char *pattern, *path; /* a slash at the end of path: a directory */
	bool out;
} pairs[] = {
	{"notes.txt", "notes.txt", true},
	{"notes.txt", "week/12/notes.txt", true},
	{"notes.txt", "notes.txt.bak", false},
	{"Notes.txt", "notes.txt", false},
	{"notes.txt", "notes.txt/", true},
	{"*.tmp", "a.tmp", true},
	{"*.tmp", "week/.tmp", true},
	{"*.tmp", "a.tmp/", true},
	{"?.txt", "a.txt", true},
	{"?.txt", "\xc3\xa4.txt", true},         /* a character, not a byte */
	{"?.txt", "ab.txt", false},
	{"[ab].txt", "b.txt", true},
	{"[!ab].txt", "b.txt", false},
	{"\\*.txt", "*.txt", true},
	{"\\*.txt", "a.txt", false},
	{"*", "anything", true},
	{"week/notes.txt", "week/notes.txt", true},
	{"week/notes.txt", "old/week/notes.txt", false},
	{"week/*", "week/a", true},
	{"week/*", "week/12/", true},
	{"week/*", "week/12/a", false},          /* but then nobody looks into week/12 */
	{"*/a", "week/12/a", false},
	{"/a", "a", true},
	{"/a", "week/a", false},
	{"./a", "a", true},
	{"./a", "week/a", false},
	{"drafts/", "drafts/", true},
	{"drafts/", "week/drafts/", true},
	{"drafts/", "drafts", false},
	{"week/drafts/", "week/drafts/", true},
	{"week/drafts/", "drafts/", false},
	{"/drafts//", "drafts/", true},
	{"#*#", "#a#", true},                    /* it is a comment in a file only */
	{"!a", "a", false},
	{"[", "[", true},
	{"[", "a", false},
	{"a\xff*", "a\xff" "b", true},           /* names are bytes */
	{"*.tmp", "a\xff.tmp", true},
	{".oncestickignore", "week/.oncestickignore", true},
};

static bool
is_out(const char *path)
{
	char bare[300];
	size_t n = strlen(path);
	bool dir = n > 0 && path[n - 1] == '/';

	memcpy(bare, path, n + 1);
	if (dir)
		bare[n - 1] = '\0';
	return exclude_match(&x, bare, dir);
}

START_TEST(a_pattern_matches)
{
	ck_assert_int_eq(exclude_add(&x, pairs[_i].pattern), EXCLUDE_OK);
	ck_assert_msg(is_out(pairs[_i].path) == pairs[_i].out, "%s, %s", pairs[_i].pattern, pairs[_i].path);
	ck_assert_int_eq(x.list[0].found, pairs[_i].out);
	ck_assert_str_eq(x.list[0].text, pairs[_i].pattern);
}
END_TEST

START_TEST(the_usual_rubbish_in_any_case)
{
	static const char *const rubbish[] = {".DS_Store", "week/.ds_store", "Thumbs.db", "a/b/THUMBS.DB", "desktop.ini",
	    "Desktop.ini", "._film.mp4", "a/._b", ".~lock.talk.odp#"};
	static const char *const fine[] = {"DS_Store", "Thumbs.db.txt", ".lock", "~lock", ".~lock.talk.odp", "_.a", "film._mp4"};

	ck_assert_int_eq(exclude_usual(&x), EXCLUDE_OK);
	for (size_t i = 0; i < sizeof rubbish / sizeof rubbish[0]; i++)
		ck_assert_msg(is_out(rubbish[i]), "%s", rubbish[i]);
	for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++)
		ck_assert_msg(!is_out(fine[i]), "%s", fine[i]);
	for (size_t i = 0; i < x.count; i++)
		ck_assert(x.list[i].usual);
}
END_TEST

START_TEST(what_was_left_out_is_counted)
{
	ck_assert_int_eq(exclude_add(&x, "*.bak"), EXCLUDE_OK);
	ck_assert_int_eq(exclude_add(&x, "old/"), EXCLUDE_OK);
	ck_assert_int_eq(exclude_add(&x, "a.*"), EXCLUDE_OK);
	ck_assert(is_out("a.bak") && is_out("week/old/") && !is_out("b"));
	ck_assert_uint_eq(x.files, 1);
	ck_assert_uint_eq(x.dirs, 1);
	ck_assert_uint_eq(x.kept_count, 2);
	ck_assert_str_eq(x.kept[0], "a.bak");
	ck_assert_str_eq(x.kept[1], "week/old/");
	for (size_t i = 0; i < 3; i++)
		ck_assert(x.list[i].found);
	for (size_t i = 0; i < 2 * EXCLUDE_KEPT; i++)
		ck_assert(is_out("b.bak"));
	ck_assert_uint_eq(x.kept_count, EXCLUDE_KEPT);
	ck_assert_uint_eq(x.files, 1 + 2 * EXCLUDE_KEPT);
}
END_TEST

START_TEST(the_file_itself_is_left_out_and_not_counted)
{
	ck_assert(is_out(".oncestickignore"));
	ck_assert(!is_out(".oncestickignore/") && !is_out("week/.oncestickignore"));
	ck_assert_uint_eq(x.files + x.dirs, 0);
}
END_TEST

/* ---- files --------------------------------------------------------------------------------------------------------------- */

static enum exclude_result
read_text(const char *text, size_t *line)
{
	return exclude_read(&x, BYTES((const uint8_t *)text, strlen(text)), line);
}

START_TEST(a_file_has_a_pattern_in_each_line)
{
	size_t line = 0;

	ck_assert_int_eq(read_text("\xef\xbb\xbf*.bak\r\n\n  \n# old\n#\nold/ \t\n a\n\\#b\nlast", &line), EXCLUDE_OK);
	ck_assert_uint_eq(x.count, 5);
	ck_assert_str_eq(x.list[0].text, "*.bak");
	ck_assert_str_eq(x.list[1].text, "old/");
	ck_assert_str_eq(x.list[2].text, " a");
	ck_assert(is_out("#b") && is_out("last"));
	ck_assert_int_eq(read_text("", &line), EXCLUDE_OK);
}
END_TEST

START_TEST(what_is_wrong_in_a_file_is_in_that_line)
{
	char many[4 * EXCLUDE_PATTERNS] = "", longest[EXCLUDE_LENGTH + 4];
	size_t line = 0;

	ck_assert_int_eq(read_text("a\n\n./\n", &line), EXCLUDE_EMPTY);
	ck_assert_uint_eq(line, 3);
	ck_assert_int_eq(read_text("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*", &line), EXCLUDE_STARRY);
	ck_assert_uint_eq(line, 1);
	ck_assert_int_eq(exclude_read(&x, BYTES((const uint8_t *)"a\0b", 3), &line), EXCLUDE_BINARY);
	memset(longest, 'a', sizeof longest);
	longest[EXCLUDE_LENGTH] = '\0';
	ck_assert_int_eq(read_text(longest, &line), EXCLUDE_OK);
	longest[EXCLUDE_LENGTH] = 'a';
	longest[EXCLUDE_LENGTH + 1] = '\0';
	ck_assert_int_eq(read_text(longest, &line), EXCLUDE_LONG);
	exclude_free(&x);
	for (unsigned i = 0; i < EXCLUDE_PATTERNS; i++)
		strcat(many, "a\n");
	ck_assert_int_eq(read_text(many, &line), EXCLUDE_OK);
	ck_assert_int_eq(read_text("b", &line), EXCLUDE_MANY);
	ck_assert_int_eq(read_text("# b", &line), EXCLUDE_OK);
}
END_TEST

START_TEST(a_pattern_that_names_nothing_is_refused)
{
	static const char *const empty[] = {"", "/", "//", "./", ".//./"};

	for (size_t i = 0; i < sizeof empty / sizeof empty[0]; i++)
		ck_assert_int_eq(exclude_add(&x, empty[i]), EXCLUDE_EMPTY);
	ck_assert_uint_eq(x.count, 0);
}
END_TEST

/* As many stars as there may be, against the longest name: no machine comes near the bound if fnmatch does not try all ways. */
START_TEST(the_slowest_pattern_takes_no_time)
{
	char name[256], pattern[2 * EXCLUDE_STARS + 2];
	clock_t began = clock();

	memset(name, 'a', 255);
	name[255] = '\0';
	for (unsigned i = 0; i < EXCLUDE_STARS; i++)
		memcpy(pattern + 2 * i, "*a", 2);
	memcpy(pattern + 2 * EXCLUDE_STARS, "b", 2);
	ck_assert_int_eq(exclude_add(&x, pattern), EXCLUDE_OK);
	for (int i = 0; i < 10; i++)
		ck_assert(!is_out(name));
	ck_assert_int_lt((clock() - began) / CLOCKS_PER_SEC, 2);
}
END_TEST

SUITE("exclude", .setup = setup, .teardown = teardown)
{
	tcase_add_loop_test(t, a_pattern_matches, 0, sizeof pairs / sizeof pairs[0]);
	tcase_add_test(t, the_usual_rubbish_in_any_case);
	tcase_add_test(t, what_was_left_out_is_counted);
	tcase_add_test(t, the_file_itself_is_left_out_and_not_counted);
	tcase_add_test(t, a_file_has_a_pattern_in_each_line);
	tcase_add_test(t, what_is_wrong_in_a_file_is_in_that_line);
	tcase_add_test(t, a_pattern_that_names_nothing_is_refused);
	tcase_add_test(t, the_slowest_pattern_takes_no_time);
}
