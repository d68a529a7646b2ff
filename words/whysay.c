#include "whysay.h"

#include <stdlib.h>

static char *
written(const struct whysay *row, const struct fault *f)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (to == NULL)
		return NULL;
	row->say(to, f);
	if (fclose(to) == 0)
		return text;
	free(text);
	return NULL;
}

char *
whysay(const struct fault *f, const struct whysay *rows, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (f->err == rows[i].err && f->why == rows[i].why)
			return written(&rows[i], f);
	return NULL;
}
