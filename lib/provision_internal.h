/*
 * provision_internal.h - what provision.c, provision_clean.c and provision_known.c share.
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
 * provision_list(dir_fd, suffix, ids, count): stickio_ids into *ids, freed by the caller. Return 0, or -1 with errno (EOVERFLOW if
 * there are more than STICK_LISTED_MAX), *ids unchanged.
 * provision_list_fault(f, name): the fault of that errno, which is returned, of ONCE/name.
 */
int provision_list(int dir_fd, const char *suffix, uint8_t (**ids)[ID_SIZE], size_t *count);
enum err provision_list_fault(struct fault *f, const char *name);

/* provision_grant_file(grants_fd, name, file, n): the bytes of a grant, freed by the caller. Return 0, or -1 with errno. */
int provision_grant_file(int grants_fd, const char *name, uint8_t **file, size_t *n);

/*
 * provision_clean_pending(p, grants_fd, f): remove refills that were cut short before the stick moved on, counting them in
 * p->debris. One with a receipt in it is none.
 */
enum err provision_clean_pending(struct provision *p, int grants_fd, struct fault *f);

/* provision_lock(p, f): unless p holds the lock, make the probe if it is missing and lock it. Errors: as provision_init. */
enum err provision_lock(struct provision *p, struct fault *f);

/*
 * provision_foreign(dir_fd, path): on a stick without a record, the first thing in a directory ONCE, in any spelling, that is not
 * what a first prepare leaves that was cut short. Return 1 with *path, freed by the caller; 0 if there is none; -1 with errno.
 */
int provision_foreign(int dir_fd, char **path);

/*
 * provision_remove_part(once_fd, name), provision_remove_grant_dir(grants_fd, name), provision_remove_bundle_dir(bundles_fd, name):
 * remove what the format knows of ONCE/name, a directory of g, one of b. What it does not know stays, with the directories above,
 * and that is success; so is absence. Return 0, or -1 with errno. provision_empty_once(once_fd): the same of all of ONCE.
 * provision_remove_empty_once(dir_fd, once_fd): ONCE itself, if it is empty, waiting a moment for files that are gone but were open
 * until now, behind FUSE.
 */
int provision_remove_part(int once_fd, const char *name);
int provision_remove_grant_dir(int grants_fd, const char *name);
int provision_remove_bundle_dir(int bundles_fd, const char *name);
int provision_empty_once(int once_fd);
int provision_remove_empty_once(int dir_fd, int once_fd);

#endif
