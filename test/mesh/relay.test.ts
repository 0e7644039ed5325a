import { expect, test } from 'vitest';
import { Relay } from '../../src/mesh/relay.ts';
import { ManualClock } from '../support/manual-clock.ts';

test('what cannot wait is passed on at once, and by itself', () => {
  const { relay, sent } = scripted();
  relay.later('beat', 'one');
  relay.now('change', 'two');
  expect(sent).toEqual([['change from two']]);
});

test('what can wait goes with all that came within a tenth of a second, once', () => {
  const { clock, relay, sent } = scripted();
  relay.later('first', 'one');
  clock.advance(99);
  relay.later('second', 'two');
  expect(sent).toEqual([]);
  clock.advance(1);
  expect(sent).toEqual([['first from one', 'second from two']]);
  clock.advance(1_000);
  expect(sent).toHaveLength(1);
});

test('a flood of what can wait does not wait, and a mesh that ends keeps nothing back', () => {
  const { clock, relay, sent } = scripted();
  for (let number = 0; number < 100; number += 1) relay.later(`beat ${number}`, 'one');
  expect(sent).toHaveLength(1);
  relay.flush();
  expect(sent.flat()).toHaveLength(100);
  relay.flush();
  clock.advance(1_000);
  expect(sent).toHaveLength(2);
});

/** A relay, and what it passed on, each list in one piece. */
function scripted() {
  const clock = new ManualClock();
  const sent: string[][] = [];
  let piece: string[] | undefined;
  const relay = new Relay({
    clock,
    pass: (id, from) => {
      if (piece === undefined) sent.push([`${id} from ${from}`]);
      else piece.push(`${id} from ${from}`);
    },
    together: (run) => {
      piece = [];
      run();
      sent.push(piece);
      piece = undefined;
    },
  });
  return { clock, relay, sent };
}
