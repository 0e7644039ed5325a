import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LabHost } from '../support/lab/host.ts';
import { Lab } from '../support/lab/lab.ts';
import { untilTrue } from '../support/lab/truth.ts';
import { until } from '../support/lab/until.ts';
import { answersOf, shared, startMesh } from './meshed.ts';

/** What the mesh goes through on real engines; after each, every host lists the same, and that is what the engines run. */

let lab: Lab;
let one: LabHost;
let two: LabHost;
let three: LabHost;

beforeAll(async () => {
  lab = await Lab.create(3);
  [one, two, three] = [lab.host(1), lab.host(2), lab.host(3)];
  await startMesh(lab.hosts);
});

afterAll(() => lab?.[Symbol.asyncDispose]());

describe('a host that is switched off', () => {
  it('is hidden, and answered again when it is back', async () => {
    const lost = await three.addressOf(shared);
    const offAt = performance.now();
    await three.powerOff();
    await until('it is hidden', async () => !(await answersOf(one, shared)).includes(lost));
    say('hidden after it was switched off', offAt, 5_000);
    // A name that nobody else has is still answered: failure detection alone empties no answer.
    expect(await answersOf(one, 'only3')).toHaveLength(1);
    await untilTrue([one, two]);

    await three.powerOn();
    await until('its engine started what shall restart', async () => (await three.docker('ps', '-q')).includes('\n'));
    await three.startAgent([]);
    const backAt = performance.now();
    const back = await three.addressOf(shared);
    await until('it is answered', async () => (await answersOf(one, shared)).includes(back));
    say('answered after its agent was ready again', backAt, 1_000);
    await untilTrue(lab.hosts);
  });

  it('is back at once when only its network was gone', async () => {
    const lost = await three.addressOf(shared);
    await three.cut();
    await until('it is hidden', async () => !(await answersOf(one, shared)).includes(lost));
    await three.runContainer({ name: 'meanwhile' });
    await three.heal();
    const healedAt = performance.now();
    await until('it is answered', async () => (await answersOf(one, shared)).includes(lost));
    say('answered after its network was back', healedAt, 1_000);
    await untilTrue(lab.hosts);
  });
});

/** Prints a time beside its budget: a busy machine would break an assertion. */
function say(what: string, since: number, budgetMs: number): void {
  console.log(`${what}: ${Math.round(performance.now() - since)} ms (budget ${budgetMs} ms)`);
}
