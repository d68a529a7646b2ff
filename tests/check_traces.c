#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "traces.h"

static const struct traces_folder folder = {{"/home/kim/Week 12", "/data/kim/Week 12"}};

static bool
below(const char *uri)
{
	return traces_is_below(&folder, uri, strlen(uri));
}

START_TEST(names_of_the_folder)
{
	ck_assert(below("file:///home/kim/Week%2012/film.mp4"));
	ck_assert(below("file:///home/kim/Week%2012"));
	ck_assert(below("file://localhost/home/kim/Week%2012/a/b%25.png"));
	ck_assert(below("file:///data/kim/Week 12/film.mp4"));
	ck_assert(below("file:///home/kim/%57eek%2012/"));
}
END_TEST

START_TEST(names_of_others)
{
	ck_assert(!below("file:///home/kim/Week%20123/film.mp4"));
	ck_assert(!below("file:///home/kim/Week%2012%00/film.mp4"));
	ck_assert(!below("file:///home/kim/Week%2012/../film.mp4"));
	ck_assert(!below("file:///home/kim/Week%201"));
	ck_assert(!below("file:///home/kim/Week%2"));
	ck_assert(!below("file:///home/kim/Week%2012%"));
	ck_assert(!below("file://"));
	ck_assert(!below("file:///"));
	ck_assert(!below("file://home"));
	ck_assert(!below("http:///home/kim/Week%2012/film.mp4"));
	ck_assert(!below(""));
	ck_assert(!traces_is_below(&(struct traces_folder){{"/", NULL}}, "file:///etc", 11));
}
END_TEST

/* ---- PNG ------------------------------------------------------------------------------------------------------------------ */

static uint8_t png[70000];
static size_t png_size;

static void
png_start(void)
{
	memcpy(png, "\x89PNG\r\n\x1a\n", 8);
	png_size = 8;
}

static void
png_chunk(const char *type, const void *data, size_t n)
{
	const uint8_t head[8] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, (uint8_t)type[0],
	    (uint8_t)type[1], (uint8_t)type[2], (uint8_t)type[3]};

	memcpy(png + png_size, head, 8);
	memcpy(png + png_size + 8, data, n);
	memset(png + png_size + 8 + n, 0, 4);
	png_size += 12 + n;
}
#define CHUNK(type, text) png_chunk(type, text, sizeof(text) - 1)

static const char *
uri(size_t n)
{
	static char out[64];

	return traces_uri(png, n, out, sizeof out) > 0 ? out : NULL;
}

START_TEST(plain_and_international_text)
{
	png_start();
	CHUNK("IHDR", "0123456789012");
	CHUNK("tEXt", "Thumb::MTime\0" "12");
	CHUNK("tEXt", "Thumb::URI\0" "file:///a");
	ck_assert_str_eq(uri(png_size), "file:///a");
	png_start();
	CHUNK("iTXt", "Thumb::URI\0\0\0de\0Adresse\0file:///b");
	ck_assert_str_eq(uri(png_size), "file:///b");
}
END_TEST

/* Made by Python's zlib.compress(b"file:///c"). */
START_TEST(compressed_text)
{
	char out[16];

	png_start();
	CHUNK("zTXt", "Thumb::URI\0\0\x78\x9c\x4b\xcb\xcc\x49\xb5\xd2\xd7\xd7\x4f\x06\x00\x0f\x65\x02\xcb");
	if (traces_inflate((const uint8_t *)"\x78\x9c\x03\x00\x00\x00\x00\x01", 8, out, sizeof out) != 0)
		ck_abort_msg("nothing is something");
	if (uri(png_size) != NULL) /* without zlib it is not read */
		ck_assert_str_eq(uri(png_size), "file:///c");
#ifdef HAVE_ZLIB
	ck_assert_ptr_nonnull(uri(png_size));
#endif
}
END_TEST

