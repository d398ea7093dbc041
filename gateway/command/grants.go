package command

import (
	"errors"
	"fmt"
	"slices"

	"framegate/gateway/auth"
	"framegate/gateway/store"
)

// warnOfGrants says which grants are for cameras that are neither in the
// configuration nor added. What is given is given all the same.
func (f configFlags) warnOfGrants(env *environment, grants []auth.Grant) error {
	settings, err := f.load(env)
	if err != nil {
		return err
	}
	state, err := store.Open(env.ctx, settings.Data)
	if err != nil {
		return err
	}
	added, err := state.Cameras(env.ctx)
	if err != nil {
		return errors.Join(err, state.Close())
	}
	known := make(map[string]bool)
	for _, c := range settings.Cameras {
		known[c.ID] = true
	}
	for _, c := range added {
		known[c.ID] = true
	}
	for _, text := range auth.Warnings(grants, func(camera string) bool { return known[camera] }) {
		fmt.Fprintln(env.stderr, "framegate: warning:", text)
	}
	return state.Close()
}

// grantChange gives what somebody may do from now on who may do this.
type grantChange func(now []auth.Grant) ([]auth.Grant, error)

// adding lets somebody also do what the texts say.
func adding(texts []string) grantChange {
	return func(grants []auth.Grant) ([]auth.Grant, error) {
		more, err := grantFlags{texts}.parse()
		for _, grant := range more {
			if !slices.Contains(grants, grant) {
				grants = append(grants, grant)
			}
		}
		return grants, err
	}
}

// taking lets somebody no longer do what the texts say. What was not permitted
// in these words cannot be taken: view:front is part of view:*.
func taking(texts []string) grantChange {
	return func(grants []auth.Grant) ([]auth.Grant, error) {
		fewer, err := grantFlags{texts}.parse()
		for _, grant := range fewer {
			i := slices.Index(grants, grant)
			if i < 0 {
				return nil, fmt.Errorf("%s is not granted, but %s", grant, joinGrants(grants))
			}
			grants = slices.Delete(grants, i, i+1)
		}
		return grants, err
	}
}

type userGrant struct {
	configFlags
	Name   string   `arg:"" help:"Name of the user."`
	Grants []string `arg:"" name:"grant" help:"What is permitted besides, as view:front, publish:* or admin."`
}

// Run lets the user do more.
func (c *userGrant) Run(env *environment) error {
	if err := c.changeUser(env, c.Name, adding(c.Grants)); err != nil {
		return err
	}
	grants, _ := grantFlags{c.Grants}.parse() // as above
	return c.warnOfGrants(env, grants)
}

type userRevoke struct {
	configFlags
	Name   string   `arg:"" help:"Name of the user."`
	Grants []string `arg:"" name:"grant" help:"What is no longer permitted, as list shows it."`
}

// Run lets the user do less, and ends what is no longer permitted.
func (c *userRevoke) Run(env *environment) error {
	return c.changeUser(env, c.Name, taking(c.Grants))
}

// changeUser gives a user other grants.
func (f configFlags) changeUser(env *environment, name string, change grantChange) error {
	return f.accounts(env, false, func(a *auth.Auth) error {
		user, err := a.User(env.ctx, name)
		if err != nil {
			return fmt.Errorf("user %s: %w", name, err)
		}
		grants, err := change(user.Grants)
		if errors.Is(err, errMistake) {
			return err
		}
		if err == nil {
			err = a.SetGrants(env.ctx, name, grants)
		}
		if err != nil {
			return fmt.Errorf("user %s: %w", name, err)
		}
		return nil
	})
}

type tokenGrant struct {
	configFlags
	Name   string   `arg:"" help:"Name of the token."`
	Grants []string `arg:"" name:"grant" help:"What is permitted besides, as view:front, publish:* or admin."`
}

// Run lets the token do more.
func (c *tokenGrant) Run(env *environment) error {
	if err := c.changeToken(env, c.Name, adding(c.Grants)); err != nil {
		return err
	}
	grants, _ := grantFlags{c.Grants}.parse() // as above
	return c.warnOfGrants(env, grants)
}

type tokenRevoke struct {
	configFlags
	Name   string   `arg:"" help:"Name of the token."`
	Grants []string `arg:"" name:"grant" optional:"" help:"What is no longer permitted, as list shows it. Without this the token is gone."`
}

// Run revokes the token, or some of what it may do.
func (c *tokenRevoke) Run(env *environment) error {
	if len(c.Grants) > 0 {
		return c.changeToken(env, c.Name, taking(c.Grants))
	}
	return c.useToken(env, c.Name, func(a *auth.Auth, token auth.Token) error {
		return a.RevokeToken(env.ctx, token.ID)
	})
}

// changeToken gives a token other grants.
func (f configFlags) changeToken(env *environment, name string, change grantChange) error {
	return f.useToken(env, name, func(a *auth.Auth, token auth.Token) error {
		grants, err := change(token.Grants)
		if err != nil {
			return err
		}
		return a.SetTokenGrants(env.ctx, token.ID, grants)
	})
}

// useToken finds a token by its name.
func (f configFlags) useToken(env *environment, name string, use func(*auth.Auth, auth.Token) error) error {
	return f.accounts(env, false, func(a *auth.Auth) error {
		tokens, err := a.Tokens(env.ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(tokens, func(t auth.Token) bool { return t.Name == name })
		if i < 0 {
			return fmt.Errorf("token %s: %w", name, auth.ErrUnknown)
		}
		if err := use(a, tokens[i]); errors.Is(err, errMistake) {
			return err
		} else if err != nil {
			return fmt.Errorf("token %s: %w", name, err)
		}
		return nil
	})
}
