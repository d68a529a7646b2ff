/*
 * seeds.c - `seeds DIR` writes DIR/TARGET/NAME: what fuzzing begins with, made from the test vectors and by the program's own code.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <check.h>
#include <sodium.h>

#include "payload.h"

#include "code.h"
#include "image.h"
#include "manifest.h"
#include "notice.h"
#include "receipt.h"
#include "record.h"

#define ID "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf"
#define RECEIPT "a4011a6933c340020003505a2fd99fe5dcf89ffc2ce0bce955537e0450f4b6dbec0729be995c04dcffea86662c"
#define MAC "08d217cddefea9d147a1fd7fd59025cd6c5e6d8b5e953c704bb4f499a99e52f6"
#define CELL0 "e60caeb3c2dbe65632edd8c56330140f9ee212e1e9d20b9189e2e40b4c082d919060d01810ec54d52b4a006ebc99b1d3"
#define KEYSTORE                                                                                                                   \
	"a60101025820" PAYLOAD_ISSUER "0350030303030303030303030303030303030403051a00040000065830"                                 \
	"825beea64455c790c9ac0097071ee87991a16974ff624f05de7a1e103ac50e104de23d61969fb2226a4a542780ec8c8c"

static const char *top;

static void
put(const char *target, const char *name, const void *p, size_t n)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", top, target);
	ck_assert(mkdir(path, 0755) == 0 || errno == EEXIST);
	snprintf(path, sizeof path, "%s/%s/%s", top, target, name);
	ck_assert_ptr_nonnull(f = fopen(path, "wb"));
	ck_assert_uint_eq(fwrite(p, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static void
put_hex(const char *target, const char *name, const char *hex)
{
	size_t n;
	uint8_t *p = payload_bytes(hex, &n);

	put(target, name, p, n);
	free(p);
}

/* ---- signed objects, receipts, keystore --------------------------------------------------------------------------------- */

static void
payloads(void)
{
	size_t n;
	uint8_t *file;

	put_hex("manifest", "vector", VECTOR_MANIFEST);
	put_hex("grant", "vector", VECTOR_GRANT);
	put_hex("grant", "all-factors", VECTOR_GRANT_ALL);
	put_hex("notice", "vector", VECTOR_NOTICE);
	put_hex("envelope", "manifest", VECTOR_MANIFEST_FILE);
	put_hex("envelope", "grant", VECTOR_GRANT_FILE);
	put_hex("envelope", "notice", VECTOR_NOTICE_FILE);
	file = payload_signed(ENVELOPE_GRANT, VECTOR_GRANT_ALL, &n);
	put("envelope", "grant-all-factors", file, n);
	free(file);
	put_hex("receipt", "receipt", RECEIPT);
	put_hex("receipt", "receipt-ended",
	    "a7011a6933c3400200035000000000000000000000000000000000045000000000000000000000000000000000"
	    "051a6933c34106181e0702");
	put_hex("receipt", "receipts",
	    "82"
	    "845820" PAYLOAD_ISSUER "50" ID "00"
	    "584d" RECEIPT MAC "845820" PAYLOAD_ISSUER "50" ID "190fff"
	    "584d" RECEIPT MAC);
	put_hex("receipt", "enrolment",
	    "a301010258205300000000000000000000000000000000000000000000000000000000000000"
	    "036448616c6c");
	put_hex("refillfile", "vector",
	    "840159011dd2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058afaa0101025820"
	    "88f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450c0c1c2"
	    "c3c4c5c6c7c8c9cacbcccdcecf0501061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7"
	    "974637b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b800319384009815021943da5af78d9aa2ce0febfb1bd"
	    "7aa30a035840df70d77c431ffe6f5eaf92d26f7d6eedd06935ddffef467cdae3228efa314bce3398ed865e58a83f9f3ac70411c6e73df8"
	    "1f17d27de1f3a70491b3b0c73ef50958409a37de4a7db2fe7716d4d9b9abdae388455ca9ea011072a0c1669df993dc3b7f0e82e80d2965"
	    "db289d43af4f04755757468c5b6fa29f14cc99b859d969b1b7a240");
	put_hex("refillfile", "with-notice",
	    "840159011dd2845825a2012710781f6170706c69636174696f6e2f766e642e6f6e63652e6772616e742b63626f72a058afaa0101025820"
	    "88f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417beab30350505152535455565758595a5b5c5d5e5f0450c0c1c2"
	    "c3c4c5c6c7c8c9cacbcccdcecf0501061a68e7786407818250b0b1b2b3b4b5b6b7b8b9babbbcbdbebf58208c77d619b35fd2dab661ffe7"
	    "974637b5dc0f14f92e27550a048bc9386bf3bd8208a3011a68e77800021a6ab13b800319384009815021943da5af78d9aa2ce0febfb1bd"
	    "7aa30a035840df70d77c431ffe6f5eaf92d26f7d6eedd06935ddffef467cdae3228efa314bce3398ed865e58a83f9f3ac70411c6e73df8"
	    "1f17d27de1f3a70491b3b0c73ef50958409a37de4a7db2fe7716d4d9b9abdae388455ca9ea011072a0c1669df993dc3b7f0e82e80d2965"
	    "db289d43af4f04755757468c5b6fa29f14cc99b859d969b1b7a258b4d2845826a201271078206170706c69636174696f6e2f766e642e6f"
	    "6e63652e6e6f746963652b63626f72a05845a6010102582088f647339802b86199b22fcd2d351602eb4795d49e56fdc872fcda24417bea"
	    "b30303041a68e7783205a150a0a1a2a3a4a5a6a7a8a9aaabacadaeaf410206805840bc3af2173947967a6a61856ebfadea04f29cb95146"
	    "9e590d8719b168b1542e4074ec98992aa872bd423e3efd440ae477302c58a57f5370523fae080298fa8e04");
	put_hex("refillfile", "short", "8401410150000102030405060708090a0b0c0d0e0f40");
	put_hex("keystore", "vector", "00" KEYSTORE);
	put_hex("keystore", "sealed-for-another", "01" KEYSTORE);
	put_hex("keystore", "not-resealed", "02" KEYSTORE);
}

