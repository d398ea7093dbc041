package onvif

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"framegate/gateway/onvif/onviftest"
)

// TestPTZ tells cameras with the faults of real ones all that they can be told.
func TestPTZ(t *testing.T) {
	for name, c := range map[string]*onviftest.Camera{
		"as specified":   {Username: "admin", Password: "p&<w"},
		"1970":           {Username: "admin", Password: "pw", Ahead: -56 * 365 * 24 * time.Hour},
		"Digest alone":   {Username: "admin", Password: "pw", DigestOnly: true},
		"over TLS":       {Username: "admin", Password: "pw", TLS: true},
		"a locked clock": {Username: "admin", Password: "pw", Answer: refusing("GetSystemDateAndTime", "ter:NotAuthorized")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := optionsOf(c.Start(t))
			o.InsecureTLS = c.TLS
			p, err := OpenPTZ(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Error(err)
				}
			}
			must(p.Move(t.Context(), Velocity{Pan: 0.5, Tilt: -1}, 1200*time.Millisecond))
			must(p.Move(t.Context(), Velocity{Zoom: 1}, 0)) // no longer turns
			must(p.Stop(t.Context()))
			must(p.Move(t.Context(), Velocity{Zoom: -0.25}, time.Second))
			must(p.Home(t.Context()))
			gate, err := p.SetPreset(t.Context(), "Gate <1>", "")
			must(err)
			again, err := p.SetPreset(t.Context(), "Gate & wall", gate)
			must(err)
			must(p.GoTo(t.Context(), again))
			presets, err := p.Presets(t.Context())
			must(err)
			if want := []Preset{{"empty", ""}, {gate, "Gate & wall"}}; !slices.Equal(presets, want) {
				t.Errorf("presets %+v, want %+v", presets, want)
			}
			must(p.RemovePreset(t.Context(), gate))
			if err := p.GoTo(t.Context(), gate); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "no such preset") {
				t.Errorf("to what it forgot: %v", err)
			}
			want := []string{"move 0.5 -1 for PT2S", "move 0 0 zoom 1 for PT1S", "stop", "move zoom -0.25 for PT1S", "home", "keep p1", "keep p1", "go to p1", "forget p1"}
			if d := cmp.Diff(want, c.Told()); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestPTZThatIsNone: what does not turn says so, and what is wrong with a camera is told.
func TestPTZThatIsNone(t *testing.T) {
	for name, c := range map[string]struct {
		camera *onviftest.Camera
		want   error
	}{
		"fixed":       {&onviftest.Camera{Open: true, Fixed: true}, ErrFixed},
		"no profiles": {&onviftest.Camera{Open: true, Answer: saying("GetProfiles", "<GetProfilesResponse/>")}, ErrFixed},
		"a login":     {&onviftest.Camera{Username: "admin", Password: "pw", Answer: refusing("GetCapabilities", "ter:NotAuthorized")}, ErrLogin},
		"no token":    {&onviftest.Camera{Open: true, Answer: saying("SetPreset", "<SetPresetResponse/>")}, ErrNotONVIF},
		"a bomb":      {&onviftest.Camera{Open: true, Answer: saying("SetPreset", "<!DOCTYPE a []>")}, ErrNotONVIF},
		"TLS":         {&onviftest.Camera{Open: true, TLS: true}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := OpenPTZ(t.Context(), optionsOf(c.camera.Start(t)))
			if err == nil {
				defer p.Close()
				_, err = p.SetPreset(t.Context(), "x", "")
			}
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
	quiet := (&onviftest.Camera{Open: true, Answer: func(string) (int, string) { panic(http.ErrAbortHandler) }}).Start(t)
	if _, err := OpenPTZ(t.Context(), optionsOf(quiet)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a camera that hangs up: %v", err)
	}
}

// saying has a camera give an answer to a question.
func saying(question, body string) func(string) (int, string) {
	return func(asked string) (int, string) {
		if asked != question {
			return 0, ""
		}
		return http.StatusOK, onviftest.Enveloped(body)
	}
}
