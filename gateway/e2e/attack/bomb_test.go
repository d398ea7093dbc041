package attack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestBombs sends bodies that grow when they are looked at, or never end, and
// finds them refused with the status that says why, at a bounded cost.
func TestBombs(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "limits: {frame_bytes: 256KiB}")
	before := rig.Heap()
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	for range 64 { // MiB
		z.Write(make([]byte, 1<<20))
	}
	z.Close()
	deep := strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000)
	many := `{"name": "x", "password": "correct horse battery", "grants": [` + strings.Repeat(`"view:front",`, 4000) + `"admin"]}`
	for _, c := range []struct {
		name, method, path string
		header             map[string]string
		body               []byte
		status             int
	}{
		{"huge user", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "` + strings.Repeat("x", 1<<20) + `"}`), 413},
		{"spaces", "POST", "/api/v1/users", rig.AsJSON, bytes.Repeat([]byte(" "), 65<<10), 413},
		{"deep objects", "POST", "/api/v1/users", rig.AsJSON, []byte(deep), 400},
		{"deep lists", "POST", "/api/v1/users", rig.AsJSON, []byte(strings.Repeat("[", 60_000)), 400},
		{"the same name twice", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "a", "name": "b", "password": "correct horse battery"}`), 400},
		{"an unknown name", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "a", "password": "correct horse battery", "admin": true}`), 400},
		{"a name of other letters", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "a", "password": "correct horse battery", "GRANTS": ["admin"]}`), 400},
		{"a null", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "a", "password": null}`), 400},
		{"a huge number", "POST", "/api/v1/cameras/front/links", rig.AsJSON, []byte(`{"action": "view", "expires_in": 1e999}`), 400},
		{"more grants than there can be", "POST", "/api/v1/users", rig.AsJSON, []byte(many), 400},
		{"no UTF-8", "POST", "/api/v1/users", rig.AsJSON, []byte("{\"name\": \"\xff\xfe\", \"password\": \"correct horse battery\"}"), 400},
		{"two documents", "POST", "/api/v1/users", rig.AsJSON, []byte(`{"name": "a", "password": "correct horse battery"} {}`), 400},
		{"compressed JSON", "POST", "/api/v1/users", map[string]string{"Content-Type": "application/json", "Content-Encoding": "gzip"}, zipped.Bytes(), 0},
		{"compressed picture", "POST", "/live/front.jpg", map[string]string{"Content-Type": "image/jpeg", "Content-Encoding": "gzip"}, zipped.Bytes(), 415},
		{"large picture", "POST", "/live/front.jpg", rig.AsJPEG, camtest.PadTo(camtest.Picture(1, 32, 16), 256<<10+4), 413},
		{"form of many parts", "POST", "/live/front.jpg", map[string]string{"Content-Type": "multipart/form-data; boundary=x"},
			bytes.Repeat([]byte("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"), 20_000), 0},
		{"huge login", "POST", "/api/v1/login", rig.AsJSON, []byte(`{"name": "` + strings.Repeat("x", 1<<20) + `"}`), 413},
	} {
		a := g.Send(t, g.Request(t, c.method, c.path, c.body, c.header), admin)
		if c.status == 0 && (a.StatusCode < 400 || a.StatusCode > 499) || c.status != 0 && a.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %.200s", c.name, a.StatusCode, c.status, a.Content)
		}
	}
	for _, path := range []string{"/api/v1/users", "/api/v1/login", "/live/front.jpg"} {
		sendEndless(t, g, path, admin)
	}
	if grown := int64(rig.Heap()) - int64(before); grown > 128<<20 {
		t.Errorf("memory grew by %d MB", grown>>20)
	}
	if a := g.Get(t, "/live/front.jpg?max_age=1h", admin); rig.PictureNumber(a.Content) != 1 {
		t.Errorf("afterwards: status %d", a.StatusCode)
	}
}

// sendEndless sends a body without an end until the server has enough of it.
func sendEndless(t *testing.T, g *rig.Guarded, path string, who rig.Credentials) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(rig.Ceiling))
	r := g.Request(t, "POST", path, nil, nil)
	who.Put(r)
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n", path, r.Header.Get("Cookie"))
	chunk := append(append([]byte("8000\r\n"), bytes.Repeat([]byte("a"), 0x8000)...), '\r', '\n')
	sent := 0
	for err == nil && sent < 64<<20 {
		_, err = conn.Write(chunk)
		sent += len(chunk)
	}
	if err == nil {
		t.Errorf("%s takes %d MB and wants more", path, sent>>20)
	}
}

// TestHeaderBombs sends heads that do not end, or are many.
func TestHeaderBombs(t *testing.T) {
	g, admin := rig.StartWithPicture(t, "")
	for name, head := range map[string]string{
		"a long line":    "X-Bomb: " + strings.Repeat("x", 1<<20),
		"many lines":     strings.Repeat("X-Bomb: x\r\n", 50_000),
		"a long cookie":  "Cookie: framegate=" + strings.Repeat("x", 1<<20),
		"many cookies":   "Cookie: " + strings.Repeat("framegate=x; ", 100_000),
		"a long name":    strings.Repeat("x", 1<<20) + ": x",
		"a long address": "",
	} {
		path := "/healthz"
		if head == "" {
			path += "?" + strings.Repeat("x", 1<<20)
		}
		conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		conn.SetDeadline(time.Now().Add(rig.Ceiling))
		go fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", path, head) // ends when conn is closed
		answer := make([]byte, 12)
		n, _ := io.ReadFull(conn, answer) // a reset may come before the answer
		if said := string(answer[:n]); n > 0 && said != "HTTP/1.1 431" {
			t.Errorf("%s: answers %q", name, said)
		}
		conn.Close()
	}
	// What fits is looked at at a bounded cost.
	r := g.Request(t, "GET", "/live/front.jpg?max_age=1h", nil, nil)
	r.Header.Set("Cookie", strings.Repeat("framegate=x; ", 600))
	if a := g.Send(t, r, rig.Credentials{}); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("many wrong cookies: status %d", a.StatusCode)
	}
	for _, authorization := range []string{"Basic " + strings.Repeat("A", 10_000), "Basic !!!", "Basic", "Bearer", "Bearer " + strings.Repeat("f", 10_000),
		"Digest username=admin", "Basic Og==", "Negotiate x", "\x00"} {
		r := g.Request(t, "GET", "/live/front.jpg?max_age=1h", nil, nil)
		r.Header["Authorization"] = []string{strings.Trim(authorization, "\x00")}
		if a := g.Send(t, r, rig.Credentials{}); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%.30q: status %d", authorization, a.StatusCode)
		}
	}
	if a := g.Get(t, "/live/front.jpg?max_age=1h", admin); a.StatusCode != 200 {
		t.Errorf("afterwards: status %d", a.StatusCode)
	}
}

// TestDrippingClientsHarmNobody holds 500 connections that never finish to ask,
// all at one time, and has a normal request answered meanwhile.
func TestDrippingClientsHarmNobody(t *testing.T) {
	rig.Thorough(t)
	const drippers = 500
	g, admin := rig.StartWithPicture(t, "limits: {connections_per_address: 1000}", "FRAMEGATE_LIMITS__HEADER_TIMEOUT=5s")
	var open atomic.Int64
	stop := make(chan struct{})
	var wg, ended sync.WaitGroup
	for i := range drippers {
		ended.Add(1)
		wg.Go(func() {
			drip(g, i, stop, &open)
			ended.Done()
			for { // the server hung up on it; it begins anew
				select {
				case <-stop:
					return
				default:
					drip(g, i, stop, &open)
				}
			}
		})
	}
	stopAll := sync.OnceFunc(func() { close(stop); wg.Wait() })
	defer stopAll()
	rig.Await(t, "an answer while all drip", func() bool {
		if open.Load() < drippers {
			return false
		}
		a := g.Get(t, "/live/front.jpg?max_age=1h", admin)
		if a.StatusCode != 200 {
			t.Fatalf("status %d", a.StatusCode)
		}
		return open.Load() == drippers
	})
	all := make(chan struct{})
	go func() { // ends when each has ended once, which stopAll sees to
		ended.Wait()
		close(all)
	}()
	select {
	case <-all:
	case <-time.After(rig.Ceiling):
		t.Error("the server goes on listening to those that drip")
		stopAll()
		<-all
	}
}

// dripping is how a request begins that does not go on.
var dripping = []string{
	"G", "GET / HTTP/1.1\r\nX: ", "POST /api/v1/login HTTP/1.1\r\n",
	slowBody("/api/v1/login"), slowBody("/live/front.jpg"), slowBody("/absent"), slowBody("/healthz"),
}

// slowBody begins a request with a body, of nobody.
func slowBody(path string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n\r\n"
}

// drip sends a request byte by byte until the server hangs up or stop is closed.
func drip(g *rig.Guarded, i int, stop <-chan struct{}, open *atomic.Int64) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(g.URL, "http://"))
	if err != nil {
		return
	}
	defer conn.Close()
	open.Add(1)
	defer open.Add(-1)
	closed := make(chan struct{})
	go func() { // ends when conn is closed
		defer close(closed)
		io.Copy(io.Discard, conn)
	}()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	text := dripping[i%len(dripping)]
	for {
		if _, err := io.WriteString(conn, text); err != nil {
			return
		}
		text = "x"
		select {
		case <-tick.C:
		case <-closed:
			return
		case <-stop:
			return
		}
	}
}

// guessPassword tries a password, as the API or a player do, and gives the
// status and Retry-After.
func guessPassword(t *testing.T, g *rig.Guarded, how, name, password, from string) (int, string) {
	t.Helper()
	var r *http.Request
	who := rig.Credentials{}
	switch how {
	case "api":
		r = g.Request(t, "POST", "/api/v1/login", fmt.Appendf(nil, `{"name": %q, "password": %q}`, name, password), rig.AsJSON)
	default:
		r, who = g.Request(t, "GET", "/live/front.jpg?max_age=1h", nil, nil), rig.Credentials{Name: name, Password: password}
	}
	if from != "" {
		r.Header.Set("X-Forwarded-For", from)
	}
	a := g.Send(t, r, who)
	return a.StatusCode, a.Header.Get("Retry-After")
}

// TestGuessingIsSlow guesses passwords as fast as it can, in every way at once.
func TestGuessingIsSlow(t *testing.T) {
	t.Parallel()
	ways := []string{"api", "player"}
	t.Run("one address", func(t *testing.T) {
		g, _ := rig.StartWithPicture(t, "")
		expectSlow(t, g, 1, func(i int) (int, string) { // untrusted, what a client says of its address is not believed
			return guessPassword(t, g, ways[i%2], g.Admin.Name, "guess-"+strconv.Itoa(i), fmt.Sprintf("203.0.113.%d", i))
		})
		expectTooSoon(t, g)
	})
	t.Run("one address, many users", func(t *testing.T) {
		g, _ := rig.StartWithPicture(t, "")
		expectSlow(t, g, 1, func(i int) (int, string) {
			return guessPassword(t, g, ways[i%2], "user"+strconv.Itoa(i), "guess-12345", "")
		})
	})
	t.Run("many addresses, one user", func(t *testing.T) {
		g, _ := rig.StartWithPicture(t, "trusted_proxies: [127.0.0.1/32]")
		home := "192.168.7.7"
		if status, _ := guessPassword(t, g, "api", g.Admin.Name, g.Admin.Password, home); status != http.StatusOK {
			t.Fatalf("status %d", status)
		}
		expectSlow(t, g, 5, func(i int) (int, string) {
			return guessPassword(t, g, ways[i%2], g.Admin.Name, "guess-"+strconv.Itoa(i), fmt.Sprintf("203.0.113.%d", i))
		})
		if status, _ := guessPassword(t, g, "api", g.Admin.Name, g.Admin.Password, home); status != http.StatusOK {
			t.Errorf("the user at home is locked out by strangers: status %d", status)
		}
	})
	t.Run("one network of IPv6", func(t *testing.T) {
		g, _ := rig.StartWithPicture(t, "trusted_proxies: [127.0.0.1/32]")
		expectSlow(t, g, 1, func(i int) (int, string) {
			return guessPassword(t, g, ways[i%2], "user"+strconv.Itoa(i), "guess-12345", fmt.Sprintf("2001:db8::%x", i+1))
		})
	})
}

// expectTooSoon has the right password come right after a guess that was not looked at, and
// finds that it is not either. It may come too late for that a few times.
func expectTooSoon(t *testing.T, g *rig.Guarded) {
	t.Helper()
	for range 10 {
		for i := 0; ; i++ {
			if status, _ := guessPassword(t, g, "api", g.Admin.Name, "guess-more-"+strconv.Itoa(i), ""); status == http.StatusTooManyRequests {
				break
			}
			if i == 40 {
				t.Fatal("40 guesses more are looked at")
			}
		}
		status, retry := guessPassword(t, g, "api", g.Admin.Name, g.Admin.Password, "")
		switch {
		case status == http.StatusTooManyRequests && retry != "":
			return
		case status != http.StatusOK: // the second in which none was looked at was over
			t.Fatalf("the right password, too soon: status %d, Retry-After %q", status, retry)
		}
	}
	t.Fatal("the right password is let in at any time")
}

// expectSlow makes 40 guesses, and finds no more looked at than one a second,
// five a minute, as many times as share says, and that the others are told when
// to come again.
func expectSlow(t *testing.T, g *rig.Guarded, share int, guess func(i int) (int, string)) {
	t.Helper()
	began, looked := time.Now(), 0
	for i := range 40 {
		status, retry := guess(i)
		switch status {
		case http.StatusUnauthorized:
			looked++
		case http.StatusTooManyRequests:
			if seconds, err := strconv.Atoi(retry); err != nil || seconds < 1 || seconds > 3600 {
				t.Errorf("guess %d: Retry-After %q", i, retry)
			}
		default:
			t.Errorf("guess %d: status %d", i, status)
		}
	}
	took := time.Since(began)
	most := share * min(2+int(took/time.Second), 6+int(5*took/time.Minute))
	if looked < 1 || looked > most {
		t.Errorf("%d guesses of 40 were looked at in %v, want 1 to %d", looked, took, most)
	}
}
