// Package front is the HTTP side of the gateway: which addresses there are, who
// is let in, what becomes of errors, and the pages.
package front

import (
	"log/slog"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/auth"
	"framegate/gateway/config"
	"framegate/web"
)

// Options are what is behind the addresses.
type Options struct {
	Settings func() *config.Config // at the moment
	Identity Identity
	Auth     *auth.Auth
	API      *api.API
	Pages    *web.Pages
	Forms    []Form
	Cameras  func() []config.Camera // at the moment, in their order
	Metrics  http.Handler
	Nodes    func() []string // URLs by which viewers reach other nodes of the cluster; nil where this is a server alone
	Unready  func() error    // why requests are not welcome though the server is ready; nil where they are
	Log      *slog.Logger
}

// Front answers requests. Its methods may be called from any goroutine.
type Front struct {
	options  Options
	refusals []Refusal // the first that fits counts
	written  written   // of cameras that were added as go2rtc's
	ready    atomic.Bool
	drains   atomic.Pointer[time.Time] // see Drain; nil while the server does not
	busy     atomic.Int64              // requests under way that end by themselves
}

// New makes a front that is not ready. No two forms may have the same method and
// address.
func New(o Options) *Front {
	f := &Front{options: o, refusals: refusals}
	if f.options.Nodes == nil {
		f.options.Nodes = func() []string { return nil }
	}
	for _, form := range o.Forms {
		f.refusals = slices.Concat(f.refusals, form.Refusals)
	}
	return f
}

// SetReady says whether requests are welcome, which /readyz tells.
func (f *Front) SetReady(ready bool) { f.ready.Store(ready) }
