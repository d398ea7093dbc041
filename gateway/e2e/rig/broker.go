package rig

import (
	"errors"
	"log/slog"
	"net"
	"sync"
	"testing"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// StartBroker starts a broker of MQTT that everybody may tell, until the test ends, and gives its
// address, host:port, and what it keeps of a topic.
func StartBroker(t *testing.T) (address string, of func(topic string) string) {
	t.Helper()
	broker := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	kept := make(map[string]string)
	hear := func(_ *mochi.Client, _ packets.Subscription, p packets.Packet) {
		mu.Lock()
		defer mu.Unlock()
		kept[p.TopicName] = string(p.Payload)
	}
	if err := errors.Join(broker.AddHook(new(auth.AllowHook), nil), broker.AddListener(listeners.NewNet("all", l)), broker.Subscribe("#", 1, hear), broker.Serve()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { broker.Close() })
	return l.Addr().String(), func(topic string) string {
		mu.Lock()
		defer mu.Unlock()
		return kept[topic]
	}
}
