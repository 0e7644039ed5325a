import { type Context, outJson } from './context.ts';
import type { StatusReply } from './replies.ts';
import { age, counted } from './table.ts';

/** The parts of `weft status` that weave had too, and print as weave's. */
export const statusParts = ['dns', 'peers', 'connections', 'targets'] as const;

/** `weft status [PART]`: what is wrong first, then the rest; a part as weave printed it. */
export async function status(context: Context, part: string | undefined, options: { json?: boolean }): Promise<void> {
  if (part !== undefined && !options.json) return context.out(await context.agent.text(`/status/${part}`));
  const reply = await context.agent.get<StatusReply>('/v1/status');
  if (options.json) return outJson(context, partOf(reply, part));
  context.out(
    `${verdict(reply, context)}\n${await context.agent.text('/status')}${upstreamLines(reply, context)}${hostLines(reply, context)}`,
  );
}

function partOf(reply: StatusReply, part: string | undefined): unknown {
  if (part === 'dns') return reply.dns ?? null;
  if (part === 'peers') return reply.hosts;
  if (part === 'connections') return reply.links;
  if (part === 'targets') return reply.links.filter(({ outbound }) => outbound).map(({ address }) => address);
  return reply;
}

/** What is wrong and what to do about it; or that nothing is. */
function verdict(reply: StatusReply, { paint }: Context): string {
  const problems = reply.problems.map(
    ({ problem, remedy }) => `${paint.red('!')} ${paint.bold(problem)}\n  ${remedy}\n`,
  );
  // A reason that is also a problem would be said twice.
  const said = new Set(reply.problems.map(({ problem }) => problem));
  const reasons = reply.readiness.reasons.filter((reason) => !said.has(reason));
  const unready = reasons.map((reason) => `${paint.yellow('!')} ${paint.bold(`Not ready: ${reason}`)}\n`);
  if (problems.length + unready.length > 0) return [...unready, ...problems].join('');
  const known = [
    counted(reply.hosts.length, 'host'),
    counted(reply.names, 'name'),
    counted(reply.containers, 'container'),
    counted(reply.statics, 'static record'),
  ];
  return `${paint.green('All is well:')} ${known.join(', ')}.\n`;
}

/** Who answers other names, and how well; nothing before anybody was asked. */
function upstreamLines({ dns }: StatusReply, { paint }: Context): string {
  const lines = (dns?.forwarding ?? []).map(({ server, domains, state, asked, failures, rttMs }) => {
    const names = domains ? ` for ${domains.join(', ')}` : '';
    const painted = state === 'up' ? paint.green(state) : paint.red(state);
    const time = rttMs === undefined ? '' : `, answers in ${Math.ceil(rttMs)} ms`;
    return `                 ${server}${names} ${painted}, asked ${counted(asked, 'time')}, ${counted(failures, 'failure')}${time}\n`;
  });
  return lines.length === 0 ? '' : `\n        Service: upstreams\n${lines.join('')}`;
}

function hostLines(reply: StatusReply, { paint }: Context): string {
  const width = Math.max(...reply.hosts.map(({ id, record }) => (record?.name ?? id).length));
  const lines = reply.hosts.map((host) => {
    const name = (host.record?.name ?? host.id).padEnd(width);
    const well = host.status === 'self' || host.status === 'alive';
    const state = well ? paint.green(host.status) : paint.red(host.status);
    const heard = host.heardMsAgo === undefined || well ? '' : `, last heard ${age(host.heardMsAgo)} ago`;
    const bad = host.badRecords > 0 ? `, ${counted(host.badRecords, 'bad record')}` : '';
    return `                 ${name} ${state}, ${counted(host.records, 'container')}${bad}${heard}\n`;
  });
  return `\n        Service: hosts\n${lines.join('')}`;
}
