import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';
import { WatchedHost } from './host.ts';

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 20_000, interval: 2 });
const names = ['a', 'b', 'c', 'd'];

/** What the walk knows of a container that the engine's addresses do not tell. */
interface Known {
  paused: boolean;
  draining: boolean;
  health: 'none' | 'healthy' | 'unhealthy';
}

/** One step, as the words of the docker command; what that would refuse is no step. */
type Step =
  | {
      readonly type: 'run' | 'start' | 'stop' | 'restart' | 'crash' | 'remove' | 'pause' | 'unpause';
      readonly name: string;
    }
  | { readonly type: 'connect' | 'disconnect'; readonly name: string }
  | { readonly type: 'kill'; readonly name: string; readonly signal: 'TERM' | 'HUP' | 'KILL' }
  | { readonly type: 'health'; readonly name: string; readonly health: 'healthy' | 'unhealthy' }
  | { readonly type: 'rename'; readonly name: string; readonly newName: string }
  | { readonly type: 'cut' | 'lose' | 'restartEngine' | 'quiet' | 'turn' };

const name = fc.constantFrom(...names);
const simple = fc.constantFrom<
  'run' | 'start' | 'stop' | 'restart' | 'crash' | 'remove' | 'pause' | 'unpause' | 'connect' | 'disconnect'
>(...(['run', 'start', 'stop', 'restart', 'crash', 'remove', 'pause', 'unpause', 'connect', 'disconnect'] as const));
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ type: simple, name }), weight: 12 },
  { arbitrary: fc.record({ type: fc.constant('run' as const), name }), weight: 4 },
  {
    arbitrary: fc.record({
      type: fc.constant('kill' as const),
      name,
      signal: fc.constantFrom('TERM' as const, 'HUP' as const, 'KILL' as const),
    }),
    weight: 3,
  },
  {
    arbitrary: fc.record({
      type: fc.constant('health' as const),
      name,
      health: fc.constantFrom('healthy' as const, 'unhealthy' as const),
    }),
    weight: 2,
  },
  { arbitrary: fc.record({ type: fc.constant('rename' as const), name, newName: name }), weight: 2 },
  {
    arbitrary: fc.record({ type: fc.constantFrom('cut' as const, 'lose' as const, 'restartEngine' as const) }),
    weight: 1,
  },
  { arbitrary: fc.record({ type: fc.constant('quiet' as const) }), weight: 3 },
  { arbitrary: fc.record({ type: fc.constant('turn' as const) }), weight: 8 },
);

describe('a random walk over what containers do', () => {
  let engine: EmbeddedEngine;
  let host: WatchedHost;
  beforeAll(async () => {
    engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '127.11.0.0/16' });
    engine.createNetwork({ name: 'back', subnets: ['10.201.4.0/24', 'fd00:4::/64'] });
    host = new WatchedHost(await engine.open(), { settleMs: 5, retryMinMs: 1, retryMaxMs: 10 });
  });
  afterAll(async () => {
    await host.watch.stop();
    await engine.close();
  });

  it('ends with records that equal the truth after each quiet moment', { timeout: 120_000 }, async () => {
    const seed = Date.now() & 0x7fffffff;
    console.log(`random walk: seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const known = new Map<string, Known>();
        for (const each of steps) await take(each, known);
        await expectTruth(known);
        for (const left of engine.all()) engine.remove(left);
        await expectTruth(new Map());
      }),
      { numRuns: 60, seed, endOnFailure: true },
    );
  });

  async function take(each: Step, known: Map<string, Known>): Promise<void> {
    switch (each.type) {
      case 'quiet':
        return expectTruth(known);
      case 'turn':
        return new Promise((resolve) => void setImmediate(resolve));
      case 'cut':
        return engine.dropEvents();
      case 'restartEngine':
        await engine.restartEngine();
        for (const [running] of engine.running()) known.set(running, fresh());
        return;
      case 'lose':
        engine.loseEvents(() => engine.all()[0] && walk({ type: 'crash', name: engine.all()[0] ?? '' }, known));
        return engine.dropEvents();
      default:
        walk(each, known);
    }
  }

  /** Does the step and notes what it means; the engine throws, and nothing happens, where it is not allowed. */
  function walk(
    each: Exclude<Step, { type: 'cut' | 'lose' | 'restartEngine' | 'quiet' | 'turn' }>,
    known: Map<string, Known>,
  ): void {
    const state = known.get(each.name);
    const ran = engine.running().has(each.name);
    try {
      switch (each.type) {
        case 'run':
          engine.run({ name: each.name });
          known.set(each.name, fresh());
          break;
        case 'start':
        case 'restart':
          engine[each.type](each.name);
          if (!ran || each.type === 'restart') known.set(each.name, fresh());
          break;
        case 'kill':
          engine.kill(each.name, each.signal);
          if (state && each.signal === 'TERM') state.draining = true;
          break;
        case 'health':
          engine.setHealth(each.name, each.health);
          if (state) state.health = each.health;
          break;
        case 'rename':
          engine.rename(each.name, each.newName);
          known.delete(each.name);
          if (state) known.set(each.newName, state);
          break;
        case 'pause':
        case 'unpause':
          engine[each.type](each.name);
          if (state) state.paused = each.type === 'pause';
          break;
        case 'connect':
        case 'disconnect':
          engine[each.type](each.name, 'back');
          break;
        case 'stop':
        case 'crash':
        case 'remove':
          engine[each.type](each.name);
      }
    } catch (error) {
      if (!(error instanceof Error) || !/^there is|^\w does not run|^\w is (not )?on/.test(error.message)) throw error;
    }
  }

  async function expectTruth(known: ReadonlyMap<string, Known>): Promise<void> {
    const truth = [...engine.running()].map(([running, addresses]) => {
      const { paused, draining, health } = known.get(running) ?? fresh();
      return { name: running, addresses, state: draining ? 'draining' : paused ? 'paused' : 'running', health };
    });
    await until(() => {
      const told = [...host.sink.records.values()].map((record) => ({
        name: record.name,
        addresses: record.addresses.map(({ address }) => address),
        state: record.state,
        health: record.health,
      }));
      expect(told.toSorted(byName)).toEqual(truth.toSorted(byName));
      expect(host.watch.status().connected).toBe(true);
    });
  }
});

function fresh(): Known {
  return { paused: false, draining: false, health: 'none' };
}

function byName(one: { readonly name: string }, other: { readonly name: string }): number {
  return one.name < other.name ? -1 : 1;
}
