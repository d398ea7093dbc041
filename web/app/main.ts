// The app: what people see. It uses the server as any script can, by its API.

import './style/tokens.css';
import './style/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import type { FramegatePlayer } from '../player/element';
import { begin, live } from './live.svelte';
import { router } from './router.svelte';
import { spoken } from './text.svelte';
import { viewOf } from './views/views';

// The page names its icon by a relative address, which browsers would resolve anew as the app goes on.
for (const icon of document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')) icon.href = icon.href;

// Who is logged in, and what cameras there are, the page came with, and the view is there soon: the first frame shows it all.
void begin();
const view = viewOf(router.path);
if (live.me && view?.shows) (customElements.get('framegate-player') as typeof FramegatePlayer | undefined)?.prepare();
void Promise.all([spoken(), view?.load().catch(() => {})]).then(() => mount(App, { target: document.body })); // what fails is told where the view is shown
