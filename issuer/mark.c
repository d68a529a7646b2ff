/*
 * mark.c - a file of one line: number, token and time.
 */
#include "mark.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bytes.h"
#include "stickio.h"

#define NAME_SIZE 40
#define LINE_MAX_SIZE 100

static void
name_of(char out[NAME_SIZE], const uint8_t pk[KEY_SIZE])
{
	char hex[17];

	bytes_to_hex(hex, pk, 8);
	snprintf(out, NAME_SIZE, "books-%s", hex);
}

static bool
parse(struct mark *m, const char *line)
{
	char token[2 * BOOKS_TOKEN + 1];
	struct mark read;

	if (sscanf(line, "%" SCNd64 " %16s %" SCNd64, &read.event.no, token, &read.when) != 3 || read.event.no <= 0 ||
	    strlen(token) != 2 * BOOKS_TOKEN || bytes_from_hex(read.event.token, BOOKS_TOKEN, token) != 0)
		return false;
	*m = read;
	return true;
}

bool
mark_read(const char *dir, const uint8_t pk[KEY_SIZE], struct mark *m)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_SIZE], line[LINE_MAX_SIZE + 1];
	uint8_t *text = NULL;
	bool good = false;
	size_t n = 0;

	if (fd == -1)
		return false;
	name_of(name, pk);
	if (stickio_slurp(fd, name, LINE_MAX_SIZE, &text, &n) == 0) {
		memcpy(line, text, n);
		line[n] = '\0';
		good = parse(m, line);
	}
	free(text);
	close(fd);
	return good;
}

int
mark_write(const char *dir, const uint8_t pk[KEY_SIZE], const struct mark *m)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = -1, saved = 0;
	char name[NAME_SIZE], tmp[NAME_SIZE + 20], line[LINE_MAX_SIZE], token[2 * BOOKS_TOKEN + 1];
	int n;

	if (fd == -1)
		return -1;
	name_of(name, pk);
	bytes_to_hex(token, m->event.token, BOOKS_TOKEN);
	snprintf(tmp, sizeof tmp, "%s.%ld", name, (long)getpid());
	n = snprintf(line, sizeof line, "%" PRId64 " %s %" PRId64 "\n", m->event.no, token, m->when);
	(void)unlinkat(fd, tmp, 0); /* left by a process that had that number */
	if (stickio_create(fd, tmp, line, (size_t)n, 0600) == 0 && renameat(fd, tmp, fd, name) == 0)
		result = stickio_sync_dir(fd);
	saved = errno;
	if (result != 0)
		(void)unlinkat(fd, tmp, 0);
	close(fd);
	errno = saved;
	return result;
}
