import { describe, expect, it } from 'vitest';
import { isIgnored, readLabels } from '../../src/watch/labels.ts';
import { portsOf } from '../../src/watch/ports.ts';
import { inspection } from './documents.ts';

const read = (label: string, text: string, exposed: readonly string[] = []) => {
  const ExposedPorts = Object.fromEntries(exposed.map((port) => [port, {}]));
  return readLabels(new Map([[label, text]]), portsOf(inspection({ config: { ExposedPorts } })));
};
const mongodb = { service: '_mongodb', protocol: '_tcp', port: 27017 };

describe('a label of a container', () => {
  it('that is rubbish a thousand times over is told of a few times', () => {
    const { values, skipped } = read(
      'weft.srv',
      Array.from({ length: 1_000 }, (_, index) => `rubbish ${index}`).join(),
    );
    expect(values).toEqual({});
    expect(skipped).toHaveLength(16);
  });

  it.each<[string, string, object]>([
    ['weft.ttl', '0', { ttlSeconds: 0 }],
    ['weft.ttl', ' 30 ', { ttlSeconds: 30 }],
    ['com.dnsdock.ttl', '30', { ttlSeconds: 30 }],
    ['weft.weight', '0', { weight: 0 }],
    ['weft.weight', '2.5', { weight: 2.5 }],
    ['weft.answers', 'one', { answers: 'one' }],
    ['weft.answers', 'ALL', { answers: 'all' }],
    ['weft.prefer', 'local', { prefer: 'local' }],
    ['weft.srv', '_mongodb._tcp:27017', { services: [mongodb] }],
    [
      'weft.srv',
      '_MongoDB._TCP:27017, _sip._udp:5060',
      { services: [mongodb, { service: '_sip', protocol: '_udp', port: 5060 }] },
    ],
    ['weft.unknown', 'x', {}],
  ])('%s=%s is understood', (label, text, values) => {
    expect(read(label, text)).toEqual({ values, skipped: [] });
  });

  it.each<[string, string, RegExp]>([
    ['weft.ttl', '', /whole seconds from 0 to 604800/],
    ['weft.ttl', '-1', /whole seconds/],
    ['weft.ttl', '1s', /whole seconds/],
    ['weft.ttl', '604801', /whole seconds/],
    ['weft.weight', 'NaN', /number from 0 to 1000/],
    ['weft.weight', '1e9', /number from 0/],
    ['weft.answers', 'some', /must be all or one/],
    ['weft.prefer', 'near', /must be any or local/],
    ['weft.srv', 'mongodb:27017', /_SERVICE\._tcp:PORT/],
    ['weft.srv', '_mongodb._tcp:0', /port from 1 to 65535/],
    ['weft.srv', '_mongodb._tcp:70000', /port from 1/],
    ['weft.srv', '_a-name-that-is-too-long._tcp:1', /_SERVICE\._tcp:PORT/],
    ['weft.srv', '_mongodb._tcp', /needs a port/],
  ])('%s=%s is refused with a reason, and nothing else is lost', (label, text, reason) => {
    const { values, skipped } = read(label, text);
    expect(values).toEqual({});
    expect(skipped).toEqual([{ text: `${label}=${text}`, reason: expect.stringMatching(reason) }]);
    expect(skipped[0]?.reason).toContain(label);
  });

  it('takes the port of a service from the container that has one of that protocol', () => {
    expect(read('weft.srv', '_mongodb._tcp', ['27017/tcp', '53/udp']).values).toEqual({ services: [mongodb] });
    expect(read('weft.srv', '_mongodb._tcp', ['27017/tcp', '80/tcp']).values).toEqual({});
  });

  it.each([
    ['true', true],
    ['', true],
    ['yes', true],
    ['false', false],
    ['0', false],
    ['No', false],
  ])('weft.ignore=%s says %s', (text, ignored) => {
    expect(isIgnored(new Map([['weft.ignore', text]]))).toBe(ignored);
  });
});

describe('the ports of a container', () => {
  it('are published ones with each way once, then the exposed ones that are not', () => {
    const ExposedPorts = {
      '80/tcp': {},
      '443/tcp': {},
      '53/udp': {},
      'x/tcp': {},
      '9/raw': {},
      '0/tcp': {},
      '70000/tcp': {},
    };
    const ports = {
      '80/tcp': [
        { HostIp: '0.0.0.0', HostPort: '8080' },
        { HostIp: '::', HostPort: '8080' },
        { HostIp: '192.0.2.1', HostPort: '80' },
      ],
      '53/udp': null,
    };
    expect(portsOf(inspection({ config: { ExposedPorts }, ports }))).toEqual([
      { port: 80, protocol: 'tcp', hostPort: 8080 },
      { port: 80, protocol: 'tcp', hostPort: 80, hostAddress: '192.0.2.1' },
      { port: 443, protocol: 'tcp' },
      { port: 53, protocol: 'udp' },
    ]);
  });

  it('are no more than anyone asks for, where an image exposes a range', () => {
    const ExposedPorts = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`${index + 1}/udp`, {}]));
    expect(portsOf(inspection({ config: { ExposedPorts } }))).toHaveLength(64);
  });
});
