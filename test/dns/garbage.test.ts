import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { question } from './message.ts';
import { Twin } from './twin.ts';
import { fixed } from './zone-words.ts';

const names = Array.from({ length: 200 }, (_, index) => `name${index}`);
const questions = names.map((name) => question(`${name}.weave.local`));
const asker = { address: '127.0.0.1', port: 5353, transport: 'udp' } as const;

/** Half as much again where a busy machine has not compiled all code yet; an object for each address takes more than that. */
const mostOfAChange = 14_000;

describe('garbage', () => {
  it('of a changed name and its first answer is less than 14 kB', () => {
    const twin = new Twin();
    const states = Array.from({ length: 60 }, (_, state) => names.map((name) => fixed(name, ...addresses(state))));
    const change = (state: number) => {
      twin.responder.update(states[state % states.length] ?? []);
      for (const each of questions) twin.responder.respond(each, asker);
    };
    expect(octetsOf(change) / names.length).toBeLessThan(mostOfAChange);
  });

  it('of an answer that is kept is next to nothing', () => {
    const twin = new Twin(names.map((name) => fixed(name, ...addresses(0))));
    const ask = () => {
      for (const each of questions) twin.responder.respond(each, asker);
    };
    expect(octetsOf(ask) / names.length).toBeLessThan(100);
  });
});

function addresses(state: number): string[] {
  return ['10', '11', '12'].map((first) => `${first}.0.${state}.1`);
}

/** What a round leaves on the heap, once all code is compiled: the median of ten. */
function octetsOf(round: (number: number) => void): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let number = 0; number < 100; number++) round(number);
  const left = Array.from({ length: 11 }, (_, number) => {
    collect();
    const before = process.memoryUsage().heapUsed;
    round(number);
    return process.memoryUsage().heapUsed - before;
  });
  return left.sort((one, other) => one - other)[5] ?? Number.NaN;
}
