package config

import (
	"slices"
	"strings"
	"testing"
)

// TestCredentialsInAddresses: what of an address is a secret, how it is shown
// without, and what is none.
func TestCredentialsInAddresses(t *testing.T) {
	for _, c := range []struct {
		address, shown string
		secrets        []string
	}{
		{"http://a/", "http://a/", nil},
		{"http://a", "http://a", nil},
		{"http://a:8080/x.mjpg", "http://a:8080/x.mjpg", nil},
		{"http://a/x?channel=1", "http://a/x?<redacted>", nil},
		{"http://a/x?user=u&pwd=s1", "http://a/x?<redacted>", []string{"s1"}},
		{"http://a/x?PassWord=s1;token=s%202&x=&key=", "http://a/x?<redacted>", []string{"s1", "s%202", "s 2"}},
		{"http://a/x?authtoken=s1&loginpas=n", "http://a/x?<redacted>", []string{"s1"}},
		{"rtsp://a/user=admin_password=s1_channel=1_stream=0.sdp", "rtsp://a/user=admin_password=<redacted>_channel=1_stream=0.sdp", []string{"s1"}},
		{"rtsp://a/user=admin&password=s1&channel=1", "rtsp://a/user=admin&password=<redacted>&channel=1", []string{"s1"}},
		{"rtsp://a/user=admin_password=s_1_x=1", "rtsp://a/user=admin_password=<redacted>_x=1", []string{"s_1"}},
		{"rtsp://a/password=s1", "rtsp://a/password=<redacted>", []string{"s1"}},
		{"rtsp://a/password=/live", "rtsp://a/password=/live", nil},
		{"rtsp://a/pwd=s1/token=s2;x", "rtsp://a/pwd=<redacted>/token=<redacted>;x", []string{"s1", "s2"}},
		{"rtsp://a/pwd=s1,pwd=s2", "rtsp://a/pwd=<redacted>,pwd=<redacted>", []string{"s1", "s2"}},
		{"http://a/admin:s1/video", "http://a/admin:<redacted>/video", []string{"s1"}},
		{"http://a/admin:s%2F1/video", "http://a/admin:<redacted>/video", []string{"s%2F1", "s/1"}},
		{"http://a/admin:/video", "http://a/admin:/video", nil},
		{"http://a/:s1/video", "http://a/:s1/video", nil},
		{"http://a/live/admin:s1", "http://a/live/admin:s1", nil}, // it is the first part that has them
		{"http://a/mp4:sample.mp4", "http://a/mp4:sample.mp4", nil},
		{"http://a/RTSP:x/y", "http://a/RTSP:x/y", nil},
		{"http://a/keyframe=3", "http://a/keyframe=<redacted>", []string{"3"}}, // rather too much than too little
		{"http://a/channel=1_stream=0", "http://a/channel=1_stream=0", nil},
		{"rtmp://a/live/s1", "rtmp://a/live/<redacted>", []string{"s1"}},
		{"rtmps://a:1/x/live/s%201/?k=v", "rtmps://a:1/x/live/<redacted>/?<redacted>", []string{"s%201", "s 1"}},
		{"rtmp://a/s1", "rtmp://a/<redacted>", []string{"s1"}},
		{"rtmp://a/admin:s1/x/s2", "rtmp://a/admin:<redacted>/x/<redacted>", []string{"s1", "s2"}},
	} {
		source, _, err := parseSource(c.address, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := source.Shown(); got != c.shown {
			t.Errorf("%s is shown as %s", c.address, got)
		}
		if got := source.Credentials(); !slices.Equal(got, c.secrets) {
			t.Errorf("%s: the secrets are %q, want %q", c.address, got, c.secrets)
		}
		if got := source.Text(); got != c.address {
			t.Errorf("%s is written as %s", c.address, got)
		}
	}
}

// FuzzCredentials: whatever an address is, nothing that is a secret of its path
// is shown, and the rest of it is.
func FuzzCredentials(f *testing.F) {
	for _, seed := range []string{"user=admin_password=s1_channel=1", "admin:s1/x", "pwd=a,pwd=b;pwd=c", "=", "pwd==x", ":/:", "a_pwd=b_c=d_pass=e"} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	f.Fuzz(func(t *testing.T, path string, rtmp bool) {
		if strings.Contains(path, "?") || strings.Contains(path, "<") {
			return
		}
		source := Source{Kind: SourceHTTP, URL: "http://host/" + path}
		if rtmp {
			source = Source{Kind: SourceFLV, URL: "rtmp://host/" + path}
		}
		found := pathCredentials(source.URL, pathStart(source.URL))
		rest, at := "", 0
		for _, s := range found {
			if s.from < at || s.to <= s.from || s.to > len(source.URL) {
				t.Fatalf("%q: %v", source.URL, found)
			}
			rest, at = rest+source.URL[at:s.from], s.to
		}
		rest += source.URL[at:]
		if shown := source.String(); strings.ReplaceAll(shown, "<redacted>", "") != rest || strings.Count(shown, "<redacted>") != len(found) {
			t.Errorf("%q is shown as %q", source.URL, shown)
		}
	})
}
