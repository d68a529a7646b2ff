/*
 * check_provision.c - an issuer at work on a stick: fresh, his own, another's, half-finished.
 *
 * The functions that change a stick are replaced here so that the process can die before a chosen one, or the medium can lie.
 */
#include "provision.h"

#include <dlfcn.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "bare.h"
#include "calls.h"
#include "dropped.h"

#define OURS 1 /* issuers */
#define THEIRS 2
#define STICK 0x55
#define GRANT 0xaa
#define BUNDLE 0xbb

static unsigned die_before; /* this change from now; 0: live */
static bool drop_writes;
static unsigned reads, from_memory; /* and those of what nobody had dropped */
static unsigned changes, fail_at; /* how many there were, and the number of the one that fails; 0: none */

/* Whether this change is to fail, with errno. */
static bool
change(void)
{
	if (die_before > 0 && --die_before == 0)
		_exit(7);
	errno = EIO;
	return ++changes == fail_at;
}

ssize_t
pwrite(int fd, const void *buf, size_t n, off_t off)
{
	if (change())
		return -1;
	return drop_writes ? (ssize_t)n : call_pwrite(fd, buf, n, off);
}

__attribute__((visibility("default"))) ssize_t
pread(int fd, void *buf, size_t n, off_t off)
{
	reads++;
	from_memory += !was_dropped(fd, off, n);
	return call_pread(fd, buf, n, off);
}

#ifndef __USE_FILE_OFFSET64
ssize_t pread64(int fd, void *buf, size_t n, off_t off) __attribute__((alias("pread"), visibility("default")));
#endif

int
fsync(int fd)
{
	if (change())
		return -1;
	return (int)syscall(SYS_fsync, fd);
}

int
mkdirat(int dir_fd, const char *name, mode_t mode)
{
	if (change())
		return -1;
	return (int)syscall(SYS_mkdirat, dir_fd, name, mode);
}

int
unlinkat(int dir_fd, const char *name, int flags)
{
	if (change())
		return -1;
	return (int)syscall(SYS_unlinkat, dir_fd, name, flags);
}

int
renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (change())
		return -1;
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

static unsigned naps;
static char hidden[160]; /* what is gone after the third nap */

int
nanosleep(const struct timespec *t, struct timespec *rest)
{
	(void)t, (void)rest;
	if (++naps == 3 && hidden[0] != '\0')
		(void)unlink(hidden);
	return 0;
}

static struct statvfs medium; /* what it says of itself, if it lies */
static bool lies;

#pragma GCC visibility push(default)

int
fstatvfs(int fd, struct statvfs *out)
{
	int (*real)(int, struct statvfs *) = NULL;
	void *symbol = dlsym(RTLD_NEXT, sizeof out->f_bavail == 8 ? "fstatvfs64" : "fstatvfs");

	memcpy(&real, &symbol, sizeof real);
	*out = medium;
	return lies ? 0 : real(fd, out);
}

#pragma GCC visibility pop

static struct bare x;
static struct provision *p;
static struct fault fault;
static uint8_t seed[KEY_SIZE], issuer[KEY_SIZE], stick_id[ID_SIZE], bundle_id[ID_SIZE], grant_id[ID_SIZE];
static char path[128];

static void
setup(void)
{
	uint8_t sk[SIGN_SECRET_SIZE];

	bare_open(&x);
	die_before = fail_at = 0;
	drop_writes = false;
	p = NULL;
	memset(&fault, 0, sizeof fault);
	issuer_seed(seed, OURS);
	issuer_keys(issuer, sk, OURS);
	fill_id(stick_id, STICK);
	fill_id(bundle_id, BUNDLE);
	fill_id(grant_id, GRANT);
}

static void
teardown(void)
{
	provision_end(&p);
	bare_close(&x);
}

static enum err
begin(void)
{
	provision_end(&p);
	memset(&fault, 0, sizeof fault);
	return provision_begin(&p, x.fd, seed, issuer, &fault);
}

static enum err
init(void)
{
	return provision_init(p, stick_id, seed, &fault);
}

/* A refusal that leaves every byte, mode and time as it was. */
static void
refused(enum err err)
{
	uint8_t before[32], after[32];

	bare_hash(&x, before);
	ck_assert_int_eq(begin(), err);
	ck_assert_int_eq(fault.err, err);
	ck_assert_ptr_null(p);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, 32);
}

/* A look that finds this state and changes nothing. */
static void
found(enum provision_state state)
{
	uint8_t before[32], after[32];

	bare_hash(&x, before);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(p->state, state);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, 32);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(x.fd, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static void
write_bundle(const uint8_t id[ID_SIZE])
{
	int fd = -1;

	ck_assert_int_eq(provision_bundle_dir(p, id, &fd, &fault), E_OK);
	ck_assert_int_eq(stickio_create(fd, "00000000.seg", "segment", 7, 0644), 0);
	close(fd);
	ck_assert_int_eq(provision_manifest(p, id, BYTES("manifest", 8), &fault), E_OK);
}

static enum err
write_grant(uint8_t id)
{
	uint8_t cells[BARE_SLOTS * BARE_CELL];
	struct grant g;
	enum err err = E_OK;
	size_t n = 0;
	uint8_t *file = NULL;

	for (size_t i = 0; i < BARE_SLOTS; i++)
		memset(cells + i * BARE_CELL, (int)(0x60 + i), BARE_CELL);
	plain_grant(&g, OURS, STICK, id, BUNDLE);
	file = sign_grant(&g, OURS, &n);
	err = provision_grant(p, &g, BYTES(file, n), BYTES(cells, sizeof cells), &fault);
	free(file);
	grant_free(&g);
	return err;
}

/* A whole prepare. */
static void
prepare(void)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	write_bundle(bundle_id);
	ck_assert_int_eq(write_grant(GRANT), E_OK);
	provision_end(&p);
}

/* ---- a fresh stick ---- */

START_TEST(a_fresh_stick_is_looked_at_without_a_trace)
{
	found(PROVISION_EMPTY);
	ck_assert_int_eq(p->once_fd, -1);
	ck_assert_ptr_null(p->stick);
}
END_TEST

START_TEST(init_makes_a_stick_whatever_the_umask)
{
	mode_t old = umask(077);
	struct stick *s = NULL;

	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	umask(old);
	ck_assert_int_eq(p->state, PROVISION_OURS);
	ck_assert_mem_eq(p->stick->id, stick_id, ID_SIZE);
	ck_assert_uint_eq(mode_of("ONCE"), 0777);
	ck_assert_uint_eq(mode_of("ONCE/g"), 0777);
	ck_assert_uint_eq(mode_of("ONCE/b"), 0755);
	ck_assert_uint_eq(mode_of("ONCE/probe"), 0666);
	ck_assert_uint_eq(mode_of("ONCE/stick.a"), 0666);
	ck_assert_uint_eq(mode_of("ONCE/stick.b"), 0666);
	ck_assert_int_eq(stick_open(&s, x.fd, NULL), E_OK);
	ck_assert_uint_eq(s->n, 1);
	stick_close(&s);
	provision_end(&p);
	found(PROVISION_OURS);
}
END_TEST

