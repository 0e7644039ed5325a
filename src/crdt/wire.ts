/**
 * Append only: these numbers and keys are on other hosts' disks and in their memory. Never change or reuse one; add at
 * the end. What each is for stands in PROTOCOL.md.
 */

/** The first byte of every envelope. No other text that the host's key signs (Noise, libp2p records) starts with it. */
export const envelopeVersion = 1;

/** What an envelope holds. The first three are the owner's log and are kept and relayed; the others pass by. */
export const kindNumbers = {
  snapshot: 1,
  update: 2,
  farewell: 3,
  heartbeat: 4,
  doubt: 5,
  forget: 6,
  edit: 7,
} as const;

/** What one host asks of a neighbour. */
export const requestNumbers = { compare: 1, pull: 2, ask: 3 } as const;

/** What answers are made of. */
export const itemNumbers = { verdict: 1, envelope: 2, heard: 3, forgotten: 4, alive: 5, packed: 6 } as const;

/** Bits of what an asker can read in an answer beyond the first items. */
export const takesPackedFlag = 1;

/** Bits of a sign of life. */
export const restartingFlag = 1;

/** The name of the array in a host's document, and the keys of its entries. */
export const recordsArray = 'records';
export const hostKey = 'host';
export const containerPrefix = 'container/';

/** The Yjs client id of an epoch's only writer. */
export const writerClient = 1;
