import { getServers, setServers } from 'node:dns';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Nameserver } from '../../src/dns/nameserver.ts';
import { silentLog } from '../../src/log.ts';
import { NotingForwarder } from './twin.ts';
import {
  bridgeA,
  bridgeB,
  bridgeC,
  container,
  dnsOptions,
  entry,
  hostA,
  hostB,
  hostC,
  made,
  on,
  owner,
} from './zone-words.ts';

const services = [{ service: '_mongodb', protocol: '_tcp', port: 27_017 }];
const members = [
  owner(hostA, container('node0', [on(bridgeA, '127.1.0.2')], { services })),
  owner(hostB, container('node1', [on(bridgeB, '127.1.0.3')], { services })),
  owner(hostC, container('node2', [on(bridgeC, '127.1.0.4')], { services })),
];

describe('the mongodb driver', () => {
  const forwarder = new NotingForwarder();
  const server = new Nameserver({ options: dnsOptions(), forwarder, clock: systemClock, log: silentLog });
  const before = getServers();

  beforeAll(async () => {
    await server.start();
    const [bound] = server.boundAddresses();
    setServers([`127.0.0.1:${bound?.port}`]);
  });

  afterAll(async () => {
    setServers(before);
    await server.stop();
  });

  /** The seeds that the driver opens connections to, and the options it took from TXT. */
  async function seeds(uri: string): Promise<{ hosts: string[]; replicaSet: string | undefined }> {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 1 });
    const hosts = new Set<string>();
    client.on('serverOpening', ({ address }) => void hosts.add(address));
    await expect(client.connect()).rejects.toThrow(/Server selection timed out|ENOTFOUND/);
    const { replicaSet } = client.options;
    await client.close();
    return { hosts: [...hosts].sort(), replicaSet };
  }

  it('trap 40: takes its seed list from the members of a name, without any TXT record', async () => {
    server.update([entry('mongo', members)]);
    expect(await seeds('mongodb+srv://mongo.weave.local/?tls=false')).toEqual({
      hosts: ['node0.mongo.weave.local:27017', 'node1.mongo.weave.local:27017', 'node2.mongo.weave.local:27017'],
      replicaSet: undefined,
    });
    expect(forwarder.asked).toEqual([]);
  });

  it('follows members that come and go', async () => {
    server.update([entry('mongo', members.slice(0, 2))]);
    const { hosts } = await seeds('mongodb+srv://mongo.weave.local/?tls=false');
    expect(hosts).toEqual(['node0.mongo.weave.local:27017', 'node1.mongo.weave.local:27017']);
  });

  it('takes the options that an operator set as TXT', async () => {
    server.update([entry('mongo', members, [made('mongo', { type: 'txt', text: 'replicaSet=rs0' })])]);
    expect((await seeds('mongodb+srv://mongo.weave.local/?tls=false')).replicaSet).toBe('rs0');
  });
});