START_TEST(a_stick_record_of_init_has_r_1)
{
	uint8_t want[RECORD_SIZE], vector_seed[KEY_SIZE], id[ID_SIZE], r[KEY_SIZE];
	uint8_t *a = NULL, *b = NULL;
	size_t n = 0;

	for (uint8_t i = 0; i < KEY_SIZE; i++)
		vector_seed[i] = i;
	for (uint8_t i = 0; i < ID_SIZE; i++)
		id[i] = 0x50 + i;
	ck_assert_int_eq(bytes_from_hex(r, KEY_SIZE, "49a4ddaab7af713acb04194c705005f544de6e646f1ba21da2010394ebbc2bfb"), 0);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_init(p, id, vector_seed, &fault), E_OK);
	record_encode(want, RECORD_STICK, id, 1, BYTES(r, sizeof r));
	a = get_file(&x, "ONCE/stick.a", &n);
	ck_assert_uint_eq(n, RECORD_SIZE);
	b = get_file(&x, "ONCE/stick.b", &n);
	ck_assert_mem_eq(a, want, RECORD_SIZE);
	ck_assert_mem_eq(b, want, RECORD_SIZE);
	free(a);
	free(b);
}
END_TEST

START_TEST(a_bundle_a_notice_and_a_grant_can_be_read_back)
{
	struct stick_slot slot;
	mode_t old = umask(077);
	size_t n = 0;
	uint8_t *notice = sign_notice(OURS, 5, 1, &n);

	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	write_bundle(bundle_id);
	ck_assert_int_eq(provision_notice(p, issuer, BYTES(NULL, 0), &fault), E_OK);
	ck_assert(!exists(&x, "ONCE/notice.cose"));
	ck_assert_int_eq(provision_notice(p, issuer, BYTES(notice, n), &fault), E_OK);
	ck_assert_int_eq(write_grant(GRANT), E_OK);
	umask(old);
	free(notice);
	ck_assert_uint_eq(mode_of("ONCE/notice.cose"), 0666);
	ck_assert_uint_eq(mode_of(bundle_path(path, BUNDLE, "")), 0755);
	ck_assert_uint_eq(mode_of(bundle_path(path, BUNDLE, "/manifest.cose")), 0644);
	ck_assert_uint_eq(mode_of(grant_path(path, GRANT, "")), 0755);
	ck_assert_uint_eq(mode_of(grant_path(path, GRANT, "/grant.cose")), 0644);
	ck_assert_uint_eq(mode_of(grant_path(path, GRANT, "/lock.a")), 0666);
	ck_assert_uint_eq(mode_of(grant_path(path, GRANT, "/lock.b")), 0666);
	ck_assert(!exists(&x, grant_path(path, GRANT, ".tmp")));
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_uint_eq(p->grants.count, 1);
	for (uint32_t i = 0; i < BARE_SLOTS; i++) {
		ck_assert_int_eq(stick_read_slot(p->stick, &p->grants.grants[0], i, true, &slot, NULL), E_OK);
		ck_assert_int_eq(slot.merged, RECORD_IS_LIVE);
		ck_assert(slot.whole);
		ck_assert_uint_eq(slot.body_a.p[0], 0x60 + i);
	}
}
END_TEST

/* ---- a stick of ours ---- */

START_TEST(adding_to_a_stick_of_ours_keeps_record_and_grants)
{
	uint8_t *before = NULL, *after = NULL;
	size_t n = 0;
	uint8_t other[ID_SIZE];

	prepare();
	before = get_file(&x, "ONCE/stick.a", &n);
	found(PROVISION_OURS);
	fill_id(other, 0x77);
	ck_assert_int_eq(provision_init(p, other, seed, &fault), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_eq(p->debris, 0);
	write_bundle(other);
	ck_assert_int_eq(write_grant(0x20), E_OK);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_uint_eq(p->grants.count, 2);
	ck_assert_mem_eq(p->stick->id, stick_id, ID_SIZE);
	after = get_file(&x, "ONCE/stick.a", &n);
	ck_assert_mem_eq(before, after, RECORD_SIZE);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_stick_that_installed_refills_is_still_ours)
{
	prepare();
	put_stick_record(&x, "ONCE/stick.a", STICK, 4, OURS);
	found(PROVISION_OURS);
	ck_assert_uint_eq(p->stick->n, 4);
}
END_TEST

START_TEST(an_impossible_number_of_refills_is_damage)
{
	prepare();
	put_stick_record(&x, "ONCE/stick.a", STICK, UINT32_MAX, OURS);
	refused(E_STICK_DAMAGED);
	ck_assert_str_eq(fault.step, "refill number");
	ck_assert_int_eq(fault.sys, 0);
	ck_assert_str_eq(fault.object, "ONCE/stick.a");
	put_stick_record(&x, "ONCE/stick.a", STICK, 65537, OURS);
	refused(E_STICK_DAMAGED);
	put_stick_record(&x, "ONCE/stick.a", STICK, 65536, OURS); /* its ratchet is none: that much is tried */
	refused(E_ISSUER);
}
END_TEST

START_TEST(a_second_process_is_told_to_wait)
{
	struct provision *second = NULL;

	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_begin(&second, x.fd, seed, issuer, &fault), E_BUSY);
	ck_assert(fault.err == E_BUSY && fault.sys == EWOULDBLOCK && strcmp(fault.step, "flock") == 0);
	ck_assert_str_eq(fault.object, "ONCE/probe");
	ck_assert_ptr_null(second);
	provision_end(&p);
	ck_assert_int_eq(provision_begin(&second, x.fd, seed, issuer, NULL), E_OK);
	provision_end(&second);
}
END_TEST

START_TEST(of_two_that_found_an_empty_stick_one_makes_it)
{
	struct provision *second = NULL;
	uint8_t other[ID_SIZE];

	fill_id(other, 0x77);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_begin(&second, x.fd, seed, issuer, NULL), E_OK);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_init(second, other, seed, NULL), E_BUSY);
	provision_end(&p);
	ck_assert_int_eq(provision_init(second, other, seed, &fault), E_BUSY);
	ck_assert(fault.err == E_BUSY && fault.sys == 0 && strcmp(fault.step, "stick record") == 0);
	ck_assert_str_eq(fault.object, "ONCE");
	fault_clear(&fault);
	ck_assert_int_eq(provision_remove_once(second, NULL), E_OK);
	provision_drop_bundle(second, bundle_id);
	provision_end(&second);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_mem_eq(p->stick->id, stick_id, ID_SIZE);
}
END_TEST

