/*
 * stop.h - SIGINT as a flag: what is long asks it now and then; what waits gets EINTR.
 */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/* stop_install(): from now on the first SIGINT or SIGTERM only sets the flag; a second SIGINT while it is set kills as usual. */
void stop_install(void);

/* stop_asked(): whether the person wants to stop. */
bool stop_asked(void);

#endif
