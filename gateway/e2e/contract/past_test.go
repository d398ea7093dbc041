package contract

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// looker is a player that looks into the past.
type looker struct {
	t    *testing.T
	conn *websocket.Conn
}

// playback is what a looker is told.
type playback struct {
	Type         string
	Live, Paused bool
	Code         int
	Message      string
}

func look(t *testing.T, s *rig.Server) *looker { t.Helper(); return lookAt(t, s, "front") }

func lookAt(t *testing.T, s *rig.Server, camera string) *looker {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
	conn, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(s.URL, "http")+"/live/"+camera, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	l := &looker{t, conn}
	l.say(map[string]any{"type": "hello", "codecs": []string{"jpeg"}})
	return l
}

func (l *looker) say(message map[string]any) {
	l.t.Helper()
	if err := l.conn.WriteJSON(message); err != nil {
		l.t.Fatal(err)
	}
}

// next gives the next picture, with its number and when it was taken, or what is
// told of the past.
func (l *looker) next() (number int, taken time.Time, told *playback) {
	l.t.Helper()
	_ = l.conn.SetReadDeadline(time.Now().Add(rig.Ceiling))
	for {
		kind, message, err := l.conn.ReadMessage()
		if err != nil {
			l.t.Fatal(err)
		}
		if kind == websocket.TextMessage {
			var m playback
			if err := json.Unmarshal(message, &m); err != nil {
				l.t.Fatal(err)
			}
			if m.Type == "playback" {
				return 0, taken, &m
			}
			continue
		}
		if message[1] == 2 {
			return rig.PictureNumber(message[32:]), time.UnixMicro(int64(binary.BigEndian.Uint64(message[8:]))), nil
		}
	}
}

// until reads until a condition holds.
func (l *looker) until(holds func(number int, taken time.Time, told *playback) bool) {
	l.t.Helper()
	for !holds(l.next()) {
	}
}

// TestPastOfWhatIsBeingRecorded is there as soon as it is written, and the
// present as soon as it is wanted.
func TestPastOfWhatIsBeingRecorded(t *testing.T) {
	t.Parallel()
	s := rig.Start(t, "cameras: {front: {source: 'upload:', record: {mode: continuous, codec: mjpeg}}}")
	rig.SendNumbers(t, s, "front")
	rig.Await(t, "it is recorded", func() bool {
		return bytes.Contains(s.Get(t, "/api/v1/cameras/front/status", rig.Credentials{}).Content, []byte(`"state":"recording"`))
	})
	l := look(t, s)
	seen := make(map[int]time.Time)
	var first, newest time.Time
	slack := time.Second // of the two clocks, and between two pictures, of which there are few where the machine is busy
	l.until(func(number int, taken time.Time, _ *playback) bool {
		if first.IsZero() {
			first, newest = taken, taken
		}
		slack = max(slack, taken.Sub(newest)+time.Second)
		newest, seen[number] = taken, taken
		return taken.Sub(first) > 4*time.Second
	})

	wanted := first.Add(time.Second)
	l.say(map[string]any{"type": "seek", "atUs": wanted.UnixMicro()})
	before, count := 0, 0
	l.until(func(number int, taken time.Time, told *playback) bool {
		switch {
		case told != nil && (told.Live || told.Code != 0):
			t.Fatalf("told %+v", told)
		case told != nil || before == 0 && taken.After(wanted.Add(2*time.Second)):
			return false // of the present, on its way
		case before == 0 && taken.Sub(wanted).Abs() > slack:
			t.Fatalf("a picture of %v, %v from what was wanted", taken, taken.Sub(wanted))
		case number <= before:
			t.Fatalf("picture %d behind %d", number, before)
		}
		if was, ok := seen[number]; ok && was.Sub(taken).Abs() > slack {
			t.Fatalf("picture %d was taken at %v, and is said to be of %v", number, was, taken)
		}
		before = number
		count++
		return count == 20
	})

	near := func(number int) (taken time.Time, ok bool) { // of a picture, or of the one before it that was seen, where some were left out
		for n := number; n > 0 && !ok; n-- {
			taken, ok = seen[n]
		}
		return taken, ok
	}
	still := s.Get(t, "/live/front/recording.jpg?at="+wanted.UTC().Format(time.RFC3339Nano), rig.Credentials{})
	if was, ok := near(rig.PictureNumber(still.Content)); !ok || was.Sub(wanted).Abs() > slack {
		t.Errorf("%d: the picture of %v was taken at %v", still.StatusCode, wanted, was)
	}

	ctx, cancel := context.WithTimeout(t.Context(), rig.Ceiling)
	defer cancel()
	again, err := camtest.Watch(ctx, s.URL+"/live/front/recording.mjpeg?from="+wanted.UTC().Format(time.RFC3339Nano), camtest.WatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	for before, count = 0, 0; count < 20; count++ {
		part, err := again.Next()
		if err != nil {
			t.Fatal(err)
		}
		number := rig.PictureNumber(part.JPEG)
		if was, ok := near(number); count == 0 && (!ok || was.Sub(wanted).Abs() > slack) || number < before {
			t.Fatalf("picture %d behind %d is of %v; %v was wanted", number, before, was, wanted)
		}
		before = number
	}

	l.say(map[string]any{"type": "play"})
	l.until(func(_ int, _ time.Time, told *playback) bool { return told != nil && told.Live })
	if number, taken, _ := l.next(); !taken.After(newest) {
		t.Errorf("picture %d of %v, when the present was wanted", number, taken)
	}
}
