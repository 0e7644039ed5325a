import { hostname } from 'node:os';
import { flagDefaults } from './config.ts';
import {
  type ApiAddress,
  anyText,
  type DomainUpstreams,
  type Endpoint,
  mustParseApiAddress,
  oneOf,
  parseAdvertised,
  parseApiAddress,
  parseDomainUpstream,
  parseEndpoint,
  parseHostName,
  parsePeer,
  regularExpression,
  wholeNumber,
} from './flag-values.ts';
import { logLevels } from './log.ts';
import { type Address, type Cidr, type Domain, parseCidr, parseDomain, quote } from './record.ts';
import { maxTtlSeconds } from './record-limits.ts';
import { accepted, type Result, refused } from './result.ts';

/** All that `weft up` was told, checked; what is undefined was left to Weft. */
export interface Config {
  readonly peers: readonly string[];
  readonly name: string;
  readonly domains: readonly Domain[];
  readonly ttlSeconds: number;
  /** Undefined: the address of the engine's default bridge. */
  readonly dnsListen: readonly Endpoint[] | undefined;
  readonly dns: boolean;
  readonly dnsThreads: number;
  readonly answers: 'all' | 'one';
  /** Undefined: those of `resolvConf`. */
  readonly upstreams: readonly Endpoint[] | undefined;
  readonly domainUpstreams: readonly DomainUpstreams[];
  readonly resolvConf: string;
  readonly allow: readonly Cidr[];
  readonly meshListen: Endpoint;
  readonly advertise: string | undefined;
  readonly secretFile: string | undefined;
  readonly secret: string | undefined;
  readonly join: string | undefined;
  readonly api: readonly ApiAddress[];
  readonly apiTokenFile: string | undefined;
  readonly dockerHost: string | undefined;
  readonly docker: boolean;
  readonly forgetAfterSeconds: number;
  /** 0: no question is written to the log. */
  readonly queryLogEvery: number;
  readonly hostnameFromLabel: string;
  readonly hostnameMatch: RegExp;
  readonly hostnameReplacement: string;
  readonly dataDir: string;
  readonly logLevel: (typeof logLevels)[number];
  readonly takeover: boolean;
}

/** One flag of `weft up`: its value's name in help, or none for a switch. */
export interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
}

