/*
 * main.c - the verbs, and how the one on the command line is found.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define FUSE_USE_VERSION 314
#include <cbor.h>
#include <fuse_lowlevel.h>
#include <libusb.h>
#include <sodium.h>
#include <sqlite3.h>

#include "blockcrypt.h"
#include "cli.h"
#include "fstab.h"
#include "homes.h"
#include "human.h"
#include "mountcall.h"
#include "opt.h"
#include "pinentry.h"
#include "say.h"
#include "secret.h"
#include "stop.h"
#include "text.h"

#define STACK_MIN (1u << 20)
#define COUNT(a) (sizeof (a) / sizeof ((a)[0]))

struct verb {
	const char *name;
	const char *who;
	const char *what;
	cli_verb *run;
	enum homes_use home;
};

static const struct verb verbs[] = {
    {"init", "issuer", N_("make the issuer's key and books"), cmd_init, HOMES_ISSUER},
    {"prepare", "issuer", N_("write a folder to sticks, locked, with codes to open it"), cmd_prepare, HOMES_ISSUER},
    {"refill", "issuer", N_("more codes for a lecture that is on a stick"), cmd_refill, HOMES_ISSUER},
    {"issue", "issuer", N_("hand out codes"), cmd_issue, HOMES_ISSUER},
    {"codes", "issuer", N_("list sticks and the state of their codes"), cmd_codes, HOMES_ISSUER},
    {"report", "issuer", N_("who opened what, when and where"), cmd_report, HOMES_ISSUER},
    {"forget", "issuer", N_("remove names from the books"), cmd_forget, HOMES_ISSUER},
    {"revoke", "issuer", N_("make lost or used codes useless"), cmd_revoke, HOMES_ISSUER},
    {"collect", "issuer", N_("read from a returned stick which codes were used"), cmd_collect, HOMES_ISSUER},
    {"erase", "issuer", N_("destroy what is on a stick"), cmd_erase, HOMES_ISSUER},
    {"key", "issuer", N_("take the key of a lecture out, for a program of your own"), cmd_key, HOMES_ISSUER},
    {"contact", "issuer", N_("change whom speakers should call"), cmd_contact, HOMES_ISSUER},
    {"passwd", "issuer", N_("change the issuer's passphrase"), cmd_passwd, HOMES_ISSUER},
    {"backup", "issuer", N_("copy the issuer's books and keystore to a file"), cmd_backup, HOMES_ISSUER},
    {"restore", "issuer", N_("make the issuer again from such a file"), cmd_restore, HOMES_ISSUER},
    {"mount", "speaker", N_("open a stick with a code"), cmd_mount, HOMES_FOLDER},
    {"play", "speaker", N_("open a stick with a code for one player alone"), cmd_play, HOMES_FOLDER},
    {"watch", "speaker", N_("wait for sticks, and open each that comes"), cmd_watch, HOMES_FOLDER},
    {"unmount", "speaker", N_("end the session"), cmd_unmount, HOMES_STATION},
    {"status", "speaker", N_("what is open, and until when"), cmd_status, HOMES_STATION},
    {"accept", "speaker", N_("take in what the issuer sent: new codes, a list of revoked codes"), cmd_accept, HOMES_STATION},
    {"rehearse", "speaker", N_("try everything that mount needs, spending nothing"), cmd_rehearse, HOMES_FOLDER},
    {"verify", "anyone", N_("check every block of a stick, with no code"), cmd_verify, HOMES_NOTHING},
    {"inspect", "anyone", N_("what a stick or a signed file says"), cmd_inspect, HOMES_NOTHING},
    {"sticks", "anyone", N_("which USB sticks are plugged in, and what is on them"), cmd_sticks, HOMES_NOTHING},
    {"station", "station", N_("this PC's memory of sticks and issuers"), cmd_station, HOMES_STATION},
};

static const char *const groups[][2] = {
    {"issuer", N_("for the issuer, who prepares sticks and hands out codes")},
    {"speaker", N_("for the speaker, who has a stick and a code")},
    {"anyone", N_("for anyone")},
    {"station", N_("for whoever looks after a lecture PC")},
};

/* Print at a column, with line breaks at 80 columns. */
static void
print_wrapped(const char *text, size_t column)
{
	char *wrapped = human_wrap(text, 80, column, column);

	printf("%s\n", wrapped != NULL ? wrapped : text);
	free(wrapped);
}

