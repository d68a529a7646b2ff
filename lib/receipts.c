/*
 * receipts.c - a file of receipts, row by row.
 */
#include "receipts.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "dcbor.h"

#define BODY_MIN (MAC_SIZE + 1)
#define BODY_MAX (MAC_SIZE + RECEIPT_MAX)
#define ROW_MIN (1 + 2 + KEY_SIZE + 1 + ID_SIZE + 1 + 2 + BODY_MIN)

uint8_t *
receipts_encode(const struct receipt_row *rows, size_t count, size_t *n)
{
	return receipts_encode_from(&(struct receipts_from){.name = ""}, rows, count, n);
}

uint8_t *
receipts_encode_from(const struct receipts_from *from, const struct receipt_row *rows, size_t count, size_t *n)
{
	const bool named = from->name[0] != '\0';
	struct dcbor_out o = {0};
	size_t i;

	dcbor_put_array(&o, count + named);
	if (named) {
		dcbor_put_array(&o, 2);
		dcbor_put_bytes(&o, from->station_id, ID_SIZE);
		dcbor_put_text(&o, from->name);
	}
	for (i = 0; i < count; i++) {
		dcbor_put_array(&o, 4);
		dcbor_put_bytes(&o, rows[i].issuer, KEY_SIZE);
		dcbor_put_bytes(&o, rows[i].grant_id, ID_SIZE);
		dcbor_put_uint(&o, rows[i].slot);
		dcbor_put_bytes(&o, rows[i].body.p, rows[i].body.n);
	}
	return dcbor_take(&o, n);
}

static bool
get_row(struct dcbor_in *in, struct receipt_row *row)
{
	uint64_t four, slot;

	if (!dcbor_get_array(in, 4, 4, &four) || !dcbor_get_fixed(in, row->issuer, KEY_SIZE) ||
	    !dcbor_get_fixed(in, row->grant_id, ID_SIZE) || !dcbor_get_uint(in, 0, GRANT_SLOTS_MAX - 1, &slot) ||
	    !dcbor_get_bytes(in, BODY_MIN, BODY_MAX, &row->body))
		return false;
	row->slot = (uint32_t)slot;
	return true;
}

/* Before the rows, unless the first thing is one: then in is as it was, and from empty. */
static bool
get_from(struct dcbor_in *in, struct receipts_from *from)
{
	const struct dcbor_in before = *in;
	uint64_t two;

	memset(from, 0, sizeof *from);
	if (dcbor_get_array(in, 2, 2, &two))
		return dcbor_get_fixed(in, from->station_id, ID_SIZE) && dcbor_get_text(in, from->name, LABEL_MAX);
	*in = before;
	return true;
}

void
receipts_from(struct bytes file, struct receipts_from *from)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t declared;

	if (!dcbor_get_array(&in, 1, in.left / ROW_MIN + 1, &declared) || !get_from(&in, from))
		memset(from, 0, sizeof *from);
}

int
receipts_parse(struct bytes file, struct receipt_row **rows, size_t *count)
{
	struct dcbor_in in = dcbor_in(file);
	struct receipts_from from = {.name = ""};
	struct receipt_row *list;
	uint64_t declared;
	size_t i;

	errno = EBADMSG;
	if (!dcbor_get_array(&in, 0, in.left / ROW_MIN + 1, &declared) || (declared > 0 && !get_from(&in, &from)))
		return -1;
	declared -= from.name[0] != '\0';
	if (declared > in.left / ROW_MIN)
		return -1;
	/* Ask for one more than needed, so that an empty file gives a list, too. */
	list = calloc((size_t)declared + 1, sizeof *list);
	if (list == NULL) {
		errno = ENOMEM;
		return -1;
	}
	for (i = 0; i < declared; i++) {
		if (!get_row(&in, &list[i]))
			break;
	}
	if (!dcbor_end(&in)) {
		free(list);
		errno = EBADMSG;
		return -1;
	}
	*rows = list;
	*count = (size_t)declared;
	return 0;
}
