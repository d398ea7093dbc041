package cluster

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
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

// subject is where all nodes tell all how they are.
const subject = "framegate.beat"

// bus is the NATS server of this node, and its one client, which is in the same
// process. Servers of nodes connect to each other by mutual TLS, and find those
// that they were not told of by those that they were.
type bus struct {
	server    *server.Server
	companion *server.Server // see accompany; nil where there is none
	conn      *nats.Conn
}

// startBus opens the port for other nodes, and has take called with each message,
// by one goroutine. close must be called in the end.
func startBus(o Options, take func([]byte)) (*bus, error) {
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
		TLSConfig: o.Identity.TLS(""), TLSTimeout: 5, AuthTimeout: 5,
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
	b := &bus{server: s}
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
	if err != nil {
		b.close()
		return nil, fmt.Errorf("the bus of the cluster: %w", err)
	}
	return b, nil
}

// say tells all nodes, at once and without waiting for them.
func (b *bus) say(message []byte) error {
	return errors.Join(b.conn.Publish(subject, message), b.conn.FlushTimeout(time.Second))
}

// address gives where other nodes reach the bus.
func (b *bus) address() string { return b.server.ClusterAddr().String() }

func (b *bus) close() {
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

// Errorf logs what is wrong, but for nodes that are away, of which beats tell.
func (l busLog) Errorf(format string, v ...any) {
	if strings.Contains(format, "connect to route") {
		l.debug(format, v)
		return
	}
	l.log.Warn("the bus of the cluster", "err", fmt.Sprintf(format, v...))
}

func (l busLog) debug(format string, v []any) {
	l.log.Debug("the bus of the cluster", "text", fmt.Sprintf(format, v...))
}
