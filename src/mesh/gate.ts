import type { AbortOptions, ConnectionProtector, MessageStream } from '@libp2p/interface';
import { preSharedKey } from '@libp2p/pnet';
import type { Clock } from '../clock.ts';
import { oldestOfMost } from './crowd.ts';
import {
  accept,
  createHello,
  createProof,
  createProofs,
  decline,
  helloBytes,
  isHello,
  proofBytes,
  proofsBytes,
  provenSecret,
} from './proof.ts';
import type { Secret } from './secret.ts';
import { StreamReader, sendAll } from './stream-reader.ts';

/** Why a connection did not get through the gate. */
export type GateReason = 'secrets differ' | 'not weft' | 'silent' | 'crowded out';

/** What a connection is closed with at the gate. */
export class GateError extends Error {
  readonly reason: GateReason;

  constructor(reason: GateReason) {
    super(`turned away at the gate: ${reason}`);
    this.reason = reason;
  }
}

export interface GateOptions {
  /** How long the handshake may take, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** Connections that have not proven themselves: in all, and from one address. */
  readonly maxStrangers: number;
  readonly maxStrangersPerAddress: number;
}

export interface GateParts {
  readonly secrets: readonly Secret[];
  readonly clock: Clock;
  readonly options: GateOptions;
  /** Called for every inbound connection that is turned away. */
  readonly onRefused: (reason: GateReason, address: string) => void;
}

interface Stranger {
  readonly stream: MessageStream;
  readonly address: string;
}

/**
 * Lets a connection through when both ends share a secret, and then hides all of it under that secret
 * (`@libp2p/pnet`), Noise's handshake included. Whoever does not prove itself holds one of a bounded number of places
 * for a bounded time; when they are all taken, the oldest of the address that holds most of them goes.
 */
export class Gate {
  readonly #parts: GateParts;
  /** In order of arrival. */
  readonly #strangers = new Set<Stranger>();
  /** What is open under each secret. */
  readonly #sealed = new Map<string, Set<MessageStream>>();
  #secrets: readonly Secret[];
  #boxes: ReadonlyMap<string, ConnectionProtector>;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#secrets = parts.secrets;
    this.#boxes = boxesOf(parts.secrets);
  }

  /** Lets in by these from now on, and parts with whoever came in by a secret that is none of them. */
  setSecrets(secrets: readonly Secret[]): void {
    this.#secrets = secrets;
    this.#boxes = boxesOf(secrets);
    for (const [text, streams] of this.#sealed)
      if (!this.#boxes.has(text)) for (const stream of streams) stream.abort(new GateError('secrets differ'));
  }

  /** What libp2p calls for every connection, inbound and outbound, before anything else. */
  protector(): ConnectionProtector {
    return {
      protect: async (stream, options) => {
        const secret = await this.#agree(stream, options);
        const box = this.#boxes.get(secret.text);
        // It was taken back meanwhile.
        if (box === undefined) throw new GateError('secrets differ');
        this.#seal(stream, secret);
        return await box.protect(stream, options);
      },
    };
  }

  #seal(stream: MessageStream, { text }: Secret): void {
    const streams = this.#sealed.get(text) ?? new Set();
    this.#sealed.set(text, streams.add(stream));
    stream.addEventListener('close', () => {
      streams.delete(stream);
      if (streams.size === 0) this.#sealed.delete(text);
    });
  }

  /** The secret both ends have; throws a `GateError` where they share none. */
  async #agree(stream: MessageStream, options?: AbortOptions): Promise<Secret> {
    const inbound = stream.direction === 'inbound';
    const stranger: Stranger = { stream, address: addressOf(stream) };
    if (inbound) this.#admit(stranger);
    const giveUp = () => stream.abort(new GateError('silent'));
    const cancel = this.#parts.clock.after(this.#parts.options.handshakeTimeoutMs, giveUp);
    options?.signal?.addEventListener('abort', giveUp);
    const reader = new StreamReader(stream);
    try {
      return await (inbound ? this.#listen(stream, reader) : this.#dial(stream, reader));
    } catch (error) {
      const refusal = error instanceof GateError ? error : new GateError('not weft');
      if (inbound) this.#parts.onRefused(refusal.reason, stranger.address);
      throw refusal;
    } finally {
      cancel();
      options?.signal?.removeEventListener('abort', giveUp);
      this.#strangers.delete(stranger);
      reader.release();
    }
  }

  async #listen(stream: MessageStream, reader: StreamReader): Promise<Secret> {
    const theirs = await readHello(reader);
    const mine = createHello();
    await sendAll(stream, mine);
    const proofs = await reader.read(proofsBytes);
    if (proofs === undefined) throw new GateError('not weft');
    const secret = provenSecret(this.#secrets, 'dialler', proofs, theirs, mine);
    if (secret === undefined) {
      await sendAll(stream, Uint8Array.of(decline));
      // Closed rather than aborted: a reset would overtake the one byte that says why.
      await stream.close().catch(() => {});
      throw new GateError('secrets differ');
    }
    await sendAll(stream, Buffer.concat([Uint8Array.of(accept), createProof(secret, 'listener', theirs, mine)]));
    return secret;
  }

  async #dial(stream: MessageStream, reader: StreamReader): Promise<Secret> {
    const mine = createHello();
    await sendAll(stream, mine);
    const theirs = await readHello(reader);
    await sendAll(stream, createProofs(this.#secrets, mine, theirs));
    const answer = await reader.read(1);
    if (answer?.[0] === decline) throw new GateError('secrets differ');
    const proof = answer?.[0] === accept ? await reader.read(proofBytes) : undefined;
    if (proof === undefined) throw new GateError('not weft');
    const secret = provenSecret(this.#secrets, 'listener', proof, mine, theirs);
    if (secret === undefined) throw new GateError('secrets differ');
    return secret;
  }

  #admit(stranger: Stranger): void {
    const { maxStrangers, maxStrangersPerAddress } = this.#parts.options;
    this.#strangers.add(stranger);
    const fromThere = [...this.#strangers].filter(({ address }) => address === stranger.address);
    if (fromThere.length > maxStrangersPerAddress) this.#crowdOut(fromThere[0]);
    else if (this.#strangers.size > maxStrangers) this.#crowdOut(oldestOfMost(this.#strangers));
  }

  #crowdOut(stranger: Stranger | undefined): void {
    if (stranger === undefined) return;
    this.#strangers.delete(stranger);
    stranger.stream.abort(new GateError('crowded out'));
  }
}

async function readHello(reader: StreamReader): Promise<Uint8Array> {
  const hello = await reader.read(helloBytes);
  if (hello === undefined || !isHello(hello)) throw new GateError('not weft');
  return hello;
}

/** What hides a connection under each secret, by the secret's text. */
function boxesOf(secrets: readonly Secret[]): ReadonlyMap<string, ConnectionProtector> {
  return new Map(secrets.map((secret) => [secret.text, preSharedKey({ psk: swarmKey(secret) })()]));
}

/** The file format of libp2p's swarm keys, which `@libp2p/pnet` reads. */
function swarmKey(secret: Secret): Uint8Array {
  return Buffer.from(`/key/swarm/psk/1.0.0/\n/base16/\n${Buffer.from(secret.key).toString('hex')}`, 'latin1');
}

/** Where a connection comes from, without its port. */
function addressOf(stream: MessageStream): string {
  if (!('remoteAddr' in stream)) return 'unknown';
  return String(stream.remoteAddr).split('/')[2] ?? 'unknown';
}
