#!/bin/sh
# posix_fadvise(POSIX_FADV_WILLNEED) and readahead(2): of a long range only the beginning is read, and the answer is 0.
#
# Guess: the kernel begins to read the range that was named, at its own pace; readahead(2) "initiates readahead ... for count bytes".
# Seen (Linux 6.18, ext4): one call for 64 MiB brings in the device's read-ahead size (read_ahead_kb in /sys/class/bdi, 128 KiB on most
# PCs and USB sticks), or the largest request if that is more, and nothing beyond, whatever its length; POSIX_FADV_SEQUENTIAL doubles
# it. Calls of at most that size, one after the other, bring in all of it. A program that asks for a film in one call has asked for its
# first tenth of a second. So prepare asks in steps of 128 KiB.
#
# Needs: python3, a temporary folder on a disk (TMPDIR), not in RAM. Installs nothing.
set -eu
. "$(dirname "$0")/fetch"
command -v python3 >/dev/null || cannot "no python3 here"

cat >"$work/ask.py" <<'P'
import ctypes
import mmap
import os
import sys
import time

SIZE = 64 << 20
PAGE = mmap.PAGESIZE
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]


def resident(fd):
    """How many bytes of the file are in the page cache."""
    at = libc.mmap(None, SIZE, mmap.PROT_READ, mmap.MAP_SHARED, fd, 0)
    pages = ctypes.create_string_buffer(SIZE // PAGE)
    if libc.mincore(at, SIZE, pages) != 0:
        sys.exit(77)
    libc.munmap(at, SIZE)
    return sum(page & 1 for page in pages.raw) * PAGE


def settled(fd):
    """The same, once it no longer grows."""
    before = -1
    while before != (now := resident(fd)):
        before = now
        time.sleep(0.5)
    return now


def ask(fd, step):
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    if resident(fd) != 0:
        print("this file system keeps everything in RAM")
        sys.exit(77)
    for at in range(0, SIZE, step):
        os.posix_fadvise(fd, at, step, os.POSIX_FADV_WILLNEED)
    return settled(fd)


path = sys.argv[1]
with open(path, "wb") as file:
    file.write(os.urandom(SIZE))
    file.flush()
    os.fsync(file.fileno())
fd = os.open(path, os.O_RDONLY)
device = os.fstat(fd).st_dev
with open(f"/sys/class/bdi/{os.major(device)}:{os.minor(device)}/read_ahead_kb") as file:
    ahead = int(file.read()) << 10
if not 0 < ahead < SIZE // 4:
    print("the device's read-ahead is too large, or none, for this to be seen")
    sys.exit(77)
once, steps = ask(fd, SIZE), ask(fd, 128 << 10)
print(f"read-ahead of the device: {ahead >> 10} KiB")
print(f"one call for {SIZE >> 10} KiB: {once >> 10} KiB read; calls of 128 KiB: {steps >> 10} KiB read")
sys.exit(0 if once < SIZE // 2 and steps == SIZE else 1)
P
[ -e /sys/class/bdi ] || cannot "no /sys/class/bdi here"
status=0
python3 "$work/ask.py" "$work/film" || status=$?
[ "$status" -ne 77 ] || cannot "this needs a folder on a disk: TMPDIR"
[ "$status" -eq 0 ] && echo "seen: Linux $(uname -r | cut -d- -f1): WILLNEED reads no further than the read-ahead"
exit "$status"
