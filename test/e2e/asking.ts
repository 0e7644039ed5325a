import { fileURLToPath } from 'node:url';
import type { Daemon } from '../support/lab/daemon.ts';
import type { LabHost } from '../support/lab/host.ts';
import { until } from '../support/lab/until.ts';

/** One answer to a program that asks all the time. */
export interface Answer {
  /** When it was asked for, in milliseconds since 1970. */
  readonly at: number;
  /** The response code as a number, or `LOST`. */
  readonly code: string;
  readonly addresses: readonly string[];
}

/** From where is asked, and whom. */
export interface AskingFrom {
  /** The process, as its host counts, in whose network the questions are asked. */
  readonly pid: string;
  readonly server: string;
}

/** Asks for a name from the network of the host's container `asker`, as a program in it would, until it is stopped. */
export async function startAsking(host: LabHost, name: string, perSecond: number): Promise<Daemon> {
  const pid = await host.docker('inspect', '--format', '{{.State.Pid}}', 'asker');
  return startAskingFrom(host, { pid, server: host.gateway }, name, perSecond);
}

/** The same from any container's network, and of any name server. */
export async function startAskingFrom(
  { machine }: LabHost,
  { pid, server }: AskingFrom,
  name: string,
  perSecond: number,
): Promise<Daemon> {
  const program = fileURLToPath(import.meta.resolve('./steady-asker.ts'));
  const asking = [process.execPath, program, server, name, `${perSecond}`];
  const daemon = await machine.start('asker', ['nsenter', `--target=${pid}`, '--net', ...asking]);
  await until('it is answered', () => daemon.log() !== '');
  return daemon;
}

/** What it was answered. */
export function answersOf(asker: Daemon): Answer[] {
  return asker.log().trimEnd().split('\n').map(parseAnswer);
}

/** Whether the answer says that nobody has the name, or that there is no answer. */
export function isMissing({ code, addresses }: Answer): boolean {
  return code !== '0' || addresses.length === 0;
}

/** When a container's process ended, as the engine says, in milliseconds since 1970. */
export async function endOf(host: LabHost, container: string): Promise<number> {
  return Date.parse(await host.docker('inspect', '--format', '{{.State.FinishedAt}}', container));
}

function parseAnswer(line: string): Answer {
  const [at = '', code = '', ...addresses] = line.split(' ');
  return { at: Number(at), code, addresses };
}
