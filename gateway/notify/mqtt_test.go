package notify

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/secret"
	"framegate/gateway/stream"
)

var rightPassword = secret.New("right")

// present is how three cameras are.
func present() events.Now {
	return events.Now{
		Cameras: map[string]events.CameraNow{
			"front":  {Name: `Front "door" <ü>`, State: stream.Online, Recording: events.Recording{State: "recording"}},
			"gate":   {Name: "gate", State: stream.Offline, Why: "connection refused", Recording: events.Recording{State: "full", Reason: "no room"}},
			"garage": {Name: "Garage", State: stream.Idle},
		},
		Troubles: map[string]string{"clock": "is wrong"},
		Disk:     events.Disk{Free: 1<<40 + 5, Total: 1 << 42, Recorded: 3 << 30},
	}
}

// TestBrokerKnowsHowAllIs, and is told only what is another.
func TestBrokerKnowsHowAllIs(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	r.Apply(toldAt(b.address))
	r.show(present())
	want := map[string]string{
		"framegate/availability":     "online",
		"framegate/front/state":      "online",
		"framegate/front/recording":  "recording",
		"framegate/front/problem":    "OFF",
		"framegate/front/attributes": `{"name":"Front \"door\" <ü>","reason":"","recording_reason":""}`,
		"framegate/gate/state":       "offline",
		"framegate/gate/recording":   "full",
		"framegate/gate/problem":     "ON",
		"framegate/gate/attributes":  `{"name":"gate","reason":"connection refused","recording_reason":"no room"}`,
		"framegate/garage/state":     "idle",
		"framegate/garage/recording": "off",
		"framegate/garage/problem":   "OFF",
		"framegate/trouble":          "ON",
		"framegate/troubles":         `{"clock":"is wrong"}`,
		"framegate/disk":             `{"free":1099431936000,"total":4398046511104,"recorded":3145728000}`,
	}
	for topic, text := range want {
		wait(t, topic+" is "+text+", not "+b.keeps()[topic], b.is(topic, text))
	}
	wait(t, "it is fine", func() bool { return r.statusOf("framegate").State == Fine && r.statusOf("framegate").Kind == "mqtt" })
	next := present()
	next.Cameras["gate"] = events.CameraNow{Name: "gate", State: stream.Online}
	delete(next.Cameras, "front")
	next.Disk.Free += 1 << 20
	next.Troubles = nil
	r.show(next)
	wait(t, "the gate is online", b.is("framegate/gate/state", "online"))
	wait(t, "nothing is kept of the front", func() bool {
		for topic := range b.keeps() {
			if strings.Contains(topic, "front") {
				return false
			}
		}
		return true
	})
	wait(t, "there is no trouble", func() bool { k := b.keeps(); return k["framegate/trouble"] == "OFF" && k["framegate/troubles"] == "{}" })
	if n := b.told("framegate/garage/state"); n != 1 || b.told("framegate/disk") != 1 {
		t.Errorf("what is the same is told %d times", n)
	}
	r.end()
	wait(t, "it is not available at the end", b.is("framegate/availability", "offline"))
	if log := r.log.String(); strings.Contains(log, "right") || !strings.Contains(log, "broker is told how all is") {
		t.Errorf("the log says %s", log)
	}
}

