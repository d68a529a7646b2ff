/*
 * check_player.c - the program that play starts, and what a service manager is told.
 */
#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "player.h"
#include "ready.h"
#include "suite.h"

static char top[] = "/tmp/once-player-XXXXXX", here[PATH_MAX];
static struct player p;
static struct fault f;

static void
put(const char *name, mode_t mode)
{
	FILE *out = fopen(name, "wex");

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(name, mode), 0);
}

static void
setup(void)
{
	strcpy(top + sizeof top - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(top));
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	ck_assert_int_eq(chdir(top), 0);
	put("mpv", 0755);
	put("vlc", 0644);
	put("my player", 0755);
	ck_assert_int_eq(setenv("PATH", top, 1), 0);
	memset(&f, 0, sizeof f);
}

static void
teardown(void)
{
	player_free(&p);
	ck_assert_int_eq(unlink("mpv") | unlink("vlc") | unlink("my player"), 0);
	ck_assert_int_eq(chdir(here), 0);
	ck_assert_int_eq(rmdir(top), 0);
}

START_TEST(without_a_name_mpv_gets_the_whole_folder)
{
	char want[PATH_MAX];
	int n = 0;

	snprintf(want, sizeof want, "%s/mpv", top);
	ck_assert_int_eq(player_find(&p, 0, NULL, &f), E_OK);
	ck_assert_str_eq(p.program, want);
	ck_assert_str_eq(p.own, "mpv");
	while (p.argv[n] != NULL)
		n++;
	ck_assert_str_eq(p.argv[0], "mpv");
	ck_assert_str_eq(p.argv[1], "--save-position-on-quit=no");
	ck_assert_str_eq(p.argv[n - 1], ".");
}
END_TEST

/* They win: what is said to it stands before them. */
START_TEST(arguments_of_a_person_come_last)
{
	char *argv[] = {(char[]){"mpv"}, (char[]){"--fs"}, (char[]){"film.mkv"}};
	int n = 0;

	ck_assert_int_eq(player_find(&p, 3, argv, &f), E_OK);
	while (p.argv[n] != NULL)
		n++;
	ck_assert_str_eq(p.argv[n - 2], "--fs");
	ck_assert_str_eq(p.argv[n - 1], "film.mkv");
	ck_assert(player_done(&p, 0) && player_done(&p, 4));
	ck_assert(!player_done(&p, 1) && !player_done(&p, 32) && !player_done(&p, -1));
}
END_TEST

START_TEST(a_player_nobody_knows_gets_nothing_more)
{
	char *argv[] = {(char[]){"./my player"}, (char[]){"a"}};
	char want[PATH_MAX];

	snprintf(want, sizeof want, "%s/my player", top);
	ck_assert_int_eq(player_find(&p, 2, argv, &f), E_OK);
	ck_assert_str_eq(p.program, want);
	ck_assert_str_eq(p.own, "my player");
	ck_assert_str_eq(p.argv[1], "a");
	ck_assert_ptr_null(p.argv[2]);
	ck_assert(!player_done(&p, 3));
}
END_TEST

START_TEST(what_cannot_be_executed_is_no_player)
{
	char *argv[] = {(char[]){"vlc"}};

	ck_assert_int_eq(player_find(&p, 1, argv, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NO_PLAYER);
	ck_assert_str_eq(f.object, "vlc");
	fault_clear(&f);
	ck_assert_int_eq(setenv("PATH", "/nonexistent::", 1), 0);
	ck_assert_int_eq(player_find(&p, 0, NULL, &f), E_USAGE);
	ck_assert_int_eq(f.why, WHY_NO_MPV);
}
END_TEST

START_TEST(a_service_manager_hears_that_the_folder_is_open)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = "manager"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char said[200], path[PATH_MAX];
	ssize_t n = 0;

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	ready_open(7, "nobody listens");
	snprintf(path, sizeof path, "%s/manager", top);
	ck_assert_int_eq(setenv("NOTIFY_SOCKET", path, 1), 0);
	ready_open(7, "open");
	n = recv(fd, said, sizeof said - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	said[n] = '\0';
	ck_assert_str_eq(said, "READY=1\nSTATUS=open\nMAINPID=7\n");
	ready_stopping();
	n = recv(fd, said, sizeof said - 1, MSG_DONTWAIT);
	ck_assert_int_gt(n, 0);
	said[n] = '\0';
	ck_assert_str_eq(said, "STOPPING=1\n");
	close(fd);
	unlink("manager");
}
END_TEST

SUITE("player", .setup = setup, .teardown = teardown)
{
	tcase_add_test(t, without_a_name_mpv_gets_the_whole_folder);
	tcase_add_test(t, arguments_of_a_person_come_last);
	tcase_add_test(t, a_player_nobody_knows_gets_nothing_more);
	tcase_add_test(t, what_cannot_be_executed_is_no_player);
	tcase_add_test(t, a_service_manager_hears_that_the_folder_is_open);
}
