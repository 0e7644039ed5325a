import type { IncomingMessage } from 'node:http';
import { warningFromHeader, warningHeader } from '../warning-header.ts';
import { harmless } from './decode.ts';
import { exitCodes, Failure, Refusal } from './failure.ts';

/** Where an agent does not say when to come back, or says at once. */
const retryAfterMs = { unsaid: 1_000, least: 100 };

/** An agent's answer, whose header is there and whose content may still be under way. */
export class Reply {
  readonly #message: IncomingMessage;
  readonly #agent: string;
  readonly #asked: string;

  /** `agent` and `asked` name it where it goes wrong, as `the agent at 127.0.0.1:6784` and `GET /v1/status`. */
  constructor(message: IncomingMessage, agent: string, asked: string) {
    this.#message = message;
    this.#agent = agent;
    this.#asked = asked;
  }

  get status(): number {
    return this.#message.statusCode ?? 0;
  }

  /** When to ask again, where this one came too early (RFC 9110 section 10.2.3, in seconds as an agent says it). */
  get retryAfterMs(): number {
    const said = this.#message.headers['retry-after'] ?? '';
    return /^\d+$/.test(said) ? Math.max(Number(said) * 1_000, retryAfterMs.least) : retryAfterMs.unsaid;
  }

  /** What is wrong although it was done, where its header says so. */
  get warning(): string | undefined {
    const said = this.#message.headers[warningHeader];
    return typeof said === 'string' ? harmless(warningFromHeader(said)) : undefined;
  }

  /** All of its content; throws a `Refusal` with the agent's own words where it says that something is wrong. */
  async accepted(silenceMs: number): Promise<string> {
    const text = await this.text(silenceMs);
    if (this.status >= 200 && this.status < 300) return text;
    // What the agent calls a bad request was typed wrong.
    throw new Refusal(detailOf(text), this.status === 400 ? exitCodes.wrongUsage : exitCodes.failed);
  }

  /** All of its content; throws a `Failure` where the agent stops in the middle for `silenceMs`, or breaks off. */
  async text(silenceMs: number): Promise<string> {
    let text = '';
    try {
      for await (const chunk of this.open(silenceMs)) text += chunk;
    } catch (error) {
      if (error instanceof Failure) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new Failure(`${this.#agent} broke off in the middle of its answer to ${this.#asked}: ${why}; try again`);
    }
    return text;
  }

  /** Its content in chunks of text; ends with a `Failure` when the agent says nothing for `silenceMs`. */
  open(silenceMs: number): IncomingMessage {
    this.#message.setTimeout(silenceMs, () => {
      const problem =
        `${this.#agent} stopped in the middle of its answer to ${this.#asked}, and said nothing for ` +
        `${silenceMs / 1_000} s; try again, and if it stays so restart it and see its log`;
      this.#message.destroy(new Failure(problem, exitCodes.noAgent));
    });
    return this.#message.setEncoding('utf8');
  }

  /** Nobody wants its content. */
  discard(): undefined {
    this.#message.destroy();
  }
}

function detailOf(text: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === 'object' && problem !== null && 'detail' in problem) return harmless(String(problem.detail));
  } catch {
    // Not every error is problem details; its text is all there is.
  }
  return harmless(text.trim());
}
