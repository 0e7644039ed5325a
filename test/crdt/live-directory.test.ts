import { expect, test } from 'vitest';
import { createUntold, LiveDirectory } from '../../src/crdt/live-directory.ts';
import type { HostId, Name } from '../../src/record.ts';
import { containerRecord, hostRecord, name, told as toldOf } from '../support/crdt-lab.ts';
import { testSigner } from '../support/signer.ts';

const [self, one, other] = [1, 2, 3].map((number) => testSigner(number).hostId) as [HostId, HostId, HostId];
const [web, db] = [name('web'), name('db')];

function directoryWithListener() {
  const directory = new LiveDirectory(
    self,
    () => ({ epoch: 1, sequence: 1 }),
    (cause) => {
      throw cause;
    },
  );
  const told: Name[][] = [];
  directory.onNames((changed) => told.push(changed.map((entry) => entry.name)));
  const put = (host: HostId, owned: Name) =>
    directory.setContainer(host, `${owned}1`, toldOf(host, containerRecord(host, `${owned}1`, [owned])));
  return { directory, told, put };
}

test('a batch that ends between two parts of a long answer tells of its own changes only', () => {
  const { directory, told, put } = directoryWithListener();
  const untold = createUntold();
  directory.gather(untold, () => put(one, web));
  directory.batch(() => put(other, db));
  expect(told).toEqual([[db]]);
  directory.gather(untold, () => put(other, web));
  directory.tell(untold);
  expect(told).toEqual([[db], [web]]);
  expect(
    directory
      .entry(web)
      .owners.map(({ host }) => host)
      .sort(),
  ).toEqual([one, other].sort());
});

test('what was gathered is told once', () => {
  const { directory, told, put } = directoryWithListener();
  const untold = createUntold();
  directory.gather(untold, () => put(one, web));
  directory.tell(untold);
  directory.tell(untold);
  expect(told).toEqual([[web]]);
});

test('owners show the status and the record that their host has now', () => {
  const { directory, put } = directoryWithListener();
  directory.batch(() => put(one, web));
  const before = directory.entry(web).owners;
  directory.batch(() => {
    directory.setStatus(one, 'alive');
    directory.setHost(one, hostRecord('host1'));
  });
  expect(directory.entry(web).owners).toMatchObject([{ hostStatus: 'alive', hostName: 'host1' }]);
  expect(before).toMatchObject([{ hostStatus: 'quiet', hostName: one }]);
});

test('the owners of a name are in one order, however they came and went', () => {
  const hosts = [1, 2, 3, 4, 5, 6].map((number) => testSigner(number).hostId);
  const [inOrder, anyhow] = [directoryWithListener(), directoryWithListener()];
  for (const host of hosts.toSorted()) inOrder.put(host, web);
  for (const host of hosts.toSorted().reverse()) anyhow.put(host, web);
  const ownersIn = ({ directory }: typeof inOrder) => directory.entry(web).owners.map((owner) => owner.host);
  expect(ownersIn(anyhow)).toEqual(ownersIn(inOrder));
  for (const each of [inOrder, anyhow]) {
    each.directory.setContainer(one, 'web1', undefined);
    each.put(one, web);
  }
  expect(ownersIn(anyhow)).toEqual(hosts.toSorted());
  expect(ownersIn(inOrder)).toEqual(hosts.toSorted());
});

test('a container that repeats a name owns it once', () => {
  const { directory } = directoryWithListener();
  const record = containerRecord(one, 'web1', [web, db, web]);
  directory.setContainer(one, 'web1', toldOf(one, record));
  expect(directory.entry(web).owners).toHaveLength(1);
  directory.setContainer(one, 'web1', undefined);
  expect([...directory.names()]).toEqual([]);
});

test('an owner is one object for whoever is told of it again, until a large load is over', () => {
  const { directory, put } = directoryWithListener();
  directory.batch(() => put(one, web));
  const owner = () => directory.entry(web).owners[0];
  const before = owner();
  expect(owner()).toBe(before);
  directory.rest();
  expect(owner()).toEqual(before);
  expect(owner()).not.toBe(before);
});

test('while more comes, a name that many have is told of once it has half as many owners again, and at the end', () => {
  const { directory, told, put } = directoryWithListener();
  const untold = createUntold();
  let hosts = 0;
  const join = (count: number) => {
    for (const end = hosts + count; hosts < end; hosts += 1) put(testSigner(10 + hosts).hostId, web);
    put(one, name(`only${hosts}`));
  };
  for (const count of [100, 49, 1, 10]) {
    directory.gather(untold, () => join(count));
    directory.tellSoFar(untold);
  }
  expect(told).toEqual([[web, 'only100'], ['only149'], [web, 'only150'], ['only160']]);
  expect(directory.entry(web).owners).toHaveLength(160);
  directory.tell(untold);
  expect(told.at(-1)).toEqual([web]);
  directory.tell(untold);
  expect(told).toHaveLength(5);
});

test('while more comes, a name that few have is told of with each change', () => {
  const { directory, told, put } = directoryWithListener();
  const untold = createUntold();
  for (const host of [one, other]) {
    directory.gather(untold, () => put(host, db));
    directory.tellSoFar(untold);
  }
  expect(told).toEqual([[db], [db]]);
});
