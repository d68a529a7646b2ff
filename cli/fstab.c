#include "fstab.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "filestat.h"
#include "mounting.h"
#include "prompt.h"
#include "say.h"
#include "station.h"
#include "stick.h"
#include "stop.h"
#include "text.h"
#include "tool.h"

/* mount(8), EXIT STATUS */
#define MOUNT_USAGE 1
#define MOUNT_SYSTEM 2
#define MOUNT_INTERRUPTED 8
#define MOUNT_FAILED 32

#define ASK_PASSWORD "systemd-ask-password"

struct call {
	struct cli *c;
	const char *source, *dir;
	char *options;          /* -o; cut into words */
	const char *namespace;  /* -N: of mounts */
	bool sloppy;            /* -s: what is not known does no harm */
	bool fake;              /* -f: all but the mount */
	bool help;

	/* of the options */
	const char *code_file, *uid;
	bool nofail, rw, page_cache;
	bool other;             /* the folder is to be of somebody who does not call */
	uid_t user;
	gid_t group;
	char name[80], home[PATH_MAX];
};

bool
fstab_meant(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;

	if (argc > 0 && strcmp(slash != NULL ? slash + 1 : argv[0], FSTAB_HELPER) == 0)
		return true;
	return argc == 5 && strcmp(argv[3], "-o") == 0 && strpbrk(argv[1], "/:") != NULL; /* no verb has these */
}

static int
status_of(enum err e)
{
	switch (e) {
	case E_OK:
		return 0;
	case E_USAGE:
		return MOUNT_USAGE;
	case E_FAIL:
	case E_MEMORY:
		return MOUNT_SYSTEM;
	case E_INTERRUPTED:
		return MOUNT_INTERRUPTED;
	default:
		return MOUNT_FAILED;
	}
}

/* ---- options -------------------------------------------------------------------------------------------------------------- */

/* What says nothing, or only what is so anyway. Most of it is for mount(8) and systemd, and seldom comes here. */
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

static enum err
read_option(struct call *k, const char *word)
{
	char safe[120];

	if (word[0] == '\0' || is_one_of(word, accepted) || is_for_others_to_read(word))
		return E_OK;
	if (value_of(word, "code-file") != NULL) {
		k->code_file = value_of(word, "code-file");
		return E_OK;
	}
	if (value_of(word, "uid") != NULL) {
		k->uid = value_of(word, "uid");
		return E_OK;
	}
	if (strcmp(word, "nofail") == 0)
		return k->nofail = true, E_OK;
	if (strcmp(word, "page-cache") == 0)
		return k->page_cache = true, E_OK;
	if (strcmp(word, "rw") == 0)
		return k->rw = true, E_OK;
	if (is_one_of(word, for_others))
		return say_refuse(k->c, E_USAGE,
		    "the option %s is refused: only the user for whom a stick is opened can see into the "
		    "folder. To open it for somebody else than root: uid=USER",
		    word);
	if (strcmp(word, "exec") == 0)
		return say_refuse(k->c, E_USAGE, "the option exec is refused: nothing in the folder can be executed");
	if (k->sloppy)
		return E_OK;
	return say_refuse(k->c, E_USAGE, "there is no option '%s' for a stick; man mount.fuse.oncestick lists those there are",
	    say_safe(safe, sizeof safe, word));
}

/* The next option, as mount(8) cuts them: a comma inside double quotes is none. The quotes are taken off. NULL: there is none. */
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

/* At a remount mount(8) repeats what the kernel shows of the mount, such as "user_id=0": after the word, or, in newer ones, before.
 */
static enum err
read_options(struct call *k)
{
	enum err err = E_OK;

	if (names_remount(k->options))
		return say_refuse(k->c, E_USAGE,
		    "an open folder cannot be changed. Unmount it, and mount it again: the same code goes "
		    "on");
	for (char *word; err == E_OK && (word = next_option(&k->options)) != NULL;)
		err = read_option(k, word);
	if (err == E_OK && k->rw)
		say_info(k->c, "the folder is read-only, whatever the options say; 'ro' says so");
	return err;
}

