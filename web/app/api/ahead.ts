// What a page has of the API's answers when it comes: all that the app asks first, of who is logged in.

import type { Answer, Asked } from './client';

/** Takes what the page came with of an answer, which is of when the page was made, and so but once; undefined: it has none. */
export function ahead<P extends Asked>(path: P): Answer<P> | undefined {
  const carried = document.querySelector(`script[data-answer="${path}"]`);
  carried?.remove();
  return carried ? (JSON.parse(carried.textContent) as Answer<P>) : undefined;
}
