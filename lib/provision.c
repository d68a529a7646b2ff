/*
 * provision.c - taking a stick for one issuer, and writing bundles and grants to it.
 */
#include "provision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <sodium.h>

#include "envelope.h"
#include "filestat.h"
#include "keytree.h"
#include "provision_internal.h"
#include "record.h"
#include "stickio.h"

#define CHUNK_SIZE (16 * RECORD_SIZE)

#define MODE_SHARED_DIR 0777 /* what both the issuer and the speaker must be able to write */
#define MODE_SHARED 0666
#define MODE_DIR 0755
#define MODE_FILE 0644

static const char *const record_names[] = {STICK_RECORD_A, STICK_RECORD_B};

enum err
provision_fault(struct fault *f, const char *step, const char *fmt, ...)
{
	char object[sizeof (((struct fault *)NULL)->object)];
	int sys = errno;
	bool locked = sys == EROFS || sys == EACCES || sys == EPERM;
	enum err err = locked ? E_READONLY : stickio_err(sys, E_STICK_IO);
	va_list args;

	va_start(args, fmt);
	vsnprintf(object, sizeof object, fmt, args);
	va_end(args);
	return fault_set(f, err, sys, step, "%s", object);
}

void
provision_name(char out[PROVISION_NAME_SIZE], const uint8_t id[ID_SIZE], const char *suffix)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, id, ID_SIZE);
	snprintf(out, PROVISION_NAME_SIZE, "%s%s", hex, suffix);
}

int
provision_list(int dir_fd, const char *suffix, uint8_t (**ids)[ID_SIZE], size_t *count)
{
	uint8_t(*list)[ID_SIZE] = calloc(STICK_LISTED_MAX, sizeof *list);
	int found = -1;

	if (list == NULL || (found = stickio_ids(dir_fd, suffix, list, STICK_LISTED_MAX)) == -1 || found > (int)STICK_LISTED_MAX) {
		if (found != -1)
			errno = EOVERFLOW;
		free(list);
		return -1;
	}
	*ids = list;
	*count = (size_t)found;
	return 0;
}

enum err
provision_list_fault(struct fault *f, const char *name)
{
	if (errno == EOVERFLOW)
		return fault_why(f, E_STICK_DAMAGED, 0, strcmp(name, STICK_BUNDLES) == 0 ? WHY_CROWDED_BUNDLES : WHY_CROWDED_GRANTS,
		    "%s/%s", STICK_ONCE, name);
	return provision_fault(f, "list", "%s/%s", STICK_ONCE, name);
}

int
provision_grant_file(int grants_fd, const char *name, uint8_t **file, size_t *n)
{
	int fd = stickio_open_dir(grants_fd, name), ret = -1, saved = 0;

	if (fd == -1)
		return -1;
	ret = stickio_slurp(fd, STICK_GRANT_FILE, envelope_limit(ENVELOPE_GRANT), file, n);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

/* ---- looking ---- */

static enum err
check_medium(struct provision *p, int fd, struct fault *f)
{
	struct statvfs vfs;
	enum err err = stickio_medium(fd, p->fs_name, f);

	if (err != E_OK)
		return err;
	if (fstatvfs(fd, &vfs) != 0)
		return provision_fault(f, "statvfs", "stick");
	if ((vfs.f_flag & ST_RDONLY) != 0)
		return fault_set(f, E_READONLY, EROFS, "file system", "stick");
	return E_OK;
}

static enum err
check_writable(int fd, const char *object, struct fault *f)
{
	enum err err;

	if (faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) == 0)
		return E_OK;
	err = provision_fault(f, "access", "%s", object);
	stickio_blame(f, fd, ".");
	return err;
}

