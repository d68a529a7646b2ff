/*
 * check_faults.c - a code's whole life, from the issuer's first verb to the stick's return, with one call after another failing.
 *
 * The verbs and the unlock protocol run in this process, over the real books, the real station and a stick in a directory. Every
 * step is done in a child, with call number n failing for every n until it passes without a failure. Whatever the step said, it
 * ends by itself with a number of the contract and holds no descriptor; the same step then succeeds, and the code is as far as it
 * says. A build with sanitizers finds what was not freed or used after it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>
#include <sodium.h>

#include "cli.h"
#include "faults.h"
#include "say.h"
#include "station.h"
#include "suite.h"
#include "unlock.h"

static char dir[128];

/* ---- the steps ------------------------------------------------------------------------------------------------------------ */

/* A verb, with --passphrase-file before what is given. */
static int
verb(cli_verb *run, const char *name, const char *const *words)
{
	struct sentence *sentences = NULL;
	struct cli c = {.verb = name, .sentences = &sentences};
	char copies[12][160] = {{0}};
	char *argv[13];
	int argc = 0, status = 0;

	snprintf(copies[argc++], sizeof copies[0], "%s", name);
	snprintf(copies[argc++], sizeof copies[0], "--passphrase-file=%s/pass", dir);
	for (size_t i = 0; words[i] != NULL; i++)
		snprintf(copies[argc++], sizeof copies[0], words[i][0] == '@' ? "%s/%s" : "%.0s%s", dir,
		    words[i] + (words[i][0] == '@'));
	for (int i = 0; i < argc; i++)
		argv[i] = copies[i];
	argv[argc] = NULL;
	status = (int)run(&c, argc, argv);
	say_forget(&c);
	return status;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

static int
init(void)
{
	return verb(cmd_init, "init", WORDS("--contact=+49 30 1234"));
}

static int
prepare(void)
{
	return verb(cmd_prepare, "prepare", WORDS("--codes=3", "--label=Faults", "--add", "@folder", "@stick"));
}

static int
issue(void)
{
	return verb(cmd_issue, "issue", WORDS("-n", "1", "--to=Kim", "@stick"));
}

static int
revoke_codes(void)
{
	return verb(cmd_revoke, "revoke", WORDS("--holder=Kim", "--yes", "--at", "@stick"));
}

static int
collect(void)
{
	return verb(cmd_collect, "collect", WORDS("@stick"));
}

static int64_t
now(void *arg)
{
	(void)arg;
	return time(NULL);
}

static char code[CODE_SYMBOLS]; /* of the file, where there is one */

static void
read_code(void)
{
	char path[160], line[64] = "";
	FILE *f;

	snprintf(path, sizeof path, "%s/code", dir);
	if ((f = fopen(path, "r")) == NULL)
		return;
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	fclose(f);
	for (size_t i = 0, n = 0; line[i] != '\0' && n < CODE_SYMBOLS; i++)
		if (line[i] != '-')
			code[n++] = line[i];
}

/* The code is tried at a station, used if spend, and its session ended if end. */
static int
unlock(const char *station_name, bool spend, bool end)
{
	struct unlock_info info;
	struct fault f = {0};
	struct station *s = NULL;
	struct unlock *u = NULL;
	struct unlock_env env = {.clock = {.now = now, .boot = now}, .rehearsal = !spend};
	char path[160];
	int fd;
	enum err e;

	snprintf(path, sizeof path, "%s/stick", dir);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return E_STICK_IO;
	snprintf(path, sizeof path, "%s/%s", dir, station_name);
	if ((e = station_open(&s, path, spend ? STATION_WRITE : STATION_READ, &f)) != E_OK)
		goto out;
	env.memory = station_memory(s);
	if ((e = unlock_look(&u, fd, &env, &info, &f)) == E_OK && (e = unlock_try(u, code, &info, &f)) == E_OK && spend)
		e = unlock_spend(u, &info, &f);
	if (e == E_OK && end)
		e = unlock_end(u, 60, NULL);
out:
	unlock_free(&u);
	station_close(&s);
	close(fd);
	return (int)e;
}

static int
spend(void)
{
	return unlock("station", true, false);
}

static int
finish(void)
{
	return unlock("station", true, true);
}

static int
elsewhere(void)
{
	return unlock("other", false, false);
}

/* ---- running them ---------------------------------------------------------------------------------------------------------- */

static unsigned
descriptors(void)
{
	unsigned n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) != -1;
	return n;
}

struct outcome {
	int status;     /* of the step */
	bool hit;       /* a call failed */
	char what[24];  /* which */
};

