package command

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/regular"
	"framegate/gateway/secret"
	"framegate/gateway/store"
)

// maxPasswordInput bounds what is read as a password.
const maxPasswordInput = 4 << 10

// userCommand manages users. It may be used beside a running server, which
// takes notice within seconds.
type userCommand struct {
	Add    userAdd    `cmd:"" help:"Add a user."`
	Passwd userPasswd `cmd:"" help:"Give a user another password, which logs them out everywhere."`
	List   userList   `cmd:"" help:"List users and what they may do."`
	Grant  userGrant  `cmd:"" help:"Let a user do more."`
	Revoke userRevoke `cmd:"" help:"Let a user do less, and end what is no longer permitted."`
	Remove userRemove `cmd:"" help:"Remove a user, and end what they watch."`
}

// tokenCommand manages tokens, which programs use in place of a password.
type tokenCommand struct {
	Create tokenCreate `cmd:"" help:"Create a token. It is shown once."`
	List   tokenList   `cmd:"" help:"List tokens."`
	Grant  tokenGrant  `cmd:"" help:"Let what uses a token do more."`
	Revoke tokenRevoke `cmd:"" help:"Revoke a token, or some of what it may do, and end what is no longer permitted."`
}

// accounts opens the state of the configured server for use, and closes it.
// Where there is none it makes none: most likely the server keeps it elsewhere,
// and would never know of what is written here. create says that none did yet.
func (f configFlags) accounts(env *environment, create bool, use func(*auth.Auth) error) error {
	settings, err := f.load(env)
	if err == nil && !create {
		err = f.expectState(settings.Data)
	}
	if err != nil {
		return err
	}
	return openAccounts(env, settings.Data, use)
}

// expectState says what to do where there is no state of a server in folder.
func (f configFlags) expectState(folder string) error {
	exists, err := store.Exists(folder)
	if err != nil || exists {
		return err
	}
	if absolute, err := filepath.Abs(folder); err == nil {
		folder = absolute
	}
	advice := "say --config FILE as the server does, or set FRAMEGATE_DATA to its data folder, which its log names at the start"
	if f.Config != "" {
		advice = "say the --config FILE that the server was started with, and set FRAMEGATE_DATA if it has that"
	}
	return mistake(fmt.Errorf("framegate: no server keeps anything in %s yet: %s; the first start of a server makes it, with a user admin", folder, advice))
}

// openAccounts opens the state in folder for use, and closes it.
func openAccounts(env *environment, folder string, use func(*auth.Auth) error) error {
	state, err := store.Open(env.ctx, folder)
	if err != nil {
		return err
	}
	access, err := auth.New(env.ctx, auth.Options{Store: state})
	if err == nil {
		err = use(access)
	}
	return errors.Join(err, state.Close())
}

// passwordFlags say which password a user gets.
type passwordFlags struct {
	PasswordFile string `placeholder:"FILE" help:"Read the password from the first line of FILE, or of the standard input for -. Without this one is made and printed."`
}