START_TEST(a_stick_whose_probe_is_gone_is_locked_before_it_is_erased)
{
	struct provision *second = NULL;

	prepare();
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/probe", 0), 0);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_begin(&second, x.fd, seed, issuer, NULL), E_OK);
	ck_assert_int_eq(provision_init(second, stick_id, seed, NULL), E_OK);
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], &fault), E_BUSY);
	for (int i = 0; i < 2; i++) {
		ck_assert(fault.err == E_BUSY && fault.sys == 0 && strcmp(fault.step, "flock") == 0);
		ck_assert_str_eq(fault.object, "ONCE/probe");
		fault_clear(&fault);
		ck_assert_int_eq(provision_remove_once(p, &fault), E_BUSY);
	}
	provision_end(&second);
	ck_assert(exists(&x, grant_path(path, GRANT, "/lock.a")));
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], NULL), E_OK);
	ck_assert_int_eq(provision_remove_once(p, NULL), E_OK);
}
END_TEST

/* ---- refusals ---- */

START_TEST(a_stick_with_a_ratchet_of_another_issuer_is_refused_untouched)
{
	put_once(&x, STICK, THEIRS);
	refused(E_ISSUER);
	ck_assert_str_eq(fault.step, "ratchet");
	ck_assert_int_eq(fault.sys, 0);
	ck_assert_str_eq(fault.object, "ONCE/stick.a");
	put_grant(&x, THEIRS, STICK, GRANT, BUNDLE);
	refused(E_ISSUER);
	ck_assert_str_eq(fault.step, "issuer");
	ck_assert_int_eq(fault.sys, 0);
	ck_assert_str_eq(fault.object, grant_path(path, GRANT, ""));
}
END_TEST

START_TEST(a_grant_of_another_issuer_is_refused_wherever_it_lies)
{
	struct grant g;

	prepare();
	plain_grant(&g, THEIRS, _i == 1 ? STICK + 1 : STICK, 0x20, BUNDLE);
	put_grant_as(&x, &g, THEIRS, _i == 2 ? "20202020202020202020202020202020.new" : "20202020202020202020202020202020");
	grant_free(&g);
	refused(E_ISSUER);
}
END_TEST

START_TEST(grants_without_a_stick_record_are_damage)
{
	prepare();
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/stick.a", 0), 0);
	put_file(&x, "ONCE/stick.b", "torn", 4);
	refused(E_STICK_DAMAGED);
	ck_assert_int_eq(renameat(x.fd, grant_path(path, GRANT, ""), x.fd, "ONCE/g/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.new"), 0);
	refused(E_STICK_DAMAGED);
}
END_TEST

START_TEST(parts_that_are_not_what_they_should_be_are_damage)
{
	static const char *const parts[] = {"ONCE", "ONCE/g", "ONCE/b", "ONCE/probe"};
	const enum err err = _i == 0 ? E_NO_STICK : E_STICK_DAMAGED; /* what is no directory ONCE, was never ours */
	char to[512];

	prepare();
	ck_assert_int_eq(renameat(x.fd, parts[_i], x.fd, "aside"), 0);
	ck_assert_int_eq(symlinkat(bare_path(&x, "aside", to), x.fd, parts[_i]), 0);
	refused(err);
	ck_assert_int_eq(unlinkat(x.fd, parts[_i], 0), 0);
	if (_i == 3)
		ck_assert_int_eq(mkfifoat(x.fd, parts[_i], 0666), 0);
	else
		put_file(&x, parts[_i], "x", 1);
	refused(err);
}
END_TEST

START_TEST(a_stick_that_may_not_be_written_is_readonly)
{
	const char *part = _i == 0 ? "." : _i == 1 ? "ONCE" : "ONCE/g";

	if (_i > 0)
		prepare();
	ck_assert_int_eq(fchmod(x.fd, 0755), 0);
	ck_assert_int_eq(fchmodat(x.fd, part, 0555, 0), 0);
	become_nobody();
	ck_assert_int_eq(begin(), E_READONLY);
	become_again();
	ck_assert_int_eq(fchmodat(x.fd, part, 0755, 0), 0);
	ck_assert_ptr_null(p);
}
END_TEST

/* Of a part that this user may not use, and whose it is. */
START_TEST(whose_a_part_is_that_may_not_be_used_is_told)
{
	static const struct {
		const char *part;
		mode_t mode;
	} parts[] = {{"ONCE", 0}, {"ONCE", 0555}, {"ONCE/b", 0}, {"ONCE/b", 0555}, {"ONCE/g", 0}, {"ONCE/g", 0555},
	    {"ONCE/" STICK_PROBE, 0}, {"ONCE/" STICK_PROBE, 0444}};

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		prepare();
		ck_assert_int_eq(fchmod(x.fd, 0777), 0);
		ck_assert_int_eq(fchmodat(x.fd, "ONCE", 0777, 0), 0);
		ck_assert_int_eq(fchmodat(x.fd, "ONCE/b", 0777, 0), 0);
		ck_assert_int_eq(fchmodat(x.fd, "ONCE/g", 0777, 0), 0);
		ck_assert_int_eq(fchmodat(x.fd, "ONCE/" STICK_PROBE, 0666, 0), 0);
		ck_assert_int_eq(fchmodat(x.fd, parts[i].part, parts[i].mode, 0), 0);
		become_nobody();
		begin();
		become_again();
		ck_assert_msg(p == NULL && fault.err == E_READONLY && fault.sys == EACCES, "%s %o: %s, %d", parts[i].part,
		    (unsigned)parts[i].mode, err_name(fault.err), fault.sys);
		ck_assert_msg(fault.owned && fault.owner == getuid(), "%s %o: of nobody", parts[i].part, (unsigned)parts[i].mode);
		ck_assert_msg(fault.step[0] != '\0' && fault.object[0] != '\0', "%s", parts[i].part);
		ck_assert_int_eq(fchmodat(x.fd, parts[i].part, 0777, 0), 0);
		teardown();
		setup();
	}
}
END_TEST

/* ---- what an interrupted prepare leaves ---- */

START_TEST(a_first_prepare_that_was_cut_short_is_taken_over)
{
	/* The steps of the first prepare, in order: all but the last _i are undone. */
	static const char *const files[] = {"ONCE/stick.b", "ONCE/stick.a", "ONCE/probe"};
	static const char *const dirs[] = {"ONCE/g", "ONCE/b", "ONCE"};

	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	provision_end(&p);
	for (int i = 0; i < _i && i < 3; i++)
		ck_assert_int_eq(unlinkat(x.fd, files[i], 0), 0);
	for (int i = 3; i < _i; i++)
		ck_assert_int_eq(unlinkat(x.fd, dirs[i - 3], AT_REMOVEDIR), 0);
	found(_i < 2 ? PROVISION_OURS : PROVISION_EMPTY);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_eq(p->debris, 0);
	write_bundle(bundle_id);
	ck_assert_int_eq(write_grant(GRANT), E_OK);
	provision_end(&p);
	found(PROVISION_OURS);
	ck_assert_uint_eq(p->grants.count, 1);
	ck_assert(exists(&x, "ONCE/stick.a") && exists(&x, "ONCE/stick.b"));
}
END_TEST

