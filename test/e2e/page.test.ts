import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Address, Name } from '../../src/record.ts';
import { openBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { apiToken, PageHost } from '../support/page-host.ts';

/** The page in Debian's Chromium, served by whole agents over embedded engines. */

/** What the browser waits for at most; all of it comes within a second or two. */
const patienceMs = 20_000;

let browser: Browser;
let one: PageHost;
let two: PageHost;
const pages: Page[] = [];
const more: PageHost[] = [];

beforeAll(async () => {
  [browser, one] = await Promise.all([openBrowser(), PageHost.start(1)]);
  two = await PageHost.start(2, one.agent.meshAddresses().slice(0, 1));
  for (const name of ['node0', 'nodebb', 'rethinkleader']) one.engine.run({ name });
  for (const name of ['node1', 'nodebb', 'second']) two.engine.run({ name });
});

afterEach(async () => {
  await Promise.all(pages.splice(0).map((page) => page.close()));
  await Promise.all(more.splice(0).map((host) => host[Symbol.asyncDispose]()));
});

afterAll(async () => {
  await browser?.close();
  await Promise.all([one, two].map((host) => host?.[Symbol.asyncDispose]()));
});

/** A page that is open, and everything that it complained of or asked for elsewhere. */
async function open(host: Pick<PageHost, 'url'>, path = '') {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(patienceMs);
  pages.push(page);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (!request.url().startsWith(host.url) && !request.url().startsWith('data:')) complaints.push(request.url());
  });
  await page.goto(host.url + path);
  return { page, complaints };
}

/** The rows that are there, each as its name, address, state and host with a space between. */
function rows(page: Page): Promise<string[]> {
  return page.$$eval('#rows [role=row]:not([hidden])', (all) =>
    all
      .toSorted((row, other) => Number(row.ariaRowIndex) - Number(other.ariaRowIndex))
      .map((row) => [0, 1, 3, 6].map((cell) => row.children[cell]?.textContent).join(' ')),
  );
}

async function expectRows(page: Page, expected: (shown: readonly string[]) => boolean, what: string): Promise<void> {
  await expect.poll(async () => expected(await rows(page)), { timeout: patienceMs, message: what }).toBe(true);
}

