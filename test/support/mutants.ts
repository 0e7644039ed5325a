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
  readonly changes: readonly Change[];
}

interface Change {
  readonly file: string;
  /** What stands there, and what is put in its place. */
  readonly right: string;
  readonly wrong: string;
}

const leaving: Change = {
  file: 'src/watch/event.ts',
  right: `(action === 'connect' || action === 'disconnect')`,
  wrong: `action === 'connect'`,
};

const mutants: readonly Mutant[] = [
  {
    // An engine tells of an end twice, also as the end of a connection: each of the two is enough.
    name: 'the end of a container is not heard',
    changes: [
      {
        file: 'src/watch/event.ts',
        right: `return accepted({ type: 'ended', id, at });`,
        wrong: `return accepted({ type: 'other', at });`,
      },
      leaving,
    ],
  },
  {
    name: 'a pause is not heard',
    changes: [{ file: 'src/watch/event.ts', right: `    case 'pause':\n`, wrong: '' }],
  },
  {
    name: 'a new name is not heard',
    changes: [{ file: 'src/watch/event.ts', right: `    case 'rename':\n`, wrong: '' }],
  },
  {
    name: 'what left a network is still there',
    changes: [leaving],
  },
  {
    // What an engine told while nobody listened is replayed, and compared with its listing: each of the two is enough.
    name: 'what ended unseen lives on',
    changes: [
      { file: 'src/watch/session.ts', right: ` - this.#options.replaySeconds`, wrong: ` + 1` },
      {
        file: 'src/watch/lives.ts',
        right: `if (listed.has(life.id) || life.touched > askedAt) continue;`,
        wrong: `if (listed.size >= 0) continue;`,
      },
    ],
  },
  {
    name: 'an address that is somebody else’s here is answered',
    changes: [{ file: 'src/dns/selection.ts', right: `if (shadow === undefined)`, wrong: `if (shadow !== '')` }],
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
function walkWith({ name, changes }: Mutant): { readonly caught: boolean; readonly said: string } {
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
    for (const { file, right, wrong } of changes) {
      const text = readFileSync(join(copy, file), 'utf8');
      if (text.split(right).length !== 2) throw new Error(`${file} has changed: it cannot be broken so that ${name}`);
      writeFileSync(join(copy, file), text.replace(right, wrong));
    }
    const { status, stdout, stderr } = spawnSync('vitest', ['run', '--project', 'e2e', 'test/e2e/watch-walk.test.ts'], {
      cwd: copy,
      encoding: 'utf8',
      env: { ...process.env, WEFT_WALK_SECONDS: walkSeconds, WEFT_WALK_SEED: values.seed, NO_COLOR: '1' },
    });
    if (status === 0) return { caught: false, said: /^.* steps in .* rounds.*$/m.exec(stdout)?.[0] ?? '' };
    const complaint = /^.*Error: (.* is (?!not asked).*, not .*|.* is called .*)$/m.exec(stdout + stderr)?.[1];
    if (complaint === undefined) throw new Error(`the walk failed for another reason:\n${stdout}${stderr}`);
    return { caught: true, said: complaint };
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}
