// A worker that ticks, since a hidden page's own timers run once a second.
// It is told the interval in ms, 0 to stop.
let timer = 0;
onmessage = ({ data: interval }) => {
  clearInterval(timer);
  if (interval > 0) timer = setInterval(() => postMessage(null), interval);
};
