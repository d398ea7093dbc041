package nodes

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"framegate/gateway/browsertest"
	"framegate/gateway/e2e/rig"
)

// entrance is where viewers reach a node, at a host of its own, so that no cookie of one is sent to
// another. It is a TCP proxy, since nodes have to know it before they listen.
type entrance struct {
	URL      string
	listener net.Listener

	mu sync.Mutex // guards to
	to string
}

func newEntrance(t *testing.T, host string) *entrance {
	t.Helper()
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	e := &entrance{URL: "http://" + l.Addr().String(), listener: l}
	t.Cleanup(func() { l.Close() })
	go func() { // ends with the listener
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go e.pass(in) // ends with either connection
		}
	}()
	return e
}

func (e *entrance) pass(in net.Conn) {
	defer in.Close()
	e.mu.Lock()
	to := e.to
	e.mu.Unlock()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { _, _ = io.Copy(out, in); out.Close() }()
	_, _ = io.Copy(in, out)
}

// leads has it lead to a node.
func (e *entrance) leads(p *rig.Process) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.to = strings.TrimPrefix(p.URL, "http://")
}

// startEntered starts nodes a, b and c that keep in common what all have, of which a and b can be
// entered by viewers, with anna, who may view the cameras front and barn. Keys of only are of b.
func startEntered(t *testing.T, keys string, only ...string) (cluster nodes, doors map[string]*entrance, admin rig.Credentials) {
	t.Helper()
	_, front := recordedFront(t)
	doors = map[string]*entrance{"a": newEntrance(t, "127.0.0.1"), "b": newEntrance(t, "127.0.0.2")}
	cluster = startNodesEach(t, "auth: required", func(name string) string {
		if doors[name] == nil {
			return ", stores: [a, b, c]" + keys
		}
		if name == "b" {
			return ", stores: [a, b, c], public: '" + doors[name].URL + "'" + keys + strings.Join(only, "")
		}
		return ", stores: [a, b, c], public: '" + doors[name].URL + "'" + keys
	}, "{"+front+", gate: {source: 'upload:'}, "+strings.Replace(strings.TrimSuffix(front, "}"), "front:", "barn:", 1)+", node_label: 'site=barn'}}", "a", "b", "c")
	for name, door := range doors {
		door.leads(cluster[name])
	}
	admin = cluster.firstAdmin(t)
	for name := range cluster {
		rig.Await(t, name+" lets the admin in", func() bool { return cluster.statusOf(t, name, "/api/v1/users", admin) == http.StatusOK })
	}
	cluster["a"].Call(t, http.MethodPost, "/api/v1/users", map[string]any{"name": "anna", "password": rig.GoodPassword, "grants": []string{"view:front", "view:barn"}}, admin, http.StatusCreated)
	return cluster, doors, admin
}

// ways gives at which addresses a node says that others show a camera.
func (n nodes) ways(t *testing.T, name, camera string, who rig.Credentials) (ways []string) {
	t.Helper()
	var answer struct{ Nodes []string }
	rig.Await(t, name+" says where else "+camera+" is", func() bool {
		got := n[name].Get(t, "/live/"+camera+"/nodes", who)
		return got.StatusCode == http.StatusOK && json.Unmarshal(got.Content, &answer) == nil && len(answer.Nodes) > 0
	})
	return answer.Nodes
}

