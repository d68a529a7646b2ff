#include "peeking.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "issuing.h"
#include "keytree.h"
#include "say.h"
#include "text.h"

static enum err
word(const struct peeking *p, const char *path, const struct fault *why, struct fault *f)
{
	char theirs[FINGERPRINT_SIZE], ours[FINGERPRINT_SIZE];

	if (why->err != E_ISSUER || why->why != WHY_NONE)
		return issuing_word_lecture(p->c, &p->peek.lectures, path, why, f);
	keytree_fingerprint(theirs, p->peek.issuer);
	keytree_fingerprint(ours, p->issuer.pk);
	return say_fault(p->c, f, E_ISSUER,
	    _("what is on %s was locked by another issuer, %s, and only their passphrase opens it; the issuer here is %s. Set "
	      "ONCESTICK_ISSUER_DIR to where their files are, or ask them."),
	    path, theirs, ours);
}

static int
open_dir(const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fault_set(f, E_NO_STICK, errno, "open", "%s", path);
	return fd;
}

enum err
peeking_find(struct peeking *p, const char *path, struct fault *f)
{
	struct fault why = {0};
	enum err e = issuing_open(&p->issuer, p->c, f);
	int fd = -1;

	if (e != E_OK)
		return e;
	if ((fd = open_dir(path, f)) < 0)
		return E_NO_STICK;
	if ((e = peek_find(&p->peek, &p->issuer, fd, path, &why)) != E_OK)
		e = word(p, path, &why, f);
	close(fd);
	return e;
}

enum err
peeking_key(struct peeking *p, const char *path, struct fault *f)
{
	enum err e = issuing_unlock(&p->issuer, p->c, f);
	int fd = -1;

	if (e != E_OK)
		return e;
	if ((fd = open_dir(path, f)) < 0)
		return E_NO_STICK;
	e = peek_key(&p->peek, &p->issuer, fd, f);
	close(fd);
	return e;
}

enum err
peeking_note(struct peeking *p, struct fault *f)
{
	return peek_note(&p->peek, &p->issuer, p->verb, f);
}

void
peeking_free(struct peeking *p)
{
	peek_free(&p->peek);
	issuer_close(&p->issuer);
}
