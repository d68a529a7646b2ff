/*
 * replay.c - a main for fuzz targets: calls one with each file that is named, and with each file in a directory that is named. It
 * fails where a part of the target saw none of them.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "fuzz.h"

#define INPUT_MAX (16u << 20)

static int
replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(INPUT_MAX), *exact = NULL;
	size_t n = 0;
	int ret = -1;

	if (f == NULL || all == NULL)
		goto out;
	n = fread(all, 1, INPUT_MAX, f);
	if (ferror(f))
		goto out;
	exact = fuzz_copy(BYTES(all, n));
	(void)LLVMFuzzerTestOneInput(exact, n);
	ret = 0;
out:
	if (ret != 0)
		fprintf(stderr, "%s: %s\n", path, strerror(errno));
	if (f != NULL)
		fclose(f);
	free(exact);
	free(all);
	return ret;
}

/* How many files were replayed, or -1. */
static int
replay_dir(const char *dir)
{
	struct dirent **list = NULL;
	char path[4096];
	int n = scandir(dir, &list, NULL, alphasort), count = 0;

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", dir, list[i]->d_name);
		if (count >= 0 && list[i]->d_name[0] != '.')
			count = replay_file(path) == 0 ? count + 1 : -1;
		free(list[i]);
	}
	free(list);
	return n < 0 ? -1 : count;
}

int
main(int argc, char **argv)
{
	struct stat st;
	int count = 0, n = 0, missing = 0;

	for (int i = 1; i < argc && n >= 0; i++) {
		bool dir = stat(argv[i], &st) == 0 && S_ISDIR(st.st_mode);

		n = dir ? replay_dir(argv[i]) : replay_file(argv[i]) == 0 ? 1 : -1;
		count += n;
	}
	if (n < 0 || count == 0) {
		fprintf(stderr, "usage: %s FILE-OR-DIRECTORY...\n", argv[0]);
		return 2;
	}
	printf("%d inputs\n", count);
	for (unsigned part = 0; part < fuzz_parts; part++)
		if ((fuzz_parts_seen >> part & 1) == 0)
			missing = fprintf(stderr, "%s: no input comes into its part %u\n", argv[0], part);
	return missing != 0;
}
