#!/usr/bin/env python3
"""cuts.py CUTCHECK LOG BASE PHASES WORK: what a stick holds after a power cut, at every write of its logged life.

A cut point is a place in the log of all writes (vm/run -l) and a set of the 512-byte sectors written since the last flush that
are lost. For each one, the image of then is made, and asked: what does fsck.vfat or fsck.exfat say, and what do the program's own
functions (CUTCHECK, on the files as fat.py or exfat.py reads them) make of it? PHASES has lines "NAME BYTES": what the log's first
BYTES bytes hold was written before the phase began. NAME-usable is when the code of the phase NAME had opened the folder. In a
phase named planted-* the program was deceived: the violation that follows from that must be found.

What a command has finished before the cut must be there, whatever is lost. What it was doing must be there whole or not at all:

  slots    others stay LIVE in both copies. The one that is spent goes LIVE LIVE, DAMAGED LIVE, SPENT LIVE, SPENT DAMAGED,
           SPENT SPENT, and is the last of these from when the key was usable. While a session ends, one copy of those that
           are spent may be DAMAGED, never both.
  grants   stay; a new one is not there, or every block of its bundle verifies, its slots are LIVE, its notice is known.
  refill   is accepted: its grant is there, and the stick record is the one after; or it is not, the record is the one before, and
           it can be accepted.
  notice   the one before or the one after.
  files    fsck has nothing to say of those that were finished. Of those that were not, it may say anything. Everywhere:
           lost clusters, the dirty bit, the count of free clusters, two FATs that differ (the first counts) are no fault.
           A spend changes no file's size: there it says nothing at all.

A line for each phase, with the first violations; WORK keeps the image of the first. Exit status 0 if all was as it should be."""
import contextlib
import hashlib
import importlib.machinery
import importlib.util
import itertools
import multiprocessing
import os
import random
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
import exfat  # noqa: E402 pylint: disable=wrong-import-position
import fat  # noqa: E402 pylint: disable=wrong-import-position
HERE = os.path.dirname(os.path.abspath(__file__))
SECTOR = 512
LAST, SOME = 100, 400 # cut points at the end of a phase, and of all that is before
PLANTED = {'planted-a': 'has copies (DAMAGED|LIVE) (DAMAGED|SPENT),',                    # B written before A was safe
           'planted-b': 'has copies SPENT (LIVE|DAMAGED), not SPENT SPENT',               # the key used before B was safe
           'planted-both': 'is LIVE .* after the key was usable',                         # the disaster: a second session
           'planted-prepare': 'its bundle is not|do not verify|are not whole|has copies'} # half a lecture that looks whole
SHARED = ['/', '/ONCE', '/ONCE/b', '/ONCE/g']
SPENDING = ['LIVE LIVE', 'DAMAGED LIVE', 'SPENT LIVE', 'SPENT DAMAGED', 'SPENT SPENT']
ENDING = ['SPENT SPENT', 'DAMAGED SPENT', 'SPENT DAMAGED']
NO_FAULT = re.compile(r'fsck\.fat \d|Dirty bit is set|Fs was not properly unmounted| Automatically removing dirty bit|'
                      r'There are differences between boot sector|This is mostly harmless|  \d+:[0-9a-f/, :]+$|'
                      r'  Not automatically fixing|FATs differ but appear to be intact|\s*Using first FAT|'
                      r'Reclaimed \d+ unused cluster|Free cluster summary|  Auto-correcting|Leaving filesystem unchanged|'
                      r'.* files, \d+/\d+ clusters$|\s*$')
EXFAT_NO_FAULT = re.compile(r'exfatprogs version|.*: (clean|corrupted)\. directories \d+, files \d+$|'
                            r'.*: files corrupted \d+, files fixed 0$|\s*$')


