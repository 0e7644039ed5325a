import { createServer, get } from 'node:http';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { isBetween } from './place.ts';

/**
 * `node peer.ts FIRST`: one peer of a ring in the manner of Chord and Scalaris, written for this example. It is told the
 * name of the first peer, learns those of others, and keeps no address: every request looks its name up. Again and again it
 * asks the next one who comes before that, and the first where it belongs itself, so peers may start in any order, die, and
 * come back elsewhere with nothing in their memory; the first one, too.
 *
 *     GET /peer           this peer's name, who comes before it, and those that follow, nearest first
 *     GET /notify?NAME    NAME says that it comes before this peer; the same answer
 *     GET /seek?NAME      who follows NAME (`next`), or whom to ask instead (`closer`)
 */
const [first = ''] = process.argv.slice(2);
const me = hostname();
const port = 7000;
const everyMs = 200;
const patienceMs = 500;
/** The ring holds when one fewer of its neighbours vanish at once. */
const maxFollowing = 4;
/** More than a search can take in any ring that is small enough to be walked. */
const maxSteps = 32;

interface Peer {
  readonly name: string;
  readonly before: string | undefined;
  /** Never empty: a peer alone follows itself. */
  readonly following: readonly string[];
}
type Found = { readonly next: string } | { readonly closer: string };

let before: string | undefined;
let following: readonly string[] = [me];

createServer((request, response) => {
  const { pathname, search } = new URL(request.url ?? '/', 'http://peer');
  response.end(JSON.stringify(answerTo(pathname, search.slice(1))));
}).listen(port);

for (;;) {
  await turn();
  await pause(everyMs);
}

function answerTo(path: string, name: string): Peer | Found {
  if (path === '/seek') return seekHere(name);
  if (path === '/notify' && (before === undefined || isBetween(name, before, me))) before = name;
  // Who was alone is not any more.
  if (before !== undefined && next() === me) following = [before];
  return { name: me, before, following };
}

async function turn(): Promise<void> {
  if (before !== undefined && (await ask<Peer>(before, '/peer')) === undefined) before = undefined;
  following = await follow();
  const place = await seek(me, first);
  if (place !== undefined && place !== me && isBetween(place, me, next())) following = [place, ...following];
}

/** The nearest of those that follow that answers, with those that follow it, and who has come between. */
async function follow(): Promise<readonly string[]> {
  for (const name of following) {
    if (name === me) continue;
    const peer = await ask<Peer>(name, `/notify?${me}`);
    if (peer === undefined) continue;
    const between = peer.before !== undefined && isBetween(peer.before, me, name) ? [peer.before] : [];
    const beyond = peer.following.filter((each) => each !== me && each !== name);
    return [...between, name, ...beyond].slice(0, maxFollowing);
  }
  return [me];
}

/** Who follows `name`, as the ring says that `from` is in; undefined when somebody on the way does not answer. */
async function seek(name: string, from: string): Promise<string | undefined> {
  let asked = from;
  for (let step = 0; step < maxSteps; step++) {
    const found = asked === me ? seekHere(name) : await ask<Found>(asked, `/seek?${name}`);
    if (found === undefined) return undefined;
    if ('next' in found) return found.next;
    asked = found.closer;
  }
  return undefined;
}

function seekHere(name: string): Found {
  if (name === me || next() === me || isBetween(name, me, next())) return { next: next() };
  return { closer: following.findLast((each) => isBetween(each, me, name)) ?? next() };
}

function next(): string {
  return following[0] ?? me;
}

/** What a peer of that name answers; undefined when none does in time. */
function ask<T>(name: string, path: string): Promise<T | undefined> {
  return new Promise((resolve) => {
    // A connection of its own, and so a look-up of its own, for each request.
    const asked = get({ host: name, port, path, agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      text(response).then(
        (answer) => resolve(JSON.parse(answer)),
        () => resolve(undefined),
      );
    });
    asked.on('error', () => resolve(undefined));
  });
}
