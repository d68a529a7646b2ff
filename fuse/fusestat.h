/*
 * fusestat.h - whether libfuse reads a struct stat as this program writes it.
 */
#ifndef FUSESTAT_H
#define FUSESTAT_H

#include <stdbool.h>

/*
 * fusestat_fits(): false if libfuse was built with an off_t or a time_t of another size, and so looks for sizes and times at other
 * offsets. Nothing needs to be mounted.
 */
bool fusestat_fits(void);

#endif