/* Several grants, long bitmaps, withdrawn bundles. */
static void
long_notice(void)
{
	struct notice n = {.number = 29922332, .time = 1800000000};
	uint8_t id[ID_SIZE], withdrawn[2][ID_SIZE], *p;
	size_t len;

	for (unsigned k = 0; k < 3; k++) {
		memset(id, (int)(1 + k), sizeof id);
		for (uint32_t slot = k; slot < 200 * (k + 1); slot += 7)
			ck_assert_int_eq(notice_revoke(&n, id, slot), 0);
	}
	memset(withdrawn[0], 1, ID_SIZE);
	memset(withdrawn[1], 2, ID_SIZE);
	n.withdrawn = withdrawn;
	n.withdrawn_count = 2;
	ck_assert_ptr_nonnull(p = notice_encode(&n, &len));
	put("notice", "long", p, len);
	free(p);
	n.withdrawn = NULL;
	n.withdrawn_count = 0;
	notice_free(&n);
}

/* ---- records ------------------------------------------------------------------------------------------------------------ */

/* One copy as fuzz_record.c reads it: mend the checksum, and so many bytes of the record. */
static size_t
add_record(uint8_t *out, enum record_kind kind, const char *id_hex, uint32_t number, const char *body_hex)
{
	uint8_t raw[RECORD_SIZE], id[ID_SIZE], *body;
	size_t n;

	ck_assert_int_eq(bytes_from_hex(id, sizeof id, id_hex), 0);
	body = payload_bytes(body_hex, &n);
	record_encode(raw, kind, id, number, BYTES(body, n));
	free(body);
	out[0] = 1;
	store_le16(out + 1, (uint16_t)(32 + n));
	memcpy(out + 3, raw, 32 + n);
	return 3 + 32 + n;
}

