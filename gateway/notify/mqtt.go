package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/redact"
	"framegate/gateway/regular"
)

const (
	// brokerPatience is how long a broker may take for anything that is asked of it.
	brokerPatience = 10 * time.Second
	// keepAlive is how often a broker hears something; it says that we are offline when
	// it has heard nothing for half as long again.
	keepAlive = 30 * time.Second
	// syncPause is how long nothing is told after something was: states that come and go
	// cost no more than that.
	syncPause = 250 * time.Millisecond
	// birthPause is how often at most Home Assistant is told everything anew because it
	// says that it has begun.
	birthPause = 10 * time.Second
	// inFlight is how many messages may wait for their receipts.
	inFlight = 32
	// farewell is how long the end takes at most.
	farewell = 500 * time.Millisecond
	// maxInbox is how many messages of a broker may wait to be looked at; more are not.
	maxInbox = 4096
	// maxHeard is how long one may be, with its topic: longer ones are not what was asked for.
	maxHeard = 1 << 10
	maxCA    = 1 << 20
)

// broker is told how all is: it is brought to know what it should, and again whenever
// that is another. What it keeps that should not be there any more is taken away.
type broker struct {
	config   config.MQTT
	address  string // of our pages
	notifier *Notifier
	counters *counters
	wake     chan struct{} // holds a token while there may be something to tell
	stop     context.CancelFunc
	done     chan struct{} // closed when its goroutine ends; nil before it begins

	told  topics          // in this connection
	stale map[string]bool // topics that it may keep of before
	birth time.Time       // when all was told anew last

	mu    sync.Mutex // guards what follows
	known Status
	inbox []mqtt.Message
}

// newBroker makes one of a configuration, which takes away what the one before told.
func (n *Notifier) newBroker(c config.Notify, before *broker) *broker {
	b := &broker{
		config: c.MQTT, address: c.Address, notifier: n, counters: &n.counters[brokers], wake: make(chan struct{}, 1), stale: make(map[string]bool),
		known: Status{Name: c.MQTT.Prefix, Kind: kindNames[brokers], Address: c.MQTT.URL, State: Waiting},
	}
	if before != nil && before.config.URL == c.MQTT.URL {
		b.stale = before.stale
		for topic := range before.told {
			b.stale[topic] = true
			if id, is := strings.CutSuffix(topic, "/state"); is {
				b.stale[id+"/picture"] = true
			}
		}
	}
	return b
}

// begin starts what tells, unless it runs.
func (b *broker) begin(ctx context.Context) {
	if b.done != nil {
		return
	}
	ctx, b.stop = context.WithCancel(ctx)
	b.done = make(chan struct{})
	go func() { // ends with stop, or ctx
		defer close(b.done)
		b.run(ctx)
	}()
}

// end says good-bye to the broker, and waits for that.
func (b *broker) end() {
	if b.done == nil {
		return
	}
	b.stop()
	<-b.done
}

func (b *broker) rouse() {
	select {
	case b.wake <- struct{}{}:
	default: // it will wake anyway
	}
}

// run keeps a connection until ctx is done.
func (b *broker) run(ctx context.Context) {
	for failures := 1; ; failures++ {
		begin := time.Now()
		err := b.connected(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begin) > maxPause {
			failures = 1 // it was good for long
		}
		b.failed(b.reason(err))
		select {
		case <-ctx.Done():
			return
		case <-time.After(b.notifier.pause(failures)):
		}
	}
}

// connected is one connection, from its beginning to its end, which is nil where ctx is
// done.
func (b *broker) connected(ctx context.Context) error {
	s, err := b.dial(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	b.told = make(topics)
	if err := s.wait(ctx, s.client.SubscribeMultiple(s.filters, nil)); err != nil {
		return err
	}
	var taking sync.WaitGroup
	living, end := context.WithCancel(ctx)
	defer taking.Wait()
	defer end()
	pictures := make(chan picture)
	if b.config.Pictures > 0 {
		taking.Go(func() { b.takePictures(living, pictures) })
	}
	for {
		b.hear()
		if err := b.sync(ctx, s); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			b.goodbye(s)
			return nil
		case <-s.lost:
			return s.err
		case p := <-pictures:
			if err := s.publish(ctx, p.topic, 0, p.content); err != nil {
				return err
			}
		case <-b.wake:
			select { // for a while, since more may follow at once
			case <-time.After(syncPause):
			case <-ctx.Done():
			case <-s.lost:
			}
		}
	}
}

// session is a connection to a broker.
type session struct {
	client  mqtt.Client
	conn    *guard
	filters map[string]byte
	lost    chan struct{} // closed when it has ended
	once    sync.Once     // it does
	err     error         // why; set before that
}

