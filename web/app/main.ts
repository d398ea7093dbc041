// The app: what people see. It uses the server as any script can, by its API.

import './style/tokens.css';
import './style/base.css';

import { mount } from 'svelte';

import App from './App.svelte';

mount(App, { target: document.body });
