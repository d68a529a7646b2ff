/*
 * fuzz_roster.c - a list of speakers.
 */
#include <stdbool.h>

#include "dcbor.h"
#include "fuzz.h"
#include "roster.h"

static const char *const languages[] = {"en", "de", NULL};

/* Whether text ends within size bytes, and is UTF-8 without controls. */
static void
check_text(const char *text, size_t size)
{
	FUZZ_HOLDS(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		FUZZ_HOLDS((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void
check_row(const struct roster_row *row)
{
	FUZZ_HOLDS(dcbor_text_ok(row->holder, strlen(row->holder)));
	check_text(row->stick, sizeof row->stick);
	FUZZ_HOLDS(row->codes >= 1 && row->codes <= GRANT_SLOTS_MAX && row->line > 1);
	FUZZ_HOLDS(row->language == NULL || row->language == languages[0] || row->language == languages[1]);
}

const unsigned fuzz_parts = 2; /* rows, complaints about rows */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct roster r = {.count = 0};
	uint8_t *copy = fuzz_copy(BYTES(data, size));
	enum err e = roster_read(&r, BYTES(copy, size), languages, NULL);

	free(copy);
	FUZZ_HOLDS(e == E_OK || e == E_USAGE);
	FUZZ_HOLDS((e == E_OK) == (r.complained == 0) && (e != E_OK || r.count > 0) && r.count <= ROSTER_ROWS_MAX);
	for (size_t k = 0; k < r.count && e == E_OK; k++)
		check_row(&r.rows[k]);
	for (size_t k = 0; k < r.complained && k < ROSTER_COMPLAINTS_MAX; k++) {
		FUZZ_HOLDS(r.complaints[k].what < ROSTER_WRONG_COUNT);
		check_text(r.complaints[k].text, sizeof r.complaints[k].text);
		check_text(r.complaints[k].near, sizeof r.complaints[k].near);
	}
	if (e == E_OK)
		fuzz_took(0);
	else if (r.complaints[0].line > 1)
		fuzz_took(1);
	roster_free(&r);
	return 0;
}
