/** `npm run screenshot`: writes docs/page.png, the page of the demo's first host after its tour. */
import { Resolver } from 'node:dns/promises';
import { join } from 'node:path';
import { runDemo } from '../../src/demo.ts';
import { openBrowser } from './browser.ts';

const file = join(import.meta.dirname, '../../docs/page.png');
/** Questions a second, and for how long: enough of a line for the eye. */
const askEveryMs = 12;
const askForMs = 40_000;

const lines: string[] = [];
const ready = Promise.withResolvers<void>();
const done = Promise.withResolvers<void>();
const demo = runDemo((line) => {
  lines.push(line);
  if (line.includes('Their page is at') || lines.some((each) => each.includes('WRONG'))) ready.resolve();
}, done.promise);
try {
  await Promise.race([ready.promise, demo]);
  // The lines that tell what to try come at once.
  await new Promise(setImmediate);
  await photograph(found(/page is at (\S+)/), `${found(/dig @(\S+)/)}:${found(/-p (\d+)/)}`);
} finally {
  done.resolve();
  await demo;
}

async function photograph(url: string, server: string): Promise<void> {
  const browser = await openBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 760 }, colorScheme: 'light' });
  await page.goto(url);
  await ask(server);
  await page.locator('#rows [role=row]', { hasText: 'nodebb' }).first().click();
  await page.getByText('nodebb.weave.local has 3 addresses').waitFor();
  await page.mouse.move(0, 0);
  await page.screenshot({ path: file });
  await browser.close();
}

async function ask(server: string): Promise<void> {
  const resolver = new Resolver();
  resolver.setServers([server]);
  const startedAt = performance.now();
  while (performance.now() - startedAt < askForMs) {
    await resolver.resolve4('nodebb.weave.local');
    await new Promise((resolve) => setTimeout(resolve, askEveryMs * 2 * Math.random()));
  }
}

function found(pattern: RegExp): string {
  for (const line of lines) {
    const [, match] = pattern.exec(line) ?? [];
    if (match !== undefined) return match;
  }
  throw new Error(`the demo did not say ${pattern}`);
}
