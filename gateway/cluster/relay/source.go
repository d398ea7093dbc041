// Package relay moves the pictures of cameras from the node that owns them to
// nodes that have viewers: a Source here reads, as one viewer, what a Door there
// gives out, by framegate.v1 over HTTPS in which both sides are nodes of the
// cluster. So a stream travels once to each node, and a slow line skips to
// keyframes, as every viewer's does.
//
// It decides nothing: package cluster says who owns what, and package server makes
// a Source of it, and gives a Door what it is to show.
package relay

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

const (
	// subprotocol is that of package live.
	subprotocol = "framegate.v1"
	// connectTime is for the connection, both handshakes, and the first word.
	connectTime = 5 * time.Second
	// silentTime ends a connection without a word: the other side asks for a sign of
	// life every 20 s.
	silentTime = 45 * time.Second
	// pathQuery is what of an address says by which nodes pictures go.
	pathQuery = "path"
	notQuery  = "not" // and this at which nodes it was not to be had
	// whoQuery and fromQuery are for whom a rendition is asked: see stream.Payer. ableQuery
	// says that it would rather be made here than be waited for.
	whoQuery, fromQuery, ableQuery = "who", "from", "able"
	// maxAsked is how many nodes are asked in vain.
	maxAsked = 8
	// branchTime is for the connection to a node that is not the owner.
	branchTime = time.Second
	// maxRefusal is how many bytes of an answer are read that is no stream, and of words.
	maxRefusal = 512
	// besidesPicture is how much longer than a picture a message may be.
	besidesPicture = 64 << 10
)

// idPattern is what cameras and nodes are called.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// Options say what is relayed, and from where.
type Options struct {
	Key   stream.Key
	Owner string // the node that has it
	Epoch uint64 // with which it has it
	Self  string // this node
	// Dial connects to the Door of a node, and to no other's, and Lives says whether another
	// node lives.
	Dial          func(ctx context.Context, node string) (net.Conn, error)
	Lives         func(node string) bool
	Tree          *Tree // of this node
	Silent        bool  // no sound is wanted
	MaxFrameBytes int
	Counters      *Counters
	// Ahead gives by how much the owner's clock is ahead of this node's, as far as that is
	// known. Between nodes travel the owner's times, and frames have this node's. nil is 0.
	Ahead func() time.Duration
	// Able says whether this node could make the rendition itself at once; nil is never.
	Able func() bool
}

// Counters count what all sources of a node relay. The zero value is ready.
type Counters struct {
	Running atomic.Int64  // at the moment
	Pulls   atomic.Uint64 // connections that came about
	Frames  atomic.Uint64 // pictures
	Bytes   atomic.Uint64 // of messages
	Broken  atomic.Uint64 // answers, and messages, that cannot be

	mu      sync.Mutex // guards what follows
	flows   map[*flow]bool
	ballast []byte // see ballastBytes; nil while nothing is relayed
}

// ballastBytes is memory that is held while anything is relayed, and never written to,
// so that no machine has to have it. For each picture has memory of its own, and Go
// collects garbage when there is as much of it as of what is in use: of a small process
// that is every fourth megabyte, and then collecting costs half as much as all else that
// is done to relay a picture.
const ballastBytes = 16 << 20

// Flow is a stream that comes from another node.
type Flow struct {
	Camera    string    `json:"camera"`
	Rendition string    `json:"rendition"`
	From      string    `json:"from"` // the node
	Since     time.Time `json:"since"`
	Bytes     uint64    `json:"bytes"`
}

// flow counts a Flow.
type flow struct {
	Flow
	bytes atomic.Uint64
}

// Flows gives the streams that come now, in no order.
func (c *Counters) Flows() []Flow {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]Flow, 0, len(c.flows))
	for f := range c.flows {
		is := f.Flow
		is.Bytes = f.bytes.Load()
		all = append(all, is)
	}
	return all
}

// ReadFlows reads those of another node. What cannot be is an error: others are shown it.
func ReadFlows(r io.Reader) (flows []Flow, err error) {
	if err := json.NewDecoder(r).Decode(&flows); err != nil {
		return nil, err
	}
	for _, f := range flows {
		switch {
		case !idPattern.MatchString(f.Camera), !idPattern.MatchString(f.From), len(f.Rendition) > maxRendition:
			return nil, fmt.Errorf("%w: a stream of %.64q from %.64q", errBroken, f.Camera, f.From)
		case f.Since.UTC().Year() > 9999: // which cannot be told on: RFC 3339
			return nil, fmt.Errorf("%w: a stream since the year %d", errBroken, f.Since.UTC().Year())
		}
	}
	return flows, nil
}

