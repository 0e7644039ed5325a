import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from './lab/bundle.ts';

/**
 * Shows that the random walk fails when Weft is broken: `npm run test:mutants -- [--seed N] [--only WORDS]`. Each time one
 * thing is broken in a copy of this checkout, and the walk has to say so. Needs what the end-to-end tests need.
 */

interface Mutant {
  readonly name: string;
  readonly file: string;
  /** What stands there, and what is put in its place. */
  readonly changes: readonly (readonly [right: string, wrong: string])[];
}

const leaving: readonly [string, string] = [
  `(action === 'connect' || action === 'disconnect')`,
  `action === 'connect'`,
];

const mutants: readonly Mutant[] = [
  {
    // An engine tells of an end twice, also as the end of a connection: each of the two is enough.
    name: 'the end of a container is not heard',
    file: 'src/watch/event.ts',
    changes: [[`return accepted({ type: 'ended', id, at });`, `return accepted({ type: 'other', at });`], leaving],
  },
  {
    name: 'a pause is not heard',
    file: 'src/watch/event.ts',
    changes: [[`    case 'pause':\n`, '']],
  },
  {
    name: 'a new name is not heard',
    file: 'src/watch/event.ts',
    changes: [[`    case 'rename':\n`, '']],
  },
  {
    name: 'what left a network is still there',
    file: 'src/watch/event.ts',
    changes: [leaving],
  },
  {
    name: 'what ended unseen lives on',
    file: 'src/watch/lives.ts',
    changes: [
      [
        `      this.#farewells.settled(life);\n      this.#end(life);\n      if (life.crashes`,
        `      if (life.crashes`,
      ],
    ],
  },
  {
    name: 'an address that is somebody else’s here is answered',
    file: 'src/dns/selection.ts',
    changes: [[`if (shadow === undefined)`, `if (shadow !== '')`]],
  },
];
/** Long enough for every kind of step to be taken several times. */
const walkSeconds = '180';
const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, only: { type: 'string', default: '' } },
});
const chosen = mutants.filter(({ name }) => name.includes(values.only));

let caught = 0;
for (const mutant of chosen) {
  const walk = walkWith(mutant);
  if (walk.caught) caught += 1;
  console.log(`${walk.caught ? 'caught' : 'NOT CAUGHT'}: ${mutant.name}\n  ${walk.said}`);
}
console.log(`${caught} of ${chosen.length} caught`);
process.exitCode = caught === chosen.length ? 0 : 1;

/** Whether the walk complains about a wrong answer, and the first one; or what it says of itself. */
function walkWith({ name, file, changes }: Mutant): { readonly caught: boolean; readonly said: string } {
  const copy = mkdtempSync(join(tmpdir(), 'weft-mutant-'));
  try {
    for (const part of [
      'src',
      'test',
      'deploy',
      'build.ts',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'vitest.config.ts',
    ])
      cpSync(join(repository, part), join(copy, part), { recursive: true });
    symlinkSync(join(repository, 'node_modules'), join(copy, 'node_modules'));
    let text = readFileSync(join(copy, file), 'utf8');
    for (const [right, wrong] of changes) {
      if (text.split(right).length !== 2) throw new Error(`${file} has changed: it cannot be broken so that ${name}`);
      text = text.replace(right, wrong);
    }
    writeFileSync(join(copy, file), text);
    const { status, stdout, stderr } = spawnSync('vitest', ['run', '--project', 'e2e', 'test/e2e/watch-walk.test.ts'], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, WEFT_WALK_SECONDS: walkSeconds, WEFT_WALK_SEED: values.seed, NO_COLOR: '1' },
    });
    if (status === 0) return { caught: false, said: /^.* steps in .* rounds.*$/m.exec(stdout)?.[0] ?? '' };
    const complaint = /^.*Error: (.* is .*, not .*|.* is called .*)$/m.exec(stdout + stderr)?.[1];
    if (complaint === undefined) throw new Error(`the walk failed for another reason:\n${stdout}${stderr}`);
    return { caught: true, said: complaint };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
