import { describe, expect, it } from 'vitest';
import { Address } from './address';

const no = { width: null, height: null, fps: null, quality: null };

describe('Address', () => {
  it('gives each form', () => {
    const address = new Address('/live/front', 'http://gate.test/page?x=1', { ...no, width: '640' });
    expect(address.socket().href).toBe('ws://gate.test/live/front?width=640&codec=auto');
    expect(address.still().href).toBe('http://gate.test/live/front.jpg?width=640&max_age=24h');
    expect(address.at('.mjpeg').href).toBe('http://gate.test/live/front.mjpeg?width=640');
  });

  it('keeps a signed link’s query and the scheme’s safety', () => {
    const address = new Address('wss://gate.test/live/front?exp=1&sig=a%2Bb', 'http://other.test/', no);
    expect(address.socket().href).toBe('wss://gate.test/live/front?exp=1&sig=a%2Bb&codec=auto');
    expect(address.at('.mjpeg').href).toBe('https://gate.test/live/front.mjpeg?exp=1&sig=a%2Bb');
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'http://['])('refuses %s', (src) => {
    expect(() => new Address(src, 'http://gate.test/', no)).toThrow(TypeError);
  });
});
