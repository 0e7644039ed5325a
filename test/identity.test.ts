import { describe, expect, it } from 'vitest';
import { createIdentity, identityFromSeed, loadIdentity } from '../src/identity.ts';
import { silentLog } from '../src/log.ts';
import { parseHostId } from '../src/record.ts';
import { MemoryStorage } from './support/mesh-lab.ts';

const text = Buffer.from('a record');

describe('the identity of a host', () => {
  it('is made at the first start and is the same ever after', async () => {
    const storage = new MemoryStorage();
    const first = await loadIdentity(storage, silentLog);
    const second = await loadIdentity(storage, silentLog);
    expect(parseHostId(first.hostId)).toMatchObject({ ok: true });
    expect(second.hostId).toBe(first.hostId);
    expect(second.verify(first.hostId, text, first.sign(text))).toBe(true);
  });

  it('is made anew where what is kept is no key, and that is kept aside', async () => {
    const storage = new MemoryStorage();
    const short = Buffer.from('short');
    storage.files.set('identity.key', short);
    const identity = await loadIdentity(storage, silentLog);
    expect(storage.files.get('identity.key, which has 5 bytes, and a key has 32')).toEqual(short);
    expect((await loadIdentity(storage, silentLog)).hostId).toBe(identity.hostId);
  });

  it('is the one of RFC 8032, section 7.1, for the seed of its first test', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const signature = Buffer.from(identityFromSeed(seed).sign(Buffer.alloc(0))).toString('hex');
    expect(signature).toBe(
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
    );
  });

  it.each(['verify', 'verifyAhead'] as const)(
    '%s accepts what another signed with its own key, and nothing else',
    async (verify) => {
      const [one, other] = [createIdentity(), createIdentity()];
      const signature = one.sign(text);
      expect(await other[verify](one.hostId, text, signature)).toBe(true);
      expect(await other[verify](other.hostId, text, signature)).toBe(false);
      expect(await other[verify](one.hostId, Buffer.from('another record'), signature)).toBe(false);
      expect(await other[verify](one.hostId, text, signature.subarray(1))).toBe(false);
      expect(await other[verify](one.hostId, text, new Uint8Array())).toBe(false);
    },
  );

  it.each(['verify', 'verifyAhead'] as const)(
    '%s calls what is signed by no possible host forged, and does not throw',
    async (verify) => {
      const identity = createIdentity();
      // 52 characters of the right alphabet that decode to no key.
      const impossible = parseHostId(`12D3KooW${'z'.repeat(44)}`);
      if (!impossible.ok) throw new Error(impossible.problem);
      expect(await identity[verify](impossible.value, text, identity.sign(text))).toBe(false);
    },
  );
});
