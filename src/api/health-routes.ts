import type { App, RouteParts } from './app.ts';
import type { Metrics } from './metrics/metrics.ts';
import { healthReply, readinessReply } from './schema.ts';

export interface HealthParts {
  readonly control: RouteParts['control'];
  readonly metrics: Metrics;
}

/** For the machines that watch this agent. */
export function healthRoutes(app: App, { control, metrics }: HealthParts): void {
  app.get('/healthz', { schema: { summary: 'The agent runs', response: { 200: healthReply } } }, async () => ({
    alive: true as const,
  }));

  app.get(
    '/readyz',
    {
      schema: {
        summary: 'The agent can do its work; 503 with the reasons while it cannot',
        response: { 200: readinessReply, 503: readinessReply },
      },
    },
    async (_request, reply) => {
      const { ready, reasons } = control.readiness();
      return reply.code(ready ? 200 : 503).send({ ready, reasons });
    },
  );

  app.get(
    '/metrics',
    { schema: { summary: 'Prometheus metrics', produces: ['text/plain'] } },
    async (_request, reply) => reply.type('text/plain; version=0.0.4; charset=utf-8').send(await metrics.text()),
  );
}
