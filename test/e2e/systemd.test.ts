import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InitSystem, weftInside } from '../support/init-system.ts';
import { repository } from '../support/lab/bundle.ts';
import { until } from '../support/lab/until.ts';
import { answersOf, isMissing } from './asking.ts';

/** deploy/weft.service under a real systemd, as docs/recipes/systemd.md installs and upgrades it. */

const unit = readFileSync(join(repository, 'deploy/weft.service'), 'utf8');
const settings = `
WEFT_NAME=unit
WEFT_NO_DOCKER=true
WEFT_DNS_LISTEN=127.0.0.1:53
WEFT_MESH_LISTEN=127.0.0.1:6783
WEFT_SECRET=a secret for the tests of the unit
`;
const questionsPerSecond = 200;
let system: InitSystem;

beforeAll(async () => {
  system = await InitSystem.boot({
    '/usr/bin/weft': `#!/bin/sh\nexec ${weftInside} "$@"\n`,
    '/etc/weft/weft.env': settings,
    '/weft-units/weft.service': unit,
    '/weft-units/weft@.service': unit,
  });
  await system.run(['systemctl', 'start', 'weft']);
  await system.run(['weft', 'add', 'db', '192.0.2.7']);
});

afterAll(() => system?.[Symbol.asyncDispose]());

describe('the unit, under systemd', () => {
  it('is active when questions are answered', async () => {
    expect(await system.show('weft', 'ActiveState', 'SubState')).toEqual({
      ActiveState: 'active',
      SubState: 'running',
    });
    expect(await ask()).toBe('192.0.2.7');
  });

  it('is a user of its own who may bind port 53, and for whom all but its state is read-only or not there', async () => {
    const { MainPID = '' } = await system.show('weft', 'MainPID');
    const status = await system.run(['cat', `/proc/${MainPID}/status`]);
    // Bit 10 of capabilities(7) in each, and a filter of system calls.
    for (const line of ['CapEff:\t0{13}400', 'CapBnd:\t0{13}400', 'NoNewPrivs:\t1', 'Seccomp:\t2'])
      expect(status).toMatch(new RegExp(`^${line}$`, 'm'));
    expect(status).not.toMatch(/^Uid:\t0\t/m);
    const mounts = await system.run(['cat', `/proc/${MainPID}/mountinfo`]);
    for (const mount of [' / ro,', ' /home ro,', ' /var/lib/private/weft rw,', ' /proc .*hidepid=invisible'])
      expect(mounts).toMatch(new RegExp(mount));
  });

  it('rereads at a reload, and goes on', async () => {
    const before = await system.show('weft', 'MainPID');
    await system.run(['systemctl', 'reload', 'weft']);
    expect(await system.show('weft', 'ReloadResult', 'MainPID')).toEqual({ ...before, ReloadResult: 'success' });
    expect(await ask()).toBe('192.0.2.7');
  });

  it('is started anew when it crashes, and is the same host', async () => {
    const before = await hostId();
    const { MainPID = '' } = await system.show('weft', 'MainPID');
    await system.run(['kill', '-KILL', MainPID]);
    const isBack = async () => {
      const now = await system.show('weft', 'MainPID', 'ActiveState');
      return now.ActiveState === 'active' && now.MainPID !== MainPID;
    };
    await until('it is back', isBack, patienceMs);
    expect(await hostId()).toBe(before);
    expect(await ask()).toBe('192.0.2.7');
  });

  it('is taken over by the next one without a lost question, and is not started again', async () => {
    const program = '/opt/weft/test/e2e/steady-asker.ts';
    const asking = ['/opt/node/node', program, '127.0.0.1', 'db.weave.local', `${questionsPerSecond}`];
    const asker = await system.start('asker', asking);
    await until('it is answered', () => asker.log() !== '');
    await system.run(['systemctl', 'start', 'weft@next']);
    await until('the old one ended', async () => (await system.show('weft', 'ActiveState')).ActiveState === 'inactive');
    await asker.stop();
    expect(await system.show('weft', 'Result', 'ExecMainStatus')).toEqual({ Result: 'success', ExecMainStatus: '0' });
    expect(await system.show('weft@next', 'ActiveState')).toEqual({ ActiveState: 'active' });
    const answers = answersOf(asker);
    expect(answers.length).toBeGreaterThan(questionsPerSecond / 2);
    expect(answers.filter(isMissing)).toEqual([]);
  });

  it('ends well when it is stopped', async () => {
    await system.run(['systemctl', 'stop', 'weft@next']);
    const ended = await system.show('weft@next', 'ActiveState', 'Result', 'ExecMainStatus');
    expect(ended).toEqual({ ActiveState: 'inactive', Result: 'success', ExecMainStatus: '0' });
  });
});

/** A start takes a second; on a machine with a dozen others on each core, a minute. */
const patienceMs = 120_000;

async function ask(): Promise<string> {
  return (await system.run(['dig', '+short', '@127.0.0.1', 'db.weave.local'])).trim();
}

async function hostId(): Promise<string> {
  return JSON.parse(await system.run(['weft', 'status', '--json'])).agent.hostId;
}
