// The sound of one camera: whether it is wanted, what is asked of the server, and
// what plays it, which is loaded where there is some. Whatever happens to it, it costs no picture.

import { parseFragment } from './fmp4';
import { load } from './later';
import type { Codec, Packet, SoundCodec, SoundMessage } from './protocol';
import type { SoundInit } from './soundboxes';
import { SOUND_REFUSED } from './status';
import type { Hearing, Speaker, SpeakerEvents, SpeakerKind } from './speaker';
import type * as Speakers from './speakers';

/** What is known of a camera's sound. */
export interface SoundState {
  /** The camera has sound. */
  available: boolean;
  /** What is played; null if nothing is. */
  codec: SoundCodec | null;
  rate: number;
  channels: number;
  /** Why nothing is played though it is wanted, or ''. */
  message: string;
}

/** What sound tells of. */
export interface SoundEvents {
  /** The server is to be asked for sound in these codecs, or for none. */
  wish(codecs: SoundCodec[]): void;
  changed(state: SoundState): void;
  /** The browser plays nothing before the person does something, and so it is muted again. */
  refused(): void;
  /** One way to play it does not work. */
  trouble(message: string): void;
}

const NOTHING = { codec: null, rate: 0, channels: 0 };
const UNPLAYABLE = 'This browser plays none of the sound that is sent.';
const UNLOADED = 'What plays sound could not be loaded.';
const KINDS: SpeakerKind[] = ['worklet', 'element'];
const RETRY_MS = 20_000; // after everything has failed
const REMEMBERED = 600; // pictures: some more than are between server and screen

/** A picture that is, or will be, on the screen. */
interface Pictured {
  /** Its time on the timeline that it has in common with sound, or null. */
  mediaMs: number | null;
  heldMs: number;
}

/** Plays the sound of a camera when it is not muted, which it is at first. */
export class Sound {
  #muted = true;
  #volume = 1;
  #state: SoundState = { available: false, ...NOTHING, message: '' }; // as if nothing were quiet
  #told = this.#state;
  #quiet: string | null = null; // why nothing is heard of what is shown, '' if that needs no words; null where it is heard

  #speakers: typeof Speakers | null = null; // that there are, once they are loaded
  #speaker: Speaker | null = null;
  #kind: SpeakerKind = 'worklet';
  #hears: Hearing = { worklet: [], element: [] };
  readonly #failed = new Set<string>(); // kind and codec
  #retry: ReturnType<typeof setTimeout> | undefined;
  #turn = 0; // counts what was wanted, so that an answer is not taken that is too late

  #open = false; // there is a connection
  #sent = ''; // what was wished for on it
  #message: SoundMessage | null = null; // what the server says that it sends
  #init: SoundInit | null = null;
  #timescale = 0; // of the pictures; 0 is JPEG
  readonly #pictures = new Map<number, Pictured>(); // by capture time
  #shiftMs: number | null = null; // from media time of sound to capture time, where pictures have no other
  readonly #events: SoundEvents;

  constructor(events: SoundEvents) {
    this.#events = events;
  }

