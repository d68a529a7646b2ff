/*
 * fusestat.h - whether libfuse reads a struct stat as this program writes it.
 */
#ifndef FUSESTAT_H
#define FUSESTAT_H

#include <stdbool.h>

/* fusestat_fits(): false where libfuse was built with an off_t or a time_t of another size, and so finds sizes and times at other
 * places. Nothing need be mounted. */
bool fusestat_fits(void);

#endif
