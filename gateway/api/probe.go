package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/redact"
)

const (
	// maxProbes bounds the probes at a time: each holds a connection.
	maxProbes = 2
	// probePatience is how long a camera may take to send pictures.
	probePatience = 15 * time.Second
)

// registerProbes declares what tries cameras, also those that are not there yet.
func (a *API) registerProbes(r registrar) {
	const tag = "cameras"
	about := "Connects to it for up to 15 seconds, and says what it sends, with a small picture of it, or what is wrong. Nothing is kept."
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/probe", auth.Admin}, id: "probe-camera", tag: tag,
		summary: "Try a source", about: about,
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.probeNew)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/probe", auth.Admin}, id: "probe-changed-camera", tag: tag,
		summary: "Try a camera as it would be after a change",
		about: about + " What is not named is as it is, the password too, under the same conditions as for a change; {} tries the camera as it is. " +
			"It is a connection besides those there are.",
		problems: []int{http.StatusConflict, http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.probeChanged)
}

// Probed is what a camera turned out to be. What is not known is zero.
type Probed struct {
	Codec            string // jpeg, h264, h265
	Width, Height    int    // pixels
	FPS              float64
	FirstFrame       time.Duration // from the attempt to connect to the first keyframe
	KeyframeInterval time.Duration // of H.264 and H.265
	Frames           int           // pictures that came
	Bytes            int64         // of those
	Sound            ProbedSound
	Picture          []byte // a small JPEG; nil where none could be made
}

// ProbedSound is the sound beside a camera's pictures.
type ProbedSound struct {
	Codec          string // aac, opus, pcma, pcmu; "" where there is none
	Rate, Channels int    // samples a second in each channel, and channels
}

// probed is what a probe answers.
type probed struct {
	OK                 bool    `json:"ok" doc:"whether pictures came"`
	Problem            string  `json:"problem,omitempty" doc:"what is wrong, where they did not"`
	Codec              string  `json:"codec,omitempty" example:"h264"`
	Width              int     `json:"width,omitempty" doc:"pixels"`
	Height             int     `json:"height,omitempty" doc:"pixels"`
	FPS                float64 `json:"fps,omitempty"`
	FirstFrameMs       float64 `json:"first_frame_ms,omitempty" doc:"from connecting to the first picture, in milliseconds"`
	KeyframeIntervalMs float64 `json:"keyframe_interval_ms,omitempty" doc:"of H.264 and H.265: the longest a viewer waits to join, in milliseconds"`
	Frames             int     `json:"frames" doc:"pictures that came"`
	Bytes              int64   `json:"bytes" doc:"of those"`

	Sound   *probedSound `json:"sound,omitempty" doc:"beside the pictures; not there where the camera told of none"`
	Picture string       `json:"picture,omitempty" doc:"what it shows, a JPEG of 640 pixels at most, as an address that holds it; not there where none could be made" example:"data:image/jpeg;base64,…"`
}

// probedSound is the sound of a camera that was tried.
type probedSound struct {
	Codec    string `json:"codec" enum:"aac,opus,pcma,pcmu"`
	Rate     int    `json:"rate" doc:"samples a second in each channel"`
	Channels int    `json:"channels"`
}

// trial is a camera to try, with all settings that one can have.
type trial struct{ settings settings }

// UnmarshalJSON reads the settings.
func (t *trial) UnmarshalJSON(b []byte) (err error) {
	t.settings, err = freshSettingsIn(b)
	return err
}

// TransformSchema adds the settings.
func (trial) TransformSchema(_ huma.Registry, s *huma.Schema) *huma.Schema {
	return withFreshSettings(s)
}

type probeAnswer struct{ Body probed }

func (a *API) probeNew(ctx context.Context, in *struct{ Body trial }) (*probeAnswer, error) {
	camera, err := change{settings: in.Body.settings}.apply("probe", nil)
	if err != nil {
		return nil, err
	}
	return a.probe(ctx, camera)
}

func (a *API) probeChanged(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body change
}) (*probeAnswer, error) {
	if c, err := a.find(in.ID); err == nil && !c.Added {
		return nil, inFile(in.ID)
	}
	kept, err := a.options.Store.Camera(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	camera, _, err := in.Body.to(kept)
	if err != nil {
		return nil, err
	}
	return a.probe(ctx, camera)
}

// probe tries a camera, where there is a place for that.
func (a *API) probe(ctx context.Context, camera config.Camera) (*probeAnswer, error) {
	if camera.Source.Kind == config.SourceUpload {
		return nil, faulty("body.source", "there is nothing to try: its pictures are sent in")
	}
	if err := a.options.CheckSource(camera.Source); err != nil {
		return nil, faulty("body.source", err.Error())
	}
	select {
	case a.probing <- struct{}{}:
		defer func() { <-a.probing }()
	default:
		p := problem.New(http.StatusServiceUnavailable, "other sources are being tried")
		p.RetryAfter = probePatience / 3
		return nil, p
	}
	found, err := a.options.Gateway.Probe(ctx, camera, probePatience)
	return &probeAnswer{probedOf(found, err, camera)}, nil
}

func probedOf(found Probed, err error, camera config.Camera) probed {
	p := probed{
		OK:                 err == nil,
		Codec:              found.Codec,
		Width:              found.Width,
		Height:             found.Height,
		FPS:                found.FPS,
		FirstFrameMs:       milliseconds(found.FirstFrame),
		KeyframeIntervalMs: milliseconds(found.KeyframeInterval),
		Frames:             found.Frames,
		Bytes:              found.Bytes,
	}
	if s := found.Sound; s.Codec != "" {
		p.Sound = &probedSound{s.Codec, s.Rate, s.Channels}
	}
	if found.Picture != nil {
		p.Picture = "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(found.Picture)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p.Problem = "no picture came within " + probePatience.String()
	case err != nil:
		p.Problem = redact.New(camera).Text(err.Error())
	}
	return p
}
