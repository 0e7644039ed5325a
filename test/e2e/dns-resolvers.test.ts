import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { run, startProcess } from '../support/lab/command.ts';

const directory = mkdtempSync(join(tmpdir(), 'weft-resolvers-'));
const three = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
const hundred = Array.from({ length: 100 }, (_, index) => `198.51.100.${index + 1}`);
const questions = 300;

/** A network of its own, where port 53 is free and resolv.conf names this server only. */
let place: ChildProcess;
let server: ChildProcess;
/** What the server logged: it has nothing to say about any of this. */
let logged = '';

beforeAll(async () => {
  const source = join(import.meta.dirname, 'lookup.c');
  await run(['gcc', '-O1', '-o', join(directory, 'glibc'), source]);
  await run(['musl-gcc', '-static', '-O1', '-o', join(directory, 'musl'), source]);
  await run(['gcc', '-O1', '-o', join(directory, 'no-port'), join(import.meta.dirname, 'no-port.c')]);
  const resolvConf = join(directory, 'resolv.conf');
  writeFileSync(resolvConf, 'nameserver 127.0.0.1\nsearch weave.local\noptions timeout:2 attempts:1\n');
  const setUp = `ip link set lo up && mount --bind ${resolvConf} /etc/resolv.conf && echo ready && exec sleep 600`;
  place = await started(
    startProcess(['unshare', '--net', '--mount', 'sh', '-c', setUp], { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const program = fileURLToPath(import.meta.resolve('../dns/serve.ts'));
  const names = [
    `nodebb=${three.join()}`,
    `many=${hundred.join()}`,
    'both=192.0.2.7,2001:db8::7',
    'web.shop=192.0.2.8',
  ];
  server = await started(
    startProcess(['nsenter', ...inside(), process.execPath, program, '53', ...names], {
      stdio: ['ignore', 'pipe', 'pipe'],
    }),
  );
  server.stderr?.on('data', (chunk) => {
    logged += chunk;
  });
});

afterAll(async () => {
  for (const child of [server, place]) {
    if (child?.exitCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill();
    await gone;
  }
  rmSync(directory, { recursive: true, force: true });
});

describe.each(['glibc', 'musl'])('the resolver of %s', (library) => {
  const lookUp = async (name: string, count = 1) => {
    const out = await ask(join(directory, library), name, String(count));
    return out.map((line) => line.split(' '));
  };

  it('puts every replica first equally often, by full and by short name, though it asks for A and AAAA in pairs', async () => {
    for (const name of ['nodebb.weave.local', 'nodebb']) {
      const answers = await lookUp(name, questions);
      expect(firsts(answers.map(([first]) => first))).toEqual(
        Object.fromEntries(three.map((each) => [each, questions / 3])),
      );
      for (const answer of answers) expect([...answer].sort()).toEqual(three);
    }
  });

  it('finds both families', async () => {
    expect((await lookUp('both.weave.local'))[0]?.sort()).toEqual(['192.0.2.7', '2001:db8::7']);
  });

  it('is told at once that nobody has a name', async () => {
    const began = performance.now();
    const [answer] = await lookUp('nobody.weave.local');
    expect(answer?.join(' ')).toMatch(/not known|does not resolve/);
    expect(performance.now() - began).toBeLessThan(2000);
  });

  it('takes what fits of a hundred addresses, or all of them by TCP', async () => {
    const [answer = []] = await lookUp('many.weave.local');
    expect(answer.length).toBeGreaterThanOrEqual(29);
    expect(answer.every((each) => hundred.includes(each))).toBe(true);
    if (library === 'glibc') expect(answer).toHaveLength(100);
  });

  it('finds names below a name that has nothing itself', async () => {
    expect(await lookUp('web.shop.weave.local')).toEqual([['192.0.2.8']]);
    expect((await lookUp('shop.weave.local'))[0]?.join(' ')).toMatch(
      /No address|not known|no data|does not resolve|has no/i,
    );
  });
});

describe('the resolver of c-ares', () => {
  it('puts every replica first equally often', async () => {
    const answers = await node(
      `for (let i = 0; i < ${questions}; i++) console.log((await resolve4('nodebb.weave.local')).join(' '))`,
    );
    expect(firsts(answers.map((line) => line.split(' ')[0]))).toEqual(
      Object.fromEntries(three.map((each) => [each, questions / 3])),
    );
  });

  it('does so when A and AAAA are asked at once, as Go does', async () => {
    const pair = `(await Promise.allSettled([resolve4('nodebb.weave.local'), resolve6('nodebb.weave.local')]))`;
    const answers = await node(
      `for (let i = 0; i < ${questions}; i++) { const [a, b] = ${pair}; console.log(a.value[0], b.reason.code) }`,
    );
    expect(firsts(answers)).toEqual(Object.fromEntries(three.map((each) => [`${each} ENODATA`, questions / 3])));
  });

  it('tells a name nobody has from one that has nothing of a type', async () => {
    const failures = await node(
      `for (const [ask, name] of [[resolve4, 'nobody.weave.local'], [resolve6, 'nodebb.weave.local']]) console.log((await ask(name).catch((error) => error)).code)`,
    );
    expect(failures).toEqual(['ENOTFOUND', 'ENODATA']);
  });
});

describe('a datagram without a source port', () => {
  it('wants no reply (RFC 768) and gets none: it is no error, and others are answered', async () => {
    const before = await datagramsRead();
    await ask(join(directory, 'no-port'), 'nodebb.weave.local');
    await vi.waitFor(async () => expect(await datagramsRead()).toBe(before + 1), { timeout: 20_000 });
    expect(await node(`console.log((await resolve4('nodebb.weave.local')).length)`)).toEqual(['3']);
    expect(logged).toBe('');
  });
});

/** Datagrams that were read in the server's network; nobody else reads any there meanwhile. */
async function datagramsRead(): Promise<number> {
  const [names = '', numbers = ''] = (await ask('cat', '/proc/net/snmp')).filter((line) => line.startsWith('Udp: '));
  return Number(numbers.split(' ')[names.split(' ').indexOf('InDatagrams')]);
}

/** How often each comes, in a stable order. */
function firsts(answers: readonly (string | undefined)[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer ?? ''] = (counts[answer ?? ''] ?? 0) + 1;
  return counts;
}

function node(script: string): Promise<string[]> {
  return ask(
    process.execPath,
    '--input-type=module',
    '-e',
    `import { resolve4, resolve6 } from 'node:dns/promises';${script}`,
  );
}

async function ask(...command: string[]): Promise<string[]> {
  const answers = await run(['nsenter', ...inside(), ...command]);
  return answers.trim().split('\n');
}

function inside(): string[] {
  return ['--target', String(place.pid), '--net', '--mount'];
}

async function started(child: ChildProcess): Promise<ChildProcess> {
  if (child.stdout) await once(child.stdout, 'data');
  return child;
}