// dial connects.
func (b *broker) dial(ctx context.Context) (*session, error) {
	u, err := url.Parse(b.config.URL)
	if err != nil {
		return nil, errors.New("the address is none")
	}
	n := namer{b.config}
	s := &session{lost: make(chan struct{}), filters: map[string]byte{n.of("+", "state"): 0, n.availability(): 0}}
	if n.Discovery != "" {
		s.filters[n.Discovery+"/status"] = 0
	}
	plain, err := b.open(ctx, u)
	if err != nil {
		return nil, err
	}
	s.conn = newGuard(plain, len(s.filters))
	o := mqtt.NewClientOptions()
	o.Servers = []*url.URL{u}
	o.SetClientID(b.clientID()).SetUsername(b.config.Username).SetPassword(b.config.Password.Reveal())
	o.SetProtocolVersion(4).SetAutoReconnect(false).SetKeepAlive(keepAlive).SetPingTimeout(brokerPatience)
	o.SetConnectTimeout(brokerPatience).SetWriteTimeout(brokerPatience)
	o.SetBinaryWill(n.availability(), []byte(unavailable), 1, true)
	o.SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return s.conn, nil })
	o.SetConnectionLostHandler(func(_ mqtt.Client, err error) {
		s.once.Do(func() { s.err = err; close(s.lost) })
	})
	o.SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { b.receive(m) })
	s.client = mqtt.NewClient(o)
	if err := s.wait(ctx, s.client.Connect()); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// clientID is by which the broker knows this server: of two that have the same it lets
// one go.
func (b *broker) clientID() string {
	if node := b.notifier.options.Node; node != "" {
		return b.config.Prefix + "-" + node
	}
	return b.config.Prefix
}

// open opens the connection below.
func (b *broker) open(ctx context.Context, u *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, brokerPatience)
	defer cancel()
	plain, err := b.notifier.options.Guard.dialer(b.config.Added).DialContext(ctx, "tcp", u.Host)
	if err != nil || u.Scheme != "mqtts" {
		return plain, err
	}
	roots, err := authorities(b.config.CA)
	if err == nil {
		secured := tls.Client(plain, &tls.Config{ServerName: u.Hostname(), RootCAs: roots})
		if err = secured.HandshakeContext(ctx); err == nil {
			return secured, nil
		}
	}
	plain.Close()
	return nil, err
}

// Check says what of a configuration cannot be used, without telling anybody anything.
func Check(c config.Notify) error {
	if _, err := authorities(c.MQTT.CA); err != nil {
		return fmt.Errorf("notify.mqtt.ca: %w", err)
	}
	return nil
}

// authorities reads those of a file; nil, which is the system's, for none.
func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	content, err := regular.Read(file, maxCA)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s: has no certificate in PEM", file)
	}
	return pool, nil
}

// reason gives an error that can be shown.
func (b *broker) reason(err error) error {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("does not answer within %s", brokerPatience)
	case err == nil:
		return errors.New("closes the connection")
	}
	return errors.New(redact.Of(b.config.Password.Reveal()).Text(err.Error()))
}

// wait waits for a receipt. Nothing more may be published after an error: the client
// would wait for what is stuck.
func (s *session) wait(ctx context.Context, t mqtt.Token) error {
	select {
	case <-t.Done():
		if err := s.conn.failed(); t.Error() != nil && err != nil {
			return err
		}
		return t.Error()
	case <-s.lost:
		return s.err
	case <-time.After(brokerPatience + time.Second): // beyond the client's own
		return fmt.Errorf("does not answer within %s", brokerPatience)
	case <-ctx.Done():
		return ctx.Err()
	}
}

// publish has the broker keep something, and waits until it has it, or, of QoS 0, until
// it was sent.
func (s *session) publish(ctx context.Context, topic string, qos byte, content []byte) error {
	return s.wait(ctx, s.client.Publish(topic, qos, true, content))
}

// close ends the connection, without a word where there is one.
func (s *session) close() {
	s.conn.Close()
	s.client.Disconnect(0)
}

// goodbye says that we are offline, and ends the connection as it should. Nothing may wait
// to be sent; where something does the broker says it, by our last will.
func (b *broker) goodbye(s *session) {
	ctx, cancel := context.WithTimeout(context.Background(), farewell)
	defer cancel()
	if s.publish(ctx, namer{b.config}.availability(), 1, []byte(unavailable)) == nil {
		s.client.Disconnect(uint(farewell / time.Millisecond))
		s.conn.await(farewell)
	}
}

// try connects, and tells something that means nothing and is not kept.
func (b *broker) try(ctx context.Context) error {
	b.config.Prefix += "-test" // so that a server that runs stays connected
	s, err := b.dial(ctx)
	if err != nil {
		return b.reason(err)
	}
	defer s.close()
	err = s.wait(ctx, s.client.Publish(strings.TrimSuffix(b.config.Prefix, "-test")+"/test", 1, false, "Framegate can reach you."))
	if err == nil {
		s.client.Disconnect(uint(farewell / time.Millisecond))
		s.conn.await(farewell)
	}
	return err
}

