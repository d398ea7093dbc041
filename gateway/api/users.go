package api

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/secret"
)

func (a *API) registerUsers(r registrar) {
	const tag = "users"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/users", auth.Admin}, id: "list-users", tag: tag,
		summary: "List users",
	}, a.listUsers)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/users", auth.Admin}, id: "add-user", tag: tag, status: http.StatusCreated,
		summary:  "Add a user",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.addUser)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/users/{name}", auth.Admin}, id: "get-user", tag: tag,
		summary: "Show a user",
	}, a.getUser)
	add(r, operation{
		Route: Route{http.MethodPatch, "/api/v1/users/{name}", auth.Admin}, id: "change-user", tag: tag,
		summary:  "Change what a user may do, or the password",
		about:    "Only what is named changes. A new password ends the user's sessions, streams and links; without a permission, what goes on by it ends.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.changeUser)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/users/{name}", auth.Admin}, id: "remove-user", tag: tag,
		summary: "Remove a user", about: "Its sessions, streams and links end. The last admin stays.",
		problems: []int{http.StatusConflict},
	}, a.removeUser)
}

func (a *API) registerTokens(r registrar) {
	const tag = "tokens"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/tokens", auth.Admin}, id: "list-tokens", tag: tag,
		summary: "List tokens", about: "Without their texts, which nobody can have again.",
	}, a.listTokens)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/tokens", auth.Admin}, id: "make-token", tag: tag, status: http.StatusCreated,
		summary: "Make a token", about: "For programs. Its text is in this answer and nowhere else.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity},
	}, a.makeToken)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/tokens/{number}", auth.Admin}, id: "revoke-token", tag: tag,
		summary: "Revoke a token", about: "What goes on by it, and by its links, ends.",
	}, a.revokeToken)
}

// user is a user as it is answered.
type user struct {
	Name    string    `json:"name" example:"anna"`
	Grants  []string  `json:"grants" nullable:"false" doc:"what the user may do" example:"[\"view:front\", \"publish:*\"]"`
	Admin   bool      `json:"admin" doc:"whether the user may do everything"`
	Created time.Time `json:"created"`

	Warnings []string `json:"warnings,omitempty" nullable:"false" doc:"of a change: grants for cameras that are not there" example:"[\"view:frnt is permitted, but there is no camera frnt at the moment\"]"`
}

func userOf(u auth.User) user {
	return user{Name: u.Name, Grants: textsOf(u.Grants), Admin: mayAll(u.Grants), Created: u.Created.UTC()}
}

func textsOf(grants []auth.Grant) []string {
	texts := make([]string, 0, len(grants))
	for _, g := range grants {
		texts = append(texts, g.String())
	}
	return texts
}

func mayAll(grants []auth.Grant) bool {
	for _, g := range grants {
		if g.Action == auth.Admin {
			return true
		}
	}
	return false
}

// grantsOf reads grants. The error is a problem.
func grantsOf(texts []string) ([]auth.Grant, error) {
	var grants []auth.Grant
	p := problem.New(http.StatusUnprocessableEntity, "what was sent cannot be accepted")
	for i, text := range texts {
		g, err := auth.ParseGrant(text)
		if err != nil {
			p.Errors = append(p.Errors, problem.Fault{Location: "body.grants[" + strconv.Itoa(i) + "]", Detail: err.Error()})
		}
		grants = append(grants, g)
	}
	if p.Errors != nil {
		return nil, p
	}
	return grants, nil
}

// maxWarnings bounds what is told of many grants.
const maxWarnings = 10

// warnings says which grants are for cameras that are not there.
func (a *API) warnings(grants []auth.Grant) []string {
	there := make(map[string]bool)
	for _, c := range a.options.Gateway.Cameras() {
		there[c.ID] = true
	}
	texts := auth.Warnings(grants, func(camera string) bool { return there[camera] })
	return texts[:min(len(texts), maxWarnings)]
}

// passwordOf takes a new password. The error is a problem.
func passwordOf(text string) (secret.Text, error) {
	if strings.EqualFold(text, secret.Redacted) {
		return secret.Text{}, faulty("body.password", secret.Redacted+" only stands for what is not shown; write the password, or leave the field out")
	}
	return secret.New(text), nil
}

type userAnswer struct{ Body user }

