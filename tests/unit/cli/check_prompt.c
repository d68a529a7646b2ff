/*
 * check_prompt.c - answers from files, and from a person on a pseudo-terminal.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <sodium.h>

#include "prompt.h"
#include "prompt_code.h"
#include "stop.h"
#include "suite.h"

static struct sentence *sentences;

/* ---- files --------------------------------------------------------------------------------------------------------------- */

static char path[64];

static void
put_file(const char *text, size_t n)
{
	int fd = -1;

	snprintf(path, sizeof path, "/tmp/check-prompt-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
}

static enum err
passphrase_of(const char *text, size_t n, struct prompt_answer *a)
{
	struct cli c = {.sentences = &sentences, .passphrase_file = path};
	struct fault f = {0};
	enum err e = E_OK;

	put_file(text, n);
	e = prompt_passphrase(&c, NULL, a, &f);
	unlink(path);
	ck_assert_int_eq(e, f.err);
	return e;
}

static enum err
code_of(const char *text, size_t n, struct prompt_answer *a)
{
	struct cli c = {.sentences = &sentences, .code_file = path};
	struct fault f = {0};
	enum err e = E_OK;

	put_file(text, n);
	e = prompt_code(&c, NULL, a, &f);
	unlink(path);
	ck_assert_int_eq(e, f.err);
	return e;
}

START_TEST(passphrase_is_the_first_line_without_its_line_feed)
{
	struct prompt_answer a = {0};

	ck_assert_int_eq(passphrase_of("one \xc3\xbc\r\ntwo\n", 13, &a), E_OK);
	ck_assert_uint_eq(a.n, 6);
	ck_assert_str_eq(a.text, "one \xc3\xbc"); /* a file from Windows */
	prompt_free(&a);
	ck_assert_int_eq(passphrase_of("a\rb\r\r\n", 6, &a), E_OK);
	ck_assert_str_eq(a.text, "a\rb\r");
	prompt_free(&a);
	ck_assert_int_eq(passphrase_of("\xef\xbb\xbfmarked\r\n", 11, &a), E_OK);
	ck_assert_str_eq(a.text, "marked");
	prompt_free(&a);
	ck_assert_int_eq(passphrase_of("last\r", 5, &a), E_OK);
	ck_assert_str_eq(a.text, "last");
	prompt_free(&a);
	ck_assert_ptr_null(a.text);
	ck_assert_int_eq(passphrase_of("bare", 4, &a), E_OK);
	ck_assert_str_eq(a.text, "bare");
	prompt_free(&a);
}
END_TEST

START_TEST(passphrase_empty_or_too_long)
{
	struct prompt_answer a = {0};
	char text[PROMPT_MAX + 2];

	ck_assert_int_eq(passphrase_of("", 0, &a), E_PASSPHRASE);
	ck_assert_int_eq(passphrase_of("\nsecond\n", 8, &a), E_PASSPHRASE);
	ck_assert_int_eq(passphrase_of("\r\n", 2, &a), E_PASSPHRASE);
	ck_assert_ptr_null(a.text);
	memset(text, 'x', sizeof text);
	text[PROMPT_MAX] = '\n';
	ck_assert_int_eq(passphrase_of(text, PROMPT_MAX + 1, &a), E_OK);
	ck_assert_uint_eq(a.n, PROMPT_MAX);
	prompt_free(&a);
	text[PROMPT_MAX] = 'x';
	ck_assert_int_eq(passphrase_of(text, PROMPT_MAX + 1, &a), E_PASSPHRASE);
}
END_TEST

/* What is wrong with the file is said; "this is not the passphrase" would have its owner look elsewhere. */
static void
passphrase_file_told(const char *text, size_t n, const char *words)
{
	struct cli c = {.sentences = &sentences, .passphrase_file = path};
	struct prompt_answer a = {0};
	struct fault f = {0};

	put_file(text, n);
	ck_assert_int_eq(prompt_passphrase(&c, NULL, &a, &f), E_PASSPHRASE);
	unlink(path);
	ck_assert_str_eq(f.step, "");
	ck_assert_msg(strstr(f.said, words) != NULL && strstr(f.said, path) != NULL, "%s", f.said);
	ck_assert_ptr_null(a.text);
}

START_TEST(passphrase_file_in_utf16_or_with_an_empty_line_first)
{
	passphrase_file_told("\xff\xfe" "o\0k\0\r\0\n\0", 10, "UTF-16");
	passphrase_file_told("\xfe\xff" "\0o\0k\0\n", 8, "UTF-16");
	passphrase_file_told("\xff\xfe\n\0", 4, "UTF-16");
	passphrase_file_told("o\0k\0\r\0\n\0", 8, "UTF-16"); /* without the mark */
	passphrase_file_told("\0o\0k\0\r\0\n", 8, "UTF-16");
	passphrase_file_told("o\0", 2, "UTF-16");
	passphrase_file_told("\nsecond\n", 8, "first line");
	passphrase_file_told("\r\nsecond\r\n", 10, "first line");
	passphrase_file_told("\xef\xbb\xbf\r\nsecond\n", 12, "first line");
	passphrase_file_told("", 0, "first line");
}
END_TEST

START_TEST(code_file_empty_or_too_long)
{
	struct prompt_answer a = {0};
	char text[PROMPT_MAX + 1];

	ck_assert_int_eq(code_of("ABCD-EFGH\nmore", 14, &a), E_OK);
	ck_assert_str_eq(a.text, "ABCD-EFGH");
	prompt_free(&a);
	ck_assert_int_eq(code_of("", 0, &a), E_CODE_FORM);
	ck_assert_int_eq(code_of("\n", 1, &a), E_CODE_FORM);
	ck_assert_int_eq(code_of("\r\n \n\xc2\xa0\xe2\x80\x8b\nABCD-EFGH\r\nmore", 26, &a), E_OK);
	ck_assert_str_eq(a.text, "ABCD-EFGH\r");
	prompt_free(&a);
	ck_assert_int_eq(code_of("\xff\xfe" "A\0B\0", 6, &a), E_CODE_FORM);
	ck_assert_int_eq(code_of("A\0B\0\n\0", 6, &a), E_CODE_FORM);
	ck_assert_int_eq(code_of("\n\0A\0B\0\n\0", 8, &a), E_CODE_FORM);
	ck_assert_int_eq(code_of("\0\n\0A\0B\0\n", 8, &a), E_CODE_FORM);
	memset(text, 'A', sizeof text);
	ck_assert_int_eq(code_of(text, sizeof text, &a), E_CODE_FORM);
	ck_assert_ptr_null(a.text);
}
END_TEST

START_TEST(file_that_is_missing)
{
	struct cli c = {.sentences = &sentences, .passphrase_file = "/nonexistent/file", .code_file = "/nonexistent/file"};
	struct prompt_answer a = {0};
	struct fault f = {0};

	ck_assert_int_eq(prompt_passphrase(&c, NULL, &a, &f), E_PROMPT);
	fault_clear(&f);
	ck_assert_int_eq(prompt_code(&c, NULL, &a, &f), E_PROMPT);
	ck_assert_int_eq(f.sys, ENOENT);
}
END_TEST

START_TEST(standard_input_keeps_what_follows_the_line)
{
	struct cli c = {.sentences = &sentences, .passphrase_file = "-"};
	struct prompt_answer a = {0};
	struct fault f = {0};
	char rest[16] = "";
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(write(fds[1], "pass\ncode\n", 10), 10);
	close(fds[1]);
	ck_assert_int_eq(dup2(fds[0], 0), 0);
	ck_assert_int_eq(prompt_passphrase(&c, NULL, &a, &f), E_OK);
	ck_assert_str_eq(a.text, "pass");
	ck_assert_int_eq(read(0, rest, sizeof rest - 1), 5);
	ck_assert_str_eq(rest, "code\n");
	prompt_free(&a);
}
END_TEST

static enum err
on_line(void *arg, const char *line, size_t n, struct fault *f)
{
	char *all = arg;

	ck_assert_uint_eq(strlen(line), n);
	strcat(strcat(all, line), "|");
	return strcmp(line, "stop") == 0 ? fault_set(f, E_CODE_TYPO, 0, "code", "%s", "") : E_OK;
}

START_TEST(every_line_of_a_code_file)
{
	struct cli c = {.sentences = &sentences, .code_file = path};
	struct fault f = {0};
	char all[64] = "";

	put_file("one\n\ntwo\nthree", 14);
	ck_assert_int_eq(prompt_code_lines(&c, on_line, all, &f), E_OK);
	unlink(path);
	ck_assert_str_eq(all, "one|two|three|");
	all[0] = '\0';
	put_file("one\nstop\ntwo\n", 13);
	ck_assert_int_eq(prompt_code_lines(&c, on_line, all, &f), E_CODE_TYPO);
	unlink(path);
	ck_assert_str_eq(all, "one|stop|");
	fault_clear(&f);
	put_file("o\0n\0e\0\n\0t\0", 10);
	ck_assert_int_eq(prompt_code_lines(&c, on_line, all, &f), E_CODE_FORM);
	unlink(path);
	ck_assert_str_eq(all, "one|stop|");
	ck_assert_ptr_nonnull(strstr(f.said, "UTF-16"));
}
END_TEST

/* ---- a person ------------------------------------------------------------------------------------------------------------ */

#define COOKED ((tcflag_t)(ECHO | ICANON | ISIG))

enum question { ASK_PASSPHRASE, ASK_CODE, ASK_SYMBOLS, ASK_YES, ASK_ENTER, ASK_CHOICE, ASK_AS_A_JOB };

static int screen;
static pid_t person; /* the child that asks */
static int answer;   /* what it got */
static char seen[8192];

static void
ask(enum question q, int out)
{
	struct cli c = {.sentences = &sentences};
	struct prompt_answer a = {0};
	struct fault f = {0};
	const struct prompt_way ways[] = {{'y', "Yes"}, {'p', "Pause"}, {'n', "No"}, {0, NULL}};
	struct termios now;
	const struct prompt_question long_one = {
	    "Q: this is a question that is longer than a line", "[y/N, p = pause]", ways, 'n'};
	char symbols[CODE_SYMBOLS + 1] = "", letter[2] = "";
	enum err e = E_OK;

	stop_install();
	if (q == ASK_PASSPHRASE)
		e = prompt_passphrase(&c, "Q: ", &a, &f);
	else if (q == ASK_CODE)
		e = prompt_code(&c, "Q: ", &a, &f);
	else if (q == ASK_SYMBOLS)
		e = prompt_code_symbols(&c, "Q: ", true, symbols, &f);
	else if (q == ASK_CHOICE)
		e = prompt_choice(&c, &long_one, letter, &f);
	else if (q == ASK_YES)
		e = prompt_yes(&c, "Q:", &f);
	else
		e = prompt_enter(&c, "Q:", &f);
	if (tcgetattr(0, &now) != 0 || (now.c_lflag & COOKED) != COOKED)
		dprintf(out, "raw ");
	dprintf(out, "%d %s%s%s", (int)e, a.text != NULL ? a.text : "", e == E_OK ? symbols : "", letter);
	prompt_free(&a);
	_exit(0);
}

/* As a shell has it: a process group of its own in the foreground, which is continued as soon as it was stopped. */
static void
ask_as_a_job(int out)
{
	struct termios now;
	int status = 0;
	pid_t job = fork();

	if (job == 0) {
		setpgid(0, 0);
		signal(SIGTTOU, SIG_IGN);
		tcsetpgrp(0, getpid());
		signal(SIGTTOU, SIG_DFL);
		ask(ASK_CODE, out);
	}
	while (waitpid(job, &status, WUNTRACED) == job && WIFSTOPPED(status)) {
		if (tcgetattr(0, &now) == 0 && (now.c_lflag & COOKED) == COOKED)
			dprintf(out, "stopped ");
		kill(job, SIGCONT);
	}
	_exit(0);
}

static void
look_until(const char *text)
{
	size_t n = strlen(seen);

	while (strstr(seen, text) == NULL) {
		ssize_t got = read(screen, seen + n, sizeof seen - 1 - n);

		ck_assert_int_gt(got, 0);
		n += (size_t)got;
		seen[n] = '\0';
	}
}

static void
start_on(unsigned short columns, enum question q)
{
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	seen[0] = '\0';
	person = forkpty(&screen, NULL, NULL, &(struct winsize){.ws_row = 24, .ws_col = columns});
	ck_assert_int_ge(person, 0);
	if (person == 0) {
		close(fds[0]);
		if (q == ASK_AS_A_JOB)
			ask_as_a_job(fds[1]);
		ask(q, fds[1]);
	}
	close(fds[1]);
	answer = fds[0];
	look_until("Q:");
}

static void
start(enum question q)
{
	start_on(60, q);
}

static void
type(const char *keys)
{
	ck_assert_int_eq(write(screen, keys, strlen(keys)), (ssize_t)strlen(keys));
}

static void
expect(const char *wanted)
{
	char got[256] = "";
	size_t n = 0;
	ssize_t some = 0;

	while ((some = read(answer, got + n, sizeof got - 1 - n)) > 0)
		n += (size_t)some;
	got[n] = '\0';
	ck_assert_str_eq(got, wanted);
	waitpid(person, NULL, 0);
	close(answer);
	close(screen);
}

START_TEST(passphrase_is_not_shown)
{
	start(ASK_PASSPHRASE);
	type("secreX\x7ft\r");
	look_until("\n");
	ck_assert_ptr_null(strpbrk(seen, "secrt"));
	expect("0 secret");
}
END_TEST

START_TEST(terminal_is_as_before_after_a_signal)
{
	struct termios during;

	start(ASK_CODE);
	ck_assert_int_eq(tcgetattr(screen, &during), 0);
	ck_assert_uint_eq(during.c_lflag & COOKED, 0);
	ck_assert_int_eq(kill(person, SIGTERM), 0);
	expect("130 ");
}
END_TEST

START_TEST(code_is_grouped_and_folded_as_it_is_typed)
{
	start(ASK_CODE);
	type("hnsbpdt35ta5mcio");
	look_until("HNSB-PDT3-5TA5-MC10");
	type("\r");
	expect("0 hnsbpdt35ta5mcio");
}
END_TEST

START_TEST(code_is_edited)
{
	start(ASK_CODE);
	type("abc\x15xy-\x7f\x7fz\x1b[A\x1b[1;5Cq\r");
	expect("0 zq");
}
END_TEST

START_TEST(code_is_edited_in_the_middle)
{
	start(ASK_CODE);
	type("HNSBPDT35TXMCEM\x1b[D\x1b[D\x1b[D\x1b[D\x7f" "A5\r"); /* over the hyphen between two groups */
	expect("0 HNSBPDT35TA5MCEM");
	start(ASK_CODE);
	type("NSB-PDT3\x1b[Hh\x1bOF-5TA5\x1b[D\x1b[3~\x1b[1~\x1b[3~h\x05" "5-MCEM\r");
	expect("0 hNSB-PDT3-5TA5-MCEM");
}
END_TEST

START_TEST(wrong_group_is_named_before_enter)
{
	start(ASK_CODE);
	type("hnsb pdt3 5ta5 mcen");
	look_until("5TA5-MCEN  (typing error in group 4?)");
	type("\x7fm");
	type("\r");
	look_until("M\r\n"); /* and nothing behind it */
	expect("0 hnsb pdt3 5ta5 mcem");
}
END_TEST

START_TEST(pasted_with_line_breaks)
{
	start(ASK_SYMBOLS);
	type("\n  HNSB PDT3\r\n5TA5-MCEM\r\n");
	expect("0 HNSBPDT35TA5MCEM");
}
END_TEST

/* Nothing but the cursor's part is drawn, so that no line is broken. */
START_TEST(narrow_terminal)
{
	start_on(20, ASK_CODE);
	type("HNSBPDT35TA5MCEM");
	look_until("MCEM");
	ck_assert_ptr_null(strstr(seen, "HNSB-PDT3-5TA5-MCEM"));
	type("\r");
	expect("0 HNSBPDT35TA5MCEM");
}
END_TEST

START_TEST(terminal_without_backspace)
{
	setenv("TERM", "dumb", 1);
	start(ASK_CODE);
	type("HNSB pdt3\n");
	look_until("HNSB pdt3\r\n");
	ck_assert_ptr_null(strchr(seen, '\b'));
	expect("0 HNSB pdt3");
}
END_TEST

/* Wide characters are erased whole. */
START_TEST(other_keyboard_is_offered)
{
	start(ASK_SYMBOLS);
	type("\xe3\x85\x97\xe3\x85\x9c\xeb\x89\xb4\x7f\xeb\x89\xb4\xe3\x85\x94\xe3\x85\x87\xe3\x85\x85" "35\xe3\x85\x85\xe3"
	     "\x85\x81" "5\xe3\x85\xa1\xe3\x85\x8a\xeb\x93\x9c\r");
	look_until("Korean (two-set) keyboard that would be");
	look_until("[Enter / n]");
	ck_assert_ptr_nonnull(strstr(seen, "HNSB-PDT3-5TA5-MCEM"));
	type("\n");
	expect("0 HNSBPDT35TA5MCEM");
}
END_TEST

START_TEST(other_keyboard_is_refused)
{
	start(ASK_SYMBOLS);
	type("\thnsb)pdt\")(tq(),ce,\r");
	look_until("[Enter / n]");
	ck_assert_ptr_null(strstr(seen, "MCEM")); /* it is hidden */
	type("n\n");
	look_until("[E_CODE_FORM 20]\r\nQ: ");
	type("\x04");
	expect("24 ");
	start(ASK_SYMBOLS);
	type("hnsb)pdt\")(tq(),ce,\r");
	look_until("[Enter / n]");
	type("\x03");
	expect("130 ");
}
END_TEST

START_TEST(other_keyboard_in_a_file)
{
	struct cli c = {.sentences = &sentences, .code_file = path};
	struct fault f = {0};
	char symbols[CODE_SYMBOLS + 1] = "untouched";

	put_file("hnsb)pdt\")(tq(),ce,\n", 20);
	ck_assert_int_eq(prompt_code_symbols(&c, NULL, true, symbols, &f), E_CODE_FORM);
	unlink(path);
	ck_assert_str_eq(symbols, "untouched");
	ck_assert_ptr_nonnull(strstr(f.said, "French (AZERTY)"));
	ck_assert_ptr_null(strstr(f.said, "that would be")); /* faults end in logs */
}
END_TEST

START_TEST(code_is_hidden_by_tab)
{
	start(ASK_CODE);
	look_until("the Tab key hides it");
	type("\tabcd");
	look_until("\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2\xe2\x80\xa2");
	ck_assert_ptr_null(strstr(seen, "AB"));
	type("\t");
	look_until("ABCD");
	type("\r");
	expect("0 abcd");
}
END_TEST

START_TEST(name_of_a_code_is_shown_as_typed)
{
	start(ASK_CODE);
	type("7kq241/3");
	look_until("kq241/3");
	type("\r");
	expect("0 7kq241/3");
}
END_TEST

START_TEST(code_is_asked_for_until_it_is_one)
{
	start(ASK_SYMBOLS);
	type("HNSB-PDT3-5TA5-MCEN\r");
	look_until("Nothing was spent. [E_CODE_TYPO 21]\r\nQ: ");
	ck_assert_ptr_nonnull(strstr(seen, "group 4 \"MCEN\""));
	type("7kq241/3\r");
	look_until("[E_CODE_FORM 20]\r\nQ: ");
	ck_assert_ptr_nonnull(strstr(seen, "is the name of a code"));
	type("HNSB PDT3 5TA5 MCEM\r");
	expect("0 HNSBPDT35TA5MCEM");
	start(ASK_SYMBOLS);
	type("abc\r");
	look_until("[E_CODE_FORM 20]\r\nQ: ");
	type("\x04");
	expect("24 ");
}
END_TEST

START_TEST(code_from_a_file_is_tried_once)
{
	struct cli c = {.sentences = &sentences, .code_file = path};
	struct fault f = {0};
	char symbols[CODE_SYMBOLS];

	put_file("hnsbpdt35ta5mcem\n", 17);
	ck_assert_int_eq(prompt_code_symbols(&c, NULL, true, symbols, &f), E_OK);
	ck_assert_mem_eq(symbols, "HNSBPDT35TA5MCEM", CODE_SYMBOLS);
	unlink(path);
	put_file("hnsbpdt35ta5mcen\n", 17);
	ck_assert_int_eq(prompt_code_symbols(&c, NULL, true, symbols, &f), E_CODE_TYPO);
	unlink(path);
	ck_assert_ptr_nonnull(strstr(f.said, "group 4"));
	ck_assert_ptr_null(strstr(f.said, "spent"));
}
END_TEST

START_TEST(question_is_broken_between_words_and_asked_again)
{
	start(ASK_CHOICE);
	look_until("line\r\n[y/N, p = pause] ");
	type("maybe\n");
	look_until("maybe\r\nQ: ");
	type("P\n");
	expect("0 p");
	start(ASK_CHOICE);
	type("\x04");
	expect("24 ");
}
END_TEST

/* Stopped by ^Z, the terminal is as before; the question comes again afterwards. */
START_TEST(stopped_and_continued)
{
	start(ASK_AS_A_JOB);
	type("hn\x1a");
	look_until("\nQ: HN");
	type("sb\r");
	expect("stopped 0 hnsb");
}
END_TEST

START_TEST(cancelled_is_never_an_empty_answer)
{
	start(ASK_CODE);
	type("\r");
	expect("24 ");
	start(ASK_CODE);
	type("\x04");
	expect("24 ");
	start(ASK_CODE);
	type("ABC\x03");
	expect("130 ");
	start(ASK_PASSPHRASE);
	type("\r");
	expect("61 ");
}
END_TEST

START_TEST(yes_and_enter)
{
	start(ASK_YES);
	type("maybe\n");
	type("Yes\n");
	expect("0 ");
	start(ASK_YES);
	type("\n");
	expect("24 ");
	start(ASK_ENTER);
	type("\n");
	expect("0 ");
	start(ASK_ENTER);
	type("n\n");
	expect("24 ");
	start(ASK_ENTER);
	type("\x03");
	expect("130 ");
}
END_TEST

START_TEST(nowhere_to_ask)
{
	struct cli c = {.sentences = &sentences};
	struct prompt_answer a = {0};
	struct fault f = {0};
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		setsid();
		_exit(!prompt_possible(&c) && prompt_code(&c, NULL, &a, &f) == E_PROMPT && a.text == NULL ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prompt");
	TCase *files = tcase_create("files"), *people = tcase_create("people");

	setenv("TERM", "xterm", 1); /* whatever the tests run in */
	setlocale(LC_ALL, "C.UTF-8");
	if (sodium_init() < 0)
		return 1;
	tcase_add_test(files, passphrase_is_the_first_line_without_its_line_feed);
	tcase_add_test(files, passphrase_empty_or_too_long);
	tcase_add_test(files, passphrase_file_in_utf16_or_with_an_empty_line_first);
	tcase_add_test(files, code_file_empty_or_too_long);
	tcase_add_test(files, file_that_is_missing);
	tcase_add_test(files, standard_input_keeps_what_follows_the_line);
	tcase_add_test(files, every_line_of_a_code_file);
	tcase_add_test(files, code_from_a_file_is_tried_once);
	tcase_add_test(people, passphrase_is_not_shown);
	tcase_add_test(people, terminal_is_as_before_after_a_signal);
	tcase_add_test(people, code_is_grouped_and_folded_as_it_is_typed);
	tcase_add_test(people, code_is_edited);
	tcase_add_test(people, code_is_edited_in_the_middle);
	tcase_add_test(people, wrong_group_is_named_before_enter);
	tcase_add_test(people, pasted_with_line_breaks);
	tcase_add_test(people, narrow_terminal);
	tcase_add_test(people, terminal_without_backspace);
	tcase_add_test(people, other_keyboard_is_offered);
	tcase_add_test(people, other_keyboard_is_refused);
	tcase_add_test(files, other_keyboard_in_a_file);
	tcase_add_test(people, code_is_hidden_by_tab);
	tcase_add_test(people, name_of_a_code_is_shown_as_typed);
	tcase_add_test(people, code_is_asked_for_until_it_is_one);
	tcase_add_test(people, question_is_broken_between_words_and_asked_again);
	tcase_add_test(people, stopped_and_continued);
	tcase_add_test(people, cancelled_is_never_an_empty_answer);
	tcase_add_test(people, yes_and_enter);
	tcase_add_test(people, nowhere_to_ask);
	suite_add_tcase(s, files);
	suite_add_tcase(s, people);
	return suite_run(s);
}
