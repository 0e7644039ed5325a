import type { FastifySchema, RouteOptions } from 'fastify';
import { z } from 'zod';
import type { App } from './app.ts';
import { problemReply } from './schema.ts';

declare module 'fastify' {
  interface FastifySchema {
    summary?: string;
    tags?: readonly string[];
    /** The media types of replies that are not JSON. */
    produces?: readonly string[];
  }
}

/** Serves `/openapi.json` (OpenAPI 3.1) of all routes that are added after it. */
export function openApiRoute(app: App, version: string): void {
  const paths: Record<string, Record<string, unknown>> = {};
  app.addHook('onRoute', (route) => {
    if (route.method === 'HEAD' || Array.isArray(route.method)) return;
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  });
  const info = {
    title: 'Weft',
    version,
    description: 'Names of containers on several hosts, and what is known of them.',
  };
  app.get('/openapi.json', { schema: { summary: 'This description' } }, async () => ({
    openapi: '3.1.0',
    info,
    paths,
  }));
}

function operation(route: RouteOptions): unknown {
  const schema: FastifySchema = route.schema ?? {};
  const produced = Object.fromEntries((schema.produces ?? ['application/json']).map((type) => [type, {}]));
  const replies = Object.entries(schema.response ?? {}).map(([status, reply]) => [status, jsonReply(reply)]);
  return {
    summary: schema.summary,
    ...(schema.tags && { tags: schema.tags }),
    parameters: [...parameters(schema.params, 'path'), ...parameters(schema.querystring, 'query')],
    ...(schema.body instanceof z.ZodType && {
      requestBody: { required: true, content: { 'application/json': { schema: jsonSchema(schema.body, 'input') } } },
    }),
    responses: {
      ...(replies.length > 0 ? Object.fromEntries(replies) : { 200: { description: 'done', content: produced } }),
      default: {
        description: 'what is wrong (RFC 9457)',
        content: { 'application/problem+json': { schema: jsonSchema(problemReply, 'output') } },
      },
    },
  };
}

function jsonReply(reply: unknown): unknown {
  if (!(reply instanceof z.ZodType)) return { description: 'done' };
  return { description: 'done', content: { 'application/json': { schema: jsonSchema(reply, 'output') } } };
}

function parameters(schema: unknown, place: 'path' | 'query'): unknown[] {
  if (!(schema instanceof z.ZodObject)) return [];
  const { properties = {}, required = [] } = jsonSchema(schema, 'input');
  return Object.entries(properties).map(([name, shape]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: shape,
  }));
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    // In OpenAPI it would say that clients may not send it; in our schemas it only says that nobody writes to it.
    override: ({ jsonSchema }) => {
      delete jsonSchema.readOnly;
    },
  });
  return rest;
}
