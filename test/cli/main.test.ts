import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';
import { owner } from '../support/control-twin.ts';

const main = join(import.meta.dirname, '../../src/main.ts');
let agent: ApiAgent;

beforeAll(async () => {
  agent = await ApiAgent.start();
  agent.control.own('web', owner('web', '172.17.0.2'));
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `weft` as its users do. */
function weft(words: readonly string[], environment: Record<string, string> = {}): Promise<Ended> {
  const env = { PATH: process.env.PATH, WEFT_API: `unix:${agent.socketPath}`, ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...words], { env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

/** A process starts in a tenth of a second; on a machine under load it may take many times that. */
const patienceMs = 60_000;

describe.concurrent('the command', { timeout: patienceMs }, () => {
  it('ends with 0 when done, and finds its agent by WEFT_API', async () => {
    const environment = { WEFT_API: `unix:/nonexistent,127.0.0.1:${agent.port}` };
    expect(await weft(['ls', '--json'], environment)).toMatchObject({
      code: 0,
      out: expect.stringContaining('172.17.0.2'),
    });
  });

  it('ends with 1 when it failed', async () => {
    const api = `unix:${agent.socketPath}`;
    expect(await weft(['ls', 'nobody', '--api', api], { WEFT_API: 'unix:/nonexistent' })).toEqual({
      code: 1,
      out: '',
      err: 'weft: nobody has the name nobody\n',
    });
  });

  it('ends with 2 for wrong usage, of flags and of the environment, and names all that is wrong', async () => {
    const words = ['up', '--ttl', 'soon', '--dns-listen', 'docker0', '--dns-listen', '127.0.0.1', 'h1:x'];
    expect(await weft(words, { WEFT_LOG_LEVEL: 'loud' })).toEqual({
      code: 2,
      out: '',
      err:
        'weft: --dns-listen: "docker0" must be an IP address with an optional port, such as 192.0.2.7:53\n' +
        'weft: PEER: "h1:x" must be host[:port], such as 10.0.0.1 or 10.0.0.1:6783\n' +
        'weft: --ttl: "soon" must be a whole number from 0 to 604800\n' +
        'weft: WEFT_LOG_LEVEL: "loud" must be one of silent, error, warn, info, debug, trace\n',
    });
  });

  it('ends with 2 for an agent address that is none', async () => {
    expect(await weft(['ls', '--api', '6784'])).toEqual({
      code: 2,
      out: '',
      err: 'weft: --api: "6784" must be unix:/PATH or IP:PORT, such as unix:/run/weft/weft.sock or 127.0.0.1:6784\n',
    });
  });

  it('ends with 3 where there is no agent', async () => {
    expect(await weft(['status'], { WEFT_API: 'unix:/nonexistent/weft.sock' })).toEqual({
      code: 3,
      out: '',
      err: 'weft: no agent answers: unix:/nonexistent/weft.sock: no such socket; start one with "weft up", or say where it is with --api\n',
    });
  });

  it('has colours on a terminal, unless NO_COLOR or a dumb terminal is in the way', async () => {
    const onTerminal = (environment: Readonly<Record<string, string>>) =>
      new Promise<string>((resolve) => {
        const env = { PATH: process.env.PATH, WEFT_API: `unix:${agent.socketPath}`, TERM: 'xterm', ...environment };
        // util-linux's: runs it on a terminal of its own.
        const words = ['--quiet', '--return', '--command', `"${process.execPath}" "${main}" status`, '/dev/null'];
        execFile('script', words, { env }, (_error, out) => resolve(out));
      });
    const environments: Readonly<Record<string, string>>[] = [{}, { NO_COLOR: '1' }, { TERM: 'dumb' }];
    const [coloured, plain, dumb] = await Promise.all(environments.map(onTerminal));
    expect(coloured).toContain('\u001b[32mAll is well:\u001b[0m');
    for (const text of [plain, dumb, (await weft(['status'])).out]) {
      expect(text).toContain('All is well:');
      expect(text).not.toContain('\u001b');
    }
  });

  it('ends quietly when its reader has gone', async () => {
    expect(await bash(`set -o pipefail; "${process.execPath}" "${main}" report | true; echo $?`)).toBe('0\n');
  });

  it('ends with 1 where nobody has what it says', async () => {
    const ended = await bash(`"${process.execPath}" "${main}" report 2>&1 >/dev/full; echo $?`);
    expect(ended).toBe('weft: cannot write the output: the disk is full\n1\n');
    expect(await bash(`"${process.execPath}" "${main}" ls --api nowhere 2>/dev/full; echo $?`)).toBe('2\n');
  });
});

/** What a shell prints that runs the script. */
function bash(script: string): Promise<string> {
  const env = { PATH: process.env.PATH, WEFT_API: `unix:${agent.socketPath}` };
  return new Promise((resolve) => {
    execFile('bash', ['--norc', '-c', script], { env }, (_error, stdout, stderr) => resolve(stdout + stderr));
  });
}
