#include "whysay.h"

bool
whysay(struct fault *out, const struct fault *f, const struct whysay *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (f->err != rows[i].err || f->why != rows[i].why)
			continue;
		fault_clear(out);
		rows[i].say(out, f);
		return true;
	}
	return false;
}
