#include "peek.h"

#include <errno.h>
#include <string.h>

#include "bundle.h"
#include "keytree.h"
#include "secret.h"

enum err
peek_find(struct peek *p, const struct issuer *i, int dir_fd, const char *path, struct fault *f)
{
	struct stick_grants all = {0};
	struct stick *s = NULL;
	enum err e = stick_open(&s, dir_fd, f);

	if (e != E_OK || (e = stick_load_grants(s, &all, f)) != E_OK)
		goto out;
	memcpy(p->issuer, all.grants[0].issuer, KEY_SIZE);
	if (memcmp(p->issuer, i->pk, KEY_SIZE) != 0)
		e = fault_set(f, E_ISSUER, 0, "another issuer", "%s", path);
	else
		e = lecture_find(&p->lectures, &all, path, f);
out:
	stick_grants_free(&all);
	stick_close(&s);
	return e;
}

enum err
peek_key(struct peek *p, const struct issuer *i, int dir_fd, struct fault *f)
{
	const struct grant_bundle *b = &p->lectures.list[0].bundle;
	struct bundle *opened = NULL;
	struct stick *s = NULL;
	enum err e = E_OK;

	if (p->ck == NULL && (p->ck = secret_new(KEY_SIZE)) == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "for the content key");
	keytree_content(p->ck, i->seed, b->id);
	if ((e = stick_open(&s, dir_fd, f)) == E_OK &&
	    (e = bundle_open(&opened, s->once_fd, b->id, b->manifest_hash, f)) == E_OK &&
	    (e = bundle_unlock(opened, p->ck)) != E_OK)
		fault_set(f, e, e == E_FAIL ? ENOMEM : 0, "content key", "the manifest");
	bundle_free(&opened);
	stick_close(&s);
	return e;
}

enum err
peek_note(const struct peek *p, struct issuer *i, const char *verb, struct fault *f)
{
	const struct books_event event = {
	    .now = i->now, .verb = verb, .grant_id = p->lectures.list[0].grant_id, .slot = BOOKS_WHOLE};

	return books_event(i->books, &event, f);
}

void
peek_free(struct peek *p)
{
	secret_free(&p->ck);
	lecture_free(&p->lectures);
}
