/*
 * wiping.h - memory for JSON (jansson) that holds codes: what is released is wiped.
 */
#ifndef WIPING_H
#define WIPING_H

/* wiping_json(): jansson's memory is wiped when it is released, from now on. Before the first value is made. */
void wiping_json(void);

/* wiping_free(p): wipe and release what jansson returned since then, such as the text of json_dumps, or NULL. */
void wiping_free(void *p);

#endif
