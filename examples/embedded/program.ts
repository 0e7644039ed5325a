/** `node program.ts [DATA_DIR]`: runs the agent of this host inside a program, gives a name to an address, and asks for it. */
import { Resolver } from 'node:dns/promises';
import { type Agent, createAgent } from 'weft';

const agent = await createAgent({
  dataDir: process.argv[2] ?? 'weft-data',
  // What `weft up` would do without these: watch Docker's socket, answer at its bridge, listen on port 6783.
  docker: false,
  dnsListen: '127.0.0.1:0',
  meshListen: '127.0.0.1:0',
  api: '127.0.0.1:0',
  logLevel: 'error',
});
await agent.start();
await giveName('db', '192.0.2.7');
console.log(`db.weave.local is ${await ask('db.weave.local', agent)}`);
await agent.stop();

/** Everything operators do goes through the HTTP API, from inside too. */
async function giveName(name: string, ...addresses: string[]): Promise<void> {
  const [api] = agent.apiAddresses();
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ addresses });
  const response = await fetch(`http://${api}/v1/static/${name}`, { method: 'PUT', headers, body });
  if (!response.ok) throw new Error(await response.text());
}

async function ask(name: string, { dnsAddresses }: Agent): Promise<string> {
  const resolver = new Resolver();
  resolver.setServers(dnsAddresses().map(({ address, port }) => `${address}:${port}`));
  return (await resolver.resolve4(name)).join(', ');
}
