import { CommanderError } from 'commander';
import { exitCodes, Failure } from './failure.ts';
import { buildProgram, type ProgramParts } from './program.ts';
import { weaveHint } from './weave-hints.ts';

/** Runs one command line; prints why where it does not succeed, and returns the exit code of the contract. */
export async function runProgram(words: readonly string[], parts: ProgramParts): Promise<number> {
  const hint = weaveHint(words[0]);
  if (hint !== undefined) {
    parts.err(`weft: what weave called "${words[0]}" is ${hint}\n`);
    return exitCodes.wrongUsage;
  }
  try {
    await buildProgram(parts).parseAsync(words, { from: 'user' });
    return exitCodes.done;
  } catch (error) {
    // Commander has printed its own message; help that was asked for is no mistake.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.wrongUsage;
    const message = error instanceof Error ? error.message : String(error);
    for (const line of message.split('\n')) parts.err(`weft: ${line}\n`);
    return error instanceof Failure ? error.exitCode : exitCodes.failed;
  }
}
