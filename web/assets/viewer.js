// The tiles of the viewer pages: a few live, the others a still now and then.

// Browsers open at most six HTTP/1.1 connections to a host, and a live picture
// holds one for as long as it is shown.
const MOST_LIVE = 4;
const STILL_EVERY = 10_000; // ms; states too
const FIRST_STATES = 2000; // ms, when the pictures have had time to begin

class Tile {
  constructor(element) {
    this.id = element.dataset.camera;
    this.picture = element.querySelector('.picture');
    this.image = element.querySelector('img');
    this.state = element.querySelector('.state');
    this.button = element.querySelector('.live');
    this.live = false;
    this.button.addEventListener('click', () => (this.live ? this.showStill() : makeLive(this)));
    this.image.addEventListener('load', () => this.picture.classList.remove('empty'));
    this.image.addEventListener('error', () => this.failed());
  }

  showLive() {
    this.setLive(true);
    this.image.src = `/live/${this.id}.mjpeg?at=${Date.now()}`;
  }

  showStill() {
    this.setLive(false);
    this.refresh();
  }

  refresh() {
    if (!this.live) this.image.src = `/live/${this.id}.jpg?at=${Date.now()}`;
  }

  // Chrome keeps the connection of an image that is merely out of sight.
  stop() {
    this.image.src = '';
  }

  // A live picture that broke off is tried again; a still is, anyway.
  failed() {
    this.picture.classList.add('empty');
    if (this.live && !document.hidden) {
      clearTimeout(this.retry);
      this.retry = setTimeout(() => this.live && !document.hidden && this.showLive(), 2000 + 2000 * Math.random());
    }
  }

  setLive(live) {
    this.live = live;
    this.button.setAttribute('aria-pressed', String(live));
    order = order.filter((tile) => tile !== this);
    if (live) order.push(this);
  }
}

let order = []; // live tiles, the one that is so for longest first

function makeLive(tile) {
  while (order.length >= MOST_LIVE) order[0].showStill();
  tile.showLive();
}

const tiles = [...document.querySelectorAll('.tile')].map((element) => new Tile(element));

function showAll() {
  for (const tile of tiles) {
    if (tile.live) tile.showLive();
    else tile.refresh();
  }
}

// showStates takes the cameras' states from a fresh copy of this page.
async function showStates() {
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), 'text/html');
  for (const tile of tiles) {
    const state = fresh.querySelector(`[data-camera="${tile.id}"] .state`);
    if (state && tile.state) tile.state.replaceWith((tile.state = document.adoptNode(state)));
  }
}

for (const tile of tiles.slice(0, MOST_LIVE)) tile.setLive(true);
showAll();
setTimeout(showStates, FIRST_STATES);
setInterval(() => {
  if (document.hidden) return;
  for (const tile of tiles) tile.refresh();
  showStates();
}, STILL_EVERY);
document.addEventListener('visibilitychange', () => {
  if (document.hidden) for (const tile of tiles) tile.stop();
  else showAll();
});
addEventListener('pagehide', () => {
  for (const tile of tiles) tile.stop();
});
addEventListener('pageshow', (event) => {
  if (event.persisted) showAll(); // back from the cache of pages left
});
