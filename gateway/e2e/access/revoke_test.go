package access

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/e2e/rig"
	"framegate/gateway/store"
)

// revokedWithin is how soon a stream has to end after the permission was taken
// away.
const revokedWithin = 5 * time.Second

// signOfLife gives what a WebSocket that only watches sends, every five seconds:
// who sends nothing, and answers no pings, is taken to be gone.
func signOfLife() func() []byte {
	ticks := 0
	return func() []byte {
		if ticks++; ticks%100 != 1 {
			return nil
		}
		return rig.WebSocketFrame(1, []byte("{}"))
	}
}

// openAll opens every form there is to somebody who may use it: to watch the
// camera busy, and to publish to two cameras of its own.
func openAll(t *testing.T, g *rig.Guarded, own string, who rig.Credentials) (streams []*rig.OpenStream) {
	t.Helper()
	get := func(path string, header map[string]string, feed func() []byte) {
		streams = append(streams, g.Open(t, g.Request(t, "GET", path, nil, header), who, feed))
	}
	get("/live/busy.mjpeg", nil, nil)
	get("/live/busy.mjpeg?width=48", nil, nil)
	get("/live/busy.mp4", nil, nil)
	get("/live/busy.sse", nil, nil)
	get("/live/busy", rig.Upgrade(), signOfLife())
	get("/live/busy?codec=h264", rig.Upgrade(), signOfLife())
	get("/stream", nil, nil)
	if own == "token" || own == "bystander" { // it takes much to agree on keys
		streams = append(streams, g.WatchWebRTC(t, "/live/busy/whep", who, false, nil))
	}
	var number atomic.Int32 // of both publishers
	picture := func() []byte {
		return rig.Picture(int(number.Add(1)))
	}
	get("/live/"+own+"-socket/publish", rig.Upgrade(), func() []byte { return rig.WebSocketFrame(2, picture()) })
	endless := g.Request(t, "POST", "/live/"+own+"-post.mjpeg", nil, rig.AsJPEG)
	endless.Header.Set("Transfer-Encoding", "chunked")
	streams = append(streams, g.Open(t, endless, who, func() []byte {
		b := picture()
		return fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b)
	}))
	if who.Query == "" { // the API takes no links
		get("/api/v1/events", nil, nil)
	}
	return streams
}

// revocation is a way to take away what somebody may do.
type revocation struct {
	name   string
	begin  func(t *testing.T, g *rig.Guarded) rig.Credentials
	revoke func(t *testing.T, g *rig.Guarded, who rig.Credentials)
}

// theUser adds a user who watches and publishes, with a session.
func theUser(name string) func(*testing.T, *rig.Guarded) rig.Credentials {
	return func(t *testing.T, g *rig.Guarded) rig.Credentials {
		g.AddUser(t, name, "view:*", "publish:*")
		return rig.Credentials{Cookie: g.AddSession(t, name, time.Hour)}
	}
}

