/* provision_clean.c - removing things from a stick: what was never finished, grants with their cells, bundles, or all of it. */
#include "provision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "filestat.h"
#include "grant.h"
#include "provision_internal.h"
#include "record.h"
#include "stickio.h"

static const char *const lock_names[] = {STICK_LOCK_A, STICK_LOCK_B};
static const char *const record_names[] = {STICK_RECORD_A, STICK_RECORD_B};

/* There is nothing that could hold a cell: the file is missing, or is not a file at all. */
static bool
no_lock_file(int error)
{
	return error == ENOENT || error == ELOOP || error == EINVAL || error == EISDIR;
}

/* ---- what was never finished ---- */

/* The bundles that grants name, and whether every grant could be read. */
struct named {
	uint8_t (*ids)[ID_SIZE];
	size_t count;
	bool all_known;
};

static int
add_named(struct named *named, const struct grant *g)
{
	uint8_t(*grown)[ID_SIZE] = realloc(named->ids, (named->count + g->bundle_count) * ID_SIZE);

	if (grown == NULL)
		return -1;
	named->ids = grown;
	for (uint32_t i = 0; i < g->bundle_count; i++)
		memcpy(named->ids[named->count++], g->bundles[i].id, ID_SIZE);
	return 0;
}

static int
name_bundles_of(struct named *named, int grants_fd, const uint8_t id[ID_SIZE], const char *suffix)
{
	char name[PROVISION_NAME_SIZE];
	struct grant g = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	int ret = 0;

	provision_name(name, id, suffix);
	if (provision_grant_file(grants_fd, name, &file, &n) == 0 && grant_open(&g, BYTES(file, n)) == ENVELOPE_OK)
		ret = add_named(named, &g);
	else
		named->all_known = false;
	grant_free(&g);
	free(file);
	return ret;
}

static int
name_bundles(struct named *named, int grants_fd, const char *suffix)
{
	uint8_t(*ids)[ID_SIZE] = NULL;
	size_t count = 0;
	int ret = provision_list(grants_fd, suffix, &ids, &count);

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = name_bundles_of(named, grants_fd, ids[i], suffix);
	free(ids);
	return ret;
}

static bool
is_named(const struct named *named, const uint8_t id[ID_SIZE])
{
	for (size_t i = 0; i < named->count; i++) {
		if (memcmp(named->ids[i], id, ID_SIZE) == 0)
			return true;
	}
	return false;
}

