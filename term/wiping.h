/*
 * wiping.h - memory for JSON (jansson) that contains codes: it is wiped when it is released.
 */
#ifndef WIPING_H
#define WIPING_H

/* wiping_json(): from now on wipe jansson's memory when it is released. Call it before making the first value. */
void wiping_json(void);

/* wiping_free(p): wipe and release p, which jansson returned since then, such as the text of json_dumps, or NULL. */
void wiping_free(void *p);

#endif
