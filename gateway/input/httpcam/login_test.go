package httpcam

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/icholy/digest"

	"framegate/gateway/camlogin"
	"framegate/gateway/camtest"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// snapshots answers every request of a connection with what the handler gives.
func snapshots(handler func(*http.Request) string) func(*camtest.HTTPConn) {
	return func(c *camtest.HTTPConn) {
		for {
			r := c.Request()
			if r == nil || !c.Send(handler(r)) {
				return
			}
		}
	}
}

// snapshot is the whole answer of a snapshot camera.
func snapshot(n int) string {
	picture := camtest.Picture(n, 64, 32)
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s", len(picture), picture)
}

// unauthorized is a 401 with these challenges.
func unauthorized(challenges ...string) string {
	var b strings.Builder
	b.WriteString("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\n")
	for _, c := range challenges {
		b.WriteString("WWW-Authenticate: " + c + "\r\n")
	}
	return b.String() + "\r\nno!\n"
}

// digestResponse is what RFC 7616, 3.4.1 asks for, computed without the library.
func digestResponse(c *digest.Credentials, password string) string {
	sum := func(parts ...string) string {
		text := []byte(strings.Join(parts, ":"))
		if strings.HasPrefix(c.Algorithm, "SHA-256") {
			h := sha256.Sum256(text)
			return hex.EncodeToString(h[:])
		}
		h := md5.Sum(text)
		return hex.EncodeToString(h[:])
	}
	secret := sum(c.Username, c.Realm, password)
	if strings.HasSuffix(c.Algorithm, "-sess") {
		secret = sum(secret, c.Nonce, c.Cnonce)
	}
	request := sum("GET", c.URI)
	if c.QOP == "" {
		return sum(secret, c.Nonce, request)
	}
	return sum(secret, c.Nonce, fmt.Sprintf("%08x", c.Nc), c.Cnonce, c.QOP, request)
}

// checkDigest gives the credentials of a request if they are right.
func checkDigest(r *http.Request, user, password string) (*digest.Credentials, bool) {
	c, err := digest.ParseCredentials(r.Header.Get("Authorization"))
	if err != nil {
		return nil, false
	}
	return c, c.Username == user && c.URI == r.RequestURI && c.Response == digestResponse(c, password)
}

// firstPictureOf runs a source until its first frame or its error.
func firstPictureOf(t *testing.T, s *Source) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), generous)
	defer cancel()
	got := false
	err := s.Run(ctx, func(f media.Frame) { got = true; cancel() })
	if got {
		return nil
	}
	return err
}

func TestLogin(t *testing.T) {
	const user, password = "viewer", `p:ä"\ss`
	for _, c := range []struct {
		name       string
		challenges []string
		want       string // start of the Authorization header that must be right
		qop        string
	}{
		{name: "Basic", challenges: []string{`Basic realm="camera"`}, want: "Basic "},
		{name: "Basic without realm, odd case", challenges: []string{`bAsIC`}, want: "Basic "},
		{name: "Digest of RFC 2069 (old Axis)", challenges: []string{`Digest realm="camera", nonce="abc"`}, want: "Digest "},
		{name: "MD5", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=MD5, qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "MD5, quoted algorithm in lower case", challenges: []string{`Digest realm="camera", nonce="abc", algorithm="md5", qop=auth`}, want: "Digest ", qop: "auth"},
		{name: "SHA-256", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=SHA-256, qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "MD5-sess", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=MD5-sess, qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "SHA-256-sess", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=SHA-256-sess, qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "auth-int offered too (Dahua)", challenges: []string{`Digest realm="Login to 1234", qop="auth,auth-int", nonce="abc", opaque="o p"`}, want: "Digest ", qop: "auth"},
		{name: "auth-int first, with spaces", challenges: []string{`Digest realm="camera", qop="auth-int, auth", nonce="abc"`}, want: "Digest ", qop: "auth"},
		{name: "no spaces, unquoted base64 nonce", challenges: []string{`Digest realm=camera,nonce=a+b/c==,qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "escaped quotes in the realm", challenges: []string{`Digest realm="the \"front\" door", nonce="abc", qop="auth"`}, want: "Digest ", qop: "auth"},
		{name: "Basic and Digest (Hikvision)", challenges: []string{`Basic realm="camera"`, `Digest qop="auth", realm="camera", nonce="abc", stale="FALSE"`}, want: "Digest ", qop: "auth"},
		{name: "MD5 and SHA-256 (Axis)", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=MD5, qop="auth"`, `Digest realm="camera", nonce="abc", algorithm=SHA-256, qop="auth"`, `Basic realm="camera"`}, want: "Digest ", qop: "auth"},
		{name: "all in one header", challenges: []string{`Basic realm="a, b", Digest realm="camera", nonce="abc", algorithm=MD5, qop="auth", Negotiate`}, want: "Digest ", qop: "auth"},
		{name: "an algorithm nobody knows beside Basic", challenges: []string{`Digest realm="camera", nonce="abc", algorithm=SHA3-999`, `Basic realm="camera"`}, want: "Basic "},
	} {
		t.Run(c.name, func(t *testing.T) {
			var sent []string
			camera := newCamera(t, snapshots(func(r *http.Request) string {
				authorization := r.Header.Get("Authorization")
				sent = append(sent, authorization)
				name, pass, basic := r.BasicAuth()
				if basic && name == user && pass == password {
					return snapshot(1)
				}
				if c, ok := checkDigest(r, user, password); ok && strings.Contains(authorization, "nonce") && c != nil {
					return snapshot(1)
				}
				return unauthorized(c.challenges...)
			}))
			source := newSource(t, Options{URL: camera.URL("/image.jpg?size=1&x=%20"), Username: user, Password: password})
			if err := firstPictureOf(t, source); err != nil {
				t.Fatal(err)
			}
			camera.Close()
			if len(sent) != 2 || sent[0] != "" || !strings.HasPrefix(sent[1], c.want) {
				t.Fatalf("sent %q", sent)
			}
			if strings.Contains(strings.Join(c.challenges, ""), "SHA-256") && !strings.Contains(sent[1], "SHA-256") {
				t.Errorf("not the strongest: %s", sent[1])
			}
			if c.qop != "" && !strings.Contains(sent[1], "qop="+c.qop) {
				t.Errorf("no qop=%s: %s", c.qop, sent[1])
			}
			if strings.Contains(c.challenges[0], "opaque") && !strings.Contains(sent[1], `opaque="o p"`) {
				t.Errorf("opaque is not sent back: %s", sent[1])
			}
		})
	}
}

