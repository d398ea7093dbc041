package notify

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/secret"
)

// Test is the type of what is posted to see whether it arrives.
const Test = "test"

// body is what is posted, in the structure of Standard Webhooks 1.0.0 ("Payload
// structure").
type body struct {
	ID        string       `json:"id"`
	Type      string       `json:"type"`
	Timestamp time.Time    `json:"timestamp"`
	Text      string       `json:"text"`
	Name      string       `json:"name,omitempty"` // of the camera
	Link      string       `json:"link,omitempty"`
	Node      string       `json:"node,omitempty"` // that tells, of several servers
	Lost      int          `json:"lost,omitempty"` // events before this one that are not told
	Data      events.Event `json:"data"`           // as listeners of the API hear it
}

// message is an event that is told, to whoever it concerns.
type message struct{ body body }

// newID makes one that nobody has had.
func newID() string { return "evt_" + rand.Text() }

// tellable says whether an event is for others at all: those of exports tell of each
// percent, which nobody wants to have posted.
func tellable(e events.Event) bool {
	return !(e.Kind == events.ExportChanged && e.State == "running" && e.Progress > 0)
}

// messageOf makes the message of an event.
func (n *Notifier) messageOf(e events.Event) message {
	e.Reason = cmp.Or(e.Reason, e.Cause)
	b := body{ID: newID(), Type: e.Kind, Timestamp: e.At, Node: n.options.Node, Data: e}
	if e.Camera != "" {
		b.Name = n.options.Name(e.Camera)
	}
	n.mu.Lock()
	address := n.wanted.Address
	n.mu.Unlock()
	switch {
	case address == "":
	case e.Camera != "" && e.Kind != events.CameraRemoved:
		b.Link = address + "/camera/" + e.Camera
	default:
		b.Link = address + "/"
	}
	b.Text = inWords(e, b.Name)
	return message{b}
}

// testMessage makes one of which nobody needs to do anything.
func testMessage() message {
	now := time.Now().UTC()
	return message{body{ID: newID(), Type: Test, Timestamp: now, Text: "Framegate can reach you.", Data: events.Event{Kind: Test, At: now}}}
}

// sentences are what is said of events, of the camera (@), by its name, and the state ($).
var sentences = map[string]string{
	events.CameraOnline:      "@ is online",
	events.CameraOffline:     "@ is offline",
	events.CameraIdle:        "@ is not connected, since nobody watches",
	events.CameraAdded:       "@ was added",
	events.CameraChanged:     "@ has other settings",
	events.CameraRemoved:     "@ was removed",
	events.PublisherCame:     "somebody sends pictures of @",
	events.PublisherWent:     "nobody sends pictures of @ any more",
	events.RecordingChanged:  "recording of @: $",
	events.RecordingsAdded:   "@ was recorded",
	events.RecordingsDeleted: "recordings of @ were deleted",
	events.RecordingGap:      "@ was not recorded for a while",
	events.MarkAdded:         "a moment of @ was marked",
	events.MarkChanged:       "a mark of @ was changed",
	events.MarkDeleted:       "a mark of @ was deleted",
	events.ExportChanged:     "an export: $",
	events.ExportRemoved:     "an export was removed",
	events.SettingsChanged:   "the configuration was changed",
	events.SettingsRefused:   "the configuration file has mistakes, and the one of before is in effect",
	events.TroubleBegan:      "trouble with $",
	events.TroubleEnded:      "no more trouble with $",
}

// inWords says in a line what happened.
func inWords(e events.Event, name string) string {
	text := strings.NewReplacer("@", name, "$", e.State).Replace(cmp.Or(sentences[e.Kind], e.Kind))
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}

// sign puts the headers of Standard Webhooks 1.0.0 ("Webhook headers") on a delivery;
// without a key it is not signed.
func sign(h http.Header, id string, at time.Time, content []byte, key secret.Text) {
	seconds := strconv.FormatInt(at.Unix(), 10)
	h.Set("Webhook-Id", id)
	h.Set("Webhook-Timestamp", seconds)
	if key.Empty() {
		return
	}
	mac := hmac.New(sha256.New, []byte(key.Reveal()))
	mac.Write([]byte(id + "." + seconds + "."))
	mac.Write(content)
	h.Set("Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
