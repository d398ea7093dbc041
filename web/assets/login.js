// The login page. A link that logs in once brings its secret behind the #,
// where no server and no log on the way sees it.

const form = document.getElementById('login');

function useLink() {
  const link = location.hash.slice(1);
  if (!link) return;
  history.replaceState(null, '', location.pathname + location.search); // it is used up now
  form.link.value = link;
  form.submit(); // which asks for no name
}

// The name of an attempt that failed needs not be typed again. The server never
// says it back: it may be a password in the wrong field.
const NAME = 'framegate-login-name';

function recallName() {
  let name = null;
  try {
    name = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
  } catch {
    return; // storage is forbidden
  }
  if (!name || !form.querySelector('[role=alert]')) return;
  form.elements.name.value = name;
  form.elements.password.focus();
}

form.addEventListener('submit', () => {
  try {
    sessionStorage.setItem(NAME, form.elements.name.value);
  } catch {
    // Storage is full or forbidden: the name is typed again.
  }
});
recallName();
addEventListener('hashchange', useLink); // opened where this page was already
useLink();