START_TEST(every_cut_and_every_lie)
{
	png_start();
	CHUNK("tEXt", "Thumb::URI\0" "file:///a");
	for (size_t n = 0; n < png_size; n++)
		ck_assert_ptr_null(uri(n));
	png[8] = 0xff; /* a length beyond everything */
	ck_assert_ptr_null(uri(png_size));
	png_start();
	CHUNK("tEXt", "Thumb::URI");
	CHUNK("zTXt", "Thumb::URI\0");
	CHUNK("zTXt", "Thumb::URI\0\1x");
	CHUNK("zTXt", "Thumb::URI\0\0\x78\x9c garbage");
	CHUNK("iTXt", "Thumb::URI\0");
	CHUNK("iTXt", "Thumb::URI\0\0\0de");
	CHUNK("iTXt", "Thumb::URI\0\0\0de\0x");
	CHUNK("tEXt", "Thumb::URI\0" "0123456789012345678901234567890123456789012345678901234567890123456789");
	CHUNK("eXIf", "Thumb::URI\0" "file:///no");
	ck_assert_ptr_null(uri(png_size));
	png[1] = 'J';
	ck_assert_ptr_null(uri(png_size));
}
END_TEST

/* ---- XBEL ----------------------------------------------------------------------------------------------------------------- */

#define HEAD "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<xbel version=\"1.0\"\n      xmlns:bookmark=\"http://x\"\n>\n"
#define OURS(name) "  <bookmark href=\"file:///home/kim/Week%2012/" name "\" added=\"2026\">\n    <info>\n      <metadata>\n" \
	"        <bookmark:applications>\n          <bookmark:application name=\"mpv\" exec=\"&apos;mpv %u&apos;\"/>\n" \
	"        </bookmark:applications>\n      </metadata>\n    </info>\n  </bookmark>\n"
#define OTHER(name) "  <bookmark href=\"file:///home/kim/" name "\" added=\"2026\">\n    <info/>\n  </bookmark>\n"
#define TAIL "</xbel>"

static void
cuts(const char *from, const char *wanted)
{
	char text[4096];
	size_t n = strlen(from), left;

	ck_assert_uint_lt(n, sizeof text);
	memcpy(text, from, n);
	left = traces_cut(&folder, text, n);
	ck_assert_uint_eq(left, strlen(wanted));
	ck_assert(memcmp(text, wanted, left) == 0);
}

static void
stays(const char *from)
{
	cuts(from, from);
}

START_TEST(bookmarks_of_the_folder)
{
	cuts(HEAD OURS("a") TAIL, HEAD TAIL);
	cuts(HEAD OURS("a") OTHER("x") OURS("b&amp;c") OURS("d") OTHER("y") TAIL, HEAD OTHER("x") OTHER("y") TAIL);
	cuts(HEAD OTHER("x") "<bookmark added='1' href='file:///data/kim/Week%2012/a'/>" OTHER("y") TAIL,
	    HEAD OTHER("x") OTHER("y") TAIL);
	cuts(HEAD "<bookmark title=\"a &gt; b > c\" href=\"file:///home/kim/Week%2012/q\"></bookmark>" TAIL, HEAD TAIL);
}
END_TEST

/* Each of the characters that are written as something else, in each of the ways, and between either kind of quotes. */
START_TEST(bookmarks_of_a_folder_with_odd_letters)
{
	static const struct {
		const char *path, *uri;
	} all[] = {{"/home/kim/Kim's", "/home/kim/Kim's"}, {"/home/kim/Kim's", "/home/kim/Kim&apos;s"},
	    {"/home/kim/Kim's", "/home/kim/Kim&#39;s"}, {"/home/kim/Kim's", "/home/kim/Kim%27s"},
	    {"/home/kim/a&b", "/home/kim/a&amp;b"}, {"/home/kim/\"a\"", "/home/kim/&quot;a&quot;"},
	    {"/home/kim/<a>", "/home/kim/&lt;a&gt;"}, {"/home/kim/&", "/home/kim/&amp;"}, {"/home/kim/&apos;", "/home/kim/&amp;apos;"}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct traces_folder odd = {{all[i].path, NULL}}, other = {{"/home/kim/other", NULL}};
		char text[512], kept[512];

		for (const char *quote = "\"'"; *quote != 0; quote++) {
			if (strchr(all[i].uri, *quote) != NULL)
				continue;
			snprintf(text, sizeof text, HEAD "  <bookmark href=%cfile://%s/q%c>\n  </bookmark>\n" TAIL, *quote, all[i].uri, *quote);
			memcpy(kept, text, sizeof text);
			ck_assert_uint_eq(traces_cut(&other, text, strlen(text)), strlen(kept));
			ck_assert_mem_eq(text, kept, sizeof text);
			ck_assert_uint_eq(traces_cut(&odd, text, strlen(text)), strlen(HEAD TAIL));
		}
	}
}
END_TEST

