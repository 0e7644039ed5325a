import { servicesOf, within } from './scenarios-asking.ts';
import { partition, power, restart, swap, upgrade } from './scenarios-faults.ts';
import type { Peer, Running } from './scenarios-peer.ts';
import { patienceMs, Stage } from './scenarios-stage.ts';
import { failureInWords, ms } from './scenarios-words.ts';

const spreadAnswers = 300;

/** The rows of the table, in their order. */
export const rows = [
  ['across', 'name resolves across hosts'],
  ['dead', 'dead container gone'],
  ['spread', `first places of 3 replicas in ${spreadAnswers} answers`],
  ['srv', 'SRV record of a service'],
  ['health', 'unhealthy container hidden'],
  ['swap', 'hot swap at 200 questions/s'],
  ['restart', 'resolver restarted at 200 questions/s'],
  ['upgrade', 'resolver upgraded at 200 questions/s, in the way that loses least'],
  ['reads', 'partition: both sides read'],
  ['writes', 'partition: both sides write'],
  ['healed', 'partition healed'],
  ['power', "host's power-off"],
] as const;

type Row = (typeof rows)[number][0];
/** What one peer did, in words for the table. */
export type Cells = Partial<Record<Row, string>>;

/** In this order: the first finds out what the others build on, the last leaves a host switched off. */
const scenarios: readonly [Row, (stage: Stage) => Promise<Cells>][] = [
  ['across', across],
  ['dead', dead],
  ['spread', spread],
  ['srv', srv],
  ['health', health],
  ['swap', async (stage) => ({ swap: await swap(stage) })],
  ['restart', async (stage) => ({ restart: await restart(stage) })],
  ['upgrade', async (stage) => ({ upgrade: await upgrade(stage) })],
  ['reads', partition],
  ['power', async (stage) => ({ power: await power(stage) })],
];

/** Goes through all scenarios with one peer; one that fails says so in its cell and does not end the others. */
export async function runScenarios(peer: Peer, say: (cells: Cells) => void): Promise<Cells> {
  const stage = new Stage(peer);
  let all: Cells = {};
  for (const [row, scenario] of scenarios) {
    const cells = await scenario(stage).catch((error: unknown) => ({ [row]: failureInWords(error) }));
    say(cells);
    all = { ...all, ...cells };
  }
  return all;
}

async function across(stage: Stage): Promise<Cells> {
  await using asking = await stage.ask(1, 'far');
  const far = await stage.start({ host: 2, container: 'far', name: 'far' });
  const itself = await asking.firstWith(far.address, far.startedAt, patienceMs);
  stage.spans = itself !== undefined;
  if (itself !== undefined) return { across: `${ms(itself)} after its start` };
  const never = stage.cannot('across', `not answered within ${ms(patienceMs)}`);
  if (stage.peer.operator === undefined) return { across: never };
  await stage.settle();
  stage.spans = (await asking.firstWith(far.address, 0, patienceMs)) !== undefined;
  return { across: stage.spans ? 'by hand: as soon as an operator has written it on every host' : never };
}

async function dead(stage: Stage): Promise<Cells> {
  const doomed = await stage.start({ host: 1, container: 'dead', name: 'dead' });
  await stage.settle();
  await using own = await stage.ask(1, 'dead');
  await using other = await stage.ask(2, 'dead');
  const askers = stage.spans ? [own, other] : [own];
  for (const asker of askers) await stage.answered(asker, doomed);
  await stage.kill(doomed);
  const { finishedAt } = await stage.peer.containers.inspect(1, 'dead');
  const times = await Promise.all(askers.map((asker) => asker.lastWith(doomed.address, finishedAt, patienceMs)));
  if (times.includes(undefined))
    return { dead: stage.cannot('gone', `still answered ${ms(patienceMs)} after its end`) };
  const [onOwn = 0, onOther] = times;
  return { dead: `own host ${ms(onOwn)}${onOther === undefined ? '' : `, another ${ms(onOther)}`} after its end` };
}

async function spread(stage: Stage): Promise<Cells> {
  const replicas: Running[] = [];
  for (const [index, host] of (stage.spans ? [1, 2, 3] : [1, 1, 1]).entries())
    replicas.push(await stage.start({ host, container: `replica${index}`, name: 'replica' }));
  await stage.settle();
  await using asking = await stage.ask(1, 'replica');
  for (const replica of replicas) await stage.answered(asking, replica);
  const whole = await within(patienceMs * 2, () => {
    const all = asking.answers().filter(({ addresses }) => addresses.length === replicas.length);
    return all.length >= spreadAnswers ? all.slice(0, spreadAnswers) : undefined;
  });
  if (whole === undefined) return { spread: 'no: not all replicas are in one answer' };
  const firsts = replicas.map(({ address }) => whole.filter(({ addresses }) => addresses[0] === address).length);
  return { spread: `${firsts.join(' / ')}, replicas on ${stage.spans ? 'three hosts' : 'one host'}` };
}

async function srv(stage: Stage): Promise<Cells> {
  await stage.start({ host: 1, container: 'shop', name: 'shop', httpPort: 80 });
  await stage.settle();
  const from = stage.spans ? 2 : 1;
  const found = await within(patienceMs, async () => (await servicesOf(stage.peer, from, '_http._tcp.shop'))[0]);
  if (found === undefined) return { srv: stage.cannot('srv', 'not answered') };
  return { srv: `${stage.peer.operator ? 'by hand, an option at its start: ' : 'by a label: '}\`${found}\`` };
}

async function health(stage: Stage): Promise<Cells> {
  const well = await stage.start({ host: 1, container: 'well', name: 'checked' });
  const sick = await stage.start({ host: 1, container: 'sick', name: 'checked', checked: true });
  await stage.settle();
  await stage.makeWell(sick, true);
  await using asking = await stage.ask(1, 'checked');
  await stage.answered(asking, well);
  await stage.answered(asking, sick);
  const { checkedAt } = await stage.makeWell(sick, false);
  const hidden = await asking.lastWith(sick.address, checkedAt, patienceMs);
  if (hidden !== undefined) return { health: `${ms(hidden)} after the check that failed` };
  return { health: stage.cannot('health', `still answered ${ms(patienceMs)} after it failed`) };
}
