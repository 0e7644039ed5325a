/** The data directory, as far as replication uses it: whole small files, read at start and replaced when they change. */
export interface Storage {
  /** The bytes last written, or `undefined` where there are none or they are damaged. */
  read(file: string): Promise<Uint8Array | undefined>;
  /** Replaces the file at once or not at all; reports a full or read-only disk itself. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** Keeps the file under another name, for people, and says so with what was found: it "is of version 9". Never throws. */
  setAside(file: string, found: string): Promise<void>;
}
