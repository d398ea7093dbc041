// The app: what people see. It uses the server as any script can, by its API.

import './style/tokens.css';
import './style/base.css';

import { mount } from 'svelte';

import App from './App.svelte';
import { spoken } from './text.svelte';

// The page names its icon by a relative address, which browsers would resolve anew as the app goes on.
for (const icon of document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')) icon.href = icon.href;

const begin = (): void => void mount(App, { target: document.body });
const words = spoken();
if (words) void words.then(begin);
else begin();
