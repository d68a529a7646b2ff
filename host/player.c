#include "player.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filestat.h"
#include "stage.h"

#define OWN_ARGS_MAX 4

/* Arguments of ours come before the person's, which therefore win. */
static const struct known {
	const char *program, *own;
	const char *args[OWN_ARGS_MAX + 1];
	unsigned fine;
} players[] = {
    /*
     * Status 3: something in the folder cannot be played; 4: ended by ^C. Otherwise mpv would keep positions, and let other
     * programs in.
     */
    {"mpv", "mpv", {"--save-position-on-quit=no", "--resume-playback=no", "--watch-later-directory=" STAGE_DIR "/state/mpv",
	"--input-ipc-server="}, 1u << 3 | 1u << 4},
    {"vlc", "vlc", {"--no-one-instance"}, 0},
    {"cvlc", "vlc", {"--no-one-instance"}, 0},
    {"libreoffice", "libreoffice", {"-env:UserInstallation=file://" STAGE_DIR "/state/libreoffice", "--norestore"}, 0},
    {"soffice", "libreoffice", {"-env:UserInstallation=file://" STAGE_DIR "/state/libreoffice", "--norestore"}, 0},
    {"loimpress", "libreoffice", {"-env:UserInstallation=file://" STAGE_DIR "/state/libreoffice", "--norestore"}, 0},
};

static bool
is_program(const char *path)
{
	struct stat st;

	return filestat_path(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* Search as a shell does. A path is resolved from the current directory, not from the folder. */
static bool
find(char out[PATH_MAX], const char *name)
{
	const char *at = getenv("PATH");
	char path[PATH_MAX];

	if (strchr(name, '/') != NULL)
		return is_program(name) && realpath(name, out) != NULL;
	while (at != NULL && *at != '\0') {
		int n = (int)strcspn(at, ":");
		int length = snprintf(path, sizeof path, "%.*s/%s", n, at, name);

		if (path[0] == '/' && length > 0 && length < PATH_MAX && is_program(path)) {
			memcpy(out, path, sizeof path);
			return true;
		}
		at += n;
		at += *at == ':';
	}
	return false;
}

static const struct known *
find_known(const char *name)
{
	const char *slash = strrchr(name, '/');

	for (size_t i = 0; i < sizeof players / sizeof *players; i++)
		if (strcmp(slash != NULL ? slash + 1 : name, players[i].program) == 0)
			return &players[i];
	return NULL;
}

enum err
player_find(struct player *p, int argc, char **argv, struct fault *f)
{
	static const char *const whole[] = {"mpv", "."};
	const struct known *k = find_known(argc > 0 ? argv[0] : whole[0]);
	const char *slash;
	int n = 1;

	*p = (struct player){.name = argc > 0 ? argv[0] : whole[0]};
	slash = strrchr(p->name, '/');
	p->own = k != NULL ? k->own : slash != NULL ? slash + 1 : p->name;
	p->fine = k != NULL ? k->fine : 0;
	if (!find(p->program, p->name) && argc > 0)
		return fault_why(f, E_USAGE, 0, WHY_NO_PLAYER, "%s", p->name);
	if (p->program[0] == '\0')
		return fault_why(f, E_USAGE, 0, WHY_NO_MPV, "%s", p->name);
	p->argv = calloc((size_t)argc + OWN_ARGS_MAX + 3, sizeof *p->argv); /* NOLINT(bugprone-sizeof-expression): of pointers */
	if (p->argv == NULL)
		return fault_set(f, E_FAIL, ENOMEM, "memory", "player");
	p->argv[0] = (char *)(uintptr_t)p->name;
	for (size_t i = 0; k != NULL && i < OWN_ARGS_MAX && k->args[i] != NULL; i++)
		p->argv[n++] = (char *)(uintptr_t)k->args[i];
	for (int i = 1; i < argc; i++)
		p->argv[n++] = argv[i];
	if (argc == 0)
		p->argv[n] = (char *)(uintptr_t)whole[1];
	return E_OK;
}

void
player_free(struct player *p)
{
	free(p->argv);
	p->argv = NULL;
}

bool
player_done(const struct player *p, int status)
{
	return status == 0 || (status > 0 && status < 32 && (p->fine >> status & 1u) != 0);
}
