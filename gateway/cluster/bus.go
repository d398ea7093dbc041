package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// busStart is how long the bus may take to listen.
	busStart = 5 * time.Second
	// busPending bounds what waits for a node that takes nothing.
	busPending = 16 << 20
	// busPayload bounds a message, of which beats are the small ones.
	busPayload = maxSealed + 64<<10
	// busPing is how often a node is asked whether it is there; what does not answer
	// twice is connected anew. Whether it lives is said by its beats alone. Each question
	// costs both sides about as much as a beat.
	busPing = 2 * time.Second
)

// The subjects of what all nodes with a bus of their own tell all: how they are, and which were shut out.
const (
	subject        = "framegate.beat"
	revokedSubject = "framegate.revoked"
)

// bus is the NATS server of this node, and its one client, which is in the same
// process. Servers of nodes connect to each other by mutual TLS, and find those
// that they were not told of by those that they were. Where there is a NATS outside
// it is a client of that alone.
type bus struct {
	server    *server.Server // nil with a NATS outside
	companion *server.Server // see accompany; nil where there is none
	outside   *outside       // nil with a server of its own
	conn      *nats.Conn
	options   *server.Options // that the server was started with
	guests    *guests
	subject   string // where all nodes tell all how they are
	revoked   string // and which were shut out
	password  string // by which clients in this process are let in
	kept      kept
}

