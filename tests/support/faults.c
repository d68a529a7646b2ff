#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <pwd.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "calls.h"

#pragma GCC visibility push(default)

#include "opened.h"

#define LOG_SIZE 65536u

/* Memory is asked for before ASan has any: what answers must not look at its shadow. */
#define EARLY __attribute__((no_sanitize_address))

/* Not through dlsym, which allocates. */
#ifdef __SANITIZE_ADDRESS__
#define REAL(name) __interceptor_##name
#else
#define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t n);
void *REAL(calloc)(size_t n, size_t size);
void *REAL(realloc)(void *p, size_t n);
void *REAL(memalign)(size_t align, size_t n);

static _Atomic unsigned armed, count, random_calls;
static unsigned number, rate;   /* the call that fails; or, with a rate, one in so many */
static uint64_t seed;
static _Atomic(const char *) what = "";
static struct log { _Atomic size_t at; char text[LOG_SIZE]; } *told;
static _Thread_local bool spared;
#ifdef __SANITIZE_ADDRESS__
static _Thread_local bool ours; /* what the thread does is asked for by us, not by ASan, which starts and ends it */
#endif

/* libseccomp 2.5.4 does not end where it is refused memory while it writes a filter: that is not ours to mend, nor to plant. */
static struct { uintptr_t from, to; } seccomp;

static int
find_seccomp(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size, (void)unused;
	if (strstr(object->dlpi_name, "/libseccomp.so") == NULL)
		return 0;
	seccomp.from = object->dlpi_addr;
	for (unsigned i = 0; i < object->dlpi_phnum; i++)
		if (object->dlpi_phdr[i].p_type == PT_LOAD)
			seccomp.to = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr + object->dlpi_phdr[i].p_memsz;
	return 1;
}

void
faults_arm(unsigned classes, unsigned n)
{
	dl_iterate_phdr(find_seccomp, NULL);
	number = n;
	rate = 0;
	what = "";
	count = 0;
#ifdef __SANITIZE_ADDRESS__
	ours = true;
#endif
	armed = classes;
}

unsigned
faults_disarm(void)
{
	armed = 0;
	return count;
}

bool
faults_hit(void)
{
	return what[0] != '\0';
}

const char *
faults_what(void)
{
	return what;
}

/* Mapped, for the program closes descriptors that it does not know, and may not open any later. */
static void
open_log(const char *name)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	void *p = (void *)-1;

	if (fd >= 0 && call_ftruncate(fd, sizeof *told) == 0)
		p = call_mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		told = p;
	if (fd >= 0)
		(void)close(fd);
}

static void
tell(const char *name, unsigned n)
{
	char line[64];
	int len = snprintf(line, sizeof line, "%s %u in %d\n", name, n, (int)getpid());
	size_t at = len > 0 ? atomic_fetch_add(&told->at, (size_t)len) : LOG_SIZE;

	if (at + (size_t)len <= LOG_SIZE)
		memcpy(told->text + at, line, (size_t)len);
}

__attribute__((constructor)) static void
begin(void)
{
	static const struct { const char *name; unsigned classes; } names[] = {
	    {"memory", FAULTS_MEMORY}, {"random", FAULTS_RANDOM}, {"file", FAULTS_FILE}, {"flush", FAULTS_FLUSH},
	    {"any", FAULTS_ANY}};
	const char *plan = getenv("ONCE_FAULTS"), *log = getenv("ONCE_FAULTS_LOG");
	unsigned long a = 0, b = 0;
	char name[16];
	int fields = plan != NULL ? sscanf(plan, "%15s %lu %lu", name, &a, &b) : 0;

	if (log != NULL)
		open_log(log);
	for (size_t i = 0; fields >= 2 && i < sizeof names / sizeof *names; i++) {
		if (strcmp(name, names[i].name) != 0)
			continue;
		faults_arm(names[i].classes, fields == 2 ? (unsigned)a : 0);
		seed = a;
		rate = (unsigned)b;
	}
}

