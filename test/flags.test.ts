import { describe, expect, it } from 'vitest';
import { parseEndpoint } from '../src/flag-values.ts';
import { type Given, parseConfig, upFlags } from '../src/flags.ts';

function config(given: Given, environment: NodeJS.ProcessEnv = {}) {
  const parsed = parseConfig(given, environment);
  if (!parsed.ok) throw new Error(parsed.problem);
  return parsed.value;
}

describe('the configuration', () => {
  it("without flags is the contract's", () => {
    expect(config({})).toMatchObject({
      domains: ['weave.local'],
      ttlSeconds: 1,
      dnsListen: undefined,
      upstreams: undefined,
      meshListen: { address: '0.0.0.0', port: 6783 },
      api: [
        { type: 'unix', path: '/run/weft/weft.sock' },
        { type: 'tcp', address: '127.0.0.1', port: 6784 },
      ],
      docker: true,
      dataDir: '/var/lib/weft',
      logLevel: 'info',
    });
  });

  it('takes every flag from the environment too, and a flag outranks it', () => {
    const environment = {
      WEFT_DOMAIN: 'a.example,b.example',
      WEFT_TTL: '30',
      WEFT_NO_DOCKER: 'true',
      WEFT_PEERS: 'h1 h2',
    };
    expect(config({ ttl: '5' }, environment)).toMatchObject({
      domains: ['a.example', 'b.example'],
      ttlSeconds: 5,
      docker: false,
      peers: ['h1', 'h2'],
    });
  });

  it('fills in ports', () => {
    expect(config({ 'dns-listen': ['127.0.0.1', '[::1]:5353', '::1'] }).dnsListen).toEqual([
      { address: '127.0.0.1', port: 53 },
      { address: '::1', port: 5353 },
      { address: '::1', port: 53 },
    ]);
  });

  it('names every bad key in one error, with what would be right', () => {
    const parsed = parseConfig(
      { ttl: 'soon', 'dns-listen': ['docker0'], peers: ['h1:x'], tll: '3', api: ['6784'], 'hostname-match': '(' },
      { WEFT_LOG_LEVEL: 'loud', WEFT_NO_DNS: 'maybe' },
    );
    expect(parsed.ok).toBe(false);
    const problems = parsed.ok ? [] : parsed.problem.split('\n');
    expect(problems).toEqual([
      '--tll: unknown',
      '--dns-listen: "docker0" must be an IP address with an optional port, such as 192.0.2.7:53',
      '--api: "6784" must be unix:/PATH or IP:PORT, such as unix:/run/weft/weft.sock or 127.0.0.1:6784',
      'PEER: "h1:x" must be host[:port], such as 10.0.0.1 or 10.0.0.1:6783',
      '--ttl: "soon" must be a whole number from 0 to 604800',
      'WEFT_NO_DNS: "maybe" must be true or false',
      expect.stringContaining('--hostname-match: "(" is no regular expression'),
      'WEFT_LOG_LEVEL: "loud" must be one of silent, error, warn, info, debug, trace',
    ]);
  });

  it.each(['', '192.0.2.7:', '192.0.2.7:99999', ':53', '[2001:db8::1', 'host:53'])(
    'refuses %j as an endpoint',
    (text) => {
      expect(parseEndpoint(text, 53).ok).toBe(false);
    },
  );

  it.each(['0.0.0.0', '0.0.0.0:6783', '::', '[::]:6783'])('does not advertise %s, which leads nowhere', (text) => {
    expect(parseConfig({ advertise: text }, {}).ok).toBe(false);
  });

  it.each(['::1', '[::1]:6783', '192.0.2.1', 'host.example:6783'])('advertises %s', (advertise) => {
    expect(config({ advertise })).toMatchObject({ advertise });
  });

  it('refuses a socket whose path the system cannot take, and takes the longest it can', () => {
    expect(parseConfig({ api: [`unix:/${'x'.repeat(106)}`] }, {}).ok).toBe(true);
    expect(parseConfig({ api: [`unix:/${'x'.repeat(107)}`] }, {})).toMatchObject({
      problem: expect.stringContaining('has 108 octets; the path of a socket may have 107'),
    });
  });

  it('describes each flag once', () => {
    expect(new Set(upFlags.map((flag) => flag.name)).size).toBe(upFlags.length);
    expect(upFlags.every((flag) => flag.help !== '')).toBe(true);
  });
});
