// The wall follows the cameras there are: when one is added, changed or removed
// it asks for the page again and takes over what differs. Tiles that stay are
// not touched, so their pictures go on.

const CALM = 300; // ms; several changes often come together

const tiles = document.querySelector('.tiles');
const changes = ['camera_added', 'camera_changed', 'camera_removed', 'settings_changed', 'lost'];

let asking = null;
let events = null;
let heard = false; // an event stream began before: this one comes after a gap

function ask() {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    const response = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (!response?.ok || response.redirected) return; // the players say what is wrong
    const page = new DOMParser().parseFromString(await response.text(), 'text/html');
    follow(page.querySelector('.tiles'));
  }, CALM);
}

// follow makes the wall what wanted is, with the tiles of today where they fit.
function follow(wanted) {
  if (!wanted) return;
  const today = new Map([...tiles.children].map((tile) => [tile.dataset.camera ?? '', tile]));
  [...wanted.children].forEach((tile, place) => {
    const there = today.get(tile.dataset.camera ?? '');
    const stays = there && playerOf(there) === playerOf(tile);
    const next = stays ? there : document.importNode(tile, true);
    if (stays) there.querySelector('.caption')?.replaceWith(document.importNode(tile.querySelector('.caption'), true));
    if (tiles.children[place] !== next) tiles.insertBefore(next, tiles.children[place] ?? null); // a player that moves begins anew
  });
  while (tiles.children.length > wanted.children.length) tiles.lastElementChild.remove();
}

// playerOf is what of a tile shows pictures, and of which camera.
function playerOf(tile) {
  const player = tile.querySelector('framegate-player');
  return player ? `${player.getAttribute('src')} ${player.getAttribute('label')}` : tile.firstElementChild?.tagName;
}

// listen hears of changes while the page is looked at: browsers have few
// connections for a host, and hidden tabs would keep theirs.
function listen() {
  events?.close();
  events = null;
  if (document.hidden) return;
  events = new EventSource(new URL('../api/v1/events', import.meta.url));
  for (const kind of changes) events.addEventListener(kind, ask);
  events.addEventListener('ready', () => {
    if (heard) ask();
    heard = true;
  });
}

document.addEventListener('visibilitychange', listen);
listen();
