package transport

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// TestBrowserOnTheNetwork opens the broadcast page as a phone would: on an
// address of this machine's that is not loopback.
func TestBrowserOnTheNetwork(t *testing.T) {
	t.Parallel()
	rig.NeedBrowser(t)
	addresses := networkAddresses(t)
	if len(addresses) == 0 {
		t.Skip("this machine has no address but loopback")
	}
	t.Run("https", func(t *testing.T) {
		l := rig.Launch(t, net.JoinHostPort(addresses[0], "0"), "webrtc: {listen: off}\ntls: {mode: self-signed}")
		trust := trust(t, l)
		trust.ServerName = addresses[0]
		v, err := camtest.Watch(t.Context(), l.URL+"/live/phone.mjpeg", camtest.WatchOptions{TLS: trust})
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		arrived := make(chan error, 1)
		go func() { // ends with v
			for {
				part, err := v.Next()
				if err != nil || part.Width == 320 && part.Height == 240 {
					arrived <- err
					return
				}
			}
		}()
		rig.Drive(t, "secure.mjs", "https", l.URL, authorityKey(t, l.Data))
		select {
		case err := <-arrived:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(rig.Ceiling):
			t.Error("no picture of the page arrives")
		}
	})
	t.Run("http", func(t *testing.T) {
		rig.Drive(t, "secure.mjs", "http", rig.Launch(t, net.JoinHostPort(addresses[0], "0"), "").URL)
	})
}

// authorityKey gives the hash by which Chromium knows the authority of the
// gateway that keeps its data there.
func authorityKey(t *testing.T, data string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "tls", "ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(b)
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	return base64.StdEncoding.EncodeToString(hash[:])
}
