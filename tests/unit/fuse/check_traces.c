#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "filestat.h"
#include "flushed.h"
#include "leaks.h"
#include "streams.h"
#include "suite.h"
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
	ck_assert(below("file:///home/kim/Week%2012/%4a%4A%6f%6F"));
	ck_assert(below("file:///home/kim/Week%2012/.."));
	ck_assert(traces_is_below(&(struct traces_folder){{"/a", NULL}}, "file:///%61/x", 13));
	ck_assert(traces_is_below(&(struct traces_folder){{"/\n", NULL}}, "file:///%0a", 11));
	ck_assert(traces_is_below(&(struct traces_folder){{"/\xef", NULL}}, "file:///%eF", 11));
	ck_assert(traces_is_below(&(struct traces_folder){{"/\x90", NULL}}, "file:///%90", 11));
	ck_assert(traces_is_below(&(struct traces_folder){{NULL, "/a"}}, "file:///a", 9));
}
END_TEST

/* Letters that are no digits, on either side of those that are, in either place. */
START_TEST(what_is_no_number_is_no_name)
{
	for (const char *c = "/:@G`g"; *c != '\0'; c++) {
		char name[64];

		snprintf(name, sizeof name, "file:///home/kim/Week%%2012/%%%c1", *c);
		ck_assert(!below(name));
		snprintf(name, sizeof name, "file:///home/kim/Week%%2012/%%1%c", *c);
		ck_assert(!below(name));
	}
	ck_assert(!below("file:///home/kim/Week%2012/%4"));
	ck_assert(!below("file:///home/kim/Week%2012/%"));
	ck_assert(!traces_is_below(&folder, "file:///home/kim/Week%2012/%41", 29));
}
END_TEST

START_TEST(a_name_of_any_length)
{
	static const char first[] = "file:///home/kim/Week 12/";
	static char name[40000];

	memset(name, 'a', sizeof name);
	memcpy(name, first, sizeof first - 1);
	for (size_t n = sizeof first - 1; n < sizeof name; n = n < 16380 || n > 16400 ? n + 4001 : n + 1)
		ck_assert(traces_is_below(&folder, name, n) == (n - 7 < 16384));
	for (size_t n = 16385; n < 16396; n++)
		ck_assert(traces_is_below(&folder, name, n) == (n - 7 < 16384));
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
#define CHUNK(type, text) png_chunk(type, text, sizeof (text) - 1)

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

START_TEST(a_text_that_just_fits)
{
	char text[11 + 64], out[64];

	memset(text, 'x', sizeof text);
	memcpy(text, "Thumb::URI", 11);
	for (size_t n = 0; n <= 64; n++) {
		png_start();
		png_chunk("tEXt", text, 11 + n);
		ck_assert_uint_eq(traces_uri(png, png_size, out, sizeof out), n < 64 ? n : 0);
		if (n > 0 && n < 64)
			ck_assert_uint_eq(strlen(out), n);
	}
}
END_TEST

/* The first that says it is taken, whatever there was before. */
START_TEST(chunks_before_it_are_passed_over)
{
	static uint8_t long_one[66000];

	png_start();
	CHUNK("IHDR", "");
	CHUNK("tEXt", "Thumb::URJ\0" "file:///no");
	CHUNK("tEXt", "Thumb::URI");
	CHUNK("tEXt", "Thumb::UR");
	CHUNK("abcd", "Thumb::URI\0" "file:///no");
	png_chunk("IDAT", long_one, 300);
	CHUNK("iTXt", "Thumb::URI\0\0\1de\0x\0file:///no");
	CHUNK("iTXt", "Thumb::URI\0\0\0\0\0file:///yes");
	CHUNK("tEXt", "Thumb::URI\0" "file:///no");
	ck_assert_str_eq(uri(png_size), "file:///yes");
	png_start();
	png_chunk("IDAT", long_one, sizeof long_one);
	CHUNK("tEXt", "Thumb::URI\0" "file:///a");
	ck_assert_str_eq(uri(png_size), "file:///a");
	ck_assert_ptr_null(uri(png_size - 1));
	ck_assert_ptr_null(uri(7));
}
END_TEST

/* Made by Python's zlib.compress(b"file:///c"), in the international form. */
START_TEST(compressed_international_text)
{
	png_start();
	CHUNK("iTXt", "Thumb::URI\0\1\0\0\0\x78\x9c\x4b\xcb\xcc\x49\xb5\xd2\xd7\xd7\x4f\x06\x00\x0f\x65\x02\xcb");
#ifdef HAVE_ZLIB
	ck_assert_str_eq(uri(png_size), "file:///c");
#endif
	png_start();
	CHUNK("zTXt", "Thumb::URI\0\1\x78\x9c\x4b\xcb\xcc\x49\xb5\xd2\xd7\xd7\x4f\x06\x00\x0f\x65\x02\xcb");
	ck_assert_ptr_null(uri(png_size));
	png_start();
	CHUNK("iTXt", "Thumb::URI\0\2\0\0\0file:///c"); /* no way to pack that is known */
	CHUNK("tEXt", "Thumb::URI\0" "file:///a");
	ck_assert_ptr_nonnull(uri(png_size));
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

/* Behind the text there is nothing that could be read. */
static void
cuts(const char *from, const char *wanted)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE), n = strlen(from);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), *text = pages + page - n;
	size_t left;

	ck_assert(pages != MAP_FAILED && n < page && mprotect(pages + page, page, PROT_NONE) == 0);
	memcpy(text, from, n);
	left = traces_cut(&folder, text, n);
	ck_assert_uint_eq(left, strlen(wanted));
	ck_assert(memcmp(text, wanted, left) == 0);
	munmap(pages, 2 * page);
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

