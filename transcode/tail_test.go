package transcode

import (
	"strings"
	"testing"
)

func TestSecretsAreMasked(t *testing.T) {
	for said, want := range map[string]string{
		"rtsp://admin:s3cret@10.0.0.1/x: refused":              "rtsp://<redacted>@10.0.0.1/x: refused",
		"'http://u:p@ss/w@h/'":                                 "'http://<redacted>@h/'",
		"http://h/snap?user=bob&pwd=s3cret&w=640":              "http://h/snap?user=<redacted>&pwd=<redacted>&w=640",
		"http://h/live/a.jpg?exp=17&sig=s3cret, then":          "http://h/live/a.jpg?exp=<redacted>&sig=<redacted> then",
		"http://h/?X-Amz-Signature=s3cret&access_token=s3cret": "http://h/?X-Amz-Signature=<redacted>&access_token=<redacted>",
		"a@b is no address, and 3 > 2?":                        "a@b is no address, and 3 > 2?",
		"http://h/x: 404\nrtsp://u:s3cret@h: 401\r\nthe end":   "http://h/x: 404; rtsp://<redacted>@h: 401; the end",
	} {
		var all tail
		all.Write([]byte(said))
		if got := all.String(); got != want {
			t.Errorf("%q is told as %q, want %q", said, got, want)
		}
	}
}

// TestSecretAtTheCutIsNotTold cuts an address at each place.
func TestSecretAtTheCutIsNotTold(t *testing.T) {
	const address = "rtsp://admin:s3cret@10.0.0.1/"
	for after := maxTail - len(address); after <= maxTail; after++ {
		for _, piecewise := range []bool{false, true} {
			var all tail
			rest := " " + strings.Repeat("x", after-5) + "\nend"
			if piecewise {
				all.Write([]byte("before " + address))
				all.Write([]byte(rest))
			} else {
				all.Write([]byte("before " + address + rest))
			}
			got := all.String()
			for n := 3; n < len("s3cret"); n++ {
				if end := "s3cret"[n:] + "@"; strings.Contains(got, end) {
					t.Fatalf("with %d bytes behind it, %q is told", after, end)
				}
			}
			if !strings.HasSuffix(got, "; end") {
				t.Fatalf("with %d bytes behind it, the end is %.20q", after, got[max(0, len(got)-20):])
			}
		}
	}
}

func TestOneEndlessWordIsNotTold(t *testing.T) {
	var all tail
	all.Write([]byte("rtsp://admin:" + strings.Repeat("s3cret", maxTail)))
	if got := all.String(); got != "" {
		t.Errorf("got %.100q", got)
	}
}
