#include "fusestat.h"

#define FUSE_USE_VERSION 314

#include <fuse_lowlevel.h>
#include <linux/fuse.h>
#include <string.h>

/* The one answer that libfuse makes without a mount: an entry of a listing, with everything that is in a struct stat. */
bool
fusestat_fits(void)
{
	struct fuse_entry_param e = {.ino = 2,
	    .attr = {.st_ino = 0x1234567890,
		.st_mode = S_IFREG | 0444,
		.st_nlink = 3,
		.st_uid = 4,
		.st_gid = 5,
		.st_size = 0x2345678901,
		.st_blocks = 0x3456789012,
		.st_mtim = {0x45678901, 6}}};
	struct fuse_direntplus d = {0};
	char buf[256] = {0};

	if (fuse_add_direntry_plus(NULL, buf, sizeof buf, "a", &e, 7) > sizeof buf)
		return false;
	memcpy(&d, buf, sizeof d);
	return d.entry_out.attr.ino == e.attr.st_ino && d.entry_out.attr.mode == e.attr.st_mode && d.entry_out.attr.nlink == 3 &&
	    d.entry_out.attr.uid == 4 && d.entry_out.attr.gid == 5 && d.entry_out.attr.size == (uint64_t)e.attr.st_size &&
	    d.entry_out.attr.blocks == (uint64_t)e.attr.st_blocks && d.entry_out.attr.mtime == (uint64_t)e.attr.st_mtim.tv_sec &&
	    d.entry_out.attr.mtimensec == 6 && d.dirent.off == 7;
}
