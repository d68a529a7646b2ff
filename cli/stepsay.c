#include "stepsay.h"

#include <string.h>

bool
stepsay(struct fault *out, const struct fault *f, const struct stepsay *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (f->err != rows[i].err || strcmp(f->step, rows[i].step) != 0)
			continue;
		fault_clear(out);
		rows[i].say(out, f);
		return true;
	}
	return false;
}
