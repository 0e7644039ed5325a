import { exitCodes, Failure } from './failure.ts';

/** Why no agent answered at one address. */
export interface Trouble {
  readonly sentence: string;
  /** A socket is there, and this user may not open it. */
  readonly isForbidden: boolean;
}

/** What became of an address that nothing could be sent to. */
export function troubleOf(address: string, error: Error): Trouble {
  const code = 'code' in error ? error.code : undefined;
  return { sentence: `${address}: ${plainReason(code, error)}`, isForbidden: code === 'EACCES' };
}

/** No agent answers at any address. Where one is forbidden to ask, it is no help to start another. */
export function noAgent(troubles: readonly Trouble[]): Failure {
  const reasons = troubles.map(({ sentence }) => sentence).join('; ');
  const remedy = troubles.some(({ isForbidden }) => isForbidden)
    ? ''
    : '; start one with "weft up", or say where it is with --api';
  return new Failure(`no agent answers: ${reasons}${remedy}`, exitCodes.noAgent);
}

function plainReason(code: unknown, { message }: Error): string {
  switch (code) {
    case 'ENOENT':
      return 'no such socket';
    case 'ECONNREFUSED':
      return 'nobody listens there';
    case 'EACCES':
      return 'permission denied (be root, or in the group of the socket)';
    default:
      return message;
  }
}