static enum err
read_arguments(struct call *k, int argc, char **argv)
{
	int letter;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return k->help = true, E_OK;
	opterr = 0;
	while ((letter = getopt(argc, argv, "sfnvrwho:N:t:")) != -1) {
		switch (letter) {
		case 'o':
			if (k->options != NULL)
				return say_refuse(k->c, E_USAGE, "-o is given twice; write all options in one list");
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
			return E_OK;
		case '?':
			return say_refuse(k->c, E_USAGE, "mount(8) calls this: %s --help", FSTAB_HELPER);
		default:
			break; /* of no use here */
		}
	}
	if (argc - optind != 2)
		return say_refuse(k->c, E_USAGE, "a stick and a directory are needed: %s --help", FSTAB_HELPER);
	k->source = argv[optind];
	k->dir = argv[optind + 1];
	return read_options(k);
}

static void
print_help(void)
{
	printf(_("usage: %s SOURCE DIR [-sfnv] [-N NAMESPACE] [-o OPTION,...]\n"
		 "\n"
		 "Opens a stick with a code; mount(8) calls this for the type fuse.oncestick.\n"
		 "\n"
		 "options after -o:\n"
		 "  code-file=FILE  first line is the code\n"
		 "  uid=USER        open the folder as this user, who alone can see into it\n"
		 "  nofail          a missing stick is not an error\n"
		 "  page-cache      let large files use this PC's page cache, too\n"
		 "  ro, yes, user, noauto, _netdev, x-... and the like change nothing here\n"), FSTAB_HELPER);
}

/* ---- who, and where ------------------------------------------------------------------------------------------------------- */

static enum err
enter_namespace(const struct call *k)
{
	int fd = open(k->namespace, O_RDONLY | O_CLOEXEC);
	bool in = fd >= 0 && setns(fd, CLONE_NEWNS) == 0;
	int e = errno;
	char safe[200];

	if (fd >= 0)
		close(fd);
	if (in)
		return E_OK;
	return say_refuse(
	    k->c, E_FAIL, "the namespace %s cannot be entered: %s", say_safe(safe, sizeof safe, k->namespace), strerror(e));
}

static enum err
find_user(struct call *k)
{
	const struct passwd *u = NULL;
	char safe[80], *end = NULL;
	unsigned long id;

	if (k->uid == NULL)
		return E_OK;
	errno = 0;
	id = strtoul(k->uid, &end, 10);
	if (k->uid[0] >= '0' && k->uid[0] <= '9' && *end == '\0' && errno == 0 && id < UINT32_MAX)
		u = getpwuid((uid_t)id);
	else
		u = getpwnam(k->uid);
	say_safe(safe, sizeof safe, k->uid);
	if (u == NULL || strlen(u->pw_name) >= sizeof k->name || strlen(u->pw_dir) >= sizeof k->home)
		return say_refuse(k->c, E_USAGE, "uid=%s: there is no such user", safe);
	if (geteuid() != 0 && u->pw_uid != getuid())
		return say_refuse(k->c, E_USAGE, "uid=%s: only root can open a stick for somebody else", safe);
	k->other = u->pw_uid != getuid();
	k->user = u->pw_uid;
	k->group = u->pw_gid;
	memcpy(k->name, u->pw_name, strlen(u->pw_name) + 1);
	memcpy(k->home, u->pw_dir, strlen(u->pw_dir) + 1);
	return E_OK;
}

/* For good, and with that user's home and memory of codes. */
static enum err
become(const struct call *k)
{
	if (!k->other)
		return E_OK;
	if (initgroups(k->name, k->group) != 0 || setresgid(k->group, k->group, k->group) != 0 ||
	    setresuid(k->user, k->user, k->user) != 0)
		return say_refuse(k->c, E_FAIL, "this process cannot become the user %s: %s", k->name, strerror(errno));
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("ONCESTICK_STATION_DIR");
	setenv("USER", k->name, 1);
	setenv("LOGNAME", k->name, 1);
	setenv("HOME", k->home, 1);
	return E_OK;
}

/* While a PC starts there is none. */
static void
have_home(void)
{
	const char *home = getenv("HOME");
	const struct passwd *u = home != NULL && home[0] == '/' ? NULL : getpwuid(getuid());

	if (u != NULL)
		setenv("HOME", u->pw_dir, 1);
}

/* ---- the code ------------------------------------------------------------------------------------------------------------- */

static enum err
take_input(const struct call *k, int fd)
{
	if (dup2(fd, STDIN_FILENO) < 0)
		return say_refuse(k->c, E_FAIL, "standard input cannot be replaced: %s", strerror(errno));
	close(fd);
	k->c->code_file = "-";
	return E_OK;
}

