"""fat.py: the files on a FAT32 image that may be damaged, as Linux would show them: {'/ONCE/probe': bytes, '/ONCE/g': None, ...}.

A chain ends where it leads to a free cluster or nowhere; a folder without a cluster is empty; a long name whose parts do not
belong together is none, and the short one counts. mtools reads a sound image in the same way, which cuts.py checks, but follows a
folder without a cluster to the root, again and again."""
import itertools
import os
import struct

import exfat

END_OF_CHAIN, LAST_LONG, LONG_NAME, VOLUME, FOLDER, DELETED = 0x0ffffff8, 0x40, 0x0f, 0x08, 0x10, 0xe5
LOWER_BASE, LOWER_EXTENSION = 0x08, 0x10
LEVELS = 5


class Fat:
    def __init__(self, fd):
        self.fd = fd
        boot = os.pread(fd, 512, 0)
        sector, per_cluster, reserved, fats = struct.unpack_from('<HBHB', boot, 11)
        sectors, per_fat = struct.unpack_from('<I', boot, 32)[0], struct.unpack_from('<I', boot, 36)[0]
        self.root = struct.unpack_from('<I', boot, 44)[0]
        self.cluster_size, self.data = sector * per_cluster, sector * (reserved + fats * per_fat)
        self.clusters = (sectors * sector - self.data) // self.cluster_size
        self.fat = os.pread(fd, 4 * (self.clusters + 2), sector * reserved)

    def chain(self, start):
        seen = set()
        while 2 <= start < self.clusters + 2 and start not in seen:
            following = struct.unpack_from('<I', self.fat, 4 * start)[0] & 0x0fffffff
            if following == 0:
                return
            seen.add(start)
            yield start
            if following >= END_OF_CHAIN:
                return
            start = following

    def content(self, start, size=None):
        wanted = None if size is None else -(-size // self.cluster_size)
        return exfat.read_runs(self.fd, itertools.islice(self.chain(start), wanted), self.data, self.cluster_size)[:size]

    def folder(self, start):
        """Its entries: name, attributes, start, size."""
        data, long = self.content(start), []
        for at in range(0, len(data), 32):
            entry = data[at:at + 32]
            if entry[0] in (0, DELETED):
                long = []
            elif entry[11] == LONG_NAME:
                long = [entry] if entry[0] & LAST_LONG else long + [entry]
            else:
                name, parts = short_name(entry), long
                long = []
                if entry[11] & VOLUME or name in ('.', '..'):
                    continue
                high, low, size = struct.unpack_from('<H', entry, 20)[0], *struct.unpack_from('<HI', entry, 26)
                yield long_name(parts, entry) or name, entry[11], high << 16 | low, size

    def files(self, start=None, path='', levels=LEVELS):
        found = {}
        for name, attributes, first, size in self.folder(self.root if start is None else start):
            below = f'{path}/{name}'
            if not attributes & FOLDER:
                found[below] = self.content(first, size)
            elif levels:
                found[below] = None
                found.update(self.files(first, below, levels - 1))
        return found


def short_name(entry):
    base, extension = (entry[a:b].decode('ascii', 'replace').rstrip() for a, b in ((0, 8), (8, 11)))
    base = base.lower() if entry[12] & LOWER_BASE else base
    extension = extension.lower() if entry[12] & LOWER_EXTENSION else extension
    return f'{base}.{extension}' if extension else base


def long_name(parts, entry):
    checksum = 0
    for byte in entry[:11]:
        checksum = ((checksum >> 1) + (checksum << 7) + byte) & 0xff
    numbers = [p[0] & ~LAST_LONG for p in parts]
    if not parts or numbers != list(range(len(parts), 0, -1)) or any(p[13] != checksum for p in parts):
        return None
    text = b''.join(p[1:11] + p[14:26] + p[28:32] for p in reversed(parts)).decode('utf-16-le', 'replace')
    return text.split('\0', 1)[0].replace('/', '_')
