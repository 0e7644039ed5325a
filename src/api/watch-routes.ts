import { parseName } from '../record.ts';
import type { App, RouteParts } from './app.ts';
import { mustParse } from './problem.ts';
import { watchQuery } from './schema.ts';
import type { Watchers } from './watchers.ts';

/** What changes, as it changes. */
export function watchRoutes(app: App, { control }: RouteParts, watchers: Watchers): void {
  app.get(
    '/v1/watch',
    {
      exposeHeadRoute: false,
      schema: {
        summary: 'Server-sent events: a snapshot of all names, then every change; resumable by Last-Event-ID',
        querystring: watchQuery,
        produces: ['text/event-stream'],
      },
    },
    (request, reply) => {
      watchers.admit();
      const names = request.query.name?.map((text) => mustParse(parseName(text, control.domains(), true)));
      const lastEventId = request.headers['last-event-id'];
      reply.hijack();
      watchers.open(reply.raw, names, Array.isArray(lastEventId) ? lastEventId[0] : lastEventId);
    },
  );
}
