#include "stickarg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "human.h"
#include "keytree.h"
#include "say.h"
#include "several.h"
#include "text.h"

/* Why no stick was found, or which one is meant. */
static enum err
word_choice(const struct cli *c, const struct place_miss *m, const char *arg, enum err e, struct fault *f)
{
	switch (m->why) {
	case PLACE_NONE:
		return say_fault(c, f, e,
		    _("no locked stick is mounted here. Plug it in and wait, or name the directory where it is."));
	case PLACE_WHICH:
		return say_fault(c, f, e, _("which stick? %s"), m->list);
	case PLACE_NO_SERIAL:
		return say_fault(c, f, e,
		    _("no stick with the serial number %s is plugged in; 'oncestick sticks' lists those that are."),
		    arg + sizeof PLACE_BY_SERIAL - 1);
	case PLACE_SEVERAL:
		return say_fault(c, f, e, _("%s is more than one place; which? %s"), arg, m->list);
	case PLACE_UNFIT:
		return say_fault(c, f, e, _("nothing on %s can be mounted and used; 'oncestick sticks' says why."), arg);
	case PLACE_UNMOUNTED:
		return say_fault(c, f, e, _("%s is not mounted. To mount it: udisksctl mount -b /dev/%s"), arg, m->name);
	default:
		return say_fault(c, f, e, _("%s is not mounted. To mount it: udisksctl mount -b %s"), arg, arg);
	}
}

enum err
stickarg_open(const struct cli *c, struct place *p, const char *arg, struct fault *f)
{
	struct place_miss m;
	struct fault why = {0};
	enum err e = place_open(p, arg, &m, &why);

	if (e == E_OK)
		return E_OK;
	switch (m.why) {
	case PLACE_FAILED:
		return fault_pass(f, &why);
	case PLACE_LONG:
		return say_fault(c, f, e, _("that path is too long."));
	case PLACE_NO_DIR:
		return say_fault(c, f, e, _("%s is not a directory; name the directory where the stick is mounted."), arg);
	case PLACE_MISSING:
		return say_fault(c, f, e,
		    _("%s: there is no such directory. Name the one where the stick is mounted; 'oncestick sticks' lists it."),
		    arg);
	case PLACE_SHUT:
		return say_fault(c, f, e, _("%s: %s. Is the stick mounted there?"), arg, strerror(m.sys));
	case PLACE_GONE:
		return say_fault(c, f, e, _("%s: %s."), p->path, strerror(m.sys));
	default:
		return word_choice(c, &m, arg, e, f);
	}
}

void
stickarg_device(int fd, char *out, size_t size)
{
	struct place_device d;
	char bytes[HUMAN_SHOWN] = "";

	out[0] = '\0';
	if (!place_device(fd, &d))
		return;
	if (d.bytes > 0)
		human_bytes(bytes, sizeof bytes, d.bytes);
	snprintf(out, size, "%s%s%s%s%s", d.vendor, d.vendor[0] != '\0' && d.model[0] != '\0' ? " " : "", d.model,
	    d.vendor[0] != '\0' || d.model[0] != '\0' ? ", " : "", bytes);
}

void
stickarg_about(char out[STICKARG_ABOUT], const char *path, const uint8_t *id)
{
	char safe[STICKARG_ABOUT - STICK_NAME_SIZE - 3], name[STICK_NAME_SIZE] = "";

	say_safe(safe, sizeof safe, path);
	if (id != NULL)
		keytree_stick_name(name, id);
	if (name[0] == '\0' || strcmp(name, safe) == 0)
		snprintf(out, STICKARG_ABOUT, "%s", safe);
	else
		snprintf(out, STICKARG_ABOUT, "%s (%s)", safe, name);
}

void
stickarg_each(const struct cli *c, struct fault *faults, size_t count,
    enum err (*step)(void *arg, size_t k, struct fault *f), void *arg)
{
	locale_t before = c->json ? text_english() : (locale_t)0;

	several_each(faults, count, step, arg);
	if (c->json)
		text_again(before);
}
