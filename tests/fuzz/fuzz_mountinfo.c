/*
 * fuzz_mountinfo.c - one line of /proc/self/mountinfo.
 */
#include <stdbool.h>
#include <sys/sysmacros.h>

#include "fuzz.h"
#include "mountinfo.h"

static bool
inside(const char *s, const char *line, size_t n)
{
	return s >= line && s <= line + n && s + strlen(s) <= line + n;
}

/* A path as the kernel would write it. To be freed. */
static char *
escape(const char *s)
{
	char *out = malloc(4 * strlen(s) + 1), *p = out;

	FUZZ_HOLDS(out != NULL);
	for (; *s != '\0'; s++) {
		if (strchr(" \t\n\\", *s) != NULL)
			p += sprintf(p, "\\%03o", (unsigned)(unsigned char)*s);
		else
			*p++ = *s;
	}
	*p = '\0';
	return out;
}

const unsigned fuzz_parts = 1;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = fuzz_text(BYTES(data, size)), *text = fuzz_text(BYTES(data, size)), *escaped = escape(text), *again;
	const size_t n = strlen(line);
	struct mountinfo m, same;

	mountinfo_unescape(escaped);
	FUZZ_HOLDS(strcmp(escaped, text) == 0);
	if (mountinfo_parse(&m, line) == 0) {
		fuzz_took(0);
		FUZZ_HOLDS(
		    inside(m.path, line, n) && inside(m.type, line, n) && inside(m.source, line, n) && inside(m.options, line, n));
		free(escaped);
		escaped = escape(m.path);
		/* The path cannot be empty, unless it was written as a NUL. */
		if (m.path[0] != '\0' && m.source[0] != '\0') {
			FUZZ_HOLDS(asprintf(&again, "1 1 %u:%u / %s rw - %s none %s\n", major(m.dev), minor(m.dev), escaped, m.type,
				       m.options) > 0);
			FUZZ_HOLDS(mountinfo_parse(&same, again) == 0);
			FUZZ_HOLDS(same.dev == m.dev && strcmp(same.path, m.path) == 0 && strcmp(same.type, m.type) == 0);
			FUZZ_HOLDS(strcmp(same.options, m.options) == 0);
			free(again);
		}
	}
	free(escaped);
	free(text);
	free(line);
	return 0;
}
