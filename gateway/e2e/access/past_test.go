package access

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"framegate/gateway/e2e/rig"
)

// TestWhoViewsMayNotLookBack without another permission.
func TestWhoViewsMayNotLookBack(t *testing.T) {
	t.Parallel()
	g := rig.StartGuarded(t, "cameras: {front: {source: 'upload:'}}")
	for name, who := range map[string]struct {
		grants []string
		code   int
	}{
		"views":      {[]string{"view:*"}, http.StatusForbidden},
		"looks-back": {[]string{"view:*", "playback:front"}, http.StatusNotFound}, // nothing is recorded
		"elsewhere":  {[]string{"view:*", "playback:yard"}, http.StatusForbidden},
	} {
		token := g.AddToken(t, name, who.grants...)
		dialer := websocket.Dialer{Subprotocols: []string{"framegate.v1"}}
		conn, _, err := dialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(g.URL, "http")+"/live/front?codec=jpeg", http.Header{"Authorization": {"Bearer " + token}})
		if err != nil {
			t.Fatal(name, err)
		}
		defer conn.Close()
		if err := conn.WriteJSON(map[string]any{"type": "seek", "atUs": time.Now().UnixMicro()}); err != nil {
			t.Fatal(name, err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(rig.Ceiling))
		for {
			_, message, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(name, err)
			}
			var told struct {
				Type, Message string
				Live          bool
				Code          int
			}
			if err := json.Unmarshal(message, &told); err != nil {
				t.Fatal(name, err)
			}
			if told.Type != "playback" {
				continue
			}
			if told.Code != who.code || !told.Live || told.Message == "" {
				t.Errorf("%s is told %+v", name, told)
			}
			break
		}
	}
}
