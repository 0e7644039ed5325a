import { describe, expect, it } from 'vitest';
import { parseDomain } from '../../src/record.ts';
import { namesOf } from '../../src/watch/names.ts';
import type { HostnameRules } from '../../src/watch/options.ts';
import { endpointJson, fullId, inspection } from './documents.ts';
import { domain, taken } from './host.ts';

const asIs: HostnameRules = { fromLabel: '', match: /(.*)/, replacement: '$1' };
const shortId = fullId.slice(0, 12);
type Parts = NonNullable<Parameters<typeof inspection>[0]>;

const compose = (labels: Record<string, string>) => ({
  config: { Labels: { 'com.docker.compose.service': 'db', 'com.docker.compose.project': 'shop', ...labels } },
});
const swarm = (task: string) => ({
  name: task,
  config: { Labels: { 'com.docker.swarm.service.name': 'api', 'com.docker.swarm.task.name': task } },
});

/** What a container is, and its names without the short id. */
const table: readonly [string, Parts, readonly string[]][] = [
  ['its own name', { name: 'web' }, ['web']],
  ['its own name in lower case', { name: 'Web-1' }, ['web-1']],
  ['underscores, as Compose 1 wrote them', { name: 'shop_web_1' }, ['shop_web_1']],
  ['dots, as labels of a name', { name: 'web.shop' }, ['web.shop']],
  ['a name inside the domain, once', { name: 'web.weave.local' }, ['web']],
  ['a host name of one label', { config: { Hostname: 'front' } }, ['web', 'front']],
  ['a host name in the domain', { config: { Hostname: 'front.weave.local' } }, ['web', 'front']],
  [
    'a host name in the domain, in any case and with its dot',
    { config: { Hostname: 'Front.Weave.Local.' } },
    ['web', 'front'],
  ],
  ['a host name below a name', { config: { Hostname: 'a.front.weave.local' } }, ['web', 'a.front']],
  [
    'host and domain name apart, as older engines have them',
    { config: { Hostname: 'front', Domainname: 'weave.local' } },
    ['web', 'front'],
  ],
  ['a host name that is its own name', { config: { Hostname: 'web' } }, ['web']],
  ['no host name of the host', { config: { Hostname: 'host1' }, host: { NetworkMode: 'host' } }, ['web']],
  ['no host name of the host, shared by itself', { config: { Hostname: 'host1' }, host: { UTSMode: 'host' } }, ['web']],
  [
    'no host name of another container',
    { config: { Hostname: 'main' }, host: { NetworkMode: 'container:abc' } },
    ['web'],
  ],
  [
    'aliases on every network',
    { networks: { a: endpointJson('1', '', ['x', 'y.sub']), b: endpointJson('2', '', ['x', 'z.weave.local']) } },
    ['web', 'x', 'y.sub', 'z'],
  ],
  ['the short id among aliases, once', { networks: { a: endpointJson('1', '', [shortId]) } }, ['web', shortId]],
  [
    'its Compose service, alone and in its project',
    { name: 'shop-db-1', ...compose({}) },
    ['shop-db-1', 'db', 'db.shop'],
  ],
  [
    'each replica of a Compose service by its own name too',
    { name: 'shop-db-2', ...compose({ 'com.docker.compose.container-number': '2' }) },
    ['shop-db-2', 'db', 'db.shop'],
  ],
  [
    'no service for what `docker compose run` runs once',
    { name: 'shop-db-run-1', ...compose({ 'com.docker.compose.oneoff': 'True' }) },
    ['shop-db-run-1'],
  ],
  ['its Swarm service and its slot', swarm('api.2.x1y2'), ['api.2.x1y2', 'api', 'api.2']],
  ['a global Swarm service by its node', swarm('api.node1.x1y2'), ['api.node1.x1y2', 'api', 'api.node1']],
  [
    'names from a label',
    { config: { Labels: { 'weft.name': 'store, cart.shop ,,Pay.Weave.Local' } } },
    ['web', 'store', 'cart.shop', 'pay'],
  ],
  [
    'names for dnsdock',
    {
      config: { Labels: { 'com.dnsdock.name': 'one', 'com.dnsdock.image': 'redis', 'com.dnsdock.alias': 'cache,kv' } },
    },
    ['web', 'one', 'one.redis', 'cache', 'kv'],
  ],
  ['a name for dnsdock alone', { config: { Labels: { 'com.dnsdock.name': 'one' } } }, ['web', 'one']],
  [
    'a name for coredns-dockerdiscovery',
    { config: { Labels: { 'coredns.dockerdiscovery.host': 'app.example.com' } } },
    ['web', 'app.example.com'],
  ],
];