// receive notes a message of the broker. It must not wait.
func (b *broker) receive(m mqtt.Message) {
	if len(m.Topic())+len(m.Payload()) > maxHeard {
		return
	}
	b.mu.Lock()
	if len(b.inbox) < maxInbox {
		b.inbox = append(b.inbox, m)
	}
	b.mu.Unlock()
	b.rouse()
}

// hear looks at what the broker sent: what it keeps, and whether Home Assistant has begun.
func (b *broker) hear() {
	b.mu.Lock()
	all := b.inbox
	b.inbox = nil
	b.mu.Unlock()
	n := namer{b.config}
	for _, m := range all {
		switch topic := m.Topic(); {
		case topic == n.availability():
			if string(m.Payload()) == unavailable { // another connection's last will
				delete(b.told, topic)
			}
		case topic == n.Discovery+"/status" && n.Discovery != "":
			if string(m.Payload()) == available && time.Since(b.birth) >= birthPause {
				b.birth = time.Now()
				clear(b.told)
			}
		case m.Retained() && len(m.Payload()) > 0:
			b.remember(n, topic)
		}
	}
}

// remember notes that the broker keeps something of a camera.
func (b *broker) remember(n namer, topic string) {
	id, of := strings.CutPrefix(topic, n.Prefix+"/")
	id, is := strings.CutSuffix(id, "/state")
	if !of || !is || !config.IsCameraID(id) || len(b.stale) > maxInbox {
		return
	}
	for _, t := range n.ofCamera(id) {
		b.stale[t] = true
	}
}

// sync tells the broker what it does not know yet.
func (b *broker) sync(ctx context.Context, s *session) error {
	now := b.notifier.options.Now()
	if now == nil {
		return nil // soon
	}
	want := namer{b.config}.wanted(now, b.address, b.notifier.options.Version)
	b.leaveOthers(want, now)
	change := make(topics)
	for topic, text := range want {
		delete(b.stale, topic)
		if told, is := b.told[topic]; !is || told != text {
			change[topic] = text
		}
	}
	for topic := range b.told {
		if _, wanted := want[topic]; wanted {
			continue
		}
		change[topic] = ""
		if id, is := strings.CutSuffix(topic, "/state"); is {
			change[id+"/picture"] = ""
		}
	}
	pictures := b.config.Pictures > 0
	for topic := range b.stale {
		if id, is := strings.CutSuffix(topic, "/picture"); is && pictures {
			if _, there := want[id+"/state"]; there {
				delete(b.stale, topic)
				continue
			}
		}
		change[topic] = ""
	}
	return b.tell(ctx, s, change)
}

// leaveOthers leaves what another server of ours tells to that one: it is neither told
// nor taken away.
func (b *broker) leaveOthers(want topics, now *events.Now) {
	n := namer{b.config}
	var others []string
	for id := range now.Cameras {
		if b.notifier.elsewhere(id) {
			others = append(others, n.ofCamera(id)...)
		}
	}
	if b.notifier.elsewhere("") {
		others = append(others, n.ofServer()...)
	}
	for _, topic := range others {
		delete(want, topic)
		delete(b.told, topic)
		delete(b.stale, topic)
	}
}

// tell publishes messages that the broker is to keep, a few at a time.
func (b *broker) tell(ctx context.Context, s *session, change topics) error {
	type receipt struct {
		topic string
		mqtt.Token
	}
	var flying []receipt
	land := func() error {
		r := flying[0]
		flying = flying[1:]
		if err := s.wait(ctx, r.Token); err != nil {
			return err
		}
		if text := change[r.topic]; text != "" {
			b.told[r.topic] = text
		} else {
			delete(b.told, r.topic)
		}
		delete(b.stale, r.topic)
		b.delivered()
		return nil
	}
	for _, topic := range change.sorted(b.config.Discovery) {
		b.stale[topic] = true // the broker may have it although no receipt comes
		flying = append(flying, receipt{topic, s.client.Publish(topic, 1, true, change[topic])})
		if len(flying) < inFlight {
			continue
		}
		if err := land(); err != nil {
			return err
		}
	}
	for len(flying) > 0 {
		if err := land(); err != nil {
			return err
		}
	}
	return nil
}

func (b *broker) delivered() {
	b.counters.delivered.Add(1)
	b.mu.Lock()
	before := b.known
	b.known.State, b.known.Delivered, b.known.FailingSince = Fine, time.Now(), time.Time{}
	b.mu.Unlock()
	if before.State != Fine {
		b.notifier.options.Log.Info("broker is told how all is", "broker", b.config.URL)
	}
}

func (b *broker) failed(err error) {
	b.counters.failed.Add(1)
	b.mu.Lock()
	before := b.known
	b.known.State, b.known.Error, b.known.ErrorAt = Failing, err.Error(), time.Now()
	if before.FailingSince.IsZero() {
		b.known.FailingSince = b.known.ErrorAt
	}
	b.mu.Unlock()
	if before.State != Failing {
		b.notifier.options.Log.Warn("broker cannot be told how all is", "broker", b.config.URL, "err", err)
	}
}

func (b *broker) status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known
}