START_TEST(bookmarks_of_others)
{
	stays("");
	stays(HEAD TAIL);
	stays(HEAD OTHER("x") OTHER("Week%20123/x") TAIL);
	stays(HEAD "<bookmark title=' href=\"file:///home/kim/Week%2012/q\"' href=\"file:///x\"></bookmark>" TAIL);
	stays(HEAD "<bookmark xhref=\"file:///home/kim/Week%2012/q\"></bookmark>" TAIL);
}
END_TEST

START_TEST(what_is_not_understood_stays)
{
	static const char whole[] = HEAD OURS("a") OTHER("b") TAIL;
	char text[sizeof whole];

	stays(HEAD OURS("a") "<bookmark href=\"file:///x\">" TAIL);
	stays(HEAD OURS("a") "<bookmark href=\"file:///x");
	stays(HEAD "<!-- " OURS("a") " -->" TAIL);
	stays(HEAD "<![CDATA[" OURS("a") "]]>" TAIL);
	for (size_t n = 0; n < sizeof HEAD - 1 + sizeof OURS("a") - 3; n++) {
		memcpy(text, whole, sizeof whole);
		ck_assert_uint_eq(traces_cut(&folder, text, n), n);
		ck_assert(memcmp(text, whole, n) == 0);
	}
}
END_TEST

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static char home[64];

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");
	char command[PATH_MAX];

	snprintf(home, sizeof(home), "%.30s/check_traces.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("XDG_DATA_HOME");
	snprintf(command, sizeof command, "mkdir -p '%s'/.cache/thumbnails/large '%s'/.cache/thumbnails/fail/some "
	    "'%s'/.local/share/RecentDocuments '%s'/elsewhere", home, home, home, home);
	ck_assert_int_eq(system(command), 0);
}

static void
remove_home(void)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command), "rm -rf '%s'", home);
	ck_assert_int_eq(system(command), 0);
}

static const char *
at(const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/%s", home, name);
	return path;
}

static void
put(const char *name, const void *data, size_t n)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC, 0640);

	ck_assert_int_ge(fd, 0);
	ck_assert(write(fd, data, n) == (ssize_t)n);
	close(fd);
}

static void
put_thumbnail(const char *name, const char *of)
{
	char text[PATH_MAX];
	int n = snprintf(text, sizeof text, "Thumb::URI%cfile://%s/%s", 0, home, of);

	png_start();
	png_chunk("tEXt", text, (size_t)n);
	put(name, png, png_size);
}

static bool
there(const char *name)
{
	return access(at(name), F_OK) == 0;
}

static void
clear(int64_t since)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/Week 12", home);
	traces_clear(path, since);
}