/* Open a directory below ONCE that may be missing (*fd is -1 then), but must be writable. */
static enum err
open_part(struct provision *p, const char *name, int *fd, struct fault *f)
{
	enum err err = E_OK;

	*fd = stickio_open_dir(p->once_fd, name);
	if (*fd == -1 && errno == ENOENT)
		return E_OK;
	if (*fd == -1 && (errno == ENOTDIR || errno == ELOOP))
		return fault_set(f, E_STICK_DAMAGED, errno, "open", "%s/%s", STICK_ONCE, name);
	if (*fd == -1) {
		err = provision_fault(f, "open", "%s/%s", STICK_ONCE, name);
		stickio_blame(f, p->once_fd, name);
		return err;
	}
	if ((err = check_writable(*fd, name, f)) != E_OK) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

/* True if name in dir_fd is still the file under fd. Whoever erased the stick meanwhile took the lock with it. */
static bool
still_there(int dir_fd, const char *name, int fd)
{
	struct stat mine, named;

	return filestat_fd(fd, &mine) == 0 && filestat_at(dir_fd, name, &named) == 0 && mine.st_dev == named.st_dev &&
	       mine.st_ino == named.st_ino;
}

/* Lock the probe, if there is one. */
static enum err
take_lock(struct provision *p, struct fault *f)
{
	int fd = stickio_open_file(p->once_fd, STICK_PROBE, O_RDWR, NULL);

	if (fd == -1 && errno == ENOENT)
		return E_OK;
	if (fd == -1 && (errno == EINVAL || errno == ELOOP))
		return fault_set(f, E_STICK_DAMAGED, errno, "open", "%s/%s", STICK_ONCE, STICK_PROBE);
	if (fd == -1) {
		enum err err = provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_PROBE);

		stickio_blame(f, p->once_fd, STICK_PROBE);
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		int sys = errno;

		close(fd);
		return fault_set(f, sys == EWOULDBLOCK ? E_BUSY : E_FAIL, sys, "flock", "%s/%s", STICK_ONCE, STICK_PROBE);
	}
	if (!still_there(p->once_fd, STICK_PROBE, fd)) {
		close(fd);
		return fault_set(f, E_BUSY, 0, "flock", "%s/%s", STICK_ONCE, STICK_PROBE);
	}
	p->lock_fd = fd;
	return E_OK;
}

/*
 * E_ISSUER if the grant verifies and belongs to another issuer. A grant that does not verify, or that the medium cannot read,
 * belongs to nobody.
 */
static enum err
check_grant_issuer(int grants_fd, const uint8_t id[ID_SIZE], const char *suffix, const uint8_t issuer[KEY_SIZE], struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	uint8_t signer[KEY_SIZE];
	struct bytes payload;
	uint8_t *file = NULL;
	size_t n = 0;
	enum envelope_result opened;

	provision_name(name, id, suffix);
	if (provision_grant_file(grants_fd, name, &file, &n) != 0) {
		if (stickio_failing(errno) || stickio_err(errno, E_OK) == E_OK)
			return E_OK;
		return stickio_fault(f, E_NO_GRANT, "read", grants_fd, STICK_ONCE "/" STICK_GRANTS, name);
	}
	opened = envelope_open(ENVELOPE_GRANT, BYTES(file, n), &payload, signer);
	free(file);
	if (opened == ENVELOPE_NO_MEMORY)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
	if (opened != ENVELOPE_OK || memcmp(signer, issuer, KEY_SIZE) == 0)
		return E_OK;
	return fault_set(f, E_ISSUER, 0, "issuer", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
}

static enum err
check_issuers(int grants_fd, const char *suffix, const uint8_t issuer[KEY_SIZE], size_t *grants, struct fault *f)
{
	uint8_t(*ids)[ID_SIZE] = NULL;
	size_t count = 0;
	enum err err = E_OK;

	if (provision_list(grants_fd, suffix, &ids, &count) != 0)
		return provision_list_fault(f, STICK_GRANTS);
	for (size_t i = 0; i < count && err == E_OK; i++)
		err = check_grant_issuer(grants_fd, ids[i], suffix, issuer, f);
	free(ids);
	*grants += count;
	return err;
}

/* Count the grants, installed or not, and make sure that none belongs to another issuer. */
static enum err
check_grants(struct provision *p, const uint8_t issuer[KEY_SIZE], size_t *grants, struct fault *f)
{
	enum err err = E_OK;
	int fd = -1;

	*grants = 0;
	if ((err = open_part(p, STICK_GRANTS, &fd, f)) != E_OK || fd == -1)
		return err;
	if ((err = check_medium(p, fd, f)) == E_OK && (err = check_issuers(fd, "", issuer, grants, f)) == E_OK)
		err = check_issuers(fd, PROVISION_NEW, issuer, grants, f);
	close(fd);
	return err;
}

static enum err
check_ratchet(const struct stick *s, const uint8_t seed[KEY_SIZE], struct fault *f)
{
	if (s->n > STICK_REFILLS_MAX)
		return fault_set(f, E_STICK_DAMAGED, 0, "refill number", "%s/%s", STICK_ONCE, STICK_RECORD_A);
	return stick_follows(s, seed) ? E_OK : fault_set(f, E_ISSUER, 0, "ratchet", "%s/%s", STICK_ONCE, STICK_RECORD_A);
}

static enum err
inspect(struct provision *p, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE], struct fault *f)
{
	struct fault why = {0};
	size_t grants = 0;
	int bundles_fd = -1;
	enum err err = E_OK;

	if ((err = check_grants(p, issuer, &grants, f)) != E_OK || (err = open_part(p, STICK_BUNDLES, &bundles_fd, f)) != E_OK)
		return err;
	if (bundles_fd != -1)
		close(bundles_fd);
	err = stick_open(&p->stick, p->dir_fd, &why);
	if (err == E_STICK_DAMAGED && grants == 0)
		return E_OK;
	if (err != E_OK)
		return fault_pass(f, &why);
	if ((err = check_ratchet(p->stick, seed, f)) != E_OK)
		return err;
	if ((err = stick_load_grants(p->stick, &p->grants, &why)) != E_OK && err != E_NO_GRANT && !stickio_failing(why.sys))
		return fault_pass(f, &why);
	p->state = PROVISION_OURS;
	return E_OK;
}

