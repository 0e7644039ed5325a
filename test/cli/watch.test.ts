import { createServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ApiServer } from '../../src/api/server.ts';
import { readEvents } from '../../src/cli/events.ts';
import { apiDefaults } from '../../src/config.ts';
import { silentLog } from '../../src/log.ts';
import { ApiAgent } from '../support/api-agent.ts';
import { type RunOptions, weft } from '../support/cli-run.ts';
import { owner } from '../support/control-twin.ts';

let agent: ApiAgent;

beforeEach(async () => {
  agent = await ApiAgent.start();
  agent.control.own('web', owner('web', '172.17.0.2'));
});

afterEach(async () => {
  await agent[Symbol.asyncDispose]();
});

/** Runs `weft watch`, and a step each time the output has grown to hold the step's words; then interrupts it. */
async function watchThrough(words: string[], steps: [string, () => void][], options: RunOptions = {}) {
  const controller = new AbortController();
  const left = [...steps];
  const ran = await weft(agent, ['watch', ...words], {
    ...options,
    interrupted: controller.signal,
    onOutput: (out, err) => {
      const step = left[0];
      if (step === undefined || !`${out}${err}`.includes(step[0])) return;
      left.shift();
      setImmediate(step[1]);
      if (left.length === 0) setImmediate(() => controller.abort());
    },
  });
  return ran;
}

/** Stands in the place of an agent that is starting: drops so many connections, then goes. */
async function breakOff(socketPath: string, times: number): Promise<void> {
  const dropped = Promise.withResolvers<void>();
  let left = times;
  const starting = createServer((socket) => {
    socket.destroy();
    if (--left === 0) starting.close(() => dropped.resolve());
  });
  starting.listen(socketPath);
  await dropped.promise;
}

const time = '2026-01-01T13:00:00.000Z';

describe('weft watch', () => {
  it('prints a line for each record that comes or goes', async () => {
    const ran = await watchThrough(
      [],
      [
        ['+ web 172.17.0.2', () => agent.control.own('web', owner('web', '172.17.0.3', { state: 'draining' }))],
        ['+ web 172.17.0.3', () => agent.control.own('web')],
        ['- web 172.17.0.3', () => undefined],
      ],
    );
    expect(ran).toEqual({
      code: 0,
      err: '',
      out: `${time} + web 172.17.0.2 running on host1
${time} - web 172.17.0.2 running on host1
${time} + web 172.17.0.3 draining on host1
${time} - web 172.17.0.3 draining on host1
`,
    });
  });

  it('redraws the table on a terminal', async () => {
    const { out } = await watchThrough(
      [],
      [
        ['172.17.0.2', () => agent.control.own('app', owner('app', '172.17.0.3'))],
        ['172.17.0.3', () => undefined],
      ],
      { terminal: { rows: 24, columns: 120 } },
    );
    const screens = out.split('\u001b[H\u001b[J').slice(1);
    expect(screens.map((screen) => screen.split('\n').map((line) => line.split(' ')[0]))).toEqual([
      ['NAME', 'web', ''],
      ['NAME', 'app', 'web', ''],
    ]);
  });

  it('shows no more than the terminal has room for, and says so', async () => {
    for (let number = 1; number < 9; number++)
      agent.control.own(`app${number}`, owner(`app${number}`, `172.17.1.${number}`));
    const { out } = await watchThrough([], [['172.17.1.2', () => undefined]], { terminal: { rows: 5, columns: 30 } });
    const [screen = ''] = out.split('\u001b[H\u001b[J').slice(1);
    const lines = screen.split('\n');
    expect(lines.map((line) => line.split(' ')[0])).toEqual(['NAME', 'app1', 'app2', '…', '']);
    expect(lines[3]).toMatch(/^… and \d more/);
    expect(Math.max(...lines.map(({ length }) => length))).toBe(30);
  });

  it('prints events as JSON, of the names that were asked for', async () => {
    const { out } = await watchThrough(
      ['--json', 'db'],
      [
        [
          'snapshot',
          () => {
            agent.control.own('web');
            agent.control.own('db', owner('db', '172.17.0.4'));
          },
        ],
        ['172.17.0.4', () => undefined],
      ],
    );
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; names: { name: string }[] });
    expect(events).toMatchObject([
      { event: 'snapshot', names: [] },
      { event: 'change', names: [{ name: 'db', records: [{ data: '172.17.0.4' }] }] },
    ]);
  });

  it('waits for an agent that goes, and fails where there never was one', async () => {
    const ran = await watchThrough(
      [],
      [
        ['172.17.0.2', () => void agent.server.stop()],
        ['the agent is gone; waiting for it\n', () => undefined],
      ],
    );
    expect(ran).toMatchObject({ code: 0, err: 'the agent is gone; waiting for it\n' });
    expect(await weft(agent, ['watch'])).toMatchObject({ code: 3 });
  });

  it('says once that the agent is gone, and that it is back', async () => {
    const { control, clock, socketPath } = agent;
    const listen = [{ type: 'unix', path: socketPath }] as const;
    const again = new ApiServer({ control, clock, listen, log: silentLog, options: apiDefaults });
    const ran = await watchThrough(
      [],
      [
        [
          '172.17.0.2',
          () =>
            void agent.server
              .stop()
              .then(() => breakOff(socketPath, 2))
              .then(() => again.start()),
        ],
        ['the agent is back', () => undefined],
      ],
    );
    await again.stop();
    expect(ran).toMatchObject({ code: 0, err: 'the agent is gone; waiting for it\nthe agent is back\n' });
  });

  it('refuses a name that cannot be one', async () => {
    expect(await weft(agent, ['watch', 'a..b'])).toMatchObject({ code: 2 });
  });
});

describe('server-sent events', () => {
  it('are the same however their text is cut', async () => {
    const text = ': hello\n\nevent: change\nid: r-1\ndata: {"a":\ndata: 1}\n\ndata:x\n\n';
    for (let size = 1; size < text.length; size++) {
      const chunks = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const events: unknown[] = [];
      for await (const event of readEvents(cut(chunks))) events.push(event);
      expect(events).toEqual([
        { type: 'change', id: 'r-1', data: '{"a":\n1}' },
        { type: 'message', id: undefined, data: 'x' },
      ]);
    }
  });
});

async function* cut(chunks: readonly string[]): AsyncIterable<string> {
  yield* chunks;
}
