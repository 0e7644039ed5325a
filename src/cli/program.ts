import { Argument, Command, Option } from 'commander';
import { completion, shells } from './completion.ts';
import type { Context } from './context.ts';
import { type ExplainOptions, explain } from './explain.ts';
import { dnsLookup, lookup } from './lookup.ts';
import { type LsOptions, ls, states, types } from './ls.ts';
import { connect, forget, leave, token } from './mesh.ts';
import { report } from './report.ts';
import { type AddOptions, add, rm } from './static-records.ts';
import { status, statusParts } from './status.ts';
import { exportFormats, exportRecords, importFormats, importRecords } from './transfer.ts';
import { watch } from './watch.ts';
import { dnsAdd, dnsArgs, dnsRemove } from './weave-names.ts';

/** A flag of `weft up`: its value's name in help, or none for a switch. */
export interface UpFlag {
  readonly name: string;
  readonly value?: string;
  readonly repeatable?: true;
  readonly help: string;
}

/** What flags gave, by their long name; `peers` holds the arguments without one. */
export type GivenFlags = Record<string, string | readonly string[] | boolean | undefined>;

/** What the command line needs from around it. */
export interface ProgramParts {
  readonly version: string;
  readonly upFlags: readonly UpFlag[];
  up(given: GivenFlags): Promise<void>;
  demo(options: { once: boolean }): Promise<void>;
  /** The context of a command that asks the agent at `api`, or at the usual places. */
  context(api: string | undefined): Context;
  /** Writes to standard output and standard error. */
  out(text: string): void;
  err(text: string): void;
}

/** The whole command line; parsing throws a `CommanderError` for wrong usage, and what commands throw. */
export function buildProgram(parts: ProgramParts): Command {
  const program = new Command('weft')
    .description('Names of containers on several Docker hosts: micro-DNS and DNS load balancer.')
    .version(parts.version, '-V, --version')
    .addOption(new Option('--api <addr>', 'as after the command').argParser(collect).hideHelp())
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: parts.out,
      writeErr: parts.err,
      outputError: (text, write) => write(`weft: ${oneSentence(text)}\n`),
    })
    .addHelpText('after', examples);
  addUp(program, parts);
  program
    .command('demo')
    .description('three agents with three embedded engines on 127.0.0.1 to 127.0.0.3, and a tour')
    .option('--once', 'end after the tour; exit 0 only if every answer was right')
    .action((options: { once?: boolean }) => parts.demo({ once: options.once ?? false }));
  const asking = asker(program);
  const make = ({ api }: Api) => parts.context(api ?? apiBefore(program)?.join());
  addReading(asking, make);
  addWriting(asking, make);
  addWeave(asking, make);
  program
    .command('completion')
    .description('print a completion script: eval "$(weft completion bash)"')
    .addArgument(new Argument('<shell>').choices(shells))
    .action((shell: (typeof shells)[number]) => parts.out(completion(program, shell)));
  return program;
}

const examples = `
Examples:
  weft up                          run the first host's agent
  weft up 10.0.0.1 --join TOKEN    join it from another host
  weft status                      what is wrong first, then the rest
  weft ls --state unhealthy        records of containers that are not well
  weft add db 192.0.2.7            a name for something that is no container
  weft explain web --from 172.17.0.3

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no agent there.
`;

function addUp(program: Command, { upFlags, up }: ProgramParts): void {
  const command = program
    .command('up')
    .description('run the agent of this host')
    .argument('[peers...]', 'other agents, host[:port]; one is enough to find all')
    .addHelpText(
      'after',
      examplesOf('up', '', '10.0.0.1 --join TOKEN', '--dns-listen 172.17.0.1 --upstream 192.0.2.53'),
    )
    .addHelpText('after', 'Every flag also as environment variable: --dns-listen is WEFT_DNS_LISTEN.');
  for (const { name, value, repeatable, help } of upFlags) {
    const option = new Option(`--${name}${value === undefined ? '' : ` <${value}>`}`, help);
    if (repeatable) option.argParser(collect);
    command.addOption(option);
  }
  command.action((peers: string[], options: Record<string, unknown>) =>
    up({ peers, ...givenFlags(upFlags, { api: apiBefore(program), ...options }) }),
  );
}

