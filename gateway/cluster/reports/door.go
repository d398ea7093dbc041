package reports

import (
	"net/http"
	"strconv"
	"sync/atomic"

	"framegate/gateway/places"
	"framegate/gateway/stream"
)

const (
	maxAsking = 256 // questions that are answered at a time
	maxEach   = 4   // of one node
)

// Door answers other nodes. Its methods may be called from any goroutine.
type Door struct {
	report func() ([]byte, error)
	end    func(number uint64, by string) (there bool)
	nodeOf func(*http.Request) string
	places *places.Places

	// Refused counts questions that were too many at a time, or are none.
	Refused atomic.Uint64
}

// NewDoor makes one that gives out reports, as JSON, and has viewers ended by their
// number. nodeOf gives the node that a request comes from, which its connection proves.
func NewDoor(report func() ([]byte, error), end func(number uint64, by string) bool, nodeOf func(*http.Request) string) *Door {
	return &Door{report: report, end: end, nodeOf: nodeOf, places: places.New(maxAsking, maxEach)}
}

// Handler gives what answers requests.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /node/report", d.guarded(d.tell))
	mux.HandleFunc("POST /node/viewers/{number}/end", d.guarded(d.endViewer))
	return mux
}

func (d *Door) guarded(answer http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		leave, ok := d.places.Take(stream.Client{Principal: "node:" + d.nodeOf(r)})
		if !ok {
			d.Refused.Add(1)
			http.Error(w, "too much is asked for at a time", http.StatusTooManyRequests)
			return
		}
		defer leave()
		answer(w, r)
	}
}

func (d *Door) tell(w http.ResponseWriter, _ *http.Request) {
	b, err := d.report()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(b) // who asked may be gone
}

func (d *Door) endViewer(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.ParseUint(r.PathValue("number"), 10, 64)
	switch {
	case err != nil:
		d.Refused.Add(1)
		http.Error(w, "this is not how a node asks", http.StatusBadRequest)
	case !d.end(number, "node:"+d.nodeOf(r)):
		http.Error(w, errMissing.Error(), http.StatusNotFound)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
