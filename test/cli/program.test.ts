import { execFile } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';
import { weft as run } from '../support/cli-run.ts';

let agent: ApiAgent;
const weft = (...words: string[]) => run(agent, words);

beforeAll(async () => {
  agent = await ApiAgent.start();
});

afterAll(async () => {
  await agent[Symbol.asyncDispose]();
});

describe('weft up', () => {
  it('passes on every flag by its long name, and what stands without one as peers', async () => {
    const words = [
      'up',
      '10.0.0.1',
      '--domain',
      'a.example',
      '--domain',
      'b.example',
      '--ttl',
      '5',
      '--no-docker',
      'h2',
    ];
    expect((await weft(...words)).given).toEqual({
      peers: ['10.0.0.1', 'h2'],
      domain: ['a.example', 'b.example'],
      ttl: '5',
      'no-docker': true,
      takeover: false,
      'no-dns': false,
    });
    const dashed = [
      'up',
      '--dns-listen=127.0.0.1:5353',
      '--hostname-from-label',
      'x',
      '--api',
      'unix:/x',
      '--api',
      '127.0.0.1:1',
    ];
    expect((await weft(...dashed)).given).toMatchObject({
      'dns-listen': ['127.0.0.1:5353'],
      'hostname-from-label': 'x',
      api: ['unix:/x', '127.0.0.1:1'],
    });
  });
});

describe('the command line', () => {
  it('takes --api before the command as well as after it', async () => {
    expect((await weft('--api', 'unix:/before', 'ls')).api).toBe('unix:/before');
    expect((await weft('ls', '--api', 'unix:/after')).api).toBe('unix:/after');
    expect((await weft('--api', 'unix:/before', 'ls', '--api', 'unix:/after')).api).toBe('unix:/after');
    expect((await weft('--api', 'unix:/before', 'up')).given).toMatchObject({ api: ['unix:/before'] });
    expect((await weft('ls')).api).toBeUndefined();
  });

  it('prints help and its version when asked', async () => {
    expect(await weft('--help')).toMatchObject({ code: 0, out: expect.stringContaining('Examples:'), err: '' });
    expect(await weft('--version')).toEqual({ code: 0, out: '0.1.0\n', err: '' });
    expect((await weft('up', '--help')).out).toContain('--dns-listen <IP[:PORT]>');
    expect((await weft('dns-add', '--help')).out).toContain('-h, --hostname <fqdn>');
  });

  it('prints help on standard error where no command was given', async () => {
    expect(await weft()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('Usage: weft') });
  });

  it('names the nearest flag and the nearest command', async () => {
    expect(await weft('up', '--dns-listn', '127.0.0.1')).toEqual({
      code: 2,
      out: '',
      err: "weft: unknown option '--dns-listn' (Did you mean --dns-listen?)\n",
    });
    expect(await weft('stats')).toMatchObject({
      code: 2,
      err: "weft: unknown command 'stats' (Did you mean status?)\n",
    });
  });
});

describe('weft completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s has every command and every flag that help tells of', async (shell) => {
    const { out } = await weft('completion', shell);
    const commands = [...(await weft('--help')).out.matchAll(/^ {2}([a-z][a-z-]*) .*\S/gm)].map(
      ([, name = '']) => name,
    );
    for (const command of commands.filter((name) => name !== 'weft')) {
      const lines = shell === 'fish' ? out.split('\n').filter((line) => line.includes(`from ${command}'`)) : [];
      const part = shell === 'fish' ? lines.join('\n') : out.split(`    ${command})`)[1]?.split(/;;\n {4}(?=\S)/)[0];
      const help = command === 'help' ? '' : (await weft(command, '--help')).out;
      const flags = [...help.matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(([, name = '']) => name);
      for (const flag of flags) expect(part).toMatch(shell === 'fish' ? ` -l ${flag} ` : `--${flag}`);
      expect(out).toMatch(command);
    }
    expect(commands.length).toBeGreaterThan(20);
  });

  it('prints a script that bash completes with', async () => {
    const { out } = await weft('completion', 'bash');
    const script = `${out}
COMP_WORDS=(weft st); COMP_CWORD=1; _weft weft st weft; echo "\${COMPREPLY[@]}"
COMP_WORDS=(weft ls --s); COMP_CWORD=2; _weft weft --s ls; echo "\${COMPREPLY[@]}"
COMP_WORDS=(weft ls --state sh); COMP_CWORD=3; _weft weft sh --state; echo "\${COMPREPLY[@]}"
COMP_WORDS=(weft status p); COMP_CWORD=2; _weft weft p status; echo "\${COMPREPLY[@]}"`;
    const completed = await new Promise((resolve) => {
      execFile('bash', ['--norc', '-c', script], (_error, stdout, stderr) => resolve(stdout + stderr));
    });
    expect(completed).toBe('status\n--state\nshadowed\npeers\n');
  });

  it('prints scripts for zsh and fish, and refuses other shells', async () => {
    expect((await weft('completion', 'zsh')).out).toContain('#compdef weft');
    expect((await weft('completion', 'fish')).out).toContain(
      "complete -c weft -n '__fish_seen_subcommand_from status' -l json -d 'print JSON'\n",
    );
    expect(await weft('completion', 'tcsh')).toMatchObject({ code: 2, out: '' });
  });
});