// TestServersShareABroker: each tells of its own cameras, what moves is told by the one that
// has it, and one that ends takes nothing away.
func TestServersShareABroker(t *testing.T) {
	broker := newRealBroker(t, nil)
	a, b := newRig(t, config.Notify{}), newRig(t, config.Notify{})
	a.options.Node, b.options.Node = "a", "b"
	a.elsewhere.Store(&[]string{"garage"})
	b.elsewhere.Store(&[]string{"", "front", "gate"})
	seen := present() // by b
	seen.Cameras["front"] = events.CameraNow{Name: "front", State: stream.Idle}
	seen.Cameras["garage"] = events.CameraNow{Name: "Garage", State: stream.Online}
	seen.Troubles = nil
	for of, now := range map[*rig]events.Now{a: present(), b: seen} {
		of.Apply(toldAt(broker.address))
		of.show(now)
	}
	for topic, text := range map[string]string{"framegate/front/state": "online", "framegate/garage/state": "online", "framegate/gate/state": "offline", "framegate/trouble": "ON"} {
		wait(t, topic+" is "+text+", not "+broker.keeps()[topic], broker.is(topic, text))
	}
	b.elsewhere.Store(&[]string{"", "gate"})
	b.Moved()
	wait(t, "b tells of the front", broker.is("framegate/front/state", "idle"))
	a.elsewhere.Store(&[]string{"garage", "front"})
	a.Moved()
	next := present()
	next.Cameras["gate"] = events.CameraNow{Name: "gate", State: stream.Online}
	a.show(next)
	wait(t, "a tells of the gate", broker.is("framegate/gate/state", "online"))
	if k := broker.keeps(); k["framegate/front/state"] != "idle" || k["homeassistant/binary_sensor/framegate_front/connection/config"] == "" {
		t.Errorf("of the front, which moved, the broker keeps %q", k["framegate/front/state"])
	}
	a.end()
	wait(t, "b is available still", func() bool {
		return broker.told("framegate/availability") >= 4 && broker.keeps()["framegate/availability"] == "online"
	})
	if k := broker.keeps(); k["framegate/gate/state"] != "online" || k["framegate/garage/state"] != "online" {
		t.Errorf("with a went what it told: %v", k)
	}
}

// TestHomeAssistantTakesWhatItFinds: a device for each camera with what there is of it, and
// one for the server.
func TestHomeAssistantTakesWhatItFinds(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	c := toldAt(b.address)
	c.MQTT.Pictures = config.Pictures(time.Hour)
	r.Apply(c)
	r.show(present())
	wait(t, "all is told", b.is("framegate/trouble", "ON"))
	wait(t, "it is available", b.is("framegate/availability", "online"))
	ids, links := make(map[string]bool), make(map[any]bool)
	for topic, text := range b.keeps() {
		if !strings.HasPrefix(topic, "homeassistant/") {
			continue
		}
		e := judgeFound(t, topic, text)
		id, _ := e["unique_id"].(string)
		if ids[id] {
			t.Errorf("%s is there twice", id)
		}
		ids[id] = true
		links[e["device"].(map[string]any)["configuration_url"]] = true
		for _, key := range []string{"state_topic", "availability_topic", "json_attributes_topic"} {
			if at, has := e[key].(string); has {
				wait(t, fmt.Sprintf("%s: something is at %s", topic, at), func() bool { return b.keeps()[at] != "" })
			}
		}
	}
	for _, id := range []string{"framegate_front_connection", "framegate_front_recording", "framegate_front_problem", "framegate_front_camera", "framegate_trouble", "framegate_disk"} {
		if !ids[id] {
			t.Errorf("there is no %s", id)
		}
	}
	if len(ids) != 3*4+2 || !links["https://cams.example.org/camera/front"] || !links["https://cams.example.org"] {
		t.Errorf("there are %d entities at %v", len(ids), links)
	}
	if e := judgeFound(t, "homeassistant/camera/framegate_front/config", b.keeps()["homeassistant/camera/framegate_front/config"]); e["topic"] != "framegate/front/picture" || e["name"] != nil {
		t.Errorf("%v", e)
	}
}

// TestHomeAssistantThatBeginsIsToldAnew, but not again and again.
func TestHomeAssistantThatBeginsIsToldAnew(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	r.Apply(toldAt(b.address))
	r.show(present())
	const topic = "homeassistant/binary_sensor/framegate_gate/problem/config"
	wait(t, "it is told", func() bool { return b.told(topic) == 1 && b.keeps()["framegate/trouble"] != "" })
	begin := func() {
		if err := b.Publish("homeassistant/status", []byte("online"), false, 0); err != nil {
			t.Fatal(err)
		}
	}
	begin()
	wait(t, "it is told anew", func() bool { return b.told(topic) == 2 && b.told("framegate/trouble ") == 2 })
	begin()
	r.show(events.Now{})
	wait(t, "that is done", func() bool { return b.keeps()[topic] == "" })
	if n := b.told("framegate/availability online"); n != 2 {
		t.Errorf("told %d times", n)
	}
}

