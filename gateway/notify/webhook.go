package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/redact"
)

const (
	// maxQueued is how many events may wait for a webhook; then the oldest is dropped.
	maxQueued = 256
	// deliveryTime is what one delivery may take, from dialling to the end of the answer.
	deliveryTime = 15 * time.Second
	dialTime     = 5 * time.Second
	// answerBytes is how much of an answer is read, so that who answers has no connection
	// reset; what it says does not matter.
	answerBytes = 64 << 10
	headBytes   = 16 << 10
	// firstPause and maxPause bound the time from one attempt to the next, which doubles;
	// maxWait the time that a receiver may ask for.
	firstPause = time.Second
	maxPause   = 5 * time.Minute
	maxWait    = time.Hour
	// maxAge is how old an event may become until it is told; maxFaults how often a
	// receiver that is there may fail with the same one, so that it blocks no others.
	maxAge    = 24 * time.Hour
	maxFaults = 10
)

// hook is a webhook and what waits for it.
type hook struct {
	config   config.Webhook
	notifier *Notifier
	counters *counters
	client   *http.Client
	wake     chan struct{} // holds a token while there is something
	stop     context.CancelFunc
	done     chan struct{} // closed when its goroutine ends; nil before it begins

	mu     sync.Mutex // guards what follows
	queue  []message
	missed int // that are to be told of with the next
	known  Status
}

// newHook makes a webhook of a configuration, with what waits for one that has ended.
func (n *Notifier) newHook(w config.Webhook, before *hook) *hook {
	h := &hook{config: w, notifier: n, counters: &n.counters[webhooks], client: newClient(n.options.Guard.dialer(w.Added)), wake: make(chan struct{}, 1)}
	if before != nil {
		h.queue, h.missed, h.known = before.queue, before.missed, before.known
		h.known.FailingSince = time.Time{} // perhaps it was because of what is another now
		h.wake <- struct{}{}
	}
	h.known.Name, h.known.Kind, h.known.Address, h.known.State = w.Name, kindNames[webhooks], w.Shown(), Waiting
	return h
}

// newClient makes a client of one webhook. It asks nobody but the address itself: no
// proxy, and no other one that an answer names.
func newClient(dialer *net.Dialer) *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				return dialAsker(ctx, dialer, network, address)
			},
			TLSHandshakeTimeout: dialTime, MaxResponseHeaderBytes: headBytes, DisableCompression: true, ForceAttemptHTTP2: true,
			DisableKeepAlives: true, // see asker
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// asker is a connection on which nothing is heard before something was asked: net/http
// logs what comes then, in the words of the receiver.
type asker struct {
	net.Conn
	asked chan struct{} // closed when something was, or never will be
	once  *sync.Once
}

func dialAsker(ctx context.Context, dialer *net.Dialer, network, address string) (net.Conn, error) {
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return asker{c, make(chan struct{}), new(sync.Once)}, nil
}

func (a asker) ask() { a.once.Do(func() { close(a.asked) }) }

// Read waits until something was asked.
func (a asker) Read(p []byte) (int, error) {
	<-a.asked
	return a.Conn.Read(p)
}

// Write asks.
func (a asker) Write(p []byte) (int, error) {
	a.ask()
	return a.Conn.Write(p)
}

// Close closes the connection.
func (a asker) Close() error {
	defer a.ask()
	return a.Conn.Close()
}

// begin starts what delivers, unless it runs.
func (h *hook) begin(ctx context.Context) {
	if h.done != nil {
		return
	}
	ctx, h.stop = context.WithCancel(ctx)
	h.done = make(chan struct{})
	go func() { // ends with stop, or ctx
		defer close(h.done)
		h.run(ctx)
	}()
}

// end ends that, and a delivery that is under way, and waits for it.
func (h *hook) end() {
	if h.done == nil {
		return
	}
	h.stop()
	<-h.done
	h.client.CloseIdleConnections()
}

// wants says whether a webhook is configured to have an event.
func (h *hook) wants(e events.Event) bool {
	return slices.Contains(h.config.Events, e.Kind) && (e.Camera == "" || h.config.Cameras == nil || slices.Contains(h.config.Cameras, e.Camera))
}

// add queues a message. It returns at once.
func (h *hook) add(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.known.State == Gone {
		h.drop(1)
		return
	}
	if len(h.queue) == maxQueued {
		h.queue = slices.Delete(h.queue, 0, 1)
		h.drop(1)
	}
	h.queue = append(h.queue, m)
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// miss says that events were lost on the way here.
func (h *hook) miss(lost int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(lost)
}

// drop counts what is not told. The lock is held.
func (h *hook) drop(n int) {
	h.missed += n
	h.known.Lost += uint64(n)
	h.counters.dropped.Add(uint64(n))
}

// take gives what waits longest, with how much before it is not told.
func (h *hook) take() (m message, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.queue) == 0 {
		return message{}, false
	}
	m = h.queue[0]
	h.queue = slices.Delete(h.queue, 0, 1)
	m.body.Lost += h.missed
	h.missed = 0
	return m, true
}

// putBack has what was not told wait again, as the first.
func (h *hook) putBack(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.queue = slices.Insert(h.queue, 0, m)
}

// run delivers what is queued, one after another, until ctx is done.
func (h *hook) run(ctx context.Context) {
	for {
		m, ok := h.take()
		if ok {
			if !h.deliver(ctx, m) {
				h.putBack(m)
				return
			}
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-h.wake:
		}
	}
}

