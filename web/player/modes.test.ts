import { afterEach, describe, expect, it, vi } from 'vitest';
import { abilities, Ladder, type Abilities } from './modes';

const all: Abilities = { mse: true, webcodecs: true, jpeg: true, h265: { mse: false, webcodecs: false } };
const ladderOf = (wanted: ConstructorParameters<typeof Ladder>[0], has = all) => new Ladder(wanted, () => has);

describe('Ladder', () => {
  it('goes down when ways fail', () => {
    const ladder = ladderOf('auto');
    expect(ladder.codecs()).toEqual(['h264', 'jpeg']);
    expect(ladder.modeFor('h264')).toBe('webcodecs');
    expect(ladder.modeFor('jpeg')).toBe('jpeg');
    ladder.fail('webcodecs', 'h264');
    expect(ladder.modeFor('h264')).toBe('mse');
    expect(ladder.offers('mse', 'h264')).toBe(true);
    ladder.fail('mse', 'h264');
    expect(ladder.codecs()).toEqual(['jpeg']);
    expect(ladder.modeFor('h264')).toBeUndefined();
    ladder.fail('jpeg', 'jpeg');
    expect(ladder.codecs()).toEqual([]);
  });

  it('knows what a page without HTTPS has', () => {
    expect(ladderOf('auto', { ...all, webcodecs: false }).modeFor('h264')).toBe('mse');
  });

  it('keeps to what was asked for', () => {
    const ladder = ladderOf('mse');
    ladder.fail('mse', 'h264');
    expect(ladder.modeFor('h264')).toBe('mse');
    expect(ladder.codecs()).toEqual(['h264']);
    expect(ladderOf('img').codecs()).toEqual([]);
  });

  it('asks for H.265 where that is shown, and shows H.264 where it then is not', () => {
    const has = { ...all, h265: { mse: true, webcodecs: false } };
    const ladder = ladderOf('auto', has);
    expect(ladder.codecs()).toEqual(['h265', 'h264', 'jpeg']);
    expect(ladder.modeFor('h265')).toBe('mse');
    expect(ladder.modeFor('h264')).toBe('webcodecs');
    has.h265.webcodecs = true; // which takes longer to find out
    expect(ladder.modeFor('h265')).toBe('webcodecs');
    ladder.fail('webcodecs', 'h265');
    expect([ladder.modeFor('h265'), ladder.modeFor('h264')]).toEqual(['mse', 'webcodecs']);
    ladder.fail('mse', 'h265');
    expect(ladder.codecs()).toEqual(['h264', 'jpeg']);
  });

  it('falls back to H.264 also in a way that was asked for', () => {
    const ladder = ladderOf('mse', { ...all, h265: { mse: true, webcodecs: true } });
    expect(ladder.codecs()).toEqual(['h265', 'h264']);
    ladder.fail('mse', 'h265');
    expect(ladder.codecs()).toEqual(['h264']);
  });
});

describe('abilities', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
    vi.useRealTimers();
  });

  it('are those that the browser says it has', async () => {
    expect(abilities()).toEqual({ mse: false, webcodecs: false, jpeg: false, h265: { mse: false, webcodecs: false } });
    vi.stubGlobal('MediaSource', { isTypeSupported: (type: string) => type.includes('hvc1.1.6.L120.B0') });
    vi.stubGlobal('VideoDecoder', class {
      static isConfigSupported = ({ codec }: VideoDecoderConfig) => Promise.resolve({ supported: codec.startsWith('hvc1.') });
    });
    const modes = await import('./modes');
    expect(modes.abilities().h265).toEqual({ mse: true, webcodecs: false });
    await modes.asked();
    expect(modes.abilities()).toEqual({ mse: false, webcodecs: true, jpeg: false, h265: { mse: true, webcodecs: true } });
  });

  it.each([
    ['that says no', () => Promise.resolve({ supported: false })],
    ['that does not know the codec', () => Promise.reject(new TypeError('codec'))],
    ['that gives no answer', () => new Promise<never>(() => {})],
  ])('have no H.265 in a browser %s', async (_, isConfigSupported) => {
    vi.useFakeTimers();
    vi.resetModules();
    vi.stubGlobal('VideoDecoder', class {
      static isConfigSupported = isConfigSupported;
    });
    const modes = await import('./modes');
    const asked = modes.asked();
    await vi.advanceTimersByTimeAsync(2000);
    await asked;
    expect(modes.abilities().h265.webcodecs).toBe(false);
  });
});
