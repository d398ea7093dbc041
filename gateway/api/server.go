package api

import (
	"context"
	"net/http"
	"runtime"
	"slices"
	"time"

	"framegate/gateway/api/openapi"
	"framegate/gateway/config"
)

func (a *API) registerServer(r registrar) {
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/server", Anybody}, id: "get-server", tag: "server",
		summary: "Show what this server is",
		about: "Before a login: whether one is needed, and how a device knows this server. Whoever is logged in is told the version, " +
			"and admins how it is set up. Members that are not for you are not there.",
	}, a.getServer)
}

// Facts is what is known of the server itself.
type Facts struct {
	Authority    string   // the fingerprint of its own certificate authority; "" where it has none
	Hosts        []string // names that it answers to
	Certificates []Certificate
	FFmpeg       *FFmpeg // nil while it is being tried; not to be changed
	Notified     []Notified
}

// Trouble is something that is wrong around the server.
type Trouble struct {
	Name  string    `json:"name" doc:"with what: ffmpeg; database; disk, of the data folder; clock; notify, which is who is told of events; cluster, what this node is of" example:"database"`
	Code  string    `json:"code" enum:"ffmpeg_missing,ffmpeg_broken,ffmpeg_hangs,database_locked,database_full,database_read_only,database_hangs,database_broken,disk_full,disk_missing,disk_hangs,disk_broken,clock_wrong,clock_stepped,notify_broken,cluster_nats,cluster_stuck,cluster_direct,cluster_hangs" doc:"what is wrong, for programs: with what, and in which way"`
	Text  string    `json:"text" doc:"what is wrong, and what to do"`
	Since time.Time `json:"since"`
}

// Certificate is what the server proves with who it is.
type Certificate struct {
	Names  []string  `json:"names" nullable:"false" doc:"names and addresses that it is for"`
	Issuer string    `json:"issuer" example:"CN=R11,O=Let's Encrypt,C=US"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until" doc:"when it ends; another one is in its place before that, where the server makes or gets it"`
}

// FFmpeg is what was found out of ffmpeg when the server started.
type FFmpeg struct {
	Program string `json:"program" doc:"the name of its file" example:"ffmpeg"`
	Version string `json:"version,omitempty" doc:"as it tells it" example:"5.1.9-0+deb12u1"`
	Problem string `json:"problem,omitempty" doc:"why it cannot be used, where it cannot"`
}

// Notified is who is told of what happens, without asking.
type Notified struct {
	Name      string     `json:"name" doc:"of a webhook the one that the configuration gives it" example:"ops"`
	Kind      string     `json:"kind" enum:"webhook,mqtt"`
	Address   string     `json:"address" doc:"as far as it is not secret" example:"https://example.org"`
	State     string     `json:"state" enum:"waiting,fine,failing,gone" doc:"waiting: there was nothing to tell yet; failing: what was told last was not taken, and is tried again; gone: it said that it wants nothing any more"`
	Delivered *time.Time `json:"delivered,omitempty" doc:"when it took something last"`
	Error     string     `json:"error,omitempty" doc:"why it did not, the last time that it did not" example:"answers 503 Service Unavailable"`
	ErrorAt   *time.Time `json:"error_at,omitempty" doc:"when that was"`
	Queued    int        `json:"queued" doc:"events that wait for it"`
	Lost      uint64     `json:"lost" doc:"events since the start that it was not told of"`
}

// aboutServer is what somebody is told of the server.
type aboutServer struct {
	Now       time.Time     `json:"now" doc:"the server's clock"`
	Login     bool          `json:"login" doc:"whether nothing is shown without one; not, where auth is off"`
	Scheme    string        `json:"scheme" enum:"http,https" doc:"by which you came, as far as the proxies that are trusted tell"`
	BasePath  string        `json:"base_path" doc:"the path under which you know the server; empty for the root" example:"/cams"`
	Authority string        `json:"authority,omitempty" doc:"the SHA-256 fingerprint of the server's own certificate authority, where it has one; its certificate is at /ca.crt" example:"3B:0C:…"`
	Version   string        `json:"version,omitempty" doc:"of this Framegate; for who is logged in"`
	System    *serverSystem `json:"system,omitempty" doc:"how it is set up; for admins"`
}

