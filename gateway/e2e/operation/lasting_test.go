//go:build linux

package operation

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// Grants that are written together: five to be told from parts of them.
var (
	grantsBefore = []string{"view:a", "view:b", "view:c", "view:d", "view:e"}
	grantsAfter  = []string{"publish:a", "publish:b", "publish:c", "publish:d", "publish:e"}
)

// lasting is what was written to a server that is killed again and again.
type lasting struct {
	token   string          // of an admin
	acked   map[string]bool // users, tokens and cameras that a 201 was said of
	begun   map[string]bool // those that were asked for
	grants  []string        // of the user flip, as answered last
	asked   []string        // as asked for last
	pace    time.Duration   // that the last write took
	name    string          // of the camera flip
	renamed string
	count   int
}

// TestKilledServerKeepsAllOrNothing kills a server while it writes, restarts it,
// and finds of each write the state before it or the one after, and after it
// where that was answered.
func TestKilledServerKeepsAllOrNothing(t *testing.T) {
	t.Parallel()
	rounds := 24
	if testing.Short() {
		rounds = 4
	}
	data := filepath.Join(t.TempDir(), "data")
	l := &lasting{pace: 10 * time.Millisecond, acked: make(map[string]bool), begun: make(map[string]bool), grants: grantsBefore, asked: grantsBefore, name: "before", renamed: "before"}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 7))
	for round := range rounds + 1 {
		p := rig.StartProcess(t, data, "")
		if round == 0 {
			l.begin(t, p)
		}
		l.check(t, p)
		if round == rounds {
			break
		}
		var tool *exec.Cmd
		if round%3 == 0 {
			tool = l.tool(t, p)
		}
		l.write(t, p, random)
		p.Kill()
		if tool != nil {
			tool.Process.Kill()
			tool.Wait()
		}
	}
	t.Logf("%d writes begun, %d answered", len(l.begun), len(l.acked))
	if len(l.acked) < rounds/2 {
		t.Error("too little was written for this to tell anything")
	}
}

// begin makes what the rounds change.
func (l *lasting) begin(t *testing.T, p *rig.Process) {
	t.Helper()
	l.token = p.AddToken(t, "admin", "admin")
	p.Call(t, "POST", "/api/v1/users", map[string]any{"name": "flip", "password": rig.GoodPassword, "grants": grantsBefore}, rig.Credentials{Bearer: l.token}, 201)
	p.Call(t, "POST", "/api/v1/cameras", map[string]any{"id": "flip", "source": "upload:", "name": "before"}, rig.Credentials{Bearer: l.token}, 201)
}

// tool has the command line write beside the server, to be killed like that.
func (l *lasting) tool(t *testing.T, p *rig.Process) *exec.Cmd {
	t.Helper()
	l.count++
	name := fmt.Sprintf("token tool-%d", l.count)
	l.begun[name] = true
	c := rig.Command(p.Variables, append([]string{"token", "create", strings.TrimPrefix(name, "token ")}, rig.GrantFlags(grantsBefore)...)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// write writes until the server is gone: after some writes, in the midst of the
// next.
func (l *lasting) write(t *testing.T, p *rig.Process, random *rand.Rand) {
	t.Helper()
	left := random.IntN(8)
	for {
		l.count++
		n := l.count
		user, token, camera := fmt.Sprintf("user u-%d", n), fmt.Sprintf("token t-%d", n), fmt.Sprintf("camera c-%d", n)
		l.asked, l.renamed = grantsBefore, "before"
		if n%2 == 0 {
			l.asked, l.renamed = grantsAfter, "after"
		}
		for _, w := range []struct {
			method, path string
			body         map[string]any
			made         string
			status       int
		}{
			{"POST", "/api/v1/tokens", map[string]any{"name": token[6:], "grants": grantsBefore}, token, 201},
			{"PATCH", "/api/v1/users/flip", map[string]any{"grants": l.asked}, "", 200},
			{"POST", "/api/v1/cameras", map[string]any{"id": camera[7:], "source": "http://192.0.2.1/x?y=z", "name": "a camera", "username": "viewer", "password": "secret"}, camera, 201},
			{"PATCH", "/api/v1/cameras/flip", map[string]any{"name": l.renamed}, "", 200},
			{"POST", "/api/v1/users", map[string]any{"name": user[5:], "password": rig.GoodPassword, "grants": grantsBefore}, user, 201},
		} {
			if w.made != "" {
				l.begun[w.made] = true
			}
			if left == 0 {
				killing := time.AfterFunc(time.Duration(random.Int64N(int64(2*l.pace))), func() { p.Cmd.Process.Kill() })
				defer killing.Stop()
			}
			left--
			began := time.Now()
			if got := l.send(p, w.method, w.path, w.body); got == 0 {
				return
			} else if got != w.status {
				t.Errorf("%s %s is answered with %d", w.method, w.path, got)
				return
			}
			l.pace = time.Since(began)
			switch {
			case w.made != "":
				l.acked[w.made] = true
			case strings.HasSuffix(w.path, "users/flip"):
				l.grants = l.asked
			default:
				l.name = l.renamed
			}
		}
	}
}

// send gives the status of a write, and 0 if the server is gone.
func (l *lasting) send(p *rig.Process, method, path string, body any) int {
	content, err := json.Marshal(body)
	if err != nil {
		return 0
	}
	r, err := http.NewRequest(method, p.URL+path, bytes.NewReader(content))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+l.token)
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	if _, err := io.ReadAll(response.Body); err != nil {
		return 0
	}
	return response.StatusCode
}

// check compares what there is with what was written.
func (l *lasting) check(t *testing.T, p *rig.Process) {
	t.Helper()
	var there struct {
		Users, Tokens []struct {
			Name   string
			Grants []string
		}
		Cameras []struct {
			ID, Name    string
			PasswordSet bool `json:"password_set"`
		}
	}
	for _, list := range []string{"users", "tokens", "cameras"} {
		if err := json.Unmarshal(p.Call(t, "GET", "/api/v1/"+list, nil, rig.Credentials{Bearer: l.token}, 200).Content, &there); err != nil {
			t.Fatal(err)
		}
	}
	missing := maps.Clone(l.acked)
	find := func(what string, whole bool) {
		delete(missing, what)
		if !l.begun[what] {
			t.Errorf("nobody asked for %s", what)
		}
		if !whole {
			t.Errorf("%s is there in part", what)
		}
	}
	for _, u := range there.Users {
		switch u.Name {
		case "admin":
		case "flip":
			if !sameSet(u.Grants, l.grants) && !sameSet(u.Grants, l.asked) {
				t.Errorf("the user has %v; %v was answered, and %v asked for", u.Grants, l.grants, l.asked)
			}
			l.grants = u.Grants
		default:
			find("user "+u.Name, sameSet(u.Grants, grantsBefore))
		}
	}
	for _, k := range there.Tokens {
		if k.Name != "admin" {
			find("token "+k.Name, sameSet(k.Grants, grantsBefore))
		}
	}
	for _, c := range there.Cameras {
		switch c.ID {
		case "demo", "phone":
		case "flip":
			if c.Name != l.name && c.Name != l.renamed {
				t.Errorf("the camera is called %q", c.Name)
			}
			l.name = c.Name
		default:
			find("camera "+c.ID, c.Name == "a camera" && c.PasswordSet)
		}
	}
	if len(missing) > 0 {
		t.Errorf("answered, and gone: %v", slices.Sorted(maps.Keys(missing)))
	}
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}
