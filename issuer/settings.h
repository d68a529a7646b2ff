/*
 * settings.h - what of an issuer can be changed afterwards: its passphrase, and whom to call. Each is in the books as an event.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "issuer.h"

/*
 * settings_passphrase(i, was, pass, counts, f): after issuer_unlock: a new passphrase for the keystore, whose bytes were was when
 * it was opened. *counts says whether the new one opens it now, also where this fails. Errors: those of keystore_replace; E_BOOKS.
 */
enum err settings_passphrase(struct issuer *i, struct bytes was, struct bytes pass, bool *counts, struct fault *f);

/*
 * settings_contact(i, contact, f): whom to call, in what is signed or printed from now on; "" for nobody. i->contact is it then.
 * contact satisfies dcbor_text_ok, or is empty. No event if it is as before. E_BOOKS.
 */
enum err settings_contact(struct issuer *i, const char *contact, struct fault *f);

#endif
