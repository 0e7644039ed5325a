import { imageTag, type LabImage, labImages } from './images.ts';

/** What a container is to be; everything but the name has a default. */
export interface ContainerSpec {
  readonly name: string;
  /** `busybox` unless said; a lab image is brought to the engine at its first use. */
  readonly image?: LabImage | (string & {});
  readonly hostname?: string;
  /** The default bridge unless said. */
  readonly network?: string;
  readonly ip?: string;
  readonly aliases?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** The name server; the agent's address on this host unless said, and none of ours with `false`. */
  readonly dns?: string | false;
  /** `weave.local` unless said. */
  readonly dnsSearch?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** As `docker run --publish`. */
  readonly publish?: readonly string[];
  /** Any other options of `docker run`. */
  readonly options?: readonly string[];
  /** A command that waits, and ends at SIGTERM, unless said. */
  readonly command?: readonly string[];
}

/** The words after `docker run` or `docker create` that make this container; `gateway` is where its agent answers. */
export function containerWords(spec: ContainerSpec, gateway: string): string[] {
  const { dns = gateway, dnsSearch = ['weave.local'], command = waitForTerm } = spec;
  const labImage = labImageOf(spec);
  const one = (option: string, value: string | undefined) => (value === undefined ? [] : [option, value]);
  const many = (option: string, values: readonly string[] = []) => values.flatMap((value) => [option, value]);
  return [
    ...['--name', spec.name],
    ...one('--hostname', spec.hostname),
    ...one('--network', spec.network),
    ...one('--ip', spec.ip),
    ...many('--network-alias', spec.aliases),
    ...many('--label', assignments(spec.labels)),
    ...(dns === false ? [] : ['--dns', dns, ...many('--dns-search', dnsSearch)]),
    ...many('--env', assignments(spec.env)),
    ...many('--publish', spec.publish),
    ...(spec.options ?? []),
    ...[labImage === undefined ? imageOf(spec) : imageTag(labImage), ...command],
  ];
}

/** The lab image a container is made of; undefined when it is another. */
export function labImageOf(spec: ContainerSpec): LabImage | undefined {
  return labImages.find((each) => each === imageOf(spec));
}

function imageOf({ image = 'busybox' }: ContainerSpec): string {
  return image;
}

/** The first process of a container ignores SIGTERM unless it says otherwise, and `docker stop` would take ten seconds. */
const waitForTerm = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait'];

function assignments(values: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(values).map(([name, value]) => `${name}=${value}`);
}