static void
stick_records_are_alike(void)
{
	size_t na = 0, nb = 0;
	uint8_t *a = get_file(&x, "ONCE/stick.a", &na), *b = get_file(&x, "ONCE/stick.b", &nb);

	ck_assert_uint_eq(na, RECORD_SIZE);
	ck_assert_uint_eq(nb, RECORD_SIZE);
	ck_assert_mem_eq(a, b, RECORD_SIZE);
	free(a);
	free(b);
}

/* The copy that is another stick's, as if somebody had put it there, or this one's as it was, is not left. */
START_TEST(a_second_copy_that_is_not_this_record_is_written_anew)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	provision_end(&p);
	if (_i == 0)
		put_stick_record(&x, "ONCE/stick.a", STICK, 2, OURS);
	else
		put_file(&x, "ONCE/stick.b", "short", 5);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	stick_records_are_alike();
}
END_TEST

START_TEST(torn_first_records_are_written_anew)
{
	static const uint8_t torn[RECORD_SIZE] = "torn";

	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	put_file(&x, "ONCE/stick.b", torn, sizeof torn);
	if (_i == 1)
		put_file(&x, "ONCE/stick.a", torn, 0);
	else
		put_bundle(&x, 0x31, true);
	found(_i == 1 ? PROVISION_EMPTY : PROVISION_OURS);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_eq(p->debris, _i == 1 ? 0 : 1);
	stick_records_are_alike();
}
END_TEST

START_TEST(debris_is_removed_and_nothing_else)
{
	prepare();
	put_bundle(&x, 0x31, false);
	put_bundle(&x, 0x32, true);
	put_grant(&x, OURS, STICK, 0x20, BUNDLE);
	ck_assert_int_eq(renameat(x.fd, grant_path(path, 0x20, ""), x.fd, "ONCE/g/20202020202020202020202020202020.tmp"), 0);
	put_grant(&x, OURS, STICK, 0x21, 0x33);
	ck_assert_int_eq(renameat(x.fd, grant_path(path, 0x21, ""), x.fd, "ONCE/g/21212121212121212121212121212121.new"), 0);
	put_bundle(&x, 0x33, true);
	put_grant(&x, OURS, STICK + 1, 0x22, 0x34);
	put_bundle(&x, 0x34, true);
	put_dir(&x, "ONCE/b/notes");
	put_file(&x, "ONCE/g/notes.tmp", "x", 1);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_eq(p->debris, 3);
	ck_assert(!exists(&x, bundle_path(path, 0x31, "")));
	ck_assert(!exists(&x, bundle_path(path, 0x32, "")));
	ck_assert(!exists(&x, grant_path(path, 0x20, ".tmp")));
	ck_assert(exists(&x, grant_path(path, 0x21, ".new/lock.b")));
	ck_assert(exists(&x, bundle_path(path, 0x33, "/manifest.cose")));
	ck_assert(exists(&x, bundle_path(path, 0x34, "/manifest.cose")));
	ck_assert(exists(&x, bundle_path(path, BUNDLE, "/00000000.seg")));
	ck_assert(exists(&x, grant_path(path, GRANT, "/lock.a")));
	ck_assert(exists(&x, "ONCE/b/notes"));
	ck_assert(exists(&x, "ONCE/g/notes.tmp"));
}
END_TEST

START_TEST(a_bundle_that_an_unreadable_grant_may_name_is_kept)
{
	prepare();
	put_bundle(&x, 0x31, true);
	put_bundle(&x, 0x32, false);
	put_file(&x, grant_path(path, GRANT, "/grant.cose"), "junk", 4);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert_uint_eq(p->debris, 1);
	ck_assert(exists(&x, bundle_path(path, 0x31, "")));
	ck_assert(exists(&x, bundle_path(path, BUNDLE, "")));
	ck_assert(!exists(&x, bundle_path(path, 0x32, "")));
}
END_TEST

START_TEST(cleaning_an_empty_stick_does_nothing)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert(!exists(&x, "ONCE"));
}
END_TEST

/* ---- limits ---- */

/* hostile 67 */
START_TEST(more_than_is_free_does_not_fit)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_space(p, 0, &fault), E_OK);
	ck_assert_int_eq(provision_space(p, 4096, &fault), E_OK);
	ck_assert_int_eq(provision_space(p, UINT64_MAX, &fault), E_SPACE);
	ck_assert_int_eq(fault.err, E_SPACE);
	ck_assert_int_eq(fault.sys, ENOSPC);
	ck_assert_str_eq(fault.step, "free space");
	ck_assert_str_eq(fault.object, "18446744073709551615 bytes needed");
	medium.f_bavail = 10;
	for (medium.f_frsize = 0; medium.f_frsize <= 512; medium.f_frsize += 512) {
		const uint64_t unit = medium.f_frsize > 0 ? medium.f_frsize : 1;

		lies = true;
		ck_assert_int_eq(provision_space(p, 10 * unit, &fault), E_OK);
		ck_assert_int_eq(provision_space(p, 10 * unit - unit / 2, &fault), E_OK);
		ck_assert_int_eq(provision_space(p, 10 * unit + 1, &fault), E_SPACE);
	}
	medium.f_flag = ST_RDONLY;
	ck_assert_int_eq(begin(), E_READONLY);
	ck_assert(fault.sys == EROFS && strcmp(fault.step, "file system") == 0 && strcmp(fault.object, "stick") == 0);
}
END_TEST

/* hostile 31 */
START_TEST(a_65th_grant_does_not_fit)
{
	int fd = -1;

	prepare();
	for (uint8_t i = 1; i < 64; i++)
		put_grant(&x, OURS, STICK, i, BUNDLE);
	ck_assert_int_eq(begin(), E_OK);
	fill_id(bundle_id, 0x77);
	ck_assert_int_eq(provision_bundle_dir(p, bundle_id, &fd, &fault), E_SPACE);
	ck_assert_int_eq(fd, -1);
	ck_assert(fault.why == WHY_ENTRIES && fault.sys == 0);
	ck_assert_str_eq(fault.object, "ONCE/g is full");
	ck_assert(!exists(&x, bundle_path(path, 0x77, "")));
	ck_assert_int_eq(write_grant(0x77), E_SPACE);
	ck_assert(!exists(&x, grant_path(path, 0x77, "")));
	ck_assert(!exists(&x, grant_path(path, 0x77, ".tmp")));
}
END_TEST

/* hostile 31 */
START_TEST(directories_that_are_nothing_leave_room)
{
	int fd = -1;

	prepare();
	for (uint8_t i = 1; i <= 100; i++)
		put_dir(&x, i % 2 == 0 ? grant_path(path, i, "") : bundle_path(path, i, ""));
	ck_assert_int_eq(begin(), E_OK);
	fill_id(bundle_id, 0x77);
	ck_assert_int_eq(provision_bundle_dir(p, bundle_id, &fd, &fault), E_OK);
	close(fd);
	ck_assert_int_eq(write_grant(0x77), E_OK);
	ck_assert(exists(&x, grant_path(path, 0x77, "")));
}
END_TEST

