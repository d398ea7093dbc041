// What fingers do on a bar of time, as a telephone tells the browser of it.

// pixelMs is how long a pixel is of a bar that nobody has zoomed, on windows as wide as ours.
export const pixelMs = 60_000;

// Fingers are on one element, in its lower part. Places are parts of its width.
export class Fingers {
  static async on(page, element) {
    const fingers = new Fingers();
    fingers.page = page;
    fingers.box = await element.boundingBox();
    fingers.session = await page.context().newCDPSession(page);
    return fingers;
  }

  async tell(type, ...xs) {
    await this.session.send('Input.dispatchTouchEvent', { type, touchPoints: this.points(xs) });
  }

  // tellAt is tell of what happened at a time, in ms, however long it takes to say so.
  async tellAt(ms, type, ...xs) {
    await this.session.send('Input.dispatchTouchEvent', { type, touchPoints: this.points(xs), timestamp: ms / 1000 });
  }

  points(xs) {
    const y = this.box.y + this.box.height - 10;
    return xs.map((x, id) => ({ x: this.box.x + x, y, id }));
  }

  // drag draws what is at a place so many pixels to the right, rests there, has something done, and lets go.
  async drag(place, px, meanwhile) {
    const from = place * this.box.width;
    await this.tell('touchStart', from);
    for (let i = 1; i <= 8; i++) await this.tell('touchMove', from + (px * i) / 8);
    await meanwhile();
    await this.tell('touchMove', from + px);
    await this.tell('touchEnd');
  }

  // fling draws what is at a place so many pixels to the right within a tenth of a second, and lets go on the way.
  async fling(place, px) {
    const from = place * this.box.width;
    const began = Date.now() - 100;
    await this.tellAt(began, 'touchStart', from);
    for (let i = 1; i <= 8; i++) await this.tellAt(began + 11 * i, 'touchMove', from + (px * i) / 8);
    await this.tellAt(began + 99, 'touchEnd');
  }

  // pinch moves two fingers from one distance to another, around a place.
  async pinch(place, fromPx, toPx) {
    const middle = place * this.box.width;
    const at = (apart) => [middle - apart / 2, middle + apart / 2];
    await this.tell('touchStart', at(fromPx)[0]);
    await this.tell('touchStart', ...at(fromPx));
    for (let i = 1; i <= 8; i++) await this.tell('touchMove', ...at(fromPx + ((toPx - fromPx) * i) / 8));
    await this.tell('touchEnd');
  }
}
