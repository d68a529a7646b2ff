#include "lecture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "bytes.h"

#define ID_LEAST 8	/* hexadecimal digits that stand for an id */

static bool
begins(const uint8_t id[ID_SIZE], const char *text)
{
	char hex[2 * ID_SIZE + 1];

	bytes_to_hex(hex, id, ID_SIZE);
	return strlen(text) >= ID_LEAST && strncmp(hex, text, strlen(text)) == 0;
}

bool
lecture_means(const struct lectures *l, const struct grant *g)
{
	return l->wanted == NULL || strcmp(g->label, l->wanted) == 0 || begins(g->id, l->wanted) ||
	    begins(g->bundles[0].id, l->wanted);
}

static void
describe(struct lecture *l, const struct grant *g)
{
	memcpy(l->grant_id, g->id, ID_SIZE);
	l->issued = g->issued;
	l->bundle = g->bundles[0];
	memcpy(l->label, g->label, sizeof l->label);
}

/* If one grant of a lecture is bound to a device, the lecture is. */
static void
take_binding(struct lecture *l, const struct grant *g)
{
	if (!g->policy.usb)
		return;
	l->usb = true;
	memcpy(l->usb_hint, g->policy.usb_hint, USB_HINT_SIZE);
}

/* Several grants may be for one bundle: the newest one has the lecture's label. */
enum err
lecture_add(struct lectures *l, const struct grant *g, struct fault *f)
{
	struct lecture *list = l->list;

	for (size_t i = 0; i < l->count; i++) {
		if (memcmp(list[i].bundle.id, g->bundles[0].id, ID_SIZE) != 0)
			continue;
		if (g->issued > list[i].issued)
			describe(&list[i], g);
		take_binding(&list[i], g);
		return E_OK;
	}
	if ((list = array_grow(l->list, l->count, &l->room, sizeof *list)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for lectures");
	l->list = list;
	memset(&list[l->count], 0, sizeof *list);
	describe(&list[l->count], g);
	take_binding(&list[l->count++], g);
	return E_OK;
}

enum err
lecture_only(const struct lectures *l, const char *path, struct fault *f)
{
	if (l->count == 0)
		return fault_why(f, E_NO_GRANT, 0, WHY_NO_LECTURE, "%s", l->wanted != NULL ? l->wanted : "");
	return l->count == 1 ? E_OK : fault_why(f, E_USAGE, 0, WHY_WHICH_LECTURE, "%s", path);
}

enum err
lecture_find(struct lectures *l, const struct stick_grants *all, const char *path, struct fault *f)
{
	enum err e = E_OK;

	if (all->count == 0)
		return fault_set(f, E_NO_GRANT, 0, "grants", "%s/%s", STICK_ONCE, STICK_GRANTS);
	for (size_t i = 0; i < all->count && e == E_OK; i++)
		if (lecture_means(l, &all->grants[i]))
			e = lecture_add(l, &all->grants[i], f);
	return e == E_OK ? lecture_only(l, path, f) : e;
}

void
lecture_free(struct lectures *l)
{
	free(l->list);
	l->list = NULL;
	l->count = l->room = 0;
}
