#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { flushCompileCache } from 'node:module';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { type AgentAddress, AgentClient } from './cli/client.ts';
import type { Context } from './cli/context.ts';
import { exitCodes, Failure } from './cli/failure.ts';
import { ansiColours, noColours } from './cli/paint.ts';
import type { GivenFlags } from './cli/program.ts';
import { runProgram } from './cli/run.ts';
import { systemClock } from './clock.ts';
import { cliDefaults, flagDefaults } from './config.ts';
import { fileErrorCode, fileProblem } from './file-problem.ts';
import { parseApiAddress } from './flag-values.ts';
import { parseConfig, UsageError, upFlags } from './flags.ts';
import type { Farewell, RunningAgent } from './running.ts';
import { ServiceManager } from './service-manager.ts';
import { version } from './version.ts';

// The command line. Nothing else in Weft reads arguments, prints or ends the process.

process.stdout.on('error', (error) => {
  // Whoever reads our output may stop reading, as `head` does.
  if (fileErrorCode(error) === 'EPIPE') process.exit(exitCodes.done);
  err(`weft: cannot write the output: ${fileProblem(error)}\n`);
  process.exit(exitCodes.failed);
});
// What cannot be said changes nothing about how it ends.
process.stderr.on('error', () => {});
process.exitCode = await runProgram(process.argv.slice(2), {
  version,
  upFlags,
  up,
  demo,
  context,
  out,
  err,
});

/** Runs the agent until it is told to end. */
async function up(given: GivenFlags): Promise<void> {
  const config = parseConfig(given, process.env);
  if (!config.ok) throw new Failure(config.problem, exitCodes.wrongUsage);
  const stopped = told();
  const manager = new ServiceManager(process.env, systemClock);
  // Whatever hangs, also while the agent is made.
  const deadline = () => setTimeout(() => process.exit(exitCodes.failed), cliDefaults.endWithinMs).unref();
  void stopped.then(deadline);
  let agent: RunningAgent | undefined;
  // By itself the system would end an agent that is told to reread its files before it has read them.
  process.on('SIGHUP', () => void manager.reloading(async () => agent?.reload()));
  // The agent and its packages are loaded only here, so that the other commands start at once.
  const { openAgent } = await import('./running.ts');
  agent = await openAgent(config.value).catch((error: unknown) => {
    throw error instanceof UsageError ? new Failure(error.message, exitCodes.wrongUsage) : error;
  });
  const how = await Promise.race([stopped.then(() => 'stopped' as const), runUntilEnd(agent, manager)]);
  if (how === 'left') deadline();
  await Promise.all([manager.stopping(), agent.stop(how === 'left' ? 'leave' : 'restart')]);
  // All is written and closed; but a timer of libp2p's would keep the process for another second.
  process.exit(exitCodes.done);
}

async function runUntilEnd(agent: RunningAgent, manager: ServiceManager): Promise<Farewell> {
  await agent.start();
  saveMemory();
  void manager.ready(() => agent.agent.control.refresh());
  return agent.ended;
}

/**
 * Left to itself, Node lets garbage grow to three times what lives. Told so before it starts, it would not take what is
 * compiled already of its own modules, and start a sixth slower; so what was compiled is kept first, too.
 */
function saveMemory(): void {
  flushCompileCache();
  setFlagsFromString('--optimize-for-size');
  // What V8's middle compiler works in leaves gaps in the C library's heap: megabytes, once many records came.
  setFlagsFromString('--no-maglev');
  // What ran at the start or in a load and did not since the last collection is compiled again when it is needed.
  setFlagsFromString('--bytecode-old-age=1');
  setFlagsFromString('--flush-baseline-code');
  // For `Tidying`.
  setFlagsFromString('--expose-gc');
}

async function demo({ once }: { once: boolean }): Promise<void> {
  const { runDemo } = await import('./demo.ts');
  const right = await runDemo((line) => out(`${line}\n`), once ? undefined : told());
  if (once && !right) throw new Failure('not every answer was right');
}

/** Resolves when the operator or the init system wants the process to end; the second time it ends at once. */
function told(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}

function context(api: string | undefined): Context {
  let interrupted: AbortSignal | undefined;
  const terminal = process.stdout.isTTY && process.env.TERM !== 'dumb' ? process.stdout : undefined;
  const colours = terminal && !process.env.NO_COLOR;
  return {
    agent: new AgentClient({
      addresses: agentAddresses(api ?? process.env.WEFT_API),
      token: process.env.WEFT_API_TOKEN || undefined,
      ...cliDefaults,
    }),
    out,
    remark: err,
    readInput,
    paint: colours ? ansiColours : noColours,
    terminal,
    now: () => Date.now(),
    // Made when asked for: Ctrl-C ends all other commands as it ends any program.
    get interrupted() {
      interrupted ??= interruption();
      return interrupted;
    },
  };
}

/** Those given, with commas between as `weft up` takes them; else where `weft up` listens by itself. */
function agentAddresses(given: string | undefined): AgentAddress[] {
  const texts = given ? given.split(/[\s,]+/).filter((text) => text !== '') : flagDefaults.api;
  return texts.map((text) => {
    const address = parseApiAddress(text);
    if (!address.ok) throw new Failure(`--api: ${address.problem}`, exitCodes.wrongUsage);
    return address.value;
  });
}

async function readInput(file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  return readFile(file, 'utf8').catch((cause) => {
    throw new Failure(`cannot read ${file}: ${fileProblem(cause)}`);
  });
}

function interruption(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  return controller.signal;
}

function out(text: string): void {
  process.stdout.write(text);
}

function err(text: string): void {
  process.stderr.write(text);
}
