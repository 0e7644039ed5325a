import { afterEach, describe, expect, it } from 'vitest';
import { meshDefaults } from '../../src/config.ts';
import { until } from '../support/mesh-lab.ts';
import { type RealHost, RealNet } from '../support/real-net.ts';

/** More than are all linked with each other, so that each half has all the links it wants of its own. */
const count = 36;
/** So many hosts in one process beat so often, in milliseconds: each of nine beats a second passes by all of them. */
const heartbeatMs = 4_000;
const longestMs = 60_000;

let net: RealNet;

afterEach(async () => {
  await net.stop();
});

describe('a mesh too large for every link', () => {
  it(
    'becomes one again by itself after two halves of it lived apart, each with all the links it wants',
    async () => {
      net = new RealNet({ heartbeatMs });
      for (let index = 0; index < count; index += 1) await net.start();
      const { hosts, wires } = net;
      await until(() => hosts.every((host) => heard(host) === count), 'all hear all', longestMs);

      const half = new Set(hosts.slice(0, count / 2).map(({ address }) => address));
      wires.cutWhere((one, other) => half.has(one) !== half.has(other));
      const [here, there] = [hosts[0], hosts[count - 1]];
      if (here === undefined || there === undefined) throw new Error('two hosts');
      here.put('c1', 'here', '10.1.0.1');
      there.put('c2', 'there', '10.2.0.1');
      const isContent = (host: RealHost) =>
        host.mesh.neighbours().length >= meshDefaults.linksWhenLarge && heard(host) === count / 2;
      await until(() => hosts.every(isContent), 'each half is content with itself', longestMs);
      expect(hosts.every((host) => host.answers('here').length + host.answers('there').length === 1)).toBe(true);

      wires.mend();
      const both = (host: RealHost) => host.answers('here').length + host.answers('there').length === 2;
      await until(() => hosts.every((host) => both(host) && heard(host) === count), 'all hear all again', longestMs);
    },
    3 * longestMs,
  );
});

function heard({ replica }: RealHost): number {
  return replica.directory.hosts().length - replica.hearsay.unheard().size;
}
