import { createHash } from 'node:crypto';
import {
  type ContainerRecord,
  type HostId,
  type HostRecord,
  localNetworkKey,
  type Name,
  parseAddress,
  parseName,
} from '../src/record.ts';

/** A container as the watch room would tell of it: Compose names, one network, one published port. */
export function realisticContainer(host: HostId, hostNumber: number, index: number): ContainerRecord {
  const id = createHash('sha256').update(`${hostNumber} ${index}`).digest('hex');
  // Ten hosts run the same project, and every project has a service of the same name: the best and the worst case.
  const project = `project${Math.floor(hostNumber / 10)}`;
  const service = `service${index}`;
  const names = [`${project}-${service}-1`, service, `${service}.${project}`, id.slice(0, 12)].flatMap(nameOf);
  const address = parseAddress(`172.18.${(index >> 8) & 255}.${(index & 255) + 2}`);
  return {
    id,
    name: `${project}-${service}-1`,
    image: `registry.example.com/team/${service}:2026.1`,
    names,
    addresses: address.ok
      ? [{ address: address.value, network: localNetworkKey(host, 'a'.repeat(64)), networkName: `${project}_default` }]
      : [],
    state: 'running',
    health: 'healthy',
    startedAt: 1_767_225_600_000,
    ports: [{ port: 8080, protocol: 'tcp', hostPort: 30_000 + index }],
  };
}

export function realisticHost(host: HostId, hostNumber: number): HostRecord {
  const project = `project${Math.floor(hostNumber / 10)}`;
  return {
    name: `host${hostNumber}.example.com`,
    version: '0.1.0',
    // None: its host is not there to be dialled; those that are real dial by themselves.
    meshAddresses: [],
    networks: [
      {
        key: localNetworkKey(host, 'a'.repeat(64)),
        name: `${project}_default`,
        driver: 'bridge',
        subnets: [],
        gateways: [],
      },
    ],
    startedAt: 1_767_225_600_000,
  };
}

function nameOf(text: string): Name[] {
  const name = parseName(text, []);
  return name.ok ? [name.value] : [];
}
