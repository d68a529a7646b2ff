/*
 * inspect.h - what a stick, or a file of ours, says about itself. This takes no code and no right to write.
 */
#ifndef INSPECT_H
#define INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "enrolment.h"
#include "envelope.h"
#include "error.h"
#include "grant.h"
#include "manifest.h"
#include "notice.h"
#include "receipts.h"
#include "slots.h"
#include "stick.h"
#include "stickio.h"

enum inspect_kind {
	INSPECT_MANIFEST,
	INSPECT_GRANT,
	INSPECT_REFILL,
	INSPECT_NOTICE,
	INSPECT_RECEIPTS,
	INSPECT_STATION,
	INSPECT_STICK
};

/* The manifest of a lecture on a stick. */
enum inspect_media {
	INSPECT_SIGNED,
	INSPECT_MISSING,
	INSPECT_UNREADABLE,
	INSPECT_DAMAGED,
	INSPECT_ANOTHER         /* signed, but of another lecture */
};

/* What a stick says about one of its lectures, in addition to the grant. */
struct inspect_lecture {
	struct slots_count slots;
	enum inspect_media media;
	uint64_t blocks;        /* if it is signed */
};

struct inspect_stick {
	uint8_t id[ID_SIZE];
	uint32_t refill;        /* the number of the next one */
	char fs[STICKIO_FS_NAME];
	bool mixed;             /* lectures of several issuers */
	struct stick_grants grants;
	struct inspect_lecture *lectures; /* one for each grant */
	bool has_notice, notice_unreadable;
};

/* Only the fields of its kind are filled in; a refill has a grant, and a stick also has a notice. */
struct inspect {
	enum inspect_kind kind;
	struct manifest manifest;
	struct grant grant;
	struct notice notice;
	struct enrolment station;
	struct receipts_from from; /* where the rows come from */
	struct receipt_row *rows;
	size_t row_count;
	struct inspect_stick stick;
};

/*
 * inspect_file(i, file): read file, whatever kind it is. i is all zeros before, and its rows borrow from file. Of a refill the
 * signed part is read: only the stick can tell whether the rest fits. ENVELOPE_MALFORMED: file is none of ours, or damaged.
 */
enum envelope_result inspect_file(struct inspect *i, struct bytes file);

/*
 * inspect_stick(i, fd, f): read the stick whose directory is fd. i is all zeros before. What the medium fails to return is part of
 * the answer; only what cannot be read for a reason that can be put right on this PC is an error. Errors: those of stick_open and
 * stick_load_grants; E_STICK_IO; E_FAIL if there is no memory.
 */
enum err inspect_stick(struct inspect *i, int fd, struct fault *f);

/* inspect_free(i): release what it has, also after a failure. */
void inspect_free(struct inspect *i);

#endif
