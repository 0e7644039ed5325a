import { createHash } from 'node:crypto';
import type { Signer } from '../../src/crdt/signer.ts';
import { identityFromSeed } from '../../src/identity.ts';

const verdicts = new Map<string, boolean>();
/** More than the envelopes of any one test that are still under way. */
const maxVerdicts = 200_000;

/**
 * A signer with a real key, the same for the same number. Verdicts are shared by all signers of the process, so that a
 * simulation of many hosts checks each signature once.
 */
export function testSigner(number: number): Signer {
  const seed = createHash('sha256').update(`host ${number}`).digest();
  const identity = identityFromSeed(seed);
  const verify: Signer['verify'] = (owner, bytes, signature) => {
    const key = createHash('sha256').update(owner).update(bytes).update(signature).digest('base64');
    const known = verdicts.get(key);
    if (known !== undefined) return known;
    if (verdicts.size >= maxVerdicts) verdicts.clear();
    const verdict = identity.verify(owner, bytes, signature);
    verdicts.set(key, verdict);
    return verdict;
  };
  return {
    hostId: identity.hostId,
    sign: (bytes) => identity.sign(bytes),
    verify,
    // In no time by the clock of a test, which does not wait for other threads.
    verifyAhead: async (...signed) => verify(...signed),
  };
}
