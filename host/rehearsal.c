/*
 * rehearsal.c - what a session does before it spends a code, step by step.
 */
#include "rehearsal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "clock.h"
#include "fusefs.h"
#include "kdf.h"
#include "mountpoint.h"
#include "receipt.h"
#include "station.h"
#include "trial.h"

static void
tell(const struct rehearsal *r, enum rehearsal_found what)
{
	r->found(r->arg, what);
}

static enum err
try_stick(struct rehearsal *r, struct fault *f)
{
	struct unlock_env env = {.clock = clock_system(), .rehearsal = true};
	char dir[PATH_MAX];
	enum err err;

	if (station_dir(dir, sizeof dir) != 0)
		return fault_why(f, E_STATION, 0, WHY_NO_HOME, "station memory");
	if ((err = station_open(&r->station, dir, STATION_READ, f)) != E_OK)
		return err;
	if ((err = station_writable(r->station, f)) != E_OK)
		return err;
	env.memory = station_memory(r->station);
	r->usb = (struct usb_dir){USB_SYSFS, r->at.fd};
	env.factors = (struct unlock_factors){.usb = usb_dir_factor, .arg = &r->usb};
	if ((err = unlock_look(&r->unlock, r->at.fd, &env, &r->info, f)) != E_OK)
		return err;
	tell(r, REHEARSAL_STICK);
	if ((err = unlock_check(r->unlock, &r->info, f)) != E_OK)
		return err;
	tell(r, REHEARSAL_BUNDLE);
	if ((err = stick_open(&r->stick, r->at.fd, f)) == E_OK)
		err = stick_load_grants(r->stick, &r->grants, f);
	return err;
}

/* ---- the machine ------------------------------------------------------------------------------------------------------------ */

/* If there is no memory yet, check the place where it will be made. */
static enum err
try_fence(struct rehearsal *r, struct fault *f)
{
	char stick[PATH_MAX], station[PATH_MAX];
	struct trial t = {{stick, r->at.fd, station, false}, NULL};
	struct fence_filter *calls = NULL;
	enum err err;

	if (realpath(r->at.path, stick) == NULL)
		return fault_set(f, E_NO_STICK, errno, "open", "%s", r->at.path);
	if ((err = station_where(r->station, station, sizeof station, f)) != E_OK)
		return err;
	if ((t.calls = calls = fence_filter_new(FENCE_SESSION)) == NULL)
		return fault_set(f, E_FAIL, errno, "system call filter", "session");
	err = trial_run(&t, f);
	fence_filter_free(&calls);
	if (err == E_OK)
		tell(r, REHEARSAL_FENCE);
	return err;
}

static enum err
try_machine(struct rehearsal *r, struct fault *f)
{
	enum err err;

	if (!kdf_stretch_possible())
		return fault_set(f, E_MEMORY, 0, "Argon2id", "code");
	tell(r, REHEARSAL_MEMORY);
	if ((err = fusefs_possible(f)) != E_OK || (err = mountpoint_home(f)) != E_OK || (err = mountpoint_try(f)) != E_OK)
		return err;
	tell(r, REHEARSAL_FOLDER);
	if ((err = try_fence(r, f)) != E_OK)
		return err;
	if (r->info.memory_volatile)
		tell(r, REHEARSAL_FORGETFUL);
	return E_OK;
}

/* ---- times ------------------------------------------------------------------------------------------------------------------ */

static enum rehearsal_found
judge_clock(const struct clock_view *v)
{
	if (v->now < v->floor)
		return REHEARSAL_CLOCK_BEHIND;
	return (v->flags & RECEIPT_CLOCK_BACK) != 0 ? REHEARSAL_CLOCK_BACK : REHEARSAL_CLOCK;
}

/* Without a code, check whether any code could open a lecture. */
static enum err
try_times(struct rehearsal *r, struct fault *f)
{
	const struct clock_view *v = &r->info.clock;
	bool usable = false;
	enum err err = unlock_clock(r->unlock, &r->info, f);

	if (err != E_OK)
		return err;
	tell(r, judge_clock(v));
	for (size_t i = 0; i < r->grants.count; i++) {
		const struct policy *p = &r->grants.grants[i].policy;
		const bool over = v->t >= p->expires;

		r->lecture = &r->grants.grants[i];
		tell(r, over ? REHEARSAL_OVER : REHEARSAL_LECTURE);
		usable = usable || (!over && (v->t >= p->not_before || v->t == v->now));
		r->last = over && p->expires > r->last ? p->expires : r->last;
	}
	r->none_opens = !usable && !r->with_code;
	return r->none_opens ? fault_set(f, r->last == 0 ? E_EARLY : E_EXPIRED, 0, "times", "%s", r->at.path) : E_OK;
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------- */

enum err
rehearsal_try(struct rehearsal *r, struct fault *f)
{
	enum err err;

	if ((err = try_stick(r, f)) != E_OK || (err = try_machine(r, f)) != E_OK)
		return err;
	return try_times(r, f);
}

enum err
rehearsal_code(struct rehearsal *r, const char code[CODE_SYMBOLS], struct fault *f)
{
	enum err err = unlock_try(r->unlock, code, &r->info, f);

	r->early = err == E_EARLY && r->info.clock.t == r->info.clock.now;
	if (err != E_OK && !r->early)
		return err;
	fault_clear(f);
	tell(r, REHEARSAL_CODE);
	return E_OK;
}

enum err
rehearsal_read(const struct rehearsal *r, size_t i, struct bundle_check *check, struct fault *f)
{
	const struct grant_bundle *of = &r->grants.grants[i].bundles[0];
	struct bundle *b = NULL;
	enum err err = bundle_open(&b, r->stick->once_fd, of->id, of->manifest_hash, f);

	if (err == E_OK)
		err = bundle_verify(b, check, f);
	bundle_free(&b);
	return err;
}

void
rehearsal_end(struct rehearsal *r)
{
	stick_grants_free(&r->grants);
	stick_close(&r->stick);
	unlock_free(&r->unlock);
	station_close(&r->station);
}
