import { request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * `node load.ts URL PER_SECOND`: requests at a steady rate, each with a name look-up and a connection of its own, until
 * SIGTERM. It does what HTTP clients do: tries the next address when one does not accept, gives up on a request after
 * `patienceMs`, and repeats it once, as it may with GET. For each request it prints milliseconds since it was due, who
 * answered (or LOST), how many addresses did not accept, how often it was repeated, and the milliseconds of its slowest
 * look-up.
 */
const [url = '', perSecond = '100'] = process.argv.slice(2);
const everyMs = 1000 / Number(perSecond);
const patienceMs = 3_000;
const repeats = 1;

interface Attempt {
  /** What the server said; undefined when nothing came of it. */
  readonly answer: string | undefined;
  readonly notAccepted: number;
  readonly lookupMs: number;
}

let stopping = false;
process.on('SIGTERM', () => {
  stopping = true;
});

for (let due = performance.now(); !stopping; due += everyMs) {
  await pause(due - performance.now());
  void load(due);
}

async function load(due: number): Promise<void> {
  let notAccepted = 0;
  let lookupMs = 0;
  for (let repeated = 0; repeated <= repeats; repeated++) {
    const attempt = await get();
    notAccepted += attempt.notAccepted;
    lookupMs = Math.max(lookupMs, attempt.lookupMs);
    if (attempt.answer === undefined) continue;
    return say(due, attempt.answer, notAccepted, repeated, lookupMs);
  }
  say(due, 'LOST', notAccepted, repeats, lookupMs);
}

function get(): Promise<Attempt> {
  return new Promise((resolve) => {
    const began = performance.now();
    let notAccepted = 0;
    let lookupMs = 0;
    const end = (answer: string | undefined) => resolve({ answer, notAccepted, lookupMs });
    // Without an agent, no connection is used twice; node:net asks getaddrinfo and tries one address after another.
    const asked = request(url, { agent: false, signal: AbortSignal.timeout(patienceMs) }, (response) => {
      let answer = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        answer += text;
      });
      response.on('end', () => end(response.statusCode === 200 ? answer.trim() : undefined));
      response.on('error', () => end(undefined));
    });
    const count = () => {
      notAccepted += 1;
    };
    asked.on('socket', (socket: Socket) => {
      socket.once('lookup', () => {
        lookupMs = performance.now() - began;
      });
      socket.on('connectionAttemptFailed', count).on('connectionAttemptTimeout', count);
    });
    asked.on('error', () => end(undefined));
    asked.end();
  });
}

function say(due: number, answer: string, notAccepted: number, repeated: number, lookupMs: number): void {
  console.log((performance.now() - due).toFixed(1), answer, notAccepted, repeated, lookupMs.toFixed(1));
}
