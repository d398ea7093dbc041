package redact

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"

	"framegate/gateway/config"
	"framegate/gateway/media"
	"framegate/gateway/secret"
)

// secretCamera has a password that is sent in several spellings, and a token in
// its URL.
var secretCamera = config.Camera{
	Username: "viewer",
	Password: secret.New("pa ss/word"),
	Source:   config.Source{URL: "http://camera/mjpeg?token=abcdef&w=640"},
	Sub:      config.Source{URL: "http://camera/password=ghijkl/small"},
}

func TestSecretsInEverySpelling(t *testing.T) {
	r := New(secretCamera)
	for _, said := range []string{
		"pa ss/word", "pa+ss%2Fword", "pa%20ss%2Fword", "dmlld2VyOnBhIHNzL3dvcmQ=", "token=abcdef&w=640", "abcdef", "ghijkl",
	} {
		if got := r.Error(fmt.Errorf("camera says %q today", said)).Error(); got != `camera says "<redacted>" today` {
			t.Errorf("%q becomes %s", said, got)
		}
	}
	plain := errors.New("camera has 640 pixels")
	if got := r.Error(plain); got != plain {
		t.Errorf("%v becomes %v", plain, got)
	}
	if r.Error(nil) != nil {
		t.Error("an error of nothing")
	}
}

func TestErrorsStayWhatTheyAre(t *testing.T) {
	err := New(secretCamera).Error(fmt.Errorf("password pa ss/word: %w", fs.ErrNotExist))
	if !errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "pa ss") {
		t.Error(err)
	}
}

// chatty is a source that tells what it was told.
type chatty struct{}

func (chatty) Run(context.Context, func(media.Frame)) error { return errors.New("wrong: pa ss/word") }

func TestSourceTellsNoSecrets(t *testing.T) {
	r := New(secretCamera)
	if err := r.Source(chatty{}).Run(t.Context(), nil); err.Error() != "wrong: <redacted>" {
		t.Error(err)
	}
	if r.Source(nil) != nil {
		t.Error("a source of nothing")
	}
}

// stringer is logged as it says.
type stringer string

func (s stringer) LogValue() slog.Value { return slog.StringValue(string(s)) }

func TestLogHasNoSecrets(t *testing.T) {
	var out strings.Builder
	log := New(secretCamera).Log(slog.New(slog.NewTextHandler(&out, nil)))
	log.With("with", "abcdef").WithGroup("group").Info("says abcdef",
		"text", "pa ss/word", "err", errors.New("no pa ss/word"), "valuer", stringer("abcdef"),
		slog.Group("inner", "text", "abcdef"), "number", 640)
	if got := out.String(); strings.Contains(got, "abcdef") || strings.Contains(got, "pa ss") || strings.Count(got, "<redacted>") != 6 || !strings.Contains(got, "group.number=640") {
		t.Error(got)
	}
}

func TestCameraWithoutSecrets(t *testing.T) {
	r := New(config.Camera{Source: config.Source{URL: "http://camera/"}})
	if err := errors.New("camera is away"); r.Error(err) != err {
		t.Error("it redacts")
	}
}

// said gives what a camera with a password is said to have said.
func said(password, text string) string {
	return New(config.Camera{Username: "viewer", Password: secret.New(password)}).Text(text)
}

// TestWordsThatArePasswords stay in sentences of ours, and nowhere else.
func TestWordsThatArePasswords(t *testing.T) {
	for _, c := range []struct{ password, text, want string }{
		{"camera", "camera does not answer", "camera does not answer"},
		{"camera", `camera answers "wrong camera"`, `camera answers "wrong <redacted>"`},
		{"camera", "camera has nothing at http://viewer:camera@host/", "camera has nothing at http://viewer:<redacted>@host/"},
		{"camera", "asked for /cgi?user=viewer&pwd=camera", "asked for /cgi?user=viewer&pwd=<redacted>"},
		{"on", "connection refused on port 80", "connection refused on port 80"},
		{"12", "12 of 120 pictures, pwd=12", "12 of 120 pictures, pwd=<redacted>"},
		{"cat", "location of the cat", "location of the cat"},
		{"meadow", "says meadow, not meadows", "says <redacted>, not meadows"},
		{"meadow1", "says Xmeadow1X", "says X<redacted>X"},
		{"redacted1", "says redacted1 redacted1", "says <redacted> <redacted>"},
	} {
		if got := said(c.password, c.text); got != c.want {
			t.Errorf("%q in %q: %q", c.password, c.text, got)
		}
	}
}

// TestCutOffSecrets are hidden as far as they were left.
func TestCutOffSecrets(t *testing.T) {
	for n := leastPrefix; n <= len("hunter2-hunter2"); n++ {
		got := said("hunter2-hunter2", fmt.Sprintf("answer is not HTTP: it starts with %q", "login hunter2-hunter2"[:6+n]))
		if got != `answer is not HTTP: it starts with "login <redacted>"` {
			t.Errorf("after %d bytes: %s", n, got)
		}
	}
}

// TestCredentialsInPaths are secrets like those in queries.
func TestCredentialsInPaths(t *testing.T) {
	for address, secret := range map[string]string{
		"rtsp://c/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp": "tlJwpbo6",
		"rtsp://c/user=admin&password=tlJwpbo6&channel=1.sdp":          "tlJwpbo6",
		"http://c/admin:tlJwpbo6/video.mjpg":                           "tlJwpbo6",
		"http://c/token=tlJwpbo6/live":                                 "tlJwpbo6",
		"http://c/live;pwd=tlJwpbo6;x=1":                               "tlJwpbo6",
		"http://c/live/?pwd=tlJ":                                       "pwd=tlJ",
		"rtsp://c/user=admin_password=tl%2FJw_channel=1":               "tl/Jw",
	} {
		source := config.Source{Kind: config.SourceHTTP, URL: address}
		r := New(config.Camera{Source: source})
		if got := r.Text("nothing at " + secret + " here"); got != "nothing at <redacted> here" {
			t.Errorf("%s: %s", address, got)
		}
		if shown := source.String(); strings.Contains(shown, "tlJ") || !strings.Contains(shown, "<redacted>") {
			t.Errorf("%s is shown as %s", address, shown)
		}
		if got := r.Text("get " + address); strings.Contains(got, "tlJ") {
			t.Errorf("%s: %s", address, got)
		}
	}
	for _, address := range []string{"http://c/live/mp4:sample.mp4", "http://c:8080/axis-cgi/mjpg/video.cgi", "rtsp://c/ch=1_stream=0.sdp"} {
		if shown := (config.Source{Kind: config.SourceHTTP, URL: address}).String(); shown != address {
			t.Errorf("%s is shown as %s", address, shown)
		}
	}
}

// TestCamerasDoNothingToTerminals: control characters are not passed on.
func TestCamerasDoNothingToTerminals(t *testing.T) {
	got := New(config.Camera{}).Error(errors.New("camera answers 404 \x1b[31mred\x1b]0;title\x07\u009b2J\u202eback\xff\r\nx")).Error()
	if want := "camera answers 404 \uFFFD[31mred\uFFFD]0;title\uFFFD\uFFFD2J\uFFFDback\uFFFD  x"; got != want {
		t.Errorf("%q", got)
	}
}
