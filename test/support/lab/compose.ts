import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { ContainerSpec } from './container.ts';

/** The values of `${NAME}` in a Compose file. */
export type Variables = Readonly<Record<string, string>>;

/** What a Compose file starts on one host, as the lab's own engines start it without Compose. */
export interface ComposeProject {
  readonly name: string;
  readonly services: readonly string[];
  /** Container `number` of a service, counted from 1: with the name and the labels that Compose would give it. */
  container(service: string, number?: number): ContainerSpec;
}

/**
 * Reads the part of the Compose specification that the examples use, and refuses the rest, so that nothing in them is
 * passed over. `directory` is where `./` leads. Images are taken by the name before the colon.
 */
export function readCompose(text: string, directory: string, variables: Variables): ComposeProject {
  const { name, services } = fileShape.parse(interpolated(withoutExtensions(parse(text, { merge: true })), variables));
  return {
    name,
    services: Object.keys(services),
    container: (service, number = 1) => {
      const found = services[service];
      if (found === undefined) throw new Error(`${name} has no service ${service}`);
      return containerOf(found, { project: name, service, number, directory });
    },
  };
}

const words = z.array(z.string());
const texts = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String));

const serviceShape = z.strictObject({
  image: z.string(),
  container_name: z.string().optional(),
  hostname: z.string().optional(),
  user: z.string().optional(),
  entrypoint: words.optional(),
  command: words.optional(),
  environment: texts.optional(),
  labels: texts.optional(),
  // The networks of all hosts that Weft needs are the default bridges; see examples/README.md.
  network_mode: z.literal('bridge'),
  dns: z.string(),
  dns_search: z.string(),
  // Bind mounts of what lies beside or above the Compose file.
  volumes: z.array(z.string().regex(/^\.{1,2}\/[^:]*:\/[^:]*:ro$/)).optional(),
  stop_signal: z.string().optional(),
  healthcheck: z
    .strictObject({ test: z.tuple([z.literal('CMD')], z.string()), interval: z.string(), retries: z.int() })
    .optional(),
});
type Service = z.infer<typeof serviceShape>;

const fileShape = z.strictObject({ name: z.string(), services: z.record(z.string(), serviceShape) });

interface Place {
  readonly project: string;
  readonly service: string;
  readonly number: number;
  readonly directory: string;
}

function containerOf(service: Service, { project, service: serviceName, number, directory }: Place): ContainerSpec {
  const [entry, ...entryWords] = service.entrypoint ?? [];
  const mounts = (service.volumes ?? []).map((volume) => join(directory, volume));
  const one = (option: string, value: string | undefined) => (value === undefined ? [] : [option, value]);
  return {
    name: service.container_name ?? `${project}-${serviceName}-${number}`,
    image: service.image.replace(/:.*/, ''),
    dns: service.dns,
    dnsSearch: [service.dns_search],
    labels: {
      'com.docker.compose.project': project,
      'com.docker.compose.service': serviceName,
      'com.docker.compose.container-number': String(number),
      'com.docker.compose.oneoff': 'False',
      ...service.labels,
    },
    ...(service.hostname === undefined ? {} : { hostname: service.hostname }),
    ...(service.environment === undefined ? {} : { env: service.environment }),
    options: [
      ...one('--user', service.user),
      ...one('--entrypoint', entry),
      ...one('--stop-signal', service.stop_signal),
      ...healthOptions(service.healthcheck),
      ...mounts.flatMap((mount) => ['--volume', mount]),
    ],
    command: [...entryWords, ...(service.command ?? [])],
  };
}

/** The engine's command line knows checks that a shell runs only, so the words are quoted for it. */
function healthOptions(check: Service['healthcheck']): string[] {
  if (check === undefined) return [];
  const command = check.test.slice(1).map((word) => `'${word}'`);
  const [interval, retries] = [check.interval, String(check.retries)];
  return ['--health-cmd', command.join(' '), '--health-interval', interval, '--health-retries', retries];
}

/** The values of a file with their variables filled in; that is done after reading it, as Compose does. */
function interpolated(value: unknown, variables: Variables): unknown {
  if (typeof value === 'string') return interpolate(value, variables);
  if (Array.isArray(value)) return value.map((each) => interpolated(each, variables));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, interpolated(each, variables)]));
}

/** `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?complaint}`, and `$$` for a dollar. */
function interpolate(text: string, variables: Variables): string {
  return text.replace(
    /\$(?:\$|(\w+)|\{(\w+)(?::([-?])([^}]*))?\})/g,
    (whole, plain?: string, braced?: string, mark?: string, rest?: string) => {
      if (whole === '$$') return '$';
      const value = variables[plain ?? braced ?? ''];
      if (value !== undefined) return value;
      if (mark === '-') return rest ?? '';
      throw new Error(`${whole} has no value`);
    },
  );
}

/** Without the top-level fields that Compose ignores, which begin with `x-`. */
function withoutExtensions(file: unknown): unknown {
  const fields = z.record(z.string(), z.unknown()).parse(file);
  return Object.fromEntries(Object.entries(fields).filter(([field]) => !field.startsWith('x-')));
}
