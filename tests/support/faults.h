/*
 * faults.h - calls that fail by number: memory, random numbers, files.
 *
 * faults.c replaces these calls of the C library, for the program and for the libraries it uses, including SQLite. It is either
 * linked into a test, which then says which call fails, or loaded by LD_PRELOAD into the installed program, where it reads that
 * from the environment. ONCE_FAULTS="file 17" means call number 17 of that class; "any 5 40" means about every 40th call of all
 * classes, drawn from the seed 5. Each process counts its own calls, including those of its parent before the fork.
 * ONCE_FAULTS_LOG names a file that gets the names of the calls that failed, as text between NULs.
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>

enum faults_class {
	FAULTS_MEMORY = 1,      /* malloc and its kind, posix_memalign, mmap: ENOMEM */
	FAULTS_RANDOM = 2,      /* getrandom: EINTR, and ENOSYS when it is the process's first */
	FAULTS_FILE = 4,        /* opening, reading, writing, flushing, renaming, removing, making: EIO, ENOSPC, EMFILE, or short */
	FAULTS_ANY = 7,
	FAULTS_FLUSH = 8        /* of the files' calls fsync and fdatasync alone, as a COMMIT makes them */
};

/* faults_arm(classes, number): of the calls of these classes from now on, call number (from 1) fails; 0: none. Counting restarts.
 */
void faults_arm(unsigned classes, unsigned number);

/* faults_disarm(): nothing fails any more. Return how many calls were counted. faults_hit(): whether one failed since the last arm;
 * faults_what(): which, "fsync"; "" if none did. */
unsigned faults_disarm(void);
bool faults_hit(void);
const char *faults_what(void);

#endif
