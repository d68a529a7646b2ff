/*
 * record.h - 4096-byte records in pairs of files: the only part of a stick that ever changes (oncestick-format(5), RECORDS).
 *
 * A slot's record starts LIVE, holding the sealed cell, and becomes SPENT when a receipt is written over it. A pair has no
 * generation numbers: if either copy is SPENT, the slot is.
 */
#ifndef RECORD_H
#define RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "format.h"

enum record_kind { RECORD_LIVE, RECORD_SPENT, RECORD_STICK };

enum record_state { RECORD_IS_LIVE, RECORD_IS_SPENT, RECORD_IS_DAMAGED };

/*
 * record_encode(out, kind, id, number, body): a whole record with its checksum. id is the grant's (LIVE, SPENT) or the stick's;
 * number is the slot or the stick's n. body.n is at most RECORD_BODY_MAX.
 */
void record_encode(uint8_t out[RECORD_SIZE], enum record_kind kind, const uint8_t id[ID_SIZE], uint32_t number,
    struct bytes body);

/*
 * record_slot_state(raw, grant_id, slot, cell_size, body): the state of one copy of a slot's record at its place. *body borrows
 * the cell or receipt || MAC from raw, and is empty for RECORD_IS_DAMAGED.
 */
enum record_state record_slot_state(const uint8_t raw[RECORD_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot,
    size_t cell_size, struct bytes *body);

/* record_merge(a, b, equal): the state of a pair; equal says whether the two copies are the same bytes. */
enum record_state record_merge(enum record_state a, enum record_state b, bool equal);

/*
 * record_stick(raw, stick_id, n, r): read one copy of a stick record. If stick_id is all zero it is set, otherwise it must match.
 * Return true, and set *n and r (KEY_SIZE, secret), if the copy is valid.
 */
bool record_stick(const uint8_t raw[RECORD_SIZE], uint8_t stick_id[ID_SIZE], uint32_t *n, uint8_t r[KEY_SIZE]);

/*
 * record_destroy(dir_fd, name, number, rec, f): overwrite record number of file name below dir_fd so that the old one is gone: by
 * a direct write where the file system has it, then fdatasync, drop from the page cache, read back and compare. The file must be a
 * regular file that already has that record. Any failure is E_STICK_IO (E_READONLY for EROFS, EACCES and EPERM; E_FAIL as in
 * stickio_err), and at worst leaves the record torn.
 */
enum err record_destroy(int dir_fd, const char *name, uint32_t number, const uint8_t rec[RECORD_SIZE], struct fault *f);

/* record_read(fd, number, raw): read a record in full. Return 0, or -1 with errno (EIO if the file is too short). */
int record_read(int fd, uint32_t number, uint8_t raw[RECORD_SIZE]);

#endif
