import { hkdfSync, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileProblem } from '../file-problem.ts';
import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';

/** What all hosts of one mesh share: its text, and the key that is made of it. */
export interface Secret {
  readonly text: string;
  /** 32 bytes. */
  readonly key: Uint8Array;
}

/** The secrets of a mesh: one, or two while it is being changed. The first is the one for join tokens. */
export type Secrets = readonly [Secret] | readonly [Secret, Secret];

/** Below this a secret is guessed from one recorded handshake; `openssl rand -hex 16` gives twice as much. */
const minCharacters = 16;

/**
 * Reads a secret of any text, at least 16 characters after its surrounding blanks are cut.
 * Its key is HKDF-SHA256 (RFC 5869) of the UTF-8 text, so that any text will do and no two uses share a key.
 */
export function parseSecret(text: string): Result<Secret> {
  const trimmed = text.trim();
  if (trimmed.length < minCharacters)
    return refused(`the secret has ${trimmed.length} characters; it needs at least ${minCharacters}`);
  const key = new Uint8Array(hkdfSync('sha256', trimmed, '', 'weft mesh secret 1', 32));
  return accepted({ text: trimmed, key });
}

/** Reads the text of a secret file: one secret a line, at most two; empty lines and lines from `#` on are skipped. */
export function parseSecrets(text: string): Result<Secrets> {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [first, second, ...more] = lines;
  if (first === undefined) return refused('there is no secret in it');
  if (more.length > 0) return refused(`it has ${lines.length} secrets; at most two are valid at once`);
  const primary = parseSecret(first);
  if (!primary.ok) return primary;
  if (second === undefined || second === first) return accepted([primary.value]);
  const next = parseSecret(second);
  return next.ok ? accepted([primary.value, next.value]) : next;
}

/** Reads a secret file; the problem says which file and why. */
export async function readSecretFile(path: string): Promise<Result<Secrets>> {
  try {
    const secrets = parseSecrets(await readFile(path, 'utf8'));
    return secrets.ok ? secrets : refused(`secret file ${quote(path)} is of no use: ${secrets.problem}`);
  } catch (error) {
    return refused(`secret file ${quote(path)} cannot be read: ${fileProblem(error)}`);
  }
}

/** A new secret: 256 bits as text. */
export function createSecret(): string {
  return randomBytes(32).toString('base64url');
}
