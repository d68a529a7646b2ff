#include "mountinfo.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

static bool
is_octal(const char *p)
{
	for (int i = 0; i < 3; i++)
		if (p[i] < '0' || p[i] > '7')
			return false;
	return true;
}

void
mountinfo_unescape(char *s)
{
	char *out = s;

	while (*s != '\0') {
		if (*s == '\\' && is_octal(s + 1)) {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*out++ = *s++;
		}
	}
	*out = '\0';
}

int
mountinfo_parse(struct mountinfo *m, char *line)
{
	char *field[6], *tail[3], *rest = strstr(line, " - "), *save = NULL;
	unsigned major, minor;

	if (rest == NULL)
		return -1;
	*rest = '\0';
	for (int i = 0; i < 6; i++)
		if ((field[i] = strtok_r(i == 0 ? line : NULL, " ", &save)) == NULL)
			return -1;
	for (int i = 0; i < 3; i++)
		if ((tail[i] = strtok_r(i == 0 ? rest + 3 : NULL, " \n", &save)) == NULL)
			return -1;
	if (sscanf(field[2], "%u:%u", &major, &minor) != 2)
		return -1;
	mountinfo_unescape(field[4]);
	mountinfo_unescape(tail[1]);
	*m = (struct mountinfo){makedev(major, minor), field[4], tail[0], tail[1], tail[2]};
	return 0;
}

int
mountinfo_each(int (*each)(void *arg, const struct mountinfo *m), void *arg)
{
	FILE *in = fopen("/proc/self/mountinfo", "re");
	struct mountinfo m;
	char *line = NULL;
	size_t size = 0;
	int result = 0;

	if (in == NULL)
		return -1;
	while (result == 0 && getline(&line, &size, in) > 0)
		if (mountinfo_parse(&m, line) == 0)
			result = each(arg, &m);
	free(line);
	fclose(in);
	return result;
}

bool
mountinfo_is_of(const struct mountinfo *m, dev_t dev)
{
	struct stat st;

	if (m->dev == dev)
		return true;
	return major(m->dev) == 0 && strncmp(m->source, "/dev/", 5) == 0 && stat(m->source, &st) == 0 && S_ISBLK(st.st_mode) &&
	       st.st_rdev == dev;
}
