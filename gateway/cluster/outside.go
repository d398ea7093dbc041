package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// outsideWait is how long a node waits at least until it tries an outside NATS again.
	outsideWait = 500 * time.Millisecond
	// outsideWrites is how long it may take nothing that is sent to it.
	outsideWrites = 2 * time.Second
	// outsideHeard bounds what came by it and was not looked at yet, in messages; the bytes of that
	// are outsideHeld.
	outsideHeard = 256
	outsideHeld  = 4 << 20
)

// NATS is one outside the cluster that nodes speak by, in place of a bus of their own. It is
// trusted with nothing but that it works: what goes by it is signed, and what it keeps is sealed.
type NATS struct {
	Servers     []string // host:port; none is a bus of the nodes' own
	TLS         bool     // it must speak TLS
	Roots       *x509.CertPool
	Username    string
	Password    string
	Credentials string // a file of NATS, in place of both
	Domain      string // of its JetStream; "" for that of the server one is connected to
}

// Outside is how it is with an outside NATS.
type Outside struct {
	Connected bool
	Server    string    // host:port that this node is connected to
	Since     time.Time // that it is, or is not
	Problem   string    // why it is not, or what it refuses
}

// outside is the client of an outside NATS.
type outside struct {
	log    *slog.Logger
	caller *caller
	outbox chan saying   // cap 1: what is to be said; a later beat takes the place of an earlier one
	echoes chan saying   // cap maxMembers: for one node each; what does not fit is left
	ends   chan struct{} // closed when nothing more is said; others may try to, as what came last has them do
	said   sync.WaitGroup

	mu     sync.Mutex // guards what follows
	state  Outside
	warned string    // of which problem the log was told last
	when   time.Time // that it was
}

// warnAgain is how soon the log is told again of a problem that went away and came back.
const warnAgain = time.Minute

// saying is what is told all nodes.
type saying struct {
	subject string
	message []byte
}

// reachBus becomes a client of an outside NATS, also of one that is not there yet, and has take called with each
// message, by one goroutine, and list with each list of nodes that were shut out, by another. close must be called in the end.
func reachBus(o Options, take, list func([]byte)) (*bus, error) {
	names := namesOf(o.Identity)
	out := &outside{log: o.Log, caller: o.NATS.caller(), outbox: make(chan saying, 1), echoes: make(chan saying, maxMembers), ends: make(chan struct{}), state: Outside{Since: time.Now(), Problem: "it was not reached yet"}}
	b := &bus{outside: out, subject: names.beat, revoked: names.revoked, kept: keptIn(names.bucket, o.NATS.Domain)}
	options := append(o.NATS.options(out.caller, o.Identity.Cluster+"/"+o.Identity.Node),
		nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(outsideWait), nats.ReconnectJitter(outsideWait, outsideWait),
		nats.ConnectHandler(out.connected), nats.ReconnectHandler(out.connected), nats.DisconnectErrHandler(out.disconnected), nats.ReconnectErrHandler(out.disconnected),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			out.warn("the NATS of the cluster refuses something", err.Error())
		}),
	)
	var err error
	if b.conn, err = nats.Connect(o.NATS.url(), options...); err != nil {
		return nil, fmt.Errorf("the NATS of the cluster: %w", err)
	}
	for subject, take := range map[string]func([]byte){names.beat: take, names.revoked: list} {
		heard, wrong := b.conn.Subscribe(subject, func(m *nats.Msg) { take(m.Data) })
		if wrong == nil {
			wrong = heard.SetPendingLimits(outsideHeard, outsideHeld)
		}
		err = errors.Join(err, wrong)
	}
	if err != nil {
		b.conn.Close()
		out.caller.hold(nil)
		return nil, fmt.Errorf("the NATS of the cluster: %w", err)
	}
	out.said.Go(func() { out.speak(b) }) // ends with close
	return b, nil
}

// busNames are by what the nodes of one cluster know each other at an outside NATS, which others use too.
// They carry the fingerprint of the authority, so that two clusters of the same name have nothing to do with each other.
type busNames struct{ beat, revoked, bucket string }

func namesOf(i *Identity) busNames {
	mark := i.Fingerprint()[:16]
	at := "framegate." + i.Cluster + "." + mark
	return busNames{beat: at + ".beat", revoked: at + ".revoked", bucket: "framegate-" + i.Cluster + "-" + mark}
}

// keeper gives what keeps something.
func (n NATS) keeper(conn *nats.Conn) (jetstream.JetStream, error) {
	if n.Domain != "" {
		return jetstream.NewWithDomain(conn, n.Domain)
	}
	return jetstream.New(conn)
}

// url gives the addresses as the client reads them. TLS is made beneath it.
func (n NATS) url() (list string) {
	for i, server := range n.Servers {
		if i > 0 {
			list += ","
		}
		list += "nats://" + server
	}
	return list
}

// caller gives what connects to it.
func (n NATS) caller() *caller {
	by := &caller{roots: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: n.Roots}}
	if n.TLS {
		by.secure = by.roots
	}
	return by
}

// options are those of a connection. It goes nowhere but where the configuration says: what servers tell of others is not followed.
func (n NATS) options(by *caller, name string) []nats.Option {
	options := []nats.Option{
		nats.Name("framegate " + name), nats.SetCustomDialer(by), nats.SkipHostLookup(), nats.IgnoreDiscoveredServers(), nats.IgnoreAuthErrorAbort(), nats.PermissionErrOnSubscribe(true),
		nats.Timeout(greeting), nats.PingInterval(busPing), nats.MaxPingsOutstanding(2), nats.ReconnectBufSize(-1), nats.FlusherTimeout(outsideWrites), nats.ReconnectOnFlusherError(),
	}
	switch {
	case n.Credentials != "":
		options = append(options, nats.UserCredentials(n.Credentials))
	case n.Username != "":
		options = append(options, nats.UserInfo(n.Username, n.Password))
	}
	return options
}

