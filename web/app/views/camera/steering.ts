// How a camera is told to move while something is held: at once, again before its time is over, and to stop at the end.

/** Where to, each from -1 to 1. */
export interface Velocity {
  readonly pan: number;
  readonly tilt: number;
  readonly zoom: number;
}

/** What the server is told; nothing is a stop. */
export type Told = Partial<Velocity> & { for?: string };

const AGAIN_MS = 400;
const FOR = '1s'; // after which the camera stops by itself

const bound = (speed: number): number => Math.max(-1, Math.min(1, speed));

/** Tells a camera, one thing at a time, what is held at the moment. */
export class Steering {
  /** How fast it moves, up to 1. */
  speed = 0.5;
  readonly #held = new Map<string, Partial<Velocity>>();
  #runs = false;
  #changed = false; // since it was told last
  #wake: (() => void) | undefined;

  constructor(
    private readonly tell: (told: Told) => Promise<unknown>,
    private readonly failed: (error: unknown) => void,
  ) {}

  /** Begins to move. What holds it is named, so that two at once go both ways. */
  press(name: string, where: Partial<Velocity>): void {
    if (this.#held.has(name)) return; // a key that repeats
    this.#held.set(name, where);
    this.#change();
    void this.#run();
  }

  /** Ends what is held by that name; without one, all. */
  release(name?: string): void {
    if (name === undefined ? this.#held.size === 0 : !this.#held.has(name)) return; // as a key of something else
    if (name === undefined) this.#held.clear();
    else this.#held.delete(name);
    this.#change();
  }

  #change(): void {
    this.#changed = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    if (this.#runs) return;
    this.#runs = true;
    try {
      for (;;) {
        const still = this.#held.size === 0;
        this.#changed = false;
        await this.tell(still ? {} : this.#velocity());
        if (this.#changed) continue;
        if (still) return;
        await this.#pause();
      }
    } catch (error) {
      this.#held.clear();
      this.failed(error);
    } finally {
      this.#runs = false;
    }
  }

  #velocity(): Told {
    const sum = (axis: keyof Velocity): number => bound([...this.#held.values()].reduce((all, one) => all + (one[axis] ?? 0), 0)) * this.speed;
    return { pan: sum('pan'), tilt: sum('tilt'), zoom: sum('zoom'), for: FOR };
  }

  // pause waits until it is time to say it again, or something else is held.
  async #pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, AGAIN_MS);
      this.#wake = () => (clearTimeout(timer), resolve());
    });
    this.#wake = undefined;
  }
}
