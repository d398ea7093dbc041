// Which camera, and how: player.html?camera=front&mode=mse. Every other name
// in the query becomes an attribute too.
const player = document.querySelector('framegate-player');
for (const [name, value] of new URLSearchParams(location.search)) {
  if (name === 'camera') {
    player.setAttribute('src', `../live/${encodeURIComponent(value)}`);
    player.setAttribute('label', `Camera ${value}`);
  } else if (['mode', 'width', 'height', 'fps', 'quality', 'poster', 'muted', 'volume'].includes(name)) {
    player.setAttribute(name, value);
  }
}
