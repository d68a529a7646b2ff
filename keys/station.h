/*
 * station.h - this PC's own memory: an SQLite file, an X25519 key and the session locks, in one directory of mode 0700.
 *
 * Implements memory.h. The directory is $ONCESTICK_STATION_DIR or $XDG_STATE_HOME/oncestick.
 */
#ifndef STATION_H
#define STATION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "error.h"
#include "format.h"
#include "memory.h"
#include "mountinfo.h"

struct station;

enum station_mode {
	STATION_READ,   /* change nothing; a directory or file that is absent is an empty memory */
	STATION_WRITE   /* create what is missing: directory, database, key */
};

/*
 * station_dir(out, size): the directory to use, from the environment. Return 0, or -1 if there is no known home directory or the
 * path does not fit.
 */
int station_dir(char *out, size_t size);

/*
 * station_open(s, dir, mode, f): open the memory in dir. E_STATION if the directory or its file cannot be opened (in mode
 * STATION_WRITE also: written), has been locked by another process for more than 5 s, is damaged, not ours or of a newer schema,
 * or if everybody may write to the directory. Without the file STATION_READ succeeds and finds an empty memory; every call that
 * would change it or needs the station's key is then E_STATION. Open the connection after a fork; never carry one across.
 */
enum err station_open(struct station **s, const char *dir, enum station_mode mode, struct fault *f);
void station_close(struct station **s);

/* station_memory(s): the memory interface over s, valid until station_close. */
struct memory *station_memory(struct station *s);

/*
 * station_writable(s, f): whether a station that is open with STATION_READ could be opened with STATION_WRITE. E_STATION. Writes
 * nothing.
 */
enum err station_writable(const struct station *s, struct fault *f);

/* station_where(s, out, size, f): the absolute path of the directory, or of the nearest one above it that exists. E_STATION. */
enum err station_where(const struct station *s, char *out, size_t size, struct fault *f);

/* station_session_dir(s): descriptor of the directory of session locks and control sockets; borrowed; -1 if absent. */
int station_session_dir(const struct station *s);

/* station_lock_name(out, grant_hash, slot): "<64 hex>.<slot>", the name of a slot's lock file in that directory. */
#define STATION_MOUNTPOINT_MAX 4096
#define STATION_LOCK_NAME 80
void station_lock_name(char out[STATION_LOCK_NAME], const uint8_t grant_hash[HASH_SIZE], uint32_t slot);

/*
 * station_lock_fd(s): the descriptor of the slot lock that memory_lock_slot took. Borrowed; -1 if none is held. With STATION_READ
 * it can only be read. Only one lock is held at a time: a second lock_slot is E_FAIL. unlock_slot removes the file.
 */
int station_lock_fd(const struct station *s);

/* What the holder of a slot lock says about itself in the lock's file: a JSON object with these members. */
struct station_holder {
	char mountpoint[STATION_MOUNTPOINT_MAX];
	struct mountinfo_id mount;      /* once it is mounted, if others can see it */
	bool made;                      /* the mount point was made for it */
	bool ending;                    /* it will let go of the lock in a moment, so waiting is worth while */
};

/*
 * station_describe(s, h): write h to the lock's file, for another process that finds the lock held, or finds the mount after this
 * one was killed. This is a convenience: an error is not reported.
 */
void station_describe(const struct station *s, const struct station_holder *h);

/*
 * station_read_holder(fd, h): read what the file fd of a lock says. It is not escaped: do that before showing it. Return false if
 * it says nothing.
 */
bool station_read_holder(int fd, struct station_holder *h);

/*
 * station_left(dir_fd, name, each, arg): if name, in the directory of locks dir_fd, is the lock of a slot whose holder has died,
 * call each(arg, h, since) with what the holder said about itself and when it began, while nobody else can take the lock. If each
 * returns true, that record is erased.
 */
void station_left(int dir_fd, const char *name, bool (*each)(void *arg, const struct station_holder *h, int64_t since), void *arg);

/*
 * station_leave(s): release the slot lock but leave what its file says, as a holder that dies does. This is for a mount that could
 * not be taken away, so that a later process can do it.
 */
void station_leave(struct station *s);

struct station_issuer {
	uint8_t pk[KEY_SIZE];
	int64_t floor;
	uint32_t notice_no;
	bool pinned; /* by an operator, instead of becoming known with a code */
};

struct station_summary {
	uint8_t pk[KEY_SIZE];
	uint8_t id[ID_SIZE];
	bool has_key;           /* false for a memory that is still empty */
	bool closed_list;
	bool volatile_memory;
	int64_t high_water;
	uint64_t claimed, open, closed; /* rows by state */
	size_t issuer_count;
	struct station_issuer *issuers; /* owned: station_summary_free */
};

enum err station_summarise(struct station *s, struct station_summary *out, struct fault *f);
void station_summary_free(struct station_summary *out);

/*
 * station_name(s, name, f): the name of this PC, "" if it has none. station_set_name(s, name, f): give it that name; "" removes it.
 */
enum err station_name(struct station *s, char name[LABEL_MAX + 1], struct fault *f);
enum err station_set_name(struct station *s, const char *name, struct fault *f);

/*
 * station_pin(s, pk, f): know this issuer from now on, because an operator chose it.
 *
 * station_pin_only(s, only, f): close the list of issuers, or open it again. While it is closed, only issuers that were pinned by
 * an operator, or were known when it was closed, are trusted.
 */
enum err station_pin(struct station *s, const uint8_t pk[KEY_SIZE], struct fault *f);
enum err station_pin_only(struct station *s, bool only, struct fault *f);

/*
 * station_reset_clock(s, now, f): set the high-water mark back to now and remember that for the next receipt. Openings up to now
 * no longer prove that time has passed. What is left of sessions that were opened does not change.
 */
enum err station_reset_clock(struct station *s, int64_t now, struct fault *f);

/*
 * station_learn_notice(s, notice, file, f): keep a verified notice outside a spend, with its time and its bytes, as memory_learn
 * does. E_ISSUER, with nothing stored, if its issuer is not known here, or has more on its lists than is kept for one issuer.
 */
enum err station_learn_notice(struct station *s, const struct notice *notice, struct bytes file, struct fault *f);

/*
 * station_receipts(s, file, n, f): the receipt of every code whose key was used here, as a receipts file (receipts.h), with the
 * PC's name if it has one; the caller owns *file. A claim that was never used, or that another station turned out to have used, is
 * left out: it is not evidence.
 */
enum err station_receipts(struct station *s, uint8_t **file, size_t *n, struct fault *f);

#endif
