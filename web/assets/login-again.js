// Says where to log in when a player finds that nobody is logged in any more,
// as after a log out in another tab or a password that was changed.

document.addEventListener('framegate-error', async () => {
  if (document.getElementById('login-again')) return;
  const me = await fetch(new URL('../api/v1/me', import.meta.url)).catch(() => null);
  if (me?.status !== 401 || document.getElementById('login-again')) return;
  const notice = document.createElement('p');
  notice.id = 'login-again';
  notice.setAttribute('role', 'alert');
  const link = document.createElement('a');
  const root = new URL('..', import.meta.url).pathname;
  link.href = `${root}login?${new URLSearchParams({ next: `/${location.pathname.slice(root.length)}${location.search}` })}`;
  link.textContent = 'Log in';
  notice.append('You are not logged in any more. ', link);
  document.querySelector('main').prepend(notice);
}, true);