/* Whether ONCE, however it is spelled, contains something that belongs neither to a stick nor to an interrupted first prepare. */
static enum err
check_foreign(struct provision *p, struct fault *f)
{
	char *path = NULL;
	int found = provision_foreign(p->dir_fd, &path);
	enum err err = E_OK;

	if (found == 1)
		err = fault_why(f, E_NO_STICK, 0, WHY_NOT_OURS, "%s", path);
	else if (found == -1)
		err = provision_fault(f, "list", "%s", STICK_ONCE);
	free(path);
	return err;
}

/* Open ONCE, if there is one. It must be possible to write in it and to destroy, and it gets locked. */
static enum err
open_once(struct provision *p, struct fault *f)
{
	enum err err = E_OK;

	if ((err = check_medium(p, p->dir_fd, f)) != E_OK)
		return err;
	if ((p->once_fd = stickio_open_dir(p->dir_fd, STICK_ONCE)) == -1) {
		if (errno == ENOENT)
			return E_OK;
		if (errno == ENOTDIR || errno == ELOOP)
			return fault_why(f, E_NO_STICK, 0, WHY_NOT_OURS, "%s", STICK_ONCE);
		err = provision_fault(f, "open", "%s", STICK_ONCE);
		stickio_blame(f, p->dir_fd, STICK_ONCE);
		return err;
	}
	if ((err = check_medium(p, p->once_fd, f)) != E_OK || (err = check_writable(p->once_fd, STICK_ONCE, f)) != E_OK)
		return err;
	return take_lock(p, f);
}

static enum err
look(struct provision *p, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE], struct fault *f)
{
	enum err err = open_once(p, f);

	if (err != E_OK)
		return err;
	if (p->once_fd == -1)
		return (err = check_foreign(p, f)) != E_OK ? err : check_writable(p->dir_fd, "stick", f);
	err = inspect(p, seed, issuer, f);
	return err == E_OK && p->state == PROVISION_EMPTY ? check_foreign(p, f) : err;
}

static void
close_fd(int fd)
{
	if (fd != -1)
		close(fd);
}

static enum err
make(struct provision **p, int dir_fd, struct fault *f)
{
	struct provision *made = calloc(1, sizeof *made);

	if (made == NULL) {
		fault_set(f, E_FAIL, ENOMEM, "memory", "stick");
		return E_FAIL;
	}
	made->state = PROVISION_EMPTY;
	made->once_fd = made->lock_fd = -1;
	made->dir_fd = fcntl(dir_fd, F_DUPFD_CLOEXEC, 3);
	*p = made;
	return made->dir_fd != -1 ? E_OK : fault_set(f, E_FAIL, errno, "dup", "stick");
}

/* What a speaker's program must be able to write, besides ONCE itself. */
static enum err
check_parts(struct provision *p, struct fault *f)
{
	enum err err = E_OK;
	int fd = -1;

	if ((err = open_part(p, STICK_GRANTS, &fd, f)) != E_OK)
		return err;
	if (fd == -1)
		return fault_set(f, E_NO_GRANT, ENOENT, "open", "%s/%s", STICK_ONCE, STICK_GRANTS);
	err = check_medium(p, fd, f);
	close(fd);
	for (size_t i = 0; i < 2 && err == E_OK; i++) {
		if (faccessat(p->once_fd, record_names[i], W_OK, AT_EACCESS) == 0 || errno == ENOENT)
			continue;
		err = provision_fault(f, "access", "%s/%s", STICK_ONCE, record_names[i]);
		stickio_blame(f, p->once_fd, record_names[i]);
	}
	return err;
}

