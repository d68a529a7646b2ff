#include "fstab.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "faultsay.h"
#include "filestat.h"
#include "mountcall.h"
#include "mounting.h"
#include "prompt.h"
#include "station.h"
#include "stick.h"
#include "stop.h"
#include "text.h"

/* mount(8), EXIT STATUS */
#define MOUNT_USAGE 1
#define MOUNT_SYSTEM 2
#define MOUNT_INTERRUPTED 8
#define MOUNT_FAILED 32

struct fstab {
	struct cli *c;
	struct mountcall call;
};

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

/* ---- arguments ------------------------------------------------------------------------------------------------------------ */

static enum err
refuse_call(struct cli *c, enum mountcall_wrong wrong, const char *word)
{
	char safe[120];

	switch (wrong) {
	case MOUNTCALL_FINE:
		break;
	case MOUNTCALL_TWO_LISTS:
		return say_refuse(c, E_USAGE, "-o is given twice; write all options in one list");
	case MOUNTCALL_LETTER:
		return say_refuse(c, E_USAGE, "mount(8) calls this: %s --help", MOUNTCALL_HELPER);
	case MOUNTCALL_OPERANDS:
		return say_refuse(c, E_USAGE, "a stick and a directory are needed: %s --help", MOUNTCALL_HELPER);
	case MOUNTCALL_REMOUNT:
		return say_refuse(c, E_USAGE,
		    "an open folder cannot be changed. Unmount it, and mount it again: the same code goes "
		    "on");
	case MOUNTCALL_FOR_OTHERS:
		return say_refuse(c, E_USAGE,
		    "the option %s is refused: only the user for whom a stick is opened can see into the "
		    "folder. To open it for somebody else than root: uid=USER",
		    word);
	case MOUNTCALL_EXEC:
		return say_refuse(c, E_USAGE, "the option exec is refused: nothing in the folder can be executed");
	case MOUNTCALL_UNKNOWN:
		return say_refuse(c, E_USAGE, "there is no option '%s' for a stick; man mount.fuse.oncestick lists those there are",
		    say_safe(safe, sizeof safe, word));
	}
	return E_OK;
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
		 "  ro, yes, user, noauto, _netdev, x-... and the like change nothing here\n"), MOUNTCALL_HELPER);
}

/* ---- who, and where ------------------------------------------------------------------------------------------------------- */

static enum err
find_user(struct fstab *k)
{
	enum mountcall_user user = k->call.uid != NULL ? mountcall_find_user(&k->call) : MOUNTCALL_KNOWN;
	char safe[80];

	if (user == MOUNTCALL_KNOWN)
		return E_OK;
	say_safe(safe, sizeof safe, k->call.uid);
	if (user == MOUNTCALL_NOBODY)
		return say_refuse(k->c, E_USAGE, "uid=%s: there is no such user", safe);
	return say_refuse(k->c, E_USAGE, "uid=%s: only root can open a stick for somebody else", safe);
}

static enum err
enter_namespace(const struct fstab *k)
{
	int sys = k->call.namespace != NULL ? mountcall_enter(&k->call) : 0;
	char safe[200];

	if (sys == 0)
		return E_OK;
	return say_refuse(
	    k->c, E_FAIL, "the namespace %s cannot be entered: %s", say_safe(safe, sizeof safe, k->call.namespace), strerror(sys));
}

static enum err
become(const struct fstab *k)
{
	int sys = mountcall_become(&k->call);

	if (sys == 0)
		return E_OK;
	return say_refuse(k->c, E_FAIL, "this process cannot become the user %s: %s", k->call.name, strerror(sys));
}

/* ---- the code ------------------------------------------------------------------------------------------------------------- */

static enum err
take_input(const struct fstab *k, int fd)
{
	if (dup2(fd, STDIN_FILENO) < 0)
		return say_refuse(k->c, E_FAIL, "standard input cannot be replaced: %s", strerror(errno));
	close(fd);
	k->c->code_file = "-";
	return E_OK;
}

/* Open it as the caller, who may be root and is about to become a user who cannot read it. */
static enum err
open_code_file(const struct fstab *k)
{
	int fd = open(k->call.code_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char safe[512];

	if (fd >= 0)
		return take_input(k, fd);
	return say_refuse(
	    k->c, E_PROMPT, "%s: %s. Nothing was spent", say_safe(safe, sizeof safe, k->call.code_file), strerror(errno));
}

/* While a PC starts: ask the person in front of it. */
static enum err
ask_system(const struct fstab *k)
{
	char question[300], safe[200];
	int answer = -1, sys = 0;

	snprintf(question, sizeof question, _("Code for the stick %s:"), say_safe(safe, sizeof safe, k->call.source));
	if ((sys = mountcall_ask(question, stop_asked, &answer)) != 0)
		return say_refuse(k->c, E_FAIL, "the code cannot be asked for: %s", strerror(sys));
	if (answer >= 0)
		return take_input(k, answer);
	return say_refuse(k->c, E_PROMPT, "nobody gave a code; code-file=FILE reads it from a file. Nothing was spent");
}

static enum err
provide_code(const struct fstab *k)
{
	if (k->call.code_file != NULL)
		return open_code_file(k);
	if (prompt_possible(k->c) || geteuid() != 0 || !mountcall_can_ask())
		return E_OK; /* it is asked for, or missing, as usual */
	return ask_system(k);
}

/* ---- mounting ------------------------------------------------------------------------------------------------------------- */

static bool
is_device(const char *path)
{
	struct stat st;

	return filestat_path(path, &st) == 0 && S_ISBLK(st.st_mode);
}

/* Check that there is a stick before asking anybody for its code. */
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
find_stick(const struct fstab *k, struct mounting *m)
{
	const char *stick = strcmp(k->call.source, "none") == 0 ? NULL : k->call.source;
	struct fault f = {0};
	enum err err = mounting_resolve(m, stick, k->call.dir, &f);
	char safe[512];

	if (err == E_OK)
		err = look(m->stick, &f);
	m->source = stick == NULL || is_device(stick) ? NULL : stick;
	if (err == E_NO_STICK && k->call.nofail)
		say_info(k->c, "there is no stick at %s now, and the folder stays closed (nofail)",
		    say_safe(safe, sizeof safe, k->call.source));
	else if (err != E_OK)
		faultsay_error(k->c, &f, &(struct faultsay_about){.object = f.err == E_FUSE ? k->call.dir : k->call.source});
	return err;
}

static enum err
mount_stick(struct fstab *k)
{
	struct mounting m = {.c = k->c, .link = {.fd = -1}, .yes = true, .no_desktop = geteuid() == 0,
	    .page_cache = k->call.page_cache};
	enum err err;

	if ((err = find_user(k)) != E_OK)
		return err;
	if ((err = enter_namespace(k)) != E_OK)
		return err;
	mountcall_have_home();
	if ((err = find_stick(k, &m)) != E_OK)
		return err == E_NO_STICK && k->call.nofail ? E_OK : err;
	if (k->call.fake)
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
	struct fstab k = {.c = c};
	enum mountcall_wrong wrong = mountcall_read(&k.call, argc, argv);

	c->verb = "mount";
	if (wrong != MOUNTCALL_FINE)
		return status_of(refuse_call(c, wrong, k.call.word));
	if (k.call.rw)
		say_info(c, "the folder is read-only, whatever the options say; 'ro' says so");
	if (k.call.help) {
		print_help();
		return status_of(say_stdout(c));
	}
	return status_of(mount_stick(&k));
}
