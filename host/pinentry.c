/*
 * pinentry.c - a client of pinentry: the process, the limits that it must keep, and its commands.
 *
 * libassuan reads and writes lines. It reaches the system only through hooks of ours, so no pinentry can keep us waiting: each read
 * has a deadline and ends at a signal, the bytes read are counted, and waiting for the process to end has a limit. libassuan's
 * buffers, through which an answer comes, are in secret memory that is wiped when it is released (struct held).
 */
#include "pinentry.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <assuan.h>
#include <sodium.h>

#include "secret.h"
#include "tool.h"
#include "utf8.h"

#define START_MS 20000
#define ANSWER_MS 600000
#define GRACE_MS 15000 /* beyond a person's time: pinentry has the same limit, and reports it itself */
#define END_MS 2000    /* for the process to end by itself; then it is told to, and killed */
#define TEXT_MAX 1600
#define LINE_MAX_BYTES 980 /* ASSUAN_LINELENGTH holds 1000 */
#define FLOOD_MAX 65536	   /* bytes of one reply, more than any needs */

struct pinentry {
	struct pinentry_setup setup;
	char program[TOOL_PATH_MAX];
	assuan_context_t ctx; /* NULL: no program is running */
	enum pinentry_why trouble; /* what ended the dialogue; PINENTRY_FAILED: nothing so far */
	struct pinentry_end end;
	bool unseen;	      /* note has not been shown yet */
	bool on_terminal;     /* the program was told of a terminal */
	bool silent;	      /* say nothing more: the person closed a window, or there is none */
	int64_t deadline;     /* of the reply that is due, by clock_ms */
	size_t budget;	      /* bytes that the reply may still have */

	char about[TEXT_MAX], note[TEXT_MAX];

	/* where the data of a reply go */
	char *out;
	size_t size, n;
	bool repeated;
};

/* ---- libassuan's hooks ----------------------------------------------------------------------------------------------------- */

static int64_t
clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Memory for libassuan, with the size in front. It holds the line that was read last. */
struct held {
	_Alignas(max_align_t) size_t n;
	_Alignas(max_align_t) char bytes[];
};

static void *
held_new(size_t n)
{
	size_t step = _Alignof(max_align_t);
	struct held *h = NULL;

	if (n < SIZE_MAX / 2)
		h = secret_new((sizeof *h + n + step - 1) / step * step); /* its end is aligned, so its beginning is, too */
	if (h == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	h->n = n;
	return h->bytes;
}

static struct held *
held_at(void *p)
{
	return (struct held *)(void *)((char *)p - offsetof(struct held, bytes));
}

static void
held_free(void *p)
{
	struct held *h = p != NULL ? held_at(p) : NULL;

	secret_free(&h);
}

static void *
held_resize(void *p, size_t n)
{
	void *fresh = held_new(n);

	if (p != NULL && fresh != NULL) {
		memcpy(fresh, p, held_at(p)->n < n ? held_at(p)->n : n);
		held_free(p);
	}
	return fresh;
}

static void
hook_sleep(assuan_context_t ctx, unsigned int us)
{
	struct timespec t = {(time_t)(us / 1000000), (long)(us % 1000000) * 1000};

	(void)ctx;
	nanosleep(&t, NULL);
}

static int
hook_pipe(assuan_context_t ctx, assuan_fd_t fd[2], int inherited)
{
	(void)ctx;
	(void)inherited; /* by then the child has them as 0 and 1 */
	return pipe2(fd, O_CLOEXEC);
}

static int
hook_close(assuan_context_t ctx, assuan_fd_t fd)
{
	(void)ctx;
	return close(fd);
}

static int
give_up(struct pinentry *p, enum pinentry_why why)
{
	if (p->trouble == PINENTRY_FAILED)
		p->trouble = why;
	errno = EIO;
	return -1;
}

static bool
is_stopped(const struct pinentry *p)
{
	return p->setup.stopped != NULL && p->setup.stopped();
}

/* A signal arrives inside ppoll or is noticed before it. Return 1 if there is something to read, 0 if it is too late. */
static int
wait_for(struct pinentry *p, int fd)
{
	struct pollfd at = {fd, POLLIN, 0};
	sigset_t ours, before;
	int ready = 0;

	sigemptyset(&ours);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGTERM);
	sigprocmask(SIG_BLOCK, &ours, &before);
	do {
		int64_t left = p->deadline - clock_ms();
		struct timespec t = {(time_t)(left / 1000), (long)(left % 1000) * 1000000};

		if (is_stopped(p))
			ready = give_up(p, PINENTRY_STOPPED);
		else
			ready = left <= 0 ? 0 : ppoll(&at, 1, &t, &before);
	} while (ready < 0 && errno == EINTR);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready;
}

