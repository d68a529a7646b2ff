/*
 * fuzz_union.c - two notices, learnt in either order and more than once by the issuer's books and by a station: what is dead then
 * is what one of the two says, no more and no less.
 *
 * The input is a byte that says in which order they are learnt (bit 0), whether the books learn them twice (bit 1), and whether a
 * station does, too (bits 2 to 4 all zero: its transactions are slow); then a row of three-byte orders: which notice (bit 7), a
 * bundle withdrawn rather than a slot revoked (bit 6), which of a few ids, and the slot. Flushing to the medium is left out; it is
 * not what is tested here.
 */
#include <stdbool.h>
#include <unistd.h>

#include <sodium.h>

#include "books.h"
#include "fuzz.h"
#include "notice.h"
#include "station.h"

#define IDS 4u
#define ORDERS_MAX 64u
#define INPUTS_EACH 1000u /* that share one directory */

struct model {
	unsigned count; /* of all that are revoked */
	bool revoked[IDS][GRANT_SLOTS_MAX];
	bool withdrawn[IDS];
};

static char dir[64];
static struct books *books;
static struct station *station;
static unsigned inputs;

/* In the place of libc's also for SQLite. */
__attribute__((visibility("default"))) int
fsync(int fd)
{
	(void)fd;
	return 0;
}

__attribute__((visibility("default"))) int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

/* ---- a place to work in ------------------------------------------------------------------------------------------------- */

static void
leave(void)
{
	char command[128];

	if (dir[0] == '\0')
		return;
	books_close(&books);
	station_close(&station);
	snprintf(command, sizeof command, "rm -rf '%s'", dir);
	FUZZ_HOLDS(system(command) == 0);
	dir[0] = '\0';
}

static void
enter(void)
{
	const char *tmp = getenv("TMPDIR");
	char sub[80];

	if (inputs == 0)
		FUZZ_HOLDS(sodium_init() >= 0 && atexit(leave) == 0);
	if (inputs++ % INPUTS_EACH != 0)
		return;
	leave();
	snprintf(dir, sizeof dir, "%s/fuzz-union.XXXXXX", tmp != NULL ? tmp : "/tmp");
	FUZZ_HOLDS(mkdtemp(dir) != NULL);
	snprintf(sub, sizeof sub, "%s/books", dir);
	FUZZ_HOLDS(books_open(&books, sub, true, NULL) == E_OK);
	snprintf(sub, sizeof sub, "%s/station", dir);
	FUZZ_HOLDS(station_open(&station, sub, STATION_WRITE, NULL) == E_OK);
}

/* ---- two notices -------------------------------------------------------------------------------------------------------- */

static void
id_of(uint8_t id[ID_SIZE], unsigned k)
{
	memset(id, (int)(0x40 + k), ID_SIZE);
}

static void
withdraw(struct notice *n, unsigned k)
{
	uint8_t id[ID_SIZE];
	size_t at = 0;

	id_of(id, k);
	if (notice_withdrawn(n, id))
		return;
	FUZZ_HOLDS((n->withdrawn = realloc(n->withdrawn, (n->withdrawn_count + 1) * ID_SIZE)) != NULL);
	while (at < n->withdrawn_count && memcmp(n->withdrawn[at], id, ID_SIZE) < 0)
		at++;
	memmove(n->withdrawn + at + 1, n->withdrawn + at, (n->withdrawn_count - at) * ID_SIZE);
	memcpy(n->withdrawn[at], id, ID_SIZE);
	n->withdrawn_count++;
}

static void
make(struct notice n[2], struct model *m, struct bytes in)
{
	uint8_t id[ID_SIZE];

	for (unsigned i = 0; i < ORDERS_MAX && in.n > 0; i++) {
		unsigned what = (unsigned)fuzz_number(&in, 1), k = what % IDS,
			 slot = (unsigned)fuzz_number(&in, 2) % GRANT_SLOTS_MAX;

		id_of(id, k);
		if (what & 0x40) {
			withdraw(&n[what >> 7], k);
			m->withdrawn[k] = true;
		} else {
			FUZZ_HOLDS(notice_revoke(&n[what >> 7], id, slot) == 0);
			m->count += !m->revoked[k][slot];
			m->revoked[k][slot] = true;
		}
	}
}

/* ---- what became of them ------------------------------------------------------------------------------------------------ */