/* A reader looks at so many names: one more would not be found, be they grants that are damaged or another stick's. */
/* hostile 31 */
START_TEST(a_grant_that_nobody_would_find_is_not_written)
{
	struct fault room = {0};
	char name[80];
	int fd = -1;

	prepare();
	put_grant(&x, OURS, STICK + 1, 0x20, BUNDLE);
	for (unsigned i = 0; i < STICK_LISTED_MAX - 3; i++) {
		snprintf(name, sizeof name, "ONCE/g/%032x", i);
		put_dir(&x, name);
	}
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_bundle_dir(p, grant_id, &fd, &fault), E_OK);
	close(fd);
	ck_assert_int_eq(write_grant(0x21), E_OK);
	ck_assert_int_eq(provision_bundle_dir(p, stick_id, &fd, &room), E_STICK_DAMAGED);
	ck_assert(room.why == WHY_CROWDED_GRANTS && room.sys == 0);
	ck_assert_str_eq(room.object, "ONCE/g");
	ck_assert_int_eq(write_grant(0x22), E_STICK_DAMAGED);
	ck_assert(!exists(&x, grant_path(path, 0x22, "")) && !exists(&x, grant_path(path, 0x22, ".tmp")));
}
END_TEST

/* hostile 31 */
START_TEST(directories_without_number_are_told)
{
	char name[80];

	prepare();
	for (unsigned i = 0; i < STICK_LISTED_MAX; i++) {
		snprintf(name, sizeof name, "ONCE/%s/%032x", _i == 0 ? "g" : "b", i);
		put_dir(&x, name);
	}
	ck_assert_int_eq(begin(), _i == 0 ? E_STICK_DAMAGED : E_OK);
	if (_i == 1)
		ck_assert_int_eq(provision_clean(p, &fault), E_STICK_DAMAGED);
	ck_assert_int_eq(fault.why, _i == 0 ? WHY_CROWDED_GRANTS : WHY_CROWDED_BUNDLES);
}
END_TEST

START_TEST(a_bundle_or_grant_that_is_there_is_not_overwritten)
{
	uint8_t before[32], after[32];
	int fd = -1;

	prepare();
	ck_assert_int_eq(begin(), E_OK);
	bare_hash(&x, before);
	ck_assert_int_eq(provision_bundle_dir(p, bundle_id, &fd, NULL), E_STICK_IO);
	ck_assert_int_eq(provision_manifest(p, bundle_id, BYTES("other", 5), NULL), E_STICK_IO);
	bare_hash(&x, after);
	ck_assert_mem_eq(before, after, 32);
	ck_assert_int_eq(write_grant(GRANT), E_STICK_IO);
	ck_assert(!exists(&x, grant_path(path, GRANT, ".tmp")));
}
END_TEST

START_TEST(cells_of_the_wrong_size_are_refused)
{
	struct grant g;
	uint8_t cells[BARE_SLOTS * 64] = {0};

	prepare();
	ck_assert_int_eq(begin(), E_OK);
	plain_grant(&g, OURS, STICK, 0x20, BUNDLE);
	ck_assert_int_eq(provision_grant(p, &g, BYTES("file", 4), BYTES(cells, BARE_SLOTS * (BARE_CELL - 1)), NULL), E_FAIL);
	g.slots = 0;
	ck_assert_int_eq(provision_grant(p, &g, BYTES("file", 4), BYTES(cells, 0), NULL), E_FAIL);
	ck_assert_int_eq(provision_grant(p, &g, BYTES("file", 4), BYTES(cells, BARE_CELL), &fault), E_FAIL);
	ck_assert(fault.sys == EINVAL && strcmp(fault.step, "size") == 0 && strcmp(fault.object, "grant") == 0);
	g.slots = GRANT_SLOTS_MAX + 1;
	ck_assert_int_eq(provision_grant(p, &g, BYTES("file", 4), BYTES(cells, (size_t)g.slots * BARE_CELL), NULL), E_FAIL);
	ck_assert(!exists(&x, grant_path(path, 0x20, ".tmp")));
	grant_free(&g);
}
END_TEST

/* ---- taking away ---- */

START_TEST(a_bundle_that_failed_is_dropped)
{
	prepare();
	ck_assert_int_eq(begin(), E_OK);
	provision_drop_bundle(p, bundle_id);
	ck_assert(!exists(&x, bundle_path(path, BUNDLE, "")));
	provision_drop_bundle(p, bundle_id);
	ck_assert_int_eq(provision_remove_bundle(p, bundle_id, &fault), E_OK);
}
END_TEST

/* A second name for a lock file shows what was left in it when it was removed. */
static void
watch(const char *name, const char *as)
{
	ck_assert_int_eq(linkat(x.fd, grant_path(path, GRANT, name), x.fd, as, 0), 0);
}

START_TEST(a_destroyed_grant_leaves_no_cell)
{
	uint8_t raw[RECORD_SIZE];
	uint8_t *a = NULL, *b = NULL;
	size_t na = 0, nb = 0;

	prepare();
	ck_assert_int_eq(begin(), E_OK);
	spent_record(raw, grant_id, 1);
	ck_assert_int_eq(stick_destroy_slot(p->stick, &p->grants.grants[0], 1, 0, raw, NULL), E_OK);
	watch("/lock.a", "a");
	watch("/lock.b", "b");
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], &fault), E_OK);
	ck_assert(!exists(&x, grant_path(path, GRANT, "")));
	ck_assert(!exists(&x, grant_path(path, GRANT, ".tmp")));
	a = get_file(&x, "a", &na);
	b = get_file(&x, "b", &nb);
	ck_assert_uint_eq(na, BARE_SLOTS * RECORD_SIZE);
	ck_assert_uint_eq(nb, na);
	ck_assert(sodium_is_zero(b, nb));
	ck_assert(sodium_is_zero(a, RECORD_SIZE));
	ck_assert_mem_eq(a + RECORD_SIZE, raw, RECORD_SIZE);
	ck_assert(sodium_is_zero(a + 2 * RECORD_SIZE, RECORD_SIZE));
	free(a);
	free(b);
}
END_TEST

START_TEST(odd_lock_files_are_destroyed_as_far_as_they_go)
{
	uint8_t *b = NULL;
	size_t n = 0;

	prepare();
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(unlinkat(x.fd, grant_path(path, GRANT, "/lock.a"), 0), 0);
	if (_i == 1)
		ck_assert_int_eq(mkfifoat(x.fd, grant_path(path, GRANT, "/lock.a"), 0666), 0);
	if (_i == 2)
		put_dir(&x, grant_path(path, GRANT, "/lock.a"));
	watch("/lock.b", "b");
	ck_assert_int_eq(truncate(bare_path(&x, "b", (char[512]){0}), 2 * RECORD_SIZE + 100), 0);
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], &fault), E_OK);
	b = get_file(&x, "b", &n);
	ck_assert_uint_eq(n, 2 * RECORD_SIZE + 100);
	ck_assert(sodium_is_zero(b, n));
	free(b);
	ck_assert(!exists(&x, grant_path(path, GRANT, "")));
}
END_TEST

