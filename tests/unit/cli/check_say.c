/*
 * check_say.c - every refusal has words: what happened, to what, what to do, and whether the code was spent.
 */
#include <check.h>
#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "collect.h"
#include "faultsay.h"
#include "handout.h"
#include "issuer.h"
#include "player.h"
#include "prepare.h"
#include "scrub.h"
#include "stick.h"
#include "stickarg.h"
#include "suite.h"
#include "trial.h"
#include "utf8.h"

static const enum err all[] = {E_FAIL, E_USAGE, E_NO_STICK, E_STICK_DAMAGED, E_NO_GRANT, E_ISSUER, E_NO_CODES, E_STICK_BUSY,
    E_CODE_FORM, E_CODE_TYPO, E_CODE_KIND, E_CODE_UNKNOWN, E_PROMPT, E_SPENT, E_REVOKED, E_EARLY, E_EXPIRED, E_NOTICE_MISSING,
    E_SLOT_DAMAGED, E_BUSY, E_STATION, E_SPACE, E_FILESYSTEM, E_BUNDLE, E_WRONG_STICK, E_WRONG_STATION, E_READONLY, E_STICK_IO,
    E_LEDGER, E_ROLLBACK, E_FUSE, E_MEMORY, E_MOUNTED, E_REFILL, E_REFILL_USED, E_SOURCE, E_KEYSTORE, E_PASSPHRASE, E_BOOKS,
    E_INTERRUPTED};
#define ALL (sizeof all / sizeof all[0])

static char text[12000];

static void
tell(const struct fault *f, const struct faultsay_about *about)
{
	char *said = faultsay(f, about);

	ck_assert_ptr_nonnull(said);
	ck_assert_uint_lt(strlen(said), sizeof text);
	strcpy(text, said);
	free(said);
}

static const char *
explain(enum err err, const struct faultsay_about *about)
{
	struct fault f = {.err = err};

	tell(&f, about);
	return text;
}