// TestWhatIsOfBeforeIsTakenAway, of cameras that are not there any more, also those that
// another process told of; what is others' stays.
func TestWhatIsOfBeforeIsTakenAway(t *testing.T) {
	b := newRealBroker(t, nil)
	mine := []string{"framegate/old/state", "framegate/old/attributes", "framegate/old/picture", "homeassistant/binary_sensor/framegate_old/problem/config", "homeassistant/camera/framegate_old/config", "framegate/gate/picture", "framegate/gate/state"}
	others := []string{"framegate-2/old/state", "homeassistant/binary_sensor/framegate-2_old/problem/config", "homeassistant/binary_sensor/lamp/state/config", "framegate/Not an id/state", "framegate/old/more/state"}
	for _, topic := range append(mine, others...) {
		if err := b.Publish(topic, []byte("x"), true, 0); err != nil {
			t.Fatal(err)
		}
	}
	r := newRig(t, config.Notify{})
	r.Apply(toldAt(b.address))
	r.show(present())
	wait(t, "it is taken away", func() bool {
		k := b.keeps()
		return k[mine[0]]+k[mine[1]]+k[mine[2]]+k[mine[3]]+k[mine[4]]+k[mine[5]] == "" && k["framegate/gate/state"] == "offline"
	})
	c := toldAt(b.address)
	c.MQTT.Prefix, c.MQTT.Discovery = "house", ""
	r.Apply(c)
	r.show(present())
	wait(t, "all is told under the other name", func() bool { return b.keeps()["house/trouble"] == "ON" })
	wait(t, "and nothing is left of the one before", func() bool {
		for topic := range b.keeps() {
			if strings.HasPrefix(topic, "framegate/g") || strings.Contains(topic, "/framegate_") || strings.HasPrefix(topic, "framegate/trouble") {
				return false
			}
		}
		return true
	})
	for _, topic := range others {
		if b.keeps()[topic] != "x" {
			t.Errorf("%s is taken away", topic)
		}
	}
}

// TestWhatWasOnItsWayIsTakenAway: what the one before told, and never had a receipt for, and
// pictures.
func TestWhatWasOnItsWayIsTakenAway(t *testing.T) {
	var mu sync.Mutex
	receipts, kept := false, make(map[string]int) // bytes, by topic
	keeps := func(text string) (n int) {
		mu.Lock()
		defer mu.Unlock()
		for topic, size := range kept {
			if size > 0 && strings.Contains(topic, text) {
				n++
			}
		}
		return n
	}
	address := badBroker(t, func(c net.Conn) {
		for {
			p, err := packets.ReadPacket(c)
			if err != nil {
				return
			}
			var answer packets.ControlPacket
			switch p := p.(type) {
			case *packets.ConnectPacket:
				answer = packets.NewControlPacket(packets.Connack)
			case *packets.SubscribePacket:
				taken := packets.NewControlPacket(packets.Suback).(*packets.SubackPacket)
				taken.MessageID, taken.ReturnCodes = p.MessageID, make([]byte, len(p.Topics))
				answer = taken
			case *packets.PublishPacket:
				mu.Lock()
				kept[p.TopicName] = len(p.Payload)
				if receipts && p.Qos > 0 {
					taken := packets.NewControlPacket(packets.Puback).(*packets.PubackPacket)
					taken.MessageID = p.MessageID
					answer = taken
				}
				mu.Unlock()
			}
			if answer != nil && answer.Write(c) != nil {
				return
			}
		}
	})
	r := newRig(t, config.Notify{})
	r.options.Picture = func(context.Context, string) ([]byte, time.Time, error) { return []byte("picture"), time.Now(), nil }
	c := toldAt(address)
	c.MQTT.Discovery = ""
	r.Apply(c)
	r.show(present())
	wait(t, "it is told, and waits", func() bool { return keeps("framegate/gate/state") == 1 })
	mu.Lock()
	receipts = true
	mu.Unlock()
	c.MQTT.Prefix, c.MQTT.Pictures = "yard", config.Pictures(time.Millisecond)
	r.Apply(c)
	wait(t, "nothing is left of the first", func() bool { return keeps("yard/front/picture") == 1 && keeps("framegate/") == 0 })
	c.MQTT.Prefix, c.MQTT.Pictures = "house", 0
	r.Apply(c)
	wait(t, "nor of the second", func() bool { return keeps("house/trouble") > 0 && keeps("yard/") == 0 })
}

