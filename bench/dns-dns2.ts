import { createServer, Packet } from 'dns2';
import { benchAddresses, benchDomain, benchName } from './dns-zone.ts';

// A plain dns2 server with the same names: `node bench/dns-dns2.ts PORT NAMES`.

const [port = '0', names = '1000'] = process.argv.slice(2);
const zone = new Map<string, readonly string[]>();
for (let index = 0; index < Number(names); index++)
  zone.set(`${benchName(index)}.${benchDomain}`, benchAddresses(index));

const server = createServer({
  udp: true,
  tcp: true,
  handle: (request, send) => {
    const response = Packet.createResponseFromRequest(request);
    const [question] = request.questions;
    const addresses = zone.get(question?.name.toLowerCase() ?? '');
    if (addresses === undefined) response.header.rcode = 3;
    if (question?.type === Packet.TYPE.A)
      for (const address of addresses ?? [])
        response.answers.push({
          name: question.name,
          type: Packet.TYPE.A,
          class: Packet.CLASS.IN,
          ttl: 1,
          address,
          toBuffer: undefined as never,
        });
    void send(response);
  },
});
await server.listen({
  udp: { port: Number(port), address: '127.0.0.1' },
  tcp: { port: Number(port), address: '127.0.0.1' },
});