static ssize_t
hook_read(assuan_context_t ctx, assuan_fd_t fd, void *to, size_t size)
{
	struct pinentry *p = assuan_get_pointer(ctx);
	ssize_t n = 0;
	int ready = wait_for(p, fd);

	if (ready == 0)
		return give_up(p, PINENTRY_DEAF);
	if (ready < 0)
		return give_up(p, PINENTRY_GONE);
	n = read(fd, to, size);
	if (n <= 0)
		return give_up(p, PINENTRY_GONE);
	if ((size_t)n > p->budget)
		return give_up(p, PINENTRY_ENDLESS);
	p->budget -= (size_t)n;
	return n;
}

/* Commands are short lines that fit into a pipe many times over, so a pinentry that does not read them keeps nobody waiting. */
static ssize_t
hook_write(assuan_context_t ctx, assuan_fd_t fd, const void *from, size_t size)
{
	ssize_t n = write(fd, from, size);

	return n < 0 && errno != EINTR ? give_up(assuan_get_pointer(ctx), PINENTRY_GONE) : n;
}

static int
hook_message(assuan_context_t ctx, assuan_fd_t fd, assuan_msghdr_t msg, int flags)
{
	(void)ctx;
	(void)fd;
	(void)msg;
	(void)flags;
	errno = ENOSYS;
	return -1;
}

static int
hook_send(
    assuan_context_t ctx, assuan_fd_t fd, const assuan_msghdr_t msg, int flags) /* NOLINT(misc-misplaced-const): libassuan's */
{
	return hook_message(ctx, fd, msg, flags);
}

static _Noreturn void
become(const char *name, const char *const *argv, int in, int out)
{
	sigset_t none;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (dup2(in, STDIN_FILENO) == STDIN_FILENO && dup2(out, STDOUT_FILENO) == STDOUT_FILENO) {
		close_range(STDERR_FILENO + 1, ~0u, 0);
		execv(name, (char *const *)(uintptr_t)argv);
	}
	_exit(127);
}

static int
hook_spawn(assuan_context_t ctx, pid_t *pid, const char *name, const char **argv, assuan_fd_t in, assuan_fd_t out,
    assuan_fd_t *list, void (*atfork)(void *opaque, int reserved), void *atfork_arg, unsigned int flags)
{
	(void)ctx;
	(void)list;
	(void)atfork;
	(void)atfork_arg;
	(void)flags;
	*pid = fork();
	if (*pid == 0)
		become(name, argv, in, out);
	return *pid < 0 ? -1 : 0;
}

/* By now both ends of its pipes are closed. */
static pid_t
hook_waitpid(assuan_context_t ctx, pid_t pid, int action, int *status, int options)
{
	const struct pinentry *p = assuan_get_pointer(ctx);
	const int signals[] = {SIGTERM, SIGKILL};
	size_t told = 0;
	int64_t until = clock_ms() + (p->trouble == PINENTRY_FAILED || p->trouble == PINENTRY_GONE ? END_MS : 0);

	(void)action;
	(void)options;
	for (;;) {
		pid_t got = waitpid(pid, status, WNOHANG);

		if (got == pid || (got < 0 && errno != EINTR))
			return got;
		if (clock_ms() >= until && told < 2) {
			kill(pid, signals[told++]);
			until += END_MS;
		}
		hook_sleep(ctx, 10000);
	}
}

static int
hook_socketpair(assuan_context_t ctx, int domain, int style, int protocol, assuan_fd_t fds[2])
{
	(void)fds;
	return hook_message(ctx, domain, NULL, style | protocol);
}

static int
hook_socket(assuan_context_t ctx, int domain, int style, int protocol)
{
	return hook_message(ctx, domain, NULL, style | protocol);
}

static int
hook_connect(assuan_context_t ctx, int sock, struct sockaddr *to, socklen_t length)
{
	(void)to;
	(void)length;
	return hook_message(ctx, sock, NULL, 0);
}

static struct assuan_system_hooks
hooks(void)
{
	return (struct assuan_system_hooks){.version = ASSUAN_SYSTEM_HOOKS_VERSION, .usleep = hook_sleep, .pipe = hook_pipe,
	    .close = hook_close, .read = hook_read, .write = hook_write, .recvmsg = hook_message, .sendmsg = hook_send,
	    .spawn = hook_spawn, .waitpid = hook_waitpid, .socketpair = hook_socketpair, .socket = hook_socket,
	    .connect = hook_connect};
}

