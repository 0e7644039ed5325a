import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { budgetTable } from '../bench/budgets.ts';
import dns from '../bench/results/dns.json' with { type: 'json' };
import soak from '../bench/results/soak.json' with { type: 'json' };
import packageJson from '../package.json' with { type: 'json' };
import { exitCodes } from '../src/cli/failure.ts';
import { buildProgram } from '../src/cli/program.ts';
import { upFlags } from '../src/flags.ts';

const root = join(import.meta.dirname, '..');
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const program = buildProgram({
  version: packageJson.version,
  upFlags,
  up: async () => {},
  demo: async () => {},
  context: () => {
    throw new Error('no command is run here');
  },
  out: () => {},
  err: () => {},
});
/** Flags that are not of the commands themselves: help, Docker's and mongod's, and a benchmark's. */
const foreignFlags = ['--help', '--dns', '--dns-search', '--replSet', '--rows'];

describe('the README', () => {
  it('names in its table every command there is but those for files and shells, and no other', () => {
    const left = ['completion', 'export', 'help', 'import'];
    const commands = program.commands.map((command) => command.name()).filter((name) => !left.includes(name));
    expect([...new Set(tableCommands())].toSorted()).toEqual(commands.toSorted());
  });

  it('names in its text only commands that exist', () => {
    const commands = new Set(program.commands.map((command) => command.name()));
    const named = [...readme.matchAll(/(?:npx weft|`weft|\$\(weft|^weft) ([a-z-]+)/gm)].map(([, name]) => name);
    expect(named.filter((name) => name !== undefined && !commands.has(name))).toEqual([]);
  });

  it('names only flags that exist', () => {
    const known = new Set(
      [program, ...program.commands].flatMap((command) => command.options.flatMap(({ long }) => long ?? [])),
    );
    const named = [...readme.matchAll(/(?<![\w-])--[a-z][A-Za-z-]+/g)].map(([flag]) => flag);
    expect(named.filter((flag) => !known.has(flag) && !foreignFlags.includes(flag))).toEqual([]);
  });

  it('shows what was promised as it was measured last (`node bench/budgets.ts` prints it)', () => {
    expect(readme).toContain(budgetTable());
    const words = readme.replace(/\s+/g, ' ');
    for (const { server, perCpuSecond } of dns.rows.filter(({ row }) => row === '1,000 names'))
      expect(words).toContain(
        `${server.replace('bare', 'the')} ${(Math.round(perCpuSecond / 100) * 100).toLocaleString('en')}`,
      );
    const { questions, containersStarted, faults } = soak;
    const faultsInAll = Object.values(faults).reduce((sum, each) => sum + each, 0);
    for (const figure of [questions, containersStarted, faultsInAll])
      expect(words).toContain(` ${figure.toLocaleString('en')} `);
    expect(soak).toMatchObject({ minutes: 60, wrongAnswers: 0 });
  });

  it('gives status the parts it has', () => {
    const [, parts = ''] = /weft status \[([^\]]+)\]/.exec(readme) ?? [];
    const [argument] = program.commands.find((command) => command.name() === 'status')?.registeredArguments ?? [];
    for (const part of parts.split('\\|')) expect(argument?.argChoices).toContain(part);
  });

  it("names npm's scripts, exit codes and files that exist", () => {
    for (const [, script = ''] of readme.matchAll(/npm (?:run )?(demo|test|start|check)\b/g))
      expect(Object.keys(packageJson.scripts)).toContain(script);
    const { done, failed, wrongUsage, noAgent } = exitCodes;
    expect(readme.replace(/\s+/g, ' ')).toContain(
      `${done} done, ${failed} failed, ${wrongUsage} wrong usage, ${noAgent} no agent there`,
    );
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, path = '']) => path);
    expect(links.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** The commands of the table's first column: `weft add …`, and bare `dns-remove` after another. */
function tableCommands(): string[] {
  const cells = readme.split('\n').flatMap((line) => /^\| (`.*?) \| [^|]*\|$/.exec(line)?.[1] ?? []);
  return cells.flatMap((cell) =>
    [...cell.matchAll(/`(?:weft )?([a-z-]+)[^`]*`/g)].flatMap(([, command = '']) => command),
  );
}