/** What stood before the command, as in `weft --api ADDR status`. */
function apiBefore(program: Command): readonly string[] | undefined {
  return program.opts<{ api?: readonly string[] }>().api;
}

/** Commander's camel-cased options, by the long name of the flag again. */
function givenFlags(flags: readonly UpFlag[], options: Readonly<Record<string, unknown>>): GivenFlags {
  const given: GivenFlags = {};
  for (const { name, value } of flags) {
    const key = name.replace(/^no-/, '').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
    const option = options[key];
    // Commander turns `--no-docker` into docker: false.
    if (value === undefined) given[name] = name.startsWith('no-') ? option === false : option === true;
    else if (typeof option === 'string' || isTexts(option)) given[name] = option;
  }
  return given;
}

/** Begins a command that asks an agent. */
type Asking = (signature: string, description: string) => Command;

function asker(program: Command): Asking {
  return (signature, description) =>
    program
      .command(signature)
      .description(description)
      .option('--api <addr>', 'the agent: unix:PATH or IP:PORT (default: that of this host)');
}

/** Makes the context of a command out of its options. */
type Make = (options: Api) => Context;
type Api = { readonly api?: string };
type Json = Api & { readonly json?: boolean };

function addReading(asking: Asking, make: Make): void {
  asking('status', 'what is wrong first, then the rest; a part as weave printed it')
    .addArgument(new Argument('[part]').choices(statusParts))
    .addHelpText('after', examplesOf('status', 'peers', '--json', '--api 127.0.0.1:6784'))
    .option('--json', 'print JSON')
    .action((part: string | undefined, options: Json) => status(make(options), part, options));
  asking('ls [name]', 'the records of all names, of one, or of those like "web*"')
    .option('--host <host>', 'only records of this host')
    .addOption(new Option('--state <state>', 'only records in this state').choices(states))
    .addOption(new Option('--type <type>', 'only records of this type').choices(types))
    .option('--json', 'print JSON')
    .addHelpText('after', examplesOf('ls', "'web*' --state unhealthy", '--host host2 --type SRV', '--json | jq'))
    .action((name: string | undefined, options: LsOptions & Api) => ls(make(options), name, options));
  asking('lookup <name> [type]', "ask the agent's name server, as a container would")
    .addHelpText('after', examplesOf('lookup', 'web', '_mongodb._tcp.db SRV', '172.17.0.2', 'www.example AAAA'))
    .option('--json', 'print JSON')
    .action((name: string, type: string | undefined, options: Json) => lookup(make(options), name, type, options));
  asking('explain <name>', 'why a name is answered as it is')
    .option('--from <ip>', 'as asked from this address')
    .addHelpText('after', examplesOf('explain', 'web', 'web --from 172.17.0.3'))
    .option('--json', 'print JSON')
    .action((name: string, options: ExplainOptions & Api) => explain(make(options), name, options));
  asking('watch [names...]', 'what changes, as it changes')
    .addHelpText('after', examplesOf('watch', 'web db', '--json | while read -r event; do reload-proxy; done'))
    .option('--json', 'print each event as a line of JSON')
    .action((names: string[], options: Json) => watch(make(options), names, options));
}

