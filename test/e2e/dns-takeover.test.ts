import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';

const run = promisify(execFile);
const program = fileURLToPath(import.meta.resolve('../dns/serve.ts'));
const directory = mkdtempSync(join(tmpdir(), 'weft-takeover-'));
const takeovers = 5;
const questionsPerSecond = 5000;
const running = new Set<ChildProcess>();

afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

it('trap 44: five successors take a busy port over, one after the other, and no question is lost', async () => {
  const port = await freePort();
  const questions = join(directory, 'questions');
  writeFileSync(questions, 'nodebb.weave.local A\nnodebb.weave.local AAAA\nnobody.weave.local A\n');
  let current = await serve(port);
  const terms = [
    '-s',
    '127.0.0.1',
    '-p',
    String(port),
    '-d',
    questions,
    '-c',
    '20',
    '-Q',
    String(questionsPerSecond),
    '-l',
    '10',
  ];
  const load = run('dnsperf', terms);
  for (let takeover = 0; takeover < takeovers; takeover++) {
    const successor = await serve(port);
    const gone = once(current, 'exit');
    current.kill('SIGTERM');
    await gone;
    running.delete(current);
    current = successor;
  }
  const { stdout } = await load;
  expect(stdout).toMatch(/Queries lost:\s+0 /);
  expect(Number(/Queries completed:\s+(\d+)/.exec(stdout)?.[1])).toBeGreaterThan(questionsPerSecond);
});

async function serve(port: number): Promise<ChildProcess> {
  const command = [program, String(port), 'nodebb=192.0.2.1,192.0.2.2,192.0.2.3'];
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  await once(child.stdout, 'data');
  return child;
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}
