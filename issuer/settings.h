/*
 * settings.h - the settings of an issuer that can be changed later: its passphrase, and whom to call. The books note each change as
 * an event.
 */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "bytes.h"
#include "error.h"
#include "issuer.h"

/*
 * settings_passphrase(i, was, pass, counts, f): call after issuer_unlock: give the keystore the new passphrase pass. was is the
 * keystore's file when it was opened. *counts says whether pass now opens the keystore, even after an error. Errors: those of
 * keystore_replace; E_BOOKS.
 */
enum err settings_passphrase(struct issuer *i, struct bytes was, struct bytes pass, bool *counts, struct fault *f);

/*
 * settings_contact(i, contact, f): set whom to call, for everything that is signed or printed from now on; "" for nobody. contact
 * satisfies dcbor_text_ok, or is empty. i->contact becomes contact. If nothing changes, no event is noted. Errors: E_BOOKS, E_FAIL.
 */
enum err settings_contact(struct issuer *i, const char *contact, struct fault *f);

/*
 * settings_pc_name(i, id, name, f): books_pc_call, with an event of which PC it is. name satisfies dcbor_text_ok, or is empty.
 * Errors: E_BOOKS, E_FAIL.
 */
enum err settings_pc_name(struct issuer *i, const uint8_t id[ID_SIZE], const char *name, struct fault *f);

#endif
