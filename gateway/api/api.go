// Package api is the gateway's REST interface under /api/v1: cameras, what they
// are doing, who may use them, and what happens. Its OpenAPI 3.1 document is at
// /api/openapi.json, and a page that shows it at /api/docs.
//
// It checks and keeps (package store) what is asked for, and has it put into
// effect by whoever runs the cameras, which it knows as the interface Gateway.
// It serves no pictures, and does not identify anybody: package front lets a
// request in by the Action of its Route, and says in the context who asks
// (WithPrincipal). What a principal may see in a list is decided here, by
// auth.Authorize; so is every Route once more, so that a mistake on the way to
// it lets nobody in.
//
// Every write is one transaction. It is in the store before it is put into
// effect, and if that fails the store is put back and the answer says so; only
// a removal goes the other way about (see removeCamera). How requests are read
// and the document is made is in package openapi. The files: register.go (how an
// operation is declared, and who is let in), statuses.go (errors), then one file
// for each kind of thing.
package api

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/api/openapi"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/gateway/export"
	"framegate/gateway/journal"
	"framegate/gateway/onvif"
	"framegate/gateway/ptz"
	"framegate/gateway/store"
	"framegate/gateway/stream"
)

// Gateway is the running gateway. All methods may be called from any goroutine.
// Whoever runs it calls API.Changed when its cameras, publishers or settings, or
// the states of the hub's streams, have become others.
type Gateway interface {
	// Cameras gives the cameras there are now, in the order in which people see them.
	Cameras() []Camera
	// SetAdded makes these the cameras that were added while the server runs,
	// from now on, beside those of the configuration file, which win where ids
	// are the same. Where a camera is as it was it loses no frame. After an
	// error nothing is different. It does not wait for cameras.
	SetAdded([]config.Camera) error
	// Probe connects to a camera, apart from those there are, until its first
	// keyframes came, patience is over or ctx is done, and makes a picture of one.
	// The error is words for an admin, without secrets.
	Probe(ctx context.Context, c config.Camera, patience time.Duration) (Probed, error)
	// Search asks the network for cameras until ctx is done.
	Search(ctx context.Context) ([]onvif.Found, error)
	// Look asks a camera what it is, however it is reached. The error is words for an
	// admin, or wraps onvif.ErrLogin, or that a certificate is not trusted.
	Look(ctx context.Context, o onvif.Options) (*onvif.About, error)
	// Publishers gives who sends frames in now, the oldest first.
	Publishers() []Publisher
	// Encoders gives the ffmpegs that make renditions, or wait for their turn.
	Encoders() []Encoder
	// Recordings gives how cameras are recorded, and the room for it.
	Recordings() (RecordingRoom, []Recording)
	// Settings gives what is configured.
	Settings() Settings
	// FitSettings gives what would be configured if these were given in the app, and, by
	// key, why some would be left out. It changes nothing. The error is of all else
	// that is configured.
	FitSettings(config.Kept) (next *config.Config, left map[string]error, err error)
	// TakeSettings puts into effect that these are given in the app. After an error
	// nothing is different.
	TakeSettings(config.Kept) error
	// SetNotified makes these who is told of what happens besides those of the file, from now on. It
	// does not wait for them.
	SetNotified(config.Added)
	// TryNotified tells the one who is in it something that means nothing, or says in words, without
	// secrets, why it was not taken.
	TryNotified(ctx context.Context, who config.Notify) error
	// Limits gives the limits there are, by name.
	Limits() []Limit
	// Cluster gives what is known of the cluster that the server is a node of; its
	// lists are not nil.
	Cluster() Cluster
	// MadeHere gives this node, "" of a server alone, and the renditions of cameras of
	// others that it makes.
	MadeHere() (node string, renditions []stream.Key)
	// NodeCameras gives how the cameras of that cluster are, by id; nil where there is none.
	NodeCameras() map[string]NodeCamera
	// Reports gives the name of this server in its cluster, "" where there is none, and what
	// the other nodes say of themselves. It waits for them for a second at most, or until ctx
	// is done.
	Reports(ctx context.Context) (self string, others []NodeReport)
	// EndViewerAt ends a viewer of another node, and says whether there was one. The
	// error may wrap ErrNodeAway.
	EndViewerAt(ctx context.Context, node string, number uint64) (there bool, err error)
	// Relays gives the streams that go from node to node, as far as nodes answer
	// before ctx is done, and which of those that live did not.
	Relays(ctx context.Context) (relays []ClusterRelay, silent []string)
	// NodeToken makes what lets a machine join the cluster as a node of that name. The
	// error may wrap ErrNoAuthority, or be words for an admin.
	NodeToken(node string) (string, error)
	// RevokeNode shuts a node out of the cluster. The error may wrap ErrNoAuthority or
	// ErrOwnNode.
	RevokeNode(node string) error
	// Facts gives what is known of the server itself.
	Facts() Facts
	// Troubles gives what is wrong around the server, in an order of its own.
	Troubles() []Trouble
}

