/* verify-bundles.c - verify every bundle below the ONCE directory that is named; exit status 1 if anything is wrong. */
#include <fcntl.h>
#include <oncestick.h>
#include <stdio.h>

#define MAX 64

static void
count(void *arg, const struct oncestick_damage *d)
{
	(void)d;
	++*(unsigned *)arg;
}

static int
verify(int once_fd, const uint8_t id[ONCESTICK_ID_SIZE])
{
	struct oncestick_bundle *b = NULL;
	char why[200];
	if (oncestick_open(&b, once_fd, id, why, sizeof why) != ONCESTICK_OK) {
		printf("%s\n", why);
		return -1;
	}
	struct oncestick_info info;
	oncestick_get_info(b, &info);
	unsigned damaged = 0;
	enum oncestick_result r = oncestick_verify(b, 0, NULL, count, &damaged);
	printf("\"%s\", %u blocks damaged\n", info.label, damaged);
	oncestick_close(&b);
	return r == ONCESTICK_OK ? 0 : -1;
}

int
main(int argc, char **argv)
{
	int once_fd = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY) : -1;
	if (once_fd < 0)
		return 2;
	printf("liboncestick %s\n", oncestick_version());
	uint8_t ids[MAX][ONCESTICK_ID_SIZE];
	int n = oncestick_bundles(once_fd, ids, MAX), failed = n < 1;
	for (int i = 0; i < n && i < MAX; i++)
		if (verify(once_fd, ids[i]) != 0)
			failed = 1;
	return failed;
}
