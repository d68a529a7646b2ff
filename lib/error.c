/*
 * error.c - names of errors, and the first fault of an operation.
 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "utf8.h"

const char *
err_name(enum err err)
{
#define NAME(e) \
	case e: \
		return #e
	switch (err) {
		NAME(E_OK);
		NAME(E_FAIL);
		NAME(E_USAGE);
		NAME(E_NO_STICK);
		NAME(E_STICK_DAMAGED);
		NAME(E_NO_GRANT);
		NAME(E_ISSUER);
		NAME(E_NO_CODES);
		NAME(E_STICK_BUSY);
		NAME(E_CODE_FORM);
		NAME(E_CODE_TYPO);
		NAME(E_CODE_KIND);
		NAME(E_CODE_UNKNOWN);
		NAME(E_PROMPT);
		NAME(E_SPENT);
		NAME(E_REVOKED);
		NAME(E_EARLY);
		NAME(E_EXPIRED);
		NAME(E_NOTICE_MISSING);
		NAME(E_SLOT_DAMAGED);
		NAME(E_BUSY);
		NAME(E_STATION);
		NAME(E_SPACE);
		NAME(E_FILESYSTEM);
		NAME(E_BUNDLE);
		NAME(E_WRONG_STICK);
		NAME(E_WRONG_STATION);
		NAME(E_READONLY);
		NAME(E_STICK_IO);
		NAME(E_LEDGER);
		NAME(E_ROLLBACK);
		NAME(E_FUSE);
		NAME(E_MEMORY);
		NAME(E_MOUNTED);
		NAME(E_REFILL);
		NAME(E_REFILL_USED);
		NAME(E_SOURCE);
		NAME(E_KEYSTORE);
		NAME(E_PASSPHRASE);
		NAME(E_BOOKS);
		NAME(E_INTERRUPTED);
	}
#undef NAME
	return "E_FAIL";
}

enum err
fault_set(struct fault *f, enum err err, int sys, const char *step, const char *fmt, ...)
{
	va_list ap;

	if (f == NULL || f->err != E_OK || err == E_OK)
		return err;
	f->err = err;
	f->sys = sys;
	snprintf(f->step, sizeof f->step, "%s", step);
	va_start(ap, fmt);
	vsnprintf(f->object, sizeof f->object, fmt, ap);
	va_end(ap);
	f->object[utf8_whole(f->object, strlen(f->object))] = '\0';
	utf8_no_controls(f->step);
	utf8_no_controls(f->object);
	return err;
}

enum err
fault_pass(struct fault *f, const struct fault *from)
{
	if (f != NULL && f->err == E_OK)
		*f = *from;
	return from->err;
}

void
fault_clear(struct fault *f)
{
	memset(f, 0, sizeof *f);
}
