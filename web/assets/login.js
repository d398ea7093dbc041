// The login page. A link that logs in once brings its secret behind the #,
// where no server and no log on the way sees it.

const form = document.getElementById('login');
const link = location.hash.slice(1);
if (link) {
  history.replaceState(null, '', location.pathname + location.search); // it is used up now
  form.link.value = link;
  form.name.required = form.password.required = false;
  form.submit();
}
