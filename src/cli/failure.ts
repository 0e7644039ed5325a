/** How a command ended, for the shell; the contract's numbers. */
export const exitCodes = { done: 0, failed: 1, wrongUsage: 2, noAgent: 3 } as const;

/** Ends a command: one sentence for the operator, and the code for the shell. */
export class Failure extends Error {
  readonly exitCode: number;

  constructor(sentence: string, exitCode: number = exitCodes.failed) {
    super(sentence);
    this.name = 'Failure';
    this.exitCode = exitCode;
  }
}

/** What an agent says is wrong with a request; asking the same agent something else may well succeed. */
export class Refusal extends Failure {}
