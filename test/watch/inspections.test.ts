import { describe, expect, it } from 'vitest';
import { coalesced } from '../../src/watch/coalesced.ts';
import { Inspections } from '../../src/watch/inspections.ts';

/** Questions that wait for the test to answer them. */
class Questions {
  readonly asked: string[] = [];
  readonly #open = new Map<string, () => void>();
  readonly ask = (id: string): Promise<void> => {
    this.asked.push(id);
    return new Promise((resolve) => void this.#open.set(id, resolve));
  };

  async answer(id: string): Promise<void> {
    this.#open.get(id)?.();
    this.#open.delete(id);
    await new Promise((resolve) => void setImmediate(resolve));
  }
}

describe('inspections', () => {
  it('are sent a bounded number at once, urgent ones first', async () => {
    const questions = new Questions();
    const inspections = new Inspections(questions.ask, 2);
    for (const id of ['a', 'b', 'c', 'd']) void inspections.request(id, 'patient');
    void inspections.request('e', 'urgent');
    void inspections.request('d', 'urgent');
    expect(questions.asked).toEqual(['a', 'b']);
    for (const id of ['a', 'b', 'e', 'd', 'c']) await questions.answer(id);
    expect(questions.asked).toEqual(['a', 'b', 'e', 'd', 'c']);
  });

  it('of one container are one for all who ask before it is sent, and one more for those who ask after', async () => {
    const questions = new Questions();
    const inspections = new Inspections(questions.ask, 8);
    let done = 0;
    const request = () => void inspections.request('a', 'urgent').then(() => (done += 1));
    request();
    for (let turn = 0; turn < 100; turn += 1) request();
    expect(questions.asked).toEqual(['a']);
    await questions.answer('a');
    expect([questions.asked, done]).toEqual([['a', 'a'], 1]);
    await questions.answer('a');
    expect([questions.asked, done]).toEqual([['a', 'a'], 101]);
  });

  it('that were not sent are forgotten on request, and nobody waits for them', async () => {
    const questions = new Questions();
    const inspections = new Inspections(questions.ask, 1);
    void inspections.request('a', 'urgent');
    const waiting = inspections.request('b', 'patient');
    inspections.clear();
    await waiting;
    await questions.answer('a');
    expect(questions.asked).toEqual(['a']);
  });
});

describe('work that does not overlap itself', () => {
  it('runs once more for all who ask while it runs', async () => {
    const questions = new Questions();
    let runs = 0;
    const work = coalesced(() => questions.ask(`run ${++runs}`));
    const first = work();
    const later = [work(), work(), work()];
    expect(questions.asked).toEqual(['run 1']);
    await questions.answer('run 1');
    await first;
    await questions.answer('run 2');
    await Promise.all(later);
    expect(questions.asked).toEqual(['run 1', 'run 2']);
  });

  it('fails for those who asked for the run that failed, and goes on for the others', async () => {
    let runs = 0;
    const work = coalesced(async () => {
      runs += 1;
      if (runs === 1) throw new Error('first');
    });
    const first = work();
    const second = work();
    await expect(first).rejects.toThrow('first');
    await second;
    expect(runs).toBe(2);
  });
});
