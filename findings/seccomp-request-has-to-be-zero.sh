#!/bin/sh
# libseccomp 2.5.4: a request that was received once cannot be received into again as it is.
#
# Guess:    seccomp_notify_receive(3) fills in a request that seccomp_notify_alloc made, and a loop may give it the same one again and
#           again, as read(2) may be given its buffer: its page says nothing else.
# Seen:     the first call is answered, and the second returns -ECANCELED (-125), with errno EINVAL: Linux wants a request of zeros only
#           (seccomp_unotify(2) says so of the ioctl), and the library passes on what it is given. With the request zeroed before each
#           call all of them are answered. The one whose call was not received waits in it meanwhile, deaf to signals that it blocks.
# Version:  libseccomp 2.5.4-1+deb12u1 (Debian 12), Linux 6.18; the check in the kernel came with 5.5.
# For us:   fuse/trial.c told the first call that a fence refuses, and would have hung at the second; it zeroes the request.
#
# Needs Debian 12 with gcc. No root.
set -eu
version=2.5.4-1+deb12u1
. "$(dirname "$0")/fetch"

command -v gcc >/dev/null || cannot "no gcc here"
fetch "libseccomp-dev=$version" "libseccomp2=$version"
cd "$work"

cat >twice.c <<'TWICE'
#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* One call of getppid is received and answered with 7. The result of receiving it. */
static int
answer(int fd, struct seccomp_notif *request, struct seccomp_notif_resp *response)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r;

	if (poll(&p, 1, 10000) != 1)
		return -ETIMEDOUT;
	if ((r = seccomp_notify_receive(fd, request)) != 0)
		return r;
	memset(response, 0, sizeof *response);
	response->id = request->id;
	response->val = 7;
	return seccomp_notify_respond(fd, response);
}

int
main(int argc, char **argv)
{
	struct seccomp_notif *request = NULL;
	struct seccomp_notif_resp *response = NULL;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int fd, first, second;
	pid_t pid;

	(void)argv;
	if (seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(getppid), 0) != 0 || seccomp_load(filter) != 0 ||
	    (fd = seccomp_notify_fd(filter)) < 0 || seccomp_notify_alloc(&request, &response) != 0)
		return 77;
	if ((pid = fork()) == 0) {
		close(fd);
		_exit(syscall(SYS_getppid) == 7 && syscall(SYS_getppid) == 7 ? 0 : 1);
	}
	first = answer(fd, request, response);
	if (argc > 1)
		memset(request, 0, sizeof *request);
	errno = 0;
	second = answer(fd, request, response);
	printf("first %d, second %d (errno %s)\n", first, second, errno == EINVAL ? "EINVAL" : errno == 0 ? "0" : strerror(errno));
	close(fd); /* who waits still gets ENOSYS */
	waitpid(pid, NULL, 0);
	return 0;
}
TWICE
lib=$work/root/usr/lib/$(gcc -print-multiarch)
gcc -Iroot/usr/include twice.c -L"$lib" -lseccomp -o twice
export LD_LIBRARY_PATH="$lib"
./twice >as-it-is || cannot "no user notification in this kernel, or this process has a listener already"
./twice zeroed >with-zeros
echo "libseccomp $version, Linux $(uname -r | cut -d- -f1): the request as it was: $(cat as-it-is)"
echo "the request zeroed: $(cat with-zeros)"
[ "$(cat as-it-is)" = "first 0, second -125 (errno EINVAL)" ] || {
	echo "changed: the second call was -ECANCELED, with EINVAL"
	exit 1
}
[ "$(cat with-zeros)" = "first 0, second 0 (errno 0)" ] || { echo "changed: with a request of zeros both were answered"; exit 1; }
echo "as found"
