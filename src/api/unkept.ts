import { warningHeader, warningToHeader } from '../warning-header.ts';
import type { AgentControl } from './control.ts';

/** What is wrong although it was done: the mesh knows of it, and a host that restarts alone would not. */
export function unkeptWarning(control: Pick<AgentControl, 'unkept'>): { readonly warning?: string } {
  const unkept = control.unkept();
  return unkept === undefined ? {} : { warning: `this host cannot keep it on disk: ${unkept}` };
}

/** The same as the headers of a reply that has no content. */
export function unkeptHeaders(control: Pick<AgentControl, 'unkept'>): Readonly<Record<string, string>> {
  const { warning } = unkeptWarning(control);
  return warning === undefined ? {} : { [warningHeader]: warningToHeader(warning) };
}
