/*
 * station_internal.h - what station.c and station_memory.c share.
 */
#ifndef STATION_INTERNAL_H
#define STATION_INTERNAL_H

#include "secret.h"
#include "sql.h"
#include "station.h"

struct station {
	struct memory memory;   /* first: the interface's functions get a pointer to it */
	struct sql *sql;        /* NULL: nothing there (STATION_READ only) */
	enum station_mode mode;
	struct fault fault;     /* of the last call through memory */
	int dir_fd;             /* -1: absent */
	int session_fd;         /* -1: absent */
	int lock_fd;            /* -1: none held */
	char lock_name[STATION_LOCK_NAME];
	char dir[512];
};

extern const struct memory_ops station_memory_ops;

/* station_secret_key(s, sk, f): the station's X25519 key in fresh secret memory, freed by the caller with secret_free. */
enum err station_secret_key(struct station *s, uint8_t **sk, struct fault *f);

/* station_is_volatile(s): what is stored here does not survive a reboot. */
bool station_is_volatile(const struct station *s);

/* station_write(s, step, f): may this station write? Names the step; E_STATION if not. */
enum err station_write(struct station *s, const char *step, struct fault *f);

/* station_memory_know(s, pk, floor, f): make an issuer known and raise its floor. E_ISSUER for a stranger when the list is closed.
 * station_memory_merge(s, notice, file, f): add to the union, keep the file with the highest number. Both inside a transaction. */
enum err station_memory_know(struct station *s, const uint8_t pk[KEY_SIZE], int64_t floor, struct fault *f);
enum err station_memory_merge(struct station *s, const struct notice *notice, struct bytes file, struct fault *f);

#endif