START_TEST(a_grant_whose_cells_cannot_be_overwritten_is_not_removed)
{
	prepare();
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(fchmodat(x.fd, grant_path(path, GRANT, "/lock.b"), 0444, 0), 0);
	become_nobody();
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], &fault), E_READONLY);
	become_again();
	ck_assert(exists(&x, grant_path(path, GRANT, "/lock.b")));
	ck_assert_int_eq(fchmodat(x.fd, grant_path(path, GRANT, "/lock.b"), 0644, 0), 0);
	ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[0], NULL), E_OK);
	ck_assert(!exists(&x, grant_path(path, GRANT, "")));
}
END_TEST

static int
count_one(void *arg, const char *found)
{
	ck_assert(strncmp(found, "ONCE/", 5) == 0);
	++*(int *)arg;
	return 0;
}

static int
count_foreign(void)
{
	int count = 0;

	ck_assert_int_eq(provision_each_foreign(x.fd, count_one, &count), 0);
	return count;
}

/* hostile 81 */
START_TEST(a_folder_of_somebody_else_that_is_called_once_is_refused_untouched)
{
	static const char *const found[] = {"ONCE/photo.jpg", "ONCE/b/photo.jpg", "ONCE/g/photo", "ONCE/probe", "ONCE/stick.b",
	    "ONCE/notice.cose", "ONCE/b/21212121212121212121212121212121", "Once/photo.jpg", "once/a"};
	const char *at = found[_i], *slash = strchr(at, '/'), *last = strrchr(at, '/');
	char dir[64];

	snprintf(dir, sizeof dir, "%.*s", (int)(slash - at), at);
	put_dir(&x, dir);
	if (slash != last) {
		snprintf(dir, sizeof dir, "%.*s", (int)(last - at), at);
		put_dir(&x, dir);
	}
	put_file(&x, at, "mine", 4);
	refused(E_NO_STICK);
	ck_assert_str_eq(fault.object, at);
}
END_TEST

/* hostile 81 */
START_TEST(what_is_removed_on_the_way_leaves_what_is_not_ours)
{
	prepare();
	put_file(&x, grant_path(path, GRANT, "/photo.jpg"), "mine", 4);
	put_dir(&x, "ONCE/b/21212121212121212121212121212121");
	put_file(&x, "ONCE/b/21212121212121212121212121212121/00000000.seg", "old", 3);
	put_file(&x, "ONCE/b/21212121212121212121212121212121/photo.jpg", "mine", 4);
	put_dir(&x, "ONCE/b/21212121212121212121212121212121/00000001.seg");
	put_dir(&x, "ONCE/g/22222222222222222222222222222222.tmp");
	put_file(&x, "ONCE/g/22222222222222222222222222222222.tmp/photo.jpg", "mine", 4);
	put_dir(&x, "ONCE/g/photos");
	put_file(&x, "ONCE/g/photos/lock.a", "mine", 4);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_init(p, stick_id, seed, &fault), E_OK);
	ck_assert_int_eq(provision_clean(p, &fault), E_OK);
	ck_assert(!exists(&x, "ONCE/b/21212121212121212121212121212121/00000000.seg"));
	ck_assert_int_eq(count_foreign(), 5);
	for (size_t i = 0; i < p->grants.count; i++)
		ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[i], &fault), E_OK);
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	ck_assert_int_eq(count_foreign(), 5);
	ck_assert(exists(&x, "ONCE/g/photos/lock.a"));
}
END_TEST

/* Names that are nearly of the format, and things of another kind under a name that is: each is somebody else's. */
static const struct {
	const char *at;
	bool dir;
} strangers[] = {{"Probe", false}, {"stick.c", false}, {"stick.a2", false}, {"notice.cos", false}, {"room", true}, {"B", true},
    {"bb", true}, {"b/2121212121212121212121212121212", true}, {"b/212121212121212121212121212121210", true},
    {"b/2121212121212121212121212121212A", true}, {"b/22222222222222222222222222222222.tmp", true},
    {"b/23232323232323232323232323232323", false}, {"g/22222222222222222222222222222222.old", true},
    {"g/22222222222222222222222222222222.tmp.new", true}, {"g/22222222222222222222222222222222.TMP", true},
    {"g/23232323232323232323232323232323", false}, {"b/@/0000000.seg", false}, {"b/@/000000000.seg", false},
    {"b/@/00000000.sex", false}, {"b/@/photos12.seg", false}, {"b/@/0000000a.seg", false}, {"b/@/00000001.seg.tmp", false},
    {"b/@/00000002.seg", true}, {"b/@/manifest.cos", false}, {"g/#/lock.c", false}, {"g/#/lock.a2", false},
    {"g/#/grant.cose.tmp", false}, {"g/#/LOCK.B", false}};

#define STRANGERS (sizeof strangers / sizeof *strangers)

/* Where it is: @ is the bundle's id, # the grant's. */
static const char *
stranger(size_t i, char out[160])
{
	const char *at = strangers[i].at, *mark = strpbrk(at, "@#");

	if (mark == NULL)
		snprintf(out, 160, "ONCE/%s", at);
	else if (*mark == '@')
		snprintf(out, 160, "%s", bundle_path(path, BUNDLE, mark + 1));
	else
		snprintf(out, 160, "%s", grant_path(path, GRANT, mark + 1));
	return out;
}

static int
is_stranger(void *arg, const char *found)
{
	bool *told = arg;
	char at[160];
	size_t i = 0;

	while (i < STRANGERS && strcmp(stranger(i, at), found) != 0)
		i++;
	ck_assert_msg(i < STRANGERS && !told[i], "%s", found);
	told[i] = true;
	return 0;
}

/* What is open has another name behind FUSE until it is closed, which is a moment later. Nobody waits for anything else. */
START_TEST(what_another_process_closes_late_is_waited_for)
{
	char at[160];

	prepare();
	snprintf(at, sizeof at, "%s", bundle_path(path, BUNDLE, _i == 0 ? "/.fuse_hidden00000001" : "/photo.jpg"));
	put_file(&x, at, "open", 4);
	snprintf(hidden, sizeof hidden, "%.60s/%.90s", x.path, at);
	ck_assert_int_eq(begin(), E_OK);
	naps = 0;
	ck_assert_int_eq(provision_remove_bundle(p, bundle_id, &fault), E_OK);
	ck_assert_uint_eq(naps, _i == 0 ? 3 : 0);
	ck_assert(exists(&x, bundle_path(path, BUNDLE, "")) == (_i == 1));
	if (_i == 1)
		ck_assert(exists(&x, at));
}
END_TEST