/* Get the lock first: what is read under it stays as it is. */
static enum err
look_as_speaker(struct provision *p, struct fault *f)
{
	struct fault why = {0};
	enum err err = open_once(p, f);

	if (err != E_OK)
		return err;
	if ((err = stick_open(&p->stick, p->dir_fd, f)) != E_OK || (err = check_parts(p, f)) != E_OK ||
	    (err = provision_lock(p, f)) != E_OK)
		return err;
	stick_close(&p->stick);
	if ((err = stick_open(&p->stick, p->dir_fd, f)) != E_OK)
		return err;
	if ((err = stick_load_grants(p->stick, &p->grants, &why)) != E_OK && err != E_NO_GRANT && !stickio_failing(why.sys))
		return fault_pass(f, &why);
	p->state = PROVISION_OURS;
	return E_OK;
}

enum err
provision_begin(struct provision **p, int dir_fd, const uint8_t seed[KEY_SIZE], const uint8_t issuer[KEY_SIZE], struct fault *f)
{
	struct provision *made = NULL;
	enum err err = make(&made, dir_fd, f);

	if (err == E_OK && (err = look(made, seed, issuer, f)) == E_OK) {
		*p = made;
		made = NULL;
	}
	provision_end(&made);
	return err;
}

enum err
provision_take(struct provision **p, int dir_fd, struct fault *f)
{
	struct provision *made = NULL;
	enum err err = make(&made, dir_fd, f);

	if (err == E_OK && (err = look_as_speaker(made, f)) == E_OK) {
		*p = made;
		made = NULL;
	}
	provision_end(&made);
	return err;
}

void
provision_end(struct provision **p)
{
	if (*p == NULL)
		return;
	hold_release(&(*p)->hold);
	stick_grants_free(&(*p)->grants);
	stick_close(&(*p)->stick);
	close_fd((*p)->lock_fd);
	close_fd((*p)->once_fd);
	close_fd((*p)->dir_fd);
	free(*p);
	*p = NULL;
}

/* ---- making ONCE ---- */

/* A directory that already exists was left by an earlier attempt, and may not have got its mode. */
static enum err
make_dir(int parent_fd, const char *name, mode_t mode, int *fd, struct fault *f)
{
	*fd = stickio_mkdir(parent_fd, name, mode);
	if (*fd == -1 && errno == EEXIST && (*fd = stickio_open_dir(parent_fd, name)) != -1)
		(void)fchmod(*fd, mode);
	if (*fd == -1)
		return provision_fault(f, "mkdir", "%s", name);
	return E_OK;
}

static enum err
make_parts(struct provision *p, struct fault *f)
{
	static const struct {
		const char *name;
		mode_t mode;
	} parts[] = {{STICK_BUNDLES, MODE_DIR}, {STICK_GRANTS, MODE_SHARED_DIR}};
	enum err err = E_OK;
	int fd = -1;

	if (p->once_fd == -1 && (err = make_dir(p->dir_fd, STICK_ONCE, MODE_SHARED_DIR, &p->once_fd, f)) != E_OK)
		return err;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if ((err = make_dir(p->once_fd, parts[i].name, parts[i].mode, &fd, f)) != E_OK)
			return err;
		close(fd);
	}
	return stickio_sync_dir(p->dir_fd) == 0 ? E_OK : provision_fault(f, "fsync", "stick");
}

enum err
provision_lock(struct provision *p, struct fault *f)
{
	static const uint8_t zeros[RECORD_SIZE];
	enum err err = E_OK;

	if (p->lock_fd != -1)
		return E_OK;
	if (stickio_create(p->once_fd, STICK_PROBE, zeros, sizeof zeros, MODE_SHARED) != 0 && errno != EEXIST)
		return provision_fault(f, "write", "%s/%s", STICK_ONCE, STICK_PROBE);
	if ((err = take_lock(p, f)) != E_OK)
		return err;
	return p->lock_fd != -1 ? E_OK : fault_set(f, E_BUSY, 0, "flock", "%s/%s", STICK_ONCE, STICK_PROBE);
}

