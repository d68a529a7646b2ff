/*
 * check_keyboard.c - codes typed on other keyboards. What these make of a code was written down by hand, key by key, from pictures
 * of the keyboards; no table of the module was used.
 */
#include <check.h>
#include <string.h>

#include <sodium.h>

#include "keyboard.h"
#include "suite.h"

#define CODE "HNSBPDT35TA5MCEM"

static enum keyboard
read_text(char out[CODE_SYMBOLS + 1], const char *text)
{
	enum keyboard by = KEYBOARD_NONE;

	memset(out, 0, CODE_SYMBOLS + 1);
	by = keyboard_read(out, CODE_UNLOCK, text, strlen(text));
	return by;
}

#define READS(text, by, code)                                   \
	do {                                                     \
		char out_[CODE_SYMBOLS + 1];                     \
	\
		ck_assert_int_eq(read_text(out_, (text)), (by)); \
		ck_assert_str_eq(out_, (code));                  \
	} while (0)

/* The 16 symbols of a code that begins with those 14. */
static const char *
code_of(const char data[14])
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	static char code[CODE_SYMBOLS + 1];
	uint8_t entropy[CODE_ENTROPY_SIZE + 1] = {0};

	for (unsigned j = 0; j < 14; j++) {
		unsigned v = (unsigned)(strchr(alphabet, data[j]) - alphabet) << (11 - 5 * j % 8);

		entropy[5 * j / 8] |= (uint8_t)(v >> 8);
		entropy[5 * j / 8 + 1] |= (uint8_t)v;
	}
	code_encode(code, CODE_UNLOCK, entropy);
	ck_assert_mem_eq(code, data, 14);
	return code;
}

START_TEST(a_code_is_no_code_of_another_keyboard)
{
	READS("", KEYBOARD_NONE, "");
	READS("HNSB-PDT3-5TA5", KEYBOARD_NONE, "");
	READS("HNSB-PDT3-5TA5-MCEN", KEYBOARD_NONE, "");
	READS("7kq241/3", KEYBOARD_NONE, "");
}
END_TEST

START_TEST(german_y_and_z)
{
	const char *code = code_of("YZ0123YYZZ4567");

	ck_assert_str_eq(code, "YZ0123YYZZ45670W"); /* computed apart from this program */
	READS("ZY01-23ZZ-YY45-670W", KEYBOARD_GERMAN, code);
	READS("zy01\xc3\x9f" "23zz\xc3\x9fyy45\xc3\x9f" "670w", KEYBOARD_GERMAN, code); /* the key of '-' makes an sz */
	READS("zy01/23zz/yy45/670w", KEYBOARD_GERMAN, code);
}
END_TEST

/* The PC believes in AZERTY: 3 is ", 5 is (, M is a comma, A is q, '-' is ). */
START_TEST(french_digits_without_shift)
{
	READS("hnsb)pdt\")(tq(),ce,", KEYBOARD_FRENCH, CODE);
	READS("HNSB PDT\" (TQ( ?CE?", KEYBOARD_FRENCH, CODE);
	READS("hnsbpdt3 5tq5 ,ce,", KEYBOARD_FRENCH, CODE); /* digits of the block at the right */
}
END_TEST

START_TEST(french_six_and_hyphen)
{
	const char *code = code_of("66A16W2Z7M6890");

	ck_assert_str_eq(code, "66A16W2Z7M6890TD");
	READS("--q&-z\xc3\xa9w\xc3\xa8,-_\xc3\xa7\xc3\xa0td", KEYBOARD_FRENCH, code);
	READS("--q&--z\xc3\xa9w-\xc3\xa8,-_-\xc3\xa7\xc3\xa0td", KEYBOARD_FRENCH, code);
	READS("--Q&)-Z\xc3\x89W)\xc3\x88,-_)\xc3\x87\xc3\x80TD", KEYBOARD_FRENCH, code); /* with Caps Lock */
	READS("^^q!6^z@w6&;^*6()td", KEYBOARD_FRENCH, code); /* the keys are French: Shift for digits, '-' makes a 6 */
}
END_TEST

/* The keyboard is French and the PC does not know. */
START_TEST(american_pc_with_french_keys)
{
	READS("hnsb6pdt#6%tq%6:ce:", KEYBOARD_FRENCH, CODE);
	READS("hnsb pdt3 5tq5 ;ce;", KEYBOARD_FRENCH, CODE);
}
END_TEST

