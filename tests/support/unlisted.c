/*
 * unlisted.c - a fence whose list lacks calls, as with a libc that makes others. Loaded before all others into oncestick, or linked
 * into a unit test: ONCE_UNLISTED names them, "pread64 preadv".
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <seccomp.h>

#pragma GCC visibility push(default)
int seccomp_rule_add(scmp_filter_ctx filter, uint32_t action, int call, unsigned int count, ...);
#pragma GCC visibility pop

static bool
is_unlisted(int call)
{
	const char *all = getenv("ONCE_UNLISTED");
	char list[256], *rest = list, *name;

	if (all == NULL || strlen(all) >= sizeof list)
		return false;
	memcpy(list, all, strlen(all) + 1);
	while ((name = strsep(&rest, " ")) != NULL)
		if (seccomp_syscall_resolve_name(name) == call)
			return true;
	return false;
}

/* The program's own rules compare one argument at most. */
int
seccomp_rule_add(scmp_filter_ctx filter, uint32_t action, int call, unsigned int count, ...)
{
	struct scmp_arg_cmp argument = {0};
	va_list list;

	if (is_unlisted(call) && action == SCMP_ACT_ALLOW)
		return 0;
	va_start(list, count);
	if (count > 0)
		argument = va_arg(list, struct scmp_arg_cmp);
	va_end(list);
	return seccomp_rule_add_array(filter, action, call, count, &argument);
}
