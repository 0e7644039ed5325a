import { describe, expect, it } from 'vitest';
import { data } from './message.ts';
import { Twin } from './twin.ts';
import {
  address,
  bridgeA,
  bridgeB,
  container,
  entry,
  fixed,
  hostA,
  hostB,
  made,
  network,
  on,
  owner,
} from './zone-words.ts';

const clash = network(hostB, 'bridge', '10.1.0.0/16');
const web = entry(
  'web',
  [
    owner(hostA, container('good', [on(bridgeA, '10.1.0.2')])),
    owner(hostA, container('sick', [on(bridgeA, '10.1.0.3')], { health: 'unhealthy' })),
    owner(hostA, container('leaving', [on(bridgeA, '10.1.0.4')], { state: 'draining' })),
    owner(hostB, container('clash', [on(clash, '10.1.0.2')])),
    owner(hostB, container('silent', [on(bridgeB, '10.2.0.5')]), { hostStatus: 'quiet' }),
    owner(hostB, container('spare', [on(bridgeB, '10.2.0.6')], { weight: 0 })),
  ],
  [made('web', address('192.0.2.7')), made('web', { type: 'cname', target: 'db' })],
);

describe('why', () => {
  const twin = new Twin([web, fixed('a.b', '192.0.2.1')]);

  it('says since when each is there, for people', () => {
    const { records } = twin.responder.explain('web', '10.1.0.9');
    const since = records.map(({ source }) => (source.type === 'container' ? source.startedAt : source.madeAt));
    const { owners, statics } = web;
    const told = [...owners.map((each) => each.container.startedAt), ...statics.map(({ madeAt }) => madeAt)];
    expect(since.toSorted()).toEqual(told.toSorted());
  });

  it('knows the addresses that no container has to have', () => {
    const { summary, addresses } = twin.responder.explain('localhost', '10.1.0.9');
    expect(addresses).toEqual(['127.0.0.1', '::1']);
    expect(summary).toBe('localhost has 2 addresses for this asker.');
  });

  it('says of every record what became of it', () => {
    const { records, outcome, summary } = twin.responder.explain('web', '10.1.0.9');
    const verdicts = Object.fromEntries(
      records.map(({ source, data: content, verdict }) => [
        source.type === 'container' ? source.container : content.type,
        verdict,
      ]),
    );
    expect(verdicts).toEqual({
      good: 'answered',
      sick: 'unhealthy',
      leaving: 'draining',
      clash: 'shadowed',
      silent: 'quiet',
      spare: 'weightless',
      address: 'answered',
      cname: 'overridden',
    });
    expect(outcome).toBe('exists');
    expect(summary).toBe('web.weave.local has 2 addresses for this asker.');
  });

  it('names the same addresses as the answer, for every asker', () => {
    for (const from of ['10.1.0.2', '10.1.0.3', '10.1.0.9', '127.0.0.1', '203.0.113.9']) {
      const explained = [...twin.responder.explain('web', from).addresses].sort();
      expect(data(twin.ask('web', { from })).sort()).toEqual(explained);
    }
  });

  it('names the same addresses as the answer where nobody has weight', () => {
    const at = (address: string) => owner(hostA, container('web', [on(bridgeA, address)], { weight: 0 }));
    const idle = new Twin([entry('web', [at('10.1.0.2'), at('10.1.0.3')])]);
    const { addresses } = idle.responder.explain('web', '10.1.0.2');
    expect(addresses.toSorted()).toEqual(data(idle.ask('web', { from: '10.1.0.2' })).sort());
  });

  it('is plain data', () => {
    const explanation = twin.responder.explain('web', '10.1.0.9');
    expect(structuredClone(explanation)).toEqual(explanation);
    expect(JSON.parse(JSON.stringify(explanation))).toEqual(explanation);
  });

  it.each([
    ['web', 'web.weave.local', 'exists'],
    ['WEB.weave.local.', 'web.weave.local', 'exists'],
    ['b', 'b.weave.local', 'empty'],
    ['a.b', 'a.b.weave.local', 'exists'],
    ['nobody', 'nobody.weave.local', 'unknown'],
    ['www.example.com', 'www.example.com', 'forwarded'],
    ['_all.web', '_all.web.weave.local', 'exists'],
    ['weave.local', 'weave.local', 'exists'],
  ] as const)('%s is %s: %s', (asked, name, outcome) => {
    expect(twin.responder.explain(asked, '127.0.0.1')).toMatchObject({ name, outcome });
  });
});