/* The step in a child, with a call that fails unless n is 0. Its standard output goes to OUT, its talk to ERR. */
static struct outcome
run(int (*step)(void), unsigned classes, unsigned n)
{
	struct outcome o = {0};
	int ends[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	if ((pid = fork()) == 0) {
		char path[160];
		unsigned before;

		snprintf(path, sizeof path, "%s/out", dir);
		if (freopen(path, "w", stdout) == NULL)
			_exit(201);
		snprintf(path, sizeof path, "%s/err", dir);
		if (freopen(path, "w", stderr) == NULL || freopen("/dev/null", "r", stdin) == NULL)
			_exit(201);
		setvbuf(stderr, NULL, _IOLBF, 4096);
		read_code();
		before = descriptors();
		faults_arm(n > 0 ? classes : 0, n);
		o.status = step();
		(void)faults_disarm();
		o.hit = n > 0 && faults_hit();
		snprintf(o.what, sizeof o.what, "%s", faults_what());
		if (descriptors() != before) {
			fprintf(stderr, "%u descriptors before, %u after\n", before, descriptors());
			_exit(202);
		}
		if (write(ends[1], &o, sizeof o) != sizeof o)
			_exit(203);
		exit(0); /* a leak ends otherwise */
	}
	close(ends[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "call %u of %#x: wait status %#x; see %s/err", n, classes,
	    (unsigned)status, dir);
	ck_assert_int_eq(read(ends[0], &o, sizeof o), sizeof o);
	close(ends[0]);
	ck_assert_msg(o.status == E_OK || o.status == E_FAIL || strcmp(err_name((enum err)o.status), "E_FAIL") != 0,
	    "exit status %d is none of the contract", o.status);
	return o;
}

static void
must(int (*step)(void), int want, const char *when)
{
	struct outcome o = run(step, 0, 0);

	ck_assert_msg(
	    o.status == want, "%s: %s, not %s; see %s/err", when, err_name((enum err)o.status), err_name((enum err)want), dir);
}

static void
command(const char *format)
{
	char line[512];

	snprintf(line, sizeof line, "cd '%s' && %s", dir, format);
	ck_assert_msg(system(line) == 0, "%s", line);
}

static void
setup(void)
{
	const char *tmp = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	char path[160];

	snprintf(dir, sizeof dir, "%.90s/check_faults.XXXXXX", tmp);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	command(
	    "mkdir folder folder/clips stick && echo hello >folder/a.txt && head -c 200000 /dev/urandom >folder/clips/film.bin && "
	    "echo 'correct horse' >pass");
	snprintf(path, sizeof path, "%s/issuer", dir);
	setenv("ONCESTICK_ISSUER_DIR", path, 1);
	snprintf(path, sizeof path, "%s/station", dir);
	setenv("ONCESTICK_STATION_DIR", path, 1);
	setenv("TMPDIR", dir, 1);
}

static void
teardown(void)
{
	char line[160];

	snprintf(line, sizeof line, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(line), 0);
}

/* What the step changes is as it was when keep() was called. */
static void
keep(void)
{
	command("rm -rf kept && mkdir kept && for d in stick issuer station code; do if [ -e $d ]; then cp -a $d kept; fi; done");
}

static void
again(void)
{
	command("rm -rf stick issuer station other code && cp -a kept/. .");
}

/*
 * A step with each call failing in turn, and what must hold afterwards, which is told how the step ended. With FAULTS_EVERY in the
 * environment really each; else each of the first 40, and then fewer; with FAULTS_FEW each of the first 8, and then far fewer.
 */
static void
each(int (*step)(void), unsigned classes, void (*afterwards)(const struct outcome *o), const char *name)
{
	bool every = getenv("FAULTS_EVERY") != NULL, few = suite_few();
	unsigned n, runs = 0;

	keep();
	for (n = 1;; n += every || n < (few ? 8 : 40) ? 1 : 1 + n / (few ? 4 : 15)) {
		struct outcome o = run(step, classes, n);

		runs++;
		if (!o.hit) {
			ck_assert_msg(o.status == E_OK, "%s without a fault: %s", name, err_name((enum err)o.status));
			break;
		}
		afterwards(&o);
		again();
	}
	printf("%s: %u runs, up to call %u of class %u\n", name, runs, n, classes);
}

/* ---- what must hold -------------------------------------------------------------------------------------------------------- */

/* Of the code in the file: it opens here, then is dead here and everywhere. */
static void
opens_once(const char *when)
{
	must(finish, E_OK, when);
	must(spend, E_SPENT, when);
	must(elsewhere, E_SPENT, when);
}

static void
after_init(const struct outcome *o)
{
	struct outcome second = run(init, 0, 0);

	ck_assert_msg(second.status == E_OK || second.status == E_KEYSTORE, "init again: %s", err_name((enum err)second.status));
	if (o->status == E_OK)
		ck_assert_int_eq(second.status, E_KEYSTORE);
	must(prepare, E_OK, o->what);
}

static void
after_prepare(const struct outcome *o)
{
	if (o->status != E_OK)
		must(prepare, E_OK, o->what);
	must(issue, E_OK, o->what);
	command("cp out code");
	opens_once(o->what);
}

static void
after_issue(const struct outcome *o)
{
	if (o->status != E_OK)
		must(issue, E_OK, o->what);
	command("test $(wc -l <out) -eq 1 && cp out code");
	opens_once(o->what);
}

static void
after_spend(const struct outcome *o)
{
	int there = run(elsewhere, 0, 0).status;

	ck_assert_msg(
	    there == E_SPENT || (there == E_OK && o->status != E_OK), "%s: elsewhere %s", o->what, err_name((enum err)there));
	opens_once(o->what);
}

static void
after_finish(const struct outcome *o)
{
	int here = run(finish, 0, 0).status;

	ck_assert_msg(here == E_SPENT || (here == E_OK && o->status != E_OK), "%s: here %s", o->what, err_name((enum err)here));
	must(spend, E_SPENT, o->what);
	must(elsewhere, E_SPENT, o->what);
}

static void
after_revoke(const struct outcome *o)
{
	int second = run(revoke_codes, 0, 0).status;

	ck_assert_msg(second == E_OK || second == E_NO_CODES || second == E_CODE_UNKNOWN, "%s: revoke again: %s", o->what,
	    err_name((enum err)second));
	must(spend, E_REVOKED, o->what);
}

static void
after_collect(const struct outcome *o)
{
	must(collect, E_OK, o->what);
	command("grep -q 'used.*Kim' out");
}

/* ---- the life of a code ---------------------------------------------------------------------------------------------------- */

static const unsigned classes[] = {FAULTS_MEMORY, FAULTS_FILE};

static void *
thread(void *arg)
{
	free(malloc(10));
	return arg;
}

/* Each may fail to start; those that do come to their end. */
static int
threads(void)
{
	pthread_t t[4];
	bool runs[4];

	for (int i = 0; i < 4; i++)
		runs[i] = pthread_create(&t[i], NULL, thread, NULL) == 0;
	for (int i = 0; i < 4; i++)
		if (runs[i] && pthread_join(t[i], NULL) != 0)
			return E_FAIL;
	return E_OK;
}

/* Of this program: what is planted is a fault of a call of ours, never one by which the sanitizer starts or ends a thread. */
START_TEST(threads_are_started_or_not)
{
	for (unsigned n = 1; n <= 40; n++)
		ck_assert_int_eq(run(threads, FAULTS_MEMORY, n).status, E_OK);
}
END_TEST

START_TEST(issuer_is_made)
{
	each(init, classes[_i], after_init, "init");
}
END_TEST

START_TEST(stick_is_prepared)
{
	must(init, E_OK, "init");
	each(prepare, classes[_i], after_prepare, "prepare");
}
END_TEST

static void
prepared(void)
{
	must(init, E_OK, "init");
	must(prepare, E_OK, "prepare");
}

static void
issued(void)
{
	prepared();
	must(issue, E_OK, "issue");
	command("cp out code");
}

START_TEST(code_is_issued)
{
	prepared();
	each(issue, classes[_i], after_issue, "issue");
}
END_TEST

START_TEST(code_is_spent)
{
	issued();
	each(spend, classes[_i], after_spend, "spend");
}
END_TEST

START_TEST(session_is_resumed)
{
	issued();
	must(spend, E_OK, "spend");
	each(spend, classes[_i], after_spend, "resume");
}
END_TEST

START_TEST(session_is_closed)
{
	issued();
	must(spend, E_OK, "spend");
	each(finish, classes[_i], after_finish, "close");
}
END_TEST

START_TEST(code_is_revoked)
{
	issued();
	each(revoke_codes, classes[_i], after_revoke, "revoke");
}
END_TEST

START_TEST(stick_is_collected)
{
	issued();
	must(finish, E_OK, "spend");
	each(collect, classes[_i], after_collect, "collect");
}
END_TEST

SUITE("faults", .setup = setup, .teardown = teardown, .timeout = 1800)
{
	tcase_add_test(t, threads_are_started_or_not);
	tcase_add_loop_test(t, issuer_is_made, 0, 2);
	tcase_add_loop_test(t, stick_is_prepared, 0, 2);
	tcase_add_loop_test(t, code_is_issued, 0, 2);
	tcase_add_loop_test(t, code_is_spent, 0, 2);
	tcase_add_loop_test(t, session_is_resumed, 0, 2);
	tcase_add_loop_test(t, session_is_closed, 0, 2);
	tcase_add_loop_test(t, code_is_revoked, 0, 2);
	tcase_add_loop_test(t, stick_is_collected, 0, 2);
}
