/*
 * check_opt.c - options and operands in every order, and what is refused.
 */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "opt.h"
#include "suite.h"

static struct cli c;
static uint32_t number;
static bool flag;
static const char *text;
static struct opt_list list;
static struct opt_words operands;

#define GO -1

/* GO, or what a verb that was called so returns. */
static int
parse(const char *const *words, int min, int max, unsigned common)
{
	static char *argv[32];
	static char copies[32][64];
	const struct opt rows[] = {
	    {OPT_NUMBER, "codes", 'n', "N", "", &number, 1, 100},
	    {OPT_FLAG, "add", 0, NULL, "", &flag, 0, 0},
	    {OPT_TEXT, "label", 0, "TEXT", "", &text, 0, 0},
	    {OPT_LIST, "holder", 'H', "NAME", "", &list, 0, 0},
	    {OPT_END, NULL, 0, NULL, NULL, NULL, 0, 0},
	};
	const struct opt_verb v = {"verb A...", "", common, rows, min, max};
	enum err err = E_FAIL;
	int argc = 0;

	memset(&c, 0, sizeof c);
	c.verb = "verb";
	number = 0;
	flag = false;
	text = NULL;
	opt_list_free(&list);
	while (words[argc] != NULL) {
		strcpy(copies[argc], words[argc]);
		argv[argc] = copies[argc];
		argc++;
	}
	argv[argc] = NULL;
	operands = (struct opt_words){argv, argc};
	if (!opt_parse(&c, &v, &operands, &err))
		return (int)err;
	ck_assert_int_eq(err, E_OK);
	return GO;
}

#define PARSE(min, max, common, ...) parse((const char *const[]){"verb", __VA_ARGS__, NULL}, min, max, common)

static void
setup(void)
{
	int null = open("/dev/null", O_WRONLY);

	dup2(null, 1);
	dup2(null, 2); /* the complaints are not what is tested */
	close(null);
}

START_TEST(options_stand_anywhere)
{
	ck_assert_int_eq(PARSE(2, 3, OPT_JSON, "a", "-n", "7", "b", "--add", "--json", "c", "--label=x y"), GO);
	ck_assert_int_eq(operands.count, 3);
	ck_assert_str_eq(operands.list[0], "a");
	ck_assert_str_eq(operands.list[1], "b");
	ck_assert_str_eq(operands.list[2], "c");
	ck_assert_uint_eq(number, 7);
	ck_assert(flag && c.json && !c.quiet);
	ck_assert_str_eq(text, "x y");
}
END_TEST

START_TEST(options_stand_anywhere_also_when_posixly_correct)
{
	setenv("POSIXLY_CORRECT", "1", 1);
	ck_assert_int_eq(PARSE(1, 1, 0, "a", "-q"), GO);
	ck_assert(c.quiet);
	ck_assert_int_eq(operands.count, 1);
}
END_TEST

START_TEST(two_dashes_end_options)
{
	ck_assert_int_eq(PARSE(0, -1, 0, "--add", "--", "-n", "--label"), GO);
	ck_assert_int_eq(operands.count, 2);
	ck_assert_str_eq(operands.list[0], "-n");
	ck_assert_str_eq(operands.list[1], "--label");
}
END_TEST

START_TEST(unknown_options)
{
	ck_assert_int_eq(PARSE(0, 1, 0, "--nothing"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "-z"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--add=yes"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--label"), E_USAGE);
}
END_TEST

START_TEST(options_that_the_verb_does_not_offer)
{
	ck_assert_int_eq(PARSE(0, 1, 0, "--json"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--code-file", "f"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, OPT_CODE, "--code-file", "f"), GO);
	ck_assert_str_eq(c.code_file, "f");
}
END_TEST

START_TEST(numbers_out_of_bounds)
{
	static const char *const bad[] = {"0", "101", "-1", "+1", "1x", "", " 1", "18446744073709551617"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ck_assert_int_eq(PARSE(0, 1, 0, "-n", bad[i]), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "-n100"), GO);
	ck_assert_uint_eq(number, 100);
}
END_TEST

START_TEST(too_few_and_too_many_operands)
{
	ck_assert_int_eq(PARSE(2, 2, 0, "a"), E_USAGE);
	ck_assert_int_eq(PARSE(2, 2, 0, "a", "b", "c"), E_USAGE);
	ck_assert_int_eq(PARSE(2, 2, 0, "a", "b"), GO);
}
END_TEST

START_TEST(two_secrets_from_standard_input)
{
	ck_assert_int_eq(PARSE(0, 1, OPT_CODE | OPT_PASSPHRASE, "--code-file", "-", "--passphrase-file", "-"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, OPT_CODE | OPT_PASSPHRASE, "--code-file", "-", "--passphrase-file", "f"), GO);
}
END_TEST

/* hostile 79 */
START_TEST(options_given_twice)
{
	ck_assert_int_eq(PARSE(0, 1, 0, "--label", "a", "--label", "b"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--label", "a", "--label", "a"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--label=a", "x", "--lab", "b"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "-n", "2", "--codes", "3"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "-n2", "-n3"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, 0, "--add", "--add"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, OPT_JSON, "-q", "--quiet"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 1, OPT_PASSPHRASE, "--passphrase-file", "a", "--pass=b"), E_USAGE);
	ck_assert_int_eq(PARSE(0, 2, 0, "--label", "a", "--", "--label"), GO);
	ck_assert_str_eq(text, "a");
}
END_TEST

START_TEST(lists_keep_all_that_they_are_given)
{
	ck_assert_int_eq(PARSE(0, 1, 0, "--holder", "R1", "x", "-H", "R2", "--hold=R1"), GO);
	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.items[0], "R1");
	ck_assert_str_eq(list.items[1], "R2");
	ck_assert_str_eq(list.items[2], "R1");
	ck_assert_int_eq(PARSE(0, 1, 0, "--add"), GO);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_int_eq(PARSE(0, 1, 0, "--holder", "R1", "--nothing"), E_USAGE);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(list.items);
}
END_TEST

START_TEST(help_is_enough_without_operands)
{
	ck_assert_int_eq(PARSE(2, 2, 0, "--help"), E_OK);
	ck_assert_int_eq(PARSE(2, 2, 0, "-h"), E_OK);
}
END_TEST

START_TEST(nearest_word)
{
	static const char *const names[] = {"mount", "unmount", "prepare", "collect"};

	ck_assert_str_eq(opt_nearest("mont", names, 4), "mount");
	ck_assert_str_eq(opt_nearest("prepaer", names, 4), "prepare");
	ck_assert_str_eq(opt_nearest("coll", names, 4), "collect");
	ck_assert_ptr_null(opt_nearest("yes", names, 4));
	ck_assert_ptr_null(opt_nearest("", names, 4));
	ck_assert_ptr_null(opt_nearest("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", names, 4));
}
END_TEST

SUITE("opt", .setup = setup, .teardown = NULL)
{
	tcase_add_test(t, options_stand_anywhere);
	tcase_add_test(t, options_stand_anywhere_also_when_posixly_correct);
	tcase_add_test(t, two_dashes_end_options);
	tcase_add_test(t, unknown_options);
	tcase_add_test(t, options_that_the_verb_does_not_offer);
	tcase_add_test(t, numbers_out_of_bounds);
	tcase_add_test(t, too_few_and_too_many_operands);
	tcase_add_test(t, two_secrets_from_standard_input);
	tcase_add_test(t, options_given_twice);
	tcase_add_test(t, lists_keep_all_that_they_are_given);
	tcase_add_test(t, help_is_enough_without_operands);
	tcase_add_test(t, nearest_word);
}
