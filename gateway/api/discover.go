package api

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/url"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/onvif"
)

const (
	// searchTime is how long cameras have to answer a search.
	searchTime = 3 * time.Second
	// lookTime is how long a camera may be asked what it is.
	lookTime = 20 * time.Second
)

// registerDiscovery declares what finds cameras.
func (a *API) registerDiscovery(r registrar) {
	add(r, operation{
		Route: Route{http.MethodPost, "/api/v1/cameras/discover", auth.Admin}, id: "discover-cameras", tag: "cameras",
		summary: "Find cameras in the network",
		about: "Without an address it asks all networks that the server is in (ONVIF), and lists what answers within 3 seconds. With one it asks that camera, with the name and password that it wants, " +
			"which profiles it has and where their pictures are; a source of theirs can be tried and added as it is, with the same name and password. Nothing is kept.",
		problems: []int{http.StatusUnprocessableEntity, http.StatusServiceUnavailable},
	}, a.discover)
}

// whereToLook is what a search is asked for.
type whereToLook struct {
	Address  string `json:"address,omitempty" maxLength:"2048" doc:"of one camera: its host, or the address that a search gave" example:"192.168.1.20"`
	Username string `json:"username,omitempty" maxLength:"256" doc:"that the camera asks for"`
	Password string `json:"password,omitempty" maxLength:"4096"`

	TLSInsecure bool `json:"tls_insecure,omitempty" doc:"any certificate of the camera will do"`
}

// discovered is what a search answers.
type discovered struct {
	Cameras []discoveredCamera `json:"cameras" nullable:"false"`
}

// discoveredCamera is a camera that was found.
type discoveredCamera struct {
	Address      string              `json:"address" doc:"to be asked at" example:"http://192.168.1.20/onvif/device_service"`
	Name         string              `json:"name,omitempty" doc:"as it calls itself"`
	Hardware     string              `json:"hardware,omitempty" doc:"its model, as a search has it"`
	Manufacturer string              `json:"manufacturer,omitempty"`
	Model        string              `json:"model,omitempty"`
	Firmware     string              `json:"firmware,omitempty"`
	Turns        bool                `json:"turns,omitempty" doc:"it can be turned"`
	Camera       string              `json:"camera,omitempty" doc:"the id of a camera that is there already and has the same host" example:"front"`
	Login        bool                `json:"login,omitempty" doc:"it wants a name and a password, or others"`
	Certificate  bool                `json:"certificate,omitempty" doc:"its certificate is not trusted, as that of most cameras; with tls_insecure any will do"`
	Problem      string              `json:"problem,omitempty" doc:"what is wrong, where it did not say what it is"`
	Profiles     []discoveredProfile `json:"profiles,omitempty" doc:"of a camera that was asked"`
}

// discoveredProfile is one form in which a camera gives its pictures.
type discoveredProfile struct {
	Name     string  `json:"name"`
	Codec    string  `json:"codec,omitempty" doc:"not there for what is none of ours" example:"h264"`
	Width    int     `json:"width,omitempty" doc:"pixels"`
	Height   int     `json:"height,omitempty" doc:"pixels"`
	FPS      float64 `json:"fps,omitempty"`
	Sound    string  `json:"sound,omitempty" doc:"as the camera calls it" example:"AAC"`
	Source   string  `json:"source,omitempty" doc:"for a camera here, without name and password" example:"rtsp://192.168.1.20:554/stream1"`
	Snapshot string  `json:"snapshot,omitempty" doc:"a picture at a time" example:"http://192.168.1.20/snapshot.jpg"`
}

type discoverAnswer struct{ Body discovered }

func (a *API) discover(ctx context.Context, in *struct{ Body whereToLook }) (*discoverAnswer, error) {
	select {
	case a.probing <- struct{}{}:
		defer func() { <-a.probing }()
	default:
		p := problem.New(http.StatusServiceUnavailable, "other cameras are being tried")
		p.RetryAfter = searchTime
		return nil, p
	}
	if in.Body.Address == "" {
		return a.search(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	found := discoveredCamera{Address: in.Body.Address, Camera: a.cameraAt(in.Body.Address)}
	about, err := a.options.Gateway.Look(ctx, onvif.Options{Address: in.Body.Address, Username: in.Body.Username, Password: in.Body.Password, InsecureTLS: in.Body.TLSInsecure})
	untrusted := (*tls.CertificateVerificationError)(nil)
	switch {
	case errors.As(err, &untrusted):
		found.Certificate, found.Problem = true, "its certificate is not trusted: "+untrusted.Err.Error()
	case errors.Is(err, onvif.ErrLogin):
		found.Login, found.Problem = true, err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		found.Problem = "it did not answer within " + lookTime.String()
	case err != nil:
		found.Problem = err.Error()
	default:
		found.Manufacturer, found.Model, found.Firmware, found.Turns = about.Manufacturer, about.Model, about.Firmware, about.Turns
		for _, p := range about.Profiles {
			found.Profiles = append(found.Profiles, discoveredProfile{
				Name: p.Name, Codec: p.Codec, Width: p.Width, Height: p.Height, FPS: p.FPS, Sound: p.Sound, Source: p.Stream, Snapshot: p.Snapshot,
			})
		}
	}
	return &discoverAnswer{discovered{[]discoveredCamera{found}}}, nil
}

// search asks the network.
func (a *API) search(ctx context.Context) (*discoverAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, searchTime)
	defer cancel()
	all, err := a.options.Gateway.Search(ctx)
	if err != nil {
		return nil, problem.New(http.StatusServiceUnavailable, err.Error())
	}
	answer := &discoverAnswer{discovered{[]discoveredCamera{}}}
	for _, f := range all {
		answer.Body.Cameras = append(answer.Body.Cameras, discoveredCamera{Address: f.Address, Name: f.Name, Hardware: f.Hardware, Camera: a.cameraAt(f.Address)})
	}
	return answer, nil
}

// cameraAt gives the id of a camera that has the host of an address; "" for none.
func (a *API) cameraAt(address string) string {
	host := hostOf(address)
	for _, c := range a.options.Gateway.Cameras() {
		switch c.Source.Kind {
		case config.SourceHTTP, config.SourceRTSP, config.SourceFLV:
			if hostOf(c.Source.URL) == host {
				return c.ID
			}
		}
	}
	return ""
}

// hostOf gives the host of a URL, or of what is one alone.
func hostOf(address string) string {
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		return u.Hostname()
	}
	if u, err := url.Parse("//" + address); err == nil {
		return u.Hostname()
	}
	return ""
}
