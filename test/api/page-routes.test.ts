import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiAgent } from '../support/api-agent.ts';

let agent: ApiAgent;

beforeAll(async () => {
  agent = await ApiAgent.start();
});

afterAll(() => agent[Symbol.asyncDispose]());

describe('the page, as it is served', () => {
  it('is made of files that all are there', async () => {
    const page = await agent.ask('GET', '/');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const wanted = new Set([...page.text.matchAll(/(?:href|src)="(page\/[^"]+)"/g)].map(([, path]) => `/${path}`));
    expect([...wanted]).toEqual(['/page/page.css', '/page/main.ts']);
    for (const path of wanted) {
      const file = await agent.ask('GET', path);
      expect([path, file.status]).toEqual([path, 200]);
      for (const [, name] of file.text.matchAll(/from '\.\/([^']+)'/g)) wanted.add(`/page/${name}`);
    }
    expect(wanted.size).toBeGreaterThan(10);
  });

  it('is TypeScript without its types, which browsers run', async () => {
    const { text, headers } = await agent.ask('GET', '/page/words.ts');
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(text).toContain('export function age(milliseconds');
    expect(text).not.toContain('milliseconds:');
  });

  it('may run nothing but its own files, and talk to nobody but its agent', async () => {
    for (const path of ['/', '/page/main.ts']) {
      const policy = String((await agent.ask('GET', path)).headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'");
      expect(policy).not.toMatch(/unsafe|\*|https?:/);
    }
    expect((await agent.ask('GET', '/')).headers['x-content-type-options']).toBe('nosniff');
  });

  it('is not sent again to a browser that has it', async () => {
    const { etag } = (await agent.ask('GET', '/')).headers;
    const again = await agent.ask('GET', '/', { headers: { 'if-none-match': String(etag) } });
    expect(again).toMatchObject({ status: 304, text: '' });
  });

  it.each(['nothing.ts', 'tsconfig.json', '..%2fserver.ts', '%2e%2e%2f%2e%2e%2fpackage.json', '__proto__'])(
    'has no file %s',
    async (name) => {
      expect((await agent.ask('GET', `/page/${name}`)).json).toMatchObject({ status: 404 });
    },
  );
});