// TestConnectionThatIsCut: the broker says that we are offline, until we are back and tell
// all anew.
func TestConnectionThatIsCut(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	r.Apply(toldAt(b.address))
	r.show(present())
	wait(t, "all is told", func() bool { return b.keeps()["framegate/troubles"] != "" }) // the last
	client, is := b.Clients.Get("framegate")
	if !is {
		t.Fatal("it is not connected by its name")
	}
	client.Stop(errors.New("the network is gone"))
	wait(t, "the broker says so, and then that it is back", func() bool {
		return b.told("framegate/availability offline") == 1 && b.told("framegate/availability online") == 2 && b.told("framegate/gate/state") == 2
	})
	wait(t, "it is fine", func() bool { s := r.statusOf("framegate"); return s.State == Fine && s.Error != "" })
	if err := b.Publish("framegate/availability", []byte("offline"), true, 0); err != nil { // as by a last will that comes late
		t.Fatal(err)
	}
	wait(t, "it is available even so", func() bool { return b.told("framegate/availability online") == 3 })
}

// badBrokers are those that do not do as they should, by what is said of them.
var badBrokers = map[string]func(net.Conn){
	"closes":               func(net.Conn) {},
	"bad user name":        answer("\x20\x02\x00\x04"),
	"not Authorized":       answer("\x20\x02\x00\x05"),
	"as it should":         answer("HTTP/1.1 400 Bad Request\r\n\r\n"),
	"268435455 bytes":      answer("\x20\xff\xff\xff\x7f"),
	"should\x00code":       answer("\x20\x02\x00\x09"),
	"should\x00receipts":   answer("\x20\x02\x00\x00", "\x90\x20\x00\x01"+strings.Repeat("\x00", 0x1e)),
	"should\x00before":     answer("\x90\x05\x00\x01\x00\x00\x00"),
	"should\x00twice":      answer("\x20\x02\x00\x00", "\x20\x02\x00\x00"),
	"should\x00publishes":  answer("\x20\x02\x00\x00", "\x30\x02\xff\xff"),
	"should\x00exactly":    answer("\x20\x02\x00\x00", "\x34\x05\x00\x01a\x00\x01"),
	"should\x00length":     answer("\x20\xff\xff\xff\xff\x01"),
	"should\x00subscribes": answer("\x20\x02\x00\x00", "\x82\x05\x00\x01\x00\x00\x00"),
}

// TestBadBrokersCostOthersNothing: each is tried again, and a webhook is told all meanwhile.
func TestBadBrokersCostOthersNothing(t *testing.T) {
	good := newReceiver(t, nil)
	for name, does := range badBrokers {
		t.Run(name, func(t *testing.T) {
			var tried atomic.Int32
			c := toldAt(badBroker(t, func(c net.Conn) { tried.Add(1); does(c) }))
			c.Webhooks = []config.Webhook{hookTo("good", good.URL)}
			c.MQTT.Password = secret.New("canary")
			r := newRig(t, config.Notify{})
			r.Apply(c)
			r.show(present())
			n := len(good.deliveries())
			wait(t, "it is tried again", func() bool { return tried.Load() > 2 })
			r.happens(events.CameraOnline, "a")
			wait(t, "the webhook is told", func() bool { return len(good.deliveries()) == n+1 })
			r.end()
			s := fmt.Sprint(r.Status(), r.log)
			if word, _, _ := strings.Cut(name, "\x00"); name != "closes" && !strings.Contains(s, word) || strings.Contains(s, "canary") {
				t.Errorf("it is said: %s", s)
			}
		})
	}
}

