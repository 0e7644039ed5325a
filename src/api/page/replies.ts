import type { z } from 'zod';
import type * as schema from '../schema.ts';

/** What the agent replies, as it describes its replies itself. */
export type RecordView = z.output<typeof schema.recordView>;
export type WatchEvent = z.output<typeof schema.watchEvent>;
export type Status = z.output<typeof schema.statusReply>;
export type Host = Status['hosts'][number];
export type Link = Status['links'][number];
export type Links = z.output<typeof schema.linksReply>;
export type LinkElsewhere = Links['elsewhere'][number];
export type Explanation = z.output<typeof schema.explainReply>;
export type Answers = z.output<typeof schema.answersReply>;
export type Changes = z.output<typeof schema.changesReply>;
export type Change = Changes['changes'][number];
