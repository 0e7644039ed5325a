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

describe.concurrent('the command', () => {
  it('ends with 0 when done, and finds its agent by WEFT_API or --api', async () => {
    const { out } = await weft(['ls']);
    expect(out).toContain('web   172.17.0.2');
    const api = `127.0.0.1:${agent.port}`;
    expect(await weft(['ls', '--api', api], { WEFT_API: 'unix:/nonexistent' })).toEqual({ code: 0, out, err: '' });
    expect((await weft(['ls'], { WEFT_API: `unix:/nonexistent,${api}` })).out).toBe(out);
  });

  it('ends with 1 when it failed', async () => {
    expect(await weft(['ls', 'nobody'])).toEqual({ code: 1, out: '', err: 'weft: nobody has the name nobody\n' });
  });

  it.each([
    [
      ['ls', '--api', '6784'],
      'weft: --api: "6784" must be unix:/PATH or IP:PORT, such as unix:/run/weft/weft.sock or 127.0.0.1:6784\n',
    ],
    [['ls', '--jso'], "weft: unknown option '--jso' (Did you mean --json?)\n"],
    [['up', '--dns-listn', '127.0.0.1'], "weft: unknown option '--dns-listn' (Did you mean --dns-listen?)\n"],
    [
      ['up', '--ttl', 'soon', '--dns-listen', 'docker0', '--dns-listen', '127.0.0.1', 'h1:x', '--no-docker'],
      'weft: --dns-listen: "docker0" must be an IP address with an optional port, such as 192.0.2.7:53\n' +
        'weft: PEER: "h1:x" must be host[:port], such as 10.0.0.1 or 10.0.0.1:6783\n' +
        'weft: --ttl: "soon" must be a whole number from 0 to 604800\n',
    ],
  ])('ends with 2 for %j and says what is wrong', async (words, err) => {
    expect(await weft(words)).toEqual({ code: 2, out: '', err });
  });

  it('ends with 2 for a wrong variable of the environment', async () => {
    expect(await weft(['up'], { WEFT_TTL: 'soon' })).toEqual({
      code: 2,
      out: '',
      err: 'weft: WEFT_TTL: "soon" must be a whole number from 0 to 604800\n',
    });
  });

  it('ends with 3 where there is no agent', async () => {
    expect(await weft(['status'], { WEFT_API: 'unix:/nonexistent/weft.sock' })).toEqual({
      code: 3,
      out: '',
      err: 'weft: no agent answers: unix:/nonexistent/weft.sock: no such socket; start one with "weft up", or say where it is with --api\n',
    });
  });

  it('prints help and its version on standard output when asked, and help on standard error when not', async () => {
    expect(await weft(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('Examples:'), err: '' });
    expect(await weft(['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' });
    expect(await weft([])).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage: weft') });
    expect((await weft(['up', '--help'])).out).toContain('--dns-listen <IP[:PORT]>');
  });

  it('prints completion scripts that the shell accepts', async () => {
    const { out } = await weft(['completion', 'bash']);
    const script = `${out}\nCOMP_WORDS=(weft st); COMP_CWORD=1; _weft; echo "\${COMPREPLY[@]}"
COMP_WORDS=(weft ls --s); COMP_CWORD=2; _weft; echo "\${COMPREPLY[@]}"
COMP_WORDS=(weft status p); COMP_CWORD=2; _weft; echo "\${COMPREPLY[@]}"`;
    const completed = await new Promise((resolve) => {
      execFile('bash', ['--norc', '-c', script], (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(completed).toBe('status\n--state\npeers\n');
    expect((await weft(['completion', 'zsh'])).out).toContain('bashcompinit');
    expect((await weft(['completion', 'fish'])).out).toContain(
      "complete -c weft -n '__fish_seen_subcommand_from ls' -l state\n",
    );
    expect(await weft(['completion', 'tcsh'])).toMatchObject({ code: 2 });
  });

  it('ends quietly when its reader has gone', async () => {
    const ended = await new Promise<string>((resolve) => {
      const script = `set -o pipefail; "${process.execPath}" "${main}" report | true; echo $?`;
      const env = { PATH: process.env.PATH, WEFT_API: `unix:${agent.socketPath}` };
      execFile('bash', ['--norc', '-c', script], { env }, (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(ended).toBe('0\n');
  });
});