START_TEST(korean_syllables_and_jamo)
{
	/* h ㅗ, n ㅜ, s ㄴ, b ㅠ, p ㅔ, d ㅇ, t ㅅ, a ㅁ, m ㅡ, c ㅊ, e ㄷ */
	READS("ㅗㅜㄴㅠ-ㅔㅇㅅ3-5ㅅㅁ5-ㅡㅊㄷㅡ", KEYBOARD_KOREAN, CODE);
	READS("ㅗㅜ뉴ㅔㅇㅅ35ㅅㅁ5ㅡㅊ드", KEYBOARD_KOREAN, CODE); /* as the input method puts it together */
	READS("ㅗㅜ뉴ㅔㅇㅅ35ㅅㅁ5ㅡㅊㄷㅡ", KEYBOARD_KOREAN, CODE);
	READS("\xe1\x85\xa9\xe1\x85\xae\xe1\x84\x82\xe1\x85\xb2ㅔㅇㅅ35ㅅㅁ5ㅡㅊ드", KEYBOARD_KOREAN, CODE); /* taken apart by Unicode */
}
END_TEST

/* Vowels and finals of two keys each: q ㅂ h ㅗ k ㅏ f ㄹ r ㄱ, q ㅂ n ㅜ j ㅓ s ㄴ g ㅎ, r ㄱ, t ㅅ h ㅗ k ㅏ f ㄹ, c ㅊ; Shift R ㄲ. */
START_TEST(korean_compounds)
{
	const char *code = code_of("QHKFRQNJSGRTHK");

	ck_assert_str_eq(code, "QHKFRQNJSGRTHKFC");
	READS("봙붢ㄱ솰ㅊ", KEYBOARD_KOREAN, code);
	READS("봙붢ㄳㅘㄹㅊ", KEYBOARD_KOREAN, code);
	READS("ㅃㅘㄺㅃㅝㄶㄲㅆㅘㄹㅊ", KEYBOARD_KOREAN, code);
	READS("봙붢-ㄱ솰ㅋ", KEYBOARD_NONE, "");
}
END_TEST

START_TEST(russian)
{
	/* h р, n т, s ы, b и, p з, d в, t е, a ф, m ь, c с, e у */
	READS("ртыи-зве3-5еф5-ьсуь", KEYBOARD_RUSSIAN, CODE);
	READS("РТЫИЗВЕ35ЕФ5ЬСУЬ", KEYBOARD_RUSSIAN, CODE);
	READS("ртіи зве3 5еф5 ьсуь", KEYBOARD_RUSSIAN, CODE);
}
END_TEST

START_TEST(a_release_code_is_not_read_as_an_unlock_code)
{
	uint8_t entropy[CODE_ENTROPY_SIZE] = {0xff, 0xff};
	char release[CODE_SYMBOLS], out[CODE_SYMBOLS];

	code_encode(release, CODE_RELEASE, entropy);
	ck_assert_int_eq(keyboard_read(out, CODE_UNLOCK, release, CODE_SYMBOLS), KEYBOARD_NONE);
}
END_TEST

START_TEST(what_is_long_or_no_text_is_no_code)
{
	char text[5000];

	memset(text, '-', sizeof text);
	text[sizeof text - 1] = '\0';
	READS(text, KEYBOARD_NONE, "");
	text[40] = '\0';
	READS(text, KEYBOARD_NONE, "");
	READS("\xff\xfe\xe3\x84", KEYBOARD_NONE, "");
	READS("HNSB-PDT3-5TA5-MCE\xe3", KEYBOARD_NONE, "");
}
END_TEST

SUITE("keyboard")
{
	tcase_add_test(t, a_code_is_no_code_of_another_keyboard);
	tcase_add_test(t, german_y_and_z);
	tcase_add_test(t, french_digits_without_shift);
	tcase_add_test(t, french_six_and_hyphen);
	tcase_add_test(t, american_pc_with_french_keys);
	tcase_add_test(t, korean_syllables_and_jamo);
	tcase_add_test(t, korean_compounds);
	tcase_add_test(t, russian);
	tcase_add_test(t, a_release_code_is_not_read_as_an_unlock_code);
	tcase_add_test(t, what_is_long_or_no_text_is_no_code);
}