// serverSystem is what admins are told of how the server is set up.
type serverSystem struct {
	Started  time.Time  `json:"started"`
	Platform string     `json:"platform" example:"linux/amd64"`
	Go       string     `json:"go" doc:"the version of Go that it was built with" example:"go1.26.0"`
	Licence  string     `json:"licence" example:"MIT"`
	Data     string     `json:"data" doc:"the folder of what it keeps" example:"/var/lib/framegate"`
	Hosts    []string   `json:"hosts" nullable:"false" doc:"names that it answers to, besides any address"`
	TLS      serverTLS  `json:"tls"`
	Setup    setup      `json:"setup" doc:"how far it is set up"`
	FFmpeg   *FFmpeg    `json:"ffmpeg,omitempty" doc:"not there while it is being tried, at the start"`
	Notified []Notified `json:"notified" nullable:"false" doc:"who is told of what happens, as the configuration says"`
	Waiting  []string   `json:"waiting" nullable:"false" doc:"keys of the configuration whose change waits for a restart"`
	Refused  bool       `json:"refused" doc:"whether the configuration file has mistakes, so that the one of before is in effect; the settings say which"`
}

// setup is how far a new server is set up.
type setup struct {
	Cameras string   `json:"cameras" enum:"none,examples,own" doc:"examples: no file lists any, and none was added, so that there are those which show what there can be"`
	First   []string `json:"first_password" nullable:"false" doc:"users whose password is still the one that was printed at the first start" example:"[\"admin\"]"`
}

// serverTLS is by what the server proves who it is.
type serverTLS struct {
	Mode         string        `json:"mode" enum:"off,self-signed,files,acme"`
	Certificates []Certificate `json:"certificates" nullable:"false" doc:"those it shows now; of acme those it has got"`
}

func (a *API) getServer(ctx context.Context, _ *nothing) (*struct{ Body aboutServer }, error) {
	p, facts, settings := principalOf(ctx), a.options.Gateway.Facts(), a.options.Gateway.Settings()
	about := aboutServer{
		Now: time.Now().UTC(), Login: settings.Config.Auth != config.AuthOff, Scheme: "http", BasePath: a.base(ctx), Authority: facts.Authority,
	}
	if _, r := openapi.ExchangeOf(ctx); r.TLS != nil {
		about.Scheme = "https"
	}
	if p.Known() {
		about.Version = a.options.Version
	}
	if isAdmin(p) {
		setup, err := a.setupOf(ctx, settings)
		if err != nil {
			return nil, err
		}
		about.System = a.systemOf(facts, settings)
		about.System.Setup = setup
	}
	return &struct{ Body aboutServer }{about}, nil
}

// setupOf finds out how far the server is set up.
func (a *API) setupOf(ctx context.Context, settings Settings) (setup, error) {
	s := setup{Cameras: "none", First: []string{}}
	cameras := a.options.Gateway.Cameras()
	added := func(c Camera) bool { return c.Added }
	switch {
	case len(cameras) == 0:
	case settings.Config.Examples() && !slices.ContainsFunc(cameras, added):
		s.Cameras = "examples"
	default:
		s.Cameras = "own"
	}
	users, err := a.options.Auth.Users(ctx)
	for _, u := range users {
		if u.First {
			s.First = append(s.First, u.Name)
		}
	}
	return s, err
}

func (a *API) systemOf(facts Facts, settings Settings) *serverSystem {
	certificates := make([]Certificate, 0, len(facts.Certificates))
	for _, c := range facts.Certificates {
		c.From, c.Until = c.From.UTC(), c.Until.UTC()
		certificates = append(certificates, c)
	}
	return &serverSystem{
		Started: a.started.UTC(), Platform: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version(), Licence: "MIT",
		Data: settings.Config.Data, Hosts: append([]string{}, facts.Hosts...),
		TLS:    serverTLS{Mode: string(settings.Config.TLS.Mode), Certificates: certificates},
		FFmpeg: facts.FFmpeg, Notified: append([]Notified{}, facts.Notified...),
		Waiting: settings.waiting(), Refused: settings.Refused != nil,
	}
}
