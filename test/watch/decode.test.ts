import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeContainers, decodeInspection, decodeNetworks, decodeVersion } from '../../src/watch/decode.ts';
import { parseDockerHost } from '../../src/watch/docker-host.ts';
import { decodeEvent } from '../../src/watch/event.ts';
import { eventInstant, instantOf } from '../../src/watch/instant.ts';
import { linesOf } from '../../src/watch/lines.ts';
import { parseSignal } from '../../src/watch/signal.ts';
import { inspection, inspectionJson } from './documents.ts';
import { taken } from './host.ts';

const event = (fields: object) => decodeEvent(JSON.stringify({ time: 1, timeNano: 1_000_000_000, ...fields }));
const at = 1_000_000;

describe('what an engine says', () => {
  it.each<[string, object, boolean]>([
    ['running', { Status: 'running', Running: true }, true],
    ['paused', { Status: 'paused', Running: true, Paused: true }, true],
    ['stopping, as Podman says', { Status: 'stopping', Running: true }, true],
    ['running, without a status', { Status: undefined, Running: true }, true],
    [
      'waiting to be started again, which Docker calls running',
      { Status: 'restarting', Running: true, Restarting: true },
      false,
    ],
    ['created', { Status: 'created', Running: false }, false],
    ['exited', { Status: 'exited', Running: false }, false],
    ['dead', { Status: 'dead', Running: false, Dead: true }, false],
    ['removing', { Status: 'removing', Running: false }, false],
  ])('of a container that is %s', (_, state, running) => {
    expect(inspection({ state: { ...state } }).running).toBe(running);
  });

  it('may lack all but an id and a state', () => {
    expect(decodeInspection({ Id: 'a', State: {} })).toMatchObject({
      ok: true,
      value: { running: false, stopSignal: 15 },
    });
    expect(
      decodeInspection({
        Id: 'a',
        State: {},
        Config: { Labels: null, StopSignal: null },
        NetworkSettings: { Networks: null, Ports: null },
      }).ok,
    ).toBe(true);
  });

  it('is refused where it has another shape, and never throws', () => {
    const decoders = [decodeVersion, decodeContainers, decodeNetworks, decodeInspection];
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true }), (json) => {
        for (const decode of decoders) expect(decode(json).ok).toBeTypeOf('boolean');
        expect(
          decodeEvent(String(JSON.stringify(json, (_, value) => (typeof value === 'bigint' ? 0 : value)))).ok,
        ).toBeTypeOf('boolean');
      }),
    );
    for (const json of [undefined, null, 'x', 7, {}, { Id: 7 }, Buffer.from('<html>')]) {
      expect(decodeInspection(json).ok).toBe(false);
      expect(decodeContainers(json).ok).toBe(false);
      expect(decodeNetworks([json]).ok).toBe(false);
    }
    expect(decodeInspection({ Id: 'a' }).ok).toBe(false);
  });

  it('survives any single part of an inspection being something else', () => {
    const parts = ['Id', 'Name', 'State', 'Config', 'HostConfig', 'NetworkSettings'];
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.jsonValue(), (part, value) => {
        const document = inspectionJson();
        expect(typeof document === 'object' && decodeInspection({ ...document, [part]: value }).ok).toBeTypeOf(
          'boolean',
        );
      }),
    );
  });

  it('names the engine', () => {
    expect(taken(decodeVersion({ Version: '20.10.24', ApiVersion: '1.41', Components: [{ Name: 'Engine' }] }))).toEqual(
      { type: 'docker', version: '20.10.24', apiVersion: '1.41' },
    );
    expect(
      taken(decodeVersion({ Version: '4.3.1', ApiVersion: '1.41', Components: [{ Name: 'Podman Engine' }] })).type,
    ).toBe('podman');
  });

  it('tells health, pause and addresses in a listing, as far as it has them', () => {
    const summary = (Status: string, State = 'running') =>
      taken(decodeContainers([{ Id: 'a', Status, State, Names: ['/b/alias', '/web'] }]))[0];
    expect(summary('Up 3 minutes')).toEqual({
      id: 'a',
      name: 'web',
      paused: false,
      health: undefined,
      addresses: undefined,
    });
    expect(summary('Up 3 minutes (healthy)')?.health).toBe('healthy');
    expect(summary('Up 3 minutes (unhealthy)')?.health).toBe('unhealthy');
    expect(summary('Up 1 second (health: starting)')?.health).toBe('starting');
    expect(summary('Up 3 minutes (Paused)', 'paused')).toMatchObject({ paused: true, health: undefined });
  });
});

