package relay

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"framegate/gateway/stream"
)

const (
	// nodeHeader is which other node has what was asked for, in an answer 307, and
	// pathHeader is by which nodes a stream comes, its owner first.
	nodeHeader, pathHeader = "Framegate-Node", "Framegate-Path"
	// busyHeader is in an answer 503 for which who asks may make the rendition itself.
	busyHeader = "Framegate-Busy"

	maxPath      = 8   // nodes that a picture may go by
	maxRendition = 256 // bytes of its name
)

// Reasons of refusals, as metrics spell them.
const (
	RefusedName  = "relay_name" // it asks for another node than it is
	RefusedLoop  = "relay_loop" // its pictures would come back to where they were
	RefusedQuery = "relay_query"
	// RefusedCall is for who answers a call that nobody made, or later than anybody waits.
	RefusedCall = "relay_call"
	// RefusedAnswer is for what a node shows that cannot be.
	RefusedAnswer = "relay_answer"
)

// ErrElsewhere: this node does not own the camera, or not with that epoch.
var ErrElsewhere = errors.New("this node does not own the camera")

// ErrBusy, which is a stream.ErrFull besides, says of a rendition that its owner has no
// encoder for it now, and that who asks may make it itself.
var ErrBusy error = busy{}

type busy struct{}

func (busy) Error() string { return "the encoders of this node have enough to do" }

func (busy) Is(target error) bool { return target == stream.ErrFull }

// Ask is what a node wants of another.
type Ask struct {
	Node  string // that asks
	Key   stream.Key
	Epoch uint64       // with which the camera is said to be owned
	Not   []string     // nodes at which it did not get it
	For   stream.Payer // whom it says that it asks for
	Able  bool         // it would make the rendition itself rather than wait for an encoder
}

// Door answers other nodes: GET /relay/{camera} is framegate.v1. Its methods may be
// called from any goroutine.
type Door struct {
	// Self is this node.
	Self string
	// NodeOf gives the node that a request comes from, which its connection proves.
	NodeOf func(*http.Request) string
	// Show shows a stream to a node until it leaves. An error means that nothing was
	// answered. One that is Elsewhere sends it to another node.
	Show func(http.ResponseWriter, *http.Request, Ask) error
	// Address gives host:port of the Door of a node that lives.
	Address func(node string) (string, bool)
	// Status answers a node that wants to know how this one is.
	Status http.HandlerFunc
	// Relays answers a node that wants to know which streams come to this one.
	Relays http.HandlerFunc

	// Sent counts nodes that were sent to others.
	Sent atomic.Uint64
	// Name, Loop and Query count requests that were refused for that reason.
	Name, Loop, Query atomic.Uint64
}

// Handler gives what answers requests.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /relay/{camera}", d.relay)
	mux.HandleFunc("GET /status", d.Status)
	mux.HandleFunc("GET /relays", d.Relays)
	return mux
}

func (d *Door) relay(w http.ResponseWriter, r *http.Request) {
	ask, status, err := d.understand(r)
	if err == nil {
		if err = d.Show(w, r, ask); err == nil {
			return
		}
		status = d.statusOf(w, r, err)
	}
	http.Error(w, err.Error(), status)
}

// understand reads a request. A status goes with the error.
func (d *Door) understand(r *http.Request) (Ask, int, error) {
	query := r.URL.Query()
	path := strings.Split(query.Get(pathQuery), ",")
	ask := Ask{Node: d.NodeOf(r), Key: stream.Key{Camera: r.PathValue("camera"), Rendition: query.Get("rendition")}, Able: query.Get(ableQuery) != ""}
	if not := query.Get(notQuery); not != "" {
		ask.Not = strings.Split(not, ",")
	}
	var err error
	ask.Epoch, err = strconv.ParseUint(query.Get("epoch"), 10, 64)
	err = errors.Join(err, readDigest(query.Get(whoQuery), &ask.For.Principal), readDigest(query.Get(fromQuery), &ask.For.Address))
	switch {
	case err != nil, len(path) > maxPath, len(ask.Not) > maxAsked, len(ask.Key.Rendition) > maxRendition:
		d.Query.Add(1)
		return ask, http.StatusBadRequest, errors.New("this is not how a node asks")
	case path[len(path)-1] != ask.Node:
		d.Name.Add(1)
		return ask, http.StatusForbidden, fmt.Errorf("node %s asks for another", ask.Node)
	case slices.Contains(path, d.Self):
		d.Loop.Add(1)
		return ask, http.StatusLoopDetected, fmt.Errorf("the pictures would come back to node %s", d.Self)
	}
	return ask, 0, nil
}

// readDigest reads one that a node says; "" is nobody's.
func readDigest(text string, d *stream.Digest) error {
	if text == "" {
		return nil
	}
	if hex.DecodedLen(len(text)) != len(d) {
		return fmt.Errorf("a digest of %d letters", len(text))
	}
	_, err := hex.Decode(d[:], []byte(text))
	return err
}

// statusOf gives the status of an error of Show, and says where else to ask.
func (d *Door) statusOf(w http.ResponseWriter, r *http.Request, err error) int {
	var other *Elsewhere
	switch {
	case errors.As(err, &other):
		address, lives := d.Address(other.Node)
		if !lives {
			return http.StatusServiceUnavailable
		}
		d.Sent.Add(1)
		w.Header().Set(nodeHeader, other.Node)
		w.Header().Set("Location", "https://"+address+r.URL.RequestURI())
		return http.StatusTemporaryRedirect
	case errors.Is(err, ErrLoop):
		d.Loop.Add(1)
		return http.StatusLoopDetected
	case errors.Is(err, ErrElsewhere):
		return http.StatusMisdirectedRequest
	case errors.Is(err, stream.ErrUnknown):
		return http.StatusNotFound
	case errors.Is(err, ErrBusy):
		w.Header().Set(busyHeader, "encoders")
		return http.StatusServiceUnavailable
	case errors.Is(err, stream.ErrFull), errors.Is(err, stream.ErrClosed):
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}
