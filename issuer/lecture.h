/*
 * lecture.h - which lecture of a stick a person means.
 */
#ifndef LECTURE_H
#define LECTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "grant.h"
#include "stick.h"

/* A lecture on a stick: a bundle, as its newest grant describes it. */
struct lecture {
	uint8_t grant_id[ID_SIZE];
	int64_t issued;
	struct grant_bundle bundle;
	char label[LABEL_MAX + 1];
	bool usb; /* it has codes that open on one device only, */
	uint8_t usb_hint[USB_HINT_SIZE];
};

/* Start with all zeros, except for what is wanted. */
struct lectures {
	const char *wanted; /* label, or the beginning of an id (at least 8 hexadecimal digits); NULL: the only one. Borrowed */

	/* owned: all that could be meant, each once */
	struct lecture *list;
	size_t count, room;
};

/*
 * lecture_means(l, g): whether the lecture of grant g could be meant. lecture_add(l, g, f): count it in, once however many grants
 * it has. E_FAIL.
 *
 * lecture_only(l, path, f): whether it is clear which one is meant; path is the stick's name for people. Errors: E_NO_GRANT
 * (WHY_NO_LECTURE: none), E_USAGE (WHY_WHICH_LECTURE: several).
 *
 * lecture_find(l, all, path, f): all of that, for the grants of a stick. Errors: those of lecture_only; E_NO_GRANT (it has no
 * lecture at all); E_FAIL.
 */
bool lecture_means(const struct lectures *l, const struct grant *g);
enum err lecture_add(struct lectures *l, const struct grant *g, struct fault *f);
enum err lecture_only(const struct lectures *l, const char *path, struct fault *f);
enum err lecture_find(struct lectures *l, const struct stick_grants *all, const char *path, struct fault *f);

/* lecture_free(l): empty the list. */
void lecture_free(struct lectures *l);

#endif