/* ---- commands -------------------------------------------------------------------------------------------------------------- */

static gpg_error_t
on_data(void *arg, const void *data, size_t n)
{
	struct pinentry *p = arg;

	if (p->out == NULL)
		return 0;
	if (n >= p->size - p->n)
		return gpg_error(GPG_ERR_TOO_LARGE);
	memcpy(p->out + p->n, data, n);
	p->n += n;
	p->out[p->n] = '\0';
	return 0;
}

static gpg_error_t
on_inquiry(void *arg, const char *line)
{
	(void)arg;
	(void)line; /* any other request, such as how good a passphrase is, gets an empty answer */
	return 0;
}

static gpg_error_t
on_status(void *arg, const char *line)
{
	struct pinentry *p = arg;

	if (strcmp(line, "PIN_REPEATED") == 0)
		p->repeated = true;
	return 0;
}

static gpg_error_t
transact(struct pinentry *p, const char *line, int ms)
{
	if (p->trouble != PINENTRY_FAILED)
		return gpg_error(GPG_ERR_EOF);
	p->deadline = clock_ms() + ms;
	p->budget = FLOOD_MAX;
	return assuan_transact(p->ctx, line, on_data, p, on_inquiry, p, on_status, p);
}

/*
 * COMMAND TEXT, in which characters that a line cannot hold are escaped, and which is cut between two characters. Angle brackets
 * are replaced: some toolkits interpret tags in a text, and anybody may have written the names of sticks.
 */
static void
encode(char out[LINE_MAX_BYTES], const char *command, const char *text)
{
	size_t n = (size_t)snprintf(out, LINE_MAX_BYTES, "%s ", command);

	for (size_t step = 0; *text != '\0'; text += step) {
		char one[8] = "";
		uint32_t c = 0;

		step = utf8_next(text, strnlen(text, 4), &c);
		step = step > 0 ? step : 1;
		if (*text == '<' || *text == '>')
			snprintf(one, sizeof one, "%s", *text == '<' ? "\xe2\x80\xb9" : "\xe2\x80\xba");
		else if (*text == '%' || (unsigned char)*text < ' ' || *text == 0x7f)
			snprintf(one, sizeof one, "%%%02X", (unsigned)(unsigned char)*text);
		else
			memcpy(one, text, step);
		if (n + strlen(one) >= LINE_MAX_BYTES)
			break;
		n += (size_t)snprintf(out + n, LINE_MAX_BYTES - n, "%s", one);
	}
}

static gpg_error_t
set(struct pinentry *p, const char *command, const char *text)
{
	char line[LINE_MAX_BYTES];

	encode(line, command, text);
	return transact(p, line, p->setup.start_ms);
}

/* If this pinentry does not know an option, it does not need it. */
static void
set_option(struct pinentry *p, const char *name, const char *value)
{
	char line[LINE_MAX_BYTES];

	if (value == NULL || value[0] == '\0')
		return;
	snprintf(line, sizeof line, "OPTION %s=%s", name, value);
	transact(p, line, p->setup.start_ms);
}

/* ---- start and end --------------------------------------------------------------------------------------------------------- */

static void
stop(struct pinentry *p)
{
	if (p->ctx != NULL)
		assuan_release(p->ctx);
	p->ctx = NULL;
}

/*
 * Whether this pinentry can ask only on a terminal, and has none; it reports that as cancelled. Some that ask in a window fall back
 * to the terminal if there is no display ("gtk2:curses").
 */
static bool
has_no_terminal(struct pinentry *p)
{
	const char *display = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
	bool windows = (display != NULL && display[0] != '\0') || (wayland != NULL && wayland[0] != '\0');
	char flavor[64] = "", *last = NULL;
	gpg_error_t e = 0;

	if (p->on_terminal || p->trouble != PINENTRY_FAILED)
		return false;
	p->out = flavor;
	p->size = sizeof flavor;
	p->n = 0;
	e = transact(p, "GETINFO flavor", p->setup.start_ms);
	p->out = NULL;
	if (e != 0)
		return false;
	last = strrchr(flavor, ':');
	if (last != NULL && windows)
		return false;
	return strcmp(last != NULL ? last + 1 : flavor, "tty") == 0 || strcmp(last != NULL ? last + 1 : flavor, "curses") == 0;
}

/* End the dialogue. */
static enum err
over(struct pinentry *p, enum pinentry_why why, const char *says, struct fault *f)
{
	p->silent = true;
	stop(p);
	p->end = (struct pinentry_end){.why = why, .program = p->program, .says = says};
	return fault_set(f, why == PINENTRY_STOPPED ? E_INTERRUPTED : E_PROMPT, 0, "pinentry", "%s", p->program);
}

