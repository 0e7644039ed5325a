import { describe, expect, it } from 'vitest';
import { decode, encode, readNumber, writeVarUint } from '../../src/crdt/codec.ts';
import { CrdtLab, type LabReplica, staticRecord } from '../support/crdt-lab.ts';
import { bufferBytes } from '../support/held-by.ts';

/** Each is some 200 octets in the log of its host. */
const containers = 500;

/** Another version's file: that number, and then what this Weft would have written. */
function ofVersion(version: number, bytes: Uint8Array | undefined): Uint8Array {
  const head = encode((to) => writeVarUint(to, version));
  return Buffer.concat([head, bytes?.subarray(1) ?? new Uint8Array()]);
}

/** A host alone that made a record by hand, and stopped. */
async function stopped(): Promise<{ lab: CrdtLab; one: LabReplica }> {
  const lab = new CrdtLab();
  const [one] = await lab.start(1);
  if (one === undefined) throw new Error('one host');
  one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
  await one.stop('restart');
  return { lab, one };
}

function savedEpoch({ disk }: LabReplica): number {
  const epoch = decode(disk.files.get('epoch') ?? new Uint8Array(), (from) => [readNumber(from), readNumber(from)][1]);
  return (epoch.ok && epoch.value) || 0;
}

describe('what a host keeps over restarts', () => {
  it.each([
    ['epoch', 1],
    ['directory', 2],
    ['statics', 1],
  ])('is set aside where a later version wrote it: %s', async (file, newest) => {
    const { lab, one } = await stopped();
    const later = ofVersion(newest + 1, one.disk.files.get(file));
    one.disk.files.set(file, later);
    await one.start();
    one.replica.addStatic([staticRecord('web', '192.0.2.8')]);
    await lab.run(60_000);
    expect(one.answers('web')).toEqual(['192.0.2.8']);
    const found = `is of version ${newest + 1}, and this Weft reads up to version ${newest}`;
    expect([...one.disk.aside]).toEqual([[file, { bytes: later, found }]]);
    expect(one.disk.files.get(file)?.[0]).toBe(newest);
  });

  it.each([
    ['epoch', []],
    ['directory', [2, 255, 255, 255]],
    ['statics', [1, 9]],
    ['statics', [0]],
  ])('is set aside where it cannot be made out: %s of %j', async (file, octets) => {
    const { lab, one } = await stopped();
    const bytes = Uint8Array.from(octets);
    one.disk.files.set(file, bytes);
    await one.start();
    await lab.run(60_000);
    expect([...one.disk.aside]).toEqual([[file, { bytes, found: 'is whole, but does not hold what it should' }]]);
  });

  it('is read, and not kept beside what was made of it', async () => {
    const lab = new CrdtLab();
    const [one, two] = await lab.start(2);
    if (one === undefined || two === undefined) throw new Error('two hosts');
    for (let index = 0; index < containers; index++) two.put(two.container(`id${index}`, [`name${index}`]));
    await lab.until(() => one.answers(`name${containers - 1}`).length > 0);
    await one.stop('restart');
    await two.crash();
    const before = bufferBytes();
    await one.start();
    expect(one.answers(`name${containers - 1}`)).toEqual(['10.0.0.1']);
    expect((bufferBytes() - before) / containers).toBeLessThan(50);
  });

  it('is read and left where it is when this version wrote it', async () => {
    const { one } = await stopped();
    await one.start();
    expect(one.answers('db')).toEqual(['192.0.2.7']);
    expect([...one.disk.aside]).toEqual([]);
  });

  it('tells the last epoch whatever version wrote it, so that the mesh never hears an older one', async () => {
    const { one } = await stopped();
    const before = savedEpoch(one);
    const ahead = encode((to) => writeVarUint(to, before + 2 ** 30));
    one.disk.files.delete('directory');
    one.disk.files.set('epoch', ofVersion(7, Buffer.concat([Buffer.of(0), ahead, Buffer.from('and more')])));
    await one.start();
    expect(savedEpoch(one)).toBeGreaterThan(before + 2 ** 30);
  });

  it('is not needed to be heard: one whose files are all of a later version goes above what the mesh knows of it', async () => {
    const lab = new CrdtLab();
    const [one, two] = await lab.start(2);
    if (one === undefined || two === undefined) throw new Error('two hosts');
    one.replica.addStatic([staticRecord('db', '192.0.2.7')]);
    for (let round = 0; round < 3; round += 1) {
      await one.stop('restart');
      await one.start();
    }
    await lab.run(20_000);
    await one.stop('restart');
    const before = savedEpoch(one);
    for (const file of one.disk.files.keys()) one.disk.files.set(file, Uint8Array.of(99));
    one.put(one.container('c1', ['after'], '10.1.0.1'));
    await one.start();
    await lab.until(() => lab.agree() && two.answers('after').length > 0, 20_000);
    expect(savedEpoch(one)).toBeGreaterThan(before);
    expect(one.answers('db')).toEqual(['192.0.2.7']);
    expect(one.disk.aside.size).toBe(3);
  });
});
