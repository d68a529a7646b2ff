/*
 * issuersay.c - sentences for the faults of issuer/.
 */
#include "issuersay.h"

#include <string.h>

#include "envelope.h"
#include "issuer.h"
#include "text.h"

static void
no_issuer(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "", _("there is no issuer yet at %.120s; make one: oncestick init"), f->object);
}

static void
no_keystore(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "", _("there is no keystore in %.120s; make one: oncestick init"), f->object);
}

static void
no_rights(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "",
	    _("the file system of that directory keeps no rights: everybody here could change the issuer's files. Set "
	      "ONCESTICK_ISSUER_DIR to a directory on a disk of this PC."));
}

static void
list_full(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "",
	    _("the list of used and revoked codes would be longer than %u MiB, which is the most; nothing was changed. A lecture "
	      "leaves the list a week after it expires: wait for that, and give new lectures less time (prepare --expires) or prepare "
	      "them as another issuer, in another ONCESTICK_ISSUER_DIR (oncestick init)."),
	    (unsigned)(envelope_limit(ENVELOPE_NOTICE) >> 20));
}

static void
unknown_stick(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "", _("there is no stick %s in the books; 'oncestick codes' lists them."), f->object);
}

static void
no_code_name(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "",
	    _("'%.40s' is not the name of a code; those look like 7kq241/3. A code itself is never typed here: --code."), f->object);
}

static const struct {
	enum err err;
	const char *step;
	void (*say)(struct fault *out, const struct fault *f);
} sentences[] = {
	{E_KEYSTORE, ISSUER_NONE, no_issuer},
	{E_KEYSTORE, ISSUER_NO_KEYSTORE, no_keystore},
	{E_KEYSTORE, ISSUER_NO_RIGHTS, no_rights},
	{E_SPACE, ISSUER_LIST_FULL, list_full},
	{E_NO_STICK, ISSUER_UNKNOWN, unknown_stick},
	{E_USAGE, ISSUER_NO_CODE_NAME, no_code_name},
};

bool
issuersay(struct fault *out, const struct fault *f)
{
	for (size_t i = 0; i < sizeof sentences / sizeof sentences[0]; i++) {
		if (f->err != sentences[i].err || strcmp(f->step, sentences[i].step) != 0)
			continue;
		fault_clear(out);
		sentences[i].say(out, f);
		return true;
	}
	return false;
}