static enum err
failed(struct pinentry *p, gpg_error_t why, struct fault *f)
{
	bool cancelled = gpg_err_code(why) == GPG_ERR_CANCELED || gpg_err_code(why) == GPG_ERR_FULLY_CANCELED;
	bool late = gpg_err_code(why) == GPG_ERR_TIMEOUT;

	if (p->trouble != PINENTRY_FAILED)
		return over(p, p->trouble, NULL, f);
	if (late)
		return over(p, PINENTRY_NOBODY, NULL, f);
	if (has_no_terminal(p))
		return over(p, PINENTRY_NO_TERMINAL, NULL, f);
	return over(p, cancelled ? PINENTRY_CANCELLED : PINENTRY_FAILED, gpg_strerror(why), f);
}

static const char *
wanted_program(const struct pinentry *p)
{
	const char *wanted = p->setup.program != NULL ? p->setup.program : getenv("ONCESTICK_PINENTRY");

	return wanted != NULL && wanted[0] != '\0' ? wanted : "pinentry";
}

static enum err
find_program(struct pinentry *p, struct fault *f)
{
	const char *wanted = wanted_program(p), *path = getenv("PATH");

	if (strchr(wanted, '/') != NULL)
		snprintf(p->program, sizeof p->program, "%s", wanted);
	else
		tool_find(p->program, path != NULL ? path : TOOL_DIRS, wanted);
	if (strlen(wanted) < sizeof p->program && p->program[0] != '\0' && access(p->program, X_OK) == 0)
		return E_OK;
	snprintf(p->program, sizeof p->program, "%s", wanted);
	return over(p, PINENTRY_MISSING, NULL, f);
}

/* Tell it where to ask. For a window the environment is enough. */
static void
introduce(struct pinentry *p)
{
	char tty[128];

	p->on_terminal = false;
	set_option(p, "display", getenv("DISPLAY"));
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ttyname_r(fd, tty, sizeof tty) == 0) {
			p->on_terminal = true;
			set_option(p, "ttyname", tty);
			set_option(p, "ttytype", getenv("TERM"));
			break;
		}
	set_option(p, "lc-ctype", setlocale(LC_CTYPE, NULL));
	set_option(p, "lc-messages", setlocale(LC_MESSAGES, NULL));
	transact(p, "OPTION no-grab", p->setup.start_ms);
}

static gpg_error_t
connect_program(struct pinentry *p)
{
	struct assuan_malloc_hooks memory = {held_new, held_resize, held_free};
	struct assuan_system_hooks system = hooks();
	const char *argv[] = {p->program, NULL};
	int none[] = {-1};
	gpg_error_t e = assuan_new_ext(&p->ctx, GPG_ERR_SOURCE_USER_1, &memory, NULL, NULL);

	if (e != 0)
		return e;
	assuan_set_pointer(p->ctx, p);
	assuan_ctx_set_system_hooks(p->ctx, &system);
	assuan_begin_confidential(p->ctx);
	p->deadline = clock_ms() + p->setup.start_ms;
	p->budget = FLOOD_MAX;
	return assuan_pipe_connect(p->ctx, p->program, argv, none, NULL, NULL, 0);
}

enum err
pinentry_start(struct pinentry *p, struct fault *f)
{
	gpg_error_t e = 0;

	if (p->ctx != NULL)
		return E_OK;
	p->trouble = PINENTRY_FAILED;
	if (find_program(p, f) != E_OK)
		return E_PROMPT;
	p->silent = false;
	e = connect_program(p);
	if (e == 0)
		introduce(p);
	if (e != 0 || p->trouble != PINENTRY_FAILED)
		return failed(p, e, f);
	return E_OK;
}

struct pinentry *
pinentry_new(const struct pinentry_setup *setup)
{
	struct pinentry *p = calloc(1, sizeof *p);

	if (p == NULL)
		return NULL;
	p->setup = *setup;
	p->setup.start_ms = setup->start_ms != 0 ? setup->start_ms : START_MS;
	p->setup.answer_ms = setup->answer_ms != 0 ? setup->answer_ms : ANSWER_MS;
	return p;
}

static void
tell(struct pinentry *p)
{
	if (pinentry_start(p, NULL) != E_OK)
		return;
	set(p, "SETTITLE", "oncestick");
	set(p, "SETDESC", p->note);
	transact(p, "MESSAGE", p->setup.answer_ms);
}