static void
check_content(const struct notice *content, const struct model *m)
{
	struct notice signable = *content, parsed;
	uint8_t id[ID_SIZE], *payload;
	unsigned count = 0;
	size_t n = 0;

	for (unsigned k = 0; k < IDS; k++) {
		id_of(id, k);
		FUZZ_HOLDS(notice_withdrawn(content, id) == m->withdrawn[k]);
	}
	for (size_t i = 0; i < content->grant_count; i++)
		for (unsigned slot = 0; slot < content->grants[i].len * 8u; slot++)
			if (content->grants[i].bitmap[slot / 8] >> slot % 8 & 1) {
				FUZZ_HOLDS(m->revoked[content->grants[i].grant_id[0] % IDS][slot]);
				count++;
			}
	FUZZ_HOLDS(count == m->count);
	FUZZ_HOLDS(content->grant_count <= IDS && content->withdrawn_count <= IDS);
	signable.number = 1;
	signable.time = TIME_MIN;
	FUZZ_HOLDS((payload = notice_encode(&signable, &n)) != NULL);
	FUZZ_HOLDS(notice_parse(&parsed, BYTES(payload, n)) == 0);
	notice_free(&parsed);
	free(payload);
}

static void
try_books(const struct notice *first, const struct notice *second, const struct model *m, int times)
{
	struct notice content;

	fuzz_took(0);
	FUZZ_HOLDS(books_begin(books, NULL) == E_OK);
	for (int i = 0; i < times; i++) {
		FUZZ_HOLDS(books_store_notice(books, first, BYTES("a", 1), NULL) == E_OK);
		FUZZ_HOLDS(books_store_notice(books, second, BYTES("b", 1), NULL) == E_OK);
		FUZZ_HOLDS(books_notice_content(books, TIME_MIN + 6, &content, NULL) == E_OK);
		check_content(&content, m);
		notice_free(&content);
	}
	FUZZ_HOLDS(books_end(books, E_FAIL, NULL) == E_FAIL); /* all undone, for the next */
}

static void
check_station(const uint8_t pk[KEY_SIZE], const struct notice *n, const struct model *m)
{
	struct memory *memory = station_memory(station);
	uint8_t id[ID_SIZE];
	struct memory_revoked is = {0};

	for (unsigned k = 0; k < IDS; k++) {
		id_of(id, k);
		for (size_t i = 0; i < n->grant_count; i++)
			for (uint32_t slot = n->grants[i].len * 8u - 8; slot < n->grants[i].len * 8u; slot++) {
				FUZZ_HOLDS(memory_revoked(memory, &(struct memory_target){pk, id, id, slot}, &is, NULL) == E_OK);
				FUZZ_HOLDS(is.slot == m->revoked[k][slot]);
			}
		FUZZ_HOLDS(memory_revoked(memory, &(struct memory_target){pk, id, id, 0}, &is, NULL) == E_OK);
		FUZZ_HOLDS(is.bundle == m->withdrawn[k]);
	}
}

/* For an issuer that nothing is known of yet. */
static void
try_station(struct notice *first, struct notice *second, const struct model *m, unsigned number)
{
	uint8_t pk[KEY_SIZE] = {1};
	struct memory_issuer known;
	struct memory *memory = station_memory(station);

	fuzz_took(1);
	store_le32(pk + 4, number);
	memcpy(first->issuer, pk, KEY_SIZE);
	memcpy(second->issuer, pk, KEY_SIZE);
	FUZZ_HOLDS(station_learn_notice(station, first, BYTES("a", 1), NULL) == E_ISSUER);
	FUZZ_HOLDS(station_pin(station, pk, NULL) == E_OK);
	FUZZ_HOLDS(station_learn_notice(station, first, BYTES("a", 1), NULL) == E_OK);
	FUZZ_HOLDS(station_learn_notice(station, second, BYTES("b", 1), NULL) == E_OK);
	check_station(pk, first, m);
	check_station(pk, second, m);
	FUZZ_HOLDS(memory_issuer(memory, pk, &known, NULL) == E_OK);
	FUZZ_HOLDS(known.notice_no == (first->number > second->number ? first->number : second->number));
}

const unsigned fuzz_parts = 2; /* books and a station */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notice n[2] = {{.number = 5, .time = TIME_MIN + 5}, {.number = 6, .time = TIME_MIN}};
	struct model *m = calloc(1, sizeof *m);
	struct bytes in = BYTES(data, size);
	unsigned how = (unsigned)fuzz_number(&in, 1);

	FUZZ_HOLDS(m != NULL);
	enter();
	make(n, m, in);
	try_books(&n[how & 1], &n[1 - (how & 1)], m, how & 2 ? 2 : 1);
	if ((how & 0x1c) == 0)
		try_station(&n[how & 1], &n[1 - (how & 1)], m, inputs);
	notice_free(&n[0]);
	notice_free(&n[1]);
	free(m);
	return 0;
}
