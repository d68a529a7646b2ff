/*
 * station_tally.c - what an open session has used, in a file of its own next to the slot's lock.
 *
 * A commit to the database takes five flushes of the disk; a beat of an open folder takes one. The file has two copies of a number
 * that only grows, in different blocks of the disk, written in turn, each with a checksum. A power cut tears one of them at most,
 * and the other is just one beat older.
 */
#include "station_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "stickio.h"

#define COPY_SIZE (8 + HASH_SIZE)
#define COPY_APART 4096

static void
tally_name(char out[STATION_TALLY_NAME], const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	char lock[STATION_LOCK_NAME];

	station_lock_name(lock, grant_hash, slot);
	snprintf(out, STATION_TALLY_NAME, "%s.used", lock);
}

static void
sum(uint8_t out[HASH_SIZE], const char *name, const uint8_t number[8])
{
	crypto_generichash_state h;

	crypto_generichash_init(&h, NULL, 0, HASH_SIZE);
	crypto_generichash_update(&h, (const uint8_t *)name, strlen(name));
	crypto_generichash_update(&h, number, 8);
	crypto_generichash_final(&h, out, HASH_SIZE);
}

static int
write_copy(const struct station *s, unsigned which, int64_t used_s)
{
	uint8_t copy[COPY_SIZE];

	for (int i = 0; i < 8; i++)
		copy[i] = (uint8_t)((uint64_t)used_s >> (56 - 8 * i));
	sum(copy + 8, s->tally_name, copy);
	return pwrite(s->tally_fd, copy, sizeof copy, (off_t)which * COPY_APART) == sizeof copy ? 0 : -1;
}

static int64_t
read_copy(int fd, const char *name, unsigned which)
{
	uint8_t copy[COPY_SIZE], want[HASH_SIZE];
	int64_t used_s = 0;

	if (pread(fd, copy, sizeof copy, (off_t)which * COPY_APART) != sizeof copy)
		return 0;
	sum(want, name, copy);
	for (int i = 0; i < 8; i++)
		used_s = (int64_t)((uint64_t)used_s << 8 | copy[i]);
	return memcmp(want, copy + 8, HASH_SIZE) == 0 && used_s > 0 && used_s <= SESSION_MAX_S ? used_s : 0;
}

int64_t
station_tally_read(const struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	char name[STATION_TALLY_NAME];
	int64_t a = 0, b = 0;
	int fd;

	if (s->session_fd == -1)
		return 0;
	tally_name(name, grant_hash, slot);
	if ((fd = openat(s->session_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)) == -1)
		return 0;
	a = read_copy(fd, name, 0);
	b = read_copy(fd, name, 1);
	close(fd);
	return a > b ? a : b;
}

void
station_tally_begin(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s)
{
	const int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;

	station_tally_end(s, grant_hash, slot);
	if (s->tally_fd != -1)
		close(s->tally_fd); /* of another slot */
	tally_name(s->tally_name, grant_hash, slot);
	s->tally_s = used_s;
	if ((s->tally_fd = openat(s->session_fd, s->tally_name, flags, 0600)) != -1 && write_copy(s, 0, used_s) == 0 &&
	    write_copy(s, 1, used_s) == 0 && fsync(s->tally_fd) == 0 && fsync(s->session_fd) == 0)
		return;
	station_tally_end(s, grant_hash, slot);
}

bool
station_tally_raise(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot, int64_t used_s)
{
	char name[STATION_TALLY_NAME];

	tally_name(name, grant_hash, slot);
	if (s->tally_fd == -1 || strcmp(name, s->tally_name) != 0 || used_s <= s->tally_s)
		return false;
	if (write_copy(s, s->tally_turn, used_s) != 0 || fdatasync(s->tally_fd) != 0)
		return false;
	s->tally_turn ^= 1;
	s->tally_s = used_s;
	return true;
}

void
station_tally_end(struct station *s, const uint8_t grant_hash[HASH_SIZE], uint32_t slot)
{
	char name[STATION_TALLY_NAME];

	tally_name(name, grant_hash, slot);
	(void)unlinkat(s->session_fd, name, 0);
	if (s->tally_fd != -1 && strcmp(name, s->tally_name) == 0) {
		close(s->tally_fd);
		s->tally_fd = -1;
	}
}
