#include "accept.h"

#include <errno.h>
#include <string.h>

#include "hold.h"
#include "stickio.h"

enum err
accept_notice(const struct stick *s, const struct stick_grants *grants, const uint8_t issuer[KEY_SIZE], struct bytes file,
    bool *written, struct fault *f)
{
	char fs[STICKIO_FS_NAME] = "";
	struct hold *hold = NULL;
	enum err e = E_OK;
	int got = 0;

	if (file.n > 0 && ((e = stick_medium(s, fs, f)) != E_OK || (e = hold_stick(&hold, s, grants, f)) != E_OK))
		return e;
	if (file.n > 0 && (got = stick_store_notice(s, issuer, file.p, file.n)) < 0) {
		bool locked = errno == EROFS || errno == EACCES || errno == EPERM;

		e = fault_set(
		    f, locked ? E_READONLY : stickio_err(errno, E_STICK_IO), errno, "write", "%s/%s", STICK_ONCE, STICK_NOTICE);
		stickio_blame(f, s->once_fd, ".");
	}
	hold_release(&hold);
	if (e == E_OK && written != NULL)
		*written = got == 1;
	return e;
}
