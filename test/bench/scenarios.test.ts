import { describe, expect, it } from 'vitest';
import type { Peer } from '../../bench/scenarios-peer.ts';
import { rows } from '../../bench/scenarios-rows.ts';
import { Stage } from '../../bench/scenarios-stage.ts';
import { scenarioTable } from '../../bench/scenarios-table.ts';
import {
  failureInWords,
  firstWith,
  heard,
  isFailure,
  lastWith,
  losses,
  ms,
  readsInWords,
  restartInWords,
  swapInWords,
} from '../../bench/scenarios-words.ts';
import type { Answer } from '../e2e/asking.ts';

/** What decides the cells of docs/scenarios.md; the real thing needs engines and minutes. */

const [old, young] = ['192.0.2.1', '192.0.2.2'];

/** Answers at these moments: addresses, `LOST`, or another response code. */
function answers(...said: [number, string][]): Answer[] {
  return said.map(([at, words]) => {
    const addresses = words.split(' ').filter((word) => word.includes('.'));
    return { at, code: addresses.length > 0 ? '0' : words, addresses };
  });
}

describe('what was heard', () => {
  it('tells the lost from those that were told that nobody has the name', () => {
    const told = heard(answers([0, old], [5, 'LOST'], [10, '3'], [15, '0'], [20, '2'], [25, 'LOST']));
    expect(told).toEqual({ asked: 6, lost: 2, empty: 3 });
    expect(losses(told)).toBe('2 lost, 3 without an address of 6');
    expect(heard([])).toEqual({ asked: 0, lost: 0, empty: 0 });
  });
});

describe('the first answer with an address', () => {
  it.each([
    ['is counted from a moment on', answers([90, young], [100, old], [130, `${old} ${young}`]), 100, 30],
    ['may come at that moment', answers([100, young]), 100, 0],
    ['is not one before it', answers([99, young], [101, old]), 100, undefined],
    ['is none among none', [], 0, undefined],
  ])('%s', (_, given, since, wanted) => {
    expect(firstWith(given, young, since)).toBe(wanted);
  });
});

describe('the last answer with an address', () => {
  it.each([
    ['is known once a newer one is without it', answers([90, old], [110, old], [120, young]), 10],
    ['was at once where there is none since', answers([90, old], [110, young]), 0],
    ['was at once where it was never there', answers([110, young]), 0],
    ['may be an older one, since others had it not', answers([110, old], [115, young], [120, old], [125, young]), 20],
    ['is an answer that nobody has the name, too', answers([110, old], [120, '3']), 10],
    ['is not known while the newest answer has it', answers([110, young], [120, old]), undefined],
    ['is not known while nothing was answered since', answers([90, young]), undefined],
    ['is not known by a question that was lost', answers([110, old], [120, 'LOST']), undefined],
  ])('%s', (_, given, wanted) => {
    expect(lastWith(given, old, 100)).toBe(wanted);
  });
});

describe('the words of a cell', () => {
  it.each([
    [-5, '0 ms'],
    [0.4, '0 ms'],
    [12.5, '13 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [30_000, '30.0 s'],
  ])('have %d as %s', (time, words) => {
    expect(ms(time)).toBe(words);
  });

  it('count the old address of a hot swap after its end only', () => {
    const given = answers([80, old], [90, `${old} ${young}`], [110, young], [115, 'LOST']);
    const words = '1 lost, 0 without an address of 4; old address answered 0 times after its end, ';
    expect(swapInWords(given, old, 100)).toBe(`${words}the last time 10 ms before`);
    expect(swapInWords(given, old, 85)).toBe(`${words.replace('0 times', '1 times')}the last 5 ms after`);
  });

  it('say for how long a restart was silent, and whether it came back', () => {
    const given = answers([80, 'LOST'], [90, old], [110, 'LOST'], [130, '2'], [150, old]);
    expect(restartInWords(given, 100, true)).toBe('2 lost, 1 without an address of 5, in 20 ms');
    expect(restartInWords(given, 100, false)).toBe('2 lost, 1 without an address of 5; it does not come back');
    expect(restartInWords(answers([90, old], [110, old]), 100, true)).toBe('0 lost, 0 without an address of 2');
  });

  it('say what both sides of a cut read', () => {
    expect(readsInWords(true, 'yes', 8_000)).toBe(
      "own names yes; the other side's are still answered on both, 8.0 s into the cut",
    );
    expect(readsInWords(false, 'no', 8_000)).toBe(
      "own names no; the other side's are no longer answered on both, 8.0 s into the cut",
    );
    expect(readsInWords(true, 'never known', 8_000)).toBe("own names yes; the other side's were never known");
  });

  it('say "cannot" only with a reason, beside what was seen', () => {
    const reasons = { across: '', gone: 'nobody takes it away', health: '', srv: '' };
    const stage = new Stage({ reasons } as Peer);
    expect(stage.cannot('gone', 'still answered')).toBe('cannot: nobody takes it away (still answered)');
    expect(stage.cannot('across', 'not answered')).toBe('no: not answered');
  });

  it('hold one line of an error, and nothing that would break the table', () => {
    const cell = failureInWords(new Error('`a | b` ended with 1\n  and more'));
    expect(cell).toBe('failed: `a / b` ended with 1');
    expect(isFailure(cell)).toBe(true);
    expect(failureInWords('no error')).toBe('failed: no error');
    expect(isFailure('0 lost')).toBe(false);
  });
});

describe('the table', () => {
  const measuredOn = {
    command: 'npm run bench:scenarios',
    date: '2026-01-01',
    machine: '2 × CPU, Node 24',
    cores: 2,
    loadAverage: 3.5,
    versions: ['dnsmasq 2.90'],
  };
  const one = { title: 'One', setup: 'as it is', cells: { across: '7 ms', power: 'failed: no power' } };
  const other = { title: 'Other', setup: 'as it was', cells: { across: '8 ms' } };
  const cells = (page: string) =>
    page
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.slice(2, -2).split(' | '));

  it('has a line for each row and a column for each peer, and says what was not tried', () => {
    const [head, rule, ...lines] = cells(scenarioTable(measuredOn, [one, other]));
    expect(head).toEqual(['', 'One', 'Other']);
    expect(rule).toEqual(['---', '---', '---']);
    expect(lines.map(([name]) => name)).toEqual(rows.map(([, name]) => name));
    expect(lines[0]?.slice(1)).toEqual(['7 ms', '8 ms']);
    expect(lines.at(-1)?.slice(1)).toEqual(['failed: no power', 'not tried']);
    expect(lines[1]?.slice(1)).toEqual(['not tried', 'not tried']);
  });

  it('says by itself where its figures are not to be trusted', () => {
    const whole = [other];
    expect(scenarioTable(measuredOn, whole)).not.toMatch('upper bounds');
    expect(scenarioTable({ ...measuredOn, loadAverage: 4.1 }, whole)).toMatch('read the times as upper bounds');
    expect(scenarioTable(measuredOn, whole)).not.toMatch('Rows that failed');
    expect(scenarioTable(measuredOn, [one, other])).toMatch('Rows that failed: 1;');
  });

  it('tells how each peer was set up', () => {
    expect(scenarioTable(measuredOn, [one, other])).toMatch('- **One**: as it is.\n- **Other**: as it was.\n');
  });
});