START_TEST(every_error_has_words_of_its_own)
{
	static char others[ALL][1400];

	for (size_t i = 0; i < ALL; i++) {
		strcpy(others[i], explain(all[i], NULL));
		ck_assert_uint_gt(strlen(others[i]), 8);
		ck_assert_msg(!isupper((unsigned char)others[i][0]), "upper case: %s", others[i]);
		ck_assert_msg(strchr(".?)", others[i][strlen(others[i]) - 1]) != NULL, "no end: %s", others[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_str_ne(others[i], others[k]);
	}
}
END_TEST

struct refusal {
	enum err err;
	enum why why;
	const char *said;
};

static void
have_sentences(const struct refusal *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fault f = {0};

		fault_why(&f, rows[i].err, 0, rows[i].why, "it");
		tell(&f, NULL);
		ck_assert_msg(strstr(text, rows[i].said) != NULL, "%s: %s", why_step(rows[i].why), text);
	}
}

START_TEST(what_the_issuer_refuses_has_a_sentence_of_its_own)
{
	static const struct refusal rows[] = {
	    {E_BOOKS, WHY_NEWER, "it was made by a newer program. Install"},
	    {E_STATION, WHY_NEWER, "it was made by a newer program. Install"},
	    {E_KEYSTORE, WHY_NO_ISSUER, "there is no issuer yet at it;"},
	    {E_KEYSTORE, WHY_NO_KEYSTORE, "there is no keystore in it;"},
	    {E_KEYSTORE, WHY_NO_RIGHTS, "keeps no permissions: everybody"},
	    {E_SPACE, WHY_LIST_FULL, "would be longer than 4 MiB"},
	    {E_NO_STICK, WHY_UNKNOWN_STICK, "there is no stick it in the books;"},
	    {E_USAGE, WHY_NO_CODE_NAME, "'it' is not the name of a code;"},
	    {E_USAGE, WHY_NOT_HANDED_OUT, "code it has not been handed out yet;"},
	    {E_SPENT, WHY_OVER, "code it was used;"},
	    {E_REVOKED, WHY_OVER, "code it is revoked;"},
	    {E_EXPIRED, WHY_OVER, "code it has expired;"},
	    {E_NO_STICK, WHY_NO_ONCE, "there is no ONCE in it,"},
	    {E_NO_CODES, WHY_NEVER_GIVEN, "nobody called \"it\" is in the books, or no longer;"},
	    {E_ISSUER, WHY_ANOTHER_ISSUER, "the stick at it belongs to another issuer;"},
	    {E_NO_CODES, WHY_HOLDS_NONE, "nobody called \"it\" holds an unused code"},
	    {E_USAGE, WHY_NO_RECEIPTS, "that is not a receipts file;"},
	    {E_USAGE, WHY_NOT_A_MOUNT, "it is not where a stick is mounted,"},
	    {E_SOURCE, WHY_NO_FOLDER, "it: Success."},
	    {E_SOURCE, WHY_NO_FILES, "there is no file in it to pack."},
	    {E_USAGE, WHY_INSIDE, "the stick it is inside the folder"},
	    {E_USAGE, WHY_TWICE, "the stick it is named twice."},
	    {E_WRONG_STICK, WHY_COPY, "it is a copy:"},
	    {E_SPACE, WHY_NO_ROOM, "there are 64 lectures on it already,"},
	    {E_USAGE, WHY_FOREIGN, "the folder " SCRUB_DIR " on the stick holds it,"},
	};

	have_sentences(rows, sizeof rows / sizeof *rows);
}
END_TEST

START_TEST(what_this_pc_refuses_has_a_sentence_of_its_own)
{
	static const struct refusal rows[] = {
	    {E_USAGE, WHY_NO_PLAYER, "there is no program 'it' here."},
	    {E_USAGE, WHY_NO_MPV, "mpv is not installed."},
	};

	have_sentences(rows, sizeof rows / sizeof *rows);
}
END_TEST

/* What a person is told of an error is never nothing, whatever it comes with; and the step's text is no part of what is decided. */
START_TEST(every_why_of_every_error_is_said)
{
	char as_it_is[sizeof text];

	for (size_t i = 0; i < ALL; i++)
		for (enum why why = WHY_NONE; why < WHY_SAID; why++) {
			struct fault f = {.err = all[i], .why = why, .sys = ENOENT, .step = "A", .object = "it"};

			tell(&f, NULL);
			ck_assert_msg(strlen(text) > 8, "%s %d: %s", err_name(all[i]), (int)why, text);
			strcpy(as_it_is, text);
			f.step[0] = 'B';
			tell(&f, NULL);
			for (char *b = text; *b != '\0'; b++)
				if (*b == 'B' && as_it_is[b - text] == 'A')
					*b = 'A';
			ck_assert_str_eq(text, as_it_is);
		}
}
END_TEST

START_TEST(every_refusal_of_a_code_says_whether_it_was_spent)
{
	const struct faultsay_about about = {.code = true};

	for (size_t i = 0; i < ALL; i++) {
		if (all[i] == E_SPENT || all[i] == E_REVOKED)
			continue;
		ck_assert_msg(strstr(explain(all[i], &about), "Nothing was spent.") != NULL, "%s: %s", err_name(all[i]), text);
	}
}
END_TEST

START_TEST(claimed_code_is_not_called_unspent)
{
	const struct unlock_info info = {.spent_now = true};
	const struct faultsay_about about = {.code = true, .info = &info};

	explain(E_STICK_IO, &about);
	ck_assert_ptr_null(strstr(text, "Nothing was spent"));
	ck_assert_ptr_nonnull(strstr(text, "same code again"));
	for (size_t i = 0; i < ALL; i++) {
		if (all[i] == E_SPENT || all[i] == E_REVOKED || all[i] == E_BUSY)
			continue;
		ck_assert_msg(strstr(explain(all[i], &about), all[i] == E_STATION ? "not lost" : "not used up") != NULL, "%s: %s",
		    err_name(all[i]), text);
		ck_assert_msg(strstr(text, "nother code") == NULL, "%s: %s", err_name(all[i]), text);
	}
}
END_TEST

START_TEST(full_disk_at_the_end_of_a_session_loses_no_code)
{
	struct fault f = {0};

	fault_why(&f, E_STATION, ENOSPC, WHY_ENDED, "/home/kim/.local/state/oncestick");
	tell(&f, &(struct faultsay_about){.object = "/home/kim/Week 12"});
	ck_assert_ptr_nonnull(strstr(text, "the folder is closed"));
	ck_assert_ptr_nonnull(strstr(text, strerror(ENOSPC)));
	ck_assert_ptr_nonnull(strstr(text, "not lost: it continues here"));
	ck_assert_ptr_nonnull(strstr(text, "once that is done"));
	f.why = WHY_NONE;
	tell(&f, NULL);
	ck_assert_ptr_null(strstr(text, "not lost"));
}
END_TEST

START_TEST(damaged_description_is_named_with_or_without_a_code)
{
	struct unlock_info info = {.skipped = 1};
	struct faultsay_about about = {.info = &info};

	ck_assert_ptr_nonnull(strstr(explain(E_NO_GRANT, &about), "signed description is damaged, and no other."));
	info.grants = 1;
	ck_assert_ptr_nonnull(strstr(explain(E_NO_GRANT, &about), "signed description is damaged."));
	about.code = true;
	ck_assert_ptr_nonnull(strstr(explain(E_NO_GRANT, &about), "the code may belong to it"));
}
END_TEST

START_TEST(record_that_is_damaged_may_be_the_fault_of_the_port)
{
	struct unlock_info info = {.grants = 1};
	struct faultsay_about about = {.info = &info, .code = true};

	ck_assert_ptr_nonnull(strstr(explain(E_SLOT_DAMAGED, &about), "another USB port"));
	ck_assert_ptr_nonnull(strstr(text, "another code for this stick"));
}
END_TEST

START_TEST(what_hides_a_lecture_is_named_with_what_to_remove)
{
	struct fault f = {0};
	struct unlock_info info = {.skipped = 5000, .newer = 1};

	fault_why(&f, E_NO_GRANT, 0, WHY_CROWDED_GRANTS, "ONCE/g");
	tell(&f, &(struct faultsay_about){.info = &info, .code = true});
	ck_assert_ptr_nonnull(strstr(text, "has more in ONCE/g"));
	ck_assert_ptr_nonnull(strstr(text, "without a file grant.cose"));
	fault_clear(&f);
	fault_why(&f, E_STICK_DAMAGED, 0, WHY_CROWDED_BUNDLES, "ONCE/b");
	tell(&f, NULL);
	ck_assert_ptr_nonnull(strstr(text, "without a file manifest.cose"));
}
END_TEST

START_TEST(what_a_trial_found_says_what_and_that_nothing_was_spent)
{
	const struct faultsay_about with = {.object = "/media/kim/STICK", .code = true}, without = {.object = "/media/kim/STICK"};
	static const enum why whys[] = {WHY_TRIAL_REFUSED, WHY_TRIAL_KILLED, WHY_TRIAL_SLOW};
	static const char *const words[] = {"(pread64)", "killed (pread64)", "too long"};

	for (size_t i = 0; i < 6; i++) {
		struct fault f = {0};

		fault_why(&f, E_FAIL, 0, whys[i / 2], "pread64");
		tell(&f, i % 2 == 0 ? &with : &without);
		ck_assert_msg(strstr(text, words[i / 2]) != NULL, "%s", text);
		ck_assert_ptr_nonnull(strstr(text, ". Nothing was spent."));
		ck_assert_ptr_null(strstr(text, "should not"));
	}
}
END_TEST

START_TEST(who_may_start_no_process_is_told_to_close_some)
{
	struct fault f = {0};

	fault_why(&f, E_FAIL, EAGAIN, WHY_FORK, "session");
	tell(&f, &(struct faultsay_about){.code = true});
	ck_assert_ptr_nonnull(strstr(text, "Close some of them and try again. Nothing was spent."));
}
END_TEST

START_TEST(file_that_is_none_is_no_fault_of_the_port)
{
	struct fault f = {0};

	fault_why(&f, E_STICK_IO, 0, WHY_IRREGULAR, "ONCE/probe");
	tell(&f, &(struct faultsay_about){.object = "/media/kim/STICK"});
	ck_assert_ptr_null(strstr(text, "USB port"));
	ck_assert_ptr_nonnull(strstr(text, "ONCE/probe is not the plain file"));
	ck_assert_ptr_nonnull(strstr(text, "tampered with"));
	ck_assert_ptr_nonnull(strstr(text, "prepared again"));
}
END_TEST

START_TEST(stick_of_an_old_version_is_not_called_damaged)
{
	struct fault f = {0};

	fault_why(&f, E_BUNDLE, 0, WHY_BEFORE_0_1_0, "b/00");
	tell(&f, &(struct faultsay_about){.object = "/media/kim/STICK"});
	ck_assert_ptr_nonnull(strstr(text, "/media/kim/STICK was made by a version of oncestick before 0.1.0"));
	ck_assert_ptr_nonnull(strstr(text, "prepare it again"));
	ck_assert_ptr_null(strstr(text, "damaged"));
}
END_TEST

START_TEST(code_in_use_names_the_open_folder)
{
	struct unlock_info info = {.resume = true};
	const struct faultsay_about about = {.code = true, .info = &info};

	strcpy(info.busy_where, "/home/kim/Week 12");
	explain(E_BUSY, &about);
	ck_assert_ptr_nonnull(strstr(text, "in use"));
	ck_assert_ptr_nonnull(strstr(text, "open at /home/kim/Week 12"));
	ck_assert_ptr_nonnull(strstr(text, "oncestick unmount"));
	ck_assert_ptr_null(strstr(text, "Nothing was spent"));
	info.busy_where[0] = '\0';
	explain(E_BUSY, &about);
	ck_assert_ptr_nonnull(strstr(text, "oncestick status"));
	ck_assert_ptr_null(strstr(text, "Nothing was spent"));
}
END_TEST

START_TEST(words_of_the_modules_below_are_not_repeated)
{
	struct fault f = {0};

	fault_set(&f, E_READONLY, 30, "file system", "stick");
	tell(&f, &(struct faultsay_about){.object = "/media/kim/STICK"});
	ck_assert_ptr_null(strstr(text, "file system stick"));
	ck_assert_ptr_nonnull(strstr(text, "the stick at /media/kim/STICK cannot be written (Read-only file system)."));
	fault_clear(&f);
	fault_why(&f, E_ISSUER, 0, WHY_ISSUERS_DIFFER, "ONCE/g");
	tell(&f, &(struct faultsay_about){.code = true});
	ck_assert_ptr_nonnull(strstr(text, "several issuers"));
	fault_clear(&f);
	fault_why(&f, E_MEMORY, 12, WHY_PASSPHRASE, "262144 KiB");
	tell(&f, NULL);
	ck_assert_ptr_nonnull(strstr(text, "open the keystore, which takes 262144 KiB"));
	fault_clear(&f);
	fault_set(&f, E_BOOKS, EBUSY, "begin", "/home/kim/.local/share/oncestick/books.sqlite: database is locked");
	tell(&f, NULL);
	ck_assert_ptr_nonnull(strstr(text, "another oncestick is still writing"));
	ck_assert_ptr_nonnull(strstr(text, "Try again"));
	fault_clear(&f);
	fault_why(&f, E_SPACE, 0, WHY_ENTRIES, "ONCE/g is full");
	tell(&f, &(struct faultsay_about){.object = "/media/kim/STICK"});
	ck_assert_ptr_nonnull(strstr(text, "64 lectures"));
	ck_assert_ptr_nonnull(strstr(text, "--replace"));
}
END_TEST

START_TEST(spent_names_when_where_and_whom_to_call)
{
	struct unlock_info info = {.spent_known = true, .spent_here = true, .spent_at = 1795540500};
	const struct faultsay_about about = {.code = true, .info = &info};

	setenv("TZ", "UTC", 1);
	strcpy(info.contact, "+49 30 1234");
	explain(E_SPENT, &about);
	ck_assert_ptr_nonnull(strstr(text, "24 Nov 2026 at 17:15"));
	ck_assert_ptr_nonnull(strstr(text, "on this PC"));
	ck_assert_ptr_nonnull(strstr(text, "Ask for another: +49 30 1234."));
	info.contact[0] = '\0';
	explain(E_SPENT, &about);
	ck_assert_ptr_nonnull(strstr(text, "Ask for another."));
}
END_TEST

START_TEST(clock_that_once_ran_ahead_is_named)
{
	struct unlock_info info = {.expires = 1795540500};
	const struct faultsay_about about = {.code = true, .info = &info};

	info.clock = (struct clock_view){.now = 1795540000, .floor = 1795530000, .high = 1800000000, .t = 1800000000};
	explain(E_EXPIRED, &about);
	ck_assert_ptr_nonnull(strstr(text, "has already seen"));
	ck_assert_ptr_nonnull(strstr(text, "reset-clock"));
	info.clock = (struct clock_view){.now = 1800000000, .floor = 1795530000, .t = 1800000000};
	explain(E_EXPIRED, &about);
	ck_assert_ptr_null(strstr(text, "has already seen"));
}
END_TEST

START_TEST(typing_error_names_its_group)
{
	explain(E_CODE_TYPO, &(struct faultsay_about){.group = 3, .group_text = "5TA5"});
	ck_assert_ptr_nonnull(strstr(text, "group 3 \"5TA5\""));
	explain(E_CODE_TYPO, &(struct faultsay_about){0});
	ck_assert_ptr_null(strstr(text, "group 0"));
	explain(E_CODE_FORM, &(struct faultsay_about){.typed = "7kq241/3"});
	ck_assert_ptr_nonnull(strstr(text, "name of a code"));
}
END_TEST

START_TEST(faults_of_the_program_itself_are_said_as_they_are)
{
	struct fault f = {0};

	struct sentence *sentences = NULL;
	const struct cli c = {.sentences = &sentences};

	say_fault(&c, &f, E_USAGE, "which stick? %s", "/a, /b");
	tell(&f, NULL);
	ck_assert_str_eq(text, "which stick? /a, /b");
	say_forget(&c);
}
END_TEST

/* A path of two syllables a directory, as long as a path can be. */
START_TEST(name_that_is_too_long_is_shortened_where_it_is_seen)
{
	static const enum why whys[] = {WHY_INSIDE, WHY_TWICE, WHY_NOT_A_MOUNT};
	char path[4000] = "";

	for (size_t n = 0; n + 7 < sizeof path; n += 7)
		strcpy(path + n, "/\xed\x95\x9c\xea\xb5\xad");
	strcpy(path + 3500, "/Week 12");
	for (size_t i = 0; i < 3; i++) {
		struct fault f = {0};
		size_t n;

		fault_why(&f, E_USAGE, 0, whys[i], "%s", path);
		tell(&f, NULL);
		n = strlen(text);
		ck_assert_msg(strstr(text, "\xe2\x80\xa6") != NULL, "%s", text);
		ck_assert_msg(strstr(text, "/Week 12 ") != NULL, "%s", text);
		ck_assert_int_eq(text[n - 1], '.');
		for (const char *p = text; *p != '\0'; p++)
			n -= !utf8_follows(*p) && utf8_next(p, strlen(p), &(uint32_t){0}) == 0;
		ck_assert_uint_eq(n, strlen(text));
	}
}
END_TEST

START_TEST(nothing_reaches_the_terminal_raw)
{
	char out[64];

	ck_assert_str_eq(say_safe(out, sizeof out, "a\033[2Jb\xff\n\xc3\xbc"), "a\\x1b[2Jb\\xff\\x0a\xc3\xbc");
	ck_assert_str_eq(say_safe(out, sizeof out, "exe.\u202egnp"), "exe.\\u202egnp");
	ck_assert_str_eq(say_safe(out, 4, "ab\u5927"), "ab");
	ck_assert_str_eq(say_safe(out, 1, "ab"), "");
	ck_assert_uint_lt(
	    strlen(say_safe(out, sizeof out, "0123456789012345678901234567890123456789012345678901234567890123456789")),
	    sizeof out);
	explain(E_NO_STICK, &(struct faultsay_about){.object = "/media/\033]0;x\007"});
	ck_assert_ptr_null(strchr(text, '\033'));
}
END_TEST

/* What faultsay_error writes to a terminal of 40 columns, or to a file if there is none. */
static const char *
talk(bool terminal)
{
	const struct cli c = {.plain = true};
	const struct fault f = {.err = E_SPENT};
	int ours = -1, theirs = -1;
	ssize_t n = 0;

	if (terminal) {
		ck_assert_int_eq(openpty(&ours, &theirs, NULL, NULL, &(struct winsize){.ws_row = 24, .ws_col = 40}), 0);
	} else {
		int fds[2];

		ck_assert_int_eq(pipe(fds), 0);
		ours = fds[0];
		theirs = fds[1];
	}
	dup2(theirs, STDERR_FILENO);
	ck_assert_int_eq(faultsay_error(&c, &f, NULL), E_SPENT);
	n = read(ours, text, sizeof text - 1);
	ck_assert_int_gt(n, 0);
	text[n] = '\0';
	return text;
}

START_TEST(talk_is_broken_between_words_on_a_terminal)
{
	ck_assert_str_eq(talk(true), "oncestick: this code was used before; a\r\ncode opens one lecture. Ask for\r\nanother. "
				     "[E_SPENT 30]\r\n");
}
END_TEST

START_TEST(talk_is_one_line_elsewhere)
{
	ck_assert_str_eq(
	    talk(false), "oncestick: this code was used before; a code opens one lecture. Ask for another. [E_SPENT 30]\n");
}
END_TEST

START_TEST(times_in_json_are_rfc3339)
{
	json_t *v = say_json_time(1795540500);

	ck_assert_str_eq(json_string_value(v), "2026-11-24T17:15:00Z");
	json_decref(v);
	v = say_json_time(0);
	ck_assert(json_is_null(v));
	json_decref(v);
}
END_TEST

START_TEST(long_words_are_cut)
{
	char small[32], label[400];

	memset(label, 'x', sizeof label - 1);
	label[sizeof label - 1] = '\0';
	memset(small, 1, sizeof small);
	say_safe(small, sizeof small, label);
	ck_assert_uint_eq(strlen(small), sizeof small - 1);
}
END_TEST

/* Of syllables, so that a cut inside of one would show. */
START_TEST(sentence_has_every_name_whole)
{
	struct sentence *sentences = NULL;
	const struct cli c = {.sentences = &sentences};
	struct fault f = {0}, copy;
	struct place at;
	char path[600] = "";

	for (size_t n = 0; n + 7 < sizeof path; n += 7)
		strcpy(path + n, "/\xed\x95\x9c\xea\xb5\xad");
	ck_assert_int_eq(stickarg_open(&c, &at, path, &f), E_NO_STICK);
	ck_assert_int_eq(f.why, WHY_SAID);
	copy = f;
	tell(&copy, NULL);
	ck_assert_msg(strstr(text, path) != NULL, "%s", text);
	ck_assert_msg(strstr(text, "\xe2\x80\xa6") == NULL, "%s", text);
	fault_clear(&f);
	f.err = E_NO_STICK;
	tell(&f, &(struct faultsay_about){.object = path});
	ck_assert_msg(strstr(text, path) != NULL, "%s", text);
	fault_clear(&f);
	say_fault(&c, &f, E_USAGE, "%s and %s", path, path);
	ck_assert_uint_eq(strlen(f.said), 2 * strlen(path) + 5);
	ck_assert_int_eq(say_fault(&c, &f, E_FAIL, "the first fault wins"), E_FAIL);
	ck_assert_int_eq(f.err, E_USAGE);
	ck_assert_int_eq(say_fault(&c, NULL, E_FAIL, "nobody asks"), E_FAIL);
	say_forget(&c);
	ck_assert_ptr_null(sentences);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("say");
	TCase *t = tcase_create("say");

	setlocale(LC_ALL, "C.UTF-8");
	tcase_add_test(t, every_error_has_words_of_its_own);
	tcase_add_test(t, what_the_issuer_refuses_has_a_sentence_of_its_own);
	tcase_add_test(t, what_this_pc_refuses_has_a_sentence_of_its_own);
	tcase_add_test(t, every_why_of_every_error_is_said);
	tcase_add_test(t, every_refusal_of_a_code_says_whether_it_was_spent);
	tcase_add_test(t, claimed_code_is_not_called_unspent);
	tcase_add_test(t, full_disk_at_the_end_of_a_session_loses_no_code);
	tcase_add_test(t, damaged_description_is_named_with_or_without_a_code);
	tcase_add_test(t, file_that_is_none_is_no_fault_of_the_port);
	tcase_add_test(t, record_that_is_damaged_may_be_the_fault_of_the_port);
	tcase_add_test(t, what_hides_a_lecture_is_named_with_what_to_remove);
	tcase_add_test(t, what_a_trial_found_says_what_and_that_nothing_was_spent);
	tcase_add_test(t, who_may_start_no_process_is_told_to_close_some);
	tcase_add_test(t, stick_of_an_old_version_is_not_called_damaged);
	tcase_add_test(t, code_in_use_names_the_open_folder);
	tcase_add_test(t, words_of_the_modules_below_are_not_repeated);
	tcase_add_test(t, spent_names_when_where_and_whom_to_call);
	tcase_add_test(t, clock_that_once_ran_ahead_is_named);
	tcase_add_test(t, typing_error_names_its_group);
	tcase_add_test(t, faults_of_the_program_itself_are_said_as_they_are);
	tcase_add_test(t, name_that_is_too_long_is_shortened_where_it_is_seen);
	tcase_add_test(t, nothing_reaches_the_terminal_raw);
	tcase_add_test(t, talk_is_broken_between_words_on_a_terminal);
	tcase_add_test(t, talk_is_one_line_elsewhere);
	tcase_add_test(t, times_in_json_are_rfc3339);
	tcase_add_test(t, long_words_are_cut);
	tcase_add_test(t, sentence_has_every_name_whole);
	suite_add_tcase(s, t);
	return suite_run(s);
}
