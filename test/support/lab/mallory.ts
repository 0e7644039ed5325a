/**
 * `node mallory.ts DEED SECONDS HOST…`: a member of the mesh, by the secret in WEFT_SECRET, with bad intentions. It links
 * with these hosts, does its deed for so long, under a new identity whenever it was parted with, says how much it did,
 * and ends. `replay` needs a host that restarts meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { DocumentWriter } from '../../../src/crdt/document.ts';
import { sealEnvelope } from '../../../src/crdt/envelope.ts';
import { type Item, toChunks } from '../../../src/crdt/item.ts';
import { encodeRequest } from '../../../src/crdt/request.ts';
import { createIdentity } from '../../../src/identity.ts';
import { parseSecret } from '../../../src/mesh/secret.ts';
import { documentOf, forge, signOfLife } from '../forgery.ts';
import { Mallory, pullAll } from './mallory-member.ts';
import { until } from './until.ts';

const [deed = '', seconds = '0', ...hosts] = process.argv.slice(2);
/** More than any host of Weft takes in one piece. */
const hugeBytes = 8 * 1024 * 1024;
/** Changes, and requests to each host at once, between two looks whether it is still linked: soon over, or its links break. */
const round = 50;
const requestsAtOnce = 20;
/** More than any host may say at once, also where a busy machine leaves it no time for them. */
const leastChanges = 3_000;

// Not before its first links stand; and whoever replays waits for something to replay.
let endsAt = Number.POSITIVE_INFINITY;
/** For a host to restart on a busy machine. */
const patienceMs = 120_000;
const isOver = () => performance.now() > endsAt;
/** On a busy machine it takes longer until it is parted with. */
const isHopeless = () => performance.now() > endsAt + patienceMs / 2;
const isFlooding = () => deed === 'flood' && done < leastChanges;
const deeds: Readonly<Record<string, (mallory: Mallory) => Promise<number>>> = {
  forge: forgeAll,
  replay,
  flood,
  garbage,
  deny,
};

const secret = parseSecret(process.env.WEFT_SECRET ?? '');
if (!secret.ok) throw new Error(secret.problem);
let done = 0;
let said: readonly Uint8Array[] | undefined;
while (!isOver() || (isFlooding() && !isHopeless())) {
  const mallory = new Mallory(createIdentity(), secret.value);
  await mallory.start(hosts, isFlooding() ? isHopeless : isOver);
  console.log(`${deed} begins`);
  if (deed !== 'replay') begin();
  done += (await deeds[deed]?.(mallory)) ?? 0;
  await mallory.mesh.stop();
}
console.log(`${deed}: ${done}`);

/** Its time runs from the first call on. */
function begin(): void {
  endsAt = Math.min(endsAt, performance.now() + Number(seconds) * 1_000);
}

/** What others say, in this one's name: as news, far ahead of what its owners said, for all kinds. */
async function forgeAll(mallory: Mallory): Promise<number> {
  const owners = await until('others are heard', () => (mallory.owners().length > 0 ? mallory.owners() : undefined));
  const lie = documentOf({ host: { name: 'nobody' } });
  return mallory.whileLinked(isOver, () => {
    for (const owner of owners)
      for (const kind of ['snapshot', 'update', 'farewell', 'heartbeat', 'doubt', 'forget', 'edit'] as const)
        mallory.mesh.broadcast(
          forge(mallory.identity, owner, kind, 2 ** 45, 9, kind === 'heartbeat' ? signOfLife(2 ** 40) : lie),
        );
    return 7 * owners.length;
  });
}

/** What others said in epochs that are over, again and again, also in its next life. */
async function replay(mallory: Mallory): Promise<number> {
  said ??= await until('a host began a new epoch', () => mallory.saidBefore(), patienceMs);
  begin();
  return mallory.whileLinked(isOver, () => {
    for (const bytes of said ?? []) mallory.mesh.broadcast(bytes);
    return said?.length ?? 0;
  });
}

/** Its own records, which change as fast as it can sign, and requests for all that there is, many at a time. */
async function flood(mallory: Mallory): Promise<number> {
  const { identity, mesh } = mallory;
  const writer = new DocumentWriter([['host', JSON.stringify({ name: 'mallory' })]]);
  mesh.broadcast(sealEnvelope(identity, 'snapshot', 1, 1, writer.state()).bytes);
  let sequence = 1;
  const isEnough = () => isHopeless() || (isOver() && sequence > leastChanges);
  return mallory.whileLinked(isEnough, async () => {
    for (let count = 0; count < round; count += 1) {
      const update = writer.change(
        new Map([['container/x', JSON.stringify({ id: randomBytes(500).toString('hex') })]]),
      );
      sequence += 1;
      if (update !== undefined) mesh.broadcast(sealEnvelope(identity, 'update', 1, sequence, update).bytes);
    }
    const asking = Array.from({ length: requestsAtOnce }, () =>
      mesh.neighbours().map((peer) => mallory.ask(peer, pullAll)),
    );
    await Promise.all(asking.flat());
    return round;
  });
}

/** Bytes that mean nothing: as broadcasts, requests and answers, of a few octets and of many more than anybody takes. */
async function garbage(mallory: Mallory): Promise<number> {
  mallory.answers = [randomBytes(1_000)];
  return mallory.whileLinked(isOver, async () => {
    const huge = randomBytes(hugeBytes);
    for (const length of [0, 1, 100, 10_000, 100_000]) mallory.mesh.broadcast(randomBytes(length));
    for (const peer of mallory.mesh.neighbours())
      await Promise.all([mallory.ask(peer, randomBytes(1_000)), mallory.ask(peer, huge)]);
    mallory.mesh.broadcast(huge);
    return 2 * hugeBytes;
  });
}

/** To whatever it is asked: that it saw all static records go, and that there are no others. */
async function deny(mallory: Mallory): Promise<number> {
  const seen = new Map(mallory.owners().map((owner) => [owner, 2 ** 45]));
  const lie: readonly Item[] = [
    { type: 'verdict', same: false },
    { type: 'alive', summary: { seen, alive: [] } },
  ];
  mallory.answers = [...toChunks(lie)];
  return mallory.whileLinked(isHopeless, async () => {
    // Whoever finds a difference asks back, and is lied to.
    const differ = encodeRequest({ type: 'compare', hash: randomBytes(16) });
    await Promise.all(mallory.mesh.neighbours().map((peer) => mallory.ask(peer, differ)));
    await pause(100);
    return 1;
  });
}