/* hostile 81 */
START_TEST(what_is_nearly_of_the_format_is_somebody_elses)
{
	char at[160];

	prepare();
	for (size_t i = 0; i < STRANGERS; i++) {
		if (strangers[i].dir)
			put_dir(&x, stranger(i, at));
		else
			put_file(&x, stranger(i, at), "mine", 4);
	}
	ck_assert_int_eq(begin(), E_OK);
	for (int pass = 0; pass < 2; pass++) {
		bool told[STRANGERS] = {false};

		ck_assert_int_eq(provision_each_foreign(x.fd, is_stranger, told), 0);
		for (size_t i = 0; i < STRANGERS; i++)
			ck_assert_msg(told[i] && exists(&x, stranger(i, at)), "%s", strangers[i].at);
		if (pass == 0)
			ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	}
	ck_assert(!exists(&x, "ONCE/stick.a") && !exists(&x, "ONCE/stick.b") && !exists(&x, "ONCE/probe"));
	ck_assert(!exists(&x, bundle_path(path, BUNDLE, "/00000000.seg")));
	ck_assert(!exists(&x, bundle_path(path, BUNDLE, "/manifest.cose")));
	ck_assert(!exists(&x, grant_path(path, GRANT, "/lock.a")) && !exists(&x, grant_path(path, GRANT, "/grant.cose")));
}
END_TEST

START_TEST(once_is_removed_with_every_cell_and_the_ratchet_and_without_what_is_not_ours)
{
	static const char *const left[] = {"a", "new", "ratchet"};
	uint8_t *data = NULL;
	size_t n = 0;

	prepare();
	put_grant(&x, OURS, STICK, 0x21, BUNDLE);
	ck_assert_int_eq(renameat(x.fd, grant_path(path, 0x21, ""), x.fd, "ONCE/g/21212121212121212121212121212121.new"), 0);
	put_file(&x, grant_path(path, GRANT, "/grant.cose"), "junk", 4);
	put_file(&x, "ONCE/surprise", "x", 1);
	ck_assert_int_eq(symlinkat("/", x.fd, "ONCE/g/root"), 0);
	watch("/lock.a", "a");
	ck_assert_int_eq(linkat(x.fd, "ONCE/g/21212121212121212121212121212121.new/lock.a", x.fd, "new", 0), 0);
	ck_assert_int_eq(linkat(x.fd, "ONCE/stick.a", x.fd, "ratchet", 0), 0);
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	ck_assert(exists(&x, "ONCE/surprise") && exists(&x, "ONCE/g/root"));
	ck_assert(!exists(&x, "ONCE/b") && !exists(&x, "ONCE/stick.a") && !exists(&x, "ONCE/probe"));
	ck_assert_int_eq(count_foreign(), 2);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/surprise", 0), 0);
	ck_assert_int_eq(unlinkat(x.fd, "ONCE/g/root", 0), 0);
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	ck_assert_int_eq(p->state, PROVISION_EMPTY);
	for (size_t i = 0; i < 3; i++) {
		data = get_file(&x, left[i], &n);
		ck_assert(sodium_is_zero(data, n));
		free(data);
	}
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	ck_assert_int_eq(init(), E_OK);
	write_bundle(bundle_id);
	ck_assert_int_eq(write_grant(GRANT), E_OK);
	provision_end(&p);
	found(PROVISION_OURS);
}
END_TEST

/* ---- cut short anywhere ---- */

/* Run job in another process that dies before its change number n. Return true if it came to its end before. */
static bool
run_and_die(void (*job)(void), unsigned n)
{
	int status = 0;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		die_before = n;
		job();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 7);
	return WEXITSTATUS(status) == 0;
}

/* Hundreds of flushes: where they cost nothing, if there is such a place. */
static void
move_to_memory(void)
{
	if (access("/dev/shm", W_OK) != 0)
		return;
	bare_close(&x);
	bare_open_at(&x, "/dev/shm");
}

static void
all_slots_are_live(void)
{
	struct stick_slot slot;

	for (size_t i = 0; i < p->grants.count; i++) {
		for (uint32_t j = 0; j < BARE_SLOTS; j++) {
			ck_assert_int_eq(stick_read_slot(p->stick, &p->grants.grants[i], j, true, &slot, NULL), E_OK);
			ck_assert_int_eq(slot.a, RECORD_IS_LIVE);
			ck_assert_int_eq(slot.b, RECORD_IS_LIVE);
			ck_assert(slot.whole);
		}
	}
}

/* hostile 67 */
START_TEST(a_prepare_cut_short_anywhere_can_be_done_again)
{
	unsigned n = 1;
	bool whole = false;
	uint8_t second[ID_SIZE];

	move_to_memory();
	fill_id(second, 0x77);
	for (; !whole; n++) {
		whole = run_and_die(prepare, n);
		ck_assert_int_eq(begin(), E_OK);
		ck_assert_uint_le(p->grants.count, 1);
		ck_assert_uint_eq(p->grants.skipped, 0);
		if (p->grants.count == 1)
			all_slots_are_live();
		ck_assert_int_eq(init(), E_OK);
		ck_assert_int_eq(provision_clean(p, &fault), E_OK);
		ck_assert(exists(&x, bundle_path(path, BUNDLE, "")) == (p->grants.count == 1));
		write_bundle(second);
		ck_assert_int_eq(write_grant(0x20), E_OK);
		provision_end(&p);
		found(PROVISION_OURS);
		all_slots_are_live();
		ck_assert(exists(&x, "ONCE/stick.a") && exists(&x, "ONCE/stick.b"));
		ck_assert_int_eq(provision_remove_once(p, NULL), E_OK);
		provision_end(&p);
	}
	ck_assert_uint_gt(n, 20);
}
END_TEST

static void
erase(void)
{
	ck_assert_int_eq(begin(), E_OK);
	for (size_t i = 0; i < p->grants.count; i++)
		ck_assert_int_eq(provision_destroy_grant(p, &p->grants.grants[i], &fault), E_OK);
	ck_assert_int_eq(provision_remove_bundle(p, bundle_id, &fault), E_OK);
	ck_assert_int_eq(provision_remove_once(p, &fault), E_OK);
	provision_end(&p);
}

START_TEST(an_erase_cut_short_anywhere_can_be_done_again)
{
	unsigned n = 1;

	move_to_memory();
	for (bool whole = false; !whole; n++) {
		prepare();
		whole = run_and_die(erase, n);
		ck_assert_int_eq(begin(), E_OK);
		if (p->once_fd != -1 && p->state == PROVISION_EMPTY)
			ck_assert(!exists(&x, grant_path(path, GRANT, "")));
		provision_end(&p);
		if (exists(&x, "ONCE"))
			erase();
		ck_assert(!exists(&x, "ONCE"));
	}
	ck_assert_uint_gt(n, 15);
}
END_TEST

START_TEST(a_grant_is_read_back_from_the_medium)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	reads = from_memory = 0;
	ck_assert_int_eq(write_grant(GRANT), E_OK);
	ck_assert_uint_ge(reads, 3); /* grant.cose and both lock files */
	ck_assert_uint_ge(dropped.count, 3);
	ck_assert_uint_eq(from_memory, 0);
}
END_TEST

