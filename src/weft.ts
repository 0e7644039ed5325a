import { type Given, parseConfig, UsageError } from './flags.ts';
import { endpointText } from './name-server-view.ts';
import { openAgent } from './running.ts';

// What `import { createAgent } from 'weft'` gives. Its types stand on their own, so that they are one file of declarations.

/**
 * The flags of `weft up`, in camel case; what is left out is as there. Several values may be given where the flag may be
 * repeated.
 */
export interface AgentOptions {
  /** Other agents, `host[:port]`; one is enough to find all. */
  readonly peers?: string | readonly string[];
  /** What operators call this host; its host name by default. */
  readonly name?: string;
  /** Domains to answer for; `weave.local` by default. */
  readonly domain?: string | readonly string[];
  /** Seconds that answers may be kept; 1 by default. */
  readonly ttl?: number;
  /** Where questions are answered, `IP[:PORT]`; the container bridge's own address, port 53, by default. Port 0 takes a free one. */
  readonly dnsListen?: string | readonly string[];
  /** Whether questions are answered at all. */
  readonly dns?: boolean;
  /** Threads that answer; 1 by default. */
  readonly dnsThreads?: number;
  /** Whether every address of a name is given, or one at a time. */
  readonly answers?: 'all' | 'one';
  /** Who answers other names, `IP[:PORT]`; those of `resolvConf` by default. */
  readonly upstream?: string | readonly string[];
  /** Who answers the names of another domain, `DOMAIN=IP[:PORT]`. */
  readonly upstreamFor?: string | readonly string[];
  /** Where upstream servers are read from, followed live; `/etc/resolv.conf` by default. */
  readonly resolvConf?: string;
  /** Ranges whose questions are forwarded too, `CIDR`; this host and its containers by default. */
  readonly allow?: string | readonly string[];
  /** Where other agents connect, `IP:PORT`; `0.0.0.0:6783` by default. */
  readonly meshListen?: string;
  /** The address to give to other agents, `IP[:PORT]`, where it is not the one found. */
  readonly advertise?: string;
  /** The secret of the mesh, as `WEFT_SECRET` for `weft up`. */
  readonly secret?: string;
  /** A file with the secret; a second line is accepted too, for rotation. */
  readonly secretFile?: string;
  /** A token of `weft token`: the secret and addresses in one. */
  readonly join?: string;
  /** Where the HTTP API listens, `unix:PATH` or `IP:PORT`; `unix:/run/weft/weft.sock` and `127.0.0.1:6784` by default. */
  readonly api?: string | readonly string[];
  /** A file with the bearer token that API addresses off this host ask for. */
  readonly apiTokenFile?: string;
  /** The URL of the container engine; `unix:///var/run/docker.sock` by default. */
  readonly dockerHost?: string;
  /** Whether an engine is watched at all. */
  readonly docker?: boolean;
  /** The label that a container's name is taken from, as weave did. */
  readonly hostnameFromLabel?: string;
  /** The part of a container's name to replace, a regular expression, as weave did. */
  readonly hostnameMatch?: string;
  /** What to put there; `$1` stands for the first group. */
  readonly hostnameReplacement?: string;
  /** Where identity, static records and known peers are kept; `/var/lib/weft` by default. */
  readonly dataDir?: string;
  /** What is logged, as lines of JSON on standard error; `info` by default. */
  readonly logLevel?: 'silent' | 'error' | 'warn' | 'info' | 'debug' | 'trace';
  /** Whether to take over from the agent of this data directory, if one runs. */
  readonly takeover?: boolean;
}

/** An agent in this process. All that operators see and do is its HTTP API's. */
export interface Agent {
  /** Resolves when it answers; rejects with one clear sentence, with nothing left open, where it cannot. */
  start(): Promise<void>;
  /**
   * Ends it, within 5 s; may be called twice. `restart`, the default: others keep its records, since it is soon back;
   * `leave`: they are withdrawn at once.
   */
  stop(how?: 'restart' | 'leave'): Promise<void>;
  /** Reads the files with the mesh's secrets and the API's token again, as `weft up` does at SIGHUP. */
  reload(): Promise<void>;
  /**
   * Resolves with `left` when `weft leave` was asked for, and it should be stopped with `leave`; with `succeeded` when
   * another agent took over, and this one has stopped. Rejects when another was to take over, failed, and all could not
   * be taken up again.
   */
  readonly ended: Promise<'left' | 'succeeded'>;
  /** Where questions are answered now; empty while nowhere. */
  dnsAddresses(): readonly { readonly address: string; readonly port: number }[];
  /** Where the API listens, `unix:PATH` or `IP:PORT`. */
  apiAddresses(): readonly string[];
  /** Where other agents can dial it, `IP:PORT`. */
  meshAddresses(): readonly string[];
}

/**
 * Makes the agent of this host: opens its data directory and reads its identity and secret. Throws one clear error that
 * names every option that cannot be right, or why the directory or a file cannot be used.
 */
export async function createAgent(options: AgentOptions = {}): Promise<Agent> {
  const { secret, ...flags } = options;
  const environment = secret === undefined ? {} : { WEFT_SECRET: secret };
  const config = parseConfig(givenOf(flags), environment, optionName);
  if (!config.ok) throw new UsageError(config.problem);
  const running = await openAgent(config.value);
  return {
    start: () => running.start(),
    stop: (how = 'restart') => running.stop(how),
    reload: () => running.reload(),
    ended: running.ended,
    dnsAddresses: () => running.agent.dnsAddresses(),
    apiAddresses: () =>
      running.agent
        .apiAddresses()
        .map((api) => (api.type === 'unix' ? `unix:${api.path}` : endpointText(api.address, api.port))),
    meshAddresses: () => running.agent.meshAddresses(),
  };
}

/** Options as the flags that they stand for: `dnsListen` is `--dns-listen`, `docker: false` is `--no-docker`. */
function givenOf(options: Omit<AgentOptions, 'secret'>): Given {
  const given = Object.entries(options).flatMap(([option, value]): [string, Given[string]][] => {
    const flag = option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (value === undefined) return [];
    if (flag === 'dns' || flag === 'docker') return [[`no-${flag}`, value === false]];
    if (Array.isArray(value)) return [[flag, value.map(String)]];
    return [[flag, typeof value === 'boolean' ? value : flag === 'peers' ? [String(value)] : String(value)]];
  });
  return Object.fromEntries(given);
}

function optionName(flag: string): string {
  return flag.replace(/^no-/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