// revocations is all ways: by the server itself and by another process.
var revocations = []revocation{
	{"logout", theUser("logout"), func(t *testing.T, g *rig.Guarded, who rig.Credentials) {
		g.Call(t, "POST", "/api/v1/logout", nil, who, 204)
	}},
	{"passwd", theUser("passwd"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Beside(t, "user", "passwd", "passwd", "--password-file", rig.PasswordFile(t, "another horse battery"))
	}},
	{"me", theUser("me"), func(t *testing.T, g *rig.Guarded, who rig.Credentials) {
		g.Call(t, "POST", "/api/v1/me/password", map[string]string{"old": rig.GoodPassword, "password": "another horse battery"}, who, 200)
	}},
	{"patched", theUser("patched"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Call(t, "PATCH", "/api/v1/users/patched", map[string]string{"password": "another horse battery"}, g.AsAdmin(t), 200)
	}},
	{"removed", theUser("removed"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Beside(t, "user", "remove", "removed")
	}},
	{"deleted", theUser("deleted"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Call(t, "DELETE", "/api/v1/users/deleted", nil, g.AsAdmin(t), 204)
	}},
	{"lowered", theUser("lowered"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Call(t, "PATCH", "/api/v1/users/lowered", map[string][]string{"grants": {"playback:*"}}, g.AsAdmin(t), 200)
	}},
	{"beside", theUser("beside"), func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		u, err := g.Store.UserNamed(t.Context(), "beside")
		if err == nil {
			err = g.Store.SetUserGrants(t.Context(), u.ID, []store.Grant{{Camera: "*", Action: "playback"}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}},
	{"basic", func(t *testing.T, g *rig.Guarded) rig.Credentials {
		g.AddUser(t, "basic", "view:*", "publish:*")
		return rig.Credentials{Name: "basic", Password: rig.GoodPassword}
	}, func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Beside(t, "user", "passwd", "basic", "--password-file", rig.PasswordFile(t, "another horse battery"))
	}},
	{"token", func(t *testing.T, g *rig.Guarded) rig.Credentials {
		return rig.Credentials{Bearer: g.AddToken(t, "token", "view:*", "publish:*")}
	}, func(t *testing.T, g *rig.Guarded, _ rig.Credentials) {
		g.Beside(t, "token", "revoke", "token")
	}},
}

// TestRevokingEndsWhatIsOpen opens every form as everybody, takes away what each
// may do in another way, and finds that theirs end and nobody else's.
func TestRevokingEndsWhatIsOpen(t *testing.T) {
	rig.Thorough(t)
	t.Parallel()
	rig.Need(t, "ffmpeg")
	configuration := "webrtc: {listen: '127.0.0.1:0'}\ndefault_camera: busy\nlimits: {viewers_per_address: 1000}\ncameras:\n  busy: {source: 'upload:'}\n"
	for _, r := range append(revocations, revocation{name: "bystander"}) {
		configuration += fmt.Sprintf("  %s-socket: {source: 'upload:'}\n  %[1]s-post: {source: 'upload:'}\n", r.name)
	}
	g := rig.StartGuarded(t, configuration)
	number := 0
	g.Open(t, g.Request(t, "GET", "/live/busy/publish", nil, rig.Upgrade()), g.AsAdmin(t), func() []byte {
		number++
		return rig.WebSocketFrame(2, rig.Picture(number))
	})
	bystander := openAll(t, g, "bystander", theUser("bystander")(t, g))
	for _, r := range revocations {
		t.Run(r.name, func(t *testing.T) {
			who := r.begin(t, g)
			streams := openAll(t, g, r.name, who)
			rig.Await(t, "every stream's beginning", func() bool { return allAlive(streams) })
			began := time.Now()
			r.revoke(t, g, who)
			expectEnds(t, g, streams, began)
			a := g.Get(t, "/live/busy.jpg", who)
			if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusNotFound {
				t.Errorf("afterwards: status %d", a.StatusCode)
			}
		})
	}
	for _, s := range bystander {
		select {
		case <-s.Ended:
			t.Errorf("%s of a bystander ended", s.Name)
		default:
		}
		before := s.Came.Load()
		if strings.HasPrefix(s.Name, "POST") || strings.HasSuffix(s.Name, "/events") || strings.HasSuffix(s.Name, "/publish") && before > 0 {
			continue // it has nothing more to say
		}
		rig.Await(t, s.Name+" of a bystander going on", func() bool { return s.Came.Load() > before })
	}
}

// allAlive says that of every stream something came; of a POST nothing does.
func allAlive(streams []*rig.OpenStream) bool {
	for _, s := range streams {
		if s.Came.Load() == 0 && !strings.HasPrefix(s.Name, "POST") {
			return false
		}
	}
	return true
}

// expectEnds finds that streams end.
func expectEnds(t *testing.T, g *rig.Guarded, streams []*rig.OpenStream, began time.Time) {
	t.Helper()
	late := rig.Unhurried(t, revokedWithin)
	longest := time.Duration(0)
	for _, s := range streams {
		select {
		case <-s.Ended:
		case <-late:
		}
		select {
		case <-s.Ended:
			longest = max(longest, s.End.Sub(began))
		default:
			t.Errorf("%s goes on %v after the revocation", s.Name, time.Since(began))
		}
	}
	t.Logf("the last stream ended after %v", longest)
}

// TestLinksEndWithTheirMaker opens what signed links are good for, and takes the
// maker's token away.
func TestLinksEndWithTheirMaker(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	maker := g.AddToken(t, "maker", "view:front")
	link := g.SignLink(t, maker, auth.View, "front")
	var streams []*rig.OpenStream
	for _, path := range []string{"/live/front.mjpeg", "/live/front.sse", "/live/front"} {
		var header map[string]string
		if path == "/live/front" {
			header = rig.Upgrade()
		}
		streams = append(streams, g.Open(t, g.Request(t, "GET", path+"?"+link, nil, header), rig.Credentials{}, nil))
	}
	query, err := url.ParseQuery(link)
	if err != nil || query.Get("sig") == "" {
		t.Fatal(link, err)
	}
	a := g.Call(t, "GET", "/api/v1/tokens", nil, admin, 200)
	if strings.Contains(string(a.Content), maker) {
		t.Errorf("the list of tokens gives one away: %s", a.Content)
	}
	began := time.Now()
	g.Beside(t, "token", "revoke", "maker")
	expectEnds(t, g, streams, began)
}

// TestLastingLinksEndWhenRevoked opens what one is good for, in spite of its
// maker's new password, and revokes it.
func TestLastingLinksEndWhenRevoked(t *testing.T) {
	t.Parallel()
	g, admin := rig.StartWithPicture(t, "")
	link := lastingLink(t, g, "/api/v1/cameras/front/links")
	g.Beside(t, "user", "passwd", g.Admin.Name, "--password-file", rig.PasswordFile(t, rig.GoodPassword))
	rig.Await(t, "the end of the admin's session", func() bool { return g.Get(t, "/api/v1/me", admin).StatusCode == 401 })
	var streams []*rig.OpenStream
	for _, path := range []string{"/live/front.mjpeg", "/live/front.sse", "/live/front.mjpeg?width=64"} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		streams = append(streams, g.Open(t, g.Request(t, "GET", path+sep+link, nil, nil), rig.Credentials{}, nil))
	}
	g.Call(t, "DELETE", "/api/v1/links/1", nil, g.AsAdmin(t), 204)
	expectEnds(t, g, streams, time.Now())
	if a := g.Get(t, "/live/front.jpg?max_age=1h&"+link, rig.Credentials{}); a.StatusCode != 401 {
		t.Errorf("afterwards: status %d", a.StatusCode)
	}
}