def load_writelog():
    loader = importlib.machinery.SourceFileLoader('writelog', os.path.join(HERE, 'writelog'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('writelog', loader))
    loader.exec_module(module)
    return module


WRITELOG = load_writelog()


class Write:
    """What one request changes: sectors by number."""

    def __init__(self, entry):
        data = entry.data if entry.data is not None else bytes(entry.length)
        self.flush, self.fua = bool(entry.flags & WRITELOG.FLUSH), bool(entry.flags & WRITELOG.FUA)
        self.sectors = [((entry.offset + at) // SECTOR, data[at:at + SECTOR]) for at in range(0, len(data), SECTOR)]
        self.end = entry.end


class Phase:
    def __init__(self, name, begin, end, usable):
        self.name, self.begin, self.end, self.usable = name, begin, end, usable
        self.spends, self.planted = usable is not None, name.startswith('planted-')


def read_phases(path, writes):
    """Places in the log are counted in writes: the n-th is a cut after n of them."""
    with open(path, encoding='ascii') as f:
        marks = [(name, sum(w.end <= int(end) for w in writes)) for name, end in (line.split() for line in f)]
    usable = {name.removesuffix('-usable'): at for name, at in marks if name.endswith('-usable')}
    marks = [m for m in marks if not m[0].endswith('-usable')]
    return [Phase(name, begin, end, usable.get(name)) for (name, begin), (_, end) in zip(marks, marks[1:])]


# ---- cut points ----

def subsets(pending, effort, chance):
    """Sets of sectors that are kept, of writes that are not flushed: all there are, or so many."""
    flat = [s for w in pending for s in w.sectors]
    if 2 ** len(flat) <= effort:
        for bits in itertools.product((False, True), repeat=len(flat)):
            yield [s for s, keep in zip(flat, bits) if keep]
        return
    yield flat
    yield []
    for w in pending[-4:]:
        yield w.sectors
        yield [s for other in pending if other is not w for s in other.sectors]
    for n in range(effort):
        if n % 2:
            yield [s for s in flat if chance.random() < 0.5]
        else:
            yield [s for w in pending if chance.random() < 0.5 for s in w.sectors]


def torn(write, effort):
    """Parts of the write that is under way: torn at each sector, or some of them."""
    n = len(write.sectors)
    edges = range(1, n) if n <= 8 or effort >= 64 else (1, n // 2, n - 1)
    for k in edges:
        yield write.sectors[:k]
        yield write.sectors[k:]


def cut_points(phase, writes):
    """As below: all of them for a spend, else the last hundred and some of the others, evenly spread."""
    points = list(all_cut_points(phase, writes))
    others = len(points) - LAST
    if phase.spends or others <= SOME:
        return points
    return [points[n * others // SOME] for n in range(SOME)] + points[others:]


def all_cut_points(phase, writes):
    """Pairs: after how many writes, and the sectors that are there on top of what was flushed, in order of writing."""
    effort = 128 if phase.spends or phase.planted else 8
    pending, seen = [], set()
    for at in range(phase.end + 1):
        if at > 0:
            w = writes[at - 1]
            if w.flush:
                pending = []
            if w.sectors and not w.fua:
                pending = pending + [w]
        if at < phase.begin:
            continue
        points = list(subsets(pending, effort, random.Random(at)))
        if at < phase.end and at < len(writes):
            flat = [s for w in pending for s in w.sectors]
            points += [flat + part for part in torn(writes[at], effort)]
        for kept in points:
            key = (at, tuple(id(data) for _, data in kept))
            if key not in seen:
                seen.add(key)
                yield at, kept


# ---- images ----

class Image:
    """What the stick holds: all that was flushed, and for a moment more."""

    def __init__(self, base, path, writes):
        subprocess.run(['cp', '--sparse=always', base, path], check=True)
        self.path, self.fd, self.writes, self.pending, self.at = path, os.open(path, os.O_RDWR), writes, [], 0
        self.generation = 0

    def put(self, sectors):
        """In as few requests as there are runs of neighbours. Of several for one place the last counts."""
        start, run, there = None, [], dict(sectors)
        for number in sorted(there):
            if run and number != start + len(run):
                os.pwrite(self.fd, b''.join(run), start * SECTOR)
                run = []
            start = start if run else number
            run.append(there[number])
        if run:
            os.pwrite(self.fd, b''.join(run), start * SECTOR)

    def advance(self, at):
        for w in self.writes[self.at:at]:
            if w.flush:
                self.put(s for p in self.pending for s in p.sectors)
                self.pending, self.generation = [], self.generation + 1
            if w.fua:
                self.put(w.sectors)
                self.generation += 1
            else:
                self.pending.append(w)
        self.at = at

    @contextlib.contextmanager
    def with_sectors(self, sectors):
        new = dict(sectors)
        old = {number: os.pread(self.fd, SECTOR, number * SECTOR) for number in new}
        self.put(new.items())
        try:
            changed = b''.join(n.to_bytes(4, 'little') + d for n, d in sorted(new.items()) if old[n] != d)
            yield self.generation, hashlib.sha256(changed).digest()
        finally:
            self.put(old.items())


# ---- what is there ----

class Tree:
    """The files of an image below a directory, for programs to look at; only what changed is written again."""

    def __init__(self, path):
        self.path, self.files = path, {}
        shutil.rmtree(path, ignore_errors=True)
        os.makedirs(path)

    def show(self, files):
        for name in sorted(self.files.keys() - files.keys(), reverse=True):
            (os.rmdir if self.files[name] is None else os.unlink)(self.path + name)
        for name, data in files.items():
            if data is None and name not in self.files:
                os.mkdir(self.path + name)
            elif data is not None and self.files.get(name) != data:
                with open(self.path + name, 'wb') as f:
                    f.write(data)
        self.files = files


def is_exfat(fd):
    return os.pread(fd, 8, 3) == b'EXFAT   '


def vfat_complaints(said):
    """What is wrong: the path or None, None, and the words. Under a path, lines are indented."""
    complaints, path = [], None
    for line in said.splitlines():
        if line.startswith('/'):
            path = line.strip()
            continue
        if not line.startswith(' '):
            path = None
        if path or not NO_FAULT.match(line):
            complaints.append((path, None, line.strip()))
    return complaints


def exfat_complaints(said):
    """The same, with where on the image the entry is. The path may be that of its folder."""
    complaints = []
    for line in said.splitlines():
        at = re.match(r'ERROR: (/.*?): (.* at (0x[0-9a-f]+)\b.*)', line)
        if at:
            complaints.append((at[1], int(at[3], 16), at[2]))
        elif not EXFAT_NO_FAULT.match(line):
            complaints.append((None, None, line.strip()))
    return complaints


class Facts:
    """What is on an image, as fsck and the program see it."""

    def __init__(self, image, tree, cutcheck, issuer, refill=None):
        self.stick, self.grants_name, self.skipped, self.issuer, self.fits = None, 'E_NO_STICK', 0, issuer, None
        self.grants, self.slots, self.short, self.notice, self.revoked = {}, {}, set(), 0, set()
        if is_exfat(image.fd):
            volume = exfat.Exfat(image.fd)
            files, self.places = volume.files(), volume.places
            self.complaints = exfat_complaints(run(['fsck.exfat', '-n', image.path], (0, 4)))
        else:
            files, self.places = fat.Fat(image.fd).files(), {}
            self.complaints = vfat_complaints(run(['fsck.vfat', '-n', image.path], (0, 1)))
        tree.show(files)
        self.files = set(files)
        for line in run([cutcheck, tree.path] + [a for a in (issuer, refill) if a], (0,)).splitlines():
            getattr(self, 'say_' + line.split(' ', 1)[0])(line.split(' ', 1)[1])

    def say_stick(self, text):
        self.stick = text

    def say_grants(self, text):
        self.grants_name, _, self.skipped, _ = text.split()
        self.skipped = int(self.skipped)

    def say_grant(self, text):
        grant, bundle, notice_min, name = text.split()
        self.grants[grant] = (bundle, int(notice_min), name)

    def say_slot(self, text):
        grant, number, a, b, merged, *short = text.split()
        self.slots[grant, int(number)] = (f'{a} {b}', merged)
        if short:
            self.short.add(grant)

    def say_issuer(self, text):
        self.issuer = text

    def say_refill(self, text):
        self.fits = text

    def say_notice(self, text):
        number, *revoked = text.split()
        self.notice, self.revoked = int(number), set(revoked)


def run(command, allowed):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                          check=False)
    said = done.stdout.decode(errors='replace')
    if done.returncode not in allowed:
        raise RuntimeError(f'{command}: {done.returncode}: {said}')
    return said


# ---- judgement ----

def judge_slots(before, after, now, usable, ends):
    for slot, (pair, merged) in now.slots.items():
        known = before.slots.get(slot, ('LIVE LIVE', 'LIVE'))
        spent_now = known[0] != 'SPENT SPENT' and after.slots.get(slot, known)[0] == 'SPENT SPENT'
        if spent_now and not usable:
            allowed = SPENDING
        else:
            allowed = ['SPENT SPENT'] if spent_now else [known[0]]
        if ends and known[0] == 'SPENT SPENT':
            allowed = ENDING
        name = f'slot {slot[0][:6]}/{slot[1]}'
        if usable and spent_now and merged != 'SPENT':
            yield f'{name} is {merged} ({pair}) after the key was usable'
        elif known[1] == 'SPENT' and merged != 'SPENT':
            yield f'{name} is {merged} ({pair}) again'
        elif pair not in allowed:
            yield f'{name} has copies {pair}, not {" or ".join(allowed)}'


def judge_refill(before, after, now):
    """One world or the other."""
    new = after.grants.keys() - before.grants.keys()
    accepted = new <= now.grants.keys()
    if now.stick != (after if accepted else before).stick:
        yield f'the refill is {"" if accepted else "not "}accepted, stick record: {now.stick}'
    if not accepted and now.fits != 'E_OK':
        yield f'the refill is neither accepted nor acceptable ({now.fits})'
    if accepted and now.fits not in ('E_OK', 'E_REFILL_USED'):
        yield f'the refill is accepted, and {now.fits}'
    if now.skipped > (0 if accepted else 1):
        yield f'{now.skipped} grants do not verify'


def judge_grants(before, now, refill):
    for grant in before.grants.keys() - now.grants.keys():
        yield f'grant {grant[:6]} is gone ({now.grants_name})'
    for grant, (_, notice_min, bundle) in now.grants.items():
        if bundle != 'E_OK':
            yield f'grant {grant[:6]} is there, its bundle is not ({bundle})'
        if now.notice < notice_min:
            yield f'grant {grant[:6]} needs notice {notice_min}, there is {now.notice}'
    for grant in now.short:
        yield f'lock files of grant {grant[:6]} are not whole'
    if now.skipped and not refill:
        yield f'{now.skipped} grants do not verify'
    if not refill and before.stick and before.stick.startswith('E_OK') and now.stick != before.stick:
        yield f'stick record: {now.stick}'


def judge_notice(before, after, now):
    if now.notice not in (before.notice, after.notice):
        yield f'notice {now.notice}, not {before.notice} or {after.notice}'
    elif now.revoked != (after if now.notice == after.notice else before).revoked:
        yield f'notice {now.notice} revokes other codes'


def finished(path, before, now):
    """Whether the file was there before, or belongs to a grant that is."""
    if os.path.basename(path).startswith('notice.'):
        return False
    below = [f'/ONCE/g/{g}' for g in now.grants] + [f'/ONCE/b/{bundle}' for bundle, _, _ in now.grants.values()]
    return path in before.files or any(path == b or path.startswith(b + '/') for b in below)


def judge_files(phase, before, now):
    for path, place, said in now.complaints:
        path = now.places.get(place) or before.places.get(place) or path
        nameless = place is not None and path in SHARED # an entry that is half there, of a file that never was
        if phase.spends or path is None or (not nameless and finished(path, before, now)):
            yield f'fsck: {path or ""} {said}'


def judge(phase, at, before, after, now):
    usable = phase.spends and at >= phase.usable
    refill = phase.name == 'accept'
    return [*judge_slots(before, after, now, usable, phase.name == 'unmount'), *judge_grants(before, now, refill),
            *(judge_refill(before, after, now) if refill else []), *judge_notice(before, after, now), *judge_files(phase, before, now)]


def judge_promise(phase, before, after):
    """Whether the phase did at all what its name says."""
    grants, notice = len(after.grants) - len(before.grants), after.notice > before.notice
    spent = sum(pair == 'SPENT SPENT' for pair, _ in after.slots.values()) - \
        sum(pair == 'SPENT SPENT' for pair, _ in before.slots.values())
    done = {'prepare': grants == 1, 'add': grants == 1, 'accept': grants == 1 and after.stick != before.stick, 'revoke': notice, 'collect': notice}
    if not phase.planted and not done.get(phase.name, spent == phase.spends):
        yield (f'in the end there are {grants} more grants ({after.grants_name}), {spent} more spent slots, '
               f'{"a" if notice else "no"} newer notice')


# ---- one phase, in several processes ----

class Share:
    """Every n-th cut point of a phase."""

    def __init__(self, number, count, cutcheck, base, work, writes, refill):
        self.number, self.count, self.cutcheck, self.refill = number, count, cutcheck, refill
        self.base, self.work, self.writes = base, os.path.join(work, f'share{number}'), writes
        os.makedirs(self.work)

    def whole(self, at, issuer=None):
        """With all that was written by then. On vfat a second reader must read the same, unless fsck has complaints."""
        image = Image(self.base, os.path.join(self.work, 'whole.img'), self.writes)
        image.advance(at)
        with image.with_sectors([s for w in image.pending for s in w.sectors]):
            tree = Tree(os.path.join(self.work, 'whole'))
            facts = Facts(image, tree, self.cutcheck, issuer)
            if facts.files and not facts.complaints and not is_exfat(image.fd):
                other = os.path.join(self.work, 'mtools')
                shutil.rmtree(other, ignore_errors=True)
                os.mkdir(other)
                run(['mcopy', '-s', '-n', '-Q', '-m', '-i', image.path, '::*', other], (0,))
                run(['diff', '-r', tree.path, other], (0,))
            return facts

    def run(self, phase, before, after):
        image, tree = Image(self.base, os.path.join(self.work, 'cut.img'), self.writes), Tree(os.path.join(self.work, 'tree'))
        known, points, violations = {}, 0, []
        for at, kept in itertools.islice(cut_points(phase, self.writes), self.number, None, self.count):
            image.advance(at)
            with image.with_sectors(kept) as digest:
                if digest not in known:
                    known[digest] = Facts(image, tree, self.cutcheck, after.issuer, self.refill if phase.name == 'accept' else None)
                wrong = judge(phase, at, before, after, known[digest])
                if phase.planted:
                    wrong = [text for text in wrong if re.search(PLANTED[phase.name], text)]
                elif wrong and not violations:
                    subprocess.run(['cp', '--sparse=always', image.path, os.path.join(self.work, f'{phase.name}.img')], check=True)
            points += 1
            lost = len([s for w in image.pending for s in w.sectors]) - len(kept)
            violations += [(at, max(lost, 0), len(violations), text) for text in wrong]
            if phase.planted and violations:
                break
        return points, len(known), violations


def run_share(arguments):
    share, phase, before, after = arguments
    return share.run(phase, before, after)


def report(phase, writes, results, wrong):
    violations = [(phase.end, 0, 0, text) for text in wrong] + sorted(v for r in results for v in r[2])
    flushes = sum(w.flush for w in writes[phase.begin:phase.end])
    verdict = f'{len(violations)} violations'
    if phase.planted:
        verdict = 'the planted fault is ' + ('found' if violations else 'NOT FOUND')
    print(f'{phase.name}: {phase.end - phase.begin} writes, {flushes} of them flushes; {sum(r[0] for r in results)} cut points, '
          f'{sum(r[1] for r in results)} different images; {verdict}')
    for at, lost, _, text in violations[:1 if phase.planted else 5]:
        print(f'    after write {at - phase.begin} of {phase.end - phase.begin} (log entry {at}), {lost} sectors lost: {text}')
    sys.stdout.flush()
    return len(violations)


def main():
    cutcheck, log, base, phases, work = sys.argv[1:]
    writes = [Write(e) for e in WRITELOG.entries(log)]
    refill, count = os.path.join(os.path.dirname(phases), 'refill'), os.cpu_count() or 1
    shares = [Share(n, count, cutcheck, base, work, writes, refill) for n in range(count)]
    good = True
    with multiprocessing.Pool(len(shares)) as pool:
        issuer = shares[0].whole(len(writes)).issuer
        for phase in read_phases(phases, writes):
            before, after = shares[0].whole(phase.begin, issuer), shares[0].whole(phase.end, issuer)
            results = pool.map(run_share, [(s, phase, before, after) for s in shares])
            found = report(phase, writes, results, list(judge_promise(phase, before, after)))
            if phase.planted != bool(found):
                good = False
    sys.exit(0 if good else 1)


if __name__ == '__main__':
    main()
