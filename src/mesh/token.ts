import { createHash } from 'node:crypto';
import { quote } from '../record.ts';
import { accepted, type Result, refused } from '../result.ts';
import { parseSecret, type Secret } from './secret.ts';

/** What a new host needs to join: the secret of the mesh and where some of it can be dialled. */
export interface JoinToken {
  readonly secret: Secret;
  /** `HOST:PORT` or `[IP]:PORT`. */
  readonly addresses: readonly string[];
}

/** The version stands before the text, so that a later kind of token is told from a damaged one of this kind. */
const prefix = 'weft1.';
/** Enough that a mistyped or cut token is told with certainty (1 in 4 billion); it guards against no enemy. */
const checksumBytes = 4;
/** More addresses than this make a token that no terminal line holds; any one of them is enough. */
const maxAddresses = 8;

/** `weft1.` and, in base64url, a checksum, the secret and the addresses, one a line. */
export function encodeToken(secret: Secret, addresses: readonly string[]): string {
  const content = Buffer.from([secret.text, ...addresses.slice(0, maxAddresses)].join('\n'));
  return prefix + Buffer.concat([checksumOf(content), content]).toString('base64url');
}

/** Reads a token; the problem never repeats it, because it holds the secret. */
export function decodeToken(text: string): Result<JoinToken> {
  const token = text.trim();
  const version = /^weft(\d+)\./.exec(token)?.[1];
  if (version === undefined)
    return refused('the join token must start with "weft1."; copy all that `weft token` prints');
  if (!token.startsWith(prefix))
    return refused(`the join token has version ${quote(version)}, which this version of Weft does not know`);
  const bytes = Buffer.from(token.slice(prefix.length), 'base64url');
  const content = bytes.subarray(checksumBytes);
  if (!bytes.subarray(0, checksumBytes).equals(checksumOf(content)))
    return refused('the join token is damaged or cut short; copy all that `weft token` prints');
  const [secretText = '', ...addresses] = content.toString('utf8').split('\n');
  const secret = parseSecret(secretText);
  return secret.ok ? accepted({ secret: secret.value, addresses }) : secret;
}

function checksumOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, checksumBytes);
}