/** Every flag of `weft up`, in the order of its help. */
export const upFlags: readonly Flag[] = [
  { name: 'name', value: 'NAME', help: 'what operators call this host (default: its host name)' },
  {
    name: 'domain',
    value: 'DOMAIN',
    repeatable: true,
    help: `answer for this domain (default ${flagDefaults.domain})`,
  },
  { name: 'ttl', value: 'SECONDS', help: `time to live of answers (default ${flagDefaults.ttlSeconds})` },
  {
    name: 'dns-listen',
    value: 'IP[:PORT]',
    repeatable: true,
    help: `where questions are answered (default: the container bridge's own address, port ${flagDefaults.dnsPort})`,
  },
  { name: 'no-dns', help: 'answer no questions; replicate only' },
  { name: 'dns-threads', value: 'N', help: `threads that answer questions (default ${flagDefaults.dnsThreads})` },
  { name: 'answers', value: 'all|one', help: 'give every address of a name, or one at a time (default all)' },
  { name: 'upstream', value: 'IP[:PORT]', repeatable: true, help: 'who answers other names (default: resolv.conf)' },
  {
    name: 'upstream-for',
    value: 'DOMAIN=IP[:PORT]',
    repeatable: true,
    help: 'who answers the names of one other domain',
  },
  {
    name: 'resolv-conf',
    value: 'FILE',
    help: `where upstreams are read from, followed live (default ${flagDefaults.resolvConf})`,
  },
  {
    name: 'allow',
    value: 'CIDR',
    repeatable: true,
    help: 'forward questions from these ranges too (default: this host and its containers)',
  },
  {
    name: 'mesh-listen',
    value: 'IP:PORT',
    help: `where other agents connect (default ${flagDefaults.meshAddress}:${flagDefaults.meshPort})`,
  },
  { name: 'advertise', value: 'IP[:PORT]', help: 'the address to give to other agents, where it is not the one found' },
  {
    name: 'forget-after',
    value: 'SECONDS',
    help: `forget hosts that are silent for so long; the same on all hosts (default ${flagDefaults.forgetAfterSeconds}, three days)`,
  },
  { name: 'secret-file', value: 'FILE', help: 'the secret of the mesh; a second line is accepted too, for rotation' },
  { name: 'join', value: 'TOKEN', help: 'a token of `weft token`: the secret and addresses in one' },
  {
    name: 'api',
    value: 'ADDR',
    repeatable: true,
    help: `unix:PATH or IP:PORT (default ${flagDefaults.api.join(' and ')})`,
  },
  { name: 'api-token-file', value: 'FILE', help: 'the bearer token that API addresses off this host ask for' },
  {
    name: 'docker-host',
    value: 'URL',
    help: `the container engine (default $DOCKER_HOST or ${flagDefaults.dockerHost})`,
  },
  { name: 'no-docker', help: 'watch no engine; static records and peers only' },
  { name: 'hostname-from-label', value: 'LABEL', help: "take a container's name from this label, as weave did" },
  { name: 'hostname-match', value: 'REGEXP', help: 'the part of a container name to replace, as weave did' },
  { name: 'hostname-replacement', value: 'TEXT', help: 'what to put there; $1 stands for the first group' },
  {
    name: 'data-dir',
    value: 'DIR',
    help: `identity, static records and known peers are kept here (default ${flagDefaults.dataDir})`,
  },
  { name: 'query-log', value: 'N', help: 'write one question in N to the log, with its asker (default: none)' },
  { name: 'log-level', value: 'LEVEL', help: `${logLevels.join(', ')} (default ${flagDefaults.logLevel})` },
  { name: 'takeover', help: 'take over from the agent of this data directory without a lost question, if one runs' },
];

/** What the command line gave, by the long name of the flag; `peers` holds the arguments without one. */
export type Given = Readonly<Record<string, string | readonly string[] | boolean | undefined>>;

/** What the operator wrote cannot be right, as only the agent could find out; the sentence names the flag. */
export class UsageError extends Error {}

/**
 * Reads flags, then the environment (`--dns-listen` is `WEFT_DNS_LISTEN`, several with commas); names every bad key, as
 * `spell` writes a flag.
 */
