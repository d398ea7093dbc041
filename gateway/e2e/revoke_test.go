package e2e

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
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/camtest"
	"framegate/gateway/store"
)

// revokedWithin is how soon a stream has to end after the permission was taken
// away.
const revokedWithin = 5 * time.Second

// openStream is a request whose answer, or whose body, does not end by itself.
type openStream struct {
	name  string
	conn  net.Conn
	alive atomic.Int64 // bytes that came
	ended chan struct{}
	end   time.Time // written before ended is closed
}

// open asks for something endless, and gives it once the first of it has come.
// feed, where there is one, is called again and again for what to send.
func (g *guarded) open(t *testing.T, r *http.Request, who credentials, feed func() []byte) *openStream {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s := &openStream{name: r.Method + " " + r.URL.Path, conn: conn, ended: make(chan struct{})}
	who.put(r)
	if r.Header.Get("Connection") == "" {
		r.Header.Set("Connection", "close")
	}
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, r.URL.RequestURI(), r.URL.Host)
	r.Header.Write(&head)
	if _, err := io.WriteString(conn, head.String()+"\r\n"); err != nil {
		t.Fatal(err)
	}
	begun := make(chan error, 1)
	var wg sync.WaitGroup
	wg.Go(func() { s.read(begun) })
	t.Cleanup(func() { conn.Close(); wg.Wait() })
	if r.Method != http.MethodPost { // whose answer comes at its end
		select {
		case err := <-begun:
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
		case <-time.After(ceiling):
			t.Fatalf("%s does not begin", s.name)
		}
	}
	if feed != nil {
		wg.Go(func() { s.feed(feed) })
	}
	return s
}

// feed sends something 20 times a second until the stream ends.
func (s *openStream) feed(next func() []byte) {
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	for {
		if _, err := s.conn.Write(next()); err != nil {
			return
		}
		select {
		case <-pace.C:
		case <-s.ended:
			return
		}
	}
}

// read reads what comes until the other side ends it.
func (s *openStream) read(begun chan<- error) {
	defer close(s.ended)
	defer func() { s.end = time.Now() }()
	answer := bufio.NewReader(s.conn)
	status, err := answer.ReadString('\n')
	if err == nil && !strings.Contains(status, " 200 ") && !strings.Contains(status, " 101 ") {
		err = fmt.Errorf("answers %q", strings.TrimSpace(status))
	}
	begun <- err
	buffer := make([]byte, 32<<10)
	for err == nil {
		var n int
		n, err = answer.Read(buffer)
		s.alive.Add(int64(n))
	}
	s.conn.Close()
}

// webSocketFrame masks a message as clients do, with zeros.
func webSocketFrame(opcode byte, payload []byte) []byte {
	n := len(payload)
	frame := []byte{0x80 | opcode, 0x80 | 126, byte(n >> 8), byte(n), 0, 0, 0, 0}
	return append(frame, payload...)
}

// signOfLife gives what a WebSocket that only watches sends, every five seconds:
// who sends nothing, and answers no pings, is taken to be gone.
func signOfLife() func() []byte {
	ticks := 0
	return func() []byte {
		if ticks++; ticks%100 != 1 {
			return nil
		}
		return webSocketFrame(1, []byte("{}"))
	}
}

// openAll opens every form there is to somebody who may use it: to watch the
// camera busy, and to publish to two cameras of its own.
func (g *guarded) openAll(t *testing.T, own string, who credentials) (streams []*openStream) {
	t.Helper()
	get := func(path string, header map[string]string, feed func() []byte) {
		streams = append(streams, g.open(t, g.request(t, "GET", path, nil, header), who, feed))
	}
	get("/live/busy.mjpeg", nil, nil)
	get("/live/busy.mjpeg?width=48", nil, nil)
	get("/live/busy.mp4", nil, nil)
	get("/live/busy.sse", nil, nil)
	get("/live/busy", upgrade(), signOfLife())
	get("/live/busy?codec=h264", upgrade(), signOfLife())
	get("/stream", nil, nil)
	var number atomic.Int32 // of both publishers
	picture := func() []byte {
		return camtest.Picture(int(number.Add(1)), pictureWidth, pictureHeight)
	}
	get("/live/"+own+"-socket/publish", upgrade(), func() []byte { return webSocketFrame(2, picture()) })
	endless := g.request(t, "POST", "/live/"+own+"-post.mjpeg", nil, asJPEG)
	endless.Header.Set("Transfer-Encoding", "chunked")
	streams = append(streams, g.open(t, endless, who, func() []byte {
		b := picture()
		return fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b)
	}))
	if who.query == "" { // the API takes no links
		get("/api/v1/events", nil, nil)
	}
	return streams
}

