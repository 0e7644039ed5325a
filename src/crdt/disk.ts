import type { HostId } from '../record.ts';
import {
  type Decoder,
  decode,
  type Encoder,
  encode,
  hasContent,
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
import type { Forgotten } from './graves.ts';
import type { Hosts } from './hosts.ts';
import { type PackedEnvelope, readEnvelope } from './packed-envelope.ts';
import { readSeen, writeSeen } from './request.ts';
import type { StaticBook } from './static-book.ts';
import { decodeEdit, type Edit, readDot, writeDot } from './static-edit.ts';
import type { StaticsSummary } from './static-summary.ts';
import type { Storage } from './storage.ts';

/** A file of this room in the data directory: its first number is its version, and what follows is that version's. */
interface Format<T> {
  readonly file: string;
  /** How each version is read, from the first to the one that is written. Append only. */
  readonly versions: readonly ((from: Decoder) => T)[];
  /** What all later versions begin with. */
  readonly later?: (from: Decoder) => T;
}

/** Whatever version wrote it, the next epoch must be above: a later one tells the last epoch first, too. */
const epochFormat: Format<number> = { file: 'epoch', versions: [readNumber], later: readNumber };
/** In version 1 envelopes are as they came; since then they are packed. */
const directoryFormat: Format<SavedDirectory> = {
  file: 'directory',
  versions: [(from) => readDirectory(from, readEnvelopes), (from) => readDirectory(from, readPacked)],
};
const staticsFormat: Format<SavedStatics> = { file: 'statics', versions: [readStatics] };
/** Longest envelope that a packed one may unpack to: no host may keep a longer one. */
const maxEnvelopeBytes = 64 * 1024 * 1024;
/** Octets of directory for each `saveAfterMs`: with its default no disk takes more than 9 GB a day, however much changes. */
const bytesPerSave = 100 * 1024;

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
    return (await this.#read(epochFormat)) ?? 0;
  }

  /** Fills hosts and static records with what was saved; everyone is `stale` until heard. */
  async load(): Promise<() => void> {
    let [directory, statics] = await Promise.all([this.#read(directoryFormat), this.#read(staticsFormat)]);
    return () => {
      if (directory !== undefined) fillHosts(this.#hosts, directory);
      if (statics !== undefined) this.#book.merge(statics.edits, statics.summary);
      // Every closure made beside a call of this function holds on to it, and so to all logs unpacked.
      directory = undefined;
      statics = undefined;
    };
  }

  saveEpoch(epoch: number): Promise<void> {
    return this.#save(epochFormat, (to) => writeVarUint(to, epoch));
  }

  /**
   * Milliseconds from one saving of all hosts' logs to the next: a large directory is saved less often, so that the disk
   * writes no more than the mesh brings in.
   */
  pauseMs(saveAfterMs: number): number {
    return saveAfterMs * Math.max(1, this.#hosts.storedBytes / bytesPerSave);
  }

  /** Saves all hosts' logs if they changed since; `last`: in any case, for how long each host was silent. */
  saveDirectory(last = false): Promise<void> {
    const { revision } = this.#hosts;
    if (revision === this.#savedRevision && !last) return this.#writes;
    this.#savedRevision = revision;
    return this.#save(directoryFormat, (to) => writeDirectory(to, this.#hosts));
  }

  /** Saves the static records if they changed since; calls before the write begins are one write. */
  saveStatics(): Promise<void> {
    const hash = this.#book.set.hash();
    if (hash === this.#savedStatics) return this.#writes;
    this.#savedStatics = hash;
    this.#staticsToCome ??= this.#save(staticsFormat, (to) => {
      this.#staticsToCome = undefined;
      writeStatics(to, this.#book);
    });
    return this.#staticsToCome;
  }

  /** One write after the other, of what is true when its turn comes. */
  #save({ file, versions }: Format<unknown>, writeNow: (to: Encoder) => void): Promise<void> {
    const encodeNow = () =>
      encode((to) => {
        writeVarUint(to, versions.length);
        writeNow(to);
      });
    this.#writes = this.#writes.then(() => this.#storage.write(file, encodeNow())).catch(() => {});
    return this.#writes;
  }

  /** What a file tells. One that this Weft cannot read is set aside before anything is written in its place. */
  async #read<T>(format: Format<T>): Promise<T | undefined> {
    const bytes = await this.#storage.read(format.file);
    if (bytes === undefined) return undefined;
    const { content, problem } = decodeFile(bytes, format);
    if (problem !== undefined) await this.#storage.setAside(format.file, problem);
    return content;
  }
}

/** What a file tells, and why it is to be kept for whoever can read all of it. */
interface Decoded<T> {
  readonly content: T | undefined;
  readonly problem: string | undefined;
}

function decodeFile<T>(bytes: Uint8Array, { versions, later }: Format<T>): Decoded<T> {
  const newest = versions.length;
  const version = decode(bytes, readNumber);
  const isLater = version.ok && version.value > newest;
  const content = decode(bytes, (from) => {
    const read = versions[readNumber(from) - 1] ?? (isLater ? later : undefined);
    return read === undefined ? malformed('no way to read it') : read(from);
  });
  const found = isLater
    ? `is of version ${version.value}, and this Weft reads up to version ${newest}`
    : 'is whole, but does not hold what it should';
  return { content: content.ok ? content.value : undefined, problem: isLater || !content.ok ? found : undefined };
}

interface SavedDirectory {
  readonly hosts: readonly SavedHost[];
  readonly forgotten: readonly Forgotten[];
  readonly lastWords: readonly Envelope[];
}

interface SavedHost {
  readonly host: HostId;
  readonly silenceMs: number;
  readonly epoch: number;
  readonly beat: number;
  readonly log: readonly Envelope[];
}

interface SavedStatics {
  readonly summary: StaticsSummary;
  readonly edits: readonly Edit[];
}

/** All hosts' logs, packed, with how long each was silent. */
function writeDirectory(to: Encoder, hosts: Hosts): void {
  writeList(to, [...hosts.ids()], (_, host) => writeHost(to, host, hosts));
  writeList(to, hosts.forgottenHosts(), (_, { host, epoch, beat }) => {
    writeVarString(to, host);
    writeVarUint(to, epoch);
    writeVarUint(to, beat);
  });
  writeList(to, hosts.lastWords(), writeVarUint8Array);
}

function readDirectory(from: Decoder, readLog: (from: Decoder) => Envelope[]): SavedDirectory {
  return {
    hosts: readList(from, () => readHost(from, readLog)),
    forgotten: readList(from, readForgotten),
    // Earlier writers end here.
    lastWords: hasContent(from) ? readEnvelopes(from) : [],
  };
}

/** Fills `hosts` with what was saved: everyone is `stale` until heard. */
function fillHosts(hosts: Hosts, { hosts: saved, forgotten, lastWords }: SavedDirectory): void {
  for (const each of saved) {
    if (each.host !== hosts.self) hosts.liveness.add(each.host, 'stale', each.silenceMs, each);
    for (const envelope of each.log) hosts.take(envelope);
    hosts.showStatus(each.host);
  }
  for (const grave of forgotten) hosts.bury(grave);
  for (const word of lastWords) hosts.recall(word);
}

function writeStatics(to: Encoder, { set }: StaticBook): void {
  const { seen, alive } = set.summary();
  writeSeen(to, seen);
  writeList(to, alive, writeDot);
  writeEnvelopes(
    to,
    Array.from(set.edits(), ({ envelope }) => envelope),
  );
}

function readStatics(from: Decoder): SavedStatics {
  const summary: StaticsSummary = { seen: readSeen(from), alive: readList(from, readDot) };
  const edits = readEnvelopes(from).map((envelope) => {
    const edit = decodeEdit(envelope);
    return edit.ok ? edit.value : malformed(edit.problem);
  });
  return { summary, edits };
}

function writeHost(to: Encoder, host: HostId, hosts: Hosts): void {
  const { beatEpoch, beat } = hosts.clock(host);
  writeVarString(to, host);
  writeVarUint(to, Math.round(hosts.liveness.absenceMs(host)));
  writeVarUint(to, beatEpoch);
  writeVarUint(to, beat);
  writeList(to, hosts.log(host)?.kept() ?? [], writePacked);
}

function readHost(from: Decoder, readLog: (from: Decoder) => Envelope[]): SavedHost {
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
