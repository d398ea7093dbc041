// What pages cost, as Chromium tells it.

/** Costs of a browser and of one page of it. */
export class Costs {
  static async of(page) {
    const browser = page.context().browser();
    return Object.assign(new Costs(), { browser, page, all: await browser.newBrowserCDPSession(), own: await page.context().newCDPSession(page) });
  }

  // cpu has something done, and gives the seconds of CPU that the browser used meanwhile: its pages, and all
  // else of it, which puts pages onto the screen.
  async cpu(deed) {
    const look = async () => (await this.all.send('SystemInfo.getProcessInfo')).processInfo;
    const before = new Map((await look()).map(({ id, cpuTime }) => [id, cpuTime]));
    await deed();
    const used = { pages: 0, others: 0 };
    for (const { id, type, cpuTime } of await look()) used[type === 'renderer' ? 'pages' : 'others'] += cpuTime - (before.get(id) ?? 0);
    return used;
  }

  // bare has the page show images alone, as large as the tiles of a wall: each of a camera, at one of all the hosts
  // that a machine has, or the browser would ask for six of them. query makes an address of a camera one for everybody.
  async bare(origin, queries) {
    const { port } = new URL(origin);
    await this.own.send('Page.setBypassCSP', { enabled: true });
    await this.page.goto(`${origin}/api/v1/server`);
    const images = Object.entries(queries).map(([id, query]) => `<img src="http://${id}.localhost:${port}/live/${id}.mjpeg?${query}">`);
    const style = 'body { display: grid; grid-template-columns: repeat(4, 340px); gap: 6px } img { width: 340px }';
    await this.page.evaluate((html) => (document.documentElement.innerHTML = html), `<style>${style}</style>${images.join('')}`);
    await this.page.waitForFunction((many) => [...document.images].filter(({ naturalWidth }) => naturalWidth === 640).length === many, images.length);
  }

  // kept gives what is left of the page when a collection finds no more: DOM nodes, listeners,
  // bytes of the heap, and how many players there are, whether or not they are on the page.
  async kept() {
    let heap = Infinity;
    for (let before; before === undefined || heap < 0.99 * before; ) { // what one lets go of the next one finds
      before = heap;
      await this.own.send('HeapProfiler.collectGarbage');
      ({ usedSize: heap } = await this.own.send('Runtime.getHeapUsage'));
    }
    const { nodes, jsEventListeners: listeners } = await this.own.send('Memory.getDOMCounters');
    return { nodes, listeners, heap, players: await this.alive('framegate-player') };
  }

  // alive gives how many elements of a name were not collected.
  async alive(name) {
    const objectGroup = 'alive';
    const { result: prototype } = await this.own.send('Runtime.evaluate', { expression: `customElements.get('${name}').prototype`, objectGroup });
    const { objects } = await this.own.send('Runtime.queryObjects', { prototypeObjectId: prototype.objectId, objectGroup });
    const ask = { objectId: objects.objectId, functionDeclaration: 'function () { return this.length; }', returnByValue: true };
    const { result: count } = await this.own.send('Runtime.callFunctionOn', ask);
    await this.own.send('Runtime.releaseObjectGroup', { objectGroup });
    return count.value;
  }

  // longestTask has something done, and gives for how long at most the page's main thread was at work
  // without a pause meanwhile: in ms of its CPU, of which a machine that others use takes hardly more.
  async longestTask(deed) {
    await this.browser.startTracing(this.page, { categories: ['toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline'] });
    await deed();
    const { traceEvents } = JSON.parse(await this.browser.stopTracing());
    const ours = new Set(traceEvents.filter(({ name }) => name === 'TracingStartedInBrowser').flatMap(({ args }) => args.data.frames.map(({ processId }) => processId)));
    const mains = traceEvents.filter(({ name, pid, args }) => name === 'thread_name' && args.name === 'CrRendererMain' && ours.has(pid)).map(({ pid, tid }) => `${pid} ${tid}`);
    const tasks = traceEvents.filter(({ name, pid, tid }) => name.endsWith('RunTask') && mains.includes(`${pid} ${tid}`));
    if (tasks.length < 100) throw new Error(`of ${traceEvents.length} events of a trace ${tasks.length} are the page's tasks`);
    return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur / 1000), 0); // of so many that they are no arguments
  }
}
