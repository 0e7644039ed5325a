import { describe, expect, it } from 'vitest';
import type { LinkView } from '../src/api/control.ts';
import { diagnose, type Symptoms } from '../src/problems.ts';
import { type Cidr, type HostId, localNetworkKey, type Network, parseCidr, parseHostId } from '../src/record.ts';
import type { Result } from '../src/result.ts';

const well: Symptoms = {
  now: [],
  links: [],
  engine: undefined,
  dns: undefined,
  storage: undefined,
  quarantine: [],
  preserving: false,
  duplicateIdentity: false,
  loopbackOnly: false,
};
const one = taken(parseHostId(`12D3KooW${'A'.repeat(44)}`));
const two = taken(parseHostId(`12D3KooW${'B'.repeat(44)}`));

describe('a diagnosis', () => {
  it('is empty where nothing is wrong', () => {
    expect(diagnose(well)).toEqual([]);
  });

  it('says first what keeps names from being answered', () => {
    const dns = { problem: 'No questions are answered: the port is taken', remedy: 'Free it.' };
    const engine = { connected: false, problem: 'nobody listens', containers: 0 };
    const problems = diagnose({ ...well, dns, engine, storage: 'the disk is full', preserving: true });
    expect(problems.map(({ problem }) => problem)).toEqual([
      dns.problem,
      'The container engine is not reached: nobody listens',
      expect.stringMatching(/^Most hosts went quiet together/),
      'Nothing can be kept on disk: the disk is full',
    ]);
  });

  it('says who refuses this host, once and why', () => {
    const error = 'refused by 192.0.2.1:6783: the secrets differ';
    const link: LinkView = { address: '192.0.2.1:6783', outbound: true, state: 'refused', sinceMs: 1, error };
    expect(diagnose({ ...well, links: [link] })[0]?.problem).toBe(`This host is ${error}`);
  });

  it('names a peer that was never reached, and not one that is tried for the first time or known', () => {
    const link = { address: 'seed.example:6783', outbound: true, state: 'failed' } as const;
    const error = 'the host name of seed.example:6783 cannot be resolved';
    const links: LinkView[] = [link, { ...link, state: 'retrying', peer: two, error }, { ...link, error }];
    expect(diagnose({ ...well, links })).toEqual([
      {
        problem: `The peer seed.example:6783 has not been reached: ${error}`,
        remedy: 'Start its agent, or correct the address: `weft forget seed.example:6783`, then `weft connect`.',
      },
    ]);
  });

  it('does not mind a peer that was never reached where another was', () => {
    const missing = { address: '192.0.2.9:6783', outbound: true, state: 'failed', error: 'no route' } as const;
    const link: LinkView = { address: '192.0.2.1:6783', outbound: false, state: 'established', peer: two };
    expect(diagnose({ ...well, links: [missing, link] })).toEqual([]);
  });

  it('names a quiet host as its operators do, and how long it is silent', () => {
    const now = [
      host('host-one', one, []),
      { ...host('host-two', two, []), status: 'quiet', heardMsAgo: 61_000 } as const,
    ];
    expect(diagnose({ ...well, now })).toEqual([
      {
        problem: 'Host host-two is quiet, last heard 61 s ago: its 1 record is hidden while others are left',
        remedy: 'Start its agent, or `weft forget host-two` when it is gone for good.',
      },
    ]);
  });

  it('names a host whose engine is gone for long, as long as something is told of it', () => {
    const gone = host('host-two', two, []);
    const now = [host('host-one', one, []), { ...gone, record: { ...gone.record, unwatched: true } } as const];
    expect(diagnose({ ...well, now }).map(({ problem }) => problem)).toEqual([
      'The container engine of host host-two has been away for long: its 1 record is hidden while others are left',
    ]);
    expect(diagnose({ ...well, now: now.map((each) => ({ ...each, records: 0 })) })).toEqual([]);
  });

  it('warns of subnets that two hosts share, and not of one network that spans both, nor of the exits of overlays', () => {
    const bridges = [network(one, 'bridge', '172.17.0.0/16'), network(two, 'bridge', '172.17.0.0/16')] as const;
    const spanning = { ...network(one, 'overlay', '10.0.0.0/24'), key: 'overlay' as Network['key'] };
    const exits = [
      network(one, 'docker_gwbridge', '10.9.0.0/24'),
      network(two, 'docker_gwbridge', '10.9.0.0/24'),
    ] as const;
    const now = [
      host('host-one', one, [bridges[0], spanning, exits[0]]),
      host('host-two', two, [bridges[1], spanning, exits[1]]),
    ];
    const problems = diagnose({ ...well, now });
    expect(problems.map(({ problem }) => problem)).toEqual([
      'Hosts host-one (network bridge) and host-two (network bridge) share the subnet 172.17.0.0/16: addresses in it are shadowed',
    ]);
  });

  it('warns once of a subnet, however many hosts share it or parts of it', () => {
    const now = Array.from({ length: 1_000 }, (_, index) => {
      const id = `host ${index}` as HostId;
      const apps = index === 0 ? '10.0.0.0/8' : `10.1.${index % 2}.0/24`;
      const own = `192.168.${index % 250}.${Math.floor(index / 250)}/32`;
      const networks = [network(id, 'bridge', '172.17.0.0/16'), network(id, 'apps', apps), network(id, 'own', own)];
      return host(`host-${index}`, id, networks);
    });
    const warnings = (count: number) => diagnose({ ...well, now: now.slice(0, count) }).map(({ problem }) => problem);
    expect(warnings(3)).toEqual([
      'Hosts host-0 (network apps), host-2 (network apps) and host-1 (network apps) share the subnet 10.0.0.0/8: addresses in it are shadowed',
      'Hosts host-0 (network bridge), host-1 (network bridge) and host-2 (network bridge) share the subnet 172.17.0.0/16: addresses in it are shadowed',
    ]);
    expect(warnings(1_000)).toEqual([
      expect.stringMatching(
        /^Hosts host-0 .*(, host-\d+ \(network apps\)){11} and 988 others share the subnet 10.0.0.0\/8:/,
      ),
      expect.stringMatching(/^Hosts host-0 .* and 988 others share the subnet 172.17.0.0\/16:/),
    ]);
  });

  it('warns of a part of a network that spans both, and not of two parts that have nothing in common', () => {
    const spanning = { ...network(one, 'wide', '10.0.0.0/8'), key: 'overlay' as Network['key'] };
    const now = [
      host('host-one', one, [spanning, network(one, 'left', '10.1.0.0/16')]),
      host('host-two', two, [spanning, network(two, 'right', '10.2.0.0/16')]),
    ];
    expect(diagnose({ ...well, now }).map(({ problem }) => problem)).toEqual([
      'Hosts host-one (network wide, left) and host-two (network wide, right) share the subnet 10.0.0.0/8: addresses in it are shadowed',
    ]);
    const apart = now.map((each) => ({ ...each, record: { ...each.record, networks: each.record.networks.slice(1) } }));
    expect(diagnose({ ...well, now: apart })).toEqual([]);
  });
});

function host(name: string, id: HostId, networks: readonly Network[]) {
  const record = { name, version: '0', meshAddresses: [], networks, startedAt: 0 };
  return { id, status: 'alive', record, records: 1, badRecords: 0, epoch: 1, sequence: 1 } as const;
}

function network(hostId: HostId, name: string, subnet: string): Network {
  return {
    key: localNetworkKey(hostId, name),
    name,
    driver: 'bridge',
    subnets: [taken<Cidr>(parseCidr(subnet))],
    gateways: [],
  };
}

function taken<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.problem);
  return result.value;
}
