package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"framegate/gateway/api/openapi"
	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/secret"
)

func (a *API) registerSessions(r registrar) {
	const tag = "login"
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/login", Public}, id: "log-in", tag: tag,
		summary: "Log in with a password, or a link", about: "The answer sets a cookie. After a few wrong passwords none is looked at for a while. Of a link that logs in once what stands behind its # is sent, instead of a name and password.",
		problems: []int{http.StatusUnauthorized, http.StatusUnprocessableEntity},
	}, a.logIn)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/logout", Public}, id: "log-out", tag: tag,
		summary: "Log out", about: "Ends the session of the cookie, if there is one, and what goes on in it.",
	}, a.logOut)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/me", Known}, id: "get-me", tag: tag,
		summary: "Show who you are, and what you may do",
	}, a.getMe)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/me/password", Known}, id: "change-my-password", tag: tag,
		summary: "Change your password", about: "A wrong old one is a fault of the body. All your sessions, streams and links end; the answer begins a new session.",
		problems: []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusTooManyRequests},
	}, a.changeMyPassword)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/me/login-link", Known}, id: "make-login-link", tag: tag, status: http.StatusCreated,
		summary: "Make a link that logs you in once more", about: "On a phone, say, as a QR code: once, within ten minutes. The one you made before is good no more, and a new password ends it too. Only for those who logged in, not for tokens.",
		problems: []int{http.StatusForbidden, http.StatusUnprocessableEntity, http.StatusServiceUnavailable, http.StatusInsufficientStorage},
	}, a.makeLoginLink)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/sessions", Known}, id: "list-sessions", tag: tag,
		summary: "List your sessions", about: "Admins see everybody's.",
	}, a.listSessions)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/sessions/{number}", Known}, id: "end-session", tag: tag,
		summary: "End a session", about: "And what goes on in it. Admins can end everybody's.",
		problems: []int{http.StatusNotFound},
	}, a.endSession)
}

// me is who asks.
type me struct {
	Kind    string     `json:"kind" enum:"user,token,anyone" doc:"anyone, where auth is off"`
	Name    string     `json:"name,omitempty" example:"anna"`
	Admin   bool       `json:"admin"`
	Grants  []string   `json:"grants" nullable:"false" example:"[\"view:*\"]"`
	Expires *time.Time `json:"expires,omitempty" doc:"when this login ends by itself"`
	Session int64      `json:"session,omitempty" doc:"its id, for those who logged in"`
	First   bool       `json:"first_password,omitempty" doc:"whether your password is still the one that was printed at the server's first start; not known of servers that began with an earlier version"`
	Others  []string   `json:"others,omitempty" doc:"URLs of the other nodes of the cluster that live, where viewers reach them" example:"[\"https://b.example.org\"]"`
	Node    string     `json:"node,omitempty" doc:"for admins: which node of a cluster this server is, where it is one" example:"a"`
}

func (a *API) meOf(p auth.Principal) me {
	who := me{
		Kind:    p.Kind().String(),
		Name:    p.Name(),
		Admin:   isAdmin(p),
		Grants:  textsOf(p.Grants()),
		Expires: timeOf(p.Expires()),
		Session: p.SessionID(),
		First:   p.FirstPassword(),
	}
	cluster := a.options.Gateway.Cluster()
	if who.Admin {
		who.Node = cluster.Node
	}
	for _, n := range cluster.Nodes {
		if n.Alive && n.Public != "" && n.Name != cluster.Node {
			who.Others = append(who.Others, n.Public)
		}
	}
	return who
}

type meAnswer struct{ Body me }

func (a *API) getMe(ctx context.Context, _ *nothing) (*meAnswer, error) {
	return &meAnswer{a.meOf(principalOf(ctx))}, nil
}

// credentials are what somebody logs in by.
type credentials struct {
	Name     *string `json:"name,omitempty" maxLength:"200" example:"anna"`
	Password *string `json:"password,omitempty" maxLength:"4096" writeOnly:"true" format:"password"`
	Link     string  `json:"link,omitempty" maxLength:"200" writeOnly:"true" doc:"instead: what stands behind the # of a link that logs in once"`
}

func (a *API) logIn(ctx context.Context, in *struct{ Body credentials }) (*meAnswer, error) {
	w, r := openapi.ExchangeOf(ctx)
	var p auth.Principal
	var err error
	switch c := in.Body; {
	case c.Link != "" && (c.Name != nil || c.Password != nil):
		err = faulty("body.link", "send a link, or a name and password")
	case c.Link != "":
		p, err = a.options.Auth.LoginByLink(w, r, secret.New(c.Link))
	case c.Name == nil || c.Password == nil:
		err = faulty("body", "name and password are needed, or a link")
	default:
		p, err = a.options.Auth.Login(w, r, *c.Name, secret.New(*c.Password))
	}
	if err != nil {
		return nil, err
	}
	return &meAnswer{a.meOf(p)}, nil
}

func (a *API) logOut(ctx context.Context, _ *nothing) (*nothing, error) {
	w, r := openapi.ExchangeOf(ctx)
	return &nothing{}, a.options.Auth.Logout(w, r)
}