func TestRefusedLogin(t *testing.T) {
	for _, c := range []struct {
		name, user, answer, want string
		requests                 int
	}{
		{"wrong password, Basic", "viewer", unauthorized(`Basic realm="x"`), "wrong user name or password", 2},
		{"wrong password, Digest", "viewer", unauthorized(`Digest realm="x", nonce="abc", qop="auth"`), "wrong user name or password", 2},
		{"stale for ever", "viewer", unauthorized(`Digest realm="x", nonce="abc", stale=true`), "wrong user name or password", 1 + camlogin.MaxNonces},
		{"no credentials", "", unauthorized(`Basic realm="x"`), "none are configured", 1},
		{"unknown scheme", "viewer", unauthorized(`Negotiate`), "not supported", 1},
		{"no challenge", "viewer", unauthorized(), "not supported", 1},
		{"403", "viewer", "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "403", 1},
	} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, raw %v", c.name, raw), func(t *testing.T) {
				requests := make(chan bool, 100)
				camera := newCamera(t, func(conn *camtest.HTTPConn) {
					for conn.Request() != nil {
						requests <- true
						conn.Send(c.answer)
					}
				})
				source := newSource(t, Options{URL: camera.URL("/"), Username: c.user, Password: strings.TrimPrefix(c.user, "view")})
				source.raw = raw
				err := firstPictureOf(t, source)
				if !errors.Is(err, stream.ErrDenied) || !strings.Contains(err.Error(), c.want) {
					t.Errorf("ended with: %v", err)
				}
				if len(requests) != c.requests {
					t.Errorf("%d requests, want %d", len(requests), c.requests)
				}
			})
		}
	}
}

// TestNonceGoesStale plays a camera whose nonces serve three requests. Some
// cameras say stale=true then, others only offer another nonce.
func TestNonceGoesStale(t *testing.T) {
	for _, stale := range []string{", stale=true", ", stale=TRUE", ""} {
		for _, raw := range []bool{false, true} {
			t.Run(fmt.Sprintf("%q, raw %v", stale, raw), func(t *testing.T) {
				pictures, nonce, uses := 0, 0, 0
				var counts []int
				camera := newCamera(t, snapshots(func(r *http.Request) string {
					c, ok := checkDigest(r, "viewer", "secret")
					if !ok || c.Nonce != fmt.Sprint("nonce", nonce) || uses == 3 {
						nonce++
						uses = 0
						return unauthorized(fmt.Sprintf(`Digest realm="x", nonce="nonce%d", qop="auth"%s`, nonce, stale))
					}
					uses++
					pictures++
					counts = append(counts, c.Nc)
					return snapshot(pictures)
				}))
				source := newSource(t, Options{URL: camera.URL("/"), Username: "viewer", Password: "secret", Interval: time.Millisecond})
				source.raw = raw
				run := start(t, source)
				for n := 1; n <= 10; n++ {
					if got := run.next(t); got != n {
						t.Fatalf("got %d, want %d", got, n)
					}
				}
				run.cancel()
				run.wait(t)
				camera.Close()
				if diff := cmp.Diff([]int{1, 2, 3, 1, 2, 3, 1, 2, 3, 1}, counts[:10]); diff != "" {
					t.Errorf("nonce counts: %s", diff)
				}
			})
		}
	}
}

// TestChallengeOutlivesRun: the next run needs no other 401.
func TestChallengeOutlivesRun(t *testing.T) {
	refusals := make(chan bool, 10)
	camera := newCamera(t, snapshots(func(r *http.Request) string {
		if _, ok := checkDigest(r, "viewer", "secret"); ok {
			return snapshot(1)
		}
		refusals <- true
		return unauthorized(`Digest realm="x", nonce="abc", qop="auth"`)
	}))
	source := newSource(t, Options{URL: strings.Replace(camera.URL("/"), "http://", "http://viewer:secret@", 1)})
	for range 3 {
		if err := firstPictureOf(t, source); err != nil {
			t.Fatal(err)
		}
	}
	if len(refusals) != 1 {
		t.Errorf("%d refusals in three runs", len(refusals))
	}
}
