/*
 * stop.h - SIGINT as a flag: long work checks it now and then; a call that waits gets EINTR.
 */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>

/* stop_install(): from now on the first SIGINT or SIGTERM only sets the flag. While it is set, another SIGINT kills as usual. */
void stop_install(void);

/* stop_asked(): whether the person wants to stop. */
bool stop_asked(void);

#endif
