package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"framegate/gateway/secret"
)

func TestSecretsAreNeverPrinted(t *testing.T) {
	c := mustLoad(t, `
cameras:
  a: {source: "http://u:canary-a@cam/x?pwd=canary-q", name: A}
  b: {source: http://cam/, username: u, password: canary-b}
  c: {source: "rtsp://u:canary-c@cam/x?pwd=canary-q"}
cluster: {name: yard, nats: {urls: [nats://a], username: u, password: canary-h}}
notify:
  webhooks: {ops: {url: "http://u:canary-d@cam/canary-e?canary-f", secret: whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnktY2FuYXJ5}}
  mqtt: {url: mqtt://a, username: u, password: canary-g}
`)
	if got := c.Cameras[0].Password.Reveal() + c.Cameras[1].Password.Reveal(); got != "canary-acanary-b" {
		t.Fatalf("the secrets reveal %q", got)
	}
	var out bytes.Buffer
	for _, v := range []any{c, *c, c.Cameras, c.Cameras[0], &c.Cameras[0], c.Cameras[0].Password, &c.Cameras[0].Password, c.Cameras[0].Source, c.Cameras[2], c.Notify, c.Notify.Webhooks, c.Notify.Webhooks[0], c.Notify.MQTT, c.Cluster, c.Cluster.NATS} {
		fmt.Fprintf(&out, "%v %+v %#v %s %q %x %d\n", v, v, v, v, v, v, v)
		fmt.Fprintln(&out, v)
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
	}
	if i := strings.Index(out.String(), "canary"); i >= 0 {
		t.Errorf("a secret shows in ...%s...", out.String()[max(0, i-60):min(out.Len(), i+20)])
	}
	// Hexadecimal, as %x gives it where a type does not forbid it.
	if strings.Contains(out.String(), fmt.Sprintf("%x", "canary")) {
		t.Error("a secret shows in hexadecimal")
	}
	if !strings.Contains(out.String(), secret.Redacted) {
		t.Error("nothing says that something was left out")
	}
}
