// Sends pictures up, one at a time. The next is taken when the one before is
// acknowledged and its time has come, so it is always the newest there is, and a
// slow network means fewer pictures, never late ones.

import { Fit, type Measure } from './fit';
import { Ended, type Link, type Went } from './links';

const UNWATCHED_FPS = 1; // while nobody looks
const NOTED_MS = 2000; // how long is looked at for the fit
const NOTED_LEAST = 4; // pictures, at least
const SILENT = 3000; // ms: reports come each second, more or less
const SOUND_BEHIND = 16_000; // bytes besides a picture that are not on their way, behind which no sound is sent

/** Whom pictures are taken by. */
export interface Taker {
  readonly ready: boolean;
  take(quality: number): Promise<Blob | null>;
  /** Paints what goes up where it is not what the camera gives. */
  paint(): void;
  /** The longer side of what is wanted. */
  readonly longest: number;
}

/** Counts pictures and bytes since the page is there. */
export interface Count {
  sent: number;
  skipped: number;
  bytes: number;
}

/** Sends what a camera takes, each time that tick is called. */
export class Sender {
  readonly count: Count = { sent: 0, skipped: 0, bytes: 0 };
  /** From sending a picture to its ack. */
  tripMs = NaN;
  /** How many watch. */
  viewers = 0;
  /** Is called when a picture has arrived. */
  onsent: () => void = () => {};
  /** Is told that the server does not accept a picture, and why. */
  onrefused: (message: string) => void = () => {};
  /** Is called when the pace has changed. */
  onpace: () => void = () => {};
  private link: Link | null = null;
  private readonly fit: Fit;
  private busy = false; // a picture is being taken or is in flight
  private sentAt: number | null = null; // when the picture in flight left
  private due = false; // its time has come
  private lastBytes = 0; // of the last picture
  private noted = { at: performance.now(), sent: 0, late: 0, ms: 0 };

  constructor(
    private readonly camera: Taker,
    wanted: Measure,
  ) {
    this.fit = new Fit(wanted);
  }

  /** Takes another wish for quality and rate. */
  want(wanted: Measure): void {
    this.fit.want(wanted);
    this.setPace();
  }

  /** Pictures a second that are to go up now. */
  get fps(): number {
    const { fps } = this.fit.measure;
    return this.viewers > 0 ? fps : Math.min(UNWATCHED_FPS, fps);
  }

  /** How good and how many they are, where somebody watches; and whether that is less than what is wanted. */
  get now(): Measure & { less: boolean } {
    return { ...this.fit.measure, less: this.fit.less };
  }

  /** How long the server has not answered. */
  get silentMs(): number {
    return this.sentAt === null ? 0 : performance.now() - this.sentAt;
  }

  /** Sends through a link from now on, at once; null: through none. */
  use(link: Link | null): void {
    this.link = link;
    this.forget();
    if (!link) return;
    link.onviewers = (viewers) => {
      if (viewers === this.viewers) return;
      this.viewers = viewers;
      this.forget();
      this.setPace();
    };
    link.follow?.((went) => this.note(went));
    this.tellPace();
    this.due = true;
    this.takeDue();
  }

  /** Is to be called at the pace of fps. */
  tick(): void {
    if (this.link?.follow) {
      this.camera.paint();
      return;
    }
    if (this.busy && this.due) {
      this.count.skipped++;
      this.noted.late++;
    }
    this.due = true;
    this.takeDue();
    this.fitNow();
  }

  /** Sends a packet of sound, unless too much waits. */
  sound(ms: number, packet: Uint8Array): void {
    if (this.link?.sound && this.link.buffered <= this.lastBytes + SOUND_BEHIND) this.link.sound(ms, packet);
  }

  /** Is to be called when the camera is another. */
  setPace(): void {
    this.tellPace();
    this.onpace();
  }

  private tellPace(): void {
    this.link?.pace?.({ fps: this.fps, quality: this.fit.measure.quality, longest: this.camera.longest });
  }

  // note counts what a link sends by itself.
  private note({ sent, bytes, tripMs, silentMs }: Went): void {
    this.count.sent += sent;
    this.count.bytes += bytes;
    this.tripMs = tripMs;
    this.sentAt = silentMs > SILENT ? performance.now() - silentMs : null;
    if (sent > 0 && this.link && this.sentAt === null) this.onsent();
  }

  private takeDue(): void {
    const { link } = this;
    if (!this.due || this.busy || !link || link.follow || !this.camera.ready) return;
    if (link.buffered > this.lastBytes) return; // a tick later, perhaps
    this.due = false;
    this.busy = true;
    void this.sendOne(link).finally(() => {
      this.busy = false;
      this.takeDue();
    });
  }

  private async sendOne(through: Link): Promise<void> {
    const takenAt = performance.now();
    const picture = await this.camera.take(this.fit.measure.quality);
    if (!picture) return;
    this.lastBytes = picture.size;
    const began = (this.sentAt = performance.now());
    try {
      const ack = await through.send(picture, takenAt);
      this.tripMs = performance.now() - began;
      if (ack.dropped) {
        this.count.skipped++;
        return;
      }
      this.count.sent++;
      this.count.bytes += picture.size;
      this.noted.sent++;
      this.noted.ms += this.tripMs;
      if (this.link) this.onsent();
    } catch (error) {
      if (!(error instanceof Ended)) throw error;
      this.count.skipped++;
      if (error.kind === 'refused') this.onrefused(error.message);
    } finally {
      this.sentAt = null;
    }
  }

  // fitNow has the fit look at the last seconds. While nobody watches there is
  // nothing to see.
  private fitNow(): void {
    const { at, sent, late, ms } = this.noted;
    const passed = performance.now() - at;
    if (passed < NOTED_MS || sent + late < NOTED_LEAST) return;
    this.forget();
    if (this.viewers > 0 && this.fit.note({ ms: passed, sent, late, tripMs: ms / Math.max(1, sent) })) this.setPace();
  }

  private forget(): void {
    this.noted = { at: performance.now(), sent: 0, late: 0, ms: 0 };
  }
}