export function parseConfig(
  given: Given,
  environment: NodeJS.ProcessEnv,
  spell: (flag: string) => string = (flag) => `--${flag}`,
): Result<Config> {
  const problems = unknownFlags(given).map((flag) => `${spell(flag)}: unknown`);
  const read = reader(given, environment, { problems, spell });
  const dnsPort = flagDefaults.dnsPort;
  const dnsListen = read.list('dns-listen', (text) => parseEndpoint(text, dnsPort));
  const upstreams = read.list('upstream', (text) => parseEndpoint(text, dnsPort));
  const domains = read.list('domain', parseDomain);
  const api = read.list('api', parseApiAddress);
  const config: Config = {
    peers: read.list('peers', parsePeer),
    name: read.one('name', parseHostName, hostname()),
    domains: domains.length > 0 ? domains : [flagDefaults.domain as Domain],
    ttlSeconds: read.one('ttl', wholeNumber(0, maxTtlSeconds), flagDefaults.ttlSeconds),
    dnsListen: dnsListen.length > 0 ? dnsListen : undefined,
    dns: !read.switch('no-dns'),
    dnsThreads: read.one('dns-threads', wholeNumber(1, flagDefaults.maxDnsThreads), flagDefaults.dnsThreads),
    answers: read.one('answers', oneOf(['all', 'one']), 'all'),
    upstreams: upstreams.length > 0 ? upstreams : undefined,
    domainUpstreams: read.list('upstream-for', parseDomainUpstream),
    resolvConf: read.one('resolv-conf', anyText, flagDefaults.resolvConf),
    allow: read.list('allow', parseCidr),
    meshListen: read.one('mesh-listen', (text) => parseEndpoint(text, flagDefaults.meshPort), {
      address: flagDefaults.meshAddress as Address,
      port: flagDefaults.meshPort,
    }),
    advertise: read.one<string | undefined>('advertise', parseAdvertised, undefined),
    forgetAfterSeconds: read.one(
      'forget-after',
      wholeNumber(flagDefaults.minForgetAfterSeconds, flagDefaults.maxForgetAfterSeconds),
      flagDefaults.forgetAfterSeconds,
    ),
    secretFile: read.one<string | undefined>('secret-file', anyText, undefined),
    secret: environment.WEFT_SECRET || undefined,
    join: read.one<string | undefined>('join', anyText, undefined),
    api: api.length > 0 ? api : flagDefaults.api.map(mustParseApiAddress),
    apiTokenFile: read.one<string | undefined>('api-token-file', anyText, undefined),
    dockerHost: read.one<string | undefined>('docker-host', anyText, environment.DOCKER_HOST || undefined),
    docker: !read.switch('no-docker'),
    queryLogEvery: read.one('query-log', wholeNumber(0, flagDefaults.maxQueryLogEvery), 0),
    hostnameFromLabel: read.one('hostname-from-label', anyText, ''),
    hostnameMatch: read.one('hostname-match', regularExpression, /(.*)/),
    hostnameReplacement: read.one('hostname-replacement', anyText, '$1'),
    dataDir: read.one('data-dir', anyText, flagDefaults.dataDir),
    logLevel: read.one('log-level', oneOf(logLevels), flagDefaults.logLevel),
    takeover: read.switch('takeover'),
  };
  if (new Set(config.domains).size < config.domains.length)
    problems.push(`${spell('domain')}: the same domain is given twice`);
  return problems.length > 0 ? refused(problems.join('\n')) : accepted(config);
}

/** The environment variable that stands for a flag. */
export function environmentName(flag: string): string {
  return `WEFT_${flag.toUpperCase().replaceAll('-', '_')}`;
}

function unknownFlags(given: Given): string[] {
  const known = new Set(['peers', ...upFlags.map((flag) => flag.name)]);
  return Object.keys(given).filter((key) => !known.has(key));
}

interface Complaints {
  readonly problems: string[];
  readonly spell: (flag: string) => string;
}

/** Looks each key up on the command line, then in the environment, and collects what is wrong with it. */
function reader(given: Given, environment: NodeJS.ProcessEnv, { problems, spell }: Complaints) {
  const texts = (key: string): { source: string; values: readonly string[] } => {
    const flag = given[key];
    if (typeof flag === 'boolean') problems.push(`${spell(key)}: ${flag} is no value for it`);
    if (typeof flag === 'string') return { source: spell(key), values: [flag] };
    if (Array.isArray(flag) && flag.length > 0) return { source: key === 'peers' ? 'PEER' : spell(key), values: flag };
    const source = environmentName(key);
    const value = environment[source];
    if (value === undefined || value === '') return { source, values: [] };
    const repeatable = key === 'peers' || upFlags.some((each) => each.name === key && each.repeatable);
    return { source, values: repeatable ? value.split(/[\s,]+/).filter((each) => each !== '') : [value] };
  };
  const list = <T>(key: string, parse: (text: string) => Result<T>): T[] => {
    const { source, values } = texts(key);
    return values.flatMap((text) => {
      const parsed = parse(text);
      if (parsed.ok) return [parsed.value];
      problems.push(`${source}: ${parsed.problem}`);
      return [];
    });
  };
  return {
    list,
    one: <T>(key: string, parse: (text: string) => Result<T>, otherwise: T): T => list(key, parse).at(-1) ?? otherwise,
    switch: (key: string): boolean => {
      if (given[key] === true) return true;
      const value = environment[environmentName(key)]?.toLowerCase();
      if (value === undefined || ['', '0', 'false', 'no'].includes(value)) return false;
      if (['1', 'true', 'yes'].includes(value)) return true;
      problems.push(`${environmentName(key)}: ${quote(value)} must be true or false`);
      return false;
    },
  };
}