START_TEST(a_grant_that_does_not_read_back_is_taken_away)
{
	ck_assert_int_eq(begin(), E_OK);
	ck_assert_int_eq(init(), E_OK);
	drop_writes = true;
	ck_assert_int_eq(write_grant(GRANT), E_STICK_IO);
	drop_writes = false;
	ck_assert_str_eq(fault.step, "read back");
	ck_assert_int_eq(fault.sys, EBADMSG); /* not a medium that fails: one that forgets */
	ck_assert(!exists(&x, grant_path(path, GRANT, "")));
	ck_assert(!exists(&x, grant_path(path, GRANT, ".tmp")));
}
END_TEST

/* ---- changes that fail ---------------------------------------------------------------------------------------------------- */

static enum err
by_init(void)
{
	return init();
}

static enum err
by_clean(void)
{
	return provision_clean(p, &fault);
}

static enum err
by_bundle(void)
{
	uint8_t id[ID_SIZE] = {0x0b};
	int fd = -1;
	enum err err = provision_bundle_dir(p, id, &fd, &fault);

	if (fd >= 0)
		close(fd);
	return err != E_OK ? err : provision_manifest(p, id, BYTES("manifest", 8), &fault);
}

static enum err
by_grant(void)
{
	return write_grant(GRANT + 1);
}

static enum err
by_destroying(void)
{
	return provision_destroy_grants(p, &fault);
}

static enum err
by_removing_a_bundle(void)
{
	return provision_remove_bundle(p, bundle_id, &fault);
}

static enum err
by_removing_all(void)
{
	return provision_remove_once(p, &fault);
}

/* What cannot be made, written, flushed, renamed or removed is not done. */
START_TEST(a_change_that_fails_is_told)
{
	static enum err (*const all[])(void) = {
	    by_init, by_clean, by_bundle, by_grant, by_destroying, by_removing_a_bundle, by_removing_all};
	enum err err = E_OK;
	unsigned n = 0;

	for (changes = 0; changes >= n;) {
		if (_i > 0) {
			prepare();
			ck_assert(mkdirat(x.fd, "ONCE/g/00112233445566778899aabbccddeeff.tmp", 0700) == 0);
			ck_assert(mkdirat(x.fd, "ONCE/b/00112233445566778899aabbccddeeff", 0700) == 0);
		}
		ck_assert_int_eq(begin(), E_OK);
		changes = 0;
		fail_at = ++n;
		err = all[_i]();
		fail_at = 0;
		if (all[_i] == by_removing_a_bundle && err == E_OK) /* a second try may have done it */
			ck_assert(!exists(&x, "ONCE/b/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"));
		else if (changes >= n ? err == E_OK || fault.err != err : err != E_OK)
			ck_abort_msg("%d: change %u of %u: %d, %d", _i, n, changes, (int)err, (int)fault.err);
		else if (all[_i] == by_grant)
			ck_assert_int_eq(exists(&x, grant_path(path, GRANT + 1, "")), err == E_OK);
		provision_end(&p);
		bare_close(&x);
		bare_open(&x);
	}
	ck_assert_uint_gt(n, 2);
}
END_TEST

SUITE("provision", .setup = setup, .teardown = teardown, .timeout = 120)
{
	tcase_add_test(t, a_fresh_stick_is_looked_at_without_a_trace);
	tcase_add_test(t, init_makes_a_stick_whatever_the_umask);
	tcase_add_test(t, a_stick_record_of_init_has_r_1);
	tcase_add_test(t, a_bundle_a_notice_and_a_grant_can_be_read_back);
	tcase_add_test(t, adding_to_a_stick_of_ours_keeps_record_and_grants);
	tcase_add_test(t, a_stick_that_installed_refills_is_still_ours);
	tcase_add_test(t, an_impossible_number_of_refills_is_damage);
	tcase_add_test(t, a_second_process_is_told_to_wait);
	tcase_add_test(t, of_two_that_found_an_empty_stick_one_makes_it);
	tcase_add_test(t, a_stick_whose_probe_is_gone_is_locked_before_it_is_erased);
	tcase_add_test(t, a_stick_with_a_ratchet_of_another_issuer_is_refused_untouched);
	tcase_add_loop_test(t, a_grant_of_another_issuer_is_refused_wherever_it_lies, 0, 3);
	tcase_add_test(t, grants_without_a_stick_record_are_damage);
	tcase_add_loop_test(t, parts_that_are_not_what_they_should_be_are_damage, 0, 4);
	tcase_add_loop_test(t, a_stick_that_may_not_be_written_is_readonly, 0, 3);
	tcase_add_test(t, whose_a_part_is_that_may_not_be_used_is_told);
	tcase_add_loop_test(t, a_first_prepare_that_was_cut_short_is_taken_over, 0, 7);
	tcase_add_loop_test(t, a_second_copy_that_is_not_this_record_is_written_anew, 0, 2);
	tcase_add_loop_test(t, torn_first_records_are_written_anew, 0, 2);
	tcase_add_test(t, debris_is_removed_and_nothing_else);
	tcase_add_test(t, a_bundle_that_an_unreadable_grant_may_name_is_kept);
	tcase_add_test(t, cleaning_an_empty_stick_does_nothing);
	tcase_add_test(t, more_than_is_free_does_not_fit);
	tcase_add_test(t, a_65th_grant_does_not_fit);
	tcase_add_test(t, directories_that_are_nothing_leave_room);
	tcase_add_test(t, a_grant_that_nobody_would_find_is_not_written);
	tcase_add_loop_test(t, directories_without_number_are_told, 0, 2);
	tcase_add_test(t, a_bundle_or_grant_that_is_there_is_not_overwritten);
	tcase_add_test(t, cells_of_the_wrong_size_are_refused);
	tcase_add_test(t, a_bundle_that_failed_is_dropped);
	tcase_add_test(t, a_destroyed_grant_leaves_no_cell);
	tcase_add_loop_test(t, odd_lock_files_are_destroyed_as_far_as_they_go, 0, 3);
	tcase_add_test(t, a_grant_whose_cells_cannot_be_overwritten_is_not_removed);
	tcase_add_test(t, a_prepare_cut_short_anywhere_can_be_done_again);
	tcase_add_test(t, an_erase_cut_short_anywhere_can_be_done_again);
	tcase_add_test(t, a_grant_is_read_back_from_the_medium);
	tcase_add_test(t, a_grant_that_does_not_read_back_is_taken_away);
	tcase_add_loop_test(t, a_change_that_fails_is_told, 0, 7);
	tcase_add_test(t, once_is_removed_with_every_cell_and_the_ratchet_and_without_what_is_not_ours);
	tcase_add_loop_test(t, a_folder_of_somebody_else_that_is_called_once_is_refused_untouched, 0, 9);
	tcase_add_test(t, what_is_removed_on_the_way_leaves_what_is_not_ours);
	tcase_add_loop_test(t, what_another_process_closes_late_is_waited_for, 0, 2);
	tcase_add_test(t, what_is_nearly_of_the_format_is_somebody_elses);
}
