// Has Chromium show cameras for as long as it is asked how it does:
//
//     node long.mjs URL QUERY...
//
// Each query is that of a page /demo/player.html. For each line on stdin comes
// a line of JSON: what the pages have shown so far, and the bytes of their
// JavaScript heaps after a collection. It ends with stdin.
// e2e/contract/long_linux_test.go calls it.

import { createInterface } from 'node:readline';
import { check, open, run } from './chromium.mjs';

const [url, ...queries] = process.argv.slice(2);

async function look(page) {
  await page.cdp.send('HeapProfiler.collectGarbage');
  const { usedSize } = await page.cdp.send('Runtime.getHeapUsage');
  const player = await page.evaluate(() => {
    const { activeMode, state, measure } = document.querySelector('framegate-player');
    return { mode: activeMode, state, shown: measure?.shown ?? 0 };
  });
  return { heap: usedSize, ...player };
}

async function story(context) {
  const pages = [];
  for (const query of queries) {
    const page = await open(context, `${url}/demo/player.html?${query}`);
    page.cdp = await context.newCDPSession(page);
    pages.push(page);
  }
  for await (const _ of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await Promise.all(pages.map(look))));
  }
  const complaints = pages.flatMap((page) => page.complaints);
  check(complaints.length === 0, complaints.join('\n'));
}

await run(story, (page) => page.evaluate(() => document.querySelector('framegate-player').words));
process.exit();
