import type { App } from './app.ts';
import { type PageFile, readPage } from './page-files.ts';
import { HttpProblem } from './problem.ts';
import { pageParams } from './schema.ts';

/**
 * The page may run its own scripts and styles and ask this agent, and nothing else: whatever a container is called, its
 * name never becomes a script, and nothing leaves the browser for another host.
 */
const protection = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // Kept, and asked for again with its ETag: an agent that was upgraded serves another page.
  'cache-control': 'no-cache',
} as const;

/** The page for people, open to whoever reaches the address: it holds nothing that is known of the mesh. */
export function pageRoutes(app: App): void {
  let reading: Promise<ReadonlyMap<string, PageFile>> | undefined;

  app.get(
    '/',
    { config: { open: true }, schema: { summary: 'The page for people', produces: ['text/html'] } },
    async (request, reply) => serve('index.html', request.headers['if-none-match'], reply),
  );

  app.get(
    '/page/:file',
    {
      config: { open: true },
      schema: {
        summary: 'What the page is made of',
        params: pageParams,
        produces: ['text/javascript', 'text/css'],
      },
    },
    async (request, reply) => serve(request.params.file, request.headers['if-none-match'], reply),
  );

  async function serve(name: string, known: string | undefined, reply: Reply) {
    // Read when the first browser comes: most agents are never looked at.
    reading ??= readPage();
    const file = (await reading).get(name);
    if (file === undefined) throw new HttpProblem(404, `the page has no file ${name.slice(0, 100)}`);
    reply.headers({ ...protection, etag: file.etag });
    if (known === file.etag) return reply.code(304).send();
    return reply.type(file.mediaType).send(file.body);
  }
}

interface Reply {
  headers(values: Readonly<Record<string, string>>): unknown;
  code(status: number): Reply;
  type(mediaType: string): Reply;
  send(body?: string): unknown;
}
