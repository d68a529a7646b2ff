/*
 * hostsay.c - sentences for the faults of host/.
 */
#include "hostsay.h"

#include "player.h"
#include "whysay.h"
#include "text.h"

/* ---- player ---------------------------------------------------------------------------------------------------------------- */

static void
no_player(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "", _("there is no program '%s' here. Nothing was spent."), SHORT(f->object));
}

static void
no_mpv(struct fault *out, const struct fault *f)
{
	fault_set(out, f->err, 0, "", "%s",
	    _("mpv is not installed. Name another player: oncestick play -- PLAYER FILE. Nothing was spent."));
}

static const struct whysay sentences[] = {
	{E_USAGE, WHY_NO_PLAYER, no_player},
	{E_USAGE, WHY_NO_MPV, no_mpv},
};

bool
hostsay(struct fault *out, const struct fault *f)
{
	return whysay(out, f, sentences, sizeof sentences / sizeof *sentences);
}