static enum err
write_record(struct provision *p, const char *name, const uint8_t raw[RECORD_SIZE], struct fault *f)
{
	if (stickio_remove_file(p->once_fd, name) == 0 && stickio_create(p->once_fd, name, raw, RECORD_SIZE, MODE_SHARED) == 0)
		return E_OK;
	return provision_fault(f, "write", "%s/%s", STICK_ONCE, name);
}

static enum err
make_record(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f)
{
	uint8_t raw[RECORD_SIZE], r[KEY_SIZE];
	enum err err = E_OK;

	keytree_ratchet(r, seed, stick_id);
	keytree_ratchet_next(r);
	record_encode(raw, RECORD_STICK, stick_id, 1, BYTES(r, sizeof r));
	for (size_t i = 0; i < 2 && err == E_OK; i++)
		err = write_record(p, record_names[i], raw, f);
	sodium_memzero(raw, sizeof raw);
	sodium_memzero(r, sizeof r);
	if (err == E_OK && stickio_sync_dir(p->once_fd) != 0)
		err = provision_fault(f, "fsync", "%s", STICK_ONCE);
	return err;
}

/* True if the copy belongs to this stick and has its n. */
static bool
copy_is_current(const struct provision *p, const char *name)
{
	uint8_t raw[RECORD_SIZE], r[KEY_SIZE], id[ID_SIZE];
	uint32_t n = 0;
	bool current = false;
	int fd = stickio_open_file(p->once_fd, name, O_RDONLY, NULL);

	if (fd == -1)
		return false;
	memcpy(id, p->stick->id, ID_SIZE);
	current = record_read(fd, 0, raw) == 0 && record_stick(raw, id, &n, r) && n == p->stick->n;
	sodium_memzero(raw, sizeof raw);
	sodium_memzero(r, sizeof r);
	close(fd);
	return current;
}

/* A first prepare that was cut short between the two copies has left one. Once there are grants the record is left alone. */
static enum err
complete_record(struct provision *p, struct fault *f)
{
	uint8_t raw[RECORD_SIZE];
	enum err err = E_OK;

	if (p->grants.count > 0 || p->grants.skipped > 0 || p->grants.foreign > 0)
		return E_OK;
	record_encode(raw, RECORD_STICK, p->stick->id, p->stick->n, BYTES(p->stick->ratchet, KEY_SIZE));
	for (size_t i = 0; i < 2 && err == E_OK; i++) {
		if (!copy_is_current(p, record_names[i]))
			err = write_record(p, record_names[i], raw, f);
	}
	sodium_memzero(raw, sizeof raw);
	if (err == E_OK && stickio_sync_dir(p->once_fd) != 0)
		err = provision_fault(f, "fsync", "%s", STICK_ONCE);
	return err;
}

bool
provision_record_whole(const struct provision *p)
{
	return copy_is_current(p, record_names[0]) && copy_is_current(p, record_names[1]);
}

/* A copy that exists is overwritten in place; if there is none, nothing needs to be destroyed. */
static enum err
put_record(struct provision *p, const char *name, const uint8_t raw[RECORD_SIZE], struct fault *f)
{
	uint64_t size = 0;
	enum err err = E_OK;
	int fd = stickio_open_file(p->once_fd, name, O_RDONLY, &size);

	if (fd == -1 && errno != ENOENT)
		return provision_fault(f, "open", "%s/%s", STICK_ONCE, name);
	close_fd(fd);
	if (fd != -1 && size >= RECORD_SIZE)
		return record_destroy(p->once_fd, name, 0, raw, f);
	if ((err = write_record(p, name, raw, f)) == E_OK && stickio_sync_dir(p->once_fd) != 0)
		err = provision_fault(f, "fsync", "%s", STICK_ONCE);
	return err;
}

enum err
provision_move_on(struct provision *p, uint32_t n, const uint8_t ratchet[KEY_SIZE], struct fault *f)
{
	uint8_t raw[RECORD_SIZE];
	enum err err = E_OK;

	record_encode(raw, RECORD_STICK, p->stick->id, n, BYTES(ratchet, KEY_SIZE));
	for (size_t i = 0; i < 2 && err == E_OK; i++)
		err = put_record(p, record_names[i], raw, f);
	sodium_memzero(raw, sizeof raw);
	return err;
}