// TestAdminsSeeWhoPublishes in every way there is.
func TestAdminsSeeWhoPublishes(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, `cameras: {socket: {source: "upload:"}, post: {source: "upload:"}, single: {source: "upload:"}}`)
	g.AddUser(t, "anna", "publish:*")
	user := rig.Credentials{Name: "anna", Password: rig.GoodPassword}
	token := rig.Credentials{Bearer: g.AddToken(t, "printer", "publish:*")}
	link := rig.Credentials{Query: g.SignLink(t, token.Bearer, auth.Publish, "single")}
	picture := func() []byte { return rig.Picture(1) }
	g.Open(t, g.Request(t, "GET", "/live/socket/publish", nil, rig.Upgrade()), user, func() []byte { return rig.WebSocketFrame(2, picture()) })
	endless := g.Request(t, "POST", "/live/post.mjpeg", nil, rig.AsJPEG)
	endless.Header.Set("Transfer-Encoding", "chunked")
	g.Open(t, endless, token, func() []byte {
		b := picture()
		return fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b)
	})
	g.Send(t, g.Request(t, "POST", "/live/single.jpg", picture(), rig.AsJPEG), link)
	want := map[string]string{"socket": "user:anna", "post": "token:printer", "single": "link:printer"}
	rig.Await(t, "all publishers in the list", func() bool {
		var list struct {
			Publishers []struct{ Camera, Principal string }
		}
		if err := json.Unmarshal(g.Call(t, "GET", "/api/v1/publishers", nil, g.AsAdmin(t), 200).Content, &list); err != nil {
			t.Fatal(err)
		}
		for _, p := range list.Publishers {
			if p.Principal != want[p.Camera] {
				t.Errorf("%s is %q", p.Camera, p.Principal)
			}
		}
		return len(list.Publishers) == len(want)
	})
}

