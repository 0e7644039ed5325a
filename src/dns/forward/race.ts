import { rcode } from '../wire.ts';
import { type AskParts, type AttemptEnd, attempt } from './attempt.ts';
import type { Message } from './message.ts';
import type { Question } from './question.ts';
import { endpointText, inOrder, type Upstream } from './upstream.ts';

/** What came of asking all upstreams; `declined` is the error of one of them, if any said one. */
export type RaceEnd =
  | { readonly type: 'answer'; readonly message: Message }
  | {
      readonly type: 'failed';
      readonly problem: string;
      readonly declined: Message | undefined;
      /** One of them at least did not answer in time. */
      readonly silent: boolean;
    };

/**
 * Asks the best upstream, after a head start the next one too, at once when one declines or fails, and takes the first
 * answer. Calls `ended` once, unless the returned function is called before.
 */
export function race(
  parts: AskParts,
  question: Question,
  upstreams: readonly Upstream[],
  ended: (end: RaceEnd) => void,
): () => void {
  const now = parts.clock.now();
  // Without EDNS there are no signatures to be had.
  const avoid = (upstream: Upstream) => question.edns?.dnssecOk === true && upstream.isPlain(now);
  const one = new Race(parts, question, inOrder(upstreams, parts.times.headStartMs, avoid), ended);
  one.start();
  return () => one.cancel();
}

interface Runner {
  readonly upstream: Upstream;
  readonly startedAt: number;
  cancel: () => void;
}

class Race {
  readonly #parts: AskParts;
  readonly #question: Question;
  readonly #waiting: Upstream[];
  readonly #ended: (end: RaceEnd) => void;
  readonly #running = new Set<Runner>();
  readonly #problems: string[] = [];
  #declined: Message | undefined;
  #silent = false;
  #cancelHeadStart = () => {};
  #cancelDeadline = () => {};
  #over = false;

  constructor(parts: AskParts, question: Question, upstreams: Upstream[], ended: (end: RaceEnd) => void) {
    this.#parts = parts;
    this.#question = question;
    this.#waiting = upstreams;
    this.#ended = ended;
  }

  start(): void {
    const { clock, times } = this.#parts;
    this.#cancelDeadline = clock.after(times.questionMs, () => this.#giveUp());
    this.#next();
  }

  cancel(): void {
    this.#over = true;
    this.#cancelHeadStart();
    this.#cancelDeadline();
    for (const runner of this.#running) runner.cancel();
    this.#running.clear();
  }

  #next(): void {
    const { clock, times } = this.#parts;
    const upstream = this.#waiting.shift();
    this.#cancelHeadStart();
    if (upstream) {
      this.#run(upstream);
      if (this.#over) return;
      // One that failed at once began the head start of the next already.
      this.#cancelHeadStart();
      this.#cancelHeadStart = clock.after(times.headStartMs, () => this.#next());
    } else if (this.#running.size === 0) this.#giveUp();
  }

  #run(upstream: Upstream): void {
    const runner: Runner = { upstream, startedAt: this.#parts.clock.now(), cancel: () => {} };
    this.#running.add(runner);
    runner.cancel = attempt(this.#parts, this.#question, upstream, (end) => this.#finish(runner, end));
  }

  #finish(runner: Runner, end: AttemptEnd): void {
    this.#running.delete(runner);
    if (end.type === 'answer') {
      this.#markOutrun();
      this.#end(end);
      return;
    }
    this.#silent ||= end.type === 'failed' && end.silent;
    const said = end.type === 'failed' ? end.problem : 'it declined';
    this.#problems.push(`${endpointText(runner.upstream.endpoint)}: ${said}`);
    // SERVFAIL is of the name; every other error is of that upstream, or of the question.
    if (end.type === 'declined' && (this.#declined === undefined || end.message.rcode === rcode.SERVFAIL))
      this.#declined = end.message;
    this.#next();
  }

  #markOutrun(): void {
    const { clock, times } = this.#parts;
    for (const { upstream, startedAt } of this.#running) {
      const elapsedMs = clock.now() - startedAt;
      if (elapsedMs >= times.headStartMs) upstream.outrun(elapsedMs);
    }
  }

  #giveUp(): void {
    const silent = this.#silent || this.#running.size > 0;
    const problem = this.#problems.join('; ') || 'there is no upstream to ask';
    this.#end({ type: 'failed', problem, declined: this.#declined, silent });
  }

  #end(end: RaceEnd): void {
    this.cancel();
    this.#ended(end);
  }
}
