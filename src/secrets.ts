import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { fileProblem } from './file-problem.ts';
import type { Config } from './flags.ts';
import { createSecret, parseSecret, parseSecrets, readSecretFile, type Secrets } from './mesh/secret.ts';
import { decodeToken, encodeToken } from './mesh/token.ts';
import { quote } from './record.ts';
import { accepted, type Result, refused } from './result.ts';
import type { Store } from './store.ts';

/** The secret of the mesh, where one is known, and addresses of it that came with a join token. */
export interface MeshSecrets {
  readonly secrets: Secrets | undefined;
  readonly peers: readonly string[];
}

/** Where the secret that was made or joined with is kept, so that a restart needs no flag. */
const file = 'secret';

/** The secret that was given: of a join token, of `--secret-file`, or of `WEFT_SECRET`; undefined where none was. */
export async function givenSecrets({
  join,
  secretFile,
  secret,
}: Pick<Config, 'join' | 'secretFile' | 'secret'>): Promise<Result<MeshSecrets | undefined>> {
  if (join !== undefined) return joinWith(join);
  if (secretFile !== undefined) return withoutPeers(await readSecretFile(secretFile));
  if (secret !== undefined) return withoutPeers(named('WEFT_SECRET', parseSecrets(secret)));
  return accepted(undefined);
}

/**
 * Finds the secret: the one that was given, that of the last start; and else makes one, unless peers are named: theirs
 * exists already and cannot be guessed.
 */
export async function findSecrets(
  config: Pick<Config, 'join' | 'peers'>,
  given: MeshSecrets | undefined,
  store: Pick<Store, 'read' | 'write'>,
): Promise<Result<MeshSecrets>> {
  const [joined] = given?.secrets ?? [];
  if (config.join !== undefined && joined !== undefined) await store.write(file, Buffer.from(joined.text));
  if (given !== undefined) return accepted(given);
  const kept = await store.read(file);
  if (kept !== undefined)
    return withoutPeers(named('the kept secret', parseSecrets(Buffer.from(kept).toString('utf8'))));
  if (config.peers.length > 0) return accepted({ secrets: undefined, peers: [] });
  const text = createSecret();
  await store.write(file, Buffer.from(text));
  return withoutPeers(parseSecrets(text));
}

/** What another host joins with: the secret, and where this host can be dialled. */
export function tokenOf(secrets: Secrets | undefined, addresses: readonly string[]): Result<string> {
  const [secret] = secrets ?? [];
  if (secret === undefined) return refused('this agent has no secret: give one with --secret-file or WEFT_SECRET');
  if (addresses.length === 0)
    return refused('this agent has no address that others can dial: give one with --advertise');
  return accepted(encodeToken(secret, addresses));
}

/** The bearer token in a file; throws one clear error where there is none. */
export async function readApiToken(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  const token = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`--api-token-file: ${quote(file)} cannot be read: ${fileProblem(cause)}`, { cause });
  });
  if (token.trim() === '') throw new Error(`--api-token-file: ${quote(file)} is empty; write a token into it`);
  if (!bearerToken.test(token.trim()))
    throw new Error(`--api-token-file: ${quote(file)} must hold one word of letters, digits and -._~+/`);
  return token.trim();
}

/** RFC 6750 section 2.1: what fits into the header that carries it. */
const bearerToken = /^[A-Za-z0-9._~+/-]+=*$/;

/** What the files with secrets say now, and why one of them is of no use. */
export interface Reread {
  readonly secrets: Secrets | undefined;
  readonly apiToken: string | undefined;
  readonly problems: readonly string[];
}

/** Reads the files with secrets again, of those that were named; never throws. */
export async function rereadSecrets(config: Pick<Config, 'secretFile' | 'apiTokenFile' | 'join'>): Promise<Reread> {
  const problems: string[] = [];
  const complain = (problem: string) => {
    problems.push(problem);
    return undefined;
  };
  // A token to join with is stronger than the file, and does not change.
  const file = config.join === undefined ? config.secretFile : undefined;
  const found = file === undefined ? undefined : await readSecretFile(file);
  const apiToken = await readApiToken(config.apiTokenFile).catch((error: Error) => complain(error.message));
  return { secrets: found?.ok ? found.value : found && complain(found.problem), apiToken, problems };
}

function joinWith(text: string): Result<MeshSecrets> {
  const token = decodeToken(text);
  if (!token.ok) return refused(`--join: ${token.problem}`);
  const secret = parseSecret(token.value.secret.text);
  if (!secret.ok) return refused(`--join: ${secret.problem}`);
  return accepted({ secrets: [secret.value], peers: token.value.addresses });
}

function withoutPeers(secrets: Result<Secrets>): Result<MeshSecrets> {
  return secrets.ok ? accepted({ secrets: secrets.value, peers: [] }) : secrets;
}

function named<T>(source: string, result: Result<T>): Result<T> {
  return result.ok ? result : refused(`${source}: ${result.problem}`);
}
