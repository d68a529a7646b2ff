#include "mountcall.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool.h"

#define ASK_PASSWORD "systemd-ask-password"

bool
mountcall_meant(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (argc > 0 && strcmp(slash != NULL ? slash + 1 : argv[0], MOUNTCALL_HELPER) == 0)
		return true;
	return argc == 5 && strcmp(argv[3], "-o") == 0 && strpbrk(argv[1], "/:") != NULL; /* no verb takes these arguments */
}

/* ---- options -------------------------------------------------------------------------------------------------------------- */

/* Options that have no effect here, or ask for what is so anyway. Most are for mount(8) and systemd, and seldom reach us. */
static const char *const accepted[] = {"ro", "yes", "nodev", "nosuid", "noexec", "defaults", "auto", "noauto", "user", "nouser",
    "users", "nousers", "owner", "noowner", "group", "nogroup", "_netdev", "sync", "async", "dirsync", "atime", "noatime",
    "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime", "silent", "loud",
    "mand", "nomand", "dev", "suid" /* mount.fuse3 adds them */, NULL};
static const char *const for_others[] = {"allow_other", "allow_root", NULL};

static bool
is_one_of(const char *word, const char *const *list)
{
	while (*list != NULL && strcmp(*list, word) != 0)
		list++;
	return *list != NULL;
}

/* The value of the word "NAME=VALUE", or NULL. */
static const char *
value_of(const char *word, const char *name)
{
	size_t n = strlen(name);

	return strncmp(word, name, n) == 0 && word[n] == '=' ? word + n + 1 : NULL;
}

static bool
is_for_others_to_read(const char *word)
{
	return strncasecmp(word, "x-", 2) == 0 || value_of(word, "user") != NULL || value_of(word, "comment") != NULL;
}

static enum mountcall_wrong
read_option(struct mountcall *k, const char *word)
{
	k->word = word;
	if (word[0] == '\0' || is_one_of(word, accepted) || is_for_others_to_read(word))
		return MOUNTCALL_FINE;
	if (value_of(word, "code-file") != NULL) {
		k->code_file = value_of(word, "code-file");
		return MOUNTCALL_FINE;
	}
	if (value_of(word, "uid") != NULL) {
		k->uid = value_of(word, "uid");
		return MOUNTCALL_FINE;
	}
	if (strcmp(word, "nofail") == 0)
		return k->nofail = true, MOUNTCALL_FINE;
	if (strcmp(word, "page-cache") == 0)
		return k->page_cache = true, MOUNTCALL_FINE;
	if (strcmp(word, "rw") == 0)
		return k->rw = true, MOUNTCALL_FINE;
	if (is_one_of(word, for_others))
		return MOUNTCALL_FOR_OTHERS;
	if (strcmp(word, "exec") == 0)
		return MOUNTCALL_EXEC;
	return k->sloppy ? MOUNTCALL_FINE : MOUNTCALL_UNKNOWN;
}

/*
 * The next option, split as mount(8) does: a comma inside double quotes does not separate. The quotes are removed. NULL: the end.
 */
static char *
next_option(char **rest)
{
	char *word = *rest, *from = word, *to = word;
	bool quoted = false;

	if (word == NULL)
		return NULL;
	for (; *from != '\0' && (quoted || *from != ','); from++) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
	}
	*rest = *from == ',' ? from + 1 : NULL;
	*to = '\0';
	return word;
}

static bool
names_remount(const char *options)
{
	const char *at = options;

	while (at != NULL && (at = strstr(at, "remount")) != NULL) {
		if ((at == options || at[-1] == ',') && (at[7] == ',' || at[7] == '\0'))
			return true;
		at += 7;
	}
	return false;
}

/*
 * For a remount mount(8) repeats the options that the kernel shows, such as "user_id=0": after the word, or, in newer versions,
 * before it.
 */
static enum mountcall_wrong
read_options(struct mountcall *k)
{
	enum mountcall_wrong wrong = MOUNTCALL_FINE;

	if (names_remount(k->options))
		return MOUNTCALL_REMOUNT;
	for (char *word; wrong == MOUNTCALL_FINE && (word = next_option(&k->options)) != NULL;)
		wrong = read_option(k, word);
	return wrong;
}