/* As who calls, who may be root and become somebody who cannot read it. */
static enum err
open_code_file(const struct call *k)
{
	int fd = open(k->code_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char safe[512];

	if (fd >= 0)
		return take_input(k, fd);
	return say_refuse(k->c, E_PROMPT, "%s: %s. Nothing was spent", say_safe(safe, sizeof safe, k->code_file), strerror(errno));
}

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

/* While a PC starts: whoever is in front of it is asked by systemd. The answer fits into the pipe. */
static enum err
ask_system(const struct call *k, const char *program)
{
	char question[300], safe[200];
	const char *argv[] = {program, "--echo=yes", "--icon=drive-removable-media-usb", question, NULL};
	int end[2] = {-1, -1}, status = -1, sys = 0;
	pid_t pid = -1;

	snprintf(question, sizeof question, _("Code for the stick %s:"), say_safe(safe, sizeof safe, k->source));
	if (pipe2(end, O_CLOEXEC) != 0)
		return say_refuse(k->c, E_FAIL, "the code cannot be asked for: %s", strerror(errno));
	if ((sys = spawn_with_output(&pid, argv, end[1])) == 0)
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR && !stop_asked())
			continue;
	close(end[1]);
	if (sys == 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return take_input(k, end[0]);
	close(end[0]);
	return say_refuse(k->c, E_PROMPT, "nobody gave a code; code-file=FILE reads it from a file. Nothing was spent");
}

static enum err
provide_code(const struct call *k)
{
	char program[TOOL_PATH_MAX];

	if (k->code_file != NULL)
		return open_code_file(k);
	if (prompt_possible(k->c) || geteuid() != 0 || tool_find(program, TOOL_DIRS, ASK_PASSWORD) != 0)
		return E_OK; /* it is asked for, or is missing, as always */
	return ask_system(k, program);
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------ */

static bool
is_device(const char *path)
{
	struct stat st;

	return filestat_path(path, &st) == 0 && S_ISBLK(st.st_mode);
}

/* Whether there is a stick, before anybody is asked for its code. */
static enum err
look(const char *path, struct fault *f)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stick *s = NULL;
	enum err err = fd >= 0 ? stick_open(&s, fd, f) : fault_set(f, E_NO_STICK, errno, "open", "%s", path);

	stick_close(&s);
	if (fd >= 0)
		close(fd);
	return err;
}

/* A device that is the source of two mounts would be taken to be mounted twice. */
static enum err
find_stick(const struct call *k, struct mounting *m)
{
	const char *stick = strcmp(k->source, "none") == 0 ? NULL : k->source;
	struct fault f = {0};
	enum err err = mounting_resolve(m, stick, k->dir, &f);
	char safe[512];

	if (err == E_OK)
		err = look(m->stick, &f);
	m->source = stick == NULL || is_device(stick) ? NULL : stick;
	if (err == E_NO_STICK && k->nofail)
		say_info(k->c, "there is no stick at %s now, and the folder stays closed (nofail)",
		    say_safe(safe, sizeof safe, k->source));
	else if (err != E_OK)
		say_error(k->c, &f, &(struct say_about){.object = f.err == E_FUSE ? k->dir : k->source});
	return err;
}

static enum err
mount_stick(struct call *k)
{
	struct mounting m = {.c = k->c, .link = {.fd = -1}, .yes = true, .no_desktop = geteuid() == 0,
	    .page_cache = k->page_cache};
	enum err err;

	if ((err = find_user(k)) != E_OK)
		return err;
	if (k->namespace != NULL && (err = enter_namespace(k)) != E_OK)
		return err;
	have_home();
	if ((err = find_stick(k, &m)) != E_OK)
		return err == E_NO_STICK && k->nofail ? E_OK : err;
	if (k->fake)
		return E_OK;
	if ((err = provide_code(k)) != E_OK || (err = become(k)) != E_OK)
		return err;
	if (station_dir(m.station, sizeof m.station) != 0)
		return say_refuse(k->c, E_STATION, "no home directory is known, so there is no place for this PC's memory; set "
						   "ONCESTICK_STATION_DIR to a directory of yours");
	if ((err = mounting_open(&m)) == E_OK)
		mounting_ready(&m, false);
	return err;
}

int
fstab_main(struct cli *c, int argc, char **argv)
{
	struct call k = {.c = c, .source = "none"};
	enum err err;

	c->verb = "mount";
	if ((err = read_arguments(&k, argc, argv)) != E_OK)
		return status_of(err);
	if (k.help) {
		print_help();
		return status_of(say_stdout(c));
	}
	return status_of(mount_stick(&k));
}