START_TEST(bookmarks_in_any_shape)
{
	static const char *const ours[] = {
	    "<bookmark\thref=\"file:///home/kim/Week%2012/q\"/>",
	    "<bookmark\nhref='file:///home/kim/Week%2012/q'\n/>",
	    "<bookmark\r\n \thref=\"file:///home/kim/Week%2012/q\"></bookmark>",
	    "\t <bookmark href=\"file:///home/kim/Week%2012\"/>\n",
	    "<bookmark hrex=\"\" xhref=\"b\" href=\"file:///home/kim/Week%2012/q\"/>",
	    "<bookmark a='>' b=\"/>\" href=\"file:///home/kim/Week%2012/q\"><bookmarks/></bookmark>",
	    "<bookmark href=\"file:///home/kim/Week%2012/q\"/>\n",
	};
	static const char *const others[] = {
		"<bookmarkhref=\"file:///home/kim/Week%2012/q\"/>", "<bookmarks href=\"file:///home/kim/Week%2012/q\"/>",
		"<bookmark hrefx=\"file:///home/kim/Week%2012/q\"/>", "<bookmark hre=\"file:///home/kim/Week%2012/q\"/>",
		"<bookmark href=file:///home/kim/Week%2012/q />", "<bookmark href=\"\"/>", "<bookmark href/>", "<bookmark />",
		"<bookmark href=\"file:///x\" href=\"file:///home/kim/Week%2012/q\"/>", "<bookmark href=/>", "<bookmark href=\"'/>",
		"<bookmark href=\"file:///home/kim/Week%2012/q&unknown\"/>", "<bookmark",
	};
	char text[512];

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		snprintf(text, sizeof text, "<a>%s<b>", ours[i]);
		cuts(text, "<a><b>");
		snprintf(text, sizeof text, "%s%s", ours[i], ours[i]);
		cuts(text, "");
	}
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		if (strstr(others[i], "unknown") != NULL)
			continue; /* see below */
		snprintf(text, sizeof text, "<a>%s<b>", others[i]);
		stays(text);
		stays(others[i]);
	}
	cuts("<bookmark href=\"file:///home/kim/Week%2012/q&unknown;\"/>\n\nx", "\nx");
	cuts("x\n  <bookmark href=\"file:///home/kim/Week%2012/q\"/>y", "x\ny");
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
	    {"/home/kim/<a>", "/home/kim/&lt;a&gt;"}, {"/home/kim/&", "/home/kim/&amp;"},
	    {"/home/kim/&apos;", "/home/kim/&amp;apos;"}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		const struct traces_folder odd = {{all[i].path, NULL}}, other = {{"/home/kim/other", NULL}};
		char text[512], kept[512];

		for (const char *quote = "\"'"; *quote != 0; quote++) {
			if (strchr(all[i].uri, *quote) != NULL)
				continue;
			snprintf(text, sizeof text, HEAD "  <bookmark href=%cfile://%s/q%c>\n  </bookmark>\n" TAIL, *quote,
			    all[i].uri, *quote);
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

/* What happens just before a file is looked at by its name once more, and how often that shall be. */
static void (*meanwhile)(void);
static unsigned meanwhile_left;

int __real_filestat_at(int dir_fd, const char *name, struct stat *st);
int __wrap_filestat_at(int dir_fd, const char *name, struct stat *st);

int
__wrap_filestat_at(int dir_fd, const char *name, struct stat *st)
{
	if (meanwhile_left > 0 && strcmp(name, "recently-used.xbel") == 0) {
		meanwhile_left--;
		meanwhile();
	}
	return __real_filestat_at(dir_fd, name, st);
}

static void
make_home(void)
{
	const char *tmp = getenv("TMPDIR");
	char command[PATH_MAX];

	snprintf(home, sizeof home, "%.30s/check_traces.XXXXXX", tmp != NULL && tmp[0] == '/' ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(home));
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
	unsetenv("XDG_CACHE_HOME");
	unsetenv("XDG_DATA_HOME");
	meanwhile_left = 0;
	snprintf(command, sizeof command, "mkdir -p '%s'/.cache/thumbnails/large '%s'/.cache/thumbnails/fail/some "
	    "'%s'/.local/share/RecentDocuments '%s'/elsewhere", home, home, home, home);
	ck_assert_int_eq(system(command), 0);
}

static void
remove_home(void)
{
	char command[PATH_MAX];

	flushed_watch(NULL);
	snprintf(command, sizeof command, "rm -rf '%s'", home);
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
	int fd = open(at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

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

/* Opening one would wait for ever. */
START_TEST(pipes_in_the_place_of_directories)
{
	char command[256];

	snprintf(command, sizeof command, "cd '%s' && rm -rf .cache/thumbnails .local/share/RecentDocuments", home);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(mkfifo(at(".cache/thumbnails"), 0600), 0);
	ck_assert_int_eq(mkfifo(at(".local/share/RecentDocuments"), 0600), 0);
	ck_assert_int_eq(mkfifo(at(".thumbnails"), 0600), 0);
	ck_assert_int_eq(mkfifo(at(".local/share/recently-used.xbel"), 0600), 0);
	clear(0);
	ck_assert(there(".cache/thumbnails") && there(".local/share/RecentDocuments"));
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", at(".thumbnails"), 1), 0);
	ck_assert_int_eq(setenv("XDG_DATA_HOME", at(".thumbnails"), 1), 0);
	clear(0);
}
END_TEST

START_TEST(recent_files_go)
{
	char list[2048], left[2048] = "";
	struct stat st;
	int n, fd;

	n = snprintf(
	    list, sizeof list, HEAD "  <bookmark href=\"file://%s/Week%%2012/film.mp4\">\n  </bookmark>\n" OTHER("x") TAIL, home);
	put(".local/share/recently-used.xbel", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nIcon=video\nURL[$e]=file:$HOME/Week%%2012/film.mp4\n");
	put(".local/share/RecentDocuments/film.mp4.desktop", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nURL=%s/Week 12/film.mp4", home);
	put(".local/share/RecentDocuments/film2.desktop", list, (size_t)n);
	n = snprintf(list, sizeof list, "[Desktop Entry]\nName=Week 12\nURL[$e]=file:$HOME/film.mp4\n");
	put(".local/share/RecentDocuments/other.desktop", list, (size_t)n);
	clear(0);
	fd = open(at(".local/share/recently-used.xbel"), O_RDONLY | O_CLOEXEC);
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

#define LIST ".local/share/recently-used.xbel"
#define FRESH ".local/share/.recently-used.xbel.oncestick"

static void
put_list(const char *more)
{
	char list[4096];
	int n = snprintf(
	    list, sizeof list, HEAD "  <bookmark href=\"file://%s/Week%%2012/film.mp4\">\n  </bookmark>\n%s" TAIL, home, more);

	put(LIST, list, (size_t)n);
}

static const char *
list_now(void)
{
	static char text[4096];
	int fd = open(at(LIST), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;

	ck_assert_int_ge(fd, 0);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

static bool
is_listed(void)
{
	return strstr(list_now(), "Week%2012") != NULL;
}

static void
put_document(const char *name, const char *line)
{
	char path[128], text[PATH_MAX + 64];
	int n = snprintf(text, sizeof text, "[Desktop Entry]\n%s\n", line);

	snprintf(path, sizeof path, ".local/share/RecentDocuments/%s", name);
	put(path, text, (size_t)n);
}

static bool
document_is_there(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, ".local/share/RecentDocuments/%s", name);
	return there(path);
}

/* What is gone is gone after a power cut, too; and the list that was kept is whole. */
START_TEST(what_was_cleared_stays_cleared)
{
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_list("");
	put_document("a.desktop", "URL[$e]=file:$HOME/Week%2012/film.mp4");
	flushed_watch(home);
	clear(0);
	ck_assert_str_eq(flushed_left(), "");
	ck_assert_uint_ge(flushed_count(), 4); /* each of the directories, and the list */
	ck_assert(!is_listed());
	ck_assert(!there(".cache/thumbnails/large/a.png") && !document_is_there("a.desktop"));
	flushed_watch(home);
	clear(0);
	ck_assert_uint_eq(flushed_count(), 0); /* nothing to keep */
}
END_TEST

static void
add_another(void)
{
	put_list(OTHER("new"));
}

static void
touch_it(void)
{
	const struct timespec when[2] = {{1000000000 + (time_t)meanwhile_left, 0}, {1000000000, (long)(meanwhile_left + 1) * 1000}};

	ck_assert_int_eq(utimensat(AT_FDCWD, at(LIST), when, 0), 0);
}

static void
rename_it(void)
{
	char other[PATH_MAX];
	struct stat st;
	int fd;

	/* Of the same size and time, as a program that saves by renaming could happen to write it. */
	snprintf(other, sizeof other, "%s", at("other"));
	ck_assert_int_eq(stat(at(LIST), &st), 0);
	ck_assert_int_ge(fd = open(other, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), 0);
	ck_assert(write(fd, list_now(), (size_t)st.st_size) == st.st_size);
	ck_assert_int_eq(futimens(fd, (const struct timespec[]){st.st_atim, st.st_mtim}), 0);
	close(fd);
	ck_assert_int_eq(rename(other, at(LIST)), 0);
}

/* Nothing that another program writes meanwhile is lost; and it is tried again, but not for ever. */
START_TEST(a_list_that_is_written_meanwhile)
{
	static void (*const ways[])(void) = {add_another, touch_it, rename_it};

	meanwhile = ways[_i];
	put_list("");
	meanwhile_left = 1;
	clear(0);
	ck_assert_str_eq(list_now(), _i == 0 ? HEAD OTHER("new") TAIL : HEAD TAIL);
	ck_assert(!there(FRESH));
	put_list("");
	meanwhile_left = 2;
	clear(0);
	ck_assert(_i == 0 || !is_listed()); /* what is added in the second round is there before it in the third */
	put_list("");
	touch_it();
	meanwhile = _i == 0 ? touch_it : ways[_i];
	meanwhile_left = 1000;
	clear(0);
	ck_assert_uint_eq(1000 - meanwhile_left, 3);
	ck_assert(is_listed());
	ck_assert(!there(FRESH));
}
END_TEST

static void
remove_it(void)
{
	ck_assert_int_eq(unlink(at(LIST)), 0);
}

START_TEST(a_list_that_is_removed_meanwhile_does_not_come_back)
{
	put_list("");
	meanwhile = remove_it;
	meanwhile_left = 1;
	clear(0);
	ck_assert(!there(LIST) && !there(FRESH));
}
END_TEST

START_TEST(a_medium_that_is_full_loses_nothing)
{
	const struct rlimit little = {64, RLIM_INFINITY};

	put_list(OTHER("x"));
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &little), 0);
	clear(0);
	ck_assert(is_listed());
	ck_assert(!there(FRESH));
}
END_TEST

START_TEST(what_an_interrupted_one_has_left_goes)
{
	put_list(OTHER("x"));
	put(FRESH, "half", 4);
	clear(0);
	ck_assert_str_eq(list_now(), HEAD OTHER("x") TAIL);
	ck_assert(!there(FRESH));
}
END_TEST

/* The list would have to be read whole, and is none that a desktop writes. */
START_TEST(a_list_that_is_too_large)
{
	struct stat st;

	put_list("");
	ck_assert_int_eq(truncate(at(LIST), (32 << 20) + 1), 0);
	clear(0);
	ck_assert_int_eq(stat(at(LIST), &st), 0);
	ck_assert_int_eq(st.st_size, (32 << 20) + 1);
	ck_assert(is_listed());
	put(LIST, "", 0);
	clear(0);
	ck_assert(there(LIST));
}
END_TEST

START_TEST(what_is_somebody_else_s_is_left)
{
	if (geteuid() != 0)
		return;
	put_list("");
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_document("a.desktop", "URL=file:$HOME/Week%2012/film.mp4");
	ck_assert_int_eq(chown(at(LIST), 65534, 65534), 0);
	ck_assert_int_eq(chown(at(".cache/thumbnails/large/a.png"), 65534, 65534), 0);
	ck_assert_int_eq(chown(at(".local/share/RecentDocuments/a.desktop"), 65534, 65534), 0);
	clear(0);
	ck_assert(is_listed());
	ck_assert(there(".cache/thumbnails/large/a.png") && document_is_there("a.desktop"));
}
END_TEST

START_TEST(thumbnails_of_each_kind_of_name)
{
	char deep[64] = ".cache/thumbnails/fail/some/deeper";
	struct stat st;

	put_thumbnail(".cache/thumbnails/a.png", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/large/.png", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/large/.a.png", "Week%2012/film.mp4");
	ck_assert_int_eq(mkdir(at(deep), 0700), 0);
	put_thumbnail(".cache/thumbnails/fail/some/deeper/a.png", "Week%2012/film.mp4");
	ck_assert_int_eq(mkdir(at(".cache/thumbnails/.large"), 0700), 0);
	put_thumbnail(".cache/thumbnails/.large/a.png", "Week%2012/film.mp4");
	clear(0);
	ck_assert(!there(".cache/thumbnails/a.png"));
	ck_assert(there(".cache/thumbnails/large/.png") && there(".cache/thumbnails/large/.a.png"));
	ck_assert(there(".cache/thumbnails/fail/some/deeper/a.png"));
	ck_assert(there(".cache/thumbnails/.large/a.png"));
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	ck_assert_int_eq(stat(at(".cache/thumbnails/large/a.png"), &st), 0);
	clear(st.st_ctime + 1);
	ck_assert(there(".cache/thumbnails/large/a.png"));
	clear(st.st_ctime);
	ck_assert(!there(".cache/thumbnails/large/a.png"));
}
END_TEST

START_TEST(where_desktops_keep_it)
{
	char path[PATH_MAX], data[PATH_MAX];

	ck_assert(mkdir(at(".thumbnails"), 0700) == 0 && mkdir(at(".thumbnails/normal"), 0700) == 0);
	ck_assert(mkdir(at("cache"), 0700) == 0 && mkdir(at("cache/thumbnails"), 0700) == 0);
	ck_assert(mkdir(at("data"), 0700) == 0 && mkdir(at("data/RecentDocuments"), 0700) == 0);
	put_thumbnail(".thumbnails/normal/a.png", "Week%2012/film.mp4");
	put_thumbnail("cache/thumbnails/a.png", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/a.png", "Week%2012/film.mp4");
	put("data/RecentDocuments/a.desktop", "URL=$HOME/Week 12", 17);
	put_document("a.desktop", "URL=$HOME/Week 12");
	snprintf(path, sizeof path, "%s", at("cache"));
	snprintf(data, sizeof data, "%s", at("data"));
	ck_assert(setenv("XDG_CACHE_HOME", path, 1) == 0 && setenv("XDG_DATA_HOME", data, 1) == 0);
	clear(0);
	ck_assert(
	    !there(".thumbnails/normal/a.png") && !there("cache/thumbnails/a.png") && !there("data/RecentDocuments/a.desktop"));
	ck_assert(there(".cache/thumbnails/a.png") && document_is_there("a.desktop"));
	/* The specification wants a relative one to be ignored. */
	ck_assert(setenv("XDG_CACHE_HOME", "cache", 1) == 0 && setenv("XDG_DATA_HOME", "", 1) == 0 && chdir(home) == 0);
	put_thumbnail("cache/thumbnails/a.png", "Week%2012/film.mp4");
	clear(0);
	ck_assert(chdir("/") == 0);
	ck_assert(there("cache/thumbnails/a.png"));
	ck_assert(!there(".cache/thumbnails/a.png") && !document_is_there("a.desktop"));
	put_document("a.desktop", "URL=$HOME/Week 12");
	ck_assert_int_eq(setenv("XDG_DATA_HOME", "/nowhere", 1), 0);
	clear(0);
	ck_assert(document_is_there("a.desktop"));
}
END_TEST

START_TEST(nobody_is_at_home)
{
	char path[PATH_MAX];

	put_thumbnail(".cache/thumbnails/a.png", "Week%2012/film.mp4");
	snprintf(path, sizeof path, "%s/Week 12", home);
	unsetenv("HOME");
	traces_clear(path, 0);
	setenv("HOME", "relative", 1);
	traces_clear(path, 0);
	traces_clear("relative", 0);
	traces_clear("/", 0);
	setenv("HOME", home, 1);
	traces_clear("/Week 12", 0);
	ck_assert(there(".cache/thumbnails/a.png"));
}
END_TEST

START_TEST(documents_of_each_form)
{
	char value[PATH_MAX];
	static const struct {
		const char *line;
		bool goes;
	} all[] = {
	    {"URL=$HOME/Week 12/a b", true},
	    {"URL[$e]=$HOME/Week 12", true},
	    {"URL=file:$HOME/Week%2012/a", true},
	    {"URL=file://$HOME/Week%2012/a", true},
	    {"URL[$e]=file://$HOME/Week%2012", true},
	    {"\rURL=$HOME/Week 12\r", true},
	    {"Name=a\nURL=$HOME/Week 12\nIcon=b", true},
	    {"\n\nURL=$HOME/Week 12", true},
	    {"URL=$HOME/Week%2012/a", false},
	    {"URL=file:/$HOME/Week%2012/a", false},
	    {"URLS=$HOME/Week 12", false},
	    {"Url=$HOME/Week 12", false},
	    {"XURL=$HOME/Week 12", false},
	    {"URL", false},
	    {"URL=", false},
	    {"URL[$e]", false},
	    {"URL=$HOME/Week 123", false},
	    {"URL=file:$HOME/Week%20123", false},
	    {"URL=HOME/Week 12", false},
	    {"URL=file:", false},
	    {"URL=$HOME", false},
	    {"URL=file:$HOME/Week%2012/%", false},
	    {" URL=$HOME/Week 12", false},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		put_document("a.desktop", all[i].line);
		clear(0);
		ck_assert_msg(document_is_there("a.desktop") == !all[i].goes, "%s", all[i].line);
		ck_assert(unlink(at(".local/share/RecentDocuments/a.desktop")) == 0 || all[i].goes);
	}
	snprintf(value, sizeof value, "URL=%s/Week 12/q", home);
	put_document("a.desktop", value);
	put_document(".desktop", value);
	put_document("b.desktop2", value);
	put_document("c.Desktop", value);
	snprintf(value, sizeof value, "URL=file://%s/Week%%2012/q", home);
	put_document("d.desktop", value);
	put_document("other.desktop", "URL=$HOME/other");
	put_document("z.desktop", value);
	clear(0);
	ck_assert(!document_is_there("a.desktop") && !document_is_there("d.desktop") && !document_is_there("z.desktop"));
	ck_assert(document_is_there(".desktop") && document_is_there("b.desktop2") && document_is_there("c.Desktop"));
	ck_assert(document_is_there("other.desktop"));
}
END_TEST

/* What comes late in a long one is not looked for; a line that is too long is none. */
START_TEST(long_documents)
{
	static char text[70000], line[20000];
	size_t n;

	for (size_t before = 65000; before <= 66000; before += 1000) {
		memset(text, '\n', sizeof text);
		memcpy(text + before, "URL=$HOME/Week 12\n", 18);
		put(".local/share/RecentDocuments/a.desktop", text, before + 18);
		clear(0);
		ck_assert(document_is_there("a.desktop") == (before > 65535));
	}
	for (size_t length = 16300; length < 16400; length += 5) {
		n = (size_t)snprintf(line, sizeof line, "URL=%s/Week 12/", home);
		memset(line + n, 'x', length - n);
		put(".local/share/RecentDocuments/a.desktop", line, length);
		clear(0);
		ck_assert(document_is_there("a.desktop") == (length - 4 >= 16384));
		n = (size_t)snprintf(line, sizeof line, "URL=$HOME/Week 12/");
		memset(line + n, 'x', length - n);
		put(".local/share/RecentDocuments/a.desktop", line, length);
		clear(0);
		ck_assert(document_is_there("a.desktop") == (length - 9 + strlen(home) >= 16384));
	}
}
END_TEST

/* The folder has two names where a link leads to it. */
START_TEST(a_folder_by_either_of_its_names)
{
	char path[PATH_MAX], target[PATH_MAX];

	snprintf(target, sizeof target, "%s", at("elsewhere"));
	ck_assert_int_eq(symlink(target, at("link")), 0);
	put_document("a.desktop", "URL=$HOME/elsewhere/Week 12/film");
	put_document("b.desktop", "URL=$HOME/link/Week 12/film");
	put_document("c.desktop", "URL=$HOME/Week 12/film");
	snprintf(path, sizeof path, "%s/link/Week 12", home);
	traces_clear(path, 0);
	ck_assert(!document_is_there("a.desktop") && !document_is_there("b.desktop") && document_is_there("c.desktop"));
}
END_TEST

START_TEST(nothing_is_kept)
{
	put_list("");
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put(".cache/thumbnails/large/b.png", "no picture", 10);
	put_document("a.desktop", "URL=$HOME/Week 12");
	put_document("b.desktop", "URL=$HOME/other");
	ck_assert_int_eq(mkdir(at(".thumbnails"), 0700), 0);
	ck_assert_int_eq(mkdir(at(".cache/thumbnails/large/c.png"), 0700), 0);
	LEAKS_NOTHING(clear(0));
	LEAKS_NOTHING(put_list(""); clear(0));
}
END_TEST

START_TEST(what_gets_no_stream_is_closed)
{
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_document("a.desktop", "URL=$HOME/Week 12");
	no_streams = true;
	LEAKS_NOTHING(clear(0));
	no_streams = false;
	ck_assert(there(".cache/thumbnails/large/a.png") && document_is_there("a.desktop"));
	clear(0);
	ck_assert(!there(".cache/thumbnails/large/a.png") && !document_is_there("a.desktop"));
}
END_TEST

/* Where standard input is closed, what is opened has its number. */
START_TEST(a_descriptor_of_any_number)
{
	put_list("");
	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_document("a.desktop", "URL=$HOME/Week 12");
	put_document("b.desktop", "URL=$HOME/other");
	ck_assert_int_eq(mkdir(at(".thumbnails"), 0700), 0);
	close(0);
	LEAKS_NOTHING(clear(0));
	ck_assert_int_eq(unsetenv("HOME"), 0);
	ck_assert_int_eq(setenv("XDG_DATA_HOME", home, 1), 0);
	LEAKS_NOTHING(clear(0));
	unsetenv("XDG_DATA_HOME");
	ck_assert_int_eq(setenv("XDG_CACHE_HOME", home, 1), 0);
	LEAKS_NOTHING(clear(0));
	ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
	ck_assert_int_eq(setenv("HOME", home, 1), 0);
}
END_TEST

static void
close_input(void)
{
	close(0);
}

START_TEST(documents_by_a_descriptor_of_any_number)
{
	for (int i = 0; i < 2; i++) {
		put_list("");
		put_document("a.desktop", "URL=$HOME/Week 12");
		meanwhile = close_input;
		meanwhile_left = 1;
		no_streams = i == 1;
		clear(0);
		no_streams = false;
		ck_assert_int_eq(fcntl(0, F_GETFD), -1); /* who had it has closed it */
		ck_assert_int_eq(open("/dev/null", O_RDONLY), 0);
		ck_assert(document_is_there("a.desktop") == (i == 1));
	}
}
END_TEST

/* What the next reads end in; a signal came, or the disk is broken. */
static int unread;
static unsigned unread_left;

ssize_t
read(int fd, void *buf, size_t n)
{
	if (unread_left > 0) {
		unread_left--;
		errno = unread;
		return -1;
	}
	return syscall(SYS_read, fd, buf, n);
}

START_TEST(reads_that_are_interrupted_go_on)
{
	put_list("");
	unread = EINTR;
	unread_left = 3;
	clear(0);
	ck_assert_uint_eq(unread_left, 0);
	ck_assert(!is_listed());
	put_document("a.desktop", "URL=$HOME/Week 12");
	unread_left = 1;
	clear(0);
	ck_assert(!document_is_there("a.desktop"));
}
END_TEST

START_TEST(what_cannot_be_read_stays)
{
	put_list("");
	put_document("a.desktop", "URL=$HOME/Week 12");
	unread = EIO;
	unread_left = 2;
	clear(0);
	ck_assert_uint_eq(unread_left, 0);
	ck_assert(is_listed() && document_is_there("a.desktop"));
}
END_TEST

/* So many of one are in the directory; then two of the folder's. */
static unsigned crowd;

#ifdef __USE_FILE_OFFSET64
#define READDIR "readdir64"
#else
#define READDIR "readdir"
#endif

struct dirent *
readdir(DIR *d)
{
	static const char *const names[] = {"y.png", "x.png"};
	static struct dirent e = {.d_type = DT_REG};
	struct dirent *(*real)(DIR *) = (struct dirent *(*)(DIR *))dlsym(RTLD_NEXT, READDIR);

	if (crowd == 0)
		return real(d);
	crowd--;
	snprintf(e.d_name, sizeof e.d_name, "%s", crowd < 3 ? crowd == 0 ? "none" : names[crowd - 1] : "other.png");
	return &e;
}

/* Whoever has more pictures than anybody looks at waits no longer. */
START_TEST(more_pictures_than_are_looked_at)
{
	put(".cache/thumbnails/other.png", "", 0);
	put_thumbnail(".cache/thumbnails/x.png", "Week%2012/film.mp4");
	put_thumbnail(".cache/thumbnails/y.png", "Week%2012/film.mp4");
	crowd = 100000 + 3;
	clear(0);
	ck_assert_uint_eq(crowd, 0);
	ck_assert(!there(".cache/thumbnails/x.png"));
	ck_assert(there(".cache/thumbnails/y.png"));
}
END_TEST

/* Behind its fence it opens what it looks for, and nothing else. */
START_TEST(behind_the_fence)
{
	int status, first;
	pid_t pid;

	put_thumbnail(".cache/thumbnails/large/a.png", "Week%2012/film.mp4");
	put_list("");
	put_document("a.desktop", "URL=$HOME/Week 12");
	put("elsewhere/file", "x", 1);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		first = dup(0);
		traces_fence();
		clear(0);
		_exit(open(at("elsewhere/file"), O_RDONLY | O_CLOEXEC) >= 0 ? 1 :
		      socket(AF_INET, SOCK_STREAM, 0) >= 0		       ? 2 :
		      dup(0) != first + 1				       ? 3 :
											 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert(!there(".cache/thumbnails/large/a.png") && !document_is_there("a.desktop"));
	ck_assert(!is_listed());
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("traces");
	TCase *words = tcase_create("words"), *files = tcase_create("files");

	tcase_add_test(words, names_of_the_folder);
	tcase_add_test(words, names_of_others);
	tcase_add_test(words, what_is_no_number_is_no_name);
	tcase_add_test(words, a_name_of_any_length);
	tcase_add_test(words, plain_and_international_text);
	tcase_add_test(words, a_text_that_just_fits);
	tcase_add_test(words, chunks_before_it_are_passed_over);
	tcase_add_test(words, compressed_international_text);
	tcase_add_test(words, compressed_text);
	tcase_add_test(words, every_cut_and_every_lie);
	tcase_add_test(words, bookmarks_of_the_folder);
	tcase_add_test(words, bookmarks_in_any_shape);
	tcase_add_test(words, bookmarks_of_a_folder_with_odd_letters);
	tcase_add_test(words, bookmarks_of_others);
	tcase_add_test(words, what_is_not_understood_stays);
	suite_add_tcase(s, words);
	tcase_add_checked_fixture(files, make_home, remove_home);
	tcase_set_timeout(files, 60);
	tcase_add_test(files, thumbnails_go);
	tcase_add_test(files, links_and_pipes_are_left);
	tcase_add_test(files, pipes_in_the_place_of_directories);
	tcase_add_test(files, recent_files_go);
	tcase_add_test(files, a_list_without_the_folder_is_not_written);
	tcase_add_test(files, what_was_cleared_stays_cleared);
	tcase_add_loop_test(files, a_list_that_is_written_meanwhile, 0, 3);
	tcase_add_test(files, a_list_that_is_removed_meanwhile_does_not_come_back);
	tcase_add_test(files, a_medium_that_is_full_loses_nothing);
	tcase_add_test(files, what_an_interrupted_one_has_left_goes);
	tcase_add_test(files, a_list_that_is_too_large);
	tcase_add_test(files, what_is_somebody_else_s_is_left);
	tcase_add_test(files, thumbnails_of_each_kind_of_name);
	tcase_add_test(files, where_desktops_keep_it);
	tcase_add_test(files, nobody_is_at_home);
	tcase_add_test(files, documents_of_each_form);
	tcase_add_test(files, long_documents);
	tcase_add_test(files, a_folder_by_either_of_its_names);
	tcase_add_test(files, nothing_is_kept);
	tcase_add_test(files, what_gets_no_stream_is_closed);
	tcase_add_test(files, more_pictures_than_are_looked_at);
	tcase_add_test(files, a_descriptor_of_any_number);
	tcase_add_test(files, documents_by_a_descriptor_of_any_number);
	tcase_add_test(files, reads_that_are_interrupted_go_on);
	tcase_add_test(files, what_cannot_be_read_stays);
	tcase_add_test(files, behind_the_fence);
	suite_add_tcase(s, files);
	return suite_run(s);
}
