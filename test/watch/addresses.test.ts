import { describe, expect, it } from 'vitest';
import { localNetworkKey, overlayNetworkKey, parseAddress, parseHostId, sharedNetworkKey } from '../../src/record.ts';
import { addressesOf } from '../../src/watch/addresses.ts';
import { decodeNetworks } from '../../src/watch/decode.ts';
import { describeNetworks, type NetworkTable, networkKey, networkTable } from '../../src/watch/networks.ts';
import { endpointJson, inspection } from './documents.ts';
import { hostId, taken } from './host.ts';

const otherHost = taken(parseHostId(`12D3KooW${'B'.repeat(44)}`));
const networkJson = (id: string, parts: Record<string, unknown> = {}) => ({
  Id: id,
  Name: `name-${id}`,
  Driver: 'bridge',
  Scope: 'local',
  IPAM: { Config: [{ Subnet: '10.1.0.0/16', Gateway: '10.1.0.1' }] },
  ...parts,
});
const tableOf = (...networks: unknown[]): NetworkTable => networkTable(taken(decodeNetworks(networks)));
const keyOn = (host: typeof hostId, json: unknown) =>
  [...tableOf(json).values()].map((each) => networkKey(host, each))[0];
const macvlan = (id: string, parent: string, subnet = '192.168.7.0/24', options = {}) =>
  networkJson(id, { Driver: 'macvlan', IPAM: { Config: [{ Subnet: subnet }] }, Options: { parent, ...options } });

describe('the key of a network', () => {
  it('is its own host’s for a bridge, even where subnets are equal', () => {
    expect(keyOn(hostId, networkJson('a1'))).toBe(localNetworkKey(hostId, 'a1'));
    expect(keyOn(hostId, networkJson('a1'))).not.toBe(keyOn(otherHost, networkJson('a1')));
  });

  it('is the same on all hosts for an overlay of Swarm, and for networks of other drivers that span hosts', () => {
    const overlay = networkJson('xyz', { Driver: 'overlay', Scope: 'swarm' });
    expect(keyOn(hostId, overlay)).toBe(overlayNetworkKey('xyz'));
    const plugged = networkJson('xyz', { Driver: 'example/net:1', Scope: 'global' });
    expect(keyOn(hostId, plugged)).toBe(sharedNetworkKey('global:xyz'));
    expect(keyOn(hostId, plugged)).toBe(keyOn(otherHost, plugged));
    expect(keyOn(hostId, overlay)).toBe(keyOn(otherHost, overlay));
  });

  it('is the same for macvlan and ipvlan networks of one segment, made on each host by hand', () => {
    expect(keyOn(hostId, macvlan('a1', 'eth0'))).toBe(keyOn(otherHost, macvlan('b2', 'ens3')));
    expect(keyOn(hostId, macvlan('a1', 'eth0.20'))).toBe(keyOn(otherHost, macvlan('b2', 'ens3.20')));
    const ipvlan = networkJson('c3', {
      Driver: 'ipvlan',
      IPAM: { Config: [{ Subnet: '192.168.7.0/24' }] },
      Options: { parent: 'eth0' },
    });
    expect(keyOn(hostId, ipvlan)).toBe(keyOn(hostId, macvlan('a1', 'eth0')));
  });

  it('is another one for another VLAN, another subnet, a routed network, and one that leads nowhere', () => {
    const keys = [
      macvlan('a1', 'eth0'),
      macvlan('a2', 'eth0.20'),
      macvlan('a3', 'eth0', '192.168.8.0/24'),
      macvlan('a4', 'eth0', '192.168.7.0/24', { ipvlan_mode: 'l3' }),
      macvlan('a5', ''),
    ].map((network) => keyOn(hostId, network));
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.slice(3)).toEqual([localNetworkKey(hostId, 'a4'), localNetworkKey(hostId, 'a5')]);
  });
});