// begin counts a stream in; end counts it out.
func (c *Counters) begin(o Options, from string) *flow {
	f := &flow{Flow: Flow{Camera: o.Key.Camera, Rendition: o.Key.Rendition, From: from, Since: time.Now()}}
	c.Running.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.flows) == 0 {
		c.flows, c.ballast = make(map[*flow]bool), make([]byte, ballastBytes)
	}
	c.flows[f] = true
	return f
}

func (c *Counters) end(f *flow) {
	c.Running.Add(-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.flows, f); len(c.flows) == 0 {
		c.ballast = nil
	}
}

// came counts a message.
func (c *Counters) came(f *flow, bytes int) {
	c.Bytes.Add(uint64(bytes))
	f.bytes.Add(uint64(bytes))
}

// Source is a stream of a camera that another node owns.
type Source struct{ options Options }

// New makes a source. It starts nothing.
func New(o Options) *Source { return &Source{o} }

// Run gives the pictures and the sound that the owner gives out. It returns when
// the camera is away there after it had pictures, so that nobody here is shown the
// past as the present.
func (s *Source) Run(ctx context.Context, emit func(media.Frame)) error {
	l, path, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer l.close()
	gone, err := s.options.Tree.comes(s.options.Key, path, s.options.Self)
	if err != nil {
		return s.wrong(err)
	}
	defer gone()
	defer context.AfterFunc(ctx, l.close)()
	f := s.options.Counters.begin(s.options, path[len(path)-1])
	defer s.options.Counters.end(f)
	err = s.read(ctx, l, f, emit)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// connect opens the connection and says what can be shown here. path is by which nodes
// the stream comes. It asks the owner, and whom that names; where they have it not, the
// owner again.
func (s *Source) connect(ctx context.Context) (l *line, path []string, err error) {
	o := s.options
	var not []string
	for node := o.Owner; len(not) <= maxAsked; {
		l, answer, err := s.ask(ctx, node, not)
		if l != nil {
			path, err = pathOf(answer, node)
			if err == nil {
				err = s.greet(l)
			}
			if err != nil {
				l.close()
				return nil, nil, s.wrong(err)
			}
			return l, path, nil
		}
		next := ""
		if answer != nil && answer.StatusCode == http.StatusTemporaryRedirect {
			next = answer.Header.Get(nodeHeader)
		}
		switch {
		case ctx.Err() != nil, next == "" && node == o.Owner:
			return nil, nil, s.refused(answer, err)
		case next != "" && next != o.Self && next != node && !slices.Contains(not, next) && o.Lives(next):
			node = next
			continue
		case next != "":
			not = append(not, next)
		}
		if node != o.Owner {
			not = append(not, node)
		}
		node = o.Owner
	}
	return nil, nil, stream.Unreachable(fmt.Sprintf("node %s: it sends to others, and they do not have it", o.Owner))
}

// ask asks one node.
func (s *Source) ask(ctx context.Context, node string, not []string) (*line, *http.Response, error) {
	o := s.options
	query := url.Values{"rendition": {o.Key.Rendition}, "epoch": {strconv.FormatUint(o.Epoch, 10)}, pathQuery: {o.Self}}
	if len(not) > 0 {
		query.Set(notQuery, strings.Join(not, ","))
	}
	if o.Key.Rendition != "" {
		askFor(query, stream.LifeOf(ctx).Clients())
	}
	if o.Able != nil && o.Able() {
		query.Set(ableQuery, "1")
	}
	patience := connectTime
	if node != o.Owner {
		patience = branchTime
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address := &url.URL{Scheme: "https", Host: node, Path: "/relay/" + o.Key.Camera, RawQuery: query.Encode()}
	return dial(ctx, func(ctx context.Context) (net.Conn, error) { return o.Dial(ctx, node) }, address, o.MaxFrameBytes+besidesPicture)
}

// askFor says for whom a rendition is asked: of those who read it, who came first.
func askFor(query url.Values, clients []stream.Client) {
	if len(clients) == 0 {
		return
	}
	who := clients[0].Payer()
	for key, d := range map[string]stream.Digest{whoQuery: who.Principal, fromQuery: who.Address} {
		if d != (stream.Digest{}) {
			query.Set(key, hex.EncodeToString(d[:]))
		}
	}
}

// pathOf reads by which nodes a stream comes that a node has.
func pathOf(answer *http.Response, node string) ([]string, error) {
	path := strings.Split(answer.Header.Get(pathHeader), ",")
	if len(path) > maxPath || path[len(path)-1] != node {
		return nil, fmt.Errorf("%w: pictures that come by %.99q", errBroken, path)
	}
	return path, nil
}

// greet says what can be shown here.
func (s *Source) greet(l *line) error {
	for _, text := range s.hellos() {
		if err := l.say(opText, []byte(text)); err != nil {
			return err
		}
	}
	s.options.Counters.Pulls.Add(1)
	return nil
}

// hellos are what the owner is told first.
func (s *Source) hellos() []string {
	hellos := []string{`{"type":"hello","codecs":["h264","h265","jpeg"]}`}
	if s.options.Key.Rendition == "" && !s.options.Silent {
		hellos = append(hellos, `{"type":"sound","codecs":["aac","opus"]}`)
	}
	return hellos
}

// refused says why there is no connection.
func (s *Source) refused(answer *http.Response, err error) error {
	if answer == nil {
		return stream.Unreachable(fmt.Sprintf("node %s: %v", s.options.Owner, err))
	}
	text, _ := io.ReadAll(answer.Body) // whatever there is of it
	words := fmt.Sprintf("node %s: %s", s.options.Owner, strings.TrimSpace(string(text)))
	switch {
	case answer.StatusCode == http.StatusServiceUnavailable && answer.Header.Get(busyHeader) != "":
		return fmt.Errorf("%w: %s", ErrBusy, words)
	case answer.StatusCode == http.StatusServiceUnavailable:
		return fmt.Errorf("%w: %s", stream.ErrFull, words)
	}
	return stream.Unreachable(words)
}

// wrong says of an error where it was, and counts what cannot be.
func (s *Source) wrong(err error) error {
	if errors.Is(err, errBroken) || errors.Is(err, ErrLoop) {
		s.options.Counters.Broken.Add(1)
	}
	return fmt.Errorf("node %s: %w", s.options.Owner, err)
}

// message is any that the owner sends as text.
type message struct {
	Type   string `json:"type"`
	Codec  string `json:"codec"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Camera string `json:"camera"` // of state
	Code   int    `json:"code"`
	Text   string `json:"message"`
}

// read reads messages until the connection ends, or what it is for.
func (s *Source) read(ctx context.Context, l *line, f *flow, emit func(media.Frame)) error {
	r := &reader{life: stream.LifeOf(ctx), emit: emit, counters: s.options.Counters, ahead: s.options.Ahead}
	for patience := connectTime; ; patience = silentTime {
		op, b, err := l.next(patience)
		if err != nil {
			return s.ended(err)
		}
		s.options.Counters.came(f, len(b))
		if op == opBinary {
			err = r.take(b)
		} else {
			err = s.hear(r, b)
		}
		if err != nil {
			return s.wrong(err)
		}
	}
}

// ended says why a connection did.
func (s *Source) ended(err error) error {
	var network net.Error
	var closed errClosed
	switch {
	case errors.As(err, &network) && network.Timeout():
		return stream.Silent(fmt.Sprintf("node %s says nothing", s.options.Owner))
	case errors.As(err, &closed):
		return stream.Ended(fmt.Sprintf("node %s: %s", s.options.Owner, closed.why))
	}
	return s.wrong(err)
}

// hear takes a message in words.
func (s *Source) hear(r *reader, text []byte) error {
	var m message
	if err := json.Unmarshal(text, &m); err != nil {
		return errBroken
	}
	m.Text = strings.ToValidUTF8(m.Text[:min(len(m.Text), maxRefusal)], "")
	switch m.Type {
	case "hello":
		r.hello(m)
	case "sound":
		if m.Codec == "" {
			r.hush()
		}
	case "state":
		return s.state(r, m)
	case "error":
		if m.Code == http.StatusServiceUnavailable {
			return fmt.Errorf("%w: %s", stream.ErrFull, m.Text)
		}
		return errors.New(m.Text)
	}
	return nil
}

// state says whether a run ends for how the camera is at its owner.
func (s *Source) state(r *reader, m message) error {
	switch {
	case m.Camera == "online", m.Camera == "connecting" && !r.begun:
		return nil
	case m.Camera == "offline" && m.Text != "":
		return errors.New(m.Text)
	}
	return stream.Ended("the camera is away")
}