// choose gives the password, and says that it was made rather than given.
func (f passwordFlags) choose() (password string, made bool, err error) {
	if f.PasswordFile == "" {
		return rand.Text(), true, nil
	}
	var b []byte
	if f.PasswordFile == "-" {
		b, err = io.ReadAll(io.LimitReader(os.Stdin, maxPasswordInput))
	} else {
		b, err = regular.ReadGiven(f.PasswordFile, maxPasswordInput)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSuffix(line, "\r"), false, err
}

// grantFlags say what somebody may do.
type grantFlags struct {
	Grant []string `placeholder:"GRANT" help:"What is permitted: admin, metrics, add, or view, publish, playback or ptz with a camera behind a colon, as view:front or view:* for all. May be given several times."`
}

func (f grantFlags) parse() ([]auth.Grant, error) {
	grants := make([]auth.Grant, len(f.Grant))
	for i, text := range f.Grant {
		var err error
		if grants[i], err = auth.ParseGrant(text); err != nil {
			return nil, mistake(fmt.Errorf("framegate: %w", err))
		}
	}
	return grants, nil
}

type userAdd struct {
	configFlags
	grantFlags
	passwordFlags
	Create bool   `help:"Make the data folder where there is none yet, before the first start of a server."`
	Name   string `arg:"" help:"Name to log in with."`
}

// Run adds the user.
func (c *userAdd) Run(env *environment) error {
	grants, err := c.parse()
	if err != nil {
		return err
	}
	password, made, err := c.choose()
	if err != nil {
		return err
	}
	err = c.accounts(env, c.Create, func(a *auth.Auth) error {
		if _, err := a.AddUser(env.ctx, c.Name, secret.New(password), grants); err != nil {
			return fmt.Errorf("user %s: %w", c.Name, err)
		}
		sayPassword(env.stdout, password, made)
		return nil
	})
	if err != nil {
		return err
	}
	return c.warnOfGrants(env, grants)
}

type userPasswd struct {
	configFlags
	passwordFlags
	Name string `arg:"" help:"Name of the user."`
}

// Run changes the password.
func (c *userPasswd) Run(env *environment) error {
	password, made, err := c.choose()
	if err != nil {
		return err
	}
	return c.accounts(env, false, func(a *auth.Auth) error {
		if err := a.SetPassword(env.ctx, c.Name, secret.New(password)); err != nil {
			return fmt.Errorf("user %s: %w", c.Name, err)
		}
		sayPassword(env.stdout, password, made)
		return nil
	})
}

// sayPassword shows a password that nobody knows yet.
func sayPassword(w io.Writer, password string, made bool) {
	if made {
		fmt.Fprintf(w, "password: %s\n", password)
	}
}

type userList struct{ configFlags }

// Run lists the users.
func (c *userList) Run(env *environment) error {
	return c.accounts(env, false, func(a *auth.Auth) error {
		users, err := a.Users(env.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		for _, u := range users {
			fmt.Fprintf(table, "%s\t%s\n", u.Name, joinGrants(u.Grants))
		}
		return table.Flush()
	})
}

func joinGrants(grants []auth.Grant) string {
	texts := make([]string, len(grants))
	for i, g := range grants {
		texts[i] = g.String()
	}
	return strings.Join(texts, " ")
}

type userRemove struct {
	configFlags
	Name string `arg:"" help:"Name of the user."`
}

// Run removes the user.
func (c *userRemove) Run(env *environment) error {
	return c.accounts(env, false, func(a *auth.Auth) error {
		if err := a.RemoveUser(env.ctx, c.Name); err != nil {
			return fmt.Errorf("user %s: %w", c.Name, err)
		}
		return nil
	})
}

type tokenCreate struct {
	configFlags
	grantFlags
	Name      string   `arg:"" help:"What the token is for."`
	ExpiresIn lifetime `placeholder:"DURATION" help:"How long it is good, such as 12h or 90d; for ever without this."`
	Sealed    bool     `help:"Also keep it, encrypted, for recorders that log in by Digest over RTSP, with its name as that of the user. As long as there is one, all are asked for Digest first."`
}

// lifetime is how long something is good; 0 is for ever.
type lifetime time.Duration

// UnmarshalText reads a duration as it stands in a configuration.
func (l *lifetime) UnmarshalText(text []byte) error {
	d, err := config.Duration(string(text))
	if err == nil && d < time.Second {
		err = errors.New("must be a second or more; leave it out for what does not end")
	}
	*l = lifetime(d)
	return err
}

// Run creates the token and shows it.
func (c *tokenCreate) Run(env *environment) error {
	grants, err := c.parse()
	if err != nil {
		return err
	}
	var expires time.Time
	if c.ExpiresIn > 0 {
		expires = time.Now().Add(time.Duration(c.ExpiresIn))
	}
	err = c.accounts(env, false, func(a *auth.Auth) error {
		_, secret, err := a.CreateToken(env.ctx, c.Name, grants, expires, c.Sealed)
		if err != nil {
			return fmt.Errorf("token %s: %w", c.Name, err)
		}
		fmt.Fprintln(env.stdout, secret.Reveal())
		return nil
	})
	if err != nil {
		return err
	}
	return c.warnOfGrants(env, grants)
}

type tokenList struct{ configFlags }

// Run lists the tokens, without what makes them good.
func (c *tokenList) Run(env *environment) error {
	return c.accounts(env, false, func(a *auth.Auth) error {
		tokens, err := a.Tokens(env.ctx)
		if err != nil {
			return err
		}
		table := tabwriter.NewWriter(env.stdout, 0, 0, 2, ' ', 0)
		for _, t := range tokens {
			until := "for ever"
			if !t.Expires.IsZero() {
				until = "until " + t.Expires.Format(time.DateTime)
			}
			if t.Sealed {
				until += ", sealed"
			}
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\n", t.ID, t.Name, until, joinGrants(t.Grants))
		}
		return table.Flush()
	})
}
