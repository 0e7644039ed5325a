import { type YamuxMuxerInit, yamux } from '@libp2p/yamux';
import { StreamState, type YamuxStream } from '@libp2p/yamux/stream';

type Factory = ReturnType<typeof yamux>;
type Muxer = ReturnType<ReturnType<Factory>['createStreamMuxer']>;

/** What a stream knows of the room that it gave its other end. */
interface Window {
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
}

/**
 * yamux, which tells the other end of a stream that it may send more when half of the room it had is used up. By itself
 * it tells it of each piece of data: on links that carry short messages every second frame would be such a telling, made,
 * encrypted, sent and read for nothing.
 */
export function createMuxer(init: YamuxMuxerInit): Factory {
  return () => {
    const factory = yamux(init)();
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => tellingSeldom(create(connection));
    return factory;
  };
}

function tellingSeldom(muxer: Muxer): Muxer {
  const [create, remote] = [muxer.onCreateStream.bind(muxer), muxer.onRemoteStream.bind(muxer)];
  muxer.onCreateStream = () => thrifty(create());
  muxer.onRemoteStream = (stream) => remote(thrifty(stream));
  return muxer;
}

function thrifty(stream: YamuxStream): YamuxStream {
  const tell = stream.sendWindowUpdate.bind(stream);
  stream.sendWindowUpdate = () => {
    if (stream.state !== StreamState.Established || isHalfUsed(stream)) tell();
  };
  return stream;
}

/** Also where a later version of yamux keeps its numbers elsewhere. */
function isHalfUsed(stream: object): boolean {
  const { recvWindow, recvWindowCapacity }: Partial<Window> = stream;
  if (recvWindow === undefined || recvWindowCapacity === undefined) return true;
  return recvWindowCapacity <= recvWindow / 2;
}
