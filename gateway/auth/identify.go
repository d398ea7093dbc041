package auth

import (
	"context"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/icholy/digest"

	"framegate/gateway/secret"
)

// Ways are the ways a principal may come in by.
type Ways uint8

// All ways, and which of them are for what.
const (
	Cookie Ways = 1 << iota // the session cookie of a browser that logged in
	Bearer                  // Authorization: Bearer and a token
	Basic                   // Authorization: Basic with a user's name and password, or any name and a token
	Digest                  // Authorization: Digest, by the name and the text of a sealed token, where somebody was asked for it
	Link                    // ?exp=&sig= or ?link=&sig=, made by SignLink and MakeLink

	Control = Cookie | Bearer                // what browsers do with the API
	Media   = Cookie | Bearer | Basic | Link // what players and tools open
)

// Use is what somebody is about to do.
type Use struct {
	Action Action
	Camera string // "" with Admin, Metrics and Add
	Ways   Ways
}

// Admit identifies the principal of a request, and has Authorize decide. The
// request it gives has a context that ends as soon as the permission does (see
// Watch); stop must be called when it is answered. The error is ErrDenied or
// ErrTooManyAttempts where nobody is logged in (401 and 429), ErrForbidden
// where somebody is who may not (404 for media), or of the store.
func (a *Auth) Admit(r *http.Request, use Use) (watched *http.Request, p Principal, stop func(), err error) {
	ctx, p, stop, err := a.AdmitWith(r.Context(), a.credentials(r), use)
	if err != nil {
		return nil, p, nil, err
	}
	return r.WithContext(ctx), p, stop, nil
}

// AdmitWith is Admit by what was brought in another protocol than HTTP. The context
// it gives is one of parent.
func (a *Auth) AdmitWith(parent context.Context, c Credentials, use Use) (watched context.Context, p Principal, stop func(), err error) {
	p, err = a.Verify(parent, c, use)
	if err != nil {
		return nil, p, nil, err
	}
	if !Authorize(p, use.Action, use.Camera) {
		if p.kind == Nobody {
			return nil, p, nil, ErrDenied
		}
		return nil, p, nil, ErrForbidden
	}
	watched, stop = a.Watch(parent, p, use.Action, use.Camera)
	return watched, p, stop, nil
}

// AdmitLogin is Admit for what everybody who is logged in may do, such as
// listing the cameras that Authorize lets it view. Links are not looked at.
func (a *Auth) AdmitLogin(r *http.Request, ways Ways) (watched *http.Request, p Principal, stop func(), err error) {
	p, err = a.Identify(r, Use{Ways: ways &^ Link})
	if err == nil && !p.Known() {
		err = ErrDenied
	}
	if err != nil {
		return nil, p, nil, err
	}
	ctx, stop := a.WatchLogin(r.Context(), p)
	return r.WithContext(ctx), p, stop, nil
}

// Identify is Verify of what a request brings. A way that use does not allow is
// not looked at since a proxy in front of us may have asked for a password of its
// own, which comes along.
func (a *Auth) Identify(r *http.Request, use Use) (Principal, error) {
	return a.Verify(r.Context(), a.credentials(r), use)
}

// credentials reads what a request brings. What cannot be read is kept as what
// is never true, so that it is denied where it is looked at.
func (a *Auth) credentials(r *http.Request) Credentials {
	c := Credentials{From: clientAddress(r), Query: r.URL.Query()}
	if hash, ok := a.cookieHash(r); ok {
		c.session = &hash
	}
	c.Authorize(r.Header.Values("Authorization"))
	return c
}

// Authorize adds what an Authorization header says, as it stands in HTTP and RTSP
// (RFC 9110, 11.6.2). Of several nothing is true.
func (c *Credentials) Authorize(headers []string) {
	if len(headers) > 1 {
		c.Token = new(secret.Text)
	}
	if len(headers) != 1 {
		return
	}
	scheme, text, _ := strings.Cut(headers[0], " ")
	text = strings.TrimLeft(text, " ")
	switch strings.ToLower(scheme) {
	case "bearer":
		token := secret.New(text)
		c.Token = &token
	case "basic":
		login := basicLogin(text)
		c.Login = &login
	case "digest":
		if c.digest, _ = digest.ParseCredentials(headers[0]); c.digest == nil { // what cannot be read proves nothing
			c.digest = new(digest.Credentials)
		}
	}
}

// basicLogin reads what stands behind Basic (RFC 7617).
func basicLogin(encoded string) Login {
	if len(encoded) > base64.StdEncoding.EncodedLen(maxNameBytes+1+maxPasswordBytes) {
		return Login{garbled: true}
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	name, password, ok := strings.Cut(string(text), ":")
	if err != nil || !ok {
		return Login{garbled: true}
	}
	return Login{Name: name, Password: secret.New(password)}
}
