import type { App, RouteParts } from './app.ts';
import type { AgentControl } from './control.ts';
import { hostsReply, linksReply, statusReply } from './schema.ts';

/** This agent, the hosts of the mesh, and the links between. */
export function statusRoutes(app: App, { control, changes }: RouteParts): void {
  app.get('/v1/hosts', { schema: { summary: 'Every host of the mesh', response: { 200: hostsReply } } }, async () => ({
    hosts: control.hosts(),
  }));

  app.get(
    '/v1/links',
    {
      schema: { summary: 'The links of this agent to others, and those between others', response: { 200: linksReply } },
    },
    async () => ({ links: control.links(), elsewhere: control.linksElsewhere() }),
  );

  app.get(
    '/v1/status',
    { schema: { summary: 'This agent: what is wrong first, then the rest', response: { 200: statusReply } } },
    async () => status(control, changes.revision),
  );
}

function status(control: AgentControl, revision: number) {
  const entries = [...control.entries()];
  const engine = control.engine();
  const dns = control.dns();
  return {
    agent: control.agent,
    readiness: control.readiness(),
    problems: control.problems(),
    domains: control.domains(),
    names: entries.length,
    containers: new Set(entries.flatMap(({ owners }) => owners.map(({ container }) => container.id))).size,
    statics: entries.reduce((sum, { statics }) => sum + statics.length, 0),
    revision,
    ...(engine && { engine }),
    ...(dns && { dns }),
    hosts: control.hosts(),
    links: control.links(),
    mesh: control.mesh(),
  };
}
