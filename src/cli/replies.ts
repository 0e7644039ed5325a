import type { z } from 'zod';
import type {
  explainReply,
  hostsReply,
  leaveReply,
  nameReply,
  peersReply,
  recordsReply,
  recordView,
  removedReply,
  staticReply,
  statusReply,
  tokenReply,
  watchEvent,
} from '../api/schema.ts';

/** What the API replies, by the schemas that it is served with: types only, nothing of the API runs here. */
export type RecordRow = z.output<typeof recordView>;
export type RecordsReply = z.output<typeof recordsReply>;
export type HostsReply = z.output<typeof hostsReply>;
export type NameReply = z.output<typeof nameReply>;
export type StaticReply = z.output<typeof staticReply>;
export type RemovedReply = z.output<typeof removedReply>;
export type StatusReply = z.output<typeof statusReply>;
export type ExplainReply = z.output<typeof explainReply>;
export type LeaveReply = z.output<typeof leaveReply>;
export type PeersReply = z.output<typeof peersReply>;
export type TokenReply = z.output<typeof tokenReply>;
export type WatchEvent = z.output<typeof watchEvent>;