/* splitmix64 (Steele, Lea, Flood 2014): call n of this seed. */
EARLY static uint64_t
draw(uint64_t n)
{
	uint64_t z = seed * UINT64_C(0xd1342543de82ef95) + n * UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* Whether this call fails. 0: no; else a number that chooses how. */
EARLY static unsigned
fails(unsigned class, const char *name)
{
	unsigned n;

#ifdef __SANITIZE_ADDRESS__
	if (!ours)
		return 0;
#endif
	if ((armed & class) == 0 || spared)
		return 0;
	n = ++count;
	if (rate != 0 ? draw(n) % rate != 0 : n != number)
		return 0;
	what = name;
	if (told != NULL)
		tell(name, n);
	return n;
}

/* ---- memory --------------------------------------------------------------------------------------------------------------- */

EARLY static bool
no_memory(const char *name, const void *caller)
{
	bool theirs = (uintptr_t)caller >= seccomp.from && (uintptr_t)caller < seccomp.to;

	if (theirs || fails(FAULTS_MEMORY, name) == 0)
		return false;
	errno = ENOMEM;
	return true;
}

EARLY void *
malloc(size_t n)
{
	return no_memory("malloc", __builtin_return_address(0)) ? NULL : REAL(malloc)(n);
}

EARLY void *
calloc(size_t n, size_t size)
{
	return no_memory("calloc", __builtin_return_address(0)) ? NULL : REAL(calloc)(n, size);
}

EARLY void *
realloc(void *p, size_t n)
{
	return no_memory("realloc", __builtin_return_address(0)) ? NULL : REAL(realloc)(p, n);
}

EARLY void *
reallocarray(void *p, size_t n, size_t size)
{
	size_t all;

	if (__builtin_mul_overflow(n, size, &all)) {
		errno = ENOMEM;
		return NULL;
	}
	return no_memory("reallocarray", __builtin_return_address(0)) ? NULL : REAL(realloc)(p, all);
}

EARLY void *
aligned_alloc(size_t align, size_t n)
{
	return no_memory("aligned_alloc", __builtin_return_address(0)) ? NULL : REAL(memalign)(align, n);
}

EARLY int
posix_memalign(void **p, size_t align, size_t n)
{
	void *t = fails(FAULTS_MEMORY, "posix_memalign") != 0 ? NULL : REAL(memalign)(align, n);

	if (t == NULL)
		return ENOMEM;
	*p = t;
	return 0;
}

EARLY void *
mmap(void *at, size_t n, int prot, int flags, int fd, off_t off)
{
	return no_memory("mmap", __builtin_return_address(0)) ? MAP_FAILED : call_mmap(at, n, prot, flags, fd, off);
}

/* Where AC_SYS_LARGEFILE asks for it, open is open64 by itself, and so are the others. */
#ifndef __USE_FILE_OFFSET64
void *mmap64(void *at, size_t n, int prot, int flags, int fd, off64_t off) __attribute__((alias("mmap")));
#endif

/* What crashes by itself where there is no memory is spared: not ours to mend. */
static void *
next(const char *name)
{
	spared = true;
	return dlsym(RTLD_NEXT, name);
}

/* glibc 2.36: the first look-up of a user. */
int
getpwuid_r(uid_t uid, struct passwd *entry, char *buf, size_t n, struct passwd **result)
{
	int (*real)(uid_t, struct passwd *, char *, size_t, struct passwd **) = NULL;
	void *symbol = next("getpwuid_r");
	int ret;

	memcpy(&real, &symbol, sizeof real);
	ret = real(uid, entry, buf, n, result);
	spared = false;
	return ret;
}

/* libcrypto 3.0: making its tables of algorithms, which it does when one is first asked for. */
static void *
fetch(const char *name, void *ctx, const char *algorithm, const char *properties)
{
	void *(*real)(void *, const char *, const char *) = NULL;
	void *symbol = next(name), *ret;

	memcpy(&real, &symbol, sizeof real);
	ret = real != NULL ? real(ctx, algorithm, properties) : NULL;
	spared = false;
	return ret;
}

void *EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties);
void *EVP_CIPHER_fetch(void *ctx, const char *algorithm, const char *properties);

void *
EVP_MD_fetch(void *ctx, const char *algorithm, const char *properties)
{
	return fetch("EVP_MD_fetch", ctx, algorithm, properties);
}

void *
EVP_CIPHER_fetch(void *ctx, const char *algorithm, const char *properties)
{
	return fetch("EVP_CIPHER_fetch", ctx, algorithm, properties);
}

/* ASan: the start of a thread, and its end. It asks for the stack's bounds in the new one, and dies where there is no memory. */
#ifdef __SANITIZE_ADDRESS__
int REAL(pthread_create)(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg);

struct start {
	void *(*body)(void *);
	void *arg;
};

static void *
start_body(void *arg)
{
	struct start s = *(struct start *)arg;
	void *ret = NULL;

	free(arg);
	ours = true;
	ret = s.body(s.arg);
	ours = false;
	return ret;
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*body)(void *), void *arg)
{
	struct start *s = fails(FAULTS_MEMORY, "pthread_create") != 0 ? NULL : REAL(malloc)(sizeof *s);
	const bool was = ours;
	int ret = EAGAIN;

	if (s == NULL)
		return ret;
	*s = (struct start){body, arg};
	ours = false;
	ret = REAL(pthread_create)(thread, attr, start_body, s);
	ours = was;
	if (ret != 0)
		free(s);
	return ret;
}
#endif

