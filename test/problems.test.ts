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
