package notify

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
)

// realBroker is a broker of another hand, which knows a user, and what it was told.
type realBroker struct {
	*mochi.Server
	address string

	mu   sync.Mutex
	kept map[string]string // what it keeps, by topic
	all  []string          // what it was told, as "topic payload"
}

func newRealBroker(t *testing.T, secured *tls.Config) *realBroker {
	t.Helper()
	b := &realBroker{kept: make(map[string]string)}
	b.Server = mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	users := &auth.Ledger{Auth: auth.AuthRules{{Username: "gate", Password: "right", Allow: true}}}
	if err := b.AddHook(new(auth.Hook), &auth.Options{Ledger: users}); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b.address = l.Addr().String()
	counted := &countingListener{Listener: l}
	if l = counted; secured != nil {
		l = tls.NewListener(l, secured)
	}
	if err := b.AddListener(listeners.NewNet("all", l)); err != nil {
		t.Fatal(err)
	}
	if err := b.Subscribe("#", 1, b.hear); err != nil {
		t.Fatal(err)
	}
	if err := b.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		counted.Close()
		wait(t, "its clients are gone, and none comes", counted.done) // without which it counts them in a race with its end
		b.Server.Close()
	})
	return b
}

// countingListener knows whether its connections have ended, and whether more may come.
type countingListener struct {
	net.Listener
	mu     sync.Mutex // guards what follows
	open   int
	closed bool // and whoever accepts was told so
}

// Accept gives a connection that is counted.
func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.closed = true
		return nil, err
	}
	l.open++
	return &countedConn{Conn: c, of: l}, nil
}

func (l *countingListener) done() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed && l.open == 0
}

// countedConn is one of them.
type countedConn struct {
	net.Conn
	of   *countingListener
	once sync.Once
}

// Close ends the connection.
func (c *countedConn) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		c.of.open--
	})
	return c.Conn.Close()
}

func (b *realBroker) hear(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, p.TopicName+" "+string(p.Payload))
	if len(p.Payload) == 0 {
		delete(b.kept, p.TopicName)
	} else {
		b.kept[p.TopicName] = string(p.Payload)
	}
}

// keeps gives what it keeps.
func (b *realBroker) keeps() map[string]string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.kept)
}

func (b *realBroker) is(topic, text string) func() bool {
	return func() bool { return b.keeps()[topic] == text }
}

// told gives how often it was told something.
func (b *realBroker) told(what string) (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, line := range b.all {
		if strings.HasPrefix(line, what) {
			n++
		}
	}
	return n
}

// toldAt is a configuration of a broker.
func toldAt(address string) config.Notify {
	return config.Notify{Address: "https://cams.example.org", MQTT: config.MQTT{
		URL: "mqtt://" + address, Username: "gate", Password: rightPassword, Prefix: "framegate", Discovery: "homeassistant",
	}}
}

// show has the rig know how all is.
func (r *rig) show(now events.Now) {
	if now.Troubles == nil {
		now.Troubles = map[string]string{}
	}
	r.listeners.Show(func() events.Now { return now })
}

// badBroker answers each connection by what it does with it.
func badBroker(t *testing.T, does func(net.Conn)) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	all.Go(func() { // ends with the listener
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer context.AfterFunc(ctx, func() { c.Close() })()
				defer c.Close()
				does(c)
			})
		}
	})
	t.Cleanup(func() { l.Close(); cancel(); all.Wait() })
	return l.Addr().String()
}

// answer reads something and writes bytes, again and again.
func answer(all ...string) func(net.Conn) {
	return func(c net.Conn) {
		for _, bytes := range all {
			if _, err := c.Read(make([]byte, 4096)); err != nil {
				return
			}
			if _, err := io.WriteString(c, bytes); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, c)
	}
}

// What Home Assistant insists on, as homeassistant/components/mqtt has it: discovery.py
// (TOPIC_MATCHER, MQTT_ORIGIN_INFO_SCHEMA), schemas.py (MQTT_ENTITY_DEVICE_INFO_SCHEMA),
// and the schemas of the components.
var (
	discoveryTopic = regexp.MustCompile(`^homeassistant/(?P<component>\w+)/(?:([a-zA-Z0-9_-]+)/)?([a-zA-Z0-9_-]+)/config$`)
	entityKeys     = []string{"name", "unique_id", "availability_topic", "device", "origin", "icon", "json_attributes_topic", "entity_category"}
	componentKeys  = map[string][]string{
		"binary_sensor": {"state_topic", "value_template", "device_class"},
		"sensor":        {"state_topic", "value_template", "device_class", "unit_of_measurement", "state_class"},
		"camera":        {"topic"},
	}
	requiredKey   = map[string]string{"binary_sensor": "state_topic", "sensor": "state_topic", "camera": "topic"}
	deviceClasses = map[string][]string{"binary_sensor": {"", "connectivity", "problem", "running"}, "sensor": {"", "data_size"}}
	deviceKeys    = []string{"identifiers", "name", "manufacturer", "model", "sw_version", "via_device", "configuration_url"}
)

// judgeFound says what Home Assistant would find wrong with a message of its discovery, and
// gives what the entity is.
func judgeFound(t *testing.T, topic, text string) (e map[string]any) {
	t.Helper()
	match := discoveryTopic.FindStringSubmatch(topic)
	if match == nil {
		t.Errorf("%s is no topic of its discovery", topic)
		return nil
	}
	component := match[1]
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		t.Errorf("%s: %v", topic, err)
		return nil
	}
	for key := range e {
		if !slices.Contains(entityKeys, key) && !slices.Contains(componentKeys[component], key) {
			t.Errorf("%s: %s is not known of a %s", topic, key, component)
		}
	}
	for _, key := range []string{"unique_id", "availability_topic", requiredKey[component]} {
		if s, _ := e[key].(string); s == "" || strings.HasSuffix(key, "topic") && strings.ContainsAny(s, "+#\x00") {
			t.Errorf("%s: %s is %q", topic, key, s)
		}
	}
	class, _ := e["device_class"].(string)
	if component != "camera" && !slices.Contains(deviceClasses[component], class) {
		t.Errorf("%s: device class %s", topic, class)
	}
	device, _ := e["device"].(map[string]any)
	for key, value := range device {
		if s, is := value.(string); !slices.Contains(deviceKeys, key) || is && s == "" {
			t.Errorf("%s: the device's %s is %v", topic, key, value)
		}
	}
	if ids, _ := device["identifiers"].([]any); len(ids) != 1 || ids[0] == "" {
		t.Errorf("%s: the device is %v", topic, device)
	}
	if link, has := device["configuration_url"].(string); has && !strings.HasPrefix(link, "http") {
		t.Errorf("%s: the device is at %s", topic, link)
	}
	if origin, _ := e["origin"].(map[string]any); origin["name"] != "Framegate" {
		t.Errorf("%s: the origin is %v", topic, origin)
	}
	return e
}
