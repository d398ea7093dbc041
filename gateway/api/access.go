package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"framegate/gateway/auth"
	"framegate/gateway/config"
)

const (
	// maxProbes bounds the probes at a time: each holds a connection.
	maxProbes = 2
	// probePatience is how long a probe may take.
	probePatience = 15 * time.Second
)

// registerAccess declares what gives links to cameras, and what tries cameras
// that are not there yet.
func (a *API) registerAccess(r registrar) {
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/{id}/links", Known}, id: "make-links", tag: "cameras", status: http.StatusCreated,
		summary: "Make links that need no login",
		about: "For an img on another site, or a player. Whoever has a link may do one thing with one camera, until it expires, " +
			"you log in with another password, or may not do it yourself any more.",
		problems: []int{http.StatusForbidden, http.StatusNotFound, http.StatusUnprocessableEntity},
	}, a.makeLinks)
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/probe", auth.Admin}, id: "probe-camera", tag: "cameras",
		summary: "Try a source", about: "Connects to it for up to 15 seconds, and says what it sends or what is wrong. Nothing is kept.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.probe)
}

// signed is what links a camera has for those without a login.
type signed struct {
	Expires time.Time `json:"expires"`
	Query   string    `json:"query" doc:"what makes an address of this camera one that needs no login" example:"exp=1766000000&sig=…"`
	Links   links     `json:"links"`
}

func (a *API) makeLinks(ctx context.Context, in *struct {
	ID   string `path:"id" doc:"the camera" example:"front"`
	Body struct {
		Action  string `json:"action" enum:"view,publish" doc:"what whoever has the link may do"`
		Seconds int64  `json:"seconds" minimum:"1" maximum:"604800" doc:"how long; at most seven days" example:"3600"`
	} `nameHint:"NewLinks"`
}) (*struct{ Body signed }, error) {
	p, action := principalOf(ctx), auth.Action(in.Body.Action)
	if !auth.Authorize(p, action, in.ID) {
		return nil, newProblem(http.StatusNotFound, notThere)
	}
	if _, err := a.find(in.ID); err != nil {
		return nil, err
	}
	lifetime := time.Duration(in.Body.Seconds) * time.Second
	expires := time.Now().Add(lifetime)
	query, err := a.options.Auth.SignLink(ctx, p, action, in.ID, lifetime)
	if errors.Is(err, auth.ErrForbidden) {
		return nil, newProblem(http.StatusForbidden, "only users and tokens can make links; where auth is off none are needed")
	}
	if err != nil {
		return nil, err
	}
	return &struct{ Body signed }{signed{
		Expires: expires.UTC().Truncate(time.Second),
		Query:   query.Encode(),
		Links:   linksOf(a.base(ctx), in.ID, action == auth.View, action == auth.Publish, query.Encode()),
	}}, nil
}

// Probed is what a camera turned out to be. What is not known is zero.
type Probed struct {
	Codec            string // jpeg, h264
	Width, Height    int    // pixels
	FPS              float64
	FirstFrame       time.Duration // from the attempt to connect to the first keyframe
	KeyframeInterval time.Duration // of H.264
	Frames           int           // that came
	Bytes            int64         // of those
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
	KeyframeIntervalMs float64 `json:"keyframe_interval_ms,omitempty" doc:"of H.264: the longest a viewer waits to join, in milliseconds"`
	Frames             int     `json:"frames" doc:"that came"`
	Bytes              int64   `json:"bytes" doc:"of those"`
}

// trial is a camera to try.
type trial struct {
	Source      string `json:"source" maxLength:"4096" doc:"http://, https://, rtsp:// or rtsps:// and where it is" example:"rtsp://192.168.1.20:554/stream1"`
	Username    string `json:"username,omitempty" maxLength:"256"`
	Password    string `json:"password,omitempty" maxLength:"4096" writeOnly:"true" format:"password"`
	Interval    string `json:"interval,omitempty" maxLength:"40"`
	Transport   string `json:"transport,omitempty" enum:"auto,tcp,udp"`
	TLSInsecure bool   `json:"tls_insecure,omitempty"`
}

func (t trial) fresh() fresh {
	return fresh{
		Source: t.Source, Username: t.Username, Password: t.Password,
		Interval: t.Interval, Transport: t.Transport, TLSInsecure: t.TLSInsecure,
	}
}

func (a *API) probe(ctx context.Context, in *struct{ Body trial }) (*struct{ Body probed }, error) {
	camera, err := in.Body.fresh().change().apply("probe", nil)
	if err != nil {
		return nil, err
	}
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
		p := newProblem(http.StatusServiceUnavailable, "other sources are being tried")
		p.retryAfter = probePatience / 3
		return nil, p
	}
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	found, err := a.options.Gateway.Probe(ctx, camera)
	return &struct{ Body probed }{probedOf(found, err, camera)}, nil
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
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		p.Problem = "no picture came within " + probePatience.String()
	case err != nil:
		p.Problem = withoutSecrets(err, camera)
	}
	return p
}
