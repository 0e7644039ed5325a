import type { Clock } from '../clock.ts';
import type { Client } from './client.ts';
import { CookieJar } from './cookie.ts';
import type { Asker } from './forwarder.ts';
import type { DnsOptions } from './options.ts';
import type { Query } from './query.ts';
import { type Allowance, RateLimit } from './rate-limit.ts';
import { maxMessageOctets, plainUdpOctets } from './wire.ts';

/** How much an asker gets: strangers who ask too much get less, unless they prove that they are who they say. */
export class Gate {
  private readonly cookies: CookieJar;
  private readonly rate: RateLimit;
  private readonly udpPayloadOctets: number;

  constructor({ options, clock }: { options: DnsOptions; clock: Clock }) {
    this.cookies = new CookieJar(Buffer.from(options.cookieSecret, 'hex'), () => Math.floor(clock.wallNow() / 1000));
    this.udpPayloadOctets = options.limits.udpPayloadOctets;
    this.rate = new RateLimit(options.limits.strangerRepliesPerSecond, () => clock.now());
  }

  /** Whoever proved its address, by a connection or a cookie, is no forged one. */
  allowance(packet: Buffer, query: Query, client: Client, { transport }: Asker): Allowance {
    if (!client.stranger || transport === 'tcp' || this.hasValidCookie(packet, query, client.address)) return 'reply';
    return this.rate.take(client.address);
  }

  /** Octets of a reply. RFC 6891 section 6.2.5: 512 by UDP without EDNS; more only as far as no path cuts it. */
  limit({ hasOpt, udpPayload }: Query, { transport }: Asker): number {
    if (transport === 'tcp') return maxMessageOctets;
    return hasOpt ? Math.min(udpPayload, this.udpPayloadOctets) : plainUdpOctets;
  }

  /** The cookie that goes back with a reply; undefined where the question had none. */
  cookieFor(packet: Buffer, { cookieAt, cookieLength }: Query, address: string): Buffer | undefined {
    if (cookieLength === 0) return undefined;
    return this.cookies.answer(packet.subarray(cookieAt, cookieAt + cookieLength), address);
  }

  private hasValidCookie(packet: Buffer, { cookieAt, cookieLength }: Query, address: string): boolean {
    return cookieLength > 0 && this.cookies.isValid(packet.subarray(cookieAt, cookieAt + cookieLength), address);
  }
}
