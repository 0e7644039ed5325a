import { describe, expect, it } from 'vitest';
import { AnswerBook } from '../../../src/api/page/answer-book.ts';
import type { Answers, RecordView } from '../../../src/api/page/replies.ts';

const web: RecordView = {
  name: 'web',
  fullName: 'web.weave.local',
  type: 'A',
  data: '10.0.0.2',
  source: 'container',
  state: 'running',
  container: { id: 'c0ffee00c0ffee00', name: 'web-1', image: 'busybox:1' },
  host: { id: 'H1', name: 'host1', status: 'self' },
  since: 0,
};
const byHand: RecordView = { ...web, data: '192.0.2.7', container: undefined, source: 'static', state: 'static' };

/** A book, the agent that it asks, and the time. */
class Desk {
  readonly asked: (readonly string[])[] = [];
  reason = 'it runs';
  changes = 0;
  at = 0;
  /** Rejects the next question. */
  isGone = false;
  readonly #timers: { at: number; run: () => void }[] = [];
  readonly book = new AnswerBook({
    ask: async (names) => {
      this.asked.push(names);
      if (this.isGone) throw new Error('gone');
      return this.#answer(names);
    },
    changed: () => this.changes++,
    now: () => this.at,
    after: (milliseconds, run) => this.#timers.push({ at: this.at + milliseconds, run }),
  });

  /** Lets time pass, and what is due be done. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.at + milliseconds;
    for (;;) {
      const [due] = this.#timers.filter(({ at }) => at <= end).sort((one, other) => one.at - other.at);
      if (due === undefined) break;
      this.#timers.splice(this.#timers.indexOf(due), 1);
      this.at = due.at;
      due.run();
      await new Promise(setImmediate);
    }
    this.at = end;
  }

  #answer(names: readonly string[]): Answers {
    const common = { type: 'A', answered: true, reason: this.reason, source: 'host1' };
    const records = [
      { ...common, data: web.data, container: 'web-1' },
      { ...common, data: byHand.data, answered: false },
    ];
    return { answers: names.map((name) => ({ name, fullName: name, outcome: '', records })) };
  }
}

describe('the book of answers', () => {
  it('asks once about what is looked at, and knows each record then', async () => {
    const desk = new Desk();
    expect(desk.book.verdict(web)).toBe(undefined);
    desk.book.look(['web']);
    desk.book.look(['web']);
    await desk.pass(1_000);
    expect(desk.asked).toEqual([['web']]);
    expect(desk.book.verdict(web)).toEqual({ answered: true, reason: 'it runs' });
    expect(desk.book.verdict(byHand)).toEqual({ answered: false, reason: 'it runs' });
    expect(desk.book.verdict({ ...web, data: '10.0.0.3' })).toBe(undefined);
    expect(desk.changes).toBe(1);
  });

  it('asks nothing about what a scroll passed by', async () => {
    const desk = new Desk();
    desk.book.look(['a', 'b']);
    desk.book.look(['y', 'z']);
    await desk.pass(1_000);
    expect(desk.asked).toEqual([['y', 'z']]);
  });

  it('asks again about a name that changed, and shows what it knew until then', async () => {
    const desk = new Desk();
    desk.book.look(['web', 'db']);
    await desk.pass(1_000);
    desk.reason = 'it drains';
    desk.book.changed(['web', 'unseen']);
    expect(desk.book.verdict(web)?.reason).toBe('it runs');
    await desk.pass(1_000);
    expect(desk.asked).toEqual([['web', 'db'], ['web']]);
    expect(desk.book.verdict(web)?.reason).toBe('it drains');
    desk.book.changed();
    await desk.pass(1_000);
    expect(desk.asked.at(-1)).toEqual(['web', 'db']);
  });

  it('asks once more where a name changed while it was asked about', async () => {
    const desk = new Desk();
    desk.book.look(['web']);
    const passed = desk.pass(160);
    desk.book.changed(['web']);
    await passed;
    await desk.pass(1_000);
    expect(desk.asked).toEqual([['web'], ['web']]);
  });

  it('asks again after ten seconds, and not again and again', async () => {
    const desk = new Desk();
    desk.book.look(['web']);
    await desk.pass(5_000);
    desk.book.look(['web']);
    await desk.pass(4_000);
    expect(desk.asked).toHaveLength(1);
    await desk.pass(2_000);
    desk.book.look(['web']);
    await desk.pass(1_000);
    expect(desk.asked).toHaveLength(2);
  });

  it('asks an agent that was gone when it is looked at again', async () => {
    const desk = new Desk();
    desk.isGone = true;
    desk.book.look(['web']);
    await desk.pass(60_000);
    expect(desk.asked).toHaveLength(1);
    desk.isGone = false;
    desk.book.look(['web']);
    await desk.pass(1_000);
    expect(desk.book.verdict(web)).toBeDefined();
  });

  it('asks for no more at once than a request can hold, and for the rest after it', async () => {
    const desk = new Desk();
    const names = Array.from({ length: 120 }, (_, index) => `n${index}`);
    desk.book.look(names);
    await desk.pass(2_000);
    expect(desk.asked.map(({ length }) => length)).toEqual([100, 20]);
    const long = Array.from({ length: 60 }, (_, index) => `${'x'.repeat(200)}${index}`);
    desk.book.look(long);
    await desk.pass(2_000);
    expect(desk.asked.slice(2).flat()).toEqual(long);
    for (const asked of desk.asked) expect(asked.join('').length).toBeLessThanOrEqual(8_000);
  });
});