// deliver posts a message until it is taken, or given up. Not so if ctx is done before.
func (h *hook) deliver(ctx context.Context, m message) (over bool) {
	faults := 0
	for failures := 1; ; failures++ {
		err := post(ctx, h.client, h.config, m)
		if err == nil {
			h.delivered()
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		var f failure
		if errors.As(err, &f) && f.fault {
			faults++
		}
		h.failed(err)
		if f.gone {
			h.giveUp(m, err, true)
			return true
		}
		if f.final || faults >= maxFaults || time.Since(m.body.Timestamp) > maxAge {
			h.giveUp(m, err, false)
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(max(h.notifier.pause(failures), f.wait)):
		}
	}
}

func (h *hook) delivered() {
	h.counters.delivered.Add(1)
	h.mu.Lock()
	before := h.known
	h.known.State, h.known.Delivered, h.known.FailingSince = Fine, time.Now(), time.Time{}
	h.mu.Unlock()
	if before.State == Failing {
		h.notifier.options.Log.Info("webhook takes events again", "webhook", h.config.Name)
	}
}

func (h *hook) failed(err error) {
	h.mu.Lock()
	before := h.known
	h.known.State, h.known.Error, h.known.ErrorAt = Failing, err.Error(), time.Now()
	if before.FailingSince.IsZero() {
		h.known.FailingSince = h.known.ErrorAt
	}
	h.mu.Unlock()
	if before.State != Failing {
		h.notifier.options.Log.Warn("webhook takes no events", "webhook", h.config.Name, "address", h.config.Shown(), "err", err)
	}
}

// giveUp counts a message that is not told any more, and if the receiver wants none
// also all others.
func (h *hook) giveUp(m message, err error, gone bool) {
	h.counters.failed.Add(1)
	h.mu.Lock()
	h.known.Lost++
	h.missed += 1 + m.body.Lost
	if gone {
		h.known.State = Gone
		h.drop(len(h.queue))
		h.queue = nil
	}
	h.mu.Unlock()
	h.notifier.options.Log.Warn("webhook: an event is given up", "webhook", h.config.Name, "event", m.body.Type, "err", err)
}

func (h *hook) status() Status {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.known
	s.Queued = len(h.queue)
	return s
}

// backoff gives the pause after so many failures in a row.
func backoff(failures int) time.Duration {
	pause := min(firstPause<<min(failures-1, 16), maxPause)
	return pause/2 + rand.N(pause/2+1)
}

// failure is why a delivery failed where the receiver answered.
type failure struct {
	text  string
	final bool          // the same again would be refused again
	gone  bool          // it wants nothing any more
	fault bool          // it is there, and failed with what it was told
	wait  time.Duration // that it asks for
}

func (f failure) Error() string { return f.text }

// post makes one attempt.
func post(ctx context.Context, client *http.Client, w config.Webhook, m message) error {
	content, err := json.Marshal(m.body)
	if err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, deliveryTime)
	defer cancel()
	request, err := http.NewRequestWithContext(limited, http.MethodPost, w.URL.Reveal(), bytes.NewReader(content))
	if err != nil {
		return errors.New("the address is none") // without it, since it is secret
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "Framegate")
	sign(request.Header, m.body.ID, time.Now(), content, w.Key)
	response, err := client.Do(request)
	if err != nil {
		return unreachable(limited, err, w)
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, answerBytes) // what was answered is known already
	return judge(response.StatusCode, response.Header.Get("Retry-After"), time.Now())
}

// unreachable gives why there was no answer, without the address, which is secret.
func unreachable(ctx context.Context, err error, w config.Webhook) error {
	var of *url.Error
	if errors.As(err, &of) {
		err = of.Err
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("does not answer within %s", deliveryTime)
	}
	return errors.New(redact.Of(secretsOf(w)...).Text(err.Error())) // a receiver may have said some of it, and repeated what it was told
}

// secretsOf gives what of a webhook's address is not to be seen, as it is sent.
func secretsOf(w config.Webhook) []string {
	u, err := url.Parse(w.URL.Reveal())
	if err != nil {
		return nil
	}
	all := []string{w.URL.Reveal(), u.RequestURI(), u.RawQuery}
	if u.EscapedPath() != "/" {
		all = append(all, u.EscapedPath(), u.Path)
	}
	for segment := range strings.SplitSeq(u.EscapedPath(), "/") {
		if len(segment) > 7 { // shorter ones are words
			all = append(all, segment)
		}
	}
	for _, values := range u.Query() {
		all = append(all, values...)
	}
	if password, has := u.User.Password(); has {
		all = append(all, password, u.User.String(), base64.StdEncoding.EncodeToString([]byte(u.User.Username()+":"+password)))
	}
	return slices.DeleteFunc(all, func(s string) bool { return len(s) < 4 })
}

// judge says what an answer means (Standard Webhooks 1.0.0, "Delivery success and
// failure"); nil that it was taken.
func judge(status int, retryAfter string, now time.Time) error {
	f := failure{text: fmt.Sprintf("answers %d %s", status, http.StatusText(status))}
	switch {
	case status >= 200 && status < 300:
		return nil
	case status >= 300 && status < 400:
		f.text += ", which leads to another address, and none is gone to; write that address into url"
		f.final = true
	case status == http.StatusGone:
		f.text += "; it gets no more events until its configuration is changed or Framegate starts again"
		f.gone = true
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusTooEarly,
		status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		f.wait = waitOf(retryAfter, now)
	case status >= 500:
		f.fault, f.wait = true, waitOf(retryAfter, now)
	default:
		f.final = true
	}
	return f
}

// waitOf reads Retry-After (RFC 9110, 10.2.3), to maxWait; what is none of it is 0.
func waitOf(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxWait)
	}
	at, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	return max(0, min(at.Sub(now), maxWait))
}