// revocation is a way to take away what somebody may do.
type revocation struct {
	name   string
	begin  func(t *testing.T, g *guarded) credentials
	revoke func(t *testing.T, g *guarded, who credentials)
	left   []string // what of openAll goes on
}

// theUser adds a user who watches and publishes, with a session.
func theUser(name string) func(*testing.T, *guarded) credentials {
	return func(t *testing.T, g *guarded) credentials {
		g.user(t, name, "view:*", "publish:*")
		return credentials{cookie: g.session(t, name, time.Hour)}
	}
}

func theAdmin(t *testing.T, g *guarded) credentials {
	return credentials{cookie: g.session(t, g.admin.name, time.Hour)}
}

// revocations is all ways: by the server itself and by another process.
var revocations = []revocation{
	{"logout", theUser("logout"), func(t *testing.T, g *guarded, who credentials) {
		g.send(t, g.request(t, "POST", "/logout", nil, asForm), who)
	}, nil},
	{"passwd", theUser("passwd"), func(t *testing.T, g *guarded, _ credentials) {
		g.beside(t, "user", "passwd", "passwd", "--password-file", passwordFile(t, "another horse battery"))
	}, nil},
	{"me", theUser("me"), func(t *testing.T, g *guarded, who credentials) {
		g.call(t, "POST", "/api/v1/me/password", map[string]string{"old": goodPassword, "password": "another horse battery"}, who, 200)
	}, nil},
	{"patched", theUser("patched"), func(t *testing.T, g *guarded, _ credentials) {
		g.call(t, "PATCH", "/api/v1/users/patched", map[string]string{"password": "another horse battery"}, theAdmin(t, g), 200)
	}, nil},
	{"removed", theUser("removed"), func(t *testing.T, g *guarded, _ credentials) {
		g.beside(t, "user", "remove", "removed")
	}, nil},
	{"deleted", theUser("deleted"), func(t *testing.T, g *guarded, _ credentials) {
		g.call(t, "DELETE", "/api/v1/users/deleted", nil, theAdmin(t, g), 204)
	}, nil},
	{"lowered", theUser("lowered"), func(t *testing.T, g *guarded, _ credentials) {
		g.call(t, "PATCH", "/api/v1/users/lowered", map[string][]string{"grants": {"playback:*"}}, theAdmin(t, g), 200)
	}, []string{"GET /api/v1/events"}}, // which shows less from now on
	{"beside", theUser("beside"), func(t *testing.T, g *guarded, _ credentials) {
		u, err := g.store.UserNamed(t.Context(), "beside")
		if err == nil {
			err = g.store.SetUserGrants(t.Context(), u.ID, []store.Grant{{Camera: "*", Action: "playback"}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}, []string{"GET /api/v1/events"}},
	{"basic", func(t *testing.T, g *guarded) credentials {
		g.user(t, "basic", "view:*", "publish:*")
		return credentials{name: "basic", password: goodPassword}
	}, func(t *testing.T, g *guarded, _ credentials) {
		g.beside(t, "user", "passwd", "basic", "--password-file", passwordFile(t, "another horse battery"))
	}, nil},
	{"token", func(t *testing.T, g *guarded) credentials {
		return credentials{bearer: g.token(t, "token", "view:*", "publish:*")}
	}, func(t *testing.T, g *guarded, _ credentials) {
		g.beside(t, "token", "revoke", "token")
	}, nil},
}

// TestRevokingEndsWhatIsOpen opens every form as everybody, takes away what each
// may do in another way, and finds that theirs end and nobody else's.
func TestRevokingEndsWhatIsOpen(t *testing.T) {
	thorough(t)
	t.Parallel()
	need(t, "ffmpeg")
	configuration := "default_camera: busy\nlimits: {viewers_per_address: 1000}\ncameras:\n  busy: {source: 'upload:'}\n"
	for _, r := range append(revocations, revocation{name: "bystander"}) {
		configuration += fmt.Sprintf("  %s-socket: {source: 'upload:'}\n  %[1]s-post: {source: 'upload:'}\n", r.name)
	}
	g := startGuarded(t, configuration)
	number := 0
	g.open(t, g.request(t, "GET", "/live/busy/publish", nil, upgrade()), theAdmin(t, g), func() []byte {
		number++
		return webSocketFrame(2, camtest.Picture(number, pictureWidth, pictureHeight))
	})
	bystander := g.openAll(t, "bystander", theUser("bystander")(t, g))
	for _, r := range revocations {
		t.Run(r.name, func(t *testing.T) {
			who := r.begin(t, g)
			streams := g.openAll(t, r.name, who)
			waitUntil(t, "every stream's beginning", func() bool { return allAlive(streams) })
			began := time.Now()
			r.revoke(t, g, who)
			g.expectEnds(t, streams, r.left, began)
			a := g.get(t, "/live/busy.jpg", who)
			if a.StatusCode != http.StatusUnauthorized && a.StatusCode != http.StatusNotFound {
				t.Errorf("afterwards: status %d", a.StatusCode)
			}
		})
	}
	for _, s := range bystander {
		select {
		case <-s.ended:
			t.Errorf("%s of a bystander ended", s.name)
		default:
		}
		before := s.alive.Load()
		if strings.HasPrefix(s.name, "POST") || strings.HasSuffix(s.name, "/events") || strings.HasSuffix(s.name, "/publish") && before > 0 {
			continue // it has nothing more to say
		}
		waitUntil(t, s.name+" of a bystander going on", func() bool { return s.alive.Load() > before })
	}
}

// allAlive says that of every stream something came; of a POST nothing does.
func allAlive(streams []*openStream) bool {
	for _, s := range streams {
		if s.alive.Load() == 0 && !strings.HasPrefix(s.name, "POST") {
			return false
		}
	}
	return true
}

// expectEnds finds that streams end, but those that are left.
func (g *guarded) expectEnds(t *testing.T, streams []*openStream, left []string, began time.Time) {
	t.Helper()
	late := unhurried(t, revokedWithin)
	longest := time.Duration(0)
	for _, s := range streams {
		if strings.Contains(fmt.Sprint(left), s.name) {
			continue
		}
		select {
		case <-s.ended:
		case <-late:
		}
		select {
		case <-s.ended:
			longest = max(longest, s.end.Sub(began))
		default:
			t.Errorf("%s goes on %v after the revocation", s.name, time.Since(began))
		}
	}
	t.Logf("the last stream ended after %v", longest)
}

// TestLinksEndWithTheirMaker opens what signed links are good for, and takes the
// maker's token away.
func TestLinksEndWithTheirMaker(t *testing.T) {
	g, admin := newAttacked(t, "")
	maker := g.token(t, "maker", "view:front")
	link := g.link(t, maker, auth.View, "front")
	var streams []*openStream
	for _, path := range []string{"/live/front.mjpeg", "/live/front.sse", "/live/front"} {
		var header map[string]string
		if path == "/live/front" {
			header = upgrade()
		}
		streams = append(streams, g.open(t, g.request(t, "GET", path+"?"+link, nil, header), credentials{}, nil))
	}
	query, err := url.ParseQuery(link)
	if err != nil || query.Get("sig") == "" {
		t.Fatal(link, err)
	}
	a := g.call(t, "GET", "/api/v1/tokens", nil, admin, 200)
	if strings.Contains(string(a.body), maker) {
		t.Errorf("the list of tokens gives one away: %s", a.body)
	}
	began := time.Now()
	g.beside(t, "token", "revoke", "maker")
	g.expectEnds(t, streams, nil, began)
}

// TestLastingLinksEndWhenRevoked opens what one is good for, in spite of its
// maker's new password, and revokes it.
func TestLastingLinksEndWhenRevoked(t *testing.T) {
	t.Parallel()
	g, admin := newAttacked(t, "")
	link := g.lastingLink(t, "/api/v1/cameras/front/links")
	g.beside(t, "user", "passwd", g.admin.name, "--password-file", passwordFile(t, goodPassword))
	waitUntil(t, "the end of the admin's session", func() bool { return g.get(t, "/api/v1/me", admin).StatusCode == 401 })
	var streams []*openStream
	for _, path := range []string{"/live/front.mjpeg", "/live/front.sse", "/live/front.mjpeg?width=64"} {
		sep := "?"
		if strings.Contains(path, "?") {
			sep = "&"
		}
		streams = append(streams, g.open(t, g.request(t, "GET", path+sep+link, nil, nil), credentials{}, nil))
	}
	g.call(t, "DELETE", "/api/v1/links/1", nil, theAdmin(t, g), 204)
	g.expectEnds(t, streams, nil, time.Now())
	if a := g.get(t, "/live/front.jpg?max_age=1h&"+link, credentials{}); a.StatusCode != 401 {
		t.Errorf("afterwards: status %d", a.StatusCode)
	}
}

// TestAdminsSeeWhoPublishes in every way there is.
func TestAdminsSeeWhoPublishes(t *testing.T) {
	t.Parallel()
	g := startGuarded(t, `cameras: {socket: {source: "upload:"}, post: {source: "upload:"}, single: {source: "upload:"}}`)
	g.user(t, "anna", "publish:*")
	user := credentials{name: "anna", password: goodPassword}
	token := credentials{bearer: g.token(t, "printer", "publish:*")}
	link := credentials{query: g.link(t, token.bearer, auth.Publish, "single")}
	picture := func() []byte { return camtest.Picture(1, pictureWidth, pictureHeight) }
	g.open(t, g.request(t, "GET", "/live/socket/publish", nil, upgrade()), user, func() []byte { return webSocketFrame(2, picture()) })
	endless := g.request(t, "POST", "/live/post.mjpeg", nil, asJPEG)
	endless.Header.Set("Transfer-Encoding", "chunked")
	g.open(t, endless, token, func() []byte {
		b := picture()
		return fmt.Appendf(nil, "%x\r\n%s\r\n", len(b), b)
	})
	g.send(t, g.request(t, "POST", "/live/single.jpg", picture(), asJPEG), link)
	want := map[string]string{"socket": "user:anna", "post": "token:printer", "single": "link:printer"}
	waitUntil(t, "all publishers in the list", func() bool {
		var list struct {
			Publishers []struct{ Camera, Principal string }
		}
		if err := json.Unmarshal(g.call(t, "GET", "/api/v1/publishers", nil, theAdmin(t, g), 200).body, &list); err != nil {
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
	g, admin := newAttacked(t, "")
	stolen := credentials{cookie: g.session(t, g.admin.name, time.Hour)}
	u, err := g.store.UserNamed(t.Context(), g.admin.name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := g.store.Sessions(context.Background(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	theirs := g.open(t, g.request(t, "GET", "/live/front.mjpeg", nil, nil), stolen, nil)
	mine := g.open(t, g.request(t, "GET", "/live/front.mjpeg", nil, nil), admin, nil)
	began := time.Now()
	g.call(t, "DELETE", fmt.Sprintf("/api/v1/sessions/%d", all[0].ID), nil, admin, 204)
	g.expectEnds(t, []*openStream{theirs}, nil, began)
	select {
	case <-mine.ended:
		t.Error("the other browser's stream ended as well")
	default:
	}
	if a := g.get(t, "/live/front.jpg?max_age=1h", stolen); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the stolen cookie: status %d", a.StatusCode)
	}
}
