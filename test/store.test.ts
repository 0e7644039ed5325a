import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../src/clock.ts';
import { type Log, silentLog } from '../src/log.ts';
import { openStore, type Store } from '../src/store.ts';
import { MemoryDisk } from './support/crdt-lab.ts';
import { ManualClock } from './support/manual-clock.ts';

const directories: string[] = [];
const stores: Store[] = [];

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

function fresh(): string {
  const directory = mkdtempSync(join(tmpdir(), 'weft-store-'));
  directories.push(directory);
  return directory;
}

async function openAt(directory: string, log: Log = silentLog, clock: Clock = systemClock): Promise<Store> {
  const store = await openStore(directory, {
    clock,
    log,
    lock: { takeover: false, patienceMs: 0 },
  });
  stores.push(store);
  return store;
}

function recordingLog(said: string[]): Log {
  return { ...silentLog, error: (_fields: object, text?: string) => void said.push(text ?? '') };
}

const bytes = Buffer.from('what is to be kept');

describe('the data directory', () => {
  it('is made where it is missing, for nobody else to read', async () => {
    const directory = join(fresh(), 'var', 'lib', 'weft');
    const store = await openAt(directory);
    await store.write('epoch', bytes);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    expect(statSync(join(directory, 'epoch')).mode & 0o777).toBe(0o600);
  });

  it('gives back what was written last, also after a restart', async () => {
    const directory = fresh();
    const store = await openAt(directory);
    expect(await store.read('epoch')).toBeUndefined();
    await store.write('epoch', Buffer.from('before'));
    await store.write('epoch', bytes);
    expect(await store.read('epoch')).toEqual(new Uint8Array(bytes));
    await store.close();
    expect(await (await openAt(directory)).read('epoch')).toEqual(new Uint8Array(bytes));
  });

  it('keeps the last of many writes at once, and leaves no temporary file', async () => {
    const directory = fresh();
    const store = await openAt(directory);
    await Promise.all(Array.from({ length: 100 }, (_, index) => store.write('epoch', Buffer.from(`${index}`))));
    expect(Buffer.from((await store.read('epoch')) ?? []).toString()).toBe('99');
    expect(readdirSync(directory).sort()).toEqual(['epoch', 'pid']);
  });

  it('clears away what a crash in the middle of a write left', async () => {
    const directory = fresh();
    writeFileSync(join(directory, 'epoch.new'), 'half');
    await openAt(directory);
    expect(readdirSync(directory)).toEqual(['pid']);
  });

  it('says what is wrong when it is no directory', async () => {
    const file = join(fresh(), 'file');
    writeFileSync(file, '');
    await expect(openAt(file)).rejects.toThrow(/^data directory ".*file" cannot be used: it is not a directory$/);
    await expect(openAt(join(file, 'below'))).rejects.toThrow('part of its path is not a directory');
  });
});

describe('a damaged file', () => {
  it.each([
    ['cut short', (whole: Buffer) => whole.subarray(0, whole.length - 1)],
    ['empty', () => Buffer.alloc(0)],
    ['changed in one bit', (whole: Buffer) => Buffer.from(whole.map((byte, at) => (at === 80 ? byte ^ 1 : byte)))],
    ['something else', () => Buffer.from('{"not": "ours"}')],
  ])('is set aside when it is %s, and costs nothing but itself', async (_how, damage) => {
    const directory = fresh();
    const store = await openAt(directory);
    await store.write('epoch', bytes);
    await store.write('statics', bytes);
    const path = join(directory, 'epoch');
    writeFileSync(path, damage(readFileSync(path)));
    expect(await store.read('epoch')).toBeUndefined();
    expect(await store.read('statics')).toEqual(new Uint8Array(bytes));
    expect(readdirSync(directory).some((name) => name.startsWith('epoch.damaged-'))).toBe(true);
    await store.write('epoch', bytes);
    expect(await store.read('epoch')).toEqual(new Uint8Array(bytes));
  });
});

describe('a file that its reader cannot make out', () => {
  it.each([
    ['the data directory', () => openAt(fresh())],
    ['its twin', async () => new MemoryDisk()],
  ])('is not read again, and not in the way of the next, in %s', async (_which, open) => {
    const store = await open();
    await store.write('statics', bytes);
    await store.setAside('statics', 'is of version 9');
    expect(await store.read('statics')).toBeUndefined();
    await store.write('statics', Uint8Array.of(1, 2));
    expect(await store.read('statics')).toEqual(Uint8Array.of(1, 2));
  });

  it('is kept as it was, and one line says which, what was found, and where it is', async () => {
    const directory = fresh();
    const said: string[] = [];
    const store = await openAt(directory, recordingLog(said));
    await store.write('statics', bytes);
    const whole = readFileSync(join(directory, 'statics'));
    await store.setAside('statics', 'is of version 9, and this Weft reads up to version 1');
    await store.write('statics', Buffer.from('next'));
    const [aside] = readdirSync(directory).filter((name) => name.startsWith('statics.unread-'));
    expect(readFileSync(join(directory, aside ?? 'none'))).toEqual(whole);
    expect(said).toEqual([
      `"statics" in the data directory is of version 9, and this Weft reads up to version 1; the agent goes on without it, and keeps it as "${aside}"`,
    ]);
  });

  it('is said not to be kept where it cannot be', async () => {
    const said: string[] = [];
    const store = await openAt(fresh(), recordingLog(said));
    await store.setAside('statics', 'is of version 9');
    expect(said).toEqual([
      '"statics" in the data directory is of version 9; the agent goes on without it; it cannot be kept under another name: there is no such file',
    ]);
  });
});

