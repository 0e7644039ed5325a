import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../src/clock.ts';
import { keysFile, type Lock, takeLock } from '../src/lock.ts';

let directory = '';
const locks: Lock[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'weft-lock-'));
});
afterEach(async () => {
  for (const lock of locks.splice(0)) await lock.release();
  rmSync(directory, { recursive: true, force: true });
});

/** As an agent that is started with or without `--takeover`. */
async function take(takeover: boolean, patienceMs = 5_000): Promise<Lock> {
  const lock = await takeLock(directory, { takeover, patienceMs }, systemClock);
  locks.push(lock);
  writeFileSync(join(directory, keysFile), lock.keys, { mode: 0o600 });
  return lock;
}

/** What a stranger is told who says this to the holder of the lock. */
function say(words: string): Promise<string> {
  const { dev, ino } = statSync(directory);
  const socket = connect({ path: `\0weft-data-${dev}-${ino}` });
  socket.write(words);
  return text(socket);
}

describe('a lock that is taken over', () => {
  it('goes to the successor once the holder yields, which is told when it may go', async () => {
    const before = await take(false);
    const taking = take(true);
    const successor = await before.successor;
    await before.release();
    const outcome = successor.yield(true);
    const after = await taking;
    expect(after.predecessor?.answering).toBe(true);
    expect([before.succeeds, after.succeeds]).toEqual([false, true]);
    after.predecessor?.relieve();
    expect(await outcome).toBe('ready');
  });

  it('tells the holder when nothing came of it, and can be had back', async () => {
    const before = await take(false);
    const taking = take(true);
    const successor = await before.successor;
    await before.release();
    const outcome = successor.yield(false);
    const after = await taking;
    expect(after.predecessor?.answering).toBe(false);
    await after.release();
    expect(await outcome).toBe('gone');
    expect(await take(true)).toMatchObject({ predecessor: undefined, succeeds: false });
  });

  it('is free for whoever asks, where its holder lets go instead of yielding', async () => {
    const before = await take(false);
    const taking = take(true, 100);
    await before.successor;
    await before.release();
    // Its holder is this very process, which is not killed for its silence.
    await expect(taking).rejects.toThrow('neither answers nor can be ended from here');
    expect((await take(true)).predecessor).toBeUndefined();
  });
});

describe('a stranger, who may reach the lock but not read the directory', () => {
  it.each([
    ['a token that is none', `takeover ${'0'.repeat(64)}\n`],
    ['no token', 'takeover\n'],
    ['another word', 'GET / HTTP/1.1\n'],
  ])('gets nothing for %s', async (_what, words) => {
    await take(false);
    expect(await say(words)).toMatch(/^refused /);
  });

  it('is cut off when he says no word to the end', async () => {
    await take(false);
    expect(await say('takeover '.repeat(100))).toBe('');
    await expect(take(false)).rejects.toThrow('is in use by another agent');
  });

  it('cannot keep the agent from being taken over', async () => {
    const before = await take(false);
    expect(await say('takeover 1\n')).toMatch(/^refused /);
    void take(true, 100).catch(() => {});
    await before.successor;
  });
});