// TestViewersOfDeadNodesGoOn has Chromium show a camera, with a page from node a, which is killed: it shows
// newer pictures, of node b, and none after its user was removed.
func TestViewersOfDeadNodesGoOn(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	cluster, doors, admin := startEntered(t, "")
	cmd := rig.Node(t.Context(), "nodes.mjs", doors["a"].URL, "anna", rig.GoodPassword)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	var wrong strings.Builder
	cmd.Stderr = &wrong
	if err1 != nil || err2 != nil || cmd.Start() != nil {
		t.Fatal(err1, err2)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); fmt.Fprintln(in) {
		switch lines.Text() {
		case "do kill":
			cluster["a"].Kill()
			doors["a"].listener.Close()
		case "do remove":
			cluster.removeAnna(t, admin)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v\n%s", err, &wrong)
	}
}

// removeAnna has b remove the user, which takes a moment after a died.
func (n nodes) removeAnna(t *testing.T, admin rig.Credentials) {
	t.Helper()
	rig.Await(t, "b removes anna", func() bool {
		return n["b"].Send(t, n["b"].Request(t, http.MethodDelete, "/api/v1/users/anna", nil, nil), admin).StatusCode == http.StatusNoContent
	})
}

// TestViewersGoOnInFirefox has another browser do so.
func TestViewersGoOnInFirefox(t *testing.T) {
	t.Parallel()
	rig.NeedFirefox(t)
	cluster, doors, admin := startEntered(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 8*rig.Ceiling)
	defer cancel()
	firefox, err := browsertest.StartFirefox(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer firefox.Close()
	evaluate := func(expression string) {
		t.Helper()
		if err := firefox.Evaluate(ctx, "(async () => {"+expression+"})()", nil); err != nil {
			t.Fatalf("%s: %v; it complains: %q", expression, err, firefox.Complaints())
		}
	}
	if err := firefox.Navigate(ctx, doors["a"].URL+"/login"); err != nil {
		t.Fatal(err)
	}
	evaluate(fmt.Sprintf(`const answer = await fetch('/api/v1/login', {method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({name: 'anna', password: %q})});
		if (!answer.ok) throw new Error(answer.status)`, rig.GoodPassword))
	if err := firefox.Navigate(ctx, doors["a"].URL+"/camera/front"); err != nil {
		t.Fatal(err)
	}
	const more = `let player;
		while (!(player = document.querySelector('framegate-player'))) await new Promise((resolve) => setTimeout(resolve, 50));
		for (const from = player.painted; player.painted < from + 10 || player.state !== 'live'; ) await new Promise((resolve) => setTimeout(resolve, 50));`
	evaluate(more)
	evaluate(`while (!performance.getEntriesByType('resource').some(({name, responseEnd}) => name.includes('/live/front/nodes') && responseEnd > 0)) await new Promise((resolve) => setTimeout(resolve, 50))`)
	cluster["a"].Kill()
	doors["a"].listener.Close()
	evaluate(more)
	cluster.removeAnna(t, admin)
	evaluate(`while (!document.querySelector('framegate-player').words.includes('the permission was taken away')) await new Promise((resolve) => setTimeout(resolve, 50))`)
}

// TestViewersOfOtherNodes are shown what others have, by ways that are theirs alone, and sent there.
func TestViewersOfOtherNodes(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	cluster, doors, _ := startEntered(t, ", redirect: label", ", labels: ['site=barn']")
	t.Run("ways are for one viewer", func(t *testing.T) { waysAreForOneViewer(t, cluster, doors) })
	t.Run("viewers are sent", func(t *testing.T) { viewersAreSent(t, cluster, doors) })
}

// waysAreForOneViewer has somebody find the address that a viewer was given: it is of no use for another
// camera, for the API, for sending, from a page of another site, and after the login ended.
func waysAreForOneViewer(t *testing.T, cluster nodes, doors map[string]*entrance) {
	login := cluster["a"].Call(t, http.MethodPost, "/api/v1/login", map[string]string{"name": "anna", "password": rig.GoodPassword}, rig.Credentials{}, http.StatusOK)
	anna := rig.Credentials{Cookie: login.Cookies()[0]}
	ways := cluster.ways(t, "a", "front", anna)
	if len(ways) != 1 || !strings.HasPrefix(ways[0], doors["b"].URL+"/live/front?way=") {
		t.Fatalf("%q", ways)
	}
	u, _ := url.Parse(ways[0])
	way := u.RawQuery
	status := func(method, path, origin string) int {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, doors["b"].URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		r.Header.Set("Cookie", login.Header.Get("Set-Cookie")) // which is good at all nodes, and must not count for pages of others
		if origin == "" {
			r.Header.Del("Cookie")
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if allowed := answer.Header.Get("Access-Control-Allow-Origin"); allowed != "" && allowed != doors["a"].URL || answer.Header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s %s from %q: %v", method, path, origin, answer.Header)
		}
		return answer.StatusCode
	}
	rig.Await(t, "b shows the camera", func() bool { return status("GET", "/live/front.jpg?"+way, "") == http.StatusOK })
	a, foe := doors["a"].URL, "https://foe.example"
	for _, c := range []struct {
		method, path, origin string
		want                 int
	}{
		{"GET", "/live/front.jpg?" + way, a, http.StatusOK},
		{"GET", "/live/front/nodes?" + way, a, http.StatusOK},
		{"GET", "/live/front.jpg", a, http.StatusUnauthorized}, // though the cookie came along
		{"GET", "/live/gate.jpg?" + way, a, http.StatusUnauthorized},
		{"GET", "/live/gate.jpg?" + way, "", http.StatusUnauthorized},
		{"POST", "/live/front.jpg?" + way, "", http.StatusUnauthorized},
		{"POST", "/live/front.jpg?" + way, a, http.StatusForbidden},
		{"GET", "/live/front/publish?" + way, "", http.StatusUnauthorized},
		{"GET", "/live/front/recording.mp4?from=2026-11-20T12:00:00Z&" + way, "", http.StatusNotFound}, // who may look back alone may
		{"GET", "/api/v1/cameras?" + way, "", http.StatusUnauthorized},
		{"GET", "/api/v1/me?" + way, "", http.StatusUnauthorized},
		{"POST", "/api/v1/logout?" + way, a, http.StatusForbidden},
		{"GET", "/metrics?" + way, "", http.StatusUnauthorized},
		{"GET", "/live/front.jpg?" + way[:len(way)-1] + "_", "", http.StatusUnauthorized},
	} {
		if got := status(c.method, c.path, c.origin); got != c.want {
			t.Errorf("%s %s from %q: %d, not %d", c.method, strings.ReplaceAll(c.path, way, "WAY"), c.origin, got, c.want)
		}
	}

	watch := func(origin string) (*websocket.Conn, error) {
		dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
		conn, answer, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(ways[0], "http")+"&codec=jpeg", http.Header{"Origin": {origin}})
		if answer != nil {
			answer.Body.Close()
		}
		return conn, err
	}
	if _, err := watch(foe); err == nil {
		t.Error("a page of another site opens it")
	}
	conn, err := watch(a)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cluster["a"].Call(t, http.MethodPost, "/api/v1/logout", nil, anna, http.StatusNoContent)
	for err == nil { // until the logout ends it, or the test
		_, _, err = conn.ReadMessage()
	}
	if !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("after a logout: %v", err)
	}
	if got := status("GET", "/live/front.jpg?"+way, ""); got != http.StatusUnauthorized {
		t.Errorf("after a logout: %d", got)
	}
}

