// Drives Chromium through a page with go2rtc's own player:
//
//     node go2rtc.mjs PAGE
//
// PAGE?mode=MODES shows a camera of 320x240. The exit status is 0 if it went as it
// should; otherwise stderr says what did not. e2e/interop/compat_test.go calls it.

import { ceiling, check, open, run } from './chromium.mjs';

const [address] = process.argv.slice(2);

await run(async (context) => {
  // All that it knows, as pages of others have it: it settles on WebRTC. Without that it
  // settles on Media Source.
  for (const [modes, connected] of [['webrtc,mse,hls,mjpeg', true], ['mse,hls,mjpeg', false]]) {
    const page = await open(context, `${address}?mode=${modes}`);
    await page.waitForFunction((connected) => {
      const video = document.querySelector('video');
      const pictures = video?.videoWidth === 320 && video.videoHeight === 240 && video.getVideoPlaybackQuality().totalVideoFrames > 20;
      return pictures && (document.querySelector('#player').pc?.connectionState === 'connected') === connected;
    }, connected, { timeout: ceiling });
    check(await page.evaluate((connected) => Boolean(document.querySelector('video').srcObject) === connected, connected), `${modes}: the video is of another kind`);
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT });
    await page.close();
  }

  // JPEGs, each another.
  const pictures = await open(context, `${address}?mode=mjpeg`);
  const posters = new Set();
  while (posters.size < 3) {
    const handle = await pictures.waitForFunction((seen) => {
      const poster = document.querySelector('video')?.poster ?? '';
      return poster.startsWith('data:image/jpeg') && !seen.includes(poster.slice(-400)) ? poster.slice(-400) : false;
    }, [...posters], { timeout: ceiling });
    posters.add(await handle.jsonValue());
  }
}, (page) => page.evaluate(() => `${document.querySelector('video')?.error?.message} ${document.querySelector('#player')?.mseCodecs}`));
