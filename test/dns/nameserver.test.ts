import { createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { Nameserver } from '../../src/dns/nameserver.ts';
import type { DnsOptions, ListenAddress } from '../../src/dns/options.ts';
import { silentLog } from '../../src/log.ts';
import type { Address } from '../../src/record.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { framed, TcpClient, UdpClient } from './client.ts';
import { data, question, replyTo } from './message.ts';
import { NotingForwarder } from './twin.ts';
import { dnsOptions, fixed } from './zone-words.ts';

/** Threads start and sockets answer in milliseconds; a busy machine may take its time. */
vi.setConfig({ testTimeout: 30_000 });
const patience = { timeout: 20_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const three = fixed('nodebb', '192.0.2.1', '192.0.2.2', '192.0.2.3');

async function serve(options: Partial<DnsOptions> = {}, clock = systemClock, forwarder = new NotingForwarder()) {
  const server = new Nameserver({ options: dnsOptions(options), forwarder, clock, log: silentLog });
  await server.start();
  closers.push(() => server.stop());
  server.update([three]);
  const [bound] = server.boundAddresses();
  if (bound === undefined) throw new Error('it listens nowhere');
  return { server, bound, forwarder };
}

function udp(server: ListenAddress): UdpClient {
  const client = new UdpClient(server);
  closers.push(() => client.close());
  return client;
}

function tcp(server: ListenAddress): TcpClient {
  const client = new TcpClient(server);
  closers.push(() => client.close());
  return client;
}

describe('over UDP', () => {
  it('answers with every address', async () => {
    const { bound } = await serve();
    const reply = await udp(bound).ask('nodebb.weave.local');
    expect(data(reply).sort()).toEqual(['192.0.2.1', '192.0.2.2', '192.0.2.3']);
  });

  it('answers over IPv6', async () => {
    const { bound } = await serve({ listen: [{ address: '::1' as Address, port: 0 }] });
    expect((await udp(bound).ask('nodebb.weave.local')).rcode).toBe('NOERROR');
  });

  it('answers each of many askers with their own id and spelling', async () => {
    const { bound } = await serve();
    const clients = Array.from({ length: 50 }, () => udp(bound));
    const replies = await Promise.all(
      clients.map((client, id) => client.ask(id % 2 ? 'NodeBB.weave.local' : 'nodebb.WEAVE.local', { id })),
    );
    expect(replies.map((reply) => reply.id)).toEqual(clients.map((_, id) => id));
    expect(new Set(replies.map((reply) => reply.question))).toEqual(
      new Set(['NodeBB.weave.local A', 'nodebb.WEAVE.local A']),
    );
  });

  it('takes a name over and lets it go while it runs', async () => {
    const { server, bound } = await serve();
    const client = udp(bound);
    expect((await client.ask('db.weave.local')).rcode).toBe('NXDOMAIN');
    server.update([fixed('db', '192.0.2.7')]);
    expect(data(await client.ask('db.weave.local'))).toEqual(['192.0.2.7']);
    server.update([fixed('db')]);
    expect((await client.ask('db.weave.local')).rcode).toBe('NXDOMAIN');
  });

  it('hands other names on and sends what comes back', async () => {
    const { bound, forwarder } = await serve();
    forwarder.answer = (query) => replyTo(query, 0, [['www.example.com', 60, { type: 1, address: '198.51.100.1' }]]);
    expect((await udp(bound).ask('www.example.com')).answers).toEqual(['www.example.com 60 A 198.51.100.1']);
  });

  it('trap 20: answers from the very address that was asked', async () => {
    const listen = ['127.0.0.2', '127.0.0.3'].map((each) => ({ address: each as Address, port: 0 }));
    const { server } = await serve({ listen });
    for (const bound of server.boundAddresses()) {
      const client = udp(bound);
      const source = new Promise((resolve) => client.socket.once('message', (_, from) => resolve(from.address)));
      await client.ask('nodebb.weave.local');
      expect(await source).toBe(bound.address);
    }
  });
});

describe('over TCP', () => {
  it('answers many questions on one connection, sent at once or cut anywhere', async () => {
    const { bound } = await serve();
    const client = tcp(bound);
    const stream = Buffer.concat([1, 2, 3].map((id) => framed(question('nodebb.weave.local', { id }))));
    client.socket.write(stream.subarray(0, 1));
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.write(stream.subarray(1, 60));
    await new Promise((resolve) => setImmediate(resolve));
    client.socket.write(stream.subarray(60));
    expect([(await client.next()).id, (await client.next()).id, (await client.next()).id]).toEqual([1, 2, 3]);
  });

  it('answers what is ready before what is awaited (RFC 7766 section 7)', async () => {
    const forwarder = new NotingForwarder();
    let release = () => {};
    const late = new Promise<void>((resolve) => {
      release = resolve;
    });
    forwarder.resolve = async (query) => {
      await late;
      return replyTo(query, 0, []);
    };
    const { bound } = await serve({}, systemClock, forwarder);
    const client = tcp(bound);
    client.send('www.example.com', { id: 1 });
    client.send('nodebb.weave.local', { id: 2 });
    expect((await client.next()).id).toBe(2);
    release();
    expect((await client.next()).id).toBe(1);
  });

  it('answers a client that closes its side after the question', async () => {
    const { bound } = await serve();
    const client = tcp(bound);
    client.socket.end(framed(question('nodebb.weave.local')));
    expect((await client.next()).rcode).toBe('NOERROR');
    await client.untilClosed();
  });

  it('closes a connection that asks nothing', async () => {
    const clock = new ManualClock();
    const { bound } = await serve({}, clock);
    const client = tcp(bound);
    await client.ask('nodebb.weave.local');
    clock.advance(dnsOptions().limits.tcpIdleMs);
    await client.untilClosed();
  });

  it('cuts off who begins a message and does not end it, however busily', async () => {
    const clock = new ManualClock();
    const { server, bound } = await serve({}, clock);
    const [slow, other] = [tcp(bound), tcp(bound)];
    const message = framed(question('nodebb.weave.local'));
    slow.socket.write(message.subarray(0, 1));
    await other.ask('nodebb.weave.local');
    clock.advance(dnsOptions().limits.tcpMessageMs - 1);
    slow.socket.write(message.subarray(1, 2));
    await other.ask('nodebb.weave.local');
    clock.advance(1);
    await slow.untilClosed();
    expect(server.stats().counts.tcpTimedOut).toBe(1);
    expect((await other.ask('nodebb.weave.local')).rcode).toBe('NOERROR');
  });

  it('gives each message its time, also where one begins in the packet that ends another', async () => {
    const clock = new ManualClock();
    const { bound } = await serve({}, clock);
    const client = tcp(bound);
    const stream = Buffer.concat([1, 2, 3].map((id) => framed(question('nodebb.weave.local', { id }))));
    const length = stream.length / 3;
    client.socket.write(stream.subarray(0, length + 10));
    expect((await client.next()).id).toBe(1);
    clock.advance(dnsOptions().limits.tcpMessageMs - 1);
    client.socket.write(stream.subarray(length + 10, 2 * length + 10));
    expect((await client.next()).id).toBe(2);
    clock.advance(dnsOptions().limits.tcpMessageMs - 1);
    client.socket.write(stream.subarray(2 * length + 10));
    expect((await client.next()).id).toBe(3);
  });

  it('refuses more connections than one client may have', async () => {
    const { limits } = dnsOptions();
    const { server, bound } = await serve({ limits: { ...limits, tcpConnectionsPerClient: 2 } });
    const first = [tcp(bound), tcp(bound)];
    for (const client of first) await client.ask('nodebb.weave.local');
    await tcp(bound).untilClosed();
    expect(server.stats().counts.tcpRefused).toBe(1);
    first[0]?.close();
    await expect
      .poll(
        async () =>
          tcp(bound)
            .ask('nodebb.weave.local')
            .then(
              (reply) => reply.rcode,
              () => 'closed',
            ),
        patience,
      )
      .toBe('NOERROR');
  });
});

describe('its life', () => {
  it('binds UDP and TCP to one free port', async () => {
    const { bound } = await serve();
    expect(bound.port).toBeGreaterThan(0);
    expect((await tcp(bound).ask('nodebb.weave.local')).rcode).toBe('NOERROR');
  });

  it('leaves nothing open when an address cannot be had', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    closers.push(() => taken.close());
    const place = taken.address();
    const port = typeof place === 'object' && place !== null ? place.port : 0;
    const listen = [0, port].map((each) => ({ address: '127.0.0.1' as Address, port: each }));
    const options = dnsOptions({ listen });
    const server = new Nameserver({ options, forwarder: new NotingForwarder(), clock: systemClock, log: silentLog });
    await expect(server.start()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(server.boundAddresses()).toEqual([]);
  });

  it('stops twice', async () => {
    const { server } = await serve();
    await server.stop();
    await server.stop();
  });

  it('trap 44: a successor on the same port takes over without a lost question', async () => {
    const { server, bound } = await serve({ limits: { ...dnsOptions().limits, drainMs: 2000 } });
    const clients = Array.from({ length: 20 }, () => udp(bound));
    let asking = true;
    const asked = clients.map(async (client) => {
      let answers = 0;
      for (; asking; answers++) await client.ask('nodebb.weave.local');
      return answers;
    });
    await serve({ listen: [bound] });
    await server.stop();
    asking = false;
    // Every client asks the next question only after an answer: one that was lost would leave it waiting for ever.
    const answers = await Promise.all(asked);
    expect(Math.min(...answers)).toBeGreaterThan(0);
  });
});
