import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** Completion scripts in the shells themselves, as after `eval "$(weft completion SHELL)"`. */

const main = join(import.meta.dirname, '../../src/main.ts');
const run = promisify(execFile);
const directory = mkdtempSync(join(tmpdir(), 'weft-completion-'));

beforeAll(async () => {
  for (const shell of ['bash', 'zsh', 'fish'] as const) {
    const { stdout } = await run(process.execPath, [main, 'completion', shell]);
    writeFileSync(join(directory, shell), stdout);
  }
  writeFileSync(join(directory, 'secret.txt'), '');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** What is typed, what it is completed to or with, in every shell. */
const cases: readonly [string, string[]][] = [
  ['stat', ['status']],
  ['dns-l', ['dns-lookup']],
  ['ls --st', ['--state']],
  ['ls --state unh', ['unhealthy']],
  ['status pee', ['peers']],
  ['up --query', ['--query-log']],
  ['export --format zo', ['zone']],
  ['completion fi', ['fish']],
  ['up --secret-file sec', ['secret.txt']],
];

describe('bash', () => {
  it.each(cases)('completes "weft %s"', async (typed, wanted) => {
    const words = ['weft', ...typed.split(' ')];
    const script = `source ${directory}/bash
COMP_WORDS=(${words.join(' ')}); COMP_CWORD=${words.length - 1}
_weft weft '${words.at(-1)}' '${words.at(-2)}'
# As readline does for "-o default".
[ \${#COMPREPLY[@]} -gt 0 ] || COMPREPLY=($(compgen -f -- '${words.at(-1)}'))
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await run('bash', ['--norc', '-c', script], { cwd: directory });
    expect(stdout.trim().split('\n')).toEqual(wanted);
  });
});

describe('fish', () => {
  it.each(cases)('completes "weft %s"', async (typed, wanted) => {
    const script = `source ${directory}/fish; complete -C 'weft ${typed}'`;
    const env = { PATH: process.env.PATH, HOME: directory, XDG_CONFIG_HOME: directory };
    const { stdout, stderr } = await run('fish', ['--no-config', '-c', script], { cwd: directory, env });
    expect(stderr).toBe('');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split('\t')[0]),
    ).toEqual(wanted);
  });
});

describe('zsh', () => {
  it('completes all of them', async () => {
    // On a terminal of its own, as zsh's line editor wants it: what it shows after the Tab has the whole word, which
    // was not typed. Ctrl-U clears the line for the next.
    const asked = cases.map(([typed, [word]]) => {
      const whole = typed.replace(/\S+$/, word ?? '');
      return `zpty -w -n shell $'weft ${typed}\\t'; zpty -r shell said '*${whole}*' || exit 1; zpty -w -n shell $'\\x15'`;
    });
    const script = `zmodload zsh/zpty
zpty shell "PS1= TERM=dumb zsh -f -i"
zpty -w shell 'autoload -U compinit && compinit -u -D; source ${directory}/zsh; cd ${directory}; print rea''dy'
zpty -r shell said '*ready*'
${asked.join('\n')}
zpty -d shell
print complete`;
    const { stdout } = await run('zsh', ['-f', '-c', script], { timeout: 60_000 });
    expect(stdout).toBe('complete\n');
  });
});
