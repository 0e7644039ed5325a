import { type Browser, chromium } from 'playwright-core';

/** Debian's Chromium, without a window; root may use it only without its sandbox, and it opens only our own pages. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}
