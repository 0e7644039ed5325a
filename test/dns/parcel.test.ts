import { expect, it } from 'vitest';
import { Packer, Unpacker } from '../../src/dns/parcel.ts';
import type { NameEntry } from '../../src/record.ts';
import { bridgeA, container, entry, hostA, on, owner, spelledOut } from './zone-words.ts';

const [one, two] = ['one', 'two'].map((name, index) =>
  owner(hostA, container(name, [on(bridgeA, `10.1.0.${index + 2}`)])),
);
if (one === undefined || two === undefined) throw new Error('two owners are needed');

it('tells of an owner once, over all its names and parcels, and the thread has one object for it', () => {
  const { send, told } = thread();
  const [first, again] = send([entry('one', [one]), entry('both', [one])]);
  const [both] = send([entry('both', [one, two])]);
  expect(told).toEqual([1, 1]);
  expect(both && spelledOut(both)).toStrictEqual(entry('both', [one, two]));
  expect(both?.owners[0]).toBe(first?.owners[0]);
  expect(again?.owners[0]).toBe(first?.owners[0]);
});

it('tells of an owner without the other names of its container', () => {
  const { send } = thread();
  const container = { ...one.container, names: ['one', 'both'] };
  expect(send([entry('one', [{ ...one, container }])]).map(spelledOut)).toStrictEqual([entry('one', [one])]);
});

it('tells of what owners have alike once', () => {
  const { packer, send } = thread();
  const first = JSON.parse(packer.pack([entry('one', [one])]));
  const second = JSON.parse(packer.pack([entry('two', [two])]));
  expect([first.homes.length, first.kinds.length, first.places.length]).toEqual([1, 1, 1]);
  expect([second.homes, second.kinds, second.places]).toEqual([[], [], []]);
  packer.forget();
  const elsewhere = { ...two, hostName: 'elsewhere' };
  const entries = [entry('one', [one]), entry('two', [elsewhere])];
  expect(send(entries).map(spelledOut)).toStrictEqual(entries);
});

it('tells of an owner that changed anew', () => {
  const { send, told } = thread();
  send([entry('one', [one])]);
  const changed = { ...one, hostStatus: 'quiet' } as const;
  expect(send([entry('one', [changed])]).map(spelledOut)).toStrictEqual([entry('one', [changed])]);
  expect(told).toEqual([1, 1]);
});

it('tells of all anew after they were forgotten, on both ends', () => {
  const { packer, unpacker, send, told } = thread();
  const before = send([entry('one', [one]), entry('two', [two])]);
  packer.forget();
  expect(packer.size).toBe(0);
  const after = send([entry('two', [two])]);
  expect(told).toEqual([2, 1]);
  expect(after.map(spelledOut)).toStrictEqual([entry('two', [two])]);
  expect(after[0]?.owners[0]).not.toBe(before[1]?.owners[0]);
  expect(() => unpacker.read([{ ...entry('one', []), owners: [1] }])).toThrow('owner 1');
});

/** Both ends, and how many owners each parcel told of. */
function thread() {
  const [packer, unpacker] = [new Packer(), new Unpacker()];
  const told: number[] = [];
  const send = (entries: NameEntry[]) => {
    const parcel = packer.pack(entries);
    told.push(JSON.parse(parcel).owners.length);
    return unpacker.read(unpacker.take(parcel));
  };
  return { packer, unpacker, told, send };
}
