/*
 * fake_memory.h - a station's memory in plain arrays, for tests of the protocol above memory.h.
 *
 * What a station would keep on disk lies in shared memory: it outlives the handle, and a child process that dies in the middle of
 * an unlock leaves exactly what it had committed to its parent. A plan can make any call fail, or end the process before or after
 * the call took effect.
 */
#ifndef FAKE_MEMORY_H
#define FAKE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "memory.h"

#define FAKE_ISSUERS 8
#define FAKE_USES 32
#define FAKE_REVOKED 512
#define FAKE_WITHDRAWN 64
#define FAKE_LOCKS 8
#define FAKE_NOTICE_MAX 65536
#define FAKE_CRASHED 99 /* exit status of a process ended by a plan */

enum fake_call {
	FAKE_ISSUER, FAKE_CLOSED_LIST, FAKE_NOTICE_FILE, FAKE_REVOKED_ASKED, FAKE_LEARN, FAKE_MARKS, FAKE_USE,
	FAKE_EACH_OPEN, FAKE_CLAIM, FAKE_COMPLETE, FAKE_FORGET, FAKE_OPENED, FAKE_USED, FAKE_CLOSE, FAKE_LOCK_SLOT,
	FAKE_UNLOCK_SLOT, FAKE_STATION_PK, FAKE_SHARE, FAKE_PERSISTENT, FAKE_CALLS
};

enum fake_fate {
	FAKE_WORK,
	FAKE_FAIL,              /* change nothing, return E_STATION (no effect on calls that cannot fail) */
	FAKE_FAIL_AFTER,        /* make the change, but return E_STATION: a COMMIT whose answer was lost */
	FAKE_CRASH_BEFORE,      /* _exit(FAKE_CRASHED) with nothing changed */
	FAKE_CRASH_AFTER        /* _exit(FAKE_CRASHED) as soon as the change is made */
};

struct fake_issuer {
	uint8_t pk[KEY_SIZE];
	struct memory_issuer known;
	size_t notice_len;
	uint8_t notice[FAKE_NOTICE_MAX];
};

struct fake_revoked {
	uint8_t pk[KEY_SIZE];
	uint8_t id[ID_SIZE];    /* grant, or withdrawn bundle */
	uint32_t slot;
};

struct fake_lock {
	pid_t pid;              /* 0: free; a dead process holds nothing */
	const void *handle;
	uint8_t grant_hash[HASH_SIZE];
	uint32_t slot;
	char where[256];        /* what another opener gets to see; a test may set it */
};

/* The station: everything that survives its processes. Tests may look into it and change it. */
struct fake_store {
	size_t issuer_count, use_count, revoked_count, withdrawn_count;
	struct fake_issuer issuers[FAKE_ISSUERS];
	struct memory_use uses[FAKE_USES];
	struct fake_revoked revoked[FAKE_REVOKED];
	struct fake_revoked withdrawn[FAKE_WITHDRAWN];
	struct fake_lock locks[FAKE_LOCKS];
	bool closed_list, was_reset, is_volatile, read_only;
	bool refuses_lists;     /* for every issuer, as if none were trusted any more */
	int64_t high_water, proved;
	uint8_t station_sk[KEY_SIZE];

	/* Counted in all processes of the station. */
	unsigned calls[FAKE_CALLS];
	unsigned total;         /* all calls */
	unsigned changes;       /* claim, complete, forget, opened, used, close */

	/* The plan: the fate of call number at (from 1, as counted in total), or of change number at_change; 0: none. */
	unsigned at, at_change;
	enum fake_fate fate;
	/* The same by function: asked for every call with its number; wins unless it says FAKE_WORK. NULL: none. */
	enum fake_fate (*plan)(void *arg, enum fake_call call, unsigned number);
	void *plan_arg;
};

struct fake_memory {
	struct memory memory;   /* first: what the protocol sees */
	struct fake_store *store;
	unsigned *handles;      /* on this store, in this process */
};

/* fake_memory_new(): a fresh station with a random key. fake_memory_again(m): another process's view of the same station. */
struct fake_memory *fake_memory_new(void);
struct fake_memory *fake_memory_again(const struct fake_memory *m);

/* fake_memory_free(m): as if the process had ended: its lock goes; the station goes with its last handle in this process. */
void fake_memory_free(struct fake_memory **m);

/* fake_memory_recount(m): forget counters and plan. */
void fake_memory_recount(struct fake_memory *m);

/* fake_memory_know(m, pk, floor): make an issuer known. fake_memory_row(m, grant_hash, slot): a row, or NULL; the first for a NULL
 * hash. */
void fake_memory_know(struct fake_memory *m, const uint8_t pk[KEY_SIZE], int64_t floor);
struct memory_use *fake_memory_row(struct fake_memory *m, const uint8_t *grant_hash, uint32_t slot);

#endif
