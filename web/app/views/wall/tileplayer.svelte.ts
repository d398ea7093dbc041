// What a tile knows of its player.

import { SURE_MS } from '../../format';
import type { FramegatePlayer } from '../../../player/element';
import type { Measure } from '../../../player/stage';
import type { PlayerState, Status } from '../../../player/status';

const PATIENCE_MS = 1500; // a player that connects for less is in no trouble
const DELAY_STEP_MS = 10; // less makes no difference to who looks at it

/** The state of a player, for a tile. Reactive; it changes only where the tile is to look different. */
export class TilePlayer {
  state = $state<PlayerState>('idle');
  /** The state in the player's words, which tell why. */
  words = $state('');
  /** From the camera to the screen; null while that is not known. */
  delayMs = $state<number | null>(null);
  /** That may be far from true: clocks on the way are not known well. */
  unsure = $state(false);
  /** There is no picture of the present, or of what is sought, and that for a while. */
  troubled = $state(false);

  /** Where its pictures come from, for now. */
  source = $state('');
  /** It fills the screen. */
  full = $state(false);

  private player: FramegatePlayer | null = null;
  private impatient: ReturnType<typeof setTimeout> | undefined;

  /** Takes a player, until the result is called. */
  attach(player: FramegatePlayer): () => void {
    this.player = player;
    const said = (event: Event): void => this.said((event as CustomEvent<Status>).detail);
    const measured = (event: Event): void => this.measured((event as CustomEvent<Measure>).detail);
    player.addEventListener('framegate-state', said);
    player.addEventListener('framegate-delay', measured);
    this.said({ state: player.state, words: player.words });
    return () => {
      player.removeEventListener('framegate-state', said);
      player.removeEventListener('framegate-delay', measured);
      clearTimeout(this.impatient);
      this.player = null;
    };
  }

  /** Has the pictures come from there. What was recorded is the same at each address, and goes on at the one it has. */
  want(source: string): void {
    if (this.source === '' || (this.state && !this.player?.past)) this.source = source;
  }

  /** Has the player connect now if it waits to. */
  retry(): void {
    this.player?.retry();
  }

  private said({ state, words }: Status): void {
    this.state = state;
    this.words = words;
    clearTimeout(this.impatient);
    if (state === 'live' || state === 'playback' || state === 'idle') {
      this.troubled = false;
      if (state !== 'live') this.delayMs = null;
    } else if (!this.troubled) this.impatient = setTimeout(() => (this.troubled = true), state === 'offline' || state === 'error' ? 0 : PATIENCE_MS);
  }

  private measured({ delayMs, errorMs }: Measure): void {
    this.unsure = (errorMs ?? 0) > SURE_MS;
    this.delayMs = delayMs === null ? null : Math.round(Math.max(0, delayMs) / DELAY_STEP_MS) * DELAY_STEP_MS;
  }
}
