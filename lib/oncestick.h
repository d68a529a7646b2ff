/*
 * oncestick.h - read and verify the bundles on a locked USB stick.
 *
 * liboncestick opens a bundle below a stick's ONCE directory and verifies it without a key; given the content key, it also lists
 * and reads the files. It never writes, never spends a code, and starts no process. Nothing on a stick is trusted: no byte of a
 * file is returned that is not covered by the issuer's signature. Whether that issuer is the right one is for the caller to
 * decide: compare oncestick_info.issuer with a key that you trust.
 *
 * Functions that return enum oncestick_result return ONCESTICK_OK or what went wrong. Functions that return int or int64_t return
 * a negative errno value on failure: -EIO if the data does not verify, cannot be read, or is locked. Outputs are set on success
 * only. Several threads may use one bundle at the same time, except as described for oncestick_unlock and oncestick_close.
 */
#ifndef ONCESTICK_H
#define ONCESTICK_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ONCESTICK_API __attribute__((visibility("default")))

#define ONCESTICK_ID_SIZE 16
#define ONCESTICK_KEY_SIZE 32
#define ONCESTICK_LABEL_SIZE 129 /* 128 bytes of UTF-8 and a NUL */
#define ONCESTICK_NAME_SIZE 256  /* 255 bytes and a NUL */

/* The numbers are those of the program's exit status, and never change. */
enum oncestick_result {
	ONCESTICK_OK = 0,
	ONCESTICK_FAIL = 1,             /* no memory, no descriptors */
	ONCESTICK_BUNDLE = 40,          /* missing, forged, damaged, or not the right key */
	ONCESTICK_STICK_IO = 44,        /* the stick cannot be read */
	ONCESTICK_INTERRUPTED = 130     /* a callback asked to stop */
};

/* oncestick_version(): the version of the library, e.g. "0.1.0", as a static string. */
ONCESTICK_API const char *oncestick_version(void);

/* ---- bundles ------------------------------------------------------------------------------------------------------------ */

struct oncestick_bundle; /* an open bundle; opaque */

struct oncestick_info {
	uint8_t issuer[ONCESTICK_KEY_SIZE];     /* Ed25519 public key whose signature was verified */
	uint8_t id[ONCESTICK_ID_SIZE];
	uint64_t size;                          /* bytes of plaintext, file data and directory together */
	int64_t created;                        /* seconds since 1970, as the issuer says */
	char label[ONCESTICK_LABEL_SIZE];       /* valid UTF-8 without control characters; "" if the bundle has none */
};

/*
 * oncestick_bundles(once_fd, ids, max): find the ids of the bundles below the ONCE directory once_fd, and write at most max of
 * them to ids, in ascending order; ids may be NULL if max is 0. Nothing is verified. Return how many there are, which may exceed
 * max, or a negative errno.
 */
ONCESTICK_API int oncestick_bundles(int once_fd, uint8_t (*ids)[ONCESTICK_ID_SIZE], size_t max);

/*
 * oncestick_open(b, once_fd, id, why, why_size): open bundle id below the ONCE directory once_fd, a descriptor that is borrowed
 * for the call. The manifest's signature, the size of every segment and the root of the tree are verified. On success the caller
 * owns *b. On failure *b is unchanged and why, unless it is NULL, holds a one-line message for people, cut to why_size bytes
 * including its NUL.
 */
ONCESTICK_API enum oncestick_result oncestick_open(struct oncestick_bundle **b, int once_fd, const uint8_t id[ONCESTICK_ID_SIZE],
    char *why, size_t why_size);

/*
 * oncestick_close(b): wipe the content key and all plaintext, release *b and set it to NULL. NULL-safe. No other thread may still
 * be using *b.
 */
ONCESTICK_API void oncestick_close(struct oncestick_bundle **b);

/* oncestick_get_info(b, info): fill in info from the manifest. */
ONCESTICK_API void oncestick_get_info(const struct oncestick_bundle *b, struct oncestick_info *info);

/*
 * oncestick_unlock(b, key): if key is the content key to which the manifest commits, keep a copy of it in locked memory and open
 * the directory. Return ONCESTICK_OK, ONCESTICK_BUNDLE if this is not the key or the directory makes no sense, ONCESTICK_FAIL.
 * Wiping the caller's own copy is up to the caller. No other thread may use b during the call.
 */
ONCESTICK_API enum oncestick_result oncestick_unlock(struct oncestick_bundle *b, const uint8_t key[ONCESTICK_KEY_SIZE]);

/*
 * A content key, in locked memory that is left out of core dumps; opaque. `oncestick key` prints it for the issuer of a lecture:
 * 64 hexadecimal digits.
 */
struct oncestick_key;

/*
 * oncestick_key_read(k, fd): read a key from fd as it was printed, up to the end of its line and no further. On success the caller
 * owns *k. Return ONCESTICK_OK; ONCESTICK_BUNDLE if this is no key; ONCESTICK_FAIL if fd cannot be read (errno says why), or there
 * is no memory (ENOMEM). On failure *k is unchanged.
 *
 * oncestick_key_free(k): wipe it, release it and set it to NULL. NULL-safe. Bundles that it opened stay open.
 */
ONCESTICK_API enum oncestick_result oncestick_key_read(struct oncestick_key **k, int fd);
ONCESTICK_API void oncestick_key_free(struct oncestick_key **k);

/*
 * oncestick_open_with_key(b, once_fd, k, why, why_size): find the bundle below the ONCE directory once_fd whose manifest commits
 * to k, and open and unlock it, as oncestick_open and oncestick_unlock do. On failure *b is unchanged and why is as for
 * oncestick_open; ONCESTICK_BUNDLE also if k is not the key of any bundle there.
 */