START_TEST(thumbnails_go)
{
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/large/b.png", "film.mp4");
	put_thumbnail(".cache/thumbnails/large/c.jpg", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/fail/some/d.png", "Week%2012/slides.odp");
	put_thumbnail("elsewhere/e.png", "Week%2012/film.mp4");
	put(".cache/thumbnails/large/f.png", "no picture", 10);
	clear(time(NULL) + 3600);
	ck_assert(there(".cache/thumbnails/large/a.png"));
	clear(0);
	ck_assert(!there(".cache/thumbnails/large/a.png"));
	ck_assert(!there(".cache/thumbnails/fail/some/d.png"));
	ck_assert(there(".cache/thumbnails/large/b.png"));
	ck_assert(there(".cache/thumbnails/large/c.jpg"));
	ck_assert(there(".cache/thumbnails/large/f.png"));
	ck_assert(there("elsewhere/e.png"));
}
END_TEST

START_TEST(links_and_pipes_are_left)
{
	char target[PATH_MAX];

	put_thumbnail("elsewhere/e.png", "Week%2012/film.mp4");
	snprintf(target, sizeof target, "%s", at("elsewhere/e.png"));
	ck_assert_int_eq(symlink(target, at(".cache/thumbnails/large/link.png")), 0);
	snprintf(target, sizeof target, "%s", at("elsewhere"));
	ck_assert_int_eq(symlink(target, at(".cache/thumbnails/x-large")), 0);
	ck_assert_int_eq(mkfifo(at(".cache/thumbnails/large/pipe.png"), 0600), 0);
	snprintf(target, sizeof target, "%s", at("elsewhere/list"));
	put("elsewhere/list", HEAD TAIL, sizeof HEAD TAIL - 1);
	ck_assert_int_eq(symlink(target, at(".local/share/recently-used.xbel")), 0);
	clear(0);
	ck_assert(there("elsewhere/e.png"));
	ck_assert(there(".cache/thumbnails/large/link.png"));
	ck_assert(there(".cache/thumbnails/large/pipe.png"));
}
END_TEST

START_TEST(recent_files_go)
{
	char list[2048], left[2048] = "";
	struct stat st;
	int n, fd;

	n = snprintf(list, sizeof list, HEAD "  <bookmark href=\"file://%s/Week%%2012/film.mp4\">\n  </bookmark>\n" OTHER("x") TAIL, home);
	put(".local/share/recently-used.xbel", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nIcon=video\nURL[$e]=file:$HOME/Week%%2012/film.mp4\n");
	put(".local/share/RecentDocuments/film.mp4.desktop", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nURL=%s/Week 12/film.mp4", home);
	put(".local/share/RecentDocuments/film2.desktop", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nName=Week 12\nURL[$e]=file:$HOME/film.mp4\n");
	put(".local/share/RecentDocuments/other.desktop", list, (size_t)n);
	clear(0);
	fd = open(at(".local/share/recently-used.xbel"), O_RDONLY);
	ck_assert_int_gt(read(fd, left, sizeof left - 1), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	close(fd);
	ck_assert_str_eq(left, HEAD OTHER("x") TAIL);
	ck_assert_uint_eq(st.st_mode & 0777, 0640);
	ck_assert(!there(".local/share/RecentDocuments/film.mp4.desktop"));
	ck_assert(!there(".local/share/RecentDocuments/film2.desktop"));
	ck_assert(there(".local/share/RecentDocuments/other.desktop"));
	ck_assert(!there(".local/share/.recently-used.xbel.oncestick"));
}
END_TEST

START_TEST(a_list_without_the_folder_is_not_written)
{
	struct stat before, after;

	put(".local/share/recently-used.xbel", HEAD OTHER("x") TAIL, sizeof HEAD OTHER("x") TAIL - 1);
	ck_assert_int_eq(stat(at(".local/share/recently-used.xbel"), &before), 0);
	clear(0);
	ck_assert_int_eq(stat(at(".local/share/recently-used.xbel"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("traces");
	TCase *words = tcase_create("words"), *files = tcase_create("files");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_add_test(words, names_of_the_folder);
	tcase_add_test(words, names_of_others);
	tcase_add_test(words, plain_and_international_text);
	tcase_add_test(words, compressed_text);
	tcase_add_test(words, every_cut_and_every_lie);
	tcase_add_test(words, bookmarks_of_the_folder);
	tcase_add_test(words, bookmarks_of_a_folder_with_odd_letters);
	tcase_add_test(words, bookmarks_of_others);
	tcase_add_test(words, what_is_not_understood_stays);
	suite_add_tcase(s, words);
	tcase_add_checked_fixture(files, make_home, remove_home);
	tcase_add_test(files, thumbnails_go);
	tcase_add_test(files, links_and_pipes_are_left);
	tcase_add_test(files, recent_files_go);
	tcase_add_test(files, a_list_without_the_folder_is_not_written);
	suite_add_tcase(s, files);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
