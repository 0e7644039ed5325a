import { AgentClient } from '../../src/cli/client.ts';
import type { Terminal } from '../../src/cli/context.ts';
import { ansiColours, noColours } from '../../src/cli/paint.ts';
import type { GivenFlags } from '../../src/cli/program.ts';
import { runProgram } from '../../src/cli/run.ts';
import { upFlags } from '../../src/flags.ts';
import type { ApiAgent } from './api-agent.ts';
import { noon } from './control-twin.ts';

/** What a command printed and ended with. */
export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
  /** What `up` was given, where it ran. */
  readonly given?: GivenFlags;
  /** The agent that was named, where one was. */
  readonly api?: string;
}

export interface RunOptions {
  /** As on a terminal with colours. */
  readonly terminal?: Terminal;
  readonly interrupted?: AbortSignal;
  /** What is in the files that commands read. */
  readonly files?: Readonly<Record<string, string>>;
  /** Milliseconds since 1970; an hour after noon unless said. */
  readonly now?: () => number;
  /** Called with all that was printed so far, after each print. */
  readonly onOutput?: (out: string, err: string) => void;
}

const anHourLater = () => noon + 3_600_000;
const patience = { timeoutMs: 5_000, retryWithinMs: 5_000, streamSilenceMs: 5_000 };

/** Runs a command line in this process against an agent, an hour after noon. */
export async function weft(agent: ApiAgent, words: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { terminal, interrupted = new AbortController().signal, files = {}, now = anHourLater, onOutput } = options;
  let printed = '';
  let complained = '';
  let flags: GivenFlags | undefined;
  let named: string | undefined;
  const out = (text: string) => {
    printed += text;
    onOutput?.(printed, complained);
  };
  const err = (text: string) => {
    complained += text;
    onOutput?.(printed, complained);
  };
  const code = await runProgram(words, {
    version: '0.1.0',
    upFlags,
    up: async (given) => {
      flags = given;
    },
    demo: async () => undefined,
    context: (api) => {
      named = api;
      return {
        agent: new AgentClient({ addresses: [{ type: 'unix', path: agent.socketPath }], ...patience }),
        out,
        remark: err,
        readInput: async (file) => files[file] ?? '',
        paint: terminal ? ansiColours : noColours,
        terminal,
        now,
        interrupted,
      };
    },
    out,
    err,
  });
  return {
    code,
    out: printed,
    err: complained,
    ...(flags && { given: flags }),
    ...(named !== undefined && { api: named }),
  };
}
