import { type Context, outJson, warn } from './context.ts';
import type { LeaveReply, PeersReply, StatusReply, TokenReply } from './replies.ts';

/** `weft token`: prints what another host needs to join. */
export async function token(context: Context, options: { json?: boolean }): Promise<void> {
  const reply = await context.agent.get<TokenReply>('/v1/token');
  if (options.json) return outJson(context, reply);
  context.out(`${reply.token}\n`);
}

/** `weft connect [--replace] PEER…`: dials other agents; says nothing when all is well, as weave did. */
export async function connect(
  context: Context,
  peers: readonly string[],
  options: { replace?: boolean; json?: boolean },
): Promise<void> {
  const reply = await context.agent.post<PeersReply>('/v1/connect', { peers, replace: options.replace ?? false });
  if (options.json) return outJson(context, reply);
  warn(context, reply.warning);
}

/** `weft forget PEER…`: stops dialling addresses, or drops hosts that are gone for good. */
export async function forget(context: Context, peers: readonly string[], options: { json?: boolean }): Promise<void> {
  const reply = await context.agent.post<PeersReply>('/v1/forget', { peers });
  if (options.json) return outJson(context, reply);
  warn(context, reply.warning);
}

/** `weft leave`: withdraws the host's records and ends its agent. */
export async function leave(context: Context, options: { json?: boolean }): Promise<void> {
  const { agent } = await context.agent.get<StatusReply>('/v1/status');
  const reply = await context.agent.post<LeaveReply>('/v1/leave', {});
  if (options.json) return outJson(context, reply);
  context.out(`${agent.hostName} has left: its records are withdrawn and its agent ends\n`);
}
