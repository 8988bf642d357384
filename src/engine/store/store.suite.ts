import { describe, expect, it } from 'vitest';
import { seeded } from '../core/random';
import type { Backing, Folder } from './backing';
import { hashBytes } from './hash';
import { Killed, mortal } from './mortal.fixtures';
import { encodeRecord, type Found, type RecordKind, type Reference } from './records';
import { bytesOf, Store, StoreFullError } from './store';

interface Note {
  readonly text: string;
}
const NOTE: RecordKind<Note> = { name: 'note', version: 2 };
const text = (words: string) => new TextEncoder().encode(words);
const random = seeded(5);
const someBytes = (length: number) => Uint8Array.from({ length }, () => random.below(256));

/** What every store does, whatever it is built on. `make` opens an empty one; `again` opens the same one as another tab. */
export function testStore(name: string, make: () => Promise<{ backing: Backing; again(): Promise<Backing> }>): void {
  const opened = async () => {
    const { backing, again } = await make();
    return { backing, store: new Store(backing), other: new Store(await again()), again };
  };
  /** Writes bytes under a name, past the store. */
  const forge = async (backing: Backing, folder: Folder, file: string, bytes: Uint8Array) => {
    const staged = await backing.stage();
    await staged.write(bytes);
    await staged.commit(folder, file);
  };
  const keep = (store: Store, called: string, words: string, ...chunks: Uint8Array[]) =>
    store.write(async ({ put, setRecord }) => {
      const references: Reference[] = [];
      for (const chunk of chunks) references.push(await put([chunk], chunk.length));
      await setRecord(NOTE, called, { text: words }, references);
      return references;
    });

  describe(name, () => {
    it('gives back what was put, in parts and whole, to another tab too', async () => {
      const { store, other } = await opened();
      const bytes = someBytes(30_000);
      const halves = [bytes.subarray(0, 10_001), bytes.subarray(10_001)];
      const reference = await store.write(async ({ put, setRecord }) => {
        const found = await put(halves, bytes.length);
        await setRecord(NOTE, 'one', { text: 'first' }, [found]);
        return found;
      });
      expect(reference).toEqual({ sha256: await hashBytes(bytes), bytes: bytes.length });
      for (const each of [store, other]) {
        expect(await each.bytes(reference)).toEqual(bytes);
        expect(await (await each.artefact(reference))!.read(1000, 7)).toEqual(bytes.slice(1000, 1007));
        expect(await each.record(NOTE, 'one')).toMatchObject({ value: { text: 'first' }, references: [reference] });
      }
      expect(await store.bytes({ ...reference, sha256: '0'.repeat(64) })).toBeUndefined();
      expect(await store.record(NOTE, 'two')).toBeUndefined();
    });

    it('stores the same bytes once, and does not touch what somebody reads', async () => {
      const { backing, store } = await opened();
      const bytes = someBytes(5000);
      const [first, second] = await keep(store, 'one', '', bytes, bytes);
      const reading = (await store.artefact(first!))!;
      await keep(store, 'two', '', bytes);
      expect(first).toEqual(second);
      expect(await backing.list('artefacts')).toEqual([first!.sha256]);
      expect(await reading.read(0, 5000)).toEqual(bytes);
      expect(bytesOf([first!, second!])).toBe(5000);
    });

    it('replaces a record, lists the last one first, and removes one', async () => {
      const { store, other } = await opened();
      await keep(store, 'one', 'old');
      await later();
      await keep(store, 'two', 'second');
      await later();
      await keep(other, 'one', 'new');
      expect((await store.records(NOTE)).map(({ name, value }) => [name, value!.text])).toEqual([
        ['one', 'new'],
        ['two', 'second'],
      ]);
      await other.removeRecord(NOTE, 'one');
      await other.removeRecord(NOTE, 'one');
      expect((await store.records(NOTE)).map(({ name }) => name)).toEqual(['two']);
      expect(await store.records({ name: 'no', version: 1 })).toEqual([]);
    });

    it('gives back numbers that JSON does not have', async () => {
      const { store } = await opened();
      const value = { text: 'x', numbers: [Number.NaN, -Number.POSITIVE_INFINITY, 1.5e300], nothing: null };
      await store.write(({ setRecord }) => setRecord(NOTE, 'one', value, []));
      expect((await store.record(NOTE, 'one'))!.value).toEqual(value);
    });

    it('refuses names that some file system does not take', async () => {
      const { store } = await opened();
      for (const bad of ['', 'A', '../x', 'a b', 'a'.repeat(101)])
        await expect(keep(store, bad, '')).rejects.toThrow('cannot name a record');
    });

    it.each(['cut short', 'changed', 'changed in one bit'])('takes an artefact that is %s for absent', async (how) => {
      const { backing, store } = await opened();
      const bytes = someBytes(4000);
      const [reference] = await keep(store, 'one', '', bytes);
      const spoilt =
        how === 'cut short' ? bytes.slice(0, 3999) : bytes.map((byte) => (how === 'changed' ? 255 - byte : byte));
      if (how === 'changed in one bit') spoilt[2345]! ^= 4;
      await forge(backing, 'artefacts', reference!.sha256, spoilt);
      if (how === 'cut short') expect(await store.artefact(reference!)).toBeUndefined();
      expect(await store.bytes(reference!)).toBeUndefined();
      expect(await backing.list('artefacts')).toEqual([]);
      await keep(store, 'one', '', bytes);
      expect(await store.bytes(reference!)).toEqual(bytes);
    });

    it('puts bytes again whose artefact is damaged', async () => {
      const { backing, store } = await opened();
      const bytes = someBytes(4000);
      const [reference] = await keep(store, 'one', '', bytes);
      await forge(backing, 'artefacts', reference!.sha256, bytes.toReversed());
      await keep(store, 'one', '', bytes);
      expect(await store.bytes(reference!)).toEqual(bytes);
    });

    it('takes a damaged record for absent, and removes it with the next sweep', async () => {
      const { backing, store } = await opened();
      await keep(store, 'one', 'kept');
      const bytes = await encodeRecord(NOTE, { text: 'spoilt' }, [], 1);
      for (const spoilt of [bytes.slice(0, 90), bytes.with(100, bytes[100]! ^ 1), text('no line feed'), text('')]) {
        await forge(backing, 'records', 'note.two', spoilt);
        expect(await store.record(NOTE, 'two')).toBeUndefined();
        expect((await store.records(NOTE)).map(({ name }) => name)).toEqual(['one']);
      }
      await store.sweep();
      expect(await backing.list('records')).toEqual(['note.one']);
    });

    it('does not read a record of another version, and keeps what it refers to', async () => {
      const { backing, store } = await opened();
      const bytes = someBytes(100);
      const [reference] = await keep(store, 'one', 'kept', bytes);
      for (const version of [1, 3]) {
        const found = await store.record({ name: 'note', version }, 'one');
        expect(found).toMatchObject({ value: undefined, references: [reference] });
      }
      expect(await store.sweep()).toBe(0);
      expect(await store.bytes(reference!)).toEqual(bytes);
      // A later envelope may refer to artefacts in a way that nobody here can read.
      const envelope = text(JSON.stringify({ envelope: 2, needs: ['?'] }));
      await forge(
        backing,
        'records',
        'note.later',
        text(`${await hashBytes(envelope)}\n${new TextDecoder().decode(envelope)}`),
      );
      expect(await store.record(NOTE, 'later')).toMatchObject({ value: undefined } satisfies Partial<Found<Note>>);
      await store.removeRecord(NOTE, 'one');
      expect(await store.sweep()).toBeUndefined();
      expect(await store.bytes(reference!)).toEqual(bytes);
    });

    it('sweeps what no record refers to, but never beside another tab that writes', async () => {
      const { backing, store, other } = await opened();
      const [kept, lost, coming] = [someBytes(100), someBytes(200), someBytes(300)];
      const [one] = await keep(store, 'one', '', kept);
      await keep(store, 'two', '', lost);
      await store.removeRecord(NOTE, 'two');
      const reference = await store.write(async ({ put, setRecord }) => {
        const found = await put([coming], coming.length);
        expect(await other.sweep()).toBeUndefined();
        expect(await store.sweep()).toBeUndefined();
        await setRecord(NOTE, 'three', { text: '' }, [found]);
        return found;
      });
      expect(await other.sweep()).toBe(1);
      expect((await backing.list('artefacts')).sort()).toEqual([one!.sha256, reference.sha256].sort());
      expect(await store.sweep()).toBe(0);
    });

    it('says in a sentence that the disk is full, and leaves what was there', async () => {
      const { backing, store } = await opened();
      await keep(store, 'one', 'before', someBytes(10));
      for (const error of [
        new DOMException('too much', 'QuotaExceededError'),
        Object.assign(new Error('no space'), { code: 'ENOSPC' }),
      ]) {
        const full = new Store({
          ...backing,
          async stage() {
            const staged = await backing.stage();
            return { ...staged, write: () => Promise.reject(error) };
          },
        });
        await expect(keep(full, 'one', 'after', someBytes(20))).rejects.toThrow(StoreFullError);
      }
      expect((await store.record(NOTE, 'one'))!.value).toEqual({ text: 'before' });
      expect(await backing.list('artefacts')).toHaveLength(1);
    });

    it('gives a lock to one, shares it among several, and says who has which', async () => {
      const { store, other } = await opened();
      const first = (await store.locks.take('project-1'))!;
      expect(await other.locks.take('project-1')).toBeUndefined();
      expect(await other.locks.take('project-1', 50)).toBeUndefined();
      expect([...(await other.locks.taken())]).toEqual(['project-1']);
      const waiting = other.locks.take('project-1', 600_000);
      first();
      const second = (await waiting)!;
      expect(second).toBeDefined();
      second();
      const shares = [await store.locks.share('writing'), await other.locks.share('writing')];
      expect(await other.locks.take('writing')).toBeUndefined();
      for (const release of shares) release();
      const alone = (await other.locks.take('writing', 600_000))!;
      const share = store.locks.share('writing');
      alone();
      (await share)();
    });

    it('gives a lock to whoever takes it over, and tells the one who had it', async ({ skip }) => {
      const { store, other } = await opened();
      if (!store.locks.steal) return skip('no process can tell another one here');
      let lost = 0;
      const first = (await store.locks.take('project-1', 0, () => lost++))!;
      const second = await other.locks.steal!('project-1');
      await expect.poll(() => lost).toBe(1);
      // What the loser gives back is no longer the lock.
      first();
      expect(await store.locks.take('project-1')).toBeUndefined();
      second();
      expect(await store.locks.take('project-1', 600_000)).toBeDefined();
    });

    it('has everything or nothing of what a program wrote that ended at any moment', async () => {
      const { backing, store, again } = await opened();
      // What is true at last, and what the program that ends meanwhile is about to make true.
      const truth = new Map<string, { words: string; chunks: Uint8Array[] }>();
      let deaths = 0;
      for (let round = 0; round < 60; round++) {
        const tab = mortal(await again(), random.below(25));
        const mortalStore = new Store(tab.backing);
        const called = `n${random.below(4)}`;
        const chunks = [someBytes(50 + random.below(4)), someBytes(60)];
        const removes = random.below(5) === 0;
        const before = truth.get(called);
        try {
          if (removes) await mortalStore.removeRecord(NOTE, called);
          else await keep(mortalStore, called, `round ${round}`, ...chunks);
          if (removes) truth.delete(called);
          else truth.set(called, { words: `round ${round}`, chunks });
          await mortalStore.sweep();
        } catch (error) {
          expect(error).toBeInstanceOf(Killed);
          deaths++;
        }
        await tab.die();
        if (round % 7 === 6) await store.sweep();
        const found = await store.record(NOTE, called);
        const known = [before, truth.get(called)].map((one) => one?.words);
        expect(known).toContain(found?.value?.text);
        for (const [key, { words, chunks: held }] of truth) {
          const record = (await store.record(NOTE, key))!;
          expect(record.value!.text).toBe(words);
          const there = await Promise.all(record.references.map((reference) => store.bytes(reference)));
          expect(there).toEqual(held);
        }
      }
      // Ends came early and late.
      expect(deaths).toBeGreaterThan(20);
      expect(deaths).toBeLessThan(55);
      await store.sweep();
      const references = (await store.records(NOTE)).flatMap((record) => record.references.map(({ sha256 }) => sha256));
      expect((await backing.list('artefacts')).sort()).toEqual([...new Set(references)].sort());
    });
  });
}

const later = () => new Promise((resolve) => setTimeout(resolve, 3));
