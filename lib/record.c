/*
 * record.c - records, their merge, and the destroying write.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "kdf.h"
#include "stickio.h"

#define MAGIC_SIZE 8u
#define AT_ID 8u
#define AT_NUMBER 24u
#define AT_LENGTH 28u
#define AT_RESERVED 30u
#define AT_BODY 32u
#define AT_CHECKSUM 4064u

static const char magics[][MAGIC_SIZE + 1] = {
    [RECORD_LIVE] = "ONCELIVE",
    [RECORD_SPENT] = "ONCESPNT",
    [RECORD_STICK] = "ONCESTIK",
};

static void
checksum(uint8_t out[HASH_SIZE], const uint8_t raw[RECORD_SIZE])
{
	kdf_hash(out, "once1/record", &BYTES(raw, AT_CHECKSUM), 1);
}

void
record_encode(uint8_t out[RECORD_SIZE], enum record_kind kind, const uint8_t id[ID_SIZE], uint32_t number, struct bytes body)
{
	memset(out, 0, RECORD_SIZE);
	memcpy(out, magics[kind], MAGIC_SIZE);
	memcpy(out + AT_ID, id, ID_SIZE);
	store_le32(out + AT_NUMBER, number);
	store_le16(out + AT_LENGTH, (uint16_t)body.n);
	if (body.n > 0)
		memcpy(out + AT_BODY, body.p, body.n);
	checksum(out + AT_CHECKSUM, out);
}

/* Check what does not depend on the place: the magic, a body of min to max bytes, zeros around it, and the checksum. */
static bool
well_formed(const uint8_t raw[RECORD_SIZE], enum record_kind kind, size_t min, size_t max)
{
	uint8_t sum[HASH_SIZE];
	size_t n = load_le16(raw + AT_LENGTH);

	if (memcmp(raw, magics[kind], MAGIC_SIZE) != 0)
		return false;
	if (n < min || n > max || n > RECORD_BODY_MAX)
		return false;
	if (load_le16(raw + AT_RESERVED) != 0 || !sodium_is_zero(raw + AT_BODY + n, AT_CHECKSUM - AT_BODY - n))
		return false;
	checksum(sum, raw);
	return memcmp(sum, raw + AT_CHECKSUM, HASH_SIZE) == 0;
}

enum record_state
record_slot_state(
    const uint8_t raw[RECORD_SIZE], const uint8_t grant_id[ID_SIZE], uint32_t slot, size_t cell_size, struct bytes *body)
{
	enum record_state state = RECORD_IS_DAMAGED;

	*body = BYTES(NULL, 0);
	if (memcmp(raw + AT_ID, grant_id, ID_SIZE) != 0 || load_le32(raw + AT_NUMBER) != slot)
		return RECORD_IS_DAMAGED;
	if (well_formed(raw, RECORD_LIVE, cell_size, cell_size))
		state = RECORD_IS_LIVE;
	else if (well_formed(raw, RECORD_SPENT, MAC_SIZE + 1, MAC_SIZE + RECEIPT_MAX))
		state = RECORD_IS_SPENT;
	else
		return RECORD_IS_DAMAGED;
	*body = BYTES(raw + AT_BODY, load_le16(raw + AT_LENGTH));
	return state;
}

enum record_state
record_merge(enum record_state a, enum record_state b, bool equal)
{
	if (a == RECORD_IS_SPENT || b == RECORD_IS_SPENT)
		return RECORD_IS_SPENT;
	if (a == RECORD_IS_LIVE && b == RECORD_IS_LIVE)
		return equal ? RECORD_IS_LIVE : RECORD_IS_DAMAGED;
	return a == RECORD_IS_LIVE || b == RECORD_IS_LIVE ? RECORD_IS_LIVE : RECORD_IS_DAMAGED;
}

bool
record_stick(const uint8_t raw[RECORD_SIZE], uint8_t stick_id[ID_SIZE], uint32_t *n, uint8_t r[KEY_SIZE])
{
	bool any = sodium_is_zero(stick_id, ID_SIZE);

	if (sodium_is_zero(raw + AT_ID, ID_SIZE) || (!any && memcmp(raw + AT_ID, stick_id, ID_SIZE) != 0))
		return false;
	if (!well_formed(raw, RECORD_STICK, KEY_SIZE, KEY_SIZE))
		return false;
	memcpy(stick_id, raw + AT_ID, ID_SIZE);
	*n = load_le32(raw + AT_NUMBER);
	memcpy(r, raw + AT_BODY, KEY_SIZE);
	return true;
}

int
record_read(int fd, uint32_t number, uint8_t raw[RECORD_SIZE])
{
	return stickio_read_full(fd, raw, RECORD_SIZE, (uint64_t)number * RECORD_SIZE);
}

/* One destroying write, and how far it is. */
struct overwrite {
	int dir_fd;
	const char *name;
	uint64_t off;
	const uint8_t *rec; /* aligned for O_DIRECT, as is check */
	uint8_t *check;
	const char *step;
};

static const char step_flush[] = "fdatasync";

static int
overwrite_fd(struct overwrite *o, int fd)
{
	o->step = "write";
	if (stickio_write_full(fd, o->rec, RECORD_SIZE, o->off) != 0)
		return -1;
	o->step = step_flush;
	if (fdatasync(fd) != 0)
		return -1;
	o->step = "read back";
	(void)posix_fadvise(fd, (off_t)o->off, RECORD_SIZE, POSIX_FADV_DONTNEED);
	if (stickio_read_full(fd, o->check, RECORD_SIZE, o->off) != 0)
		return -1;
	if (memcmp(o->check, o->rec, RECORD_SIZE) == 0)
		return 0;
	errno = EIO;
	return -1;
}

static int
overwrite_once(struct overwrite *o, int flags)
{
	uint64_t size = 0;
	int fd = -1, ret = -1, saved = 0;

	o->step = "open";
	if ((fd = stickio_open_file(o->dir_fd, o->name, O_RDWR | flags, &size)) == -1)
		return -1;
	o->step = "size";
	errno = EIO;
	if (size >= o->off + RECORD_SIZE)
		ret = overwrite_fd(o, fd);
	saved = errno;
	close(fd);
	errno = saved;
	return ret;
}

enum err
record_destroy(int dir_fd, const char *name, uint32_t number, const uint8_t rec[RECORD_SIZE], struct fault *f)
{
	alignas(RECORD_SIZE) uint8_t want[RECORD_SIZE];
	alignas(RECORD_SIZE) uint8_t check[RECORD_SIZE] = {0};
	struct overwrite o = {dir_fd, name, (uint64_t)number * RECORD_SIZE, want, check, ""};
	int flags = O_DIRECT;
	bool again = true;

	memcpy(want, rec, RECORD_SIZE);
	while (overwrite_once(&o, flags) != 0) {
		if (errno == EINVAL && flags != 0) {
			flags = 0;
		} else if (o.step == step_flush && again) {
			/*
			 * Linux reports a failed flush only once per open file, so only a new descriptor can tell whether the next
			 * one is good.
			 */
			again = false;
		} else {
			bool locked = errno == EROFS || errno == EACCES || errno == EPERM;
			enum err err = locked ? E_READONLY : stickio_err(errno, E_STICK_IO);

			fault_set(f, err, errno, o.step, "%s record %u", name, (unsigned)number);
			stickio_blame(f, dir_fd, name);
			return err;
		}
	}
	return E_OK;
}