function addWriting(asking: Asking, make: Make): void {
  asking('add <name> [ips...]', 'give addresses a name, in the whole mesh')
    .addHelpText(
      'after',
      examplesOf(
        'add',
        'db 192.0.2.7 2001:db8::7 --ttl 5',
        'www --cname shop.example',
        "_mongodb._tcp.db --srv '27017 node0'",
        "'*.apps' 192.0.2.8",
      ),
    )
    .option('--ttl <seconds>', 'time to live of these records')
    .option('--cname <name>', 'an alias instead of addresses')
    .option('--srv <service>', '"PORT TARGET" or "PRIORITY WEIGHT PORT TARGET"; repeatable', collect)
    .option('--txt <text>', 'a text; repeatable', collect)
    .option('--replace', 'leave no other static records of the name')
    .option('--json', 'print JSON')
    .action((name: string, ips: string[], options: AddOptions & Api) => add(make(options), name, ips, options));
  asking('rm <name> [ips...]', 'remove static records, all of a name or these addresses')
    .addHelpText('after', examplesOf('rm', 'db', 'db 192.0.2.7'))
    .option('--json', 'print JSON')
    .action((name: string, ips: string[], options: Json) => rm(make(options), name, ips, options));
  addTransfer(asking, make);
  asking('token', 'print what another host needs to join')
    .option('--json', 'print JSON')
    .action((options: Json) => token(make(options), options));
  asking('connect [peers...]', 'dial other agents; those that answer are known after a restart too')
    .addHelpText('after', examplesOf('connect', '10.0.0.2', '--replace 10.0.0.2:6783 10.0.0.3:6783'))
    .option('--replace', 'stop dialling all others')
    .option('--json', 'print JSON')
    .action((peers: string[], options: Json & { replace?: boolean }) => connect(make(options), peers, options));
  asking('forget <peers...>', 'stop dialling agents, or drop hosts that are gone for good')
    .option('--json', 'print JSON')
    .action((peers: string[], options: Json) => forget(make(options), peers, options));
  asking('leave', "withdraw this host's records and end its agent")
    .option('--json', 'print JSON')
    .action((options: Json) => leave(make(options), options));
}

function addTransfer(asking: Asking, make: Make): void {
  asking('export', 'all records as a hosts file or a zone file')
    .addHelpText('after', examplesOf('export', '--format zone > weave.local.zone', '--static'))
    .addOption(new Option('--format <format>', 'what to write').choices(exportFormats).default('hosts'))
    .option('--static', 'only records that were made by hand, shadowed or not')
    .action((options: Api & Parameters<typeof exportRecords>[1]) => exportRecords(make(options), options));
  asking(
    'import <file>',
    'make static records of a hosts file, a zone file or the output of "weave report"; - is standard input',
  )
    .addHelpText('after', examplesOf('import', 'weave-report.json', '--dry-run /etc/hosts', '--format zone -'))
    .addOption(new Option('--format <format>', 'what the file is, where it cannot be told').choices(importFormats))
    .option('--dry-run', 'only print what would be added')
    .option('--json', 'print each record as a line of JSON')
    .action((file: string, options: Api & Parameters<typeof importRecords>[2]) =>
      importRecords(make(options), file, options),
    );
}

/** weave's own grammar, in which `-h` is a host name. */
function addWeave(asking: Asking, make: Make): void {
  type Named = Api & { readonly hostname?: string };
  asking('dns-add <words...>', 'give addresses a name: [IP...] CONTAINER [-h FQDN] | IP... -h FQDN')
    .helpOption('--help')
    .option('-h, --hostname <fqdn>', 'the name')
    .action((words: string[], options: Named) => dnsAdd(make(options), words, options.hostname));
  asking('dns-remove <words...>', 'take it away again: [IP...] CONTAINER [-h FQDN] | IP... -h FQDN')
    .helpOption('--help')
    .option('-h, --hostname <fqdn>', 'only this name')
    .action((words: string[], options: Named) => dnsRemove(make(options), words, options.hostname));
  asking('dns-lookup <name>', 'addresses only, nothing where there are none').action((name: string, options: Api) =>
    dnsLookup(make(options), name),
  );
  asking('dns-args', 'the flags that make "docker run" use the agent').action((options: Api) => dnsArgs(make(options)));
  asking('report', 'all that the agent knows, as JSON')
    .option('-f, --format <template>', "what to print of it, in Go's template words")
    .action((options: Api & { format?: string }) => report(make(options), options));
}

/** The end of a command's help. */
function examplesOf(command: string, ...words: string[]): string {
  return `\nExamples:\n${words.map((each) => `  weft ${command} ${each}`.trimEnd()).join('\n')}\n`;
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Commander's messages, as one line without its "error:". */
function oneSentence(text: string): string {
  return text
    .trim()
    .replace(/^error: /, '')
    .replace(/\s*\n\s*/g, ' ');
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