  /** Plays it or not. Where it is to be played a person has to have done something, just now. */
  setMuted(muted: boolean): void {
    if (muted === this.#muted) return;
    this.#muted = muted;
    this.#failed.clear();
    this.#update({ message: '' });
    if (muted) this.#silence();
    else void this.#listen();
  }

  /** How loud, 0 to 1. */
  setVolume(volume: number): void {
    this.#volume = volume;
    this.#speaker?.setVolume(volume);
  }

  get muted(): boolean {
    return this.#muted;
  }

  get volume(): number {
    return this.#volume;
  }

  /** The server listens. */
  connected(): void {
    this.#open = true;
    this.#sent = '';
    this.#wish();
  }

  /** It does not any more. */
  disconnected(): void {
    this.#open = false;
    this.#message = this.#init = null;
    this.#pictures.clear();
    this.#update(NOTHING);
  }

  /** Pictures of a codec begin, with a timescale, and the camera has sound or not. */
  begin(codec: Codec, timescale: number, available: boolean): void {
    this.#pictures.clear();
    this.#timescale = codec === 'jpeg' ? 0 : timescale;
    this.offered(available);
  }

  /** The camera has sound to be asked for, or not. */
  offered(available: boolean): void {
    const more = available && !this.#state.available;
    if (available) void this.#load(); // browsers let nothing be heard that comes later than a click
    this.#update({ available });
    if (more && this.#message && !this.#message.codec) this.#sent = ''; // it was asked for in vain
    this.#wish();
  }

  /** What is shown is heard, or is not, and then why, '' if that needs no words; null where it is. */
  hush(why: string | null): void {
    if (why === this.#quiet) return;
    this.#quiet = why;
    this.leap();
    this.#update({});
  }

  /** What is shown from now on does not continue what was shown: that is not heard any more. */
  leap(): void {
    this.#speaker?.rest();
    this.#pictures.clear();
    this.#shiftMs = null;
  }

  /** The server says what sound it sends. */
  answered(message: SoundMessage): void {
    this.#message = message;
    this.#init = null;
    if (!this.#speaker) return;
    if (message.codec) this.#update({ message: '' });
    else this.#update({ ...NOTHING, message: message.message });
  }

  /** Takes a packet with sound. */
  take(packet: Packet): void {
    if (!this.#speaker || !this.#message?.codec) return;
    try {
      if (packet.kind === 'soundInit') this.#takeInit(packet, this.#speaker, this.#message);
      else if (this.#init && !packet.backlog && this.#quiet === null) this.#takeFrames(packet, this.#speaker, this.#init);
    } catch (error) {
      this.#speaker?.close();
      this.#broke(error as Error);
    }
  }

  /** Is told of each packet with a picture, and for how long it is held. */
  picture(packet: Packet, heldMs: number): void {
    if (!this.#speaker || packet.kind !== 'frame' || packet.backlog || this.#quiet !== null) return;
    this.#pictures.set(packet.captureMs, { mediaMs: this.#mediaMs(packet), heldMs });
    for (const captureMs of this.#pictures.keys()) {
      if (this.#pictures.size <= REMEMBERED) break;
      this.#pictures.delete(captureMs);
    }
  }

  /** A picture is on the screen. */
  painted(captureMs: number, paintedMs: number): void {
    const picture = this.#pictures.get(captureMs);
    if (!picture || !this.#speaker) return;
    const mediaMs = picture.mediaMs ?? (this.#shiftMs === null ? null : captureMs - this.#shiftMs);
    if (mediaMs !== null) this.#speaker.sync.painted(mediaMs, paintedMs, picture.heldMs);
  }

  /** For how long pictures are to be held back. */
  holdMs(): number {
    return this.#speaker && this.#told.codec ? this.#speaker.sync.holdMs() : 0;
  }

  /** By how much sound is behind the picture, in ms; null while nothing is heard. */
  get behindMs(): number | null {
    return this.#speaker?.sync.behindMs ?? null;
  }

  /** Ends it for good. */
  close(): void {
    this.#turn++;
    clearTimeout(this.#retry);
    this.#speaker?.close();
    this.#speaker = null;
  }

  // #mediaMs is null where pictures have no time but that of their capture.
  #mediaMs(packet: Packet): number | null {
    if (this.#timescale === 0) return null;
    try {
      const { decodeTime, composition } = parseFragment(packet.payload);
      return ((decodeTime + composition) / this.#timescale) * 1000;
    } catch {
      return null; // what is wrong with pictures is for others to say
    }
  }

  #silence(): void {
    this.close();
    this.#init = null;
    this.#update(NOTHING);
    this.#wish();
  }

  // #listen makes what plays sound, and asks for some.
  async #listen(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#retry);
    const speakers = await this.#load();
    if (speakers) this.#hears = await speakers.hearing();
    if (turn !== this.#turn) return;
    const kind = KINDS.find((kind) => this.#plays(kind).length > 0);
    if (!speakers || !kind) {
      this.#giveUp(speakers ? UNPLAYABLE : UNLOADED);
      return;
    }
    this.#kind = kind;
    const events: SpeakerEvents = {
      refused: () => turn === this.#turn && this.#refuse(),
      failed: (reason) => turn === this.#turn && this.#broke(reason),
    };
    try {
      this.#speaker = speakers.speakerOf(kind, this.#volume, events);
    } catch (error) {
      this.#broke(error as Error);
      return;
    }
    this.#sent = ''; // another init segment is needed
    this.#wish();
  }

  // #load loads what plays sound, and has it ask the browser, so that the answer is there when it is needed.
  async #load(): Promise<typeof Speakers | null> {
    this.#speakers ??= await load('speakers');
    void this.#speakers?.hearing();
    return this.#speakers;
  }

  // #plays gives what a way plays that has not failed.
  #plays(kind: SpeakerKind): SoundCodec[] {
    return this.#hears[kind].filter((codec) => !this.#failed.has(kind + codec));
  }

  #wish(): void {
    const codecs = this.#speaker ? this.#plays(this.#kind) : [];
    const text = codecs.join();
    if (!this.#open || text === this.#sent) return;
    this.#sent = text;
    this.#events.wish(codecs);
  }

  #takeInit(packet: Packet, speaker: Speaker, { codec, mime }: SoundMessage): void {
    this.#init = this.#speakers!.parseSoundInit(packet.payload);
    this.#shiftMs = null;
    const { rate, channels } = this.#init;
    speaker.begin({ init: this.#init, mime, bytes: packet.payload });
    if (speaker === this.#speaker) this.#update({ codec, rate, channels, message: '' });
  }

  #takeFrames(packet: Packet, speaker: Speaker, { timescale }: SoundInit): void {
    const frames = this.#speakers!.parseSound(packet.payload, packet.unitOffset);
    if (frames.length === 0) return;
    const shiftMs = packet.captureMs - (frames[0]!.start / timescale) * 1000;
    this.#shiftMs = this.#shiftMs === null ? shiftMs : this.#shiftMs + (shiftMs - this.#shiftMs) / 16;
    speaker.take({ frames, bytes: packet.payload });
  }

  #refuse(): void {
    this.#muted = true;
    this.#silence();
    this.#update({ message: SOUND_REFUSED });
    this.#events.refused();
  }

  // #broke goes on with another way to play sound, or another codec.
  #broke(reason: Error): void {
    const codecs = this.#init && this.#message?.codec ? [this.#message.codec] : this.#hears[this.#kind];
    for (const codec of codecs) this.#failed.add(this.#kind + codec);
    this.#speaker = null;
    this.#init = null;
    this.#events.trouble(reason.message);
    this.#update(NOTHING);
    this.#wish(); // no more of that
    if (KINDS.some((kind) => this.#plays(kind).length > 0)) void this.#listen();
    else this.#giveUp(`The sound cannot be played: ${reason.message}`);
  }

  #giveUp(message: string): void {
    this.#turn++;
    this.#speaker = null;
    this.#wish();
    this.#update({ ...NOTHING, message });
    this.#retry = setTimeout(() => {
      this.#failed.clear();
      void this.#listen();
    }, RETRY_MS);
  }

  #update(change: Partial<SoundState>): void {
    this.#state = { ...this.#state, ...change };
    const told = this.#quiet === null ? this.#state : this.#hushed(this.#quiet);
    const keys = Object.keys(told) as (keyof SoundState)[];
    if (keys.every((key) => told[key] === this.#told[key])) return;
    this.#told = told;
    this.#events.changed(told);
  }

  #hushed(why: string): SoundState {
    const { available, codec, message } = this.#state;
    return { ...NOTHING, available: available || codec !== null, message: message || (this.#muted ? '' : why) };
  }
}

