import { describe, expect, it } from 'vitest';
import { ClientBook } from '../../src/dns/client.ts';
import { Host } from '../../src/dns/host.ts';
import type { Address } from '../../src/record.ts';
import { bridgeA, hostA } from './zone-words.ts';

describe('the book of clients', () => {
  it('looks an asker up once, and again only when its address changed hands', () => {
    const asked: string[] = [];
    const book = new ClientBook(new Host(hostA, [bridgeA]), (address) => void asked.push(address), []);
    const visit = () => ['10.1.0.2', '10.1.0.3', '10.1.0.3', '::ffff:10.1.0.2'].map((from) => book.of(from).address);
    expect(visit()).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.3', '10.1.0.2']);
    visit();
    expect(asked).toEqual(['10.1.0.2', '10.1.0.3']);
    book.forget('10.1.0.2' as Address);
    visit();
    expect(asked).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.2']);
    book.setHost(new Host(hostA, []));
    visit();
    expect(asked).toEqual(['10.1.0.2', '10.1.0.3', '10.1.0.2', '10.1.0.2', '10.1.0.3']);
  });
});