/** weave's rules (its smoke test 680 and the flags' defaults), in the words of Go. */
const rules: readonly [string, HostnameRules, Parts, readonly string[]][] = [
  [
    'match and replace',
    { fromLabel: '', match: /^aws-[0-9]+-(.*)$/, replacement: 'my-app-$1' },
    { name: 'aws-12398-c1' },
    ['aws-12398-c1', 'my-app-c1'],
  ],
  [
    'a named group',
    { fromLabel: '', match: /^aws-[0-9]+-(?<app>.*)$/, replacement: `\${app}` },
    { name: 'aws-12398-c1' },
    ['aws-12398-c1', 'c1'],
  ],
  ['no match changes nothing', { fromLabel: '', match: /^aws-(.*)$/, replacement: '$1' }, { name: 'gce-1' }, ['gce-1']],
  [
    'a label',
    { fromLabel: 'role', match: /(.*)/, replacement: '$1' },
    { config: { Labels: { role: 'leader' } } },
    ['web', 'leader'],
  ],
  ['a label that the container lacks', { fromLabel: 'role', match: /(.*)/, replacement: '$1' }, {}, ['web']],
  [
    'label, match and replacement',
    { fromLabel: 'role', match: /^(.*)-tmp$/, replacement: '$1' },
    { config: { Labels: { role: 'leader-tmp' } } },
    ['web', 'leader'],
  ],
  [
    'an empty match behind another is none',
    { fromLabel: '', match: /(.*)/, replacement: 'x-$1' },
    {},
    ['web', 'x-web'],
  ],
  [
    'a group that is not there is empty',
    { fromLabel: '', match: /^w/, replacement: '$1x$$' },
    { name: 'web1' },
    ['web1'],
  ],
  ['nothing left is no name', { fromLabel: '', match: /.*/, replacement: '' }, {}, ['web']],
];

const refusals: readonly [string, Parts, string, RegExp][] = [
  [
    'a foreign host name',
    { config: { Hostname: 'db.example.com' } },
    'db.example.com',
    /outside weave\.local.*weft\.name/,
  ],
  ['a name that ends in a hyphen', { name: 'web-' }, 'web-', /only letters, digits/],
  [
    'a label that is too long',
    { config: { Labels: { 'weft.name': 'a'.repeat(64) } } },
    'a'.repeat(64),
    /63 characters/,
  ],
  [
    'a name that is too long',
    { config: { Labels: { 'weft.name': `${'abc.'.repeat(70)}a` } } },
    `${'abc.'.repeat(70)}a`,
    /longer than/,
  ],
  ['a name with two dots', { config: { Labels: { 'weft.name': 'a..b' } } }, 'a..b', /empty label/],
  ['a name of letters that DNS has not', { config: { Labels: { 'weft.name': 'bücher' } } }, 'bücher', /only letters/],
  [
    'a whole name elsewhere',
    { config: { Labels: { 'weft.name': 'a.example.com.' } } },
    'a.example.com.',
    /must end in/,
  ],
  ['the domain itself', { config: { Hostname: 'weave.local' } }, 'weave.local', /domain itself/],
];

describe('the names of a container', () => {
  it.each(table)('has %s', (_, parts, expected) => {
    const { names, skipped } = namesOf(inspection(parts), [domain], asIs);
    expect(names).toEqual(expected.includes(shortId) ? expected : [...expected, shortId]);
    expect(skipped).toEqual([]);
  });

  it.each(rules)('follows the rules of weave: %s', (_, hostnames, parts, expected) => {
    expect(namesOf(inspection(parts), [domain], hostnames).names).toEqual([...expected, shortId]);
  });

  it.each(refusals)('leaves out %s, and says why', (_, parts, text, reason) => {
    const { names, skipped } = namesOf(inspection(parts), [domain], asIs);
    expect(names).toContain(shortId);
    expect(skipped).toEqual([{ text, reason: expect.stringMatching(reason) }]);
  });

  it('are those inside every domain of ours', () => {
    const domains = [domain, taken(parseDomain('shop.internal'))];
    const { names } = namesOf(inspection({ config: { Hostname: 'front.shop.internal' } }), domains, asIs);
    expect(names).toEqual(['web', 'front', shortId]);
  });

  it('are no more than every host can hold, and say so', () => {
    const many = Array.from({ length: 100 }, (_, index) => `n${index}`).join(',');
    const { names, skipped } = namesOf(inspection({ config: { Labels: { 'weft.name': many } } }), [domain], asIs);
    expect(names).toHaveLength(64);
    expect(skipped.at(-1)?.reason).toContain('at most 64 names');
  });
});
