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

addEventListener('hashchange', useLink); // opened where this page was already
useLink();
