// Who comes, says who they are, and goes.

// fill logs in by the page.
async function fill(page, name, password) {
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
}

// Somebody goes to a view, logs in there, and out again.
export async function inAndOut({ as, admin, password, expect, axe, shot }) {
  expect(/401/); // of who asks who it is
  const page = await as(null, { path: '/settings' });
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await axe();
  await shot('form');
  await fill(page, admin, password);
  await page.getByRole('heading', { name: 'Settings' }).waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Log in' }).waitFor();
}
