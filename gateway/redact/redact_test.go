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
)

// secretCamera has a password that is sent in several spellings, and a token in
// its URL.
var secretCamera = config.Camera{
	Username: "viewer",
	Password: config.NewSecret("pa ss/word"),
	Source:   config.Source{URL: "http://camera/mjpeg?token=abcdef&w=640"},
}

func TestSecretsInEverySpelling(t *testing.T) {
	r := New(secretCamera)
	for _, said := range []string{
		"pa ss/word", "pa+ss%2Fword", "pa%20ss%2Fword", "dmlld2VyOnBhIHNzL3dvcmQ=", "token=abcdef&w=640", "abcdef",
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