// viewersAreSent to the node that has a camera's label, once, with what lets them in there; and players and
// cameras without a label to nobody.
func viewersAreSent(t *testing.T, cluster nodes, doors map[string]*entrance) {
	anna := rig.Credentials{Name: "anna", Password: rig.GoodPassword}
	cluster.ways(t, "a", "barn", anna)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	ask := func(address string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(address, doors["a"].URL) { // as clients do, which send a password to no other host
			r.SetBasicAuth(anna.Name, anna.Password)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { answer.Body.Close() })
		return answer
	}
	for _, form := range []string{".mjpeg?width=64", ".mp4", ".sse"} {
		answer := ask(doors["a"].URL + "/live/barn" + form)
		to := answer.Header.Get("Location")
		path, _, _ := strings.Cut(form, "?")
		if answer.StatusCode != http.StatusTemporaryRedirect || !strings.HasPrefix(to, doors["b"].URL+"/live/barn"+path+"?sent_by=a&way=") {
			t.Fatalf("%s: %d to %q", form, answer.StatusCode, to)
		}
		if strings.Contains(form, "width") != strings.Contains(to, "width=64") {
			t.Errorf("%s: to %q", form, to)
		}
		if there := ask(to); there.StatusCode != http.StatusOK {
			t.Errorf("%s at b: %d", form, there.StatusCode)
		}
	}
	for _, path := range []string{"/live/front.mjpeg", "/live/barn.mjpeg?sent_by=c", "/live/barn.jpg", "/api/v1/cameras/barn", "/live/barn/nodes", "/camera/barn"} {
		if answer := ask(doors["a"].URL + path); answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d to %q", path, answer.StatusCode, answer.Header.Get("Location"))
		}
	}
	cluster["b"].Kill()
	rig.Await(t, "nobody is sent to a node that is dead", func() bool {
		return ask(doors["a"].URL+"/live/front.jpg").StatusCode == http.StatusOK && ask(doors["a"].URL+"/live/barn.mjpeg").Header.Get("Location") == ""
	})
}