// TestBrokerThatStopsKeepsNobody: neither one that never answers, nor one that takes
// nothing any more, keeps it from its end.
func TestBrokerThatStopsKeepsNobody(t *testing.T) {
	for name, does := range map[string]func(net.Conn){
		"never answers": answer(),
		"stops":         answer("\x20\x02\x00\x00", "\x90\x05\x00\x01\x00\x00\x00"),
	} {
		t.Run(name, func(t *testing.T) {
			heard := make(chan struct{}, 16)
			c := toldAt(badBroker(t, func(c net.Conn) { heard <- struct{}{}; does(c) }))
			r := newRig(t, config.Notify{})
			r.Apply(c)
			r.show(present())
			<-heard
			begin := time.Now()
			r.end()
			if took := time.Since(begin); took >= brokerPatience {
				t.Errorf("the end takes %s", took)
			}
		})
	}
}

// TestBrokerThatTakesNothingAnyMore, while pictures fill what lies between, does not keep
// it from its end either.
func TestBrokerThatTakesNothingAnyMore(t *testing.T) {
	full := make(chan struct{})
	c := toldAt(badBroker(t, func(c net.Conn) {
		for {
			var reply packets.ControlPacket
			p, err := packets.ReadPacket(c)
			switch p := p.(type) {
			case *packets.ConnectPacket:
				reply = packets.NewControlPacket(packets.Connack)
			case *packets.SubscribePacket:
				reply = &packets.SubackPacket{FixedHeader: packets.FixedHeader{MessageType: packets.Suback}, MessageID: p.MessageID, ReturnCodes: make([]byte, len(p.Topics))}
			case *packets.PublishPacket:
				if p.Qos == 0 {
					<-full // which is after the first picture
					return
				}
				reply = &packets.PubackPacket{FixedHeader: packets.FixedHeader{MessageType: packets.Puback}, MessageID: p.MessageID}
			}
			if err != nil || reply == nil || reply.Write(c) != nil {
				return
			}
		}
	}))
	defer close(full)
	r := newRig(t, config.Notify{})
	var asked atomic.Int64
	r.options.Picture = func(context.Context, string) ([]byte, time.Time, error) {
		return make([]byte, maxPicture), time.Unix(asked.Add(1), 0), nil
	}
	c.MQTT.Pictures = config.Pictures(time.Millisecond)
	r.Apply(c)
	r.show(events.Now{Cameras: map[string]events.CameraNow{"front": {State: stream.Online}}})
	last := int64(-1)
	wait(t, "no picture goes any more", func() bool {
		time.Sleep(100 * time.Millisecond)
		before := last
		last = asked.Load()
		return last > 2 && last == before
	})
	begin := time.Now()
	r.end()
	if took := time.Since(begin); took >= brokerPatience {
		t.Errorf("the end takes %s", took)
	}
}

// large is a message of a broker that nobody asked for.
type large struct {
	mqtt.Message
	topic   string
	payload []byte
}

func (l large) Topic() string   { return l.topic }
func (l large) Payload() []byte { return l.payload }

// TestBrokerSendsMuch: what is too long to be a state is not kept until it is looked at.
func TestBrokerSendsMuch(t *testing.T) {
	b := New(Options{}).newBroker(toldAt("127.0.0.1:1"), nil)
	b.receive(large{topic: "framegate/front/state", payload: make([]byte, maxPacket/2)})
	b.receive(large{topic: "framegate/" + strings.Repeat("x", maxPacket/2) + "/state", payload: []byte("online")})
	if len(b.inbox) > 0 {
		t.Errorf("%d messages are kept", len(b.inbox))
	}
	b.receive(large{topic: "framegate/front/state", payload: []byte("online")})
	if len(b.inbox) != 1 {
		t.Error("a state is not")
	}
}

