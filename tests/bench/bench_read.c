/*
 * bench_read.c - reads files as fast as they come, and says how fast that was, as one line of JSON.
 *
 *   bench_read seq READERS FILE...              READERS threads read the files, each the next one that nobody has begun, in order
 *   bench_read random SIZE COUNT SEED FILE...   one thread reads COUNT different places of SIZE bytes, each at a multiple of SIZE
 *
 * bytes, seconds and cpu (processor seconds of this process, the kernel's work for it included); random also has p50 and p99, the
 * seconds that one read took. The files are read through the page cache, as programs do: to read from a file system, it must be
 * freshly mounted. COUNT is cut to a quarter of the places there are.
 */
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CHUNK (128u << 10) /* what cp and players read at once */
#define READERS_MAX 64

static double
now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int
complain(const char *what, const char *name)
{
	fprintf(stderr, "bench_read: %s: %s: %s\n", what, name, strerror(errno));
	return 1;
}

/* ---- in order ----------------------------------------------------------------------------------------------------------- */

struct work {
	char **file;
	int files;
	_Atomic int next;
	_Atomic uint64_t bytes;
	_Atomic bool failed;
};

static bool
read_all(struct work *w, const char *name, char *buf)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;

	while (fd >= 0 && (got = read(fd, buf, CHUNK)) > 0)
		w->bytes += (uint64_t)got;
	if (got < 0)
		complain("read", name);
	if (fd >= 0)
		close(fd);
	return got == 0;
}

static void *
reader(void *arg)
{
	struct work *w = arg;
	char *buf = malloc(CHUNK);
	int i;

	while (buf != NULL && (i = w->next++) < w->files)
		if (!read_all(w, w->file[i], buf))
			w->failed = true;
	if (buf == NULL)
		w->failed = true;
	free(buf);
	return NULL;
}

static int
seq(int readers, char **file, int files)
{
	struct work w = { .file = file, .files = files };
	pthread_t thread[READERS_MAX];
	double start = now(CLOCK_MONOTONIC), seconds;
	int n = 0;

	while (n < readers && n < READERS_MAX && pthread_create(&thread[n], NULL, reader, &w) == 0)
		n++;
	for (int i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	seconds = now(CLOCK_MONOTONIC) - start;
	printf("{\"bytes\": %llu, \"seconds\": %.6f, \"cpu\": %.6f}\n", (unsigned long long)w.bytes, seconds,
	    now(CLOCK_PROCESS_CPUTIME_ID));
	return n < readers || w.failed ? 1 : 0;
}

/* ---- anywhere ----------------------------------------------------------------------------------------------------------- */

struct place {
	int fd;
	off_t off;
};

/* xorshift64*, Vigna 2016: the same places in every run of the same seed. */
static uint64_t
draw(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

/* All places of size bytes in the files. Returns how many, or 0 after a complaint. */
static size_t
find_places(struct place **out, size_t size, char **file, int files)
{
	struct place *p = NULL, *more = NULL;
	size_t n = 0;

	for (int i = 0; i < files; i++) {
		struct stat st;
		int fd = open(file[i], O_RDONLY | O_CLOEXEC);
		size_t here;

		if (fd < 0 || fstat(fd, &st) != 0) {
			complain("open", file[i]);
			break;
		}
		here = (size_t)st.st_size / size;
		more = realloc(p, (n + here + 1) * sizeof *p);
		if (more == NULL) {
			complain("places", file[i]);
			break;
		}
		p = more;
		for (size_t k = 0; k < here; k++)
			p[n++] = (struct place){ fd, (off_t)(k * size) };
		if (i + 1 == files) {
			*out = p;
			return n;
		}
	}
	free(p);
	return 0;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static int
anywhere(size_t size, size_t count, uint64_t seed, char **file, int files)
{
	struct place *place = NULL;
	size_t places = find_places(&place, size, file, files);
	double *took = NULL, start, all, cpu;
	char *buf = malloc(size);
	int status = 1;

	if (count > places / 4)
		count = places / 4;
	took = calloc(count + 1, sizeof *took);
	if (count == 0 || took == NULL || buf == NULL) {
		fprintf(stderr, "bench_read: the files are too small, or there is too little memory\n");
		goto out;
	}
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	all = 0;
	for (size_t i = 0; i < count; i++) {
		size_t k = i + (size_t)(draw(&seed) % (places - i));
		struct place p = place[k];

		place[k] = place[i];
		start = now(CLOCK_MONOTONIC);
		if (pread(p.fd, buf, size, p.off) != (ssize_t)size) {
			complain("pread", "random");
			goto out;
		}
		took[i] = now(CLOCK_MONOTONIC) - start;
		all += took[i];
	}
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	qsort(took, count, sizeof *took, compare);
	printf("{\"bytes\": %zu, \"count\": %zu, \"seconds\": %.6f, \"cpu\": %.6f, \"p50\": %.9f, \"p99\": %.9f}\n", size * count,
	    count, all, cpu, took[count / 2], took[count * 99 / 100]);
	status = 0;
out:
	free(buf);
	free(took);
	free(place);
	return status;
}

int
main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "seq") == 0)
		return seq(atoi(argv[2]), argv + 3, argc - 3);
	if (argc >= 6 && strcmp(argv[1], "random") == 0)
		return anywhere(
		    strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10), strtoull(argv[4], NULL, 10) | 1, argv + 5, argc - 5);
	fprintf(stderr, "usage: bench_read seq READERS FILE... | random SIZE COUNT SEED FILE...\n");
	return 2;
}
