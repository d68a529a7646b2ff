/*
 * exclude.c - patterns, and what they match.
 */
#include "exclude.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const usual[] = {".DS_Store", "._*", "Thumbs.db", "desktop.ini", ".~lock.*#"};

/* Take off what does not belong to the pattern itself. */
static void
trim(struct exclude_pattern *p, char *match)
{
	size_t n = 0;

	while (strncmp(match, "./", 2) == 0 || match[0] == '/') {
		p->path = true;
		match += match[0] == '.' ? 2 : 1;
	}
	for (n = strlen(match); n > 0 && match[n - 1] == '/'; n--) {
		p->dirs = true;
		match[n - 1] = '\0';
	}
	p->path = p->path || strchr(match, '/') != NULL;
	p->match = match;
}

static size_t
stars(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == '*';
	return n;
}

enum exclude_result
exclude_add(struct exclude *x, const char *text)
{
	struct exclude_pattern p = {0};
	size_t n = strlen(text);
	char *both = NULL;

	if (n > EXCLUDE_LENGTH)
		return EXCLUDE_LONG;
	if (stars(text) > EXCLUDE_STARS)
		return EXCLUDE_STARRY;
	if (x->count == EXCLUDE_PATTERNS)
		return EXCLUDE_MANY;
	if ((both = malloc(2 * (n + 1))) == NULL)
		return EXCLUDE_NO_MEMORY;
	memcpy(both, text, n + 1);
	memcpy(both + n + 1, text, n + 1);
	p.text = both;
	trim(&p, both + n + 1);
	p.plain = strpbrk(p.match, "*?[\\") == NULL;
	if (p.match[0] == '\0') {
		free(both);
		return EXCLUDE_EMPTY;
	}
	x->list[x->count++] = p;
	return EXCLUDE_OK;
}

enum exclude_result
exclude_usual(struct exclude *x)
{
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
		enum exclude_result got = exclude_add(x, usual[i]);

		if (got != EXCLUDE_OK)
			return got;
		x->list[x->count - 1].usual = x->list[x->count - 1].folded = true;
	}
	return EXCLUDE_OK;
}

static enum exclude_result
add_line(struct exclude *x, const char *p, size_t n)
{
	char text[EXCLUDE_LENGTH + 1];

	while (n > 0 && strchr(" \t\r", p[n - 1]) != NULL)
		n--;
	if (n == 0 || p[0] == '#')
		return EXCLUDE_OK;
	if (n > EXCLUDE_LENGTH)
		return EXCLUDE_LONG;
	memcpy(text, p, n);
	text[n] = '\0';
	return exclude_add(x, text);
}

enum exclude_result
exclude_read(struct exclude *x, struct bytes file, size_t *line)
{
	const char *p = (const char *)file.p, *end = p + file.n;
	enum exclude_result got = EXCLUDE_OK;

	*line = 1;
	if (file.n == 0)
		return EXCLUDE_OK;
	if (memchr(p, 0, file.n) != NULL)
		return EXCLUDE_BINARY;
	if (file.n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (; p < end; ++*line) {
		const char *eol = memchr(p, '\n', (size_t)(end - p));

		if ((got = add_line(x, p, (size_t)((eol != NULL ? eol : end) - p))) != EXCLUDE_OK)
			return got;
		p = eol != NULL ? eol + 1 : end;
	}
	return EXCLUDE_OK;
}

/* ---- matching ------------------------------------------------------------------------------------------------------------ */

static bool
fits(const struct exclude_pattern *p, const char *path, const char *name)
{
	const char *what = p->path ? path : name;

	if (p->plain)
		return (p->folded ? strcasecmp(p->match, what) : strcmp(p->match, what)) == 0;
	return fnmatch(p->match, what, (p->path ? FNM_PATHNAME : 0) | (p->folded ? FNM_CASEFOLD : 0)) == 0;
}

static void
keep(struct exclude *x, const char *path, bool dir)
{
	char *copy = NULL;

	if (dir)
		x->dirs++;
	else
		x->files++;
	if (x->kept_count < EXCLUDE_KEPT && asprintf(&copy, "%s%s", path, dir ? "/" : "") >= 0)
		x->kept[x->kept_count++] = copy;
}

bool
exclude_match(struct exclude *x, const char *path, bool dir)
{
	const char *slash = strrchr(path, '/'), *name = slash != NULL ? slash + 1 : path;
	bool out = false;

	if (!dir && strcmp(path, EXCLUDE_FILE) == 0)
		return true;
	for (size_t i = 0; i < x->count; i++) {
		struct exclude_pattern *p = &x->list[i];

		if ((dir || !p->dirs) && fits(p, path, name))
			out = p->found = true;
	}
	if (out)
		keep(x, path, dir);
	return out;
}

void
exclude_free(struct exclude *x)
{
	for (size_t i = 0; i < x->count; i++)
		free(x->list[i].text);
	for (size_t i = 0; i < x->kept_count; i++)
		free(x->kept[i]);
	x->count = x->kept_count = 0;
}