// Camera is a camera of the running gateway.
type Camera struct {
	config.Camera
	Added bool // while the server ran, and so kept in the store; else it is of the file
}

// Encoder is an ffmpeg that makes a rendition, or makes a camera's own pictures
// showable, for which the rendition is "".
type Encoder struct {
	Camera    string
	Rendition string
	Waiting   bool   // for its turn
	Dropped   uint64 // frames left out because it was too slow
	FPS       int    // the rate it stepped down to; 0 while it keeps up
}

// Publisher is somebody who sends frames in.
type Publisher struct {
	Camera    string
	Address   string // without port
	Principal string // as auth.Principal.String gives it; "" where it is not known
	Since     time.Time
}

// Form is a way in which pictures of cameras go out or come in.
type Form struct {
	Name    string      // of its links
	Address string      // with {id} in place of the camera; one of another protocol than HTTP is whole, with {host} in place of the server's name
	Action  auth.Action // what it is to use it: View, Publish or Playback
}

// Settings is what is configured.
type Settings struct {
	Config *config.Config // in effect; another pointer means a change
	// Wanted is what the file, the environment and the app say now, of which some takes
	// a restart; nil for Config.
	Wanted *config.Config
	// Left says of settings given in the app, by key, why they are left out.
	Left map[string]error
	// Refused is why the last reload was refused, and nil where it was not.
	Refused   error
	RefusedAt time.Time // zero where it is not known
}

// Options say what an API works with. Store, Auth, Hub and Gateway
// are needed.
type Options struct {
	Store   *store.Store
	Auth    *auth.Auth
	Hub     *stream.Hub
	Gateway Gateway
	Forms   []Form // that cameras have links for
	// Recordings is what was recorded; nil where nothing ever is.
	Recordings Recordings
	// Exports are files of that; nil where none are made.
	Exports *export.Exports
	// PTZ are the cameras that turn. It is needed.
	PTZ *ptz.Cameras
	// CheckSource refuses, in words, a source that is never to be connected to,
	// as far as its text shows: dialling it decides. nil refuses none.
	CheckSource func(config.Source) error
	// CheckNotified does so for an address of a webhook or a broker.
	CheckNotified func(address string) error
	// MaxBodyBytes gives how large a body may be at the moment; nil is 64 KiB.
	MaxBodyBytes func() int
	// Base is the path, as /cams, under which who asks knows the server, by the
	// context of the request; nil, or "", is the root.
	Base func(context.Context) string
	// Limited is told, by its name, of each hit of a limit; nil is not told. It
	// is called from any goroutine and must return at once.
	Limited func(limit string)
	Version string           // of this Framegate
	Journal *journal.Journal // of the log; nil where nothing of it is kept
	Log     *slog.Logger
}

