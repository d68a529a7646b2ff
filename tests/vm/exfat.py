"""exfat.py: the files on an exFAT image that may be damaged, as Linux would show them: {'/ONCE/probe': bytes, '/ONCE/g': None, ...}.

An entry set counts if it is complete and its name has the hash that it says: with another hash Linux lists the name, and finds no
such file. The checksum of the set is not asked, as Linux does not ask; fsck.exfat does. A chain ends where it leads to a free
cluster or nowhere. What lies beyond the valid length of a file is not there. Run as a program, "exfat.py IMAGE" says so much that
it can be compared with what sha256sum says in the mounted stick."""
import hashlib
import os
import struct
import sys

FILE, STREAM, NAME = 0x85, 0xc0, 0xc1
FOLDER, CONTIGUOUS = 0x10, 0x02
ENTRY, END_OF_FOLDER = 32, 0
NAME_UNITS = 15
LEVELS = 5


class Exfat:
    def __init__(self, fd):
        self.fd = fd
        boot = os.pread(fd, 512, 0)
        fat, _, heap, self.clusters, self.root = struct.unpack_from('<IIIII', boot, 80)
        self.fat, self.heap = fat << boot[108], heap << boot[108]
        self.cluster_size = 1 << boot[108] + boot[109]
        self.places = {} # where on the image each entry of a set is, and its path

    def chain(self, start, contiguous, size):
        seen = set()
        while 2 <= start < self.clusters + 2 and start not in seen and len(seen) * self.cluster_size < size:
            following = start + 1
            if not contiguous:
                following, = struct.unpack('<I', os.pread(self.fd, 4, self.fat + 4 * start))
                if following == 0:
                    return
            seen.add(start)
            yield start
            start = following

    def content(self, start, contiguous, size):
        return read_runs(self.fd, self.chain(start, contiguous, size), self.heap, self.cluster_size)[:size]

    def folder(self, start, contiguous, size):
        """Its entries: name, attributes, where they are, and what content() wants."""
        data, clusters = self.content(start, contiguous, size), list(self.chain(start, contiguous, size))
        kinds = data[:len(data) // ENTRY * ENTRY:ENTRY] + bytes([END_OF_FOLDER])
        entries = [data[at:at + ENTRY] for at in range(0, kinds.index(END_OF_FOLDER) * ENTRY, ENTRY)]
        for at, first in enumerate(entries):
            if first[0] != FILE:
                continue
            stream, *names = entries[at + 1:at + 1 + first[1]] or [b'\0']
            if len(names) != first[1] - 1 or stream[0] != STREAM or stream[3] > NAME_UNITS * len(names):
                continue
            names = names[:-(-stream[3] // NAME_UNITS)]
            units = b''.join(n[2:] for n in names)[:2 * stream[3]]
            if any(n[0] != NAME for n in names) or struct.unpack_from('<H', stream, 4)[0] != name_hash(units):
                continue
            valid, _, start, size = struct.unpack_from('<QIIQ', stream, 8)
            places = [self.heap + (clusters[n // self.cluster_size] - 2) * self.cluster_size + n % self.cluster_size
                      for n in range(ENTRY * at, ENTRY * (at + 1 + first[1]), ENTRY)]
            yield units.decode('utf-16-le', 'replace').replace('/', '_'), struct.unpack_from('<H', first, 4)[0], places, \
                (start, bool(stream[1] & CONTIGUOUS), min(valid, size))

    def files(self, where=None, path='', levels=LEVELS):
        found = {}
        where = where or (self.root, False, self.clusters * self.cluster_size)
        for name, attributes, places, where_below in self.folder(*where):
            below = f'{path}/{name}'
            self.places.update((place, below) for place in places)
            if not attributes & FOLDER:
                found[below] = self.content(*where_below)
            elif levels:
                found[below] = None
                found.update(self.files(where_below, below, levels - 1))
        return found


def read_runs(fd, clusters, begin, cluster_size):
    """What clusters have, the second being at BEGIN: of neighbours at once."""
    runs = []
    for cluster in clusters:
        if runs and cluster == sum(runs[-1]):
            runs[-1][1] += 1
        else:
            runs.append([cluster, 1])
    return b''.join(os.pread(fd, count * cluster_size, begin + (first - 2) * cluster_size) for first, count in runs)


def name_hash(units):
    """Of upper case, which is a table on the stick: names of ours are ASCII."""
    h = 0
    for byte in units.decode('utf-16-le', 'replace').upper().encode('utf-16-le', 'replace'):
        h = ((h << 15 | h >> 1) + byte) & 0xffff
    return h


if __name__ == '__main__':
    for file, held in sorted(Exfat(os.open(sys.argv[1], os.O_RDONLY)).files().items()):
        if held is not None:
            print(f'{hashlib.sha256(held).hexdigest()}  .{file}')