enum mountcall_wrong
mountcall_read(struct mountcall *k, int argc, char **argv)
{
	int letter;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return k->help = true, MOUNTCALL_FINE;
	opterr = 0;
	while ((letter = getopt(argc, argv, "sfnvrwho:N:t:")) != -1) {
		switch (letter) {
		case 'o':
			if (k->options != NULL)
				return MOUNTCALL_TWO_LISTS;
			k->options = optarg;
			break;
		case 'N':
			k->namespace = optarg;
			break;
		case 's':
			k->sloppy = true;
			break;
		case 'f':
			k->fake = true;
			break;
		case 'h':
			k->help = true;
			return MOUNTCALL_FINE;
		case '?':
			return MOUNTCALL_LETTER;
		default:
			break; /* of no use here */
		}
	}
	if (argc - optind != 2)
		return MOUNTCALL_OPERANDS;
	k->source = argv[optind];
	k->dir = argv[optind + 1];
	return read_options(k);
}

/* ---- who, and where ------------------------------------------------------------------------------------------------------- */

int
mountcall_enter(const struct mountcall *k)
{
	int fd = open(k->namespace, O_RDONLY | O_CLOEXEC);
	int sys = fd >= 0 && setns(fd, CLONE_NEWNS) == 0 ? 0 : errno;

	if (fd >= 0)
		close(fd);
	return sys;
}

enum mountcall_user
mountcall_find_user(struct mountcall *k)
{
	const struct passwd *u = NULL;
	char *end = NULL;
	unsigned long id;

	if (k->uid == NULL)
		return MOUNTCALL_KNOWN;
	errno = 0;
	id = strtoul(k->uid, &end, 10);
	if (k->uid[0] >= '0' && k->uid[0] <= '9' && *end == '\0' && errno == 0 && id < UINT32_MAX)
		u = getpwuid((uid_t)id);
	else
		u = getpwnam(k->uid);
	if (u == NULL || strlen(u->pw_name) >= sizeof k->name || strlen(u->pw_dir) >= sizeof k->home)
		return MOUNTCALL_NOBODY;
	if (geteuid() != 0 && u->pw_uid != getuid())
		return MOUNTCALL_NOT_ROOT;
	k->other = u->pw_uid != getuid();
	k->user = u->pw_uid;
	k->group = u->pw_gid;
	memcpy(k->name, u->pw_name, strlen(u->pw_name) + 1);
	memcpy(k->home, u->pw_dir, strlen(u->pw_dir) + 1);
	return MOUNTCALL_KNOWN;
}

int
mountcall_become(const struct mountcall *k)
{
	if (!k->other)
		return 0;
	if (initgroups(k->name, k->group) != 0 || setresgid(k->group, k->group, k->group) != 0 ||
	    setresuid(k->user, k->user, k->user) != 0)
		return errno;
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("ONCESTICK_STATION_DIR");
	setenv("USER", k->name, 1);
	setenv("LOGNAME", k->name, 1);
	setenv("HOME", k->home, 1);
	return 0;
}

void
mountcall_have_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *u = home != NULL && home[0] == '/' ? NULL : getpwuid(getuid());

	if (u != NULL)
		setenv("HOME", u->pw_dir, 1);
}

/* ---- the code ------------------------------------------------------------------------------------------------------------- */

static int
spawn_with_output(pid_t *pid, const char *const argv[], int out)
{
	posix_spawn_file_actions_t actions;
	int sys = posix_spawn_file_actions_init(&actions);

	if (sys != 0)
		return sys;
	if ((sys = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)) == 0 &&
	    (sys = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO)) == 0)
		sys = posix_spawn(pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return sys;
}

bool
mountcall_can_ask(void)
{
	char program[TOOL_PATH_MAX];

	return tool_find(program, TOOL_DIRS, ASK_PASSWORD) == 0;
}

/* The answer is small enough for the pipe. */
int
mountcall_ask(const char *question, bool (*stopped)(void), int *answer)
{
	char program[TOOL_PATH_MAX];
	const char *argv[] = {program, "--echo=yes", "--icon=drive-removable-media-usb", question, NULL};
	int end[2] = {-1, -1}, status = -1, sys = 0;
	pid_t pid = -1;

	*answer = -1;
	if (tool_find(program, TOOL_DIRS, ASK_PASSWORD) != 0)
		return ENOENT;
	if (pipe2(end, O_CLOEXEC) != 0)
		return errno;
	if ((sys = spawn_with_output(&pid, argv, end[1])) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR && !stopped())
			continue;
	close(end[1]);
	if (sys == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		*answer = end[0];
	else
		close(end[0]);
	return 0;
}
