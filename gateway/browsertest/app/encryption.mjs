// How the server is encrypted, as its settings tell: of an authority of its own, or of files.

import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { check } from '../chromium.mjs';

// Somebody reads which certificates there are, and fetches that of the authority for a device.
export async function told({ as, api, axe, shot }) {
  const page = await as('admin', { path: '/settings/tls' });
  await page.getByRole('heading', { name: 'Certificates' }).waitFor();
  const { system, authority } = await api('GET', 'server');
  const [{ names }] = system.tls.certificates;
  await page.getByText(names[0], { exact: true }).first().waitFor();
  await axe();
  await shot(system.tls.mode);
  if (system.tls.mode === 'files') {
    await page.getByText('certificate from files').waitFor();
    await page.getByText('Put a new one into its files').waitFor();
    check(authority === undefined && (await page.getByRole('link', { name: 'Download the certificate' }).count()) === 0, 'there is an authority of others');
    return;
  }
  await page.getByText('certificates of an authority of its own').waitFor();
  await page.getByText(authority, { exact: true }).waitFor();
  const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download the certificate' }).click()]);
  check(file.suggestedFilename() === 'framegate-ca.crt', `the file is ${file.suggestedFilename()}`);
  const { ca, fingerprint256 } = new X509Certificate(await readFile(await file.path()));
  const plain = (text) => text.replace(/[^0-9a-f]/gi, '').toLowerCase();
  check(ca && plain(authority).endsWith(plain(fingerprint256)), `the certificate is ${fingerprint256}, not ${authority}`);
  await page.getByText('Android').click();
  await axe();
}
