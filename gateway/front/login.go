package front

import (
	"errors"
	"net/http"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/secret"
	"framegate/web"
)

// What the form of the login page may have, and how long it may take to arrive.
const (
	maxLoginBytes = 8 << 10
	loginPatience = 5 * time.Second
)

func (f *Front) showLogin(w http.ResponseWriter, r *http.Request, _ Visit) error {
	f.options.Pages.Login(w, r, http.StatusOK, web.Login{Authority: f.options.Identity.Fingerprint(), Next: nextPage(r.URL.Query().Get("next"))})
	return nil
}

// logIn takes what the login page sends: a name and a password, or the secret
// of a link that logs in once.
func (f *Front) logIn(w http.ResponseWriter, r *http.Request, _ Visit) error {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBytes)
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(loginPatience)) // where it is no connection there is none to wait for
	err := r.ParseForm()
	_ = control.SetReadDeadline(time.Time{})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		answer(w, http.StatusRequestEntityTooLarge, "the form is larger than what a login needs")
		return nil
	case err != nil:
		answer(w, http.StatusBadRequest, "the form cannot be read")
		return nil
	}
	next := nextPage(r.PostForm.Get("next"))
	if link := r.PostForm.Get("link"); link != "" {
		_, err = f.options.Auth.LoginByLink(w, r, secret.New(link))
	} else {
		_, err = f.options.Auth.Login(w, r, r.PostForm.Get("name"), secret.New(r.PostForm.Get("password")))
	}
	switch status := f.statusOf(err); {
	case err == nil:
		sendTo(w, r, next, http.StatusSeeOther)
	case errors.Is(err, auth.ErrDenied):
		f.options.Pages.Login(w, r, status, web.Login{Authority: f.options.Identity.Fingerprint(), Next: next, Refusal: "Wrong name or password, or a link that was used or is older than ten minutes."})
	case errors.Is(err, auth.ErrTooManyAttempts):
		w.Header().Set("Retry-After", seconds(auth.RetryAfter(err)))
		f.options.Pages.Login(w, r, status, web.Login{Authority: f.options.Identity.Fingerprint(), Next: next, Refusal: "Too many attempts. Wait " + auth.WaitWords(auth.RetryAfter(err)) + " and try again."})
	default:
		return err
	}
	return nil
}

func (f *Front) logOut(w http.ResponseWriter, r *http.Request, _ Visit) error {
	if err := f.options.Auth.Logout(w, r); err != nil {
		return err
	}
	sendTo(w, r, "/login", http.StatusSeeOther)
	return nil
}

// nextPage gives where to go after the login: an address of this server, and
// the start page for what could lead elsewhere.
func nextPage(asked string) string {
	if !api.OwnPath(asked) {
		return "/"
	}
	return asked
}
