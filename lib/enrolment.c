/*
 * enrolment.c - an enrolment request as CBOR.
 */
#include "enrolment.h"

#include <stdbool.h>
#include <string.h>

#include "dcbor.h"

uint8_t *
enrolment_encode(const struct enrolment *e, size_t *n)
{
	const bool labelled = e->label[0] != '\0';
	struct dcbor_out o = {0};

	dcbor_put_map(&o, labelled ? 3 : 2);
	dcbor_put_uint(&o, ENROLMENT_VERSION);
	dcbor_put_uint(&o, PAYLOAD_VERSION);
	dcbor_put_uint(&o, ENROLMENT_STATION);
	dcbor_put_bytes(&o, e->station_pk, sizeof e->station_pk);
	if (labelled) {
		dcbor_put_uint(&o, ENROLMENT_LABEL);
		dcbor_put_text(&o, e->label);
	}
	return dcbor_take(&o, n);
}

static bool
get_enrolment(struct enrolment *e, struct bytes file)
{
	struct dcbor_in in = dcbor_in(file);
	uint64_t pairs, version;

	if (!dcbor_get_map(&in, 2, 3, &pairs) ||
	    !dcbor_key(&in, &pairs, ENROLMENT_VERSION) || !dcbor_get_uint(&in, PAYLOAD_VERSION, PAYLOAD_VERSION, &version) ||
	    !dcbor_key(&in, &pairs, ENROLMENT_STATION) || !dcbor_get_fixed(&in, e->station_pk, sizeof e->station_pk))
		return false;
	if (dcbor_key_if(&in, &pairs, ENROLMENT_LABEL) && !dcbor_get_text(&in, e->label, LABEL_MAX))
		return false;
	return pairs == 0 && dcbor_end(&in);
}

int
enrolment_parse(struct enrolment *e, struct bytes file)
{
	memset(e, 0, sizeof *e);
	if (!get_enrolment(e, file)) {
		memset(e, 0, sizeof *e);
		return -1;
	}
	return 0;
}
