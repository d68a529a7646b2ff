/*
 * hostsay.c - sentences for the faults of host/.
 */
#include "hostsay.h"

#include <stdio.h>

#include "player.h"
#include "whysay.h"
#include "text.h"

/* ---- player ---------------------------------------------------------------------------------------------------------------- */

static void
no_player(FILE *to, const struct fault *f)
{
	fprintf(to, _("there is no program '%s' here. Nothing was spent."), f->object);
}

static void
no_mpv(FILE *to, const struct fault *f)
{
	(void)f;
	fprintf(to, "%s",
	    _("mpv is not installed. Name another player: oncestick play -- PLAYER FILE. Nothing was spent."));
}

static const struct whysay sentences[] = {
	{E_USAGE, WHY_NO_PLAYER, no_player},
	{E_USAGE, WHY_NO_MPV, no_mpv},
};

char *
hostsay(const struct fault *f)
{
	return whysay(f, sentences, sizeof sentences / sizeof *sentences);
}
