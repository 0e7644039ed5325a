import type { gossipsub } from '@libp2p/gossipsub';
import type { Connection, PeerId, Stream, Topology } from '@libp2p/interface';

type Registrar = Parameters<ReturnType<typeof gossipsub>>[0]['registrar'];

/** The one version of gossipsub's protocol that all versions of Weft so far speak; append only. */
const protocol = '/meshsub/1.2.0';

/**
 * Tells gossipsub of links and of nothing else. Left to libp2p it hears of every connection, also of the second one to
 * a host before it is settled; it opens its streams one after another, so that a slow host delays all others; and it
 * forgets a neighbour when any one of its connections ends.
 */
export class GossipLinks {
  #topology: Topology | undefined;
  /** Our own stream over a link, by the connection's id. */
  readonly #streams = new Map<string, Stream>();
  /** What `together` has for each stream so far, while it runs. */
  #gathered: Map<Stream, Uint8Array[]> | undefined;

  /** libp2p's registrar as gossipsub is to see it. */
  over(registrar: Registrar): Registrar {
    const seen: Registrar = Object.create(registrar);
    seen.register = async (_protocol, topology) => {
      this.#topology = topology;
      return '';
    };
    seen.unregister = () => {};
    seen.unhandle = (name, options) => registrar.unhandle(name, options);
    seen.handle = (name, handler, options) =>
      registrar.handle(name, (stream, connection) => handler(stream, this.#asSeen(connection)), options);
    return seen;
  }

  /** Makes a link one that broadcasts go over; throws where the other side takes no stream. */
  async attach(connection: Connection): Promise<void> {
    const stream = await connection.newStream([protocol]);
    this.#streams.set(connection.id, stream);
    this.#gatherFor(stream);
    stream.addEventListener('close', () => {
      if (this.#streams.get(connection.id) === stream) this.#streams.delete(connection.id);
    });
    if (stream.status === 'open') await this.#topology?.onConnect?.(connection.remotePeer, this.#asSeen(connection));
    else this.#streams.delete(connection.id);
  }

  detach(peer: PeerId): void {
    this.#topology?.onDisconnect?.(peer);
  }

  /** Sends all that `run` sends over each link as one piece: `run` must have sent it when it returns. */
  together(run: () => void): void {
    const gathered = new Map<Stream, Uint8Array[]>();
    this.#gathered = gathered;
    try {
      run();
    } finally {
      this.#gathered = undefined;
      for (const [stream, pieces] of gathered) sendPieces(stream, pieces);
    }
  }

  #gatherFor(stream: Stream): void {
    const send = stream.send.bind(stream);
    stream.send = (data) => {
      if (this.#gathered === undefined) return send(data);
      const pieces = this.#gathered.get(stream) ?? [];
      this.#gathered.set(stream, pieces);
      pieces.push(data.subarray());
      return true;
    };
  }

  /** Whether our own stream over the connection stands. */
  sendsOver(connection: Connection): boolean {
    return this.#streams.get(connection.id)?.status === 'open';
  }

  /** A connection on which gossipsub opens no stream of its own, but finds the one that stands. */
  #asSeen(connection: Connection): Connection {
    const seen: Connection = Object.create(connection);
    seen.newStream = async () => {
      const stream = this.#streams.get(connection.id);
      if (stream?.status !== 'open') throw new Error('the link has no stream for broadcasts yet');
      return stream;
    };
    return seen;
  }
}

function sendPieces(stream: Stream, pieces: readonly Uint8Array[]): void {
  try {
    stream.send(Buffer.concat(pieces));
  } catch {
    // It is closing; what was for it is lost with it.
  }
}