describe('a disk that does not take it', () => {
  it('is reported and does not throw, and is fine again when it is', async () => {
    const directory = fresh();
    const store = await openAt(directory);
    // As full as a disk can be, for one file: writing to it fails with ENOSPC.
    symlinkSync('/dev/full', join(directory, 'epoch.new'));
    await store.write('epoch', bytes);
    expect(store.problem()).toBe(`cannot write ${JSON.stringify(join(directory, 'epoch'))}: the disk is full`);
    rmSync(join(directory, 'epoch.new'));
    await store.write('epoch', bytes);
    expect(store.problem()).toBeUndefined();
    expect(await store.read('epoch')).toEqual(new Uint8Array(bytes));
  });

  it.each([
    ['a while later', async (_store: Store, clock: ManualClock) => clock.advance(60_000)],
    ['before it is let go', async (store: Store) => store.close()],
  ])('is given again what it did not take, %s', async (_when, then) => {
    const directory = fresh();
    const clock = new ManualClock();
    const store = await openAt(directory, silentLog, clock);
    symlinkSync('/dev/full', join(directory, 'statics.new'));
    await store.write('statics', Buffer.from('before'));
    await store.write('statics', bytes);
    rmSync(join(directory, 'statics.new'));
    await store.write('epoch', bytes);
    expect(store.problem()).toBe(`cannot write ${JSON.stringify(join(directory, 'statics'))}: the disk is full`);
    await then(store, clock);
    await store.write('epoch', bytes);
    expect(await store.read('statics')).toEqual(new Uint8Array(bytes));
    expect(store.problem()).toBeUndefined();
  });

  it('is complained of once for each file, however often it is tried', async () => {
    const directory = fresh();
    const [clock, said] = [new ManualClock(), [] as string[]];
    const store = await openAt(directory, recordingLog(said), clock);
    for (const file of ['statics', 'directory']) {
      symlinkSync('/dev/full', join(directory, `${file}.new`));
      await store.write(file, bytes);
    }
    for (let round = 0; round < 5; round += 1) {
      clock.advance(60_000);
      await store.write('epoch', bytes);
    }
    expect(said).toHaveLength(2);
  });

  it('is not given what newer bytes replaced', async () => {
    const directory = fresh();
    const clock = new ManualClock();
    const store = await openAt(directory, silentLog, clock);
    symlinkSync('/dev/full', join(directory, 'statics.new'));
    await store.write('statics', Buffer.from('before'));
    rmSync(join(directory, 'statics.new'));
    const newer = store.write('statics', bytes);
    clock.advance(60_000);
    await newer;
    await store.write('epoch', bytes);
    expect(await store.read('statics')).toEqual(new Uint8Array(bytes));
  });

  it('says so when a file may not be read', async () => {
    const directory = fresh();
    const store = await openAt(directory);
    await store.write('epoch', bytes);
    rmSync(join(directory, 'epoch'));
    symlinkSync('.', join(directory, 'epoch'));
    await expect(store.read('epoch')).rejects.toThrow('cannot read');
    chmodSync(directory, 0o700);
  });
});

describe('two agents', () => {
  it('do not share a directory: the second is told who has it', async () => {
    const directory = fresh();
    await openAt(directory);
    await expect(openAt(directory)).rejects.toThrow(
      `data directory ${JSON.stringify(directory)} is in use by another agent (process ${process.pid})`,
    );
  });

  it('do not touch what the other writes', async () => {
    const directory = fresh();
    await openAt(directory);
    writeFileSync(join(directory, 'epoch.new'), 'half, and the other half comes');
    await expect(openAt(directory)).rejects.toThrow('in use');
    expect(readdirSync(directory).sort()).toEqual(['epoch.new', 'pid']);
  });

  it('may have it one after the other, also when the first did not say goodbye', async () => {
    const directory = fresh();
    writeFileSync(join(directory, 'pid'), '1\n');
    const first = await openAt(directory);
    await first.close();
    await first.close();
    await openAt(directory);
  });
});