static void
records(void)
{
	static const struct {
		const char *name;
		enum record_kind a, b;
	} pairs[] = {
	    {"live-live", RECORD_LIVE, RECORD_LIVE},
	    {"live-spent", RECORD_LIVE, RECORD_SPENT},
	    {"spent-spent", RECORD_SPENT, RECORD_SPENT},
	    {"stick-stick", RECORD_STICK, RECORD_STICK},
	};
	static const char *const bodies[] = {
	    [RECORD_LIVE] = CELL0,
	    [RECORD_SPENT] = RECEIPT MAC,
	    [RECORD_STICK] = PAYLOAD_ISSUER,
	};
	uint8_t out[1024];

	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		size_t n = 1;

		out[0] = 1;
		n += add_record(out + n, pairs[i].a, ID, 2, bodies[pairs[i].a]);
		n += add_record(out + n, pairs[i].b, ID, 2, bodies[pairs[i].b]);
		put("record", pairs[i].name, out, n);
	}
}

/* ---- images ------------------------------------------------------------------------------------------------------------- */

#define INODES 8u
#define DATA 64u
#define NAMES (DATA + INODES * IMAGE_INODE_SIZE)

static void
image_of(const char *name, uint8_t shape, const struct image_inode inodes[INODES], uint32_t count)
{
	static const char names[] = "a.txtclipsemptyone.bin../zz";
	const struct image_super super = {DATA, count, NAMES, sizeof names - 1, 70};
	uint8_t raw[IMAGE_SUPER_SIZE], out[1024] = {shape, 0};

	image_super_encode(raw, &super);
	memcpy(out + 2, raw, 48);
	memcpy(out + 50, "hello\n", 6);
	for (uint32_t i = 0; i < INODES; i++)
		image_inode_encode(out + 50 + DATA + i * IMAGE_INODE_SIZE, &inodes[i]);
	memcpy(out + 50 + NAMES, names, sizeof names - 1);
	put("image", name, out, 50 + NAMES + sizeof names - 1);
}

static void
images(void)
{
	struct image_inode inodes[INODES] = {
	    {.type = IMAGE_DIR, .size = 2, .start = 1},
	    {.type = IMAGE_FILE, .name_len = 5, .size = 6, .mtime_s = 1700000000},
	    {.type = IMAGE_DIR, .name_len = 5, .name_off = 5, .size = 2, .start = 3},
	    {.type = IMAGE_FILE, .name_len = 5, .name_off = 10, .parent = 2, .start = 8},
	    {.type = IMAGE_FILE, .name_len = 7, .name_off = 15, .parent = 2, .size = 64},
	    {.type = IMAGE_DIR, .name_len = 2, .name_off = 22, .parent = 2, .size = 2, .start = 6},
	    {.type = IMAGE_FILE, .name_len = 1, .name_off = 25, .parent = 5},
	    {.type = IMAGE_FILE, .name_len = 1, .name_off = 26, .parent = 5},
	};

	image_of("good", 0, inodes, 5);
	image_of("good-over-the-edge-of-a-block", 1 + 4 * 3, inodes, 5);
	inodes[4].start = 0;
	inodes[2].size = 3;
	image_of("bad-name-equal-names", 2 + 4 * 8, inodes, INODES);
	inodes[0].size = INODES - 1;
	image_of("others-children", 0, inodes, INODES);
	inodes[4].size = 60000;
	image_of("large-file", 3 + 4 * 6, inodes, INODES);
}

/* ---- text --------------------------------------------------------------------------------------------------------------- */

static void
text(const char *target, const char *name, const char *head, size_t head_n, const char *words)
{
	char out[1024];

	memcpy(out, head, head_n);
	memcpy(out + head_n, words, strlen(words));
	put(target, name, out, head_n + strlen(words));
}

