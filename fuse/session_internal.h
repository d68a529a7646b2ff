/*
 * session_internal.h - what the two halves of the session module share: the command's requests and the entry point of the process.
 */
#ifndef SESSION_INTERNAL_H
#define SESSION_INTERNAL_H

#include <stdint.h>

#include "session.h"

enum session_op { SESSION_CODE = 1, SESSION_CONFIRM, SESSION_END, SESSION_PAUSE, SESSION_KEY };

struct session_request {
	uint32_t op;
	char code[CODE_SYMBOLS];        /* SESSION_CODE */
	struct unlock_key key;          /* SESSION_KEY */
};

/* session_run: the whole life of the session process. front and minder are its sockets. Never returns. */
_Noreturn void session_run(int front, int minder, const struct session_setup *setup);

#endif