// TestSessionsEndWhereTheyAreListed ends one browser's session from another's.
func TestSessionsEndWhereTheyAreListed(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	stolen := g.AsAdmin(t)
	u, err := g.Store.UserNamed(t.Context(), g.Admin.Name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := g.Store.Sessions(context.Background(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	theirs := g.Open(t, g.Request(t, "GET", "/live/front.mjpeg", nil, nil), stolen, nil)
	mine := g.Open(t, g.Request(t, "GET", "/live/front.mjpeg", nil, nil), admin, nil)
	began := time.Now()
	g.Call(t, "DELETE", fmt.Sprintf("/api/v1/sessions/%d", all[0].ID), nil, admin, 204)
	expectEnds(t, g, []*rig.OpenStream{theirs}, began)
	select {
	case <-mine.Ended:
		t.Error("the other browser's stream ended as well")
	default:
	}
	if a := g.Get(t, "/live/front.jpg?max_age=1h", stolen); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the stolen cookie: status %d", a.StatusCode)
	}
}

// watching is a viewer as admins see it.
type watching struct {
	ID                      uint64
	Camera, Form, Principal string
}

// viewersOf gives who watches the camera front, the oldest first.
func viewersOf(t *testing.T, g *rig.Guarded, admin rig.Credentials) []watching {
	t.Helper()
	var status struct{ Watching []watching }
	if err := json.Unmarshal(g.Call(t, "GET", "/api/v1/cameras/front/status", nil, admin, 200).Content, &status); err != nil {
		t.Fatal(err)
	}
	return status.Watching
}

// TestAdminsEndViewers one by one, of each form; the others go on.
func TestAdminsEndViewers(t *testing.T) {
	t.Parallel()
	g, admin := rig.StartWithPicture(t, "")
	g.AddUser(t, "anna", "view:front")
	anna := rig.Credentials{Name: "anna", Password: rig.GoodPassword}
	ended := make(map[string]*rig.OpenStream)
	for form, path := range map[string]string{"mjpeg": "/live/front.mjpeg", "sse": "/live/front.sse", "fmp4": "/live/front"} {
		var header map[string]string
		if form == "fmp4" {
			header = rig.Upgrade()
		}
		ended[form] = g.Open(t, g.Request(t, "GET", path, nil, header), anna, nil)
	}
	stays := g.Open(t, g.Request(t, "GET", "/live/front.mjpeg", nil, nil), admin, nil)
	all := viewersOf(t, g, admin)
	if len(all) != 4 {
		t.Fatalf("%+v", all)
	}
	for _, w := range all[:3] {
		address := fmt.Sprintf("/api/v1/viewers/%d", w.ID)
		g.Call(t, "DELETE", address, nil, anna, 404)
		g.Call(t, "DELETE", address, nil, admin, 204)
		expectEnds(t, g, []*rig.OpenStream{ended[w.Form]}, time.Now())
		rig.Await(t, "the viewer to be gone", func() bool {
			return g.Send(t, g.Request(t, "DELETE", address, nil, nil), admin).StatusCode == 404
		})
		delete(ended, w.Form)
	}
	if left := viewersOf(t, g, admin); len(left) != 1 || left[0].ID != all[3].ID || len(ended) != 0 {
		t.Errorf("%+v are left of %+v", left, all)
	}
	select {
	case <-stays.Ended:
		t.Error("the admin's own ended as well")
	default:
	}
}
