/*
 * books_pc.h - names of the PCs that receipts come from.
 */
#ifndef BOOKS_PC_H
#define BOOKS_PC_H

#include <stdint.h>

#include "books.h"
#include "error.h"
#include "format.h"

/*
 * books_pc_name(b, id, name, f): the name that the issuer gave the PC, or else its own, or else "". books_pc_said(b, id, name, f):
 * note the name that the PC gives itself. books_pc_call(b, id, name, f): give it a name here, whatever it calls itself; "" removes
 * that. Errors: E_BOOKS, E_FAIL.
 */
enum err books_pc_name(struct books *b, const uint8_t id[ID_SIZE], char name[LABEL_MAX + 1], struct fault *f);
enum err books_pc_said(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f);
enum err books_pc_call(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f);

/*
 * books_pc_find(b, digits, id, count, f): find the PC whose id begins with these hexadecimal digits, among those that receipts come
 * from. *count is how many there are, with 2 for all larger numbers; id is one of them. Errors: E_BOOKS, E_FAIL.
 */
enum err books_pc_find(struct books *b, const char *digits, uint8_t id[ID_SIZE], unsigned *count, struct fault *f);

#endif
