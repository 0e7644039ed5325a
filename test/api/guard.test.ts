import { describe, expect, it } from 'vitest';
import { admit, reachOf } from '../../src/api/guard.ts';

const nothing = { host: undefined, origin: undefined, authorization: undefined };

describe('an API address', () => {
  it.each([
    [{ type: 'unix', path: '/run/weft.sock' }, 'file'],
    [{ type: 'tcp', address: '127.0.0.1', port: 1 }, 'host'],
    [{ type: 'tcp', address: '127.3.2.1', port: 1 }, 'host'],
    [{ type: 'tcp', address: '::1', port: 1 }, 'host'],
    [{ type: 'tcp', address: '0.0.0.0', port: 1 }, 'network'],
    [{ type: 'tcp', address: '::', port: 1 }, 'network'],
    [{ type: 'tcp', address: '172.17.0.1', port: 1 }, 'network'],
  ] as const)('%j is reached from the %s', (address, reach) => {
    expect(reachOf(address)).toBe(reach);
  });
});

describe('a caller', () => {
  it.each(['127.0.0.1:6784', 'localhost', 'LOCALHOST:6784', 'weft.localhost:1', '[::1]:6784'])(
    'of this host may name it %s',
    (host) => {
      expect(() => admit('host', { ...nothing, host }, { token: undefined })).not.toThrow();
    },
  );

  it.each([undefined, '', 'rebound.example', 'rebound.example:6784', 'localhost.example', '127.0.0.1.example'])(
    'that reaches this host as %s is turned away, against DNS rebinding',
    (host) => {
      expect(() => admit('host', { ...nothing, host }, { token: undefined })).toThrow('Host header');
    },
  );

  it('from a page of another site is turned away everywhere', () => {
    const caller = { ...nothing, host: '127.0.0.1:6784', origin: 'https://site.example' };
    expect(() => admit('host', caller, { token: undefined })).toThrow('pages of other sites');
    expect(() => admit('file', { ...caller, origin: 'null' }, { token: undefined })).toThrow('pages of other sites');
    expect(() => admit('host', { ...caller, origin: 'http://127.0.0.1:6784' }, { token: undefined })).not.toThrow();
  });

  it.each([undefined, '', 'Bearer', 'Bearer wrong', 'Basic right', 'Bearer right x', 'Bearer righ'])(
    'from the network with %j is turned away',
    (authorization) => {
      expect(() => admit('network', { ...nothing, authorization }, { token: 'right' })).toThrow('bearer token');
    },
  );

  it('from the network is let in with the token, and by no token when there is none', () => {
    const caller = { ...nothing, host: 'agent.example', authorization: 'Bearer right' };
    expect(() => admit('network', caller, { token: 'right' })).not.toThrow();
    expect(() => admit('network', caller, { token: undefined })).toThrow('bearer token');
  });
});