static void
texts(void)
{
	static const char now[7] = {1, 0, 0, (char)0xd2, 0x49, 0x6b, 0}; /* zone, role, 1800000000 */
	static const char last[7] = {0, 0, 0x7f, 0x41, (char)0xf4, (char)0xff, 0x3a}; /* TIME_MAX */
	static const char usb[] = "0781\n\0"
				  "5583\n\0"
				  " SanDisk\n\0Ultra\n\0"
				  "4C530001\n\0"
				  "480\n\0"
				  "1\n\0"
				  "5\n";
	static const char reader[] = "058f\n\0"
				     "6366\n\0Generic\n\0Card Reader\n\0"
				     "11 11\n\0"
				     "5000\n\0"
				     "2\n\0"
				     "77\n";

	text("code", "unlock", "\0\7", 2, "HNSB-PDT3-5TA5-MCEM");
	text("code", "unlock-typo", "\0\7", 2, "hnsb-pdt3-5ta5-mcen\n");
	text("code", "release", "\1\7", 2, "5KSR-D0P1-BBWH-FNDR");
	text("code", "id", "\0\7", 2, "7kq241/3");
	text("code", "fingerprint", "\0\7", 2, "ac79:e4f4:d170:0256:80da");
	text("escape", "words", "\0", 1, "gr\xc3\xb6\xc3\x9f" "e \xe5\xa4\xa7 a\\b");
	text("escape", "terminal", "\0", 1, "\x1b[2J\r\xe2\x80\xae" "fdp.exe\xff\xc2\x9b\xf0\x9f\x8e\xac");
	text("escape", "ascii", "\1", 1, "\xf0\x9f\x8e\xac \xc3\xb6 \xe5\xa4\xa7");
	text("when", "rfc3339", now, sizeof now, "2026-11-24T18:00:00.5+01:00");
	text("when", "utc", now, sizeof now, "2026-11-24 18:00:00Z");
	text("when", "local", now, sizeof now, "2026-11-24 18:00:30");
	text("when", "date", now, sizeof now, "2026-03-29");
	text("when", "clock", now, sizeof now, "9:05");
	text("when", "after-the-last", now, sizeof now, "9999-12-31T23:59:59-00:01");
	text("when", "after-the-last-relative", last, sizeof last, "+1d");
	text("when", "relative", now, sizeof now, "+4h30m");
	text("when", "dots", now, sizeof now, "24. 12. 2026 18:00");
	text("when", "slashes", now, sizeof now, "12/24/26 18.30");
	text("when", "names", now, sizeof now, "Thu, 24 Dec 2026 at 6:30 pm");
	text("when", "two-ways", now, sizeof now, "03/04/2026");
	text("when", "word", now, sizeof now, "tomorrow 9.05");
	text("when", "duration", now, sizeof now, "1d2h3m4s");
	text("mountinfo", "plain", "", 0,
	    "36 35 8:17 / /media/kim/STICK rw,relatime shared:1 - vfat /dev/sdb1 rw,errors=remount-ro\n");
	text("mountinfo", "escaped", "", 0, "36 35 0:55 / /media/a\\040b\\134 rw master:1 shared:2 - fuse.oncestick a\\011b ro\n");
	text("roster", "all", "", 0, "holder,stick,codes,language\n\"Kim, hall 3\",7kq241,2,de\nLee,usb:4C53,1,en\n");
	text("roster", "semicolons", "", 0, "\xef\xbb\xbfholder;codes\r\nM\xc3\xbcller;3\r\n;;\r\n");
	text("roster", "twice", "", 0, "holder\tcodes\rKim\t\rKim\t0\r");
	text("roster", "quotes", "", 0, "holder\nKim\n\"Lee\n");
	text("roster", "latin", "", 0, "holder\nM\xfcller\n");
	put("usb", "stick", usb, sizeof usb - 1);
	put("usb", "reader", reader, sizeof reader - 1);
	put("union", "both",
	    "\0"
	    "\0\1\0"
	    "\x80\1\0"
	    "\x81\xff\x0f"
	    "\x41\0\0"
	    "\xc0\0\0",
	    16);
	put("union", "apart",
	    "\1"
	    "\0\1\0"
	    "\0\x09\0"
	    "\x80\x02\0"
	    "\xc3\0\0"
	    "\x42\0\0",
	    16);
	put("union", "books-twice",
	    "\7"
	    "\0\1\0"
	    "\x80\x02\0"
	    "\xc3\0\0",
	    10);
}

START_TEST(all_seeds)
{
	payloads();
	long_notice();
	records();
	images();
	texts();
}
END_TEST

int
main(int argc, char **argv)
{
	Suite *s = suite_create("seeds");
	TCase *t = tcase_create("seeds");
	SRunner *runner = srunner_create(s);
	int failed;

	if (argc != 2 || sodium_init() < 0)
		return 2;
	top = argv[1];
	suite_add_tcase(s, t);
	tcase_add_test(t, all_seeds);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
