import type { HostId } from '../record.ts';
import {
  type Decoder,
  decode,
  type Encoder,
  encode,
  malformed,
  readHostId,
  readList,
  readNumber,
  readView,
  writeList,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from './codec.ts';
import { decodeEnvelope, type Envelope } from './envelope.ts';
import type { Forgotten, Hosts } from './hosts.ts';
import { type PackedEnvelope, readEnvelope } from './packed-envelope.ts';
import { readSeen, writeSeen } from './request.ts';
import type { StaticBook } from './static-book.ts';
import { decodeEdit, readDot, writeDot } from './static-edit.ts';
import type { StaticsSummary } from './statics.ts';
import type { Storage } from './storage.ts';

/** The files of this room in the data directory. */
const epochFile = 'epoch';
const directoryFile = 'directory';
const staticsFile = 'statics';

/** The first number of a file; files of a later version are left alone and read as nothing. */
const fileVersion = 1;
/** The directory's, since its envelopes are packed; a directory of version 1 holds them as they came. */
const packedVersion = 2;
/** Longest envelope that a packed one may unpack to: no host may keep a longer one. */
const maxEnvelopeBytes = 64 * 1024 * 1024;

/** What this room keeps over restarts: its epoch, all hosts' logs, and the static records. Saving never fails loudly. */
export class Disk {
  readonly #storage: Storage;
  readonly #hosts: Hosts;
  readonly #book: StaticBook;
  #savedRevision = 0;
  #savedStatics: Uint8Array | undefined;
  /** A write of the static records that has not begun. */
  #staticsToCome: Promise<void> | undefined;
  #writes: Promise<void> = Promise.resolve();

  constructor(storage: Storage, hosts: Hosts, book: StaticBook) {
    this.#storage = storage;
    this.#hosts = hosts;
    this.#book = book;
  }

  /** The last epoch that was begun; 0 where the disk tells of none. */
  async lastEpoch(): Promise<number> {
    return decodeFile(await this.#storage.read(epochFile), fileVersion, readNumber) ?? 0;
  }

  /** Fills hosts and static records with what was saved; everyone is `stale` until heard. */
  async load(): Promise<() => void> {
    const [directory, statics] = await Promise.all([
      this.#storage.read(directoryFile),
      this.#storage.read(staticsFile),
    ]);
    return () => {
      loadDirectory(directory, this.#hosts);
      loadStatics(statics, this.#book);
    };
  }

  saveEpoch(epoch: number): Promise<void> {
    return this.#save(epochFile, () => encodeFile(fileVersion, (to) => writeVarUint(to, epoch)));
  }

  /** Saves all hosts' logs if they changed since. */
  saveDirectory(): Promise<void> {
    const { revision } = this.#hosts;
    if (revision === this.#savedRevision) return this.#writes;
    this.#savedRevision = revision;
    return this.#save(directoryFile, () => encodeDirectory(this.#hosts));
  }

  /** Saves the static records if they changed since; calls before the write begins are one write. */
  saveStatics(): Promise<void> {
    const hash = this.#book.set.hash();
    if (hash === this.#savedStatics) return this.#writes;
    this.#savedStatics = hash;
    this.#staticsToCome ??= this.#save(staticsFile, () => {
      this.#staticsToCome = undefined;
      return encodeStatics(this.#book);
    });
    return this.#staticsToCome;
  }

  /** One write after the other, of what is true when its turn comes. */
  #save(file: string, encodeNow: () => Uint8Array): Promise<void> {
    this.#writes = this.#writes.then(() => this.#storage.write(file, encodeNow())).catch(() => {});
    return this.#writes;
  }
}

/** All hosts' logs, packed, with how long each was silent. */
function encodeDirectory(hosts: Hosts): Uint8Array {
  return encodeFile(packedVersion, (to) => {
    writeList(to, [...hosts.ids()], (_, host) => writeHost(to, host, hosts));
    writeList(to, hosts.forgottenHosts(), (_, { host, epoch, beat }) => {
      writeVarString(to, host);
      writeVarUint(to, epoch);
      writeVarUint(to, beat);
    });
  });
}

/** Fills `hosts` with what the file tells: everyone is `stale` until heard. */
function loadDirectory(bytes: Uint8Array | undefined, hosts: Hosts): void {
  const read = (readLog: (from: Decoder) => Envelope[]) => (from: Decoder) => ({
    hosts: readList(from, () => readHost(from, readLog)),
    forgotten: readList(from, readForgotten),
  });
  const file =
    decodeFile(bytes, packedVersion, read(readPacked)) ?? decodeFile(bytes, fileVersion, read(readEnvelopes));
  for (const saved of file?.hosts ?? []) {
    if (saved.host !== hosts.self) hosts.liveness.add(saved.host, 'stale', saved.silenceMs, saved);
    for (const envelope of saved.log) hosts.take(envelope);
    hosts.showStatus(saved.host);
  }
  for (const grave of file?.forgotten ?? []) hosts.bury(grave);
}

function encodeStatics({ set }: StaticBook): Uint8Array {
  const { seen, alive } = set.summary();
  return encodeFile(fileVersion, (to) => {
    writeSeen(to, seen);
    writeList(to, alive, writeDot);
    writeEnvelopes(
      to,
      Array.from(set.edits(), ({ envelope }) => envelope),
    );
  });
}

function loadStatics(bytes: Uint8Array | undefined, book: StaticBook): void {
  const file = decodeFile(bytes, fileVersion, (from) => {
    const summary: StaticsSummary = { seen: readSeen(from), alive: readList(from, readDot) };
    return { summary, edits: readEnvelopes(from).map(decodeEdit) };
  });
  if (file !== undefined)
    book.merge(
      file.edits.flatMap((edit) => (edit.ok ? [edit.value] : [])),
      file.summary,
    );
}

function writeHost(to: Encoder, host: HostId, hosts: Hosts): void {
  const { beatEpoch, beat } = hosts.clock(host);
  writeVarString(to, host);
  writeVarUint(to, Math.round(hosts.liveness.absenceMs(host)));
  writeVarUint(to, beatEpoch);
  writeVarUint(to, beat);
  writeList(to, hosts.log(host)?.kept() ?? [], writePacked);
}

function readHost(from: Decoder, readLog: (from: Decoder) => Envelope[]) {
  return {
    host: readHostId(from),
    silenceMs: readNumber(from),
    epoch: readNumber(from),
    beat: readNumber(from),
    log: readLog(from),
  };
}

function readForgotten(from: Decoder): Forgotten {
  return { host: readHostId(from), epoch: readNumber(from), beat: readNumber(from) };
}

function writeEnvelopes(to: Encoder, envelopes: readonly Envelope[]): void {
  writeList(to, envelopes, (_, { bytes }) => writeVarUint8Array(to, bytes));
}

/** The signatures were checked before they were saved, and the storage checks that the file is as it was. */
function readEnvelopes(from: Decoder): Envelope[] {
  return readList(from, readView).map((bytes) => {
    const envelope = decodeEnvelope(bytes);
    return envelope.ok ? envelope.value : malformed(envelope.problem);
  });
}

function writePacked(to: Encoder, { packed, held }: PackedEnvelope): void {
  writeVarUint(to, packed ? 1 : 0);
  writeVarUint8Array(to, held);
}

function readPacked(from: Decoder): Envelope[] {
  return readList(from, () => {
    const kept = { packed: readNumber(from) === 1, held: readView(from) };
    const envelope = readEnvelope(kept, maxEnvelopeBytes);
    return envelope.ok ? envelope.value : malformed(envelope.problem);
  });
}

function encodeFile(version: number, write: (to: Encoder) => void): Uint8Array {
  return encode((to) => {
    writeVarUint(to, version);
    write(to);
  });
}

function decodeFile<T>(bytes: Uint8Array | undefined, version: number, read: (from: Decoder) => T): T | undefined {
  if (bytes === undefined) return undefined;
  const file = decode(bytes, (from) => (readNumber(from) === version ? read(from) : undefined));
  return file.ok ? file.value : undefined;
}
