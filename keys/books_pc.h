/*
 * books_pc.h - names of the PCs that receipts are from.
 */
#ifndef BOOKS_PC_H
#define BOOKS_PC_H

#include <stdint.h>

#include "books.h"
#include "error.h"
#include "format.h"

/*
 * books_pc_name(b, id, name, f): what the PC is called here, else what it calls itself, else "". books_pc_said(b, id, name, f): it
 * calls itself so. books_pc_call(b, id, name, f): it is called so here, whatever it says; "" takes that away.
 */
enum err books_pc_name(struct books *b, const uint8_t id[ID_SIZE], char name[LABEL_MAX + 1], struct fault *f);
enum err books_pc_said(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f);
enum err books_pc_call(struct books *b, const uint8_t id[ID_SIZE], const char *name, struct fault *f);

/*
 * books_pc_find(b, digits, id, count, f): the PC whose id begins with these hexadecimal digits, of those that receipts are from;
 * *count is how many there are, 2 for more than one, and id one of them.
 */
enum err books_pc_find(struct books *b, const char *digits, uint8_t id[ID_SIZE], unsigned *count, struct fault *f);

#endif