// The limits of this package, as Options.Limited is told of them; those on
// listeners are of package events.
const (
	LimitBodyBytes      = "api_body_bytes"
	LimitPublicRequests = "api_public_requests" // that change something without a login, by network
)

// LimitNames are the limits that this package knows.
var LimitNames = []string{
	LimitBodyBytes, LimitPublicRequests, events.LimitListeners, events.LimitListenersPerPrincipal, events.LimitListenersPerNetwork,
}

// API answers the requests under /api/.
type API struct {
	options Options
	log     *slog.Logger
	started time.Time

	set      *openapi.Set
	needs    map[string]auth.Action // of the routes, by pattern; not changed once New is done
	routes   []Route                // in the order of the document
	document []byte                 // OpenAPI

	listeners *events.Listeners
	recent    recent // of those of them who hear how all is
	reported  reported
	changes   chan struct{} // holds a token while something has changed since the last look
	probing   chan struct{} // holds a token for each probe
	trying    chan struct{} // holds a token for each test of who is told of what happens
	limiter   limiter       // of those who are nobody yet

	writing sync.Mutex // one change to cameras at a time
	setting sync.Mutex // one change to settings at a time
	telling sync.Mutex // one change to who is told of what happens at a time
	marking sync.Mutex // one change to a mark at a time
	keeping sync.Mutex // one mark that protects at a time
}

// New makes an API. It starts nothing; Run is to run beside it.
func New(options Options) *API {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.Journal == nil {
		options.Journal = journal.New(io.Discard)
	}
	if options.CheckSource == nil {
		options.CheckSource = func(config.Source) error { return nil }
	}
	if options.CheckNotified == nil {
		options.CheckNotified = func(string) error { return nil }
	}
	if options.MaxBodyBytes == nil {
		options.MaxBodyBytes = func() int { return maxBodyBytes }
	}
	if options.Limited == nil {
		options.Limited = func(string) {}
	}
	a := &API{
		options:   options,
		log:       options.Log,
		started:   time.Now(),
		needs:     make(map[string]auth.Action),
		listeners: events.NewListeners(),
		changes:   make(chan struct{}, 1),
		probing:   make(chan struct{}, maxProbes),
		trying:    make(chan struct{}, maxTries),
	}
	a.register()
	return a
}

// Route is an address of the API, and what whoever asks must be allowed to do.
type Route struct {
	Method string // GET includes HEAD
	Path   string // as http.ServeMux takes it; {id} is the camera for View, Publish, Playback and PTZ
	Action auth.Action
}

// What a Route may need besides the actions that package auth knows.
const (
	Public  auth.Action = "public"  // nothing: everybody may use it
	Anybody auth.Action = "anybody" // nothing either, but what is shown depends on whether and whom one is
	Known   auth.Action = "known"   // to be somebody; what is shown depends on whom
)

// Routes gives every address of the API. What is under /api/ but not among
// them is Public, and ServeHTTP answers it with 404 or 405.
func (a *API) Routes() []Route { return slices.Clone(a.routes) }

type principalKey struct{}

// WithPrincipal says who a request with this context comes from.
func WithPrincipal(ctx context.Context, p auth.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// hostKey finds in a context by which name a client knows the server.
type hostKey struct{}

// WithHost says by which name or address, without a port, whoever made a request with
// this context knows the server.
func WithHost(ctx context.Context, host string) context.Context {
	return context.WithValue(ctx, hostKey{}, host)
}

// principalOf gives who a request comes from, and nobody where none was told.
func principalOf(ctx context.Context) auth.Principal {
	p, _ := ctx.Value(principalKey{}).(auth.Principal)
	return p
}

func isAdmin(p auth.Principal) bool { return auth.Authorize(p, auth.Admin, "") }

// ServeHTTP answers a request under /api/. Errors are problem documents
// (RFC 9457).
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.set.ServeHTTP(w, r) }
