import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };
import { buildProgram } from '../src/cli/program.ts';
import { environmentName, upFlags } from '../src/flags.ts';
import { labels } from '../src/watch/labels.ts';
import { ApiAgent } from './support/api-agent.ts';

const root = join(import.meta.dirname, '..');
const docs = join(root, 'docs');
const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, text: readFileSync(join(docs, name), 'utf8') }));
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

describe('the docs', () => {
  it.each(pages)('of $name lead only to files and headings that exist', ({ name, text }) => {
    const from = join(docs, dirname(name));
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)];
    const broken = links.filter(([, path = '', heading]) => {
      const target = path === '' ? join(docs, name) : join(from, path);
      return !existsSync(target) || (heading !== undefined && !headings(target).includes(heading));
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  it.each(pages)('of $name name only commands that Weft has', ({ text }) => {
    const known = program.commands.map((command) => command.name());
    const shell = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block).join('\n');
    const named = [...`${shell}`.matchAll(/(?:^|npx |\$\()weft ([a-z][a-z-]*)/gm)].map(([, command = '']) => command);
    const inText = [...text.matchAll(/`weft ([a-z][a-z-]*)/g)].map(([, command = '']) => command);
    expect([...named, ...inText].filter((command) => !known.includes(command))).toEqual([]);
  });

  it.each(pages)("of $name give Weft's own commands only flags that they have", ({ text }) => {
    const lines = [
      ...text.matchAll(/^(?:npx )?weft ([a-z][a-z-]*)([^\n#]*)/gm),
      ...text.matchAll(/`weft ([a-z][a-z-]*)([^`]*)`/g),
    ];
    const wrong = lines.flatMap(([line, name, words = '']) => {
      const command = program.commands.find((each) => each.name() === name);
      const known = [...(command?.options ?? []), ...program.options].flatMap(({ long }) => long ?? []);
      const given = [...words.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map(([flag]) => flag);
      return given.every((flag) => known.includes(flag) || flag === '--help') ? [] : [line];
    });
    expect(wrong).toEqual([]);
  });
});

describe('the reference', () => {
  it('of flags is made of the flags', async () => {
    const rows = upFlags.map(({ name, value, repeatable, help }) => {
      const flag = value === undefined ? `--${name}` : `--${name} ${value}`;
      const text = `${help}${repeatable ? '; repeatable' : ''}`.replaceAll('|', '\\|');
      return `| \`${flag.replaceAll('|', '\\|')}\` | \`${environmentName(name)}\` | ${text} |`;
    });
    await expect(`${flagsHead}${rows.join('\n')}\n${flagsFoot}`).toMatchFileSnapshot(join(docs, 'reference/flags.md'));
  });

  it('of labels has every label', () => {
    const text = pages.find(({ name }) => name === 'reference/labels.md')?.text ?? '';
    const named = [...text.matchAll(/^\| `(weft\.[a-z]+)`/gm)].map(([, label]) => label);
    expect(named).toEqual(Object.values(labels));
  });

  describe('of the API', () => {
    let agent: ApiAgent;
    beforeAll(async () => {
      agent = await ApiAgent.start();
    });
    afterAll(async () => {
      await agent[Symbol.asyncDispose]();
    });

    it('is made of the routes', async () => {
      const described: Described = JSON.parse((await agent.ask('GET', '/openapi.json')).text);
      const rows = Object.entries(described.paths).flatMap(([path, verbs]) =>
        Object.entries(verbs).map(
          ([verb, { summary, parameters = [] }]) =>
            `| \`${verb.toUpperCase()} ${path}${query(parameters)}\` | ${summary} |`,
        ),
      );
      await expect(`${apiHead}${rows.toSorted(byPath).join('\n')}\n`).toMatchFileSnapshot(
        join(docs, 'reference/api.md'),
      );
    });
  });
});

interface Described {
  readonly paths: Record<string, Record<string, { summary: string; parameters?: { name: string; in: string }[] }>>;
}

/** As GitHub makes them. */
function headings(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

function query(parameters: readonly { name: string; in: string }[]): string {
  const names = parameters.filter((each) => each.in === 'query').map(({ name }) => name);
  return names.length > 0 ? `?${names.join('&')}` : '';
}

/** Weft's own first, then the others, each in the order of the alphabet. */
function byPath(one: string, other: string): number {
  const key = (row: string) => `${row.includes(' /v1/') ? 0 : 1} ${row.replace(/^\S+ \S+ /, '')}`;
  return key(one) < key(other) ? -1 : 1;
}

const flagsHead = `# Flags of \`weft up\`

Every flag can be given in the environment as well; several values with commas there. A flag on the command line wins.
What cannot be right is refused at the start, all of it at once, with what would be right.

| flag | environment | what it does |
|---|---|---|
`;

const flagsFoot = `
The secret itself is read from \`WEFT_SECRET\`, never from the command line, where other users could see it.
`;

const apiHead = `# The HTTP API

On \`unix:/run/weft/weft.sock\` and \`127.0.0.1:6784\` unless \`--api\` says otherwise. Every other address asks for the bearer
token of \`--api-token-file\`. Errors are problem documents (RFC 9457): \`{"title": …, "status": …, "detail": …}\`.
\`GET /openapi.json\` describes it for programs; here is what there is.

\`\`\`sh
curl --unix-socket /run/weft/weft.sock http://weft/v1/names/web
curl --no-buffer http://127.0.0.1:6784/v1/watch          # a line for each change; resumes by Last-Event-ID
curl --request PUT --header 'content-type: application/json' \\
  --data '{"addresses": ["192.0.2.7"], "ttl": 5}' http://127.0.0.1:6784/v1/static/printer
\`\`\`

The paths without \`/v1\` are weave's; [weave's commands](../weave-commands.md) says how they compare.

| request | what it does |
|---|---|
`;