describe('the page', () => {
  it('shows every name with its addresses, complains of nothing and asks nobody else', async () => {
    const { page, complaints } = await open(one);
    const all = [
      `node0 ${one.engine.addressOf('node0')} running host1`,
      `node1 ${two.engine.addressOf('node1')} running host2`,
      `nodebb ${one.engine.addressOf('nodebb')} running host1`,
      `nodebb ${two.engine.addressOf('nodebb')} running host2`,
      `rethinkleader ${one.engine.addressOf('rethinkleader')} running host1`,
      `second ${two.engine.addressOf('second')} running host2`,
    ];
    await expect.poll(async () => (await rows(page)).toSorted(), { timeout: patienceMs }).toEqual(all);
    await page.getByText('Nothing is wrong.').waitFor();
    await page.getByText('host1 · weave.local').waitFor();
    await page.getByText('6 containers · 2 of 2 hosts').waitFor();
    await page.getByText(/^[\d.,]+ queries\/s$/).waitFor();
    await expect.poll(() => page.locator('#hosts b').allTextContents()).toEqual(['host1', 'host2']);
    expect(await page.locator('#mesh line[data-link=established]').count()).toBe(1);
    await page.getByText('Lines are links:').waitFor();
    await page.locator('#changes button', { hasText: 'rethinkleader' }).first().waitFor();
    await page.getByLabel('short ids').check();
    await expectRows(page, (shown) => shown.length === 12, 'the short ids of six containers');
    expect(complaints).toEqual([]);
  });

  it('shows with each record whether it is answered, and why not, as it changes', async () => {
    const { page } = await open(one);
    const verdicts = () =>
      page.$$eval('#rows [role=row]:not([hidden])', (all) =>
        all.map((row) => [0, 6, 2].map((cell) => row.children[cell]?.textContent).join(' ')).toSorted(),
      );
    const both = (other: string) => [
      'node0 host1 answered',
      'node1 host2 answered',
      'nodebb host1 answered',
      `nodebb host2 ${other}`,
      'rethinkleader host1 answered',
      'second host2 answered',
    ];
    await expect.poll(verdicts, { timeout: patienceMs }).toEqual(both('answered'));
    two.engine.pause('nodebb');
    await expect.poll(verdicts, { timeout: patienceMs }).toEqual(both('left out'));
    const row = page.locator('#rows [role=row][data-answered=false]');
    expect(await row.getAttribute('title')).toMatch(/paused/);
    two.engine.unpause('nodebb');
    await expect.poll(verdicts, { timeout: patienceMs }).toEqual(both('answered'));
  });

  it("follows a container's death and its return by the stream alone, and tells them", async () => {
    const { page } = await open(one);
    await expectRows(page, (shown) => shown.length === 6, 'all names');
    await page.locator('#changes button', { hasText: 'second' }).first().waitFor();
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    two.engine.stop('second');
    await expectRows(page, (shown) => shown.length === 5, 'second is gone');
    const told = page.locator('#changes li', { hasText: 'second' }).first();
    await told.getByText('− A').waitFor();
    two.engine.start('second');
    await expectRows(page, (shown) => shown.some((row) => row.startsWith('second ')), 'second is back');
    await told.getByText('+ A').waitFor();
    expect(asked).not.toContain('/v1/changes');
  });

  it('outlives a restart of its agent, and knows then what changed meanwhile', async () => {
    const { page } = await open(one);
    await expectRows(page, (shown) => shown.length === 6, 'all names');
    await one.stopAgent();
    await page.getByText('agent not reached, trying again').waitFor();
    expect(await rows(page)).toHaveLength(6);
    one.engine.remove('rethinkleader');
    one.engine.run({ name: 'first' });
    await one.startAgent(two.agent.meshAddresses().slice(0, 1));
    await page.getByText('live', { exact: true }).waitFor();
    await expectRows(page, (shown) => shown.some((row) => row.startsWith('first ')), 'first is there');
    await expectRows(page, (shown) => !shown.some((row) => row.startsWith('rethinkleader ')), 'rethinkleader is gone');
    await expectRows(page, (shown) => shown.length === 6, 'all names');
  });

  it('searches as one types, by fields too, and keeps the search in its address', async () => {
    const { page } = await open(one);
    await page.getByLabel('Search records').fill('nodebb host:host2');
    await expectRows(page, (shown) => shown.length === 1 && (shown[0] ?? '').startsWith('nodebb'), 'one nodebb');
    await page.getByText('1 record', { exact: true }).waitFor();
    const again = await open(one, new URL(page.url()).hash);
    await expectRows(again.page, (shown) => shown.length === 1, 'the same after a reload');
  });

  it('counts what is not well first, and shows it at a click', async () => {
    const { page } = await open(two);
    two.engine.pause('node1');
    await page.getByRole('button', { name: '1 paused' }).click();
    await expectRows(page, (shown) => shown.length === 1 && (shown[0] ?? '').includes('paused'), 'node1 alone');
    two.engine.unpause('node1');
    await expectRows(page, (shown) => shown.length === 0, 'nothing is paused any more');
    await page.getByRole('button', { name: '0 paused' }).click();
    await expectRows(page, (shown) => shown.length === 6, 'all names');
  });

  it('explains a name at a click, to an asker of choice, and follows it', async () => {
    const { page } = await open(one);
    await page.locator('#rows [role=row]', { hasText: 'nodebb' }).first().click();
    const panel = page.getByRole('region', { name: 'nodebb' });
    await panel.getByText('nodebb.weave.local has 2 addresses for this asker').waitFor();
    await panel.getByLabel('Asked from').fill(one.engine.addressOf('node0') ?? '');
    await panel.getByRole('button', { name: 'Explain', exact: true }).click();
    await panel.getByText(`Asked by ${one.engine.addressOf('node0')}, container node0`).waitFor();
    two.engine.stop('nodebb');
    await panel.getByText('nodebb.weave.local has 1 address for this asker').waitFor();
    two.engine.start('nodebb');
    await panel.getByText('nodebb.weave.local has 2 addresses for this asker').waitFor();
    await panel.getByLabel('Asked from').fill('nonsense');
    await panel.getByLabel('Asked from').press('Enter');
    await panel.getByRole('status').getByText('address "nonsense" must be an IPv4 address').waitFor();
  });

  it('is used with the keyboard alone', async () => {
    const { page } = await open(one);
    await expectRows(page, (shown) => shown.length === 6, 'all names');
    await page.keyboard.press('/');
    await page.keyboard.type('nodebb');
    await expectRows(page, (shown) => shown.length === 2, 'both nodebb');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    const active = async () => page.locator('#records').getAttribute('aria-activedescendant');
    expect(await active()).toBe('record-1');
    expect(await page.locator('#record-1').getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('Enter');
    await page.getByText('nodebb.weave.local has 2 addresses').waitFor();
    expect(await page.evaluate('document.activeElement.id')).toBe('explain-title');
    await page.keyboard.press('Escape');
    expect(await page.locator('#explain').isVisible()).toBe(false);
    expect(await page.evaluate('document.activeElement.id')).toBe('records');
    expect(await active()).toBe('record-1');
  });

  it.each(['light', 'dark'] as const)('has no fault that axe finds, in %s colours', async (colorScheme) => {
    const { page } = await open(one);
    await page.emulateMedia({ colorScheme });
    await page.locator('#rows [role=row]', { hasText: 'nodebb' }).first().click();
    await page.getByText('nodebb.weave.local has 2 addresses').waitFor();
    await page.locator('#changes time').first().waitFor();
    // Evaluated by the browser itself: the page's own policy lets no script in.
    await page.evaluate(axe.source);
    const faults = await page.evaluate<{ id: string; nodes: { html: string }[] }[]>(
      'axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"] }).then((run) => run.violations)',
    );
    expect(faults.map(({ id, nodes }) => [id, ...nodes.map(({ html }) => html)])).toEqual([]);
  });

  it('stays quick with 10,000 records', async () => {
    const host = await PageHost.start(3);
    more.push(host);
    host.agent.control.addStatic(
      Array.from({ length: 10_000 }, (_, index) => ({
        name: `n${index}` as Name,
        data: { type: 'address', address: `10.9.${index >> 8}.${index & 255}` as Address },
        madeOn: 'host3',
        madeAt: Date.now(),
      })),
    );
    const { page, complaints } = await open(host);
    await page.getByText('10,000 records', { exact: true }).waitFor();
    await page.locator('#records').focus();
    await page.keyboard.press('End');
    await expectRows(page, (shown) => shown.at(-1) === 'n9999 10.9.39.15 static host3', 'the last record');
    expect((await rows(page)).length).toBeLessThan(100);
    await page.locator('#records').evaluate((grid) => grid.scrollTo(0, grid.scrollHeight / 2));
    await expectRows(page, (shown) => shown.some((row) => row.startsWith('n5000 ')), 'the middle');
    await page.getByLabel('Search records').fill('n123');
    await page.getByText('11 records', { exact: true }).waitFor();
    host.agent.control.removeStatic('n1234' as Name);
    await page.getByText('10 records', { exact: true }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('asks for the token where the agent does, until it is the right one, and keeps it for its tab', async () => {
    const host = await PageHost.start(4, [], { listen: '0.0.0.0' });
    more.push(host);
    host.engine.run({ name: 'web' });
    const { page } = await open(host);
    await page.getByRole('textbox', { name: 'Token' }).fill('wrong');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByText('That was not the right one.').waitFor();
    expect(await rows(page)).toEqual([]);
    await page.getByRole('textbox', { name: 'Token' }).fill(apiToken);
    await page.getByRole('textbox', { name: 'Token' }).press('Enter');
    await expectRows(page, (shown) => shown.length === 1, 'web');
    await page.getByText('1 of 1 host').waitFor();
    await page.reload();
    await expectRows(page, (shown) => shown.length === 1, 'web after a reload');
  });

  it('is part of the bundle, small, and the same there', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'weft-bundle-'));
    const root = join(import.meta.dirname, '../..');
    await promisify(execFile)(process.execPath, ['build.ts', directory], { cwd: root });
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    const port = await freePort();
    const flags = ['--no-docker', '--no-dns', '--mesh-listen', '127.0.0.1:0', '--data-dir', join(directory, 'data')];
    const agent = spawn(process.execPath, [join(directory, 'weft.js'), 'up', ...flags, '--api', `127.0.0.1:${port}`], {
      stdio: 'ignore',
    });
    try {
      const url = `http://127.0.0.1:${port}/`;
      const isThere = () =>
        fetch(url).then(
          (reply) => reply.ok,
          () => false,
        );
      await expect.poll(isThere, { timeout: patienceMs }).toBe(true);
      const { page, complaints } = await open({ url });
      await page.getByText('0 names · 0 containers · 1 of 1 host · no engine').waitFor();
      expect(complaints).toEqual([]);
      const sizes = await page.evaluate<number[]>(
        'performance.getEntries().filter((each) => /[/](page[/].+)?$/.test(each.name)).map((each) => each.decodedBodySize)',
      );
      expect(sizes).toHaveLength(3);
      expect(sizes.reduce((sum, size) => sum + size)).toBeLessThan(40_000);
    } finally {
      agent.kill();
      if (agent.exitCode === null) await once(agent, 'exit');
      await rm(directory, { recursive: true, force: true });
    }
  });
});