/* provision_begin looked without the lock, so another process may have been faster. */
static enum err
check_still_empty(struct provision *p, struct fault *f)
{
	struct stick *s = NULL;
	struct fault why = {0};
	enum err err = stick_open(&s, p->dir_fd, &why);

	stick_close(&s);
	if (err == E_OK)
		return fault_set(f, E_BUSY, 0, "stick record", "%s", STICK_ONCE);
	return err == E_STICK_DAMAGED || why.why == WHY_NOT_OURS ? E_OK : fault_pass(f, &why);
}

static enum err
make_stick(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f)
{
	enum err err = E_OK;

	if ((err = make_parts(p, f)) != E_OK || (err = provision_lock(p, f)) != E_OK)
		return err;
	if (p->state == PROVISION_OURS)
		return complete_record(p, f);
	if ((err = check_still_empty(p, f)) != E_OK || (err = make_record(p, stick_id, seed, f)) != E_OK ||
	    (err = stick_open(&p->stick, p->dir_fd, f)) != E_OK)
		return err;
	if (memcmp(p->stick->id, stick_id, ID_SIZE) != 0)
		return fault_set(f, E_STICK_IO, 0, "read back", "%s/%s", STICK_ONCE, STICK_RECORD_A);
	p->state = PROVISION_OURS;
	return E_OK;
}

/* Let go of somebody else's ONCE, so that nothing done to p afterwards can reach it. */
enum err
provision_init(struct provision *p, const uint8_t stick_id[ID_SIZE], const uint8_t seed[KEY_SIZE], struct fault *f)
{
	enum err err = make_stick(p, stick_id, seed, f);

	if (err == E_BUSY) {
		close_fd(p->lock_fd);
		close_fd(p->once_fd);
		p->lock_fd = p->once_fd = -1;
	}
	return err;
}

/* ---- bundles and notices ---- */

enum err
provision_space(struct provision *p, uint64_t need, struct fault *f)
{
	struct statvfs vfs;
	uint64_t unit = 0;

	if (fstatvfs(p->dir_fd, &vfs) != 0)
		return provision_fault(f, "statvfs", "stick");
	unit = vfs.f_frsize > 0 ? vfs.f_frsize : 1;
	if (vfs.f_bavail >= need / unit + (need % unit != 0))
		return E_OK;
	return fault_set(f, E_SPACE, ENOSPC, "free space", "%llu bytes needed", (unsigned long long)need);
}

/* Whether a reader would find one more grant. */
static enum err
check_room(const struct provision *p, struct fault *f)
{
	struct stick_grants g = {0};
	struct fault why = {0};
	enum err err = stick_load_grants(p->stick, &g, &why);
	size_t usable = g.count, listed = g.count + g.skipped + g.foreign;

	stick_grants_free(&g);
	if (err != E_OK && err != E_NO_GRANT && !stickio_failing(why.sys))
		return fault_pass(f, &why);
	if (usable >= STICK_GRANTS_MAX)
		return fault_why(f, E_SPACE, 0, WHY_ENTRIES, "%s/%s is full", STICK_ONCE, STICK_GRANTS);
	if (listed >= STICK_LISTED_MAX)
		return fault_why(f, E_STICK_DAMAGED, 0, WHY_CROWDED_GRANTS, "%s/%s", STICK_ONCE, STICK_GRANTS);
	return E_OK;
}

enum err
provision_bundle_dir(struct provision *p, const uint8_t id[ID_SIZE], int *fd, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	int parent_fd = -1, made = -1;
	enum err err = E_OK;

	provision_name(name, id, "");
	if ((err = check_room(p, f)) != E_OK)
		return err;
	if ((parent_fd = stickio_open_dir(p->once_fd, STICK_BUNDLES)) == -1)
		return provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_BUNDLES);
	if ((made = stickio_mkdir(parent_fd, name, MODE_DIR)) == -1 || stickio_sync_dir(parent_fd) != 0)
		err = provision_fault(f, "mkdir", "%s/%s/%s", STICK_ONCE, STICK_BUNDLES, name);
	close(parent_fd);
	if (err == E_OK)
		*fd = made;
	else if (made != -1)
		close(made);
	return err;
}

