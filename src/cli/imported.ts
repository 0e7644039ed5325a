/** One record read from a file of another program. */
export interface ImportedRecord {
  /** Whole, without its last dot. */
  readonly fullName: string;
  readonly content:
    | { readonly type: 'address'; readonly address: string }
    | { readonly type: 'cname'; readonly target: string }
    | {
        readonly type: 'srv';
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      }
    | { readonly type: 'txt'; readonly text: string };
  readonly ttlSeconds?: number;
}

/** What a file held: records, and what of it was left out, each with its line and why. */
export interface Imported {
  readonly records: readonly ImportedRecord[];
  readonly skipped: readonly string[];
}
