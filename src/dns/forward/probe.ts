import { randomBytes } from 'node:crypto';
import { every } from '../../clock.ts';
import { flag, headerOctets, rrClass, rrType } from '../wire.ts';
import { type AskParts, attempt } from './attempt.ts';
import type { Message } from './message.ts';
import type { Question } from './question.ts';
import type { Upstream } from './upstream.ts';

/**
 * Asks upstreams for a name that nobody else would ask for. One that answers is alive; one whose question comes back to
 * us, to this thread or to another one of this agent with the same token, leads in a circle.
 */
export class Probes {
  readonly #parts: AskParts;
  readonly #token: string;
  readonly #upstreams: () => readonly Upstream[];
  readonly #onLoop: (upstream: Upstream) => void;
  readonly #out = new Map<string, Probe>();
  #stopTimer = () => {};

  constructor(
    parts: AskParts,
    token: string | undefined,
    upstreams: () => readonly Upstream[],
    onLoop: (upstream: Upstream) => void,
  ) {
    this.#parts = parts;
    this.#token = label((token ?? randomBytes(tokenOctets).toString('hex')).slice(0, maxTokenOctets));
    this.#upstreams = upstreams;
    this.#onLoop = onLoop;
  }

  start(): void {
    this.#stopTimer = every(this.#parts.clock, this.#parts.times.probeMs, () => {
      for (const upstream of this.#upstreams()) if (this.#needsProbe(upstream)) this.probe(upstream);
    });
  }

  stop(): void {
    this.#stopTimer();
    for (const { cancel } of this.#out.values()) cancel();
    this.#out.clear();
  }

  /** Probes it unless that is under way. */
  probe(upstream: Upstream): void {
    if ([...this.#out.values()].some((probe) => probe.upstream === upstream)) return;
    const nonce = label(randomBytes(tokenOctets).toString('hex'));
    const question = probeQuestion(`${nonce}${this.#token}\0`);
    const probe: Probe = { upstream, cameBack: false, cancel: () => {} };
    this.#out.set(nonce, probe);
    probe.cancel = attempt(this.#parts, question, upstream, (end) => {
      this.#out.delete(nonce);
      if (end.type === 'answer') this.#judge(probe, end.message);
    });
  }

  /** Whether this question is one of our probes that came back. If so it is answered with `circle`. */
  isOurs({ name, type }: Question): boolean {
    const nonceOctets = 1 + name.charCodeAt(0);
    if (type !== rrType.TXT || name.slice(nonceOctets) !== `${this.#token}\0`) return false;
    this.#parts.counts.loops++;
    const probe = this.#out.get(name.slice(0, nonceOctets));
    if (probe) {
      probe.cameBack = true;
      this.#markLooping(probe.upstream);
    }
    return true;
  }

  #needsProbe(upstream: Upstream): boolean {
    return upstream.looping || upstream.down || upstream.isSlow(this.#parts.times.headStartMs);
  }

  #judge({ upstream, cameBack }: Probe, message: Message): void {
    if (tellsOfCircle(message)) this.#markLooping(upstream);
    else if (!cameBack) upstream.looping = false;
  }

  #markLooping(upstream: Upstream): void {
    if (upstream.looping) return;
    upstream.looping = true;
    this.#onLoop(upstream);
  }
}

/** The reply to a probe that came back: one TXT record, which no true answer has; it travels the circle to its sender. */
export function circle(question: Question): Uint8Array {
  const data = [circleText.length, ...circleText];
  const record = [0xc0, headerOctets, 0, rrType.TXT, 0, rrClass.IN, 0, 0, 0, 0, 0, data.length, ...data];
  const header = [question.id >> 8, question.id & 0xff, flag.QR | question.recursion, flag.RA, 0, 1, 0, 1, 0, 0, 0, 0];
  return Uint8Array.from([...header, ...question.bytes, ...record]);
}

interface Probe {
  readonly upstream: Upstream;
  /** We were asked it ourselves. */
  cameBack: boolean;
  cancel: () => void;
}

const tokenOctets = 8;
/** Half a label. */
const maxTokenOctets = 32;
const circleText = new TextEncoder().encode('weft: this question came back to its asker');

function tellsOfCircle({ bytes, records }: Message): boolean {
  return records.some(
    ({ section, type, dataAt, end }) =>
      section === 0 && type === rrType.TXT && Buffer.compare(bytes.subarray(dataAt + 1, end), circleText) === 0,
  );
}

function label(text: string): string {
  return String.fromCharCode(text.length) + text.toLowerCase();
}

function probeQuestion(name: string): Question {
  const octets = [...name].map((character) => character.charCodeAt(0));
  return {
    id: 0,
    bytes: Uint8Array.from([...octets, 0, rrType.TXT, 0, rrClass.IN]),
    type: rrType.TXT,
    name,
    recursion: flag.RD,
    security: 0,
    edns: undefined,
    limit: 512,
    transport: 'udp',
    cookie: undefined,
    wishes: flag.RD,
    key: '',
  };
}
