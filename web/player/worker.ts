// The worker that draws for all players of a page. Each has a port of its own.

import { Painter, type PaintOrder } from './painter';

/** What a page sends with each new player. */
export interface Opening {
  port: MessagePort;
  canvas: OffscreenCanvas;
}

addEventListener('message', ({ data: { port, canvas } }: MessageEvent<Opening>) => {
  const painter = new Painter(canvas, (report) => port.postMessage(report));
  port.onmessage = ({ data }: MessageEvent<PaintOrder>) => {
    painter.obey(data);
    if (data.type === 'close') port.close();
  };
});
postMessage('ready');