static void
print_help(void)
{
	print_wrapped(_("usage: oncestick VERB [OPTION...] [OPERAND...]"), 0);
	putchar('\n');
	print_wrapped(_("Lectures locked on USB sticks; a code opens one, once."), 0);
	for (size_t g = 0; g < COUNT(groups); g++) {
		printf("\n%s:\n", _(groups[g][1]));
		for (size_t i = 0; i < COUNT(verbs); i++) {
			if (strcmp(verbs[i].who, groups[g][0]) != 0)
				continue;
			printf("  %-10s ", verbs[i].name);
			print_wrapped(_(verbs[i].what), 13);
		}
	}
	putchar('\n');
	print_wrapped(_("'oncestick VERB --help' explains a verb. 'oncestick --version' names the libraries."), 0);
}

static void
print_version(void)
{
	const struct libusb_version *usb = libusb_get_version();
	struct blockcrypt *crypt = blockcrypt_new(NULL);

	printf("oncestick %s\n", PACKAGE_VERSION);
	printf("libsodium %s, libcbor %s, libfuse %s, SQLite %s, libusb %u.%u.%u\n", sodium_version_string(), CBOR_VERSION,
	    fuse_pkgversion(), sqlite3_libversion(), usb->major, usb->minor, usb->micro);
	if (crypt != NULL)
		printf(_("blocks are hashed and decrypted by %s\n"), blockcrypt_name(crypt));
	blockcrypt_free(&crypt);
}

static enum err
unknown_verb(const struct cli *c, const char *word)
{
	const char *names[COUNT(verbs)];
	const char *near = NULL;
	char safe[64];

	for (size_t i = 0; i < COUNT(verbs); i++)
		names[i] = verbs[i].name;
	near = opt_nearest(word, names, COUNT(verbs));
	say_safe(safe, sizeof safe, word);
	if (near != NULL)
		return say_refuse(
		    c, E_USAGE, "there is no verb '%s'; did you mean '%s'? 'oncestick --help' lists them", safe, near);
	return say_refuse(c, E_USAGE, "there is no verb '%s'; 'oncestick --help' lists them", safe);
}

static enum err
check_home(const struct cli *c, enum homes_use use)
{
	char at[4096], safe[512];

	if (!homes_is_anothers(use, at, sizeof at))
		return E_OK;
	return say_refuse(c, E_USAGE,
	    "you are root, but this home directory is somebody else's: %s. They could not change what "
	    "root makes there. Run this without sudo, or with 'sudo -H'; or set %s. Nothing was done",
	    say_safe(safe, sizeof safe, at),
	    use == HOMES_ISSUER	   ? "ONCESTICK_ISSUER_DIR"
	    : use == HOMES_STATION ? "ONCESTICK_STATION_DIR"
				   : "HOME");
}

static bool
asks_for_help(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static enum err
dispatch(struct cli *c, int argc, char **argv)
{
	enum err err = E_OK;

	if (argc < 2)
		return say_refuse(c, E_USAGE, "no verb given; 'oncestick --help' lists them");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help();
		return say_stdout(c);
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		print_version();
		return say_stdout(c);
	}
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name) == 0) {
			c->verb = verbs[i].name;
			if (!asks_for_help(argc, argv) && (err = check_home(c, verbs[i].home)) != E_OK)
				return err;
			return verbs[i].run(c, argc - 1, argv + 1);
		}
	}
	return unknown_verb(c, argv[1]);
}

/*
 * If a standard descriptor is closed, the next file to be opened would get its number, and our output would go into that file.
 * These descriptors take its place. Reading from them and printing to them fails, so that we can say so; if it is standard error,
 * nobody can be told.
 */
static void
hold_standard_files(void)
{
	static const int modes[] = {O_WRONLY, O_RDONLY, O_RDWR};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF && open("/dev/null", modes[fd]) == -1)
			_exit(E_FAIL);
}

/* Enough for what we keep on the stack, both here and in threads, which get stacks of the same size. */
static bool
stack_is_enough(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= STACK_MIN;
}

int
main(int argc, char **argv)
{
	struct sentence *sentences = NULL;
	struct cli c = {.sentences = &sentences};
	int status = 0;

	hold_standard_files();
	if (!stack_is_enough()) {
		static const char words[] =
		    "oncestick: this program may use too little of the stack here; raise the limit: ulimit -s 8192. "
		    "[E_FAIL 1]\n";

		(void)!write(STDERR_FILENO, words, sizeof words - 1);
		return E_FAIL;
	}
	text_init();
	if (sodium_init() < 0)
		return (int)say_refuse(&c, E_FAIL, "libsodium cannot be initialised: no source of randomness");
	if (secret_harden_process() != 0)
		say_warn(&c, "core dumps could not be switched off");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* if a file may not grow, its write fails, and everything is cleaned up as after any error */
	stop_install();
	status = mountcall_meant(argc, argv) ? fstab_main(&c, argc, argv) : (int)dispatch(&c, argc, argv);
	pinentry_free(&c.dialog);
	say_forget(&c);
	return status;
}