describe('the networks of a host', () => {
  it('are those with addresses of their own, with what can be read of them', () => {
    const table = tableOf(
      networkJson('b', {
        IPAM: {
          Config: [
            { Subnet: '10.1.0.0/16', Gateway: '10.1.0.1' },
            { Subnet: 'fd00::/64', Gateway: 'fd00::1/64' },
            { Subnet: 'nonsense' },
          ],
        },
      }),
      networkJson('h', { Driver: 'host', IPAM: { Config: null } }),
      networkJson('n', { Driver: 'null' }),
      networkJson('i', { Driver: 'overlay', Scope: 'swarm', Ingress: true }),
    );
    expect(describeNetworks(hostId, table.values())).toEqual([
      {
        key: localNetworkKey(hostId, 'b'),
        name: 'name-b',
        driver: 'bridge',
        subnets: ['10.1.0.0/16', 'fd00::/64'],
        gateways: ['10.1.0.1', 'fd00::1'],
      },
    ]);
  });
});

describe('the gateway of a bridge', () => {
  it('is the first address of its subnet where the engine does not tell it', () => {
    const silent = networkJson('b', { IPAM: { Config: [{ Subnet: '172.17.0.0/16' }] } });
    expect(describeNetworks(hostId, tableOf(silent).values())[0]?.gateways).toEqual(['172.17.0.1']);
  });
});

describe('the addresses of a container', () => {
  const networks = tableOf(
    networkJson('one', { IPAM: { Config: [{ Subnet: '10.1.0.0/16' }, { Subnet: 'fd00::/64' }] } }),
    networkJson('two', { Driver: 'overlay', Scope: 'swarm', IPAM: { Config: [{ Subnet: '10.2.0.0/24' }] } }),
    networkJson('ingress', { Driver: 'overlay', Scope: 'swarm', Ingress: true }),
    networkJson('f00', { Name: 'bridge', IPAM: { Config: [{ Subnet: '10.88.0.0/16' }] } }),
  );
  const surroundings = { hostId, networks };
  const dual = { ...endpointJson('one', '10.1.0.5'), GlobalIPv6Address: 'FD00:0::5', GlobalIPv6PrefixLen: 64 };

  it('are all it has on each network, in the one spelling, with the subnet they are from', () => {
    const container = inspection({ networks: { front: dual, back: endpointJson('two', '10.2.0.9') } });
    const local = { network: localNetworkKey(hostId, 'one'), networkName: 'front' };
    expect(addressesOf(container, surroundings)).toEqual([
      { address: '10.1.0.5', ...local, subnet: '10.1.0.0/16' },
      { address: 'fd00::5', ...local, subnet: 'fd00::/64' },
      { address: '10.2.0.9', network: overlayNetworkKey('two'), networkName: 'back', subnet: '10.2.0.0/24' },
    ]);
  });

  it('are none on Swarm’s network for published ports, where it has none yet, and where it is none', () => {
    const container = inspection({
      networks: {
        ingress: endpointJson('ingress', '10.0.0.7'),
        late: endpointJson('one', ''),
        odd: endpointJson('one', 'x'),
      },
    });
    expect(addressesOf(container, surroundings)).toEqual([]);
  });

  it('are on a network of this host with the subnet of the address, where the engine does not list it', () => {
    const [address] = addressesOf(inspection({ networks: { gone: endpointJson('zzz', '10.9.0.2') } }), surroundings);
    expect(address).toEqual({
      address: '10.9.0.2',
      network: localNetworkKey(hostId, 'zzz'),
      networkName: 'gone',
      subnet: '10.9.0.2/16',
    });
  });

  it('are on the network that Podman calls otherwise in its listing', () => {
    const container = inspection({ networks: { podman: endpointJson('podman', '10.88.0.3') } });
    expect(addressesOf(container, surroundings)[0]).toMatchObject({
      network: localNetworkKey(hostId, 'f00'),
      subnet: '10.88.0.0/16',
    });
  });

  it('are the host’s on the host’s network, where that is known', () => {
    const container = inspection({ host: { NetworkMode: 'host' }, networks: { host: endpointJson('h', '') } });
    const hostAddress = taken(parseAddress('192.0.2.1'));
    expect(addressesOf(container, surroundings)).toEqual([]);
    expect(addressesOf(container, { ...surroundings, hostAddress })).toEqual([
      { address: '192.0.2.1', network: localNetworkKey(hostId, 'host'), networkName: 'host' },
    ]);
  });
});
