import { setTimeout as pause } from 'node:timers/promises';
import { type Asking, now } from './scenarios-asking.ts';
import type { Running } from './scenarios-peer.ts';
import { patienceMs, type Stage } from './scenarios-stage.ts';
import { ms, readsInWords, restartInWords, swapInWords } from './scenarios-words.ts';

const powerPatienceMs = 30_000;
/** Longer than it takes any peer to notice that a host is silent. */
const cutMs = 8_000;
/** Long enough for a few hundred questions before and after. */
const steadyMs = 2_000;
/** How long a container takes to stop in the hot swap. */
const graceSeconds = 4;

/** Starts the new version of a container, waits until it is answered, and stops the old one. */
export async function swap(stage: Stage): Promise<string> {
  const old = await stage.start({ host: 1, container: 'v1', name: 'web', graceSeconds });
  await stage.settle();
  await using asking = await stage.ask(1, 'web');
  await stage.answered(asking, old);
  const young = await stage.start({ host: 1, container: 'v2', name: 'web', graceSeconds });
  // The best that an operator can do: the old one is out of the file before it is told to stop.
  stage.forget(old);
  await stage.settle();
  await stage.answered(asking, young);
  await stage.peer.containers.run(1, ['stop', '--time', '60', old.container]);
  const { finishedAt } = await stage.peer.containers.inspect(1, old.container);
  await asking.lastWith(old.address, finishedAt, patienceMs);
  return swapInWords(await asking.stop(), old.address, finishedAt);
}

/** Stops and starts the resolver of a host whose containers ask it. */
export function restart(stage: Stage): Promise<string> {
  return whileAsked(stage, 'restarted', stage.peer.restart);
}

/** The same in the way that loses least, where there is one. */
export async function upgrade(stage: Stage): Promise<string> {
  const { upgrade } = stage.peer;
  return upgrade === undefined ? 'no other way than the restart above' : whileAsked(stage, 'upgraded', upgrade);
}

async function whileAsked(stage: Stage, name: string, renew: () => Promise<void>): Promise<string> {
  const kept = await stage.start({ host: 1, container: name, name });
  await stage.settle();
  await using asking = await stage.ask(1, name);
  await stage.answered(asking, kept);
  await pause(steadyMs);
  const stopping = now();
  await renew();
  const back = await asking.firstWith(kept.address, now(), powerPatienceMs);
  await pause(steadyMs);
  return restartInWords(await asking.stop(), stopping, back !== undefined);
}

/** Cuts host 3 off from the others, starts a container on each side, and heals. */
export async function partition(stage: Stage): Promise<{ reads: string; writes: string; healed: string }> {
  const left = await stage.start({ host: 1, container: 'left', name: 'left' });
  const right = await stage.start({ host: 3, container: 'right', name: 'right' });
  await stage.settle();
  // Where it can, the larger side is asked on the host that has nothing to do with it.
  const near = stage.spans ? 2 : 1;
  await using old = await bothSides(stage, near, 'left', 'right');
  await using fresh = await bothSides(stage, near, 'newleft', 'newright');
  await Promise.all([stage.answered(old.near.left, left), stage.answered(old.far.right, right)]);
  if (stage.spans) await Promise.all([stage.answered(old.near.right, right), stage.answered(old.far.left, left)]);
  const host = stage.peer.lab.host(3);
  await host.cut();
  const cut = now();
  await pause(cutMs);
  const still = (asking: Asking, { address }: Running) => lately(asking, address, cut + cutMs - 1000);
  const own = still(old.near.left, left) && still(old.far.right, right);
  const theirs = still(old.near.right, right) && still(old.far.left, left);

  const newLeft = await stage.start({ host: 1, container: 'newleft', name: 'newleft' });
  const newRight = await stage.start({ host: 3, container: 'newright', name: 'newright' });
  const times = await Promise.all([
    fresh.near.left.firstWith(newLeft.address, newLeft.startedAt, patienceMs),
    fresh.far.right.firstWith(newRight.address, newRight.startedAt, patienceMs),
  ]);

  await host.heal();
  const healed = now();
  await stage.settle();
  const arrivals = await Promise.all([
    fresh.far.left.firstWith(newLeft.address, healed, patienceMs),
    fresh.near.right.firstWith(newRight.address, healed, patienceMs),
  ]);
  return {
    reads: readsInWords(own, stage.spans ? (theirs ? 'yes' : 'no') : 'never known', cutMs),
    writes: writesInWords(stage, times),
    healed: healedInWords(stage, arrivals),
  };
}

/** Switches host 3 off, for good; one of two containers of a name is on it. */
export async function power(stage: Stage): Promise<string> {
  const near = await stage.start({ host: 1, container: 'near', name: 'pair' });
  const doomed = await stage.start({ host: 3, container: 'doomed', name: 'pair' });
  await stage.settle();
  await using asking = await stage.ask(1, 'pair');
  await stage.answered(asking, near);
  const known = await asking.firstWith(doomed.address, doomed.startedAt, patienceMs);
  if (known === undefined) return stage.cannot('across', 'it never answered that address');
  const off = now();
  await stage.peer.lab.host(3).powerOff();
  const gone = await asking.lastWith(doomed.address, off, powerPatienceMs);
  if (gone !== undefined) return `dead address gone ${ms(gone)} after; the other one stays`;
  return stage.cannot('gone', `dead address still answered ${ms(powerPatienceMs)} after`);
}

/** Both names, asked for on both sides. */
async function bothSides(stage: Stage, near: number, left: string, right: string) {
  const [nearLeft, nearRight, farLeft, farRight] = await Promise.all([
    stage.ask(near, left),
    stage.ask(near, right),
    stage.ask(3, left),
    stage.ask(3, right),
  ]);
  return {
    near: { left: nearLeft, right: nearRight },
    far: { left: farLeft, right: farRight },
    async [Symbol.asyncDispose]() {
      await Promise.all([nearLeft, nearRight, farLeft, farRight].map((asking) => asking.stop()));
    },
  };
}

/** Whether the address was answered since a moment. */
function lately(asking: Asking, address: string, since: number): boolean {
  return asking.answers().some(({ at, addresses }) => at > since && addresses.includes(address));
}

function writesInWords(stage: Stage, times: readonly (number | undefined)[]): string {
  const known = times.filter((time) => time !== undefined);
  if (known.length < times.length) return stage.cannot('across', `not known within ${ms(patienceMs)} by itself`);
  const where = stage.spans ? 'the larger side asked on another host' : 'each on its own host only';
  return `known ${known.map(ms).join(' and ')} after their starts, ${where}`;
}

function healedInWords(stage: Stage, arrivals: readonly (number | undefined)[]): string {
  const known = arrivals.filter((time) => time !== undefined);
  if (known.length < arrivals.length) return stage.cannot('across', `not known within ${ms(patienceMs)}`);
  if (stage.peer.operator) return 'by hand: as soon as an operator has written both on every host';
  return `both known everywhere ${ms(Math.max(...known))} after`;
}
