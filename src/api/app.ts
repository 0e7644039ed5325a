import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type FastifyBaseLogger, type FastifyInstance, type FastifyTypeProvider, fastify } from 'fastify';
import type { z } from 'zod';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { NameEntry } from '../record.ts';
import { AllowedMethods } from './allowed-methods.ts';
import type { ChangeLog } from './changes.ts';
import type { AgentControl } from './control.ts';
import { HttpProblem, problemOf } from './problem.ts';
import type { RecordView } from './record-view.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whoever reaches the address may have it, without the token. */
    open?: boolean;
  }
}

/** Types handlers by the zod schemas of their routes. */
interface ZodTypes extends FastifyTypeProvider {
  readonly validator: this['schema'] extends z.ZodType ? z.output<this['schema']> : unknown;
  readonly serializer: this['schema'] extends z.ZodType ? z.input<this['schema']> : unknown;
}

/** Fastify with our schemas, our errors and no socket of its own. */
export type App = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypes>;

/** What the routes are made of. */
export interface RouteParts {
  readonly control: AgentControl;
  readonly changes: ChangeLog;
  readonly clock: Clock;
  /** The rows of one name. */
  readonly view: (entry: NameEntry) => readonly RecordView[];
}

/** A longer path segment is no name; Fastify's own limit of 100 is shorter than a name may be. */
const maxSegmentLength = 400;

/** RFC 9457 section 3. */
export const problemType = 'application/problem+json; charset=utf-8';

/** Makes the empty application: add routes, then `ready()`, then feed it requests through `routing`. */
export function createApp(bodyLimitBytes: number, log: Log): App {
  const app = fastify({
    bodyLimit: bodyLimitBytes,
    routerOptions: { maxParamLength: maxSegmentLength },
    schemaController: { compilersFactory: { buildValidator: unused, buildSerializer: unused } },
    frameworkErrors: (error, _request, reply) => {
      const problem = problemOf(error);
      reply.hijack();
      reply.raw.writeHead(problem.status, { 'content-type': problemType }).end(JSON.stringify(problem));
    },
  }).withTypeProvider<ZodTypes>();
  app.setValidatorCompiler<z.ZodType>(({ schema, httpPart }) => validator(schema, httpPart ?? 'request'));
  app.setSerializerCompiler(() => JSON.stringify);
  app.setErrorHandler((error, request, reply) => {
    const problem = sendProblem(reply, error);
    if (problem.status >= 500 && problem.status !== 503)
      log.error({ err: error, method: request.method, url: request.url }, 'a request failed');
  });
  const allowed = new AllowedMethods();
  app.addHook('onRoute', (route) => allowed.add(route));
  app.setNotFoundHandler(({ method, url }, reply) => {
    const methods = allowed.of(url);
    const shown = url.slice(0, 200);
    const problem =
      methods.length === 0
        ? new HttpProblem(404, `nothing is at ${method} ${shown}; see /openapi.json`)
        : // RFC 9110 section 15.5.6: a 405 names what is allowed.
          new HttpProblem(405, `${shown} takes ${methods.join(' and ')}, not ${method}`, { allow: methods.join(', ') });
    sendProblem(reply, problem);
  });
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    // curl calls whatever it sends a form, unless told.
    if (String(body).trimStart().startsWith('{'))
      done(new HttpProblem(415, 'the body is JSON and called a form: send it with content-type: application/json'));
    else done(null, formFields(String(body)));
  });
  return app;
}

/** In the place of Fastify's own compilers, 600 kB of source: ours are set. */
function unused(): never {
  throw new Error('schemas are compiled by what was set');
}

interface Reply {
  code(status: number): unknown;
  header(name: string, value: string): unknown;
  send(payload: string): unknown;
}

function sendProblem(reply: Reply, error: unknown) {
  const problem = problemOf(error);
  reply.code(problem.status);
  reply.header('content-type', problemType);
  if (error instanceof HttpProblem)
    for (const [name, value] of Object.entries(error.headers)) reply.header(name, value);
  reply.send(JSON.stringify(problem));
  return problem;
}

function validator(schema: z.ZodType, part: string) {
  return (data: unknown) => {
    const parsed = schema.safeParse(data ?? undefined);
    if (parsed.success) return { value: parsed.data };
    const issue = parsed.error.issues[0];
    const where = [part, ...(issue?.path ?? [])].join('.');
    return { error: new HttpProblem(400, `${where}: ${issue?.message ?? 'not understood'}`) };
  };
}

/** The fields of a form, each with all its values. */
function formFields(body: string): Record<string, string[]> {
  const form = new URLSearchParams(body);
  return Object.fromEntries([...new Set(form.keys())].map((key) => [key, form.getAll(key)]));
}
