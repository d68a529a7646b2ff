/*
 * cached_pages.c - how much of FILE is in the kernel's page cache, in pages, found by mapping it; for scenarios. cached_pages FILE
 * With a second file, both are mapped, and the exit status is 1 if they are not the same.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned char *
map(const char *path, size_t *n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *p = MAP_FAILED;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		*n = (size_t)st.st_size;
		p = mmap(NULL, *n, PROT_READ, MAP_SHARED, fd, 0);
	}
	if (p == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	return p;
}

int
main(int argc, char **argv)
{
	size_t n = 0, other_n = 0, page = (size_t)sysconf(_SC_PAGESIZE), cached = 0;
	unsigned char *p = NULL, *other = NULL, *in = NULL;

	if (argc < 2 || argc > 3)
		return 2;
	p = map(argv[1], &n);
	in = calloc(n / page + 1, 1);
	if (in == NULL || mincore(p, n, in) != 0)
		return 2;
	for (size_t i = 0; i < (n + page - 1) / page; i++)
		cached += in[i] & 1;
	printf("%zu\n", cached);
	free(in);
	if (argc == 2)
		return 0;
	other = map(argv[2], &other_n);
	return n == other_n && memcmp(p, other, n) == 0 ? 0 : 1;
}
