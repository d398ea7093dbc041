// Draws the base64 JPEGs of /live/{id}.sse. The camera is in the field, or in
// the address: sse.html?camera=front.
const field = document.getElementById('camera');
const said = document.getElementById('said');
const canvas = document.getElementById('picture');
const context = canvas.getContext('2d', { alpha: false });

let events = null;
let next = null; // the newest picture that is not drawn yet
let drawing = false;

function show() {
  events?.close(); // or the old pictures go on beside the new ones
  events = new EventSource(`../live/${encodeURIComponent(field.value)}.sse`);
  events.addEventListener('open', () => (said.value = 'Waiting for a picture'));
  events.addEventListener('error', () => {
    said.value = events.readyState === EventSource.CLOSED ? 'The server refused' : 'Connection lost. Trying again…';
  });
  events.addEventListener('frame', (event) => {
    next = JSON.parse(event.data);
    if (!drawing) draw();
  });
}

// draw draws the newest picture until none is left. What comes while one is
// decoded replaces what came before.
async function draw() {
  drawing = true;
  while (next) {
    const { seq, width, height, mime, data } = next;
    next = null;
    const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: mime })).catch(() => null);
    if (!image) continue;
    canvas.width = image.width;
    canvas.height = image.height;
    context.drawImage(image, 0, 0);
    image.close();
    said.value = `Picture ${seq}, ${width} × ${height}`;
  }
  drawing = false;
}

field.value = new URLSearchParams(location.search).get('camera') ?? field.value;
document.getElementById('show').addEventListener('click', show);
field.addEventListener('keydown', (event) => event.key === 'Enter' && show());
show();
