package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"time"

	"framegate/gateway/api/openapi"
	"framegate/gateway/auth"
)

func (a *API) registerDiagnostics(r registrar) {
	op := operation{
		Route: Route{http.MethodGet, "/api/v1/diagnostics", auth.Admin}, id: "get-diagnostics", tag: "server",
		summary: "Get a file for a bug report",
		about: "All that this API tells admins of the server, its settings, cameras, limits and log, in one file. It has no passwords, tokens or links, " +
			"but addresses of cameras and clients, and names: look through it before you give it to others.",
	}
	openapi.AddPlain[diagnostics](r.set, op.declared(), "the file", "application/json", a.serveDiagnostics)
	r.note(op.Route)
}

// diagnostics is what a bug report needs. Each part is as its own address answers it.
type diagnostics struct {
	Made       time.Time     `json:"made"`
	Server     aboutServer   `json:"server"`
	Process    process       `json:"process"`
	Settings   settingsBody  `json:"settings"`
	Cameras    []document    `json:"cameras" nullable:"false"`
	Status     overview      `json:"status"`
	Publishers publisherList `json:"publishers"`
	Limits     limitList     `json:"limits"`
	Log        logAnswer     `json:"log"`
}

// process is what the server takes of its machine.
type process struct {
	Processors int    `json:"processors" doc:"that it may use"`
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap" doc:"bytes in use"`
	Memory     uint64 `json:"memory" doc:"bytes that it has from the system, those of ffmpeg aside"`
	Collected  uint32 `json:"collected" doc:"times that memory was collected"`
}

// processNow looks at the process, which stops it for a moment.
func processNow() process {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return process{
		Processors: runtime.GOMAXPROCS(0), Goroutines: runtime.NumGoroutine(), Heap: m.HeapInuse, Memory: m.Sys, Collected: m.NumGC,
	}
}

func (a *API) serveDiagnostics(w http.ResponseWriter, r *http.Request) {
	d, err := a.diagnose(r.Context())
	if err != nil {
		p := problemOf(err)
		a.log.Error("diagnostics failed", "err", err)
		p.SetHeaders(w.Header())
		p.Write(w)
		return
	}
	var file bytes.Buffer
	out := json.NewEncoder(&file)
	out.SetIndent("", "  ") // for who looks through it
	if err := out.Encode(d); err != nil {
		problemOf(err).Write(w)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="framegate-diagnostics-`+d.Made.Format("20060102T150405Z")+`.json"`)
	h.Set("Cache-Control", "no-store")
	_, _ = w.Write(file.Bytes()) // the peer is gone if it fails
}

// diagnose gathers what admins may know.
func (a *API) diagnose(ctx context.Context) (d diagnostics, err error) {
	server, err := a.getServer(ctx, nil)
	if err != nil {
		return d, err
	}
	settings, err := a.getSettings(ctx, nil)
	if err != nil {
		return d, err
	}
	cameras, err := a.listCameras(ctx, nil)
	if err != nil {
		return d, err
	}
	publishers, err := a.listPublishers(ctx, nil)
	if err != nil {
		return d, err
	}
	limits, err := a.listLimits(ctx, nil)
	if err != nil {
		return d, err
	}
	return diagnostics{
		Made: time.Now().UTC(), Server: server.Body, Process: processNow(), Settings: settings.Body, Cameras: cameras.Body.Cameras,
		Status:     a.overviewFor(principalOf(ctx), a.root(ctx), a.snapshot()),
		Publishers: publishers.Body, Limits: limits.Body, Log: a.logged(0, "debug", 1000),
	}, nil
}