describe('an event', () => {
  it.each<[string, object, object]>([
    ['a start', { Type: 'container', Action: 'start', Actor: { ID: 'a' } }, { type: 'started', id: 'a', at }],
    ['a start of an engine of old', { Type: 'container', status: 'start', id: 'a' }, { type: 'started', id: 'a', at }],
    ['an end', { Type: 'container', Action: 'die', Actor: { ID: 'a' } }, { type: 'ended', id: 'a', at }],
    [
      'a signal',
      { Type: 'container', Action: 'kill', Actor: { ID: 'a', Attributes: { signal: '3' } } },
      { type: 'signalled', id: 'a', at, signal: 3 },
    ],
    [
      'a signal without its number',
      { Type: 'container', Action: 'kill', Actor: { ID: 'a' } },
      { type: 'signalled', id: 'a', at, signal: undefined },
    ],
    ['a removal', { Type: 'container', Action: 'destroy', Actor: { ID: 'a' } }, { type: 'removed', id: 'a', at }],
    [
      'a removal by Podman',
      { Type: 'container', Action: 'remove', Actor: { ID: 'a' } },
      { type: 'removed', id: 'a', at },
    ],
    [
      'health',
      { Type: 'container', Action: 'health_status: healthy', Actor: { ID: 'a' } },
      { type: 'changed', id: 'a', at },
    ],
    ['a probe', { Type: 'container', Action: 'health_status', Actor: { ID: 'a' } }, { type: 'probing', id: 'a', at }],
    ['an execution', { Type: 'container', Action: 'exec_start: sh', Actor: { ID: 'a' } }, { type: 'other', at }],
    [
      'a connection',
      { Type: 'network', Action: 'connect', Actor: { ID: 'n', Attributes: { container: 'a' } } },
      { type: 'moved', id: 'a', at },
    ],
    [
      'a connection by Podman',
      { Type: 'network', Action: 'disconnect', Actor: { ID: 'a' } },
      { type: 'moved', id: 'a', at },
    ],
    ['a new network', { Type: 'network', Action: 'create', Actor: { ID: 'n' } }, { type: 'networks', at }],
    ['an image', { Type: 'image', Action: 'pull' }, { type: 'other', at }],
  ])('of %s is understood', (_, fields, expected) => {
    expect(taken(event(fields))).toEqual(expected);
  });

  it.each<[string, string]>([
    ['no JSON', '{"Type":'],
    ['no object', '[1]'],
    ['without a time', '{"Type":"container","Action":"start","Actor":{"ID":"a"}}'],
    ['of no container', '{"Type":"container","Action":"start","timeNano":1}'],
  ])('that is %s is refused', (_, line) => {
    expect(decodeEvent(line).ok).toBe(false);
  });
});

describe('instants', () => {
  it('are exact to the microsecond, in any zone and with any number of digits', () => {
    expect(instantOf('2026-01-01T00:00:00.123456789Z')).toBe(Date.UTC(2026, 0, 1) * 1000 + 123_456);
    expect(instantOf('2026-01-01T02:00:00.1+02:00')).toBe(Date.UTC(2026, 0, 1) * 1000 + 100_000);
    expect(instantOf('2026-01-01T00:00:00Z')).toBe(Date.UTC(2026, 0, 1) * 1000);
    expect(instantOf('0001-01-01T00:00:00Z')).toBeUndefined();
    expect(instantOf('yesterday')).toBeUndefined();
  });

  it('known to the second only are the last of it, so that an end never looks older than its start', () => {
    expect(eventInstant(undefined, 7)).toBe(7_999_999);
    expect(eventInstant(7_000_001_999, 7)).toBe(7_000_001);
    expect(eventInstant(undefined, undefined)).toBeUndefined();
  });
});

describe('signals', () => {
  it.each<[string, number | undefined]>([
    ['SIGTERM', 15],
    ['term', 15],
    ['3', 3],
    ['SIGRTMIN+3', 37],
    ['rtmax-1', 63],
    ['SIGRTMIN', 34],
    ['', undefined],
    ['SIGNOT', undefined],
  ])('%j is %s', (text, number) => {
    expect(parseSignal(text)).toBe(number);
  });
});

describe('lines of a stream', () => {
  it('are whole however they arrive, and what is cut off is none', async () => {
    const text = '{"a":"ä"}\r\n\n{"b":2}\n{"cut';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (sizes) => {
        expect(await Array.fromAsync(linesOf(pieces(Buffer.from(text), sizes)))).toEqual(['{"a":"ä"}', '{"b":2}']);
      }),
    );
  });

  it('without an end are no reason to fill the memory', async () => {
    async function* endless() {
      for (;;) yield Buffer.alloc(65_536, 'x');
    }
    await expect(Array.fromAsync(linesOf(endless()))).rejects.toThrow('longer than');
  });
});

describe('the place of an engine', () => {
  it.each<[string, string | undefined, object]>([
    ['unix:///run/docker.sock', undefined, { type: 'unix', path: '/run/docker.sock' }],
    ['/run/docker.sock', undefined, { type: 'unix', path: '/run/docker.sock' }],
    ['tcp://192.0.2.7', undefined, { type: 'tcp', host: '192.0.2.7', port: 2375, tls: false }],
    ['tcp://192.0.2.7:2376', undefined, { type: 'tcp', host: '192.0.2.7', port: 2376, tls: true }],
    ['tcp://192.0.2.7:4243', '1', { type: 'tcp', host: '192.0.2.7', port: 4243, tls: true }],
    ['https://engine.example', undefined, { type: 'tcp', host: 'engine.example', port: 2376, tls: true }],
    ['http://engine.example:80/', '1', { type: 'tcp', host: 'engine.example', port: 80, tls: false }],
    ['192.0.2.7:2375', undefined, { type: 'tcp', host: '192.0.2.7', port: 2375, tls: false }],
    ['tcp://[2001:db8::7]:2375', undefined, { type: 'tcp', host: '2001:db8::7', port: 2375, tls: false }],
  ])('%s with DOCKER_TLS_VERIFY=%s', (text, verify, host) => {
    expect(taken(parseDockerHost(text, verify))).toEqual(host);
  });

  it.each([
    '',
    'unix://',
    'unix://docker.sock',
    'tcp://',
    'ssh://root@192.0.2.7',
    'npipe:////./pipe/docker',
    'tcp://192.0.2.7/v1',
    'tcp://a:99999',
  ])('%j is refused in one clause', (text) => {
    expect(parseDockerHost(text, undefined)).toMatchObject({
      ok: false,
      problem: expect.stringContaining('must be unix:///PATH'),
    });
  });
});

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(offset, offset + size);
    offset += size;
  }
}
