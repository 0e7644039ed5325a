import { STATUS_CODES } from 'node:http';
import type { Result } from '../result.ts';

/** What a client is told when a request fails, in the words of RFC 9457. */
export interface ProblemDetails {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** One sentence: what is wrong and what would be right. */
  readonly detail: string;
}

/** A request that cannot be granted; thrown in handlers, answered as problem details. */
export class HttpProblem extends Error {
  readonly statusCode: number;
  /** What a reply of this status has to name besides, such as `allow` beside a 405. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, detail: string, headers: Readonly<Record<string, string>> = {}) {
    super(detail);
    this.name = 'HttpProblem';
    this.statusCode = statusCode;
    this.headers = headers;
  }
}

/** The value, or a 400 with what is wrong with it. */
export function mustParse<T>(result: Result<T>): T {
  if (!result.ok) throw new HttpProblem(400, result.problem);
  return result.value;
}

/** The value, or a 409: nothing is wrong with the request, but with the state of things (RFC 9110 section 15.5.10). */
export function mustBeSo<T>(result: Result<T>): T {
  if (!result.ok) throw new HttpProblem(409, result.problem);
  return result.value;
}

/** The details of anything thrown: what clients did wrong in full, what broke inside not at all. */
export function problemOf(error: unknown): ProblemDetails {
  const { statusCode, message } = statusAndMessage(error);
  const inside = statusCode >= 500 && !(error instanceof HttpProblem);
  const detail = inside ? 'The agent failed at this request; its log says why.' : message;
  return { type: 'about:blank', title: STATUS_CODES[statusCode] ?? 'Error', status: statusCode, detail };
}

function statusAndMessage(error: unknown): { statusCode: number; message: string } {
  if (!(error instanceof Error)) return { statusCode: 500, message: String(error) };
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : 500;
  return { statusCode, message: error.message };
}
