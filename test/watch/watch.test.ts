import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EmbeddedEngine } from '../../src/watch/embedded-engine.ts';
import { WatchedHost } from './host.ts';

const until = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 10_000, interval: 5 });

describe('a watched host', () => {
  let engine: EmbeddedEngine;
  let host: WatchedHost;
  beforeEach(async () => {
    engine = new EmbeddedEngine({ listen: '127.0.0.1', subnet: '127.11.0.0/16' });
    host = new WatchedHost(await engine.open());
  });
  afterEach(async () => {
    await host.watch.stop();
    await engine.close();
  });

  it('is told of what ran before it looked and of what starts later', async () => {
    engine.run({ name: 'node0' });
    await until(() => expect(host.sink.addressesOf('node0')).toEqual(['127.11.0.2']));
    engine.run({ name: 'node1' });
    await until(() => expect(host.sink.addressesOf('node1')).toEqual(['127.11.0.3']));
    expect(host.sink.named('node1')?.names).toEqual(['node1', host.sink.named('node1')?.id.slice(0, 12)]);
    engine.stop('node0');
    await until(() => expect(host.sink.named('node0')).toBeUndefined());
  });
});