/* ---- random numbers ------------------------------------------------------------------------------------------------------- */

/* libsodium takes a kernel without getrandom for an old one, and a failure later for the end of the world: it aborts. */
ssize_t
getrandom(void *buf, size_t n, unsigned flags)
{
	bool first = random_calls++ == 0;

	if (fails(FAULTS_RANDOM, "getrandom") != 0) {
		errno = first ? ENOSYS : EINTR;
		return -1;
	}
	return syscall(SYS_getrandom, buf, n, flags);
}

/* ---- files ---------------------------------------------------------------------------------------------------------------- */

static bool
of_class_fails(unsigned class, const char *name, int a, int b)
{
	unsigned how = fails(class, name);

	if (how == 0)
		return false;
	errno = how % 2 == 0 ? a : b;
	return true;
}

static bool
file_fails(const char *name, int a, int b)
{
	return of_class_fails(FAULTS_FILE, name, a, b);
}

static bool
flush_fails(const char *name)
{
	return of_class_fails(FAULTS_FILE | FAULTS_FLUSH, name, EIO, ENOSPC);
}

static int
open_any(const char *name, int dir_fd, const char *path, int flags, mode_t mode)
{
	return file_fails(name, EMFILE, EIO) ? -1 : (int)syscall(SYS_openat, dir_fd, path, flags | O_LARGEFILE, mode);
}

/* Half of what was wanted is no error, but the rest has to be asked for. */
static size_t
some(size_t n, unsigned how)
{
	return how % 3 == 0 && n > 1 ? n / 2 : n;
}

/* What pread and its kind do: -1 for an error that is in errno, else how many bytes to go on with. */
static ssize_t
transfer(const char *name, size_t n, int a, int b)
{
	unsigned how = fails(FAULTS_FILE, name);

	if (how == 0 || how % 3 == 0)
		return (ssize_t)(how == 0 ? n : some(n, how));
	errno = how % 3 == 1 ? a : b;
	return -1;
}

ssize_t
read(int fd, void *buf, size_t n)
{
	ssize_t some = transfer("read", n, EIO, EINTR);

	return some < 0 ? -1 : syscall(SYS_read, fd, buf, some);
}

ssize_t
write(int fd, const void *buf, size_t n)
{
	ssize_t some = transfer("write", n, ENOSPC, EINTR);

	return some < 0 ? -1 : syscall(SYS_write, fd, buf, some);
}

ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	ssize_t some = transfer("pread", n, EIO, EINTR);

	return some < 0 ? -1 : call_pread(fd, buf, (size_t)some, off);
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	ssize_t some = transfer("pwrite", n, ENOSPC, EIO);

	return some < 0 ? -1 : call_pwrite(fd, buf, (size_t)some, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off64_t off) __attribute__((alias("pread")));
ssize_t pwrite64(int fd, const void *buf, size_t n, off64_t off) __attribute__((alias("pwrite")));
#endif

int
fsync(int fd)
{
	return flush_fails("fsync") ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return flush_fails("fdatasync") ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int
ftruncate(int fd, off_t n)
{
	return file_fails("ftruncate", EIO, ENOSPC) ? -1 : call_ftruncate(fd, n);
}

#ifndef __USE_FILE_OFFSET64
int ftruncate64(int fd, off64_t n) __attribute__((alias("ftruncate")));
#endif

int
rename(const char *from, const char *to)
{
	return file_fails("rename", EIO, ENOSPC) ? -1 : (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	return file_fails("renameat", EIO, ENOSPC) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

int
renameat2(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return file_fails("renameat2", EIO, ENOSPC) ? -1 : (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, flags);
}

int
linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
	return file_fails("linkat", EIO, ENOSPC) ? -1 : (int)syscall(SYS_linkat, from_fd, from, to_fd, to, flags);
}

int
mkdir(const char *name, mode_t mode)
{
	return file_fails("mkdir", EIO, ENOSPC) ? -1 : (int)syscall(SYS_mkdirat, AT_FDCWD, name, mode);
}

int
mkdirat(int dir_fd, const char *name, mode_t mode)
{
	return file_fails("mkdirat", EIO, ENOSPC) ? -1 : (int)syscall(SYS_mkdirat, dir_fd, name, mode);
}

int
unlink(const char *name)
{
	return file_fails("unlink", EIO, EROFS) ? -1 : (int)syscall(SYS_unlinkat, AT_FDCWD, name, 0);
}

int
unlinkat(int dir_fd, const char *name, int flags)
{
	return file_fails("unlinkat", EIO, EROFS) ? -1 : (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}
