import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createSecret, parseSecret, parseSecrets, readSecretFile } from '../../src/mesh/secret.ts';
import { decodeToken, encodeToken } from '../../src/mesh/token.ts';

const directory = mkdtempSync(join(tmpdir(), 'weft-secret-'));
afterAll(() => rmSync(directory, { recursive: true }));

const long = 'sixteen letters!';

describe('a secret', () => {
  it('is any text of enough characters', () => {
    expect(parseSecret(long)).toMatchObject({ ok: true, value: { text: long } });
    expect(parseSecret('ßéłø ünïcödé 密码密码')).toMatchObject({ ok: true });
    expect(parseSecret('too short')).toEqual({
      ok: false,
      problem: 'the secret has 9 characters; it needs at least 16',
    });
  });

  it('makes the same key on every host, whatever blanks a file has around it', () => {
    const [one, other] = [parseSecret(long), parseSecret(`  ${long}\r\n`)];
    expect(one.ok && other.ok && Buffer.from(one.value.key).equals(other.value.key)).toBe(true);
  });

  it('is different each time one is made', () => {
    expect(createSecret()).not.toBe(createSecret());
    expect(parseSecret(createSecret()).ok).toBe(true);
  });
});

describe('a secret file', () => {
  it('holds one secret, or two while it is being changed', () => {
    const texts = (text: string) => {
      const secrets = parseSecrets(text);
      return secrets.ok ? secrets.value.map((secret) => secret.text) : secrets.problem;
    };
    expect(texts(`${long}\n`)).toEqual([long]);
    expect(texts(`# of today\n${long} one\n\n# of tomorrow\n${long} two\n`)).toEqual([`${long} one`, `${long} two`]);
    expect(texts(`${long}\n${long}\n`)).toEqual([long]);
    expect(texts('# nothing yet\n')).toBe('there is no secret in it');
    expect(texts(`${long}1\n${long}2\n${long}3\n`)).toBe('it has 3 secrets; at most two are valid at once');
  });

  it('is named when it cannot be read or is of no use', async () => {
    const missing = join(directory, 'missing');
    expect(await readSecretFile(missing)).toEqual({
      ok: false,
      problem: expect.stringContaining(`secret file "${missing}" cannot be read`),
    });
    const short = join(directory, 'short');
    writeFileSync(short, 'short');
    expect(await readSecretFile(short)).toMatchObject({ problem: expect.stringContaining('is of no use') });
    writeFileSync(short, long);
    chmodSync(short, 0o600);
    expect(await readSecretFile(short)).toMatchObject({ ok: true });
  });
});

describe('a join token', () => {
  const secret = parseSecret(long);
  if (!secret.ok) throw new Error(secret.problem);
  const addresses = ['192.0.2.1:6783', '[2001:db8::1]:6783'];
  const token = encodeToken(secret.value, addresses);

  it('brings the secret and the addresses, as one word', () => {
    expect(token).toMatch(/^weft1\.[\w-]+$/);
    expect(decodeToken(`${token}\n`)).toEqual({ ok: true, value: { secret: secret.value, addresses } });
  });

  it('brings a secret alone from a host that nobody can dial', () => {
    expect(decodeToken(encodeToken(secret.value, []))).toMatchObject({ ok: true, value: { addresses: [] } });
  });

  it.each([
    ['nothing', ''],
    ['something else', 'SWMTKN-1-abc'],
    ['a token cut short', token.slice(0, -3)],
    ['a token with a letter wrong', token.replace(/.$/, token.endsWith('A') ? 'B' : 'A').replace('weft1.', 'weft1.x')],
    ['a token of a later version', token.replace('weft1.', 'weft2.')],
  ])('is refused when it is %s, and the problem does not repeat it', (_what, text) => {
    const decoded = decodeToken(text);
    expect(decoded).toMatchObject({ ok: false, problem: expect.stringContaining('join token') });
    if (!decoded.ok && text !== '') expect(decoded.problem).not.toContain(text);
  });
});