ONCESTICK_API enum oncestick_result oncestick_open_with_key(struct oncestick_bundle **b, int once_fd,
    const struct oncestick_key *k, char *why, size_t why_size);

/* oncestick_lock(b): wipe the content key and all plaintext that b holds. Reads fail with -EIO from now on. */
ONCESTICK_API void oncestick_lock(struct oncestick_bundle *b);

/* ---- files: of an unlocked bundle --------------------------------------------------------------------------------------- */

struct oncestick_stat {
	uint32_t ino;           /* number of the file in this bundle; 0 is the root directory */
	int is_dir;
	uint64_t size;          /* bytes in a file, or entries in a directory */
	int64_t mtime_s;
	uint32_t mtime_ns;
};

/*
 * oncestick_lookup(b, path, st): find path, which is relative to the root of the bundle. Components are separated by '/', and ""
 * is the root. "." and ".." are not accepted. Return 0, -ENOENT, -ENOTDIR or -EIO.
 */
ONCESTICK_API int oncestick_lookup(struct oncestick_bundle *b, const char *path, struct oncestick_stat *st);

/*
 * oncestick_list(b, dir_ino, k, name, st): entry number k of directory dir_ino. Entries are numbered from 0 and sorted by the
 * bytes of their names. A name is 1 to 255 bytes other than '/' and NUL, neither "." nor "..", but may contain control characters
 * and need not be UTF-8. Return 0; -ENOENT if the directory has no more than k entries or does not exist; -ENOTDIR; or -EIO if
 * this entry cannot be read: the next one may still be good.
 */
ONCESTICK_API int oncestick_list(struct oncestick_bundle *b, uint32_t dir_ino, uint64_t k, char name[ONCESTICK_NAME_SIZE],
    struct oncestick_stat *st);

/*
 * oncestick_read(b, ino, buf, n, off): read up to n bytes at offset off of file ino into buf. Return how many were read, which is
 * less than n only at the end of the file; or -ENOENT, -EISDIR, -EIO, and then there is nothing useful in buf.
 */
ONCESTICK_API int64_t oncestick_read(struct oncestick_bundle *b, uint32_t ino, void *buf, size_t n, uint64_t off);

/* ---- verifying: needs no key -------------------------------------------------------------------------------------------- */

struct oncestick_damage {
	uint32_t segment;       /* number of the .seg file */
	uint64_t segment_off;   /* where in it the damaged 64 KiB begin */
	uint64_t image_off;     /* first byte of plaintext that cannot be read because of it */
	uint64_t image_len;
	int io;                 /* could not be read, rather than read wrong */
};

/*
 * oncestick_verify(b, threads, progress, damage, arg): read and verify every block of b; threads 0 means one for each processor.
 * The callbacks run in the calling thread and may be NULL. progress is called after every MiB or so, with the bytes done and all
 * bytes; if it returns non-zero, verification stops with ONCESTICK_INTERRUPTED. damage is called once for each damaged block.
 * Return ONCESTICK_OK if every block is good, ONCESTICK_BUNDLE if anything is damaged, after every block was tried, or
 * ONCESTICK_FAIL.
 */
ONCESTICK_API enum oncestick_result oncestick_verify(struct oncestick_bundle *b, unsigned threads,
    int (*progress)(void *arg, uint64_t done, uint64_t all), void (*damage)(void *arg, const struct oncestick_damage *d),
    void *arg);

/*
 * oncestick_path_at(b, d, path, size): find a file that damage d touches, in an unlocked bundle, and write its path to path.
 * Return 1; 0 and "" if it touches none; or a negative errno (-ENAMETOOLONG).
 */
ONCESTICK_API int oncestick_path_at(struct oncestick_bundle *b, const struct oncestick_damage *d, char *path, size_t size);

/* ---- signed objects ----------------------------------------------------------------------------------------------------- */

enum oncestick_kind { ONCESTICK_MANIFEST = 1, ONCESTICK_GRANT = 2, ONCESTICK_NOTICE = 3 };

struct oncestick_object {
	enum oncestick_kind kind;
	uint8_t issuer[ONCESTICK_KEY_SIZE];     /* whose signature was verified */
	int64_t time;                           /* created or issued, as the issuer says */
	uint8_t id[ONCESTICK_ID_SIZE];          /* of the bundle or the grant; zeros for a notice */
	char label[ONCESTICK_LABEL_SIZE];       /* of the bundle or the grant, or "" */
	uint64_t size;                          /* manifest: bytes of plaintext */
	uint8_t stick[ONCESTICK_ID_SIZE];       /* grant: the stick it is for */
	uint32_t codes;                         /* grant: how many */
	uint32_t bundles;                       /* grant: how many bundles a code opens */
	int64_t not_before, expires;            /* grant: when a code may be used for the first time */
	uint32_t session_s;                     /* grant: length of a session, in seconds */
	uint32_t number;                        /* notice */
};

/*
 * oncestick_inspect(data, n, o): verify the n bytes at data, which are the contents of a manifest.cose, grant.cose or notice.cose,
 * and store what they say in *o. Members that do not apply to this kind are zero. Return ONCESTICK_OK, ONCESTICK_BUNDLE if it is
 * none of these or its signature is bad, ONCESTICK_FAIL if the library cannot start or there is no memory.
 */
ONCESTICK_API enum oncestick_result oncestick_inspect(const void *data, size_t n, struct oncestick_object *o);

#ifdef __cplusplus
}
#endif

#endif
