/*
 * provision_internal.h - what provision.c, provision_clean.c and provision_known.c share.
 */
#ifndef PROVISION_INTERNAL_H
#define PROVISION_INTERNAL_H

#include "provision.h"

#define PROVISION_TMP ".tmp" /* suffix of a grant that is being written or removed */
#define PROVISION_NEW ".new" /* suffix of a refill that is being installed */
#define PROVISION_NAME_SIZE (2 * ID_SIZE + sizeof (PROVISION_TMP))

/* provision_fault(f, step, fmt, ...): set a fault with the error that errno means on a stick, and return that error. */
enum err provision_fault(struct fault *f, const char *step, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* provision_name(out, id, suffix): the name of the directory of a grant or a bundle. */
void provision_name(char out[PROVISION_NAME_SIZE], const uint8_t id[ID_SIZE], const char *suffix);

/*
 * provision_list(dir_fd, suffix, ids, count): stickio_ids into *ids, which the caller frees. Return 0, or -1 with errno (EOVERFLOW
 * if there are more than STICK_LISTED_MAX) and *ids unchanged.
 *
 * provision_list_fault(f, name): set the fault for that errno on ONCE/name, and return its error.
 */
int provision_list(int dir_fd, const char *suffix, uint8_t (**ids)[ID_SIZE], size_t *count);
enum err provision_list_fault(struct fault *f, const char *name);

/* provision_grant_file(grants_fd, name, file, n): the bytes of a grant, which the caller frees. Return 0, or -1 with errno. */
int provision_grant_file(int grants_fd, const char *name, uint8_t **file, size_t *n);

/*
 * provision_clean_pending(p, grants_fd, f): remove refills that were cut short before the stick moved on, and count them in
 * p->debris. One that contains a receipt is not removed.
 */
enum err provision_clean_pending(struct provision *p, int grants_fd, struct fault *f);

/*
 * provision_lock(p, f): unless p already holds the lock, make the probe if it is missing, and lock it. Errors: as for
 * provision_init.
 */
enum err provision_lock(struct provision *p, struct fault *f);

/*
 * provision_foreign(dir_fd, path): on a stick without a record, find the first thing in a directory ONCE, in any spelling, that is
 * not left over from a first prepare that was cut short. Return 1 with *path, which the caller frees; 0 if there is none; -1 with
 * errno.
 */
int provision_foreign(int dir_fd, char **path);

/*
 * provision_remove_part(once_fd, name), provision_remove_grant_dir(grants_fd, name), provision_remove_bundle_dir(bundles_fd,
 * name): remove what the format knows in ONCE/name, in a directory of g, in a directory of b. What it does not know stays, with
 * the directories above it, and that is success; so is absence. Return 0, or -1 with errno.
 *
 * provision_empty_once(once_fd): the same for all of ONCE.
 *
 * provision_remove_empty_once(dir_fd, once_fd): remove ONCE itself, if it is empty. Behind FUSE, wait a moment for files that are
 * removed but were still open.
 */
int provision_remove_part(int once_fd, const char *name);
int provision_remove_grant_dir(int grants_fd, const char *name);
int provision_remove_bundle_dir(int bundles_fd, const char *name);
int provision_empty_once(int once_fd);
int provision_remove_empty_once(int dir_fd, int once_fd);

#endif
