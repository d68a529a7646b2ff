#!/bin/sh
# AF_UNIX, SOCK_SEQPACKET: who closes with something unread hides, for one call, what he had sent before.
#
# Guess: what was sent before close(2) is in the other side's queue, and is received first, as on a stream; then comes an error or the end.
# Seen (Linux 6.18): where the one who closes had not read all that was sent to him, the other side's next recv(2) is ECONNRESET with
# SOCK_SEQPACKET, and only the one after it gets the message that was there all the time. With SOCK_STREAM it is the other way round:
# first the message, then ECONNRESET. A reader of packets who takes the first error for the end loses the last word.
#
# Needs: python3. Installs nothing.
set -eu
. "$(dirname "$0")/fetch"
command -v python3 >/dev/null || cannot "no python3 here"

cat >"$work/reset.py" <<'PY'
import socket

WORD, RESET = 'the last word', 'ECONNRESET'
AS_FOUND = {
    (socket.SOCK_STREAM, False): [WORD, 'end', 'end'],
    (socket.SOCK_STREAM, True): [WORD, RESET, 'end'],
    (socket.SOCK_SEQPACKET, False): [WORD, 'end', 'end'],
    (socket.SOCK_SEQPACKET, True): [RESET, WORD, 'end'],
}


def heard(kind, unread):
    ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
    if unread:
        ours.send(b'a question that nobody reads')
    theirs.send(WORD.encode())
    theirs.close()
    for _ in range(3):
        try:
            yield ours.recv(100).decode() or 'end'
        except ConnectionResetError:
            yield RESET


for (kind, unread), want in AS_FOUND.items():
    got = list(heard(kind, unread))
    print(f'{kind.name}, {"something" if unread else "nothing"} unread: {got}')
    assert got == want
PY
python3 "$work/reset.py"
echo "seen: Linux $(uname -r | cut -d. -f1-2): packets: the error first, then what was sent before it"
