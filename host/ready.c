#include "ready.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A path or, with "@", a name in the abstract namespace. */
static void
tell(const char *words)
{
	const char *name = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = {.sun_family = AF_UNIX};
	size_t n = name != NULL ? strlen(name) : 0;
	int fd = -1;

	if (n < 2 || n >= sizeof to.sun_path || (name[0] != '/' && name[0] != '@'))
		return;
	memcpy(to.sun_path, name, n);
	if (name[0] == '@')
		to.sun_path[0] = '\0';
	if ((fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
		return;
	sendto(fd, words, strlen(words), MSG_NOSIGNAL, (const struct sockaddr *)&to,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n));
	close(fd);
}

void
ready_open(pid_t pid, const char *status)
{
	char words[READY_STATUS_MAX + 64];
	size_t n = (size_t)snprintf(words, sizeof words, "READY=1\nSTATUS=%.*s\n", READY_STATUS_MAX, status);

	if (pid > 0)
		snprintf(words + n, sizeof words - n, "MAINPID=%ld\n", (long)pid);
	tell(words);
}

void
ready_stopping(void)
{
	tell("STOPPING=1\n");
}
