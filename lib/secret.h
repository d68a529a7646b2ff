/*
 * secret.h - memory that locks, hides and wipes itself (libsodium's guarded heap).
 */
#ifndef SECRET_H
#define SECRET_H

#include <stddef.h>

/*
 * secret_new(n): return n zero bytes that are locked in RAM where RLIMIT_MEMLOCK allows, left out of core dumps, and fenced by
 * guard pages; NULL if there is no memory. Each call costs several pages: keep many small secrets in one slab.
 */
void *secret_new(size_t n);

/*
 * secret_free(p): wipe and release what *p points to, which came from secret_new or is NULL, and set *p to NULL.
 * p is the address of the caller's pointer, of any object type.
 */
void secret_free(void *p);

/* secret_lockable(n): 1 if this process may lock at least n bytes now, else 0. Only for a warning. */
int secret_lockable(size_t n);

/*
 * secret_harden_process(): no core dumps, no ptrace by others (RLIMIT_CORE 0, PR_SET_DUMPABLE 0). For main() of a program that
 * will hold secrets. Return 0, or -1 with errno set.
 */
int secret_harden_process(void);

#endif
