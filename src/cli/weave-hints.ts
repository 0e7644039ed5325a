/** What weave's users type and Weft has under another name, or has no need of. */
const hints: Readonly<Record<string, string>> = {
  launch: '"weft up"; --password is --secret-file there, and peers are given the same way',
  'launch-router': '"weft up"',
  'launch-proxy': 'not needed: Weft follows the engine itself',
  stop: '"weft leave", which withdraws the records, or the end of the agent\'s process, which does not',
  'stop-router': '"weft leave", or the end of the agent\'s process',
  'stop-proxy': 'not needed: there is no proxy',
  prime: 'not needed: no addresses are handed out, so there is nothing to agree on',
  ps: '"weft ls"',
  expose: '"weft add NAME IP", with an address that this host has: Weft hands out none',
  hide: '"weft rm NAME"',
  attach: 'not needed: a container has the name as soon as it is on a network (docker network connect)',
  detach: 'not needed: a container loses the name with its network (docker network disconnect)',
  run: '"docker run $(weft dns-args)"',
  start: '"docker start"',
  restart: '"docker restart"',
  env: 'not needed: there is no proxy',
  config: 'not needed: there is no proxy',
  rmpeer: '"weft forget HOST"',
  reset: '"weft leave", and the removal of the data directory',
  setup: 'not needed: there are no images to fetch',
  version: '"weft --version"',
};

/** What to do instead of a command that only weave had. */
export function weaveHint(command: string | undefined): string | undefined {
  return command !== undefined && Object.hasOwn(hints, command) ? hints[command] : undefined;
}
