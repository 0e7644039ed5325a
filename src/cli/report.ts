import type { Context } from './context.ts';

/** `weft report [-f FORMAT]`: all that the agent knows as JSON, or what a Go template picks of it. */
export async function report(context: Context, options: { format?: string }): Promise<void> {
  const query = options.format === undefined ? '' : `?format=${encodeURIComponent(options.format)}`;
  const text = await context.agent.text(`/report${query}`);
  context.out(text.endsWith('\n') ? text : `${text}\n`);
}
