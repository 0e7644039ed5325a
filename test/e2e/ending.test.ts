import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startAgentProcess } from '../support/agent-process.ts';
import { until } from '../support/lab/until.ts';

/** How an agent ends when it is told to, whatever it is at. */

let directory = '';
let socket = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weft-ending-'));
  socket = join(directory, 'weft.sock');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('an agent that is told to end', () => {
  it.each([
    ['while it reads its data directory', () => existsSync(join(directory, 'identity.key'))],
    ['while it waits for its engine', () => existsSync(socket)],
    ['when it has started', (said: string) => said.includes('"started"')],
  ])('%s ends well and leaves no socket behind', async (_when, isThen) => {
    await using agent = start();
    await until('the moment has come', async () => isThen(agent.said()));
    agent.process.kill('SIGTERM');
    expect(await agent.ended).toBe(0);
    expect(existsSync(socket)).toBe(false);
    expect(agent.said()).toContain('"stopped"');
  });

  it('a second time starts from what the first one left', async () => {
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await using agent = start();
      await agent.started();
      agent.process.kill(signal);
      await agent.ended;
      expect(agent.said()).not.toMatch(/"level":[456]0(?!.*engine)/);
    }
    expect(existsSync(socket)).toBe(false);
  });
});

/** An agent whose engine is not there. */
function start() {
  return startAgentProcess({
    flags: {
      'data-dir': directory,
      api: `unix:${socket}`,
      'docker-host': `unix://${directory}/docker.sock`,
      'mesh-listen': '127.0.0.1:0',
      'dns-listen': '127.0.0.1:0',
    },
  });
}
