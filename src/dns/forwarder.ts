/** Who asks: where the reply goes, and by which transport the question came. */
export interface Asker {
  readonly address: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp';
}

/** Answers questions about names that are not ours. */
export interface Forwarder {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * `query` passed our strict check (QR=0, opcode QUERY, one question, class IN, well-formed OPT if any).
   * Resolves with the whole reply for the asker (its id, its size limit obeyed), or undefined when nothing should be
   * sent. Never rejects.
   */
  resolve(query: Uint8Array, from: Asker): Promise<Uint8Array | undefined>;
}