enum err
provision_manifest(struct provision *p, const uint8_t id[ID_SIZE], struct bytes file, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	enum err err = E_OK;
	int fd = stick_bundle_dir(p->stick, id);

	provision_name(name, id, "");
	if (fd == -1)
		return provision_fault(f, "open", "%s/%s/%s", STICK_ONCE, STICK_BUNDLES, name);
	if (stickio_create(fd, STICK_MANIFEST_FILE, file.p, file.n, MODE_FILE) != 0 || stickio_sync_dir(fd) != 0)
		err = provision_fault(f, "write", "%s/%s/%s/%s", STICK_ONCE, STICK_BUNDLES, name, STICK_MANIFEST_FILE);
	close(fd);
	return err;
}

enum err
provision_room(struct provision *p, struct fault *f)
{
	return stick_keep_room(p->stick) == 0 ? E_OK : provision_fault(f, "write", "%s/%s", STICK_ONCE, STICK_ROOM);
}

enum err
provision_notice(struct provision *p, const uint8_t issuer[KEY_SIZE], struct bytes file, struct fault *f)
{
	struct hold *hold = NULL;
	enum err err = E_OK;

	if (file.n == 0)
		return E_OK;
	if ((err = hold_stick(&hold, p->stick, &p->grants, f)) == E_OK &&
	    stick_store_notice(p->stick, issuer, file.p, file.n) == -1)
		err = provision_fault(f, "write", "%s/%s", STICK_ONCE, STICK_NOTICE);
	hold_release(&hold);
	return err;
}

/* ---- grants ---- */

/* Both lock files of a new grant have the same content: a LIVE record for each slot. */
static uint8_t *
lock_image(const struct grant *g, const uint8_t *cells, size_t cell_size, size_t *n)
{
	uint8_t *image = malloc((size_t)g->slots * RECORD_SIZE);

	if (image == NULL)
		return NULL;
	for (uint32_t i = 0; i < g->slots; i++)
		record_encode(image + (size_t)i * RECORD_SIZE, RECORD_LIVE, g->id, i, BYTES(cells + i * cell_size, cell_size));
	*n = (size_t)g->slots * RECORD_SIZE;
	return image;
}

/* Compare what the medium holds with data, in chunks that O_DIRECT accepts; the last one ends where the file does. */
static int
compare_fd(int fd, const uint8_t *data, size_t n)
{
	uint8_t *chunk = NULL;
	size_t done = 0;
	ssize_t got = 0;

	if ((errno = posix_memalign((void **)&chunk, RECORD_SIZE, CHUNK_SIZE)) != 0)
		return -1;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (done < n && (got = pread(fd, chunk, CHUNK_SIZE, (off_t)done)) > 0) {
		if ((size_t)got > n - done || memcmp(chunk, data + done, (size_t)got) != 0) {
			got = 0;
			break;
		}
		done += (size_t)got;
	}
	free(chunk);
	if (done == n)
		return 0;
	if (got == 0)
		errno = EBADMSG;
	return -1;
}

/* EBADMSG: it is there, but is not what was written; otherwise, why it cannot be read. */
static int
read_back(int dir_fd, const char *name, struct bytes want)
{
	uint64_t size = 0;
	int ret = -1, saved = EINVAL;

	for (int flags = O_DIRECT; ret != 0 && saved == EINVAL; flags = 0) {
		int fd = stickio_open_file(dir_fd, name, O_RDONLY | flags, &size);

		errno = fd != -1 && size != want.n ? EBADMSG : errno;
		if (fd != -1 && size == want.n)
			ret = compare_fd(fd, want.p, want.n);
		saved = errno;
		if (fd != -1)
			close(fd);
		if (flags == 0)
			break;
	}
	errno = saved;
	return ret;
}

struct grant_file {
	const char *name;
	struct bytes data;
	mode_t mode;
};

static enum err
fill_grant(int fd, const char *dir, const struct grant_file *files, size_t count, struct fault *f)
{
	for (size_t i = 0; i < count; i++) {
		if (stickio_create(fd, files[i].name, files[i].data.p, files[i].data.n, files[i].mode) != 0)
			return provision_fault(f, "write", "%s/%s/%s/%s", STICK_ONCE, STICK_GRANTS, dir, files[i].name);
	}
	if (stickio_sync_dir(fd) != 0)
		return provision_fault(f, "fsync", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, dir);
	for (size_t i = 0; i < count; i++) {
		if (read_back(fd, files[i].name, files[i].data) != 0)
			return provision_fault(f, "read back", "%s/%s/%s/%s", STICK_ONCE, STICK_GRANTS, dir, files[i].name);
	}
	return E_OK;
}