func (a *API) changeMyPassword(ctx context.Context, in *struct {
	Body struct {
		Old      string `json:"old" maxLength:"4096" writeOnly:"true" format:"password" doc:"the present password"`
		Password string `json:"password" maxLength:"4096" writeOnly:"true" format:"password" doc:"12 characters or more"`
	} `nameHint:"PasswordChange"`
}) (*meAnswer, error) {
	password, err := passwordOf(in.Body.Password)
	if err != nil {
		return nil, err
	}
	w, r := openapi.ExchangeOf(ctx)
	p, err := a.options.Auth.ChangePassword(w, r, principalOf(ctx), secret.New(in.Body.Old), password)
	if errors.Is(err, auth.ErrDenied) { // who asks is logged in all the same
		err = faulty("body.old", "is not your password").Coded(problem.WrongPassword)
	}
	if err != nil {
		return nil, err
	}
	return &meAnswer{a.meOf(p)}, nil
}

// loginLink is what logs a user in once.
type loginLink struct {
	Link    string    `json:"link" doc:"the secret of it, for POST /api/v1/login; only here"`
	URL     string    `json:"url" doc:"the address that a browser opens, on this server: the secret stands behind its #, where no server sees it" example:"/login?next=%2Fcamera%2Ffront#…"`
	Expires time.Time `json:"expires"`
}

func (a *API) makeLoginLink(ctx context.Context, in *struct {
	Body *struct {
		Next string `json:"next,omitempty" maxLength:"2000" doc:"where to go then: a path of this server" example:"/camera/front"`
	} `nameHint:"NewLoginLink"`
}) (*struct{ Body loginLink }, error) {
	query := ""
	if in.Body != nil && in.Body.Next != "" {
		if !OwnPath(in.Body.Next) {
			return nil, faulty("body.next", "has to be a path of this server, such as /camera/front")
		}
		query = "?" + url.Values{"next": {in.Body.Next}}.Encode()
	}
	text, expires, err := a.options.Auth.LoginLink(ctx, principalOf(ctx))
	if errors.Is(err, auth.ErrForbidden) {
		err = problem.New(http.StatusForbidden, "only who logged in can make such a link; a token, or a password with each request, cannot")
	}
	if err != nil {
		return nil, err
	}
	return &struct{ Body loginLink }{loginLink{
		Link: text.Reveal(), URL: a.base(ctx) + "/login" + query + "#" + text.Reveal(), Expires: expires.UTC().Truncate(time.Second),
	}}, nil
}

// OwnPath says whether an address is a path of this server, and nothing that
// could lead elsewhere.
func OwnPath(address string) bool {
	odd := strings.Contains(address, "\\") || strings.ContainsFunc(address, func(r rune) bool { return !unicode.IsPrint(r) })
	return strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "//") && !odd && utf8.ValidString(address)
}

// session is a session as it is answered.
type session struct {
	ID      int64     `json:"id"`
	User    string    `json:"user"`
	Created time.Time `json:"created"`
	Seen    time.Time `json:"seen" doc:"a minute late"`
	Expires time.Time `json:"expires"`
	Address string    `json:"address" doc:"where the user logged in from"`
	Agent   string    `json:"agent" doc:"the browser, as it names itself"`
	Current bool      `json:"current" doc:"whether it is the one that asks"`
}

type sessionList struct {
	Sessions []session `json:"sessions" nullable:"false"`
}

// sessionsFor gives the sessions that a principal may see.
func (a *API) sessionsFor(ctx context.Context, p auth.Principal) ([]auth.Session, error) {
	switch {
	case isAdmin(p):
		return a.options.Auth.Sessions(ctx, 0)
	case p.UserID() == 0: // a token has none, and 0 would ask for everybody's
		return nil, nil
	}
	return a.options.Auth.Sessions(ctx, p.UserID())
}

func (a *API) listSessions(ctx context.Context, _ *nothing) (*struct{ Body sessionList }, error) {
	p := principalOf(ctx)
	all, err := a.sessionsFor(ctx, p)
	if err != nil {
		return nil, err
	}
	list := sessionList{Sessions: []session{}}
	for _, s := range all {
		list.Sessions = append(list.Sessions, session{
			ID: s.ID, User: s.User, Created: s.Created.UTC(), Seen: s.Seen.UTC(), Expires: s.Expires.UTC(),
			Address: s.Address, Agent: s.Agent, Current: s.ID == p.SessionID(),
		})
	}
	return &struct{ Body sessionList }{list}, nil
}

func (a *API) endSession(ctx context.Context, in *numberPath) (*nothing, error) {
	p := principalOf(ctx)
	theirs, err := a.sessionsFor(ctx, p)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(theirs, func(s auth.Session) bool { return s.ID == in.Number }) {
		return nil, problem.New(http.StatusNotFound, notThere)
	}
	if err := a.options.Auth.RevokeSession(ctx, in.Number); err != nil {
		return nil, err
	}
	a.log.Info("session ended", "id", in.Number, "by", p.String())
	return &nothing{}, nil
}
