import { GateError, type GateReason } from './gate.ts';

/** Why an address was not linked: `refused` when somebody there answered and will not have us. */
export interface DialProblem {
  readonly type: 'failed' | 'refused';
  readonly problem: string;
}

/** A host answered where another was expected; both may be of this mesh. */
export class OtherHostError extends Error {
  constructor(address: string) {
    super(`another host answers at ${address}`);
  }
}

/** This host does not link with whoever answers. */
export class PartedError extends Error {
  constructor(address: string) {
    super(`this host parted with whoever answers at ${address}, for what it sent`);
  }
}

/** The other side ended a link before anything went over it. */
export function hungUp(address: string): DialProblem {
  return { type: 'failed', problem: `${address} hung up in the handshake; it may have parted with us` };
}

/** What is wrong at `address`, as one clause that says what to look at. */
export function describeDialError(error: unknown, address: string): DialProblem {
  if (error instanceof AggregateError && error.errors.length > 0) return describeDialError(error.errors[0], address);
  if (error instanceof GateError) return gateProblems[error.reason](address);
  if (error instanceof OtherHostError || error instanceof PartedError)
    return { type: 'failed', problem: error.message };
  const text = error instanceof Error ? `${error.name} ${error.message}` : String(error);
  const found = patterns.find(([pattern]) => pattern.test(text));
  return { type: 'failed', problem: found?.[1](address) ?? `${address} cannot be linked: ${text.slice(0, 200)}` };
}

/** Whether libp2p found that the host that answered is this one. */
export function isSelfDial(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isSelfDial);
  return error instanceof Error && /dial self/.test(error.message);
}

const gateProblems: Readonly<Record<GateReason, (address: string) => DialProblem>> = {
  'secrets differ': (address) => ({ type: 'refused', problem: `refused by ${address}: the secrets differ` }),
  'not weft': (address) => ({ type: 'failed', problem: `${address} hung up; is it the mesh port of a Weft agent?` }),
  silent: (address) => ({ type: 'failed', problem: `${address} answers, but does not speak Weft's mesh protocol` }),
  'crowded out': (address) => ({ type: 'failed', problem: `${address} has too many connections` }),
};

/** What Node and libp2p say, and what it means. */
const patterns: readonly (readonly [RegExp, (address: string) => string])[] = [
  [/dial self/, (address) => `${address} leads to this host itself`],
  [/ECONNREFUSED/, (address) => `nothing listens at ${address}`],
  [/EHOSTUNREACH|ENETUNREACH/, (address) => `there is no route to ${address}`],
  [/ENOTFOUND|EAI_AGAIN/, (address) => `the host name of ${address} cannot be resolved`],
  [/Connection timeout|ETIMEDOUT|TimeoutError|AbortError|aborted/, (address) => `${address} does not answer`],
  [/ECONNRESET|EPIPE|EOF|reset|clos/i, (address) => hungUp(address).problem],
];