// TestBrokerOverTLS is known by an authority of a file, and by no other.
func TestBrokerOverTLS(t *testing.T) {
	web := httptest.NewTLSServer(nil)
	defer web.Close()
	b := newRealBroker(t, web.TLS.Clone())
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	c := toldAt(b.address)
	c.MQTT.URL, c.MQTT.CA = "mqtts://"+b.address, file
	r := newRig(t, config.Notify{})
	r.Apply(c)
	r.show(present())
	wait(t, "it is told", b.is("framegate/availability", "online"))
	c.MQTT.CA = ""
	r.Apply(c)
	wait(t, "it is not known", func() bool {
		return strings.Contains(r.statusOf("framegate").Error, "certificate signed by unknown authority")
	})
	c.MQTT.CA = filepath.Join(t.TempDir(), "nowhere")
	r.Apply(c)
	wait(t, "it says that there is no file", func() bool { return strings.Contains(r.statusOf("framegate").Error, "no such file") })
}

// TestPictures are told of cameras that are online, each once, and taken away with them.
func TestPictures(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	var asked atomic.Int32
	taken := time.Now()
	r.options.Picture = func(_ context.Context, camera string) ([]byte, time.Time, error) {
		asked.Add(1)
		return []byte("picture of " + camera), taken, nil
	}
	c := toldAt(b.address)
	c.MQTT.Pictures = config.Pictures(time.Millisecond)
	r.Apply(c)
	r.show(present())
	wait(t, "there is one", b.is("framegate/front/picture", "picture of front"))
	wait(t, "it is asked for again", func() bool { return asked.Load() > 5 })
	if b.told("framegate/front/picture") != 1 || b.told("framegate/gate/picture picture") != 0 {
		t.Errorf("%q", b.all)
	}
	next := present()
	delete(next.Cameras, "front")
	r.show(next)
	wait(t, "it is taken away", func() bool { return b.keeps()["framegate/front/picture"] == "" })
}

// TestTryOfABroker tells something that is not kept, beside a server that runs.
func TestTryOfABroker(t *testing.T) {
	b := newRealBroker(t, nil)
	r := newRig(t, config.Notify{})
	r.Apply(toldAt(b.address))
	r.show(present())
	wait(t, "it is told", b.is("framegate/availability", "online"))
	for s, err := range Try(t.Context(), toldAt(b.address), nil) {
		if err != nil || s.Kind != "mqtt" || s.Address != "mqtt://"+b.address {
			t.Errorf("%+v, %v", s, err)
		}
	}
	wrong := toldAt(b.address)
	wrong.MQTT.Password = secret.New("wrong")
	for _, err := range Try(t.Context(), wrong, nil) {
		if err == nil || !strings.Contains(err.Error(), "not Authorized") {
			t.Error(err)
		}
	}
	wait(t, "it is tried", func() bool { return b.told("framegate/test Framegate can reach you.") == 1 })
	if b.told("framegate/availability offline") != 0 {
		t.Error("the server that runs is cut")
	}
}

// FuzzBroker reads any bytes as what a broker sends: what the guard hands on the client
// reads without harm.
func FuzzBroker(f *testing.F) {
	for _, s := range []string{"\x20\x02\x00\x00\x90\x05\x00\x01\x00\x00\x00\x30\x05\x00\x01ab\x40\x02\x00\x01\xd0\x00", "\x20\x02\x00\x00\x32\x00", "\x20\x02\x00\x00\x30\x03\x00\x00x"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, sent []byte) {
		ours, theirs := net.Pipe()
		go func() { // ends with the connection
			_, _ = theirs.Write(sent)
			theirs.Close()
		}()
		g := newGuard(ours, 3)
		defer g.Close()
		for i := 0; ; i++ {
			p, err := packets.ReadPacket(g)
			if err != nil {
				return
			}
			switch p := p.(type) {
			case *packets.ConnackPacket:
				if i > 0 {
					t.Error("a second CONNACK")
				}
			case *packets.SubackPacket:
				if len(p.ReturnCodes) != 3 {
					t.Errorf("%d codes", len(p.ReturnCodes))
				}
			case *packets.PublishPacket:
				if p.Qos != 0 || len(p.Payload) > maxPacket {
					t.Errorf("QoS %d, %d bytes", p.Qos, len(p.Payload))
				}
			case *packets.PubackPacket, *packets.PingrespPacket:
			default:
				t.Errorf("%T", p)
			}
		}
	})
}
