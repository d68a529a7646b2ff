/*
 * provision_internal.h - what provision.c and provision_clean.c share.
 */
#ifndef PROVISION_INTERNAL_H
#define PROVISION_INTERNAL_H

#include "provision.h"

#define PROVISION_TMP ".tmp" /* suffix of a grant that is being written or removed */
#define PROVISION_NEW ".new" /* suffix of a refill that is being installed */
#define PROVISION_NAME_SIZE (2 * ID_SIZE + sizeof(PROVISION_TMP))

/* provision_fault(f, step, fmt, ...): a fault with the error that errno means on a stick, which is returned. */
enum err provision_fault(struct fault *f, const char *step, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* provision_name(out, id, suffix): the name of a grant's or bundle's directory. */
void provision_name(char out[PROVISION_NAME_SIZE], const uint8_t id[ID_SIZE], const char *suffix);

/*
 * provision_list(dir_fd, suffix, ids, count): stickio_ids into *ids, freed by the caller and NULL if there are none. Return 0,
 * or -1 with errno (EOVERFLOW if there are thousands).
 */
int provision_list(int dir_fd, const char *suffix, uint8_t (**ids)[ID_SIZE], size_t *count);

/* provision_grant_file(grants_fd, name, file, n): the bytes of a grant, freed by the caller. Return 0, or -1 with errno. */
int provision_grant_file(int grants_fd, const char *name, uint8_t **file, size_t *n);

/* provision_lock(p, f): unless p holds the lock, make the probe if it is missing and lock it. Errors: as provision_init. */
enum err provision_lock(struct provision *p, struct fault *f);

#endif