type newUserAnswer struct {
	Location string `header:"Location" doc:"its address"`
	Body     user
}

type userPath struct {
	Name string `path:"name" doc:"the user, in whatever case" example:"anna"`
}

func (a *API) listUsers(ctx context.Context, _ *nothing) (*struct{ Body userList }, error) {
	all, err := a.options.Auth.Users(ctx)
	if err != nil {
		return nil, err
	}
	list := userList{Users: []user{}}
	for _, u := range all {
		list.Users = append(list.Users, userOf(u))
	}
	return &struct{ Body userList }{list}, nil
}

type userList struct {
	Users []user `json:"users" nullable:"false"`
}

func (a *API) addUser(ctx context.Context, in *struct {
	Body struct {
		Name     string   `json:"name" doc:"without colons" minLength:"1" maxLength:"200" example:"anna"`
		Password string   `json:"password" doc:"12 characters or more" maxLength:"4096" writeOnly:"true" format:"password"`
		Grants   []string `json:"grants,omitempty" nullable:"false" maxItems:"1000" doc:"what the user may do: view:front, publish:front, playback:front, with * for all cameras; metrics; add; or admin" example:"[\"view:*\"]"`
	} `nameHint:"NewUser"`
}) (*newUserAnswer, error) {
	grants, err := grantsOf(in.Body.Grants)
	if err != nil {
		return nil, err
	}
	password, err := passwordOf(in.Body.Password)
	if err != nil {
		return nil, err
	}
	u, err := a.options.Auth.AddUser(ctx, in.Body.Name, password, grants)
	if err != nil {
		return nil, err
	}
	a.log.Info("user added", "user", u.Name, "by", principalOf(ctx).String())
	answer := userOf(u)
	answer.Warnings = a.warnings(grants)
	return &newUserAnswer{Location: a.base(ctx) + "/api/v1/users/" + url.PathEscape(u.Name), Body: answer}, nil
}