static bool
has_manifest(int bundles_fd, const char *name)
{
	int fd = stickio_open_dir(bundles_fd, name);
	bool has = false;

	if (fd == -1)
		return errno != ENOTDIR && errno != ELOOP;
	has = faccessat(fd, STICK_MANIFEST_FILE, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
	close(fd);
	return has;
}

/* A grant that cannot be read may name any bundle, so then only bundles without a manifest count as debris. */
static enum err
clean_bundles(struct provision *p, int bundles_fd, const struct named *named, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	uint8_t(*ids)[ID_SIZE] = NULL;
	size_t count = 0;
	enum err err = E_OK;

	if (provision_list(bundles_fd, "", &ids, &count) != 0)
		return provision_list_fault(f, STICK_BUNDLES);
	for (size_t i = 0; i < count && err == E_OK; i++) {
		provision_name(name, ids[i], "");
		if (is_named(named, ids[i]) || (!named->all_known && has_manifest(bundles_fd, name)))
			continue;
		if (provision_remove_bundle_dir(bundles_fd, name) != 0)
			err = provision_fault(f, "remove", "%s/%s/%s", STICK_ONCE, STICK_BUNDLES, name);
		else
			p->debris++;
	}
	free(ids);
	return err;
}

static enum err
clean_grants(struct provision *p, int grants_fd, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	uint8_t(*ids)[ID_SIZE] = NULL;
	size_t count = 0;
	enum err err = E_OK;

	if (provision_list(grants_fd, PROVISION_TMP, &ids, &count) != 0)
		return provision_list_fault(f, STICK_GRANTS);
	for (size_t i = 0; i < count && err == E_OK; i++) {
		provision_name(name, ids[i], PROVISION_TMP);
		if (provision_remove_grant_dir(grants_fd, name) != 0)
			err = provision_fault(f, "remove", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
		else
			p->debris++;
	}
	free(ids);
	return err == E_OK ? provision_clean_pending(p, grants_fd, f) : err;
}

/* One copy of the records of a grant, where everything else may be missing. */
static bool
lock_has_receipt(int dir_fd, const char *name, const uint8_t id[ID_SIZE])
{
	uint8_t raw[RECORD_SIZE];
	struct bytes body;
	uint64_t size = 0;
	bool has = false;
	int fd = stickio_open_file(dir_fd, name, O_RDONLY, &size);

	if (fd == -1)
		return !no_lock_file(errno);
	for (uint32_t i = 0; i < GRANT_SLOTS_MAX && i < size / RECORD_SIZE && !has; i++)
		has = record_read(fd, i, raw) != 0 || record_slot_state(raw, id, i, CELL_SIZE(1), &body) == RECORD_IS_SPENT;
	close(fd);
	return has;
}

static bool
has_receipt(int grants_fd, const uint8_t id[ID_SIZE])
{
	char name[PROVISION_NAME_SIZE];
	bool has = false;
	int fd = -1;

	provision_name(name, id, "");
	if ((fd = stickio_open_dir(grants_fd, name)) == -1)
		return false;
	for (size_t i = 0; i < 2 && !has; i++)
		has = lock_has_receipt(fd, lock_names[i], id);
	close(fd);
	return has;
}

bool
provision_has_receipt(const struct provision *p, const uint8_t id[ID_SIZE])
{
	int fd = stickio_open_dir(p->once_fd, STICK_GRANTS);
	bool has = fd != -1 && has_receipt(fd, id);

	if (fd != -1)
		close(fd);
	return has;
}

/* A refill for this stick whose number the stick has not reached, or that was cut short before it got its grant. */
static bool
is_pending(const struct provision *p, int grants_fd, const uint8_t id[ID_SIZE])
{
	char name[PROVISION_NAME_SIZE];
	struct grant g = {0};
	uint8_t *file = NULL;
	size_t n = 0;
	bool pending = false;

	provision_name(name, id, "");
	if (provision_grant_file(grants_fd, name, &file, &n) != 0)
		pending = errno == ENOENT;
	else if (grant_open(&g, BYTES(file, n)) == ENVELOPE_OK)
		pending = memcmp(g.id, id, ID_SIZE) == 0 && memcmp(g.stick_id, p->stick->id, ID_SIZE) == 0 &&
		    g.refill >= p->stick->n;
	grant_free(&g);
	free(file);
	return pending && !has_receipt(grants_fd, id);
}

enum err
provision_clean_pending(struct provision *p, int grants_fd, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	uint8_t(*ids)[ID_SIZE] = NULL;
	size_t count = 0;
	enum err err = E_OK;

	if (p->stick == NULL)
		return E_OK;
	if (provision_list(grants_fd, "", &ids, &count) != 0)
		return provision_list_fault(f, STICK_GRANTS);
	for (size_t i = 0; i < count && err == E_OK; i++) {
		if (!is_pending(p, grants_fd, ids[i]))
			continue;
		provision_name(name, ids[i], "");
		if (provision_remove_grant_dir(grants_fd, name) != 0)
			err = provision_fault(f, "remove", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
		else
			p->debris++;
	}
	free(ids);
	return err;
}

/* Make sure that what was removed is removed on the medium, even if more should have been. */
static int
close_part(int fd)
{
	int ret = 0, saved = 0;

	if (fd == -1)
		return 0;
	ret = stickio_sync_dir(fd);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

enum err
provision_clean(struct provision *p, struct fault *f)
{
	struct named named = {.all_known = true};
	enum err err = E_OK;
	int grants_fd = -1, bundles_fd = -1;

	if (p->lock_fd == -1)
		return E_OK;
	if ((grants_fd = stickio_open_dir(p->once_fd, STICK_GRANTS)) == -1 ||
	    (bundles_fd = stickio_open_dir(p->once_fd, STICK_BUNDLES)) == -1) {
		err = errno == ENOENT ? E_OK : provision_fault(f, "open", "%s", STICK_ONCE);
		goto out;
	}
	if ((err = clean_grants(p, grants_fd, f)) != E_OK)
		goto out;
	if (name_bundles(&named, grants_fd, "") != 0 || name_bundles(&named, grants_fd, PROVISION_NEW) != 0)
		err = provision_list_fault(f, STICK_GRANTS);
	else
		err = clean_bundles(p, bundles_fd, &named, f);
out:
	free(named.ids);
	if (close_part(grants_fd) != 0 && err == E_OK)
		err = provision_fault(f, "fsync", "%s/%s", STICK_ONCE, STICK_GRANTS);
	if (close_part(bundles_fd) != 0 && err == E_OK)
		err = provision_fault(f, "fsync", "%s/%s", STICK_ONCE, STICK_BUNDLES);
	return err;
}

/* ---- destroying cells ---- */

/* Spent records hold nothing but a receipt. g is NULL for a grant that nobody could read: then no record is spared. */
static bool
worth_destroying(const struct grant *g, const uint8_t raw[RECORD_SIZE], uint32_t slot)
{
	struct bytes body;

	if (sodium_is_zero(raw, RECORD_SIZE))
		return false;
	return g == NULL || record_slot_state(raw, g->id, slot, CELL_SIZE(g->bundle_count), &body) != RECORD_IS_SPENT;
}

static int
destroy_tail(int fd, uint64_t size)
{
	static const uint8_t zeros[RECORD_SIZE];
	size_t tail = (size_t)(size % RECORD_SIZE);

	if (tail == 0)
		return 0;
	return stickio_write_full(fd, zeros, tail, size - tail) == 0 ? fdatasync(fd) : -1;
}

static enum err
destroy_lock(int dir_fd, const char *name, const struct grant *g, struct fault *f)
{
	static const uint8_t zeros[RECORD_SIZE];
	uint8_t raw[RECORD_SIZE];
	uint64_t size = 0;
	enum err err = E_OK;
	int fd = stickio_open_file(dir_fd, name, O_RDWR, &size);

	if (fd == -1)
		return no_lock_file(errno) ? E_OK : provision_fault(f, "open", "%s", name);
	for (uint32_t i = 0; i < GRANT_SLOTS_MAX && i < size / RECORD_SIZE && err == E_OK; i++) {
		if (record_read(fd, i, raw) != 0 || worth_destroying(g, raw, i))
			err = record_destroy(dir_fd, name, i, zeros, f);
	}
	if (err == E_OK && size < (uint64_t)GRANT_SLOTS_MAX * RECORD_SIZE && destroy_tail(fd, size) != 0)
		err = provision_fault(f, "write", "%s", name);
	close(fd);
	return err;
}

static enum err
destroy_cells(int grants_fd, const char *name, const struct grant *g, struct fault *f)
{
	enum err err = E_OK;
	int fd = stickio_open_dir(grants_fd, name);

	if (fd == -1)
		return no_lock_file(errno) || errno == ENOTDIR ? E_OK
							       : provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_GRANTS);
	for (size_t i = 0; i < 2 && err == E_OK; i++)
		err = destroy_lock(fd, lock_names[i], g, f);
	close(fd);
	return err;
}

/* Rename it first, so that a removal that is cut short leaves debris and not half a grant. */
static int
remove_grant(int grants_fd, const uint8_t id[ID_SIZE])
{
	char name[PROVISION_NAME_SIZE], tmp[PROVISION_NAME_SIZE];

	provision_name(name, id, "");
	provision_name(tmp, id, PROVISION_TMP);
	if (provision_remove_grant_dir(grants_fd, tmp) != 0)
		return -1;
	if (stickio_rename(grants_fd, name, tmp) != 0 && errno != ENOENT)
		return -1;
	return provision_remove_grant_dir(grants_fd, tmp) == 0 ? stickio_sync_dir(grants_fd) : -1;
}

/* The directory of grants, on a stick that nobody else is provisioning. */
static enum err
open_grants(struct provision *p, int *fd, struct fault *f)
{
	if (provision_lock(p, NULL) == E_BUSY)
		return fault_set(f, E_BUSY, 0, "flock", "%s/%s", STICK_ONCE, STICK_PROBE);
	if ((*fd = stickio_open_dir(p->once_fd, STICK_GRANTS)) == -1)
		return provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_GRANTS);
	return E_OK;
}

enum err
provision_hold(struct provision *p, struct fault *f)
{
	return p->hold != NULL || p->stick == NULL ? E_OK : hold_stick(&p->hold, p->stick, &p->grants, f);
}

/* Hold it until everything is overwritten, but no longer: some file systems keep an open file, and with it its directory. */
static enum err
destroy_all(struct provision *p, int grants_fd, const struct grant *grants, size_t count, struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	enum err err = E_OK;

	for (size_t i = 0; i < count && err == E_OK; i++) {
		provision_name(name, grants[i].id, "");
		err = destroy_cells(grants_fd, name, &grants[i], f);
	}
	hold_release(&p->hold);
	for (size_t i = 0; i < count && err == E_OK; i++) {
		provision_name(name, grants[i].id, "");
		if (remove_grant(grants_fd, grants[i].id) != 0)
			err = provision_fault(f, "remove", "%s/%s/%s", STICK_ONCE, STICK_GRANTS, name);
	}
	return err;
}

enum err
provision_destroy_grant(struct provision *p, const struct grant *g, struct fault *f)
{
	enum err err = E_OK;
	int fd = -1;

	if ((err = open_grants(p, &fd, f)) != E_OK)
		return err;
	if (p->hold != NULL || p->stick == NULL || (err = hold_grant(&p->hold, p->stick, g->id, f)) == E_OK)
		err = destroy_all(p, fd, g, 1, f);
	close(fd);
	return err;
}

enum err
provision_destroy_grants(struct provision *p, struct fault *f)
{
	enum err err = E_OK;
	int fd = -1;

	if (p->grants.count == 0) {
		hold_release(&p->hold);
		return E_OK;
	}
	if ((err = open_grants(p, &fd, f)) != E_OK)
		return err;
	if ((err = provision_hold(p, f)) == E_OK)
		err = destroy_all(p, fd, p->grants.grants, p->grants.count, f);
	close(fd);
	return err;
}

/* ---- removing ---- */

/* The manifest goes first: a bundle without one is debris to whoever comes next. */
static int
remove_bundle(int bundles_fd, const char *name)
{
	int fd = stickio_open_dir(bundles_fd, name);

	if (fd != -1) {
		(void)stickio_remove_file(fd, STICK_MANIFEST_FILE);
		stickio_sync_dir(fd);
		close(fd);
	}
	return provision_remove_bundle_dir(bundles_fd, name) == 0 ? stickio_sync_dir(bundles_fd) : -1;
}

enum err
provision_remove_bundle(struct provision *p, const uint8_t id[ID_SIZE], struct fault *f)
{
	char name[PROVISION_NAME_SIZE];
	enum err err = E_OK;
	int fd = stickio_open_dir(p->once_fd, STICK_BUNDLES);

	if (fd == -1)
		return errno == ENOENT ? E_OK : provision_fault(f, "open", "%s/%s", STICK_ONCE, STICK_BUNDLES);
	provision_name(name, id, "");
	if (remove_bundle(fd, name) != 0)
		err = provision_fault(f, "remove", "%s/%s/%s", STICK_ONCE, STICK_BUNDLES, name);
	close(fd);
	return err;
}

void
provision_drop_bundle(struct provision *p, const uint8_t id[ID_SIZE])
{
	(void)provision_remove_bundle(p, id, NULL);
}

/* What may still hold a cell: grants of other sticks, refills on their way, what no one could read. */
static enum err
destroy_rest(int grants_fd, struct fault *f)
{
	static const char *const suffixes[] = {"", PROVISION_TMP, PROVISION_NEW};
	char name[PROVISION_NAME_SIZE];
	enum err err = E_OK;

	for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0] && err == E_OK; i++) {
		uint8_t(*ids)[ID_SIZE] = NULL;
		size_t count = 0;

		if (provision_list(grants_fd, suffixes[i], &ids, &count) != 0)
			return provision_list_fault(f, STICK_GRANTS);
		for (size_t k = 0; k < count && err == E_OK; k++) {
			provision_name(name, ids[k], suffixes[i]);
			err = destroy_cells(grants_fd, name, NULL, f);
		}
		free(ids);
	}
	return err;
}

