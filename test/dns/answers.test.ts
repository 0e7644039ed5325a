import { describe, expect, it } from 'vitest';
import { data } from './message.ts';
import { Twin } from './twin.ts';
import { address, bridgeA, bridgeB, container, entry, fixed, hostA, hostB, made, on, owner } from './zone-words.ts';

describe('a name that somebody has', () => {
  const twin = new Twin([
    entry('node0', [owner(hostA, container('node0', [on(bridgeA, '10.1.0.2')]))]),
    entry('nodebb', [
      owner(hostA, container('nodebb', [on(bridgeA, '10.1.0.3')])),
      owner(hostB, container('nodebb', [on(bridgeB, '10.2.0.3')])),
    ]),
    fixed('db', '192.0.2.7', '2001:db8::7'),
  ]);

  it.each([
    ['node0.weave.local', 'A', ['node0.weave.local 1 A 10.1.0.2']],
    ['node0', 'A', ['node0 1 A 10.1.0.2']],
    ['NODE0.Weave.Local', 'A', ['NODE0.Weave.Local 1 A 10.1.0.2']],
    ['db.weave.local', 'A', ['db.weave.local 1 A 192.0.2.7']],
    ['db.weave.local', 'AAAA', ['db.weave.local 1 AAAA 2001:db8::7']],
    ['2.0.1.10.in-addr.arpa', 'PTR', ['2.0.1.10.in-addr.arpa 1 PTR node0.weave.local']],
  ] as const)('%s %s has its records', (name, type, answers) => {
    const reply = twin.ask(name, { type });
    expect(reply).toMatchObject({ id: 0x1234, rcode: 'NOERROR', flags: 'qr aa rd ra', answers, authority: [] });
  });

  it('has all its owners in one answer', () => {
    expect(data(twin.ask('nodebb.weave.local')).sort()).toEqual(['10.1.0.3', '10.2.0.3']);
  });

  it('has the PTR of an IPv6 address', () => {
    const name = `7.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;
    expect(twin.ask(name, { type: 'PTR' }).answers).toEqual([`${name} 1 PTR db.weave.local`]);
  });

  it('takes its own time to live where one is set', () => {
    const slow = new Twin([entry('slow', [], [made('slow', address('192.0.2.1'), 30)])]);
    expect(slow.ask('slow').answers).toEqual(['slow 30 A 192.0.2.1']);
  });
});