func (a *API) getUser(ctx context.Context, in *userPath) (*userAnswer, error) {
	u, err := a.options.Auth.User(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return &userAnswer{Body: userOf(u)}, nil
}

func (a *API) changeUser(ctx context.Context, in *struct {
	Name string `path:"name" doc:"the user, in whatever case" example:"anna"`
	Body struct {
		Grants   *[]string `json:"grants,omitempty" nullable:"false" maxItems:"1000" doc:"all that the user may do from now on"`
		Password *string   `json:"password,omitempty" doc:"12 characters or more" maxLength:"4096" writeOnly:"true" format:"password"`

		Name    string `json:"name,omitempty" readOnly:"true" maxLength:"200" doc:"as in the address"`
		Admin   bool   `json:"admin,omitempty" readOnly:"true" doc:"not looked at; admin is a grant"`
		Created string `json:"created,omitempty" readOnly:"true" doc:"not looked at"`

		Warnings []string `json:"warnings,omitempty" readOnly:"true" nullable:"false" maxItems:"10" doc:"not looked at"`
	} `nameHint:"UserChange"`
}) (*userAnswer, error) {
	if in.Body.Name != "" && !strings.EqualFold(in.Body.Name, in.Name) {
		return nil, faulty("body.name", "a name cannot be changed; add another user and remove this one")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writePatience)
	defer cancel()
	before, err := a.options.Auth.User(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	if in.Body.Grants != nil {
		grants, err := grantsOf(*in.Body.Grants)
		if err != nil {
			return nil, err
		}
		if err := a.options.Auth.SetGrants(ctx, before.Name, grants); err != nil {
			return nil, err
		}
	}
	if in.Body.Password != nil {
		if err := a.setPassword(ctx, before, *in.Body.Password, in.Body.Grants != nil); err != nil {
			return nil, err
		}
	}
	a.log.Info("user changed", "user", before.Name, "by", principalOf(ctx).String(),
		"grants", in.Body.Grants != nil, "password", in.Body.Password != nil)
	answer, err := a.getUser(ctx, &userPath{in.Name})
	if err == nil && in.Body.Grants != nil {
		grants, _ := grantsOf(*in.Body.Grants) // as above
		answer.Body.Warnings = a.warnings(grants)
	}
	return answer, err
}

// setPassword gives a user another password. If that fails the grants are put
// back that were changed before it.
func (a *API) setPassword(ctx context.Context, before auth.User, text string, changed bool) error {
	password, err := passwordOf(text)
	if err == nil {
		err = a.options.Auth.SetPassword(ctx, before.Name, password)
	}
	if err == nil || !changed {
		return err
	}
	if back := a.options.Auth.SetGrants(ctx, before.Name, before.Grants); back != nil {
		a.log.Error("what a user may do was changed, but not the password", "user", before.Name, "err", back)
	}
	return err
}

func (a *API) removeUser(ctx context.Context, in *userPath) (*nothing, error) {
	if err := a.options.Auth.RemoveUser(ctx, in.Name); err != nil {
		return nil, err
	}
	a.log.Info("user removed", "user", in.Name, "by", principalOf(ctx).String())
	return &nothing{}, nil
}

// token is a token as it is answered.
type token struct {
	ID      int64      `json:"id"`
	Name    string     `json:"name" example:"nvr"`
	Grants  []string   `json:"grants" nullable:"false" example:"[\"view:*\"]"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty" doc:"not there: never"`
	Used    *time.Time `json:"used,omitempty" doc:"when it was used last, a minute late"`
	Sealed  bool       `json:"sealed" doc:"its text is kept encrypted, not as a hash alone"`
	Text    string     `json:"text,omitempty" doc:"what goes behind Authorization: Bearer; only where it is made"`

	Warnings []string `json:"warnings,omitempty" nullable:"false" doc:"where it is made: grants for cameras that are not there"`
}

func tokenOf(t auth.Token) token {
	return token{
		ID: t.ID, Name: t.Name, Grants: textsOf(t.Grants),
		Created: t.Created.UTC(), Expires: timeOf(t.Expires), Used: timeOf(t.Used), Sealed: t.Sealed,
	}
}

type tokenList struct {
	Tokens []token `json:"tokens" nullable:"false"`
}

func (a *API) listTokens(ctx context.Context, _ *nothing) (*struct{ Body tokenList }, error) {
	all, err := a.options.Auth.Tokens(ctx)
	if err != nil {
		return nil, err
	}
	list := tokenList{Tokens: []token{}}
	for _, t := range all {
		list.Tokens = append(list.Tokens, tokenOf(t))
	}
	return &struct{ Body tokenList }{list}, nil
}

func (a *API) makeToken(ctx context.Context, in *struct {
	Body struct {
		Name      string   `json:"name" minLength:"1" maxLength:"200" doc:"what it is for" example:"nvr"`
		Grants    []string `json:"grants,omitempty" nullable:"false" maxItems:"1000" doc:"what it allows, as for users" example:"[\"view:*\"]"`
		ExpiresIn string   `json:"expires_in,omitempty" maxLength:"40" doc:"how long it is good, such as 12h or 90d; for ever, if left out" example:"90d"`
		Sealed    bool     `json:"sealed,omitempty" doc:"also keep its text, encrypted, for recorders that log in by Digest (RTSP), with its name as that of the user"`
	} `nameHint:"NewToken"`
}) (*struct{ Body token }, error) {
	grants, err := grantsOf(in.Body.Grants)
	if err != nil {
		return nil, err
	}
	lifetime, err := lifetimeOf(in.Body.ExpiresIn)
	if err != nil {
		return nil, err
	}
	t, text, err := a.options.Auth.CreateToken(ctx, in.Body.Name, grants, until(lifetime), in.Body.Sealed)
	if err != nil {
		return nil, err
	}
	a.log.Info("token made", "token", t.Name, "sealed", t.Sealed, "by", principalOf(ctx).String())
	answer := tokenOf(t)
	answer.Text, answer.Warnings = text.Reveal(), a.warnings(grants)
	return &struct{ Body token }{answer}, nil
}

func (a *API) revokeToken(ctx context.Context, in *numberPath) (*nothing, error) {
	if err := a.options.Auth.RevokeToken(ctx, in.Number); err != nil {
		return nil, err
	}
	a.log.Info("token revoked", "id", in.Number, "by", principalOf(ctx).String())
	return &nothing{}, nil
}

// numberPath is the id of a token, session or link. It is not called id in the
// address, which is a camera's there.
type numberPath struct {
	Number int64 `path:"number" minimum:"1" doc:"its id"`
}
