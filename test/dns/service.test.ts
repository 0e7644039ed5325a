import { createSocket } from 'node:dgram';
import { getPriority, setPriority } from 'node:os';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { DnsOptions } from '../../src/dns/options.ts';
import { DnsService, type ServiceParts } from '../../src/dns/service.ts';
import { silentLog } from '../../src/log.ts';
import type { Address, NameEntry } from '../../src/record.ts';
import { nicenessOf } from '../support/niceness.ts';
import { UdpClient } from './client.ts';
import { data } from './message.ts';
import { bridgeA, container, dnsOptions, entry, fixed, hostA, on, owner } from './zone-words.ts';

/** Threads start and sockets answer in milliseconds; a busy machine may take its time. */
vi.setConfig({ testTimeout: 30_000 });
const patience = { timeout: 20_000 };

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function service(options: Partial<DnsOptions> = {}, threads = 1, known: NameEntry[] = []): DnsService {
  return started({ options: dnsOptions(options), threads, shares: false, known: () => known });
}

/** A second agent's for the same address. */
function another(listen: DnsOptions['listen'], shares: boolean): DnsService {
  return started({ options: dnsOptions({ listen }), threads: 1, shares, known: () => [] });
}

function started(parts: Omit<ServiceParts, 'clock' | 'log'>): DnsService {
  const made = new DnsService({ ...parts, clock: systemClock, log: silentLog });
  closers.push(() => made.stop());
  return made;
}

/** Whether this user may: some containers let root do less. */
function mayBePreferred(): boolean {
  const now = getPriority();
  try {
    setPriority(now - 1);
  } catch {
    return false;
  }
  setPriority(now);
  return true;
}

function client(running: DnsService): UdpClient {
  const [bound] = running.boundAddresses();
  if (bound === undefined) throw new Error('it listens nowhere');
  const made = new UdpClient(bound);
  closers.push(() => made.close());
  return made;
}

describe('the service', () => {
  it('answers the first question from all that was known when it started', async () => {
    const known = Array.from({ length: 1000 }, (_, index) => fixed(`name${index}`, '192.0.2.1'));
    const dns = service({}, 1, known);
    await dns.start();
    expect(data(await client(dns).ask('name999.weave.local'))).toEqual(['192.0.2.1']);
  });

  it('answers nothing before it is started, and then from all that changed since it was prepared', async () => {
    const dns = service({}, 2, [fixed('db', '192.0.2.1'), fixed('web', '192.0.2.2')]);
    dns.prepare();
    dns.update([fixed('db', '192.0.2.7')]);
    expect(dns.boundAddresses()).toEqual([]);
    await dns.start();
    expect(data(await client(dns).ask('db.weave.local'))).toEqual(['192.0.2.7']);
    expect(data(await client(dns).ask('web.weave.local'))).toEqual(['192.0.2.2']);
  });

  it('ends with nothing left open where it was only prepared', async () => {
    const dns = service({}, 2);
    dns.prepare();
    await dns.stop();
    expect((await dns.stats()).threads).toBe(0);
  });

  it('takes changes over in every thread', async () => {
    const dns = service({}, 2);
    await dns.start();
    const clients = Array.from({ length: 8 }, () => client(dns));
    dns.update([fixed('db', '192.0.2.7')]);
    for (const each of clients)
      await expect.poll(async () => data(await each.ask('db.weave.local')), patience).toEqual(['192.0.2.7']);
    dns.update([fixed('db')]);
    for (const each of clients)
      await expect.poll(async () => (await each.ask('db.weave.local')).rcode, patience).toBe('NXDOMAIN');
    expect((await dns.stats()).threads).toBe(2);
  });

  it('takes over what it is told in that order, also where several messages are under way', async () => {
    const dns = service();
    await dns.start();
    const names = (count: number) => Array.from({ length: count }, (_, index) => fixed(`name${index}`, '192.0.2.1'));
    // Fits one message, with the name last; and the next, which is long, begins with it.
    dns.update([...names(127), fixed('web', '192.0.2.1')]);
    dns.update([fixed('web', '192.0.2.2'), ...names(2_000), fixed('last', '192.0.2.3')]);
    const asker = client(dns);
    await expect.poll(async () => data(await asker.ask('last.weave.local')), patience).toEqual(['192.0.2.3']);
    expect(data(await asker.ask('web.weave.local'))).toEqual(['192.0.2.2']);
    expect(data(await asker.ask('name1999.weave.local'))).toEqual(['192.0.2.1']);
  });

  it('explains from the networks it was told', async () => {
    const dns = service({}, 1, [entry('node0', [owner(hostA, container('node0', [on(bridgeA, '10.1.0.2')]))])]);
    dns.setNetworks([bridgeA]);
    await dns.start();
    const explanation = await dns.explain('node0', '10.1.0.9');
    expect(explanation).toMatchObject({
      outcome: 'exists',
      addresses: ['10.1.0.2'],
      asker: { networks: [bridgeA.key] },
    });
  });

  it('has its threads go before other programs where the system lets it', async () => {
    const [before = 0] = nicenessOf(process.pid);
    await service().start();
    expect(nicenessOf(process.pid)[0]).toBe(mayBePreferred() ? before - 5 : before);
  });

  it('says who holds a port that is taken', async () => {
    const holder = createSocket('udp4');
    closers.push(() => holder.close());
    await new Promise<void>((resolve) => holder.bind(0, '127.0.0.1', resolve));
    const { port } = holder.address();
    const dns = service({ listen: [{ address: '127.0.0.1' as Address, port }] });
    await expect(dns.start()).rejects.toThrow(
      `cannot answer DNS on 127.0.0.1:${port}: the port is taken by this process (pid ${process.pid}); stop that, or choose another address with --dns-listen`,
    );
    expect(dns.boundAddresses()).toEqual([]);
  });

  it('shares its port with the agent that takes over, and with no other', async () => {
    const first = service();
    await first.start();
    const listen = first.boundAddresses();
    await expect(another(listen, false).start()).rejects.toThrow('the port is taken by');
    await another(listen, true).start();
  });

  it('says when an address is not this host’s', async () => {
    const dns = service({ listen: [{ address: '192.0.2.1' as Address, port: 0 }] });
    await expect(dns.start()).rejects.toThrow(
      'cannot answer DNS on 192.0.2.1:0: no interface of this host has that address; choose another with --dns-listen',
    );
  });

  it('starts a thread that died again, and fills it', async () => {
    const dns = service({}, 1, [fixed('db', '192.0.2.7')]);
    await dns.start();
    const asker = client(dns);
    dns.killThread(0);
    await expect.poll(async () => (await dns.stats()).threadRestarts, patience).toBe(1);
    // What is asked while no thread runs is lost; a resolver asks again, and so does this.
    await expect
      .poll(() => Promise.race([asker.ask('db.weave.local').then(data), later()]), patience)
      .toEqual(['192.0.2.7']);
  });

  it('stops twice, and before it started', async () => {
    const dns = service();
    await dns.stop();
    await dns.start();
    await dns.stop();
    await dns.stop();
    expect(dns.boundAddresses()).toEqual([]);
  });
});

/** What a resolver that waits for an answer no longer gets. */
function later(): Promise<string[]> {
  return new Promise((resolve) => setTimeout(resolve, 100, ['nothing']));
}
