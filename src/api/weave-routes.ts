import { z } from 'zod';
import type { App, RouteParts } from './app.ts';
import type { AgentControl } from './control.ts';
import { renderTemplate } from './go-template.ts';
import { connectPeers, forgetPeers } from './peers.ts';
import { HttpProblem, mustParse } from './problem.ts';
import { byName } from './record-view.ts';
import { unkeptHeaders } from './unkept.ts';
import { all, field, first } from './weave-fields.ts';
import { type WeaveReport, weaveReport } from './weave-report.ts';
import { connectionsText, dnsText, peersText, statusText, targetsText } from './weave-text.ts';

const tags = ['weave'];
const produces = ['text/plain'];
const plainText = 'text/plain; charset=utf-8';
const peerFields = z.object({ peer: field, replace: field }).default({});
const formatQuery = z.object({ format: z.string().optional() });

/** weave's own HTTP paths, but for its names; where weave ignored bad input in silence, these say what is wrong. */
export function weaveRoutes(app: App, { control, view }: RouteParts): void {
  const report = () => weaveReport(control, [...control.entries()].sort(byName).flatMap(view));
  const dnsAddress = () => control.dns()?.listen[0] ?? noNameServer(control);

  textRoute(app, '/domain', 'The domain, with its dot', () => `${control.domains()[0]}.`);
  textRoute(app, '/dns-address-port', 'Where questions are answered', dnsAddress);
  textRoute(app, '/dns-address', 'The same without the port', () => withoutPort(dnsAddress()));

  statusRoute(app, '/status', statusText);
  statusRoute(app, '/status/dns', dnsText);
  statusRoute(app, '/status/peers', peersText);
  statusRoute(app, '/status/connections', connectionsText);
  statusRoute(app, '/status/targets', targetsText);

  app.get(
    '/report',
    { schema: { summary: 'weave report; format is a Go template', tags, querystring: formatQuery } },
    async ({ query: { format } }, reply) => {
      if (format !== undefined) return reply.type(plainText).send(mustParse(renderTemplate(format, report())));
      return reply.type('application/json').send(JSON.stringify(report(), null, '    '));
    },
  );

  const peersSchema = { tags, querystring: peerFields, body: peerFields, produces };
  app.post('/connect', { schema: { summary: 'Dial other agents', ...peersSchema } }, async ({ query, body }, reply) => {
    await connectPeers(control, all(query.peer, body.peer), first(query.replace, body.replace) === 'true');
    return reply.headers(unkeptHeaders(control)).send('');
  });
  app.post('/forget', { schema: { summary: 'Stop dialling', ...peersSchema } }, async ({ query, body }, reply) => {
    await forgetPeers(control, all(query.peer, body.peer), mustParse);
    return reply.headers(unkeptHeaders(control)).send('');
  });

  /** As weave did, with 503 until all is ready. */
  function statusRoute(to: App, path: string, page: (report: WeaveReport) => string): void {
    to.get(
      path,
      { schema: { summary: `weave${path.replaceAll('/', ' ')}`, tags, produces } },
      async (_request, reply) =>
        reply
          .code(control.readiness().ready ? 200 : 503)
          .type(plainText)
          .send(page(report())),
    );
  }
}

function textRoute(app: App, path: string, summary: string, read: () => string): void {
  app.get(path, { schema: { summary, tags, produces } }, async (_request, reply) => reply.type(plainText).send(read()));
}

function withoutPort(address: string): string {
  return address.replace(/:\d+$/, '').replace(/[[\]]/g, '');
}

function noNameServer(control: AgentControl): never {
  const reasons = control.dns() ? control.readiness().reasons : ['it was started with --no-dns'];
  throw new HttpProblem(404, `this agent answers no questions: ${reasons.join('; ') || 'it cannot yet'}`);
}