void
pinentry_end(struct pinentry *p)
{
	if (p->unseen && !p->silent && !is_stopped(p) && !isatty(STDERR_FILENO))
		tell(p);
	p->unseen = false;
	p->silent = false;
	p->note[0] = p->about[0] = '\0';
	stop(p);
}

void
pinentry_free(struct pinentry **p)
{
	if (*p == NULL)
		return;
	pinentry_end(*p);
	free(*p);
	*p = NULL;
}

const struct pinentry_end *
pinentry_ended(const struct pinentry *p)
{
	return &p->end;
}

void
pinentry_about(struct pinentry *p, const char *text)
{
	snprintf(p->about, sizeof p->about, "%s", text);
}

void
pinentry_note(struct pinentry *p, const char *text)
{
	snprintf(p->note, sizeof p->note, "%s", text);
	p->unseen = true;
}

/* ---- questions ------------------------------------------------------------------------------------------------------------- */

/* Set what is shown with the question: what it is about, and what went wrong before. */
static enum err
prepare(struct pinentry *p, const char *question, struct fault *f)
{
	char text[2 * TEXT_MAX + 3], seconds[32];
	gpg_error_t e = 0;
	enum err err = pinentry_start(p, f);

	if (err != E_OK)
		return err;
	p->silent = false;
	snprintf(text, sizeof text, "%s%s%s", question, question[0] != '\0' && p->about[0] != '\0' ? "\n\n" : "", p->about);
	snprintf(seconds, sizeof seconds, "SETTIMEOUT %d", p->setup.answer_ms / 1000);
	transact(p, seconds, p->setup.start_ms);
	set(p, "SETTITLE", "oncestick");
	e = set(p, "SETDESC", text);
	if (p->unseen)
		set(p, "SETERROR", p->note);
	p->unseen = false;
	return e == 0 && p->trouble == PINENTRY_FAILED ? E_OK : failed(p, e, f);
}

/* Set the question, without the blank at its end. */
static void
set_prompt(struct pinentry *p, const char *question)
{
	char text[256];
	size_t n = (size_t)snprintf(text, sizeof text, "%s", question);

	n = n < sizeof text ? n : sizeof text - 1;
	while (n > 0 && text[n - 1] == ' ')
		text[--n] = '\0';
	set(p, "SETPROMPT", text);
}

enum err
pinentry_get(struct pinentry *p, const char *question, const char *again, struct pinentry_answer *a, struct fault *f)
{
	bool asked_again = false;
	gpg_error_t e = 0;
	enum err err = prepare(p, "", f);

	if (err != E_OK)
		return err;
	set_prompt(p, question);
	if (again != NULL)
		asked_again = set(p, "SETREPEAT", again) == 0 && set(p, "SETREPEATERROR", p->setup.differ) == 0;
	p->out = a->text;
	p->size = a->size;
	p->n = 0;
	p->repeated = false;
	a->text[0] = '\0';
	e = transact(p, "GETPIN", p->setup.answer_ms + GRACE_MS);
	p->out = NULL;
	if (e != 0) {
		sodium_memzero(a->text, a->size);
		return failed(p, e, f);
	}
	a->repeated = asked_again && p->repeated;
	a->n = p->n;
	return E_OK;
}

static size_t
count(const char *const *buttons)
{
	size_t n = 0;

	while (buttons[n] != NULL)
		n++;
	return n;
}

enum err
pinentry_pick(struct pinentry *p, const char *question, const char *const *buttons, size_t *picked, struct fault *f)
{
	size_t n = count(buttons);
	gpg_error_t e = 0;
	enum err err = prepare(p, question, f);

	if (err != E_OK)
		return err;
	set(p, "SETOK", buttons[0]);
	if (n > 2)
		set(p, "SETNOTOK", buttons[1]);
	set(p, "SETCANCEL", buttons[n - 1]);
	e = transact(p, "CONFIRM", p->setup.answer_ms + GRACE_MS);
	if (e == 0)
		*picked = 0;
	else if (p->trouble == PINENTRY_FAILED && gpg_err_code(e) == GPG_ERR_NOT_CONFIRMED)
		*picked = 1;
	else if (p->trouble == PINENTRY_FAILED && gpg_err_code(e) == GPG_ERR_CANCELED && has_no_terminal(p))
		return over(p, PINENTRY_NO_TERMINAL, NULL, f);
	else if (p->trouble == PINENTRY_FAILED && gpg_err_code(e) == GPG_ERR_CANCELED) {
		*picked = n - 1;
		p->silent = true;
	} else
		return failed(p, e, f);
	return E_OK;
}
