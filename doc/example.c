/*
 * example.c - what a program does with liboncestick: check the bundles of a stick; with a content key, list one and read from it.
 *
 *     cc example.c -o example $(pkg-config --cflags --libs liboncestick)
 *     ./example /media/kim/STICK                           # every bundle: whose it is, and whether all of it is whole
 *     ./example /media/kim/STICK KEYFILE [FILE]            # the files of one; or the contents of FILE, on standard output
 *     oncestick key /media/kim/STICK | ./example /media/kim/STICK -
 *
 * KEYFILE, or standard input, has the content key as "oncestick key" prints it for the issuer of the lecture. It is in memory that
 * is wiped when it is freed, as soon as the bundle is open. Text from a stick may hold anything, so it is not sent to a terminal as
 * it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <oncestick.h>

#define CHUNK (1 << 20)

static int
fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(error));
	return EXIT_FAILURE;
}

static void
print_hex(const uint8_t *p, size_t n)
{
	while (n-- > 0)
		printf("%02x", *p++);
}

static void
print_safe(const char *s)
{
	for (; *s != '\0'; s++)
		putchar((unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

/* ---- without a key ----------------------------------------------------------------------------------------------------- */

static void
on_damage(void *arg, const struct oncestick_damage *d)
{
	(void)arg;
	printf("  damaged: segment %u at byte %llu\n", d->segment, (unsigned long long)d->segment_off);
}

static int
check_bundle(int once, const uint8_t id[ONCESTICK_ID_SIZE])
{
	struct oncestick_bundle *b = NULL;
	struct oncestick_info info;
	char why[256];
	enum oncestick_result r;

	print_hex(id, ONCESTICK_ID_SIZE);
	if (oncestick_open(&b, once, id, why, sizeof why) != ONCESTICK_OK) {
		printf("  %s\n", why);
		return EXIT_FAILURE;
	}
	oncestick_get_info(b, &info);
	printf("  \"");
	print_safe(info.label);
	printf("\", %llu bytes, signed by ", (unsigned long long)info.size);
	print_hex(info.issuer, sizeof info.issuer);
	printf("\n");
	r = oncestick_verify(b, 0, NULL, on_damage, NULL);
	printf("  %s\n", r == ONCESTICK_OK ? "whole" : "NOT whole");
	oncestick_close(&b);
	return r == ONCESTICK_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
check_stick(int once)
{
	uint8_t ids[64][ONCESTICK_ID_SIZE];
	int n = oncestick_bundles(once, ids, 64), status = EXIT_SUCCESS;

	if (n < 0)
		return fail("ONCE", -n);
	for (int i = 0; i < n && i < 64; i++)
		if (check_bundle(once, ids[i]) != EXIT_SUCCESS)
			status = EXIT_FAILURE;
	return status;
}

/* ---- with one ---------------------------------------------------------------------------------------------------------- */

static int
list(struct oncestick_bundle *b, uint32_t dir, int depth)
{
	char name[ONCESTICK_NAME_SIZE];
	struct oncestick_stat st;
	int r = 0;

	for (uint64_t k = 0; (r = oncestick_list(b, dir, k, name, &st)) != -ENOENT; k++) {
		if (r != 0)
			return fail("an entry", -r);
		printf("%12llu  %*s", (unsigned long long)st.size, 2 * depth, "");
		print_safe(name);
		printf("%s\n", st.is_dir ? "/" : "");
		if (st.is_dir && (r = list(b, st.ino, depth + 1)) != EXIT_SUCCESS)
			return r;
	}
	return EXIT_SUCCESS;
}

static int
print_file(struct oncestick_bundle *b, const char *path)
{
	struct oncestick_stat st;
	char *buf = malloc(CHUNK);
	int64_t n = buf != NULL ? oncestick_lookup(b, path, &st) : -ENOMEM;

	for (uint64_t off = 0; n >= 0 && off < st.size; off += (uint64_t)n)
		if ((n = oncestick_read(b, st.ino, buf, CHUNK, off)) > 0 && fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			n = -errno;
	free(buf);
	return n < 0 ? fail(path, (int)-n) : EXIT_SUCCESS;
}

static struct oncestick_key *
read_key(const char *name)
{
	const int stdin_too = strcmp(name, "-") == 0, fd = stdin_too ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct oncestick_key *key = NULL;
	enum oncestick_result r = fd >= 0 ? oncestick_key_read(&key, fd) : ONCESTICK_FAIL;

	if (r == ONCESTICK_BUNDLE)
		fprintf(stderr, "%s: this is no key; 'oncestick key' prints one\n", name);
	else if (r != ONCESTICK_OK)
		fail(name, errno);
	if (fd >= 0 && !stdin_too)
		close(fd);
	return key;
}

static int
read_bundle(int once, const char *key_file, const char *path)
{
	struct oncestick_bundle *b = NULL;
	struct oncestick_key *key = read_key(key_file);
	char why[256];
	int status = EXIT_FAILURE;

	if (key == NULL)
		return EXIT_FAILURE;
	if (oncestick_open_with_key(&b, once, key, why, sizeof why) != ONCESTICK_OK)
		fprintf(stderr, "%s\n", why);
	oncestick_key_free(&key);
	if (b != NULL)
		status = path != NULL ? print_file(b, path) : list(b, 0, 0);
	oncestick_close(&b);
	return status;
}

int
main(int argc, char **argv)
{
	char once_path[4096];
	int once, status;

	if (argc < 2 || argc > 4) {
		fprintf(stderr, "usage: %s STICK [KEYFILE [FILE]]\n", argv[0]);
		return 2;
	}
	snprintf(once_path, sizeof once_path, "%s/ONCE", argv[1]);
	once = open(once_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (once < 0)
		return fail(once_path, errno);
	status = argc == 2 ? check_stick(once) : read_bundle(once, argv[2], argv[3]);
	close(once);
	return fflush(stdout) == 0 ? status : fail("standard output", errno);
}