/* R_n would open refills that are still on their way. If a copy is missing, or is not a file, that is as good as overwriting it. */
static enum err
destroy_ratchet(struct provision *p, struct fault *f)
{
	static const uint8_t zeros[RECORD_SIZE];
	struct stat st;
	enum err err = E_OK;

	for (size_t i = 0; i < 2 && err == E_OK; i++) {
		if (filestat_at(p->once_fd, record_names[i], &st) == 0 && S_ISREG(st.st_mode))
			err = record_destroy(p->once_fd, record_names[i], 0, zeros, f);
	}
	return err;
}

/* The ratchet comes last. Without it the stick belongs to nobody, and only what a first prepare writes may be left by then. */
static enum err
empty_once(struct provision *p, struct fault *f)
{
	static const char *const parts[] = {STICK_GRANTS, STICK_BUNDLES, STICK_NOTICE_NEW, STICK_NOTICE, STICK_ROOM};
	enum err err = E_OK;
	int fd = stickio_open_dir(p->once_fd, STICK_GRANTS);

	if (fd != -1) {
		err = destroy_rest(fd, f);
		close(fd);
	}
	if (err != E_OK)
		return err;
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		if (provision_remove_part(p->once_fd, parts[i]) != 0)
			return provision_fault(f, "remove", "%s/%s", STICK_ONCE, parts[i]);
	}
	if (stickio_sync_dir(p->once_fd) != 0)
		return provision_fault(f, "fsync", "%s", STICK_ONCE);
	if ((err = destroy_ratchet(p, f)) != E_OK)
		return err;
	return stickio_sync_dir(p->once_fd) == 0 ? E_OK : provision_fault(f, "fsync", "%s", STICK_ONCE);
}

static void
forget_once(struct provision *p)
{
	stick_grants_free(&p->grants);
	stick_close(&p->stick);
	close(p->once_fd);
	p->once_fd = -1;
	p->state = PROVISION_EMPTY;
}

enum err
provision_remove_once(struct provision *p, struct fault *f)
{
	enum err err = E_OK;

	if (p->once_fd == -1)
		return E_OK;
	if (provision_lock(p, NULL) == E_BUSY)
		return fault_set(f, E_BUSY, 0, "flock", "%s/%s", STICK_ONCE, STICK_PROBE);
	if ((err = empty_once(p, f)) != E_OK)
		return err;
	if (provision_empty_once(p->once_fd) != 0)
		return provision_fault(f, "remove", "%s", STICK_ONCE);
	/* The lock's own file is removed while it is open. Behind FUSE its directory is then not empty until the file is closed. */
	if (p->lock_fd != -1)
		close(p->lock_fd);
	p->lock_fd = -1;
	if (provision_remove_empty_once(p->dir_fd, p->once_fd) != 0)
		return provision_fault(f, "remove", "%s", STICK_ONCE);
	forget_once(p);
	return stickio_sync_dir(p->dir_fd) == 0 ? E_OK : provision_fault(f, "fsync", "stick");
}
