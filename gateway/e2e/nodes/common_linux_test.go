package nodes

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

var firstPassword = regexp.MustCompile(`or as (\S+) with the password (\S+)`)

// firstAdmin waits until one of the nodes says how to get in, as they all let in then.
func (n nodes) firstAdmin(t *testing.T) (who rig.Credentials) {
	t.Helper()
	rig.Await(t, "a node says how to get in", func() bool {
		for _, p := range n {
			if found := firstPassword.FindStringSubmatch(p.Printed.String()); found != nil {
				who = rig.Credentials{Name: found[1], Password: found[2]}
			}
		}
		return who.Name != ""
	})
	return who
}

// status of an answer.
func (n nodes) statusOf(t *testing.T, name, path string, who rig.Credentials) int {
	t.Helper()
	return n[name].Get(t, path, who).StatusCode
}

// cameras gives which cameras a node has that were added.
func (n nodes) added(t *testing.T, name string, who rig.Credentials) (ids []string) {
	t.Helper()
	var list struct {
		Cameras []struct {
			ID     string `json:"id"`
			Name   string `json:"name"`
			Origin string `json:"origin"`
		} `json:"cameras"`
	}
	if err := json.Unmarshal(n[name].Call(t, http.MethodGet, "/api/v1/cameras", nil, who, http.StatusOK).Content, &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Cameras {
		if c.Origin == "api" {
			ids = append(ids, c.ID+" "+c.Name)
		}
	}
	return ids
}

// haveAdded waits until these nodes have these cameras.
func (n nodes) haveAdded(t *testing.T, who rig.Credentials, want []string, names ...string) {
	t.Helper()
	for _, name := range names {
		rig.Await(t, fmt.Sprintf("%s has the cameras %q", name, want), func() bool { return slices.Equal(n.added(t, name, who), want) })
	}
}

// TestNodesHaveInCommon has three processes share users, tokens, logins and cameras: what one
// is told all know; what is taken away at one ends at the others; one is killed in the
// middle of changes; and one alone, also after a restart, shows all and changes nothing.
func TestNodesHaveInCommon(t *testing.T) {
	t.Parallel()
	cluster := startNodesWith(t, "auth: required", ", stores: [a, b, c]", "{phone: {source: 'upload:'}}", "a", "b", "c")
	admin := cluster.firstAdmin(t)
	for name := range cluster {
		rig.Await(t, name+" lets the admin in", func() bool { return cluster.statusOf(t, name, "/api/v1/users", admin) == http.StatusOK })
	}

	// A login counts everywhere, and so does its end.
	login := cluster["c"].Call(t, http.MethodPost, "/api/v1/login", map[string]string{"name": admin.Name, "password": admin.Password}, rig.Credentials{}, http.StatusOK)
	session := rig.Credentials{Cookie: login.Cookies()[0]}
	rig.Await(t, "who logged in at c is logged in at a", func() bool { return cluster.statusOf(t, "a", "/api/v1/users", session) == http.StatusOK })
	cluster["a"].Call(t, http.MethodPost, "/api/v1/logout", nil, session, http.StatusNoContent)
	rig.Await(t, "and no more after a logout at a", func() bool { return cluster.statusOf(t, "c", "/api/v1/users", session) == http.StatusUnauthorized })

	// Settings that are given at one count at all, also of whoever begins later.
	says := func(name, of string) {
		t.Helper()
		rig.Await(t, name+" has the setting", func() bool {
			return bytes.Contains(cluster[name].Get(t, "/api/v1/settings", admin).Content, []byte(`"key":"limits.viewers","value":`+of))
		})
	}
	cluster["a"].Call(t, http.MethodPatch, "/api/v1/settings", map[string]any{"limits.viewers": 77}, admin, http.StatusOK)
	says("b", `77,"default":2000,"origin":"app"`)
	cluster["c"].Call(t, http.MethodPatch, "/api/v1/settings", map[string]any{"limits.viewers": 78}, admin, http.StatusOK)
	says("a", `78,`)
	says("b", `78,`)

	// Cameras are added, changed and removed.
	add := func(name, id string) int {
		body := fmt.Sprintf(`{"id":%q,"source":"upload:","name":"swordfish"}`, id)
		return cluster[name].Send(t, cluster[name].Request(t, http.MethodPost, "/api/v1/cameras", []byte(body), rig.AsJSON), admin).StatusCode
	}
	if status := add("a", "yard"); status != http.StatusCreated {
		t.Fatalf("adding a camera: %d", status)
	}
	cluster.haveAdded(t, admin, []string{"yard swordfish"}, "a", "b", "c")
	cluster["b"].Call(t, http.MethodPatch, "/api/v1/cameras/yard", map[string]string{"name": "Yard"}, admin, http.StatusOK)
	cluster.haveAdded(t, admin, []string{"yard Yard"}, "a", "b", "c")

	// A token that is revoked at b ends what it watches at c.
	var token struct {
		ID   int64  `json:"id"`
		Text string `json:"text"`
	}
	made := cluster["a"].Call(t, http.MethodPost, "/api/v1/tokens", map[string]any{"name": "nas", "grants": []string{"view:yard"}}, admin, http.StatusCreated)
	if err := json.Unmarshal(made.Content, &token); err != nil {
		t.Fatal(err)
	}
	rig.PublishOver(t, &http.Client{Transport: as{admin}}, cluster["b"].Server, "yard", 0)
	rig.Await(t, "the token shows at c what is sent to b", func() bool {
		return cluster.statusOf(t, "c", "/live/yard.jpg", rig.Credentials{Bearer: token.Text}) == http.StatusOK
	})
	v, err := camtest.Watch(t.Context(), cluster["c"].URL+"/live/yard.mjpeg", camtest.WatchOptions{Header: http.Header{"Authorization": {"Bearer " + token.Text}}})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	cluster["b"].Call(t, http.MethodDelete, fmt.Sprint("/api/v1/tokens/", token.ID), nil, admin, http.StatusNoContent)
	for err == nil { // until it is ended, or the test
		_, err = v.Next()
	}
	cluster["c"].Call(t, http.MethodDelete, "/api/v1/cameras/yard", nil, admin, http.StatusNoContent)
	cluster.haveAdded(t, admin, nil, "a", "b", "c")
	noSwordfishIn(t, filepath.Join(cluster["a"].Data, "nats"))

	// One is killed while cameras are added: each is there at both, or at none.
	killed := make(chan struct{})
	go func() { cluster["a"].Kill(); close(killed) }()
	var done []string
	for i := range 6 {
		id := fmt.Sprint("cam", i)
		switch status := add([]string{"b", "c"}[i%2], id); status {
		case http.StatusCreated:
			done = append(done, id+" swordfish")
		case http.StatusServiceUnavailable:
		default:
			t.Errorf("adding %s: %d", id, status)
		}
	}
	<-killed
	if len(done) == 0 {
		t.Error("two of three nodes took no camera")
	}
	rig.Await(t, "b and c have the same", func() bool {
		at := cluster.added(t, "b", admin)
		return slices.Equal(at, cluster.added(t, "c", admin)) && !slices.ContainsFunc(done, func(c string) bool { return !slices.Contains(at, c) })
	})
	all := cluster.added(t, "b", admin)

	// One alone begins, shows what there is, lets in, and says why it changes nothing.
	c := cluster["c"]
	c.Kill()
	cluster["b"].Kill()
	cluster["c"] = rig.StartProcess(t, c.Data, c.Config)
	cluster.haveAdded(t, admin, all, "c")
	again := cluster["c"].Call(t, http.MethodPost, "/api/v1/login", map[string]string{"name": admin.Name, "password": admin.Password}, rig.Credentials{}, http.StatusOK)
	if status := cluster.statusOf(t, "c", "/api/v1/users", rig.Credentials{Cookie: again.Cookies()[0]}); status != http.StatusOK {
		t.Errorf("who logs in at one node alone gets %d", status)
	}
	refused := cluster["c"].Call(t, http.MethodDelete, "/api/v1/cameras/"+strings.Fields(all[0])[0], nil, admin, http.StatusServiceUnavailable)
	if !bytes.Contains(refused.Content, []byte(`"code":"apart"`)) {
		t.Errorf("%s", refused.Content)
	}
	cluster.haveAdded(t, admin, all, "c")
}

// as sends requests as somebody.
type as struct{ rig.Credentials }

// RoundTrip sends a request.
func (a as) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	a.Put(r)
	return http.DefaultTransport.RoundTrip(r)
}

// noSwordfishIn looks whether a camera's name stands in a folder that is kept for all nodes.
func noSwordfishIn(t *testing.T, folder string) {
	t.Helper()
	read := 0
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil // what is renamed meanwhile
		}
		content, _ := os.ReadFile(name)
		if read += len(content); bytes.Contains(content, []byte("swordfish")) {
			t.Errorf("%s shows what all nodes have in common", name)
		}
		return nil
	})
	if err != nil || read == 0 {
		t.Errorf("%d bytes, %v", read, err)
	}
}