static enum err
write_grant(int grants_fd, const uint8_t id[ID_SIZE], const struct grant_file *files, size_t count, struct fault *f)
{
	char tmp[PROVISION_NAME_SIZE], name[PROVISION_NAME_SIZE];
	enum err err = E_OK;
	int fd = -1;

	provision_name(tmp, id, PROVISION_TMP);
	provision_name(name, id, "");
	if (provision_remove_grant_dir(grants_fd, tmp) != 0 || (fd = stickio_mkdir(grants_fd, tmp, MODE_DIR)) == -1)
		return provision_fault(f, "mkdir", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, tmp);
	err = fill_grant(fd, tmp, files, count, f);
	close(fd);
	if (err == E_OK && stickio_rename(grants_fd, tmp, name) != 0) {
		err = provision_fault(f, "rename", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, tmp);
		(void)!renameat(grants_fd, name, grants_fd, tmp); /* if only flushing failed, it already has its name */
	}
	if (err != E_OK)
		(void)provision_remove_grant_dir(grants_fd, tmp);
	return err;
}

/* Write it under its own name, as far as possible: whoever finds it waits for its grant, and then for the stick to move on. */
static enum err
write_refill(int grants_fd, const uint8_t id[ID_SIZE], const struct grant_file *files, size_t count, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	enum err err = E_OK;
	int fd = -1;

	provision_name(name, id, "");
	if (provision_remove_grant_dir(grants_fd, name) != 0 || (fd = stickio_mkdir(grants_fd, name, MODE_SHARED_DIR)) == -1)
		return provision_fault(f, "mkdir", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
	err = fill_grant(fd, name, files, count, f);
	close(fd);
	if (err == E_OK && stickio_sync_dir(grants_fd) != 0)
		err = provision_fault(f, "fsync", "%s/%s", STICK_ONCE, STICK_GRANTS);
	if (err != E_OK)
		(void)provision_remove_grant_dir(grants_fd, name);
	return err;
}

typedef enum err grant_writer(int grants_fd, const uint8_t id[ID_SIZE], const struct grant_file *files, size_t count,
    struct fault *f);

/* A grant and its cells, as files. */
static enum err
put_grant(int grants_fd, const struct grant *g, struct bytes file, struct bytes cells, grant_writer *write, struct fault *f)
{
	const size_t cell_size = CELL_SIZE(g->bundle_count);
	struct grant_file files[] = {
	    {STICK_LOCK_A, BYTES(NULL, 0), MODE_SHARED},
	    {STICK_LOCK_B, BYTES(NULL, 0), MODE_SHARED},
	    {STICK_GRANT_FILE, file, MODE_FILE},
	};
	uint8_t *image = NULL;
	enum err err = E_OK;
	size_t n = 0;

	if (g->slots == 0 || g->slots > GRANT_SLOTS_MAX || cell_size > RECORD_BODY_MAX || cells.n != g->slots * cell_size)
		return fault_set(f, E_FAIL, EINVAL, "size", "grant");
	if ((image = lock_image(g, cells.p, cell_size, &n)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "grant");
	files[0].data = files[1].data = BYTES(image, n);
	err = write(grants_fd, g->id, files, sizeof files / sizeof files[0], f);
	free(image);
	return err;
}

enum err
provision_grant(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f)
{
	enum err err = check_room(p, f);
	int fd = -1;

	if (err != E_OK)
		return err;
	if ((fd = stickio_open_dir(p->once_fd, STICK_GRANTS)) == -1)
		return provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_GRANTS);
	err = put_grant(fd, g, file, cells, write_grant, f);
	close(fd);
	return err;
}

enum err
provision_refill(struct provision *p, const struct grant *g, struct bytes file, struct bytes cells, struct fault *f)
{
	struct fault why = {0};
	enum err err = E_OK;
	int fd = stickio_open_dir(p->once_fd, STICK_GRANTS);

	if (fd == -1)
		return provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_GRANTS);
	if ((err = provision_clean_pending(p, fd, &why)) == E_OK && (err = check_room(p, &why)) == E_OK)
		err = put_grant(fd, g, file, cells, write_refill, &why);
	close(fd);
	if (err != E_OK && (why.sys == ENOSPC || why.sys == EDQUOT))
		return fault_set(f, E_SPACE, why.sys, why.step, "%s", why.object);
	return err == E_OK ? E_OK : fault_pass(f, &why);
}
