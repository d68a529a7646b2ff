/*
 * stop.c - SIGINT and SIGTERM as a flag.
 */
#include "stop.h"

#include <signal.h>
#include <string.h>

static volatile sig_atomic_t asked;

static void
on_signal(int sig)
{
	if (asked && sig == SIGINT) {
		signal(SIGINT, SIG_DFL);
		raise(SIGINT);
	}
	asked = 1;
}

void
stop_install(void)
{
	struct sigaction sa;

	memset(&sa, 0, sizeof sa);
	sigemptyset(&sa.sa_mask);
	sa.sa_handler = on_signal; /* without SA_RESTART, because a waiting question has to end */
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

bool
stop_asked(void)
{
	return asked != 0;
}
