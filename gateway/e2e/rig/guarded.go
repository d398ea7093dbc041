package rig

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/command"
	"framegate/gateway/store"
)

const (
	// GoodPassword is that of the users that tests add, where it does not matter.
	GoodPassword = "correct horse battery"
	// HardPassword is one that has to be quoted in an address.
	HardPassword = "p@ss:w/rd? 100%#ü"
)

// Guarded is a gateway that wants to know who asks, as it is by default.
type Guarded struct {
	*Server
	Admin FirstLogin
	Store *store.Store // of the same folder, as another process has it; after OpenBeside
	auth  *auth.Auth   // on that
}

// FirstLogin is what the first start of a gateway prints.
type FirstLogin struct{ Name, Password, Link string }

var firstPrinted = regexp.MustCompile(`/login#(\S+) [^\n]*\n\s+or as (\S+) with the password (\S+)`)

// StartGuarded runs a gateway with logins until the test ends, with a
// configuration, or with the defaults where that is empty. The variables are
// set besides.
func StartGuarded(t *testing.T, configuration string, variables ...string) *Guarded {
	t.Helper()
	return StartGuardedAt(t, "127.0.0.1:0", configuration, variables...)
}

// StartGuardedAt is StartGuarded with an address to listen on.
func StartGuardedAt(t *testing.T, listen, configuration string, variables ...string) *Guarded {
	t.Helper()
	config := ""
	if configuration != "" {
		config = WriteConfig(t, configuration)
	}
	g := &Guarded{Server: newServer(config, filepath.Join(t.TempDir(), "data"), variables)}
	g.run(t, listen)
	if !g.readFirstLogin() {
		t.Fatalf("the first start printed\n%s", g.Printed)
	}
	g.OpenBeside(t)
	return g
}

// StartWithPicture runs a gateway with logins whose camera front has the picture
// 1, and gives an admin who is logged in. The configuration may not have cameras.
// The variables are set besides.
func StartWithPicture(t *testing.T, configuration string, variables ...string) (*Guarded, Credentials) {
	t.Helper()
	g := StartGuarded(t, configuration+"\ncameras: {front: {source: 'upload:'}}\n", variables...)
	admin := g.AsAdmin(t)
	a := g.Send(t, g.Request(t, http.MethodPost, "/live/front.jpg", Picture(1), AsJPEG), admin)
	if a.StatusCode != http.StatusNoContent {
		t.Fatalf("status %d: %s", a.StatusCode, a.Content)
	}
	return g, admin
}

// readFirstLogin takes the first login from what was printed, where it is there.
func (g *Guarded) readFirstLogin() bool {
	found := firstPrinted.FindStringSubmatch(g.Printed.String())
	if found == nil {
		return false
	}
	g.Admin = FirstLogin{Link: found[1], Name: found[2], Password: found[3]}
	return true
}

// OpenBeside opens the server's state as another process would, which fills
// Store. StartGuarded does so.
func (g *Guarded) OpenBeside(t *testing.T) {
	t.Helper()
	var err error
	if g.Store, err = store.Open(t.Context(), g.Data); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Store.Close() })
	if g.auth, err = auth.New(t.Context(), auth.Options{Store: g.Store}); err != nil {
		t.Fatal(err)
	}
}

// Beside runs a command line beside the server, and gives what it prints.
func (s *Server) Beside(t *testing.T, args ...string) string {
	t.Helper()
	status, stdout, stderr := SayIn(t, s.Variables, append(args, s.ConfigFlags()...)...)
	if status != 0 {
		t.Fatalf("framegate %v: status %d, %s", args, status, stderr)
	}
	return strings.TrimSpace(stdout)
}

// Say runs a command line of a gateway without logins and with a folder of its
// own, and gives what came of it.
func Say(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return SayIn(t, []string{"FRAMEGATE_AUTH=off", "FRAMEGATE_DATA=" + t.TempDir()}, args...)
}

// SayIn is Say with nothing around the command but these variables.
func SayIn(t *testing.T, variables []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = command.Run(t.Context(), args, variables, &out, &errs)
	return status, out.String(), errs.String()
}

// PasswordFile writes a password to where the command line reads it.
func PasswordFile(t *testing.T, password string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(name, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// GrantFlags gives the flags by which the command line is told grants.
func GrantFlags(grants []string) (flags []string) {
	for _, grant := range grants {
		flags = append(flags, "--grant", grant)
	}
	return flags
}

// AddUser adds a user with GoodPassword.
func (g *Guarded) AddUser(t *testing.T, name string, grants ...string) {
	t.Helper()
	g.Beside(t, append([]string{"user", "add", name, "--password-file", PasswordFile(t, GoodPassword)}, GrantFlags(grants)...)...)
}

// AddToken makes a token and gives its text.
func (g *Guarded) AddToken(t *testing.T, name string, grants ...string) string {
	t.Helper()
	return g.Beside(t, append([]string{"token", "create", name}, GrantFlags(grants)...)...)
}

// AddSession begins a session as a login does, without a password's cost, and
// gives its cookie.
func (g *Guarded) AddSession(t *testing.T, user string, lifetime time.Duration) *http.Cookie {
	t.Helper()
	u, err := g.Store.UserNamed(t.Context(), user)
	if err != nil {
		t.Fatal(err)
	}
	secret := make([]byte, 32)
	rand.Read(secret)
	text := base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(text))
	_, err = g.Store.AddSession(t.Context(), store.Session{Hash: hash[:], User: u.ID, Expires: time.Now().Add(lifetime), Address: "127.0.0.1"}, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Cookie{Name: "framegate", Value: text}
}

// AsAdmin gives a new session of the first admin.
func (g *Guarded) AsAdmin(t *testing.T) Credentials {
	t.Helper()
	return Credentials{Cookie: g.AddSession(t, g.Admin.Name, time.Hour)}
}

// SignLink gives the query of a signed link that the owner of a token makes.
func (g *Guarded) SignLink(t *testing.T, token string, action auth.Action, camera string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, g.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	p, err := g.auth.Identify(r, auth.Use{Ways: auth.Bearer})
	if err != nil {
		t.Fatal(err)
	}
	query, err := g.auth.SignLink(t.Context(), p, action, camera, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return query.Encode()
}
