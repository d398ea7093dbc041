// Texts of the login.

import type { Text } from '../text.svelte';

export const login = {
  name: ['Name', 'Name'],
  password: ['Password', 'Passwort'],
} as const satisfies Record<string, Text>;
