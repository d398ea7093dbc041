// The app: what people see. It uses the server as any script can, by its API.

import './style/tokens.css';
import './style/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { begun } from './live.svelte';
import { spoken } from './text.svelte';

// The page names its icon by a relative address, which browsers would resolve anew as the app goes on.
for (const icon of document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')) icon.href = icon.href;

// What the page has ahead is there soon, and frames that say that it loads take as long to draw as others.
const WITHIN_MS = 300;
const late = new Promise((resolve) => setTimeout(resolve, WITHIN_MS));
void Promise.all([spoken(), Promise.race([begun(), late])]).then(() => mount(App, { target: document.body }));