// speak says what is in the outbox, until close, and then what is left there.
func (o *outside) speak(b *bus) {
	for {
		select {
		case t := <-o.outbox:
			_ = b.conn.Publish(t.subject, t.message) // where it is away others are asked directly
		case t := <-o.echoes:
			_ = b.conn.Publish(t.subject, t.message) // they are asked again
		case <-o.ends:
			select {
			case t := <-o.outbox:
				_ = b.conn.Publish(t.subject, t.message)
			default:
			}
			return
		}
	}
}

// echo has one node told something soon, or not at all. It never waits for the NATS.
func (o *outside) echo(t saying) {
	select {
	case o.echoes <- t:
	default:
	}
}

// say has a message said soon, in place of one that still waits: a beat counts for a moment. It never waits for the NATS.
func (o *outside) say(t saying) {
	for {
		select {
		case o.outbox <- t:
			return
		default:
		}
		select {
		case <-o.outbox:
		default:
		}
	}
}

// close has said what was to be said, and leaves.
func (o *outside) close(conn *nats.Conn) {
	close(o.ends)
	o.said.Wait()
	if conn.IsConnected() {
		_ = conn.FlushTimeout(time.Second) // others find out
	}
	conn.Close()
	o.caller.hold(nil)
}

func (o *outside) connected(c *nats.Conn) {
	server := c.ConnectedAddr()
	o.mu.Lock()
	o.state = Outside{Connected: true, Server: server, Since: time.Now()}
	o.mu.Unlock()
	o.log.Info("the NATS of the cluster is reached", "server", server)
}

// disconnected notes that it is away, also that it still is.
func (o *outside) disconnected(_ *nats.Conn, err error) {
	problem := "it closed the connection"
	if failed := new(net.OpError); errors.As(err, &failed) {
		problem = fmt.Sprintf("%s: %v", failed.Op, failed.Err) // without ports, which are others each time
	} else if err != nil {
		problem = err.Error()
	}
	o.mu.Lock()
	if o.state.Connected {
		o.state.Connected, o.state.Since = false, time.Now()
	}
	o.mu.Unlock()
	o.warn("the NATS of the cluster is not reached: nodes ask each other directly, and what all have in common cannot be changed", problem)
}

// warn notes a problem, and tells the log of one that is news.
func (o *outside) warn(what, problem string) {
	o.mu.Lock()
	o.state.Problem = problem
	news := o.warned != problem || time.Since(o.when) > warnAgain
	if news {
		o.warned, o.when = problem, time.Now()
	}
	o.mu.Unlock()
	if news {
		o.log.Warn(what, "err", problem)
	}
}

func (o *outside) status() Outside {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state
}

// Outside says how it is with the outside NATS; false where the nodes have a bus of their own.
func (c *Cluster) Outside() (Outside, bool) {
	if c.bus.outside == nil {
		return Outside{}, false
	}
	return c.bus.outside.status(), true
}

// outsideCopies is how many servers of an outside NATS are to keep what all nodes have in common.
const outsideCopies = 3

// prepareOutside makes the bucket at an outside NATS: on three of its servers, or on one where there are fewer.
// One that is there is left as it is, but that three have it once there are as many.
func (c *Cluster) prepareOutside(ctx context.Context, js jetstream.JetStream) error {
	there, err := js.Stream(ctx, "KV_"+c.bus.kept.bucket)
	if err == nil {
		if settings := there.CachedInfo().Config; settings.Replicas == 1 && there.CachedInfo().Cluster != nil {
			settings.Replicas = outsideCopies
			_, _ = js.UpdateStream(ctx, settings) // not where there are fewer servers
		}
		return nil
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return err
	}
	settings := c.bucket(outsideCopies)
	settings.MaxBytes = 4 * maxSealed
	_, err = js.CreateKeyValue(ctx, settings)
	if refused := new(jetstream.APIError); errors.As(err, &refused) {
		settings.Replicas = 1
		_, err = js.CreateKeyValue(ctx, settings)
	}
	if errors.Is(err, jetstream.ErrBucketExists) {
		return nil // another node was first
	}
	return err
}

// TryNATS looks whether an outside NATS is there, lets this node in and keeps something, and says in words what
// it is. It changes nothing.
func TryNATS(ctx context.Context, n NATS) (string, error) {
	by := n.caller()
	defer by.hold(nil)
	conn, err := nats.Connect(n.url(), n.options(by, "doctor")...)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	took, err := conn.RTT()
	if err != nil {
		return "", err
	}
	about := fmt.Sprintf("NATS %s at %s answers within %.1f ms", conn.ConnectedServerVersion(), conn.ConnectedAddr(), float64(took.Microseconds())/1000)
	if most := conn.MaxPayload(); most < maxBeat {
		return "", fmt.Errorf("%s, but takes messages of %d bytes only: set max_payload to 8MB", about, most)
	}
	js, err := n.keeper(conn)
	if err == nil {
		_, err = js.AccountInfo(ctx)
	}
	if err != nil {
		return "", fmt.Errorf("%s, but keeps nothing for this account: %w", about, err)
	}
	return about + ", and keeps what nodes have in common", nil
}
