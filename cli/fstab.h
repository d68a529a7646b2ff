/*
 * fstab.h - the program as mount(8) calls it, for fstab(5): mount.fuse.oncestick SOURCE DIR [-sfnv] [-N NAMESPACE] [-o OPTIONS].
 */
#ifndef FSTAB_H
#define FSTAB_H

#include "cli.h"

/*
 * fstab_main(c, argc, argv): open the stick SOURCE at DIR, as the options say. Return the exit status that mount(8) documents: 0, 1
 * (called incorrectly, or not permitted), 2 (the system failed), 8 (interrupted), 32 (not mounted). It has then said why.
 */
int fstab_main(struct cli *c, int argc, char **argv);

#endif