// startBus opens the port for other nodes, and has take called with each message,
// by one goroutine, and list with each list of nodes that were shut out, by another.
// close must be called in the end.
//
// guests has the settings of its connections.
func startBus(o Options, guests *guests, take, list func([]byte)) (*bus, error) {
	if len(o.NATS.Servers) > 0 {
		return reachBus(o, take, list)
	}
	host, port, err := splitPort(o.Listen)
	if err != nil {
		return nil, err
	}
	var seeds []*url.URL
	for _, seed := range o.Seeds {
		seeds = append(seeds, &url.URL{Scheme: "nats-route", Host: seed})
	}
	password := rand.Text()
	cluster := server.ClusterOpts{
		Name: o.Identity.Cluster, Host: host, Port: port, Advertise: o.Advertise,
		TLSConfig: guests.tls(), TLSTimeout: 5, AuthTimeout: 5,
		PoolSize: -1, PingInterval: busPing, MaxPingsOut: 2, WriteDeadline: 2 * time.Second, ConnectRetries: 1 << 30,
	}
	options := &server.Options{
		// A server that does not listen for clients opens no port for others either, so
		// it has one that nobody knows the way into.
		Host: "127.0.0.1", Port: server.RANDOM_PORT, Username: "node", Password: password,
		ServerName: o.Identity.Node + "-" + strconv.FormatInt(time.Now().UnixMicro(), 36),
		Cluster:    cluster, Routes: seeds,
		MaxPayload: busPayload, MaxPending: busPending, MaxSubs: 16, NoSigs: true, DisableShortFirstPing: true,
	}
	if o.Disk != "" {
		if len(seeds) == 0 { // without any it would keep nothing
			options.Routes = []*url.URL{{Scheme: "nats-route", Host: net.JoinHostPort("127.0.0.1", "1")}}
		}
		if err := keepOn(o, options); err != nil {
			return nil, fmt.Errorf("the folder of what all nodes have in common: %w", err)
		}
	}
	kept := options.Clone()
	s, err := server.NewServer(options)
	if err != nil {
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	s.SetLoggerV2(busLog{o.Log}, false, false, false)
	s.Start()
	if !s.ReadyForConnections(busStart) || s.ClusterAddr() == nil {
		s.Shutdown()
		s.WaitForShutdown()
		return nil, fmt.Errorf("the bus of the cluster does not listen at %s", o.Listen)
	}
	b := &bus{server: s, options: kept, guests: guests, subject: subject, revoked: revokedSubject, password: password, kept: keptIn(bucket, "")}
	if options.LeafNode.Port != 0 {
		if b.companion, err = accompany(options); err != nil {
			b.close()
			return nil, fmt.Errorf("the bus of the cluster: %w", err)
		}
	}
	b.conn, err = nats.Connect("", nats.InProcessServer(s), nats.UserInfo("node", password), nats.NoEcho(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err == nil {
		_, err = b.conn.Subscribe(subject, func(m *nats.Msg) { take(m.Data) })
	}
	if err == nil {
		_, err = b.conn.Subscribe(revokedSubject, func(m *nats.Msg) { list(m.Data) })
	}
	if err != nil {
		b.close()
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	return b, nil
}

// say tells all nodes how this one is, at once and without waiting for them.
func (b *bus) say(message []byte) error { return b.tell(b.subject, message) }

func (b *bus) tell(subject string, message []byte) error {
	if b.outside != nil {
		b.outside.say(saying{subject, message})
		return nil
	}
	return errors.Join(b.conn.Publish(subject, message), b.conn.FlushTimeout(time.Second))
}

// cut ends the connections to nodes that were shut out. That is what a server does to
// those whose keys are not pinned any more; afterwards none are, since who may connect
// their certificates say.
func (b *bus) cut() error {
	if b.server == nil {
		return nil // a NATS outside has its own guests
	}
	for _, pinned := range []server.PinnedCertSet{b.guests.good(), nil} {
		options := b.options.Clone()
		options.Cluster.TLSPinnedCerts = pinned
		if err := b.server.ReloadOptions(options); err != nil {
			return fmt.Errorf("the bus of the cluster: %w", err)
		}
	}
	return nil
}

// hearEchoes has take called with each echo for a node, by one goroutine.
func (b *bus) hearEchoes(node string, take func([]byte)) error {
	_, err := b.conn.Subscribe(b.echoSubject(node), func(m *nats.Msg) { take(m.Data) })
	return err
}

// hearCalls has take called with each call for a node, by one goroutine.
func (b *bus) hearCalls(node string, take func([]byte)) error {
	heard, err := b.conn.Subscribe(b.callSubject(node), func(m *nats.Msg) { take(m.Data) })
	if err == nil {
		err = heard.SetPendingLimits(outsideHeard, outsideHeld)
	}
	return err
}

// callSubject is where a node hears what another tells it alone, and lineSubject where what is
// no small thing comes. Both are of as many parts as that of beats, so that a NATS that allows
// one allows them.
func (b *bus) callSubject(node string) string {
	return strings.TrimSuffix(b.subject, "beat") + "call-" + node
}
func (b *bus) lineSubject(node string) string {
	return strings.TrimSuffix(b.subject, "beat") + "line-" + node
}

// tellEcho tells one node, at once and without waiting for it. What is not told is asked
// again.
func (b *bus) tellEcho(node string, message []byte) {
	if b.outside != nil {
		b.outside.echo(saying{b.echoSubject(node), message})
		return
	}
	_ = b.conn.Publish(b.echoSubject(node), message)
}

// echoSubject is where a node is asked for its time, and hears that of others.
func (b *bus) echoSubject(node string) string {
	between := "."
	if b.outside != nil {
		between = "-" // so that it has as many parts as others, which permissions allow
	}
	return strings.TrimSuffix(b.subject, "beat") + "echo" + between + node
}

// address gives where other nodes reach the bus; "" where that is no part of this node.
func (b *bus) address() string {
	if b.server == nil {
		return ""
	}
	return b.server.ClusterAddr().String()
}

func (b *bus) close() {
	if b.outside != nil {
		b.outside.close(b.conn)
		return
	}
	if b.conn != nil {
		b.conn.Close()
	}
	if b.companion != nil {
		b.companion.Shutdown()
		b.companion.WaitForShutdown()
	}
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// splitPort reads where to listen. Port 0 takes a free one.
func splitPort(address string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(text); err != nil {
		return "", 0, err
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// busLog puts into our log what the bus logs, whose notices are of its own affairs.
type busLog struct{ log *slog.Logger }

func (l busLog) Noticef(format string, v ...any) { l.debug(format, v) }
func (l busLog) Warnf(format string, v ...any)   { l.debug(format, v) }
func (l busLog) Debugf(string, ...any)           {}
func (l busLog) Tracef(string, ...any)           {}
func (l busLog) Fatalf(format string, v ...any) {
	l.log.Error("the bus of the cluster", "err", fmt.Sprintf(format, v...))
}

// Errorf logs what is wrong, but for nodes that are away, of which beats tell, and
// for those that were shut out, which are counted.
func (l busLog) Errorf(format string, v ...any) {
	text := fmt.Sprintf(format, v...)
	switch {
	case strings.Contains(format, "connect to route"), slices.ContainsFunc(v, isVoid):
		l.debug(format, v)
	case strings.Contains(text, "remote error: tls: bad certificate"):
		l.log.Warn("another node takes no connection of this one: it was shut out of the cluster, or that one is of another")
	default:
		l.log.Warn("the bus of the cluster", "err", text)
	}
}

func isVoid(v any) bool {
	err, ok := v.(error)
	return ok && errors.Is(err, errVoid)
}

func (l busLog) debug(format string, v []any) {
	l.log.Debug("the bus of the cluster", "text", fmt.Sprintf(format, v...))
}
