import type { App, RouteParts } from './app.ts';
import type { Reach } from './guard.ts';
import { connectPeers, forgetPeers } from './peers.ts';
import { HttpProblem, mustBeSo } from './problem.ts';
import { connectBody, leaveReply, peersBody, peersReply, tokenReply } from './schema.ts';
import { unkeptWarning } from './unkept.ts';

/** The mesh: who to dial, who to drop, how to join it and how to go. */
export function meshRoutes(
  app: App,
  { control, reach }: Pick<RouteParts, 'control'> & { reach: ReachOfRequest },
): void {
  app.post(
    '/v1/connect',
    {
      schema: {
        summary: 'Dial other agents, now and after restarts',
        body: connectBody,
        response: { 200: peersReply },
      },
    },
    async ({ body }) => ({ peers: await connectPeers(control, body.peers, body.replace), ...unkeptWarning(control) }),
  );

  app.post(
    '/v1/forget',
    {
      schema: {
        summary: 'Stop dialling agents, or drop hosts that are gone for good',
        body: peersBody,
        response: { 200: peersReply },
      },
    },
    async ({ body }) => ({ peers: await forgetPeers(control, body.peers, mustBeSo), ...unkeptWarning(control) }),
  );

  app.post(
    '/v1/leave',
    { schema: { summary: 'Withdraw the records of this host and end the agent', response: { 200: leaveReply } } },
    async () => {
      await control.leave();
      return { left: true as const };
    },
  );

  app.get(
    '/v1/token',
    {
      schema: {
        summary: 'The token that lets another agent join; over the unix socket only',
        response: { 200: tokenReply },
      },
    },
    async ({ raw }) => {
      if (reach(raw) !== 'file')
        throw new HttpProblem(403, 'the token holds the secret of the mesh: ask for it over the unix socket');
      return { token: mustBeSo(await control.token()) };
    },
  );
}

/** How far the address that a request came in by reaches. */
export type ReachOfRequest = (request: object) => Reach;
