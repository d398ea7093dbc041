// A worker that ticks, since a hidden page's own timers run once a second.
// It is told the interval in ms, 0 to stop.

let timer: ReturnType<typeof setInterval> | undefined;

onmessage = ({ data: interval }: MessageEvent<number>) => {
  clearInterval(timer);
  if (interval > 0) timer = setInterval(() => postMessage(null), interval);
};
