import { expect, test, vi } from 'vitest';

import { nextOf } from './next';

vi.hoisted(() => vi.stubGlobal('location', new URL('http://cams.example/house/login'))); // which modules read when they are loaded

const base = new URL('http://cams.example/house/');

test.each([
  ['/camera/front?width=640#x', '/camera/front?width=640#x', true],
  ['/settings/users', '/settings/users', true],
  ['/', '/', true],
  ['/api/docs', '/api/docs', false],
  ['/live/front.mjpeg?fps=5', '/live/front.mjpeg?fps=5', false],
  ['/camera/a%20b', '/camera/a%20b', true],
  // What is none of ours, or leads here again.
  [null, '/', true],
  ['', '/', true],
  ['camera/front', '/', true],
  ['https://evil.example/', '/', true],
  ['javascript:alert(1)', '/', true],
  ['data:text/html,x', '/', true],
  ['@evil.example', '/', true],
  ['\\\\evil.example', '/', true],
  [' //evil.example', '/', true],
  ['/../', '/', true],
  ['/../../admin', '/', true],
  ['/login', '/', true],
  ['/login?next=/login', '/', true],
  ['/./login', '/', true],
])('%j leads to %s', (asked, path, isView) => {
  expect(nextOf(asked, base)).toMatchObject({ path, isView });
});

test.each(['//evil.example/', '/\\evil.example', '/\\/evil.example', '///evil.example', '/https://evil.example/', '/javascript:alert(1)', '/\t/evil.example', '/ //evil.example', '/..//evil.example', '/.//evil.example', '/%2f/evil.example', '/%5cevil.example', '/x/..//evil.example', '/%09/evil.example', '/;//evil.example', '/\n/evil.example', '/@evil.example', '/\u202eevil.example', '/\0evil.example'])('%j stays here', (asked) => {
  expect(nextOf(asked, base).href.startsWith(base.href)).toBe(true);
});
