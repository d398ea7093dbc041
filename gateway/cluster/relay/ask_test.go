package relay_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"framegate/gateway/cluster/relay"
	"framegate/gateway/stream"
)

// TestWhoARenditionIsAskedForIsSaid as digests, and a busy owner's answer is one of its own.
func TestWhoARenditionIsAskedForIsSaid(t *testing.T) {
	s := newSite(t)
	asked := make(chan relay.Ask, 1)
	s.door.Show = func(_ http.ResponseWriter, _ *http.Request, ask relay.Ask) error {
		select {
		case asked <- ask:
		default: // it is asked again and again
		}
		return fmt.Errorf("%w: two of two", relay.ErrBusy)
	}
	ann := stream.Client{Principal: "user:ann", Address: "10.0.0.1"}
	var failures []error
	for key, payer := range map[stream.Key]stream.Payer{front: {}, smaller: ann.Payer()} {
		able := s.edge(func(k stream.Key) relay.Options {
			o := s.options(k)
			o.Able = func() bool { return k == smaller }
			return o
		})
		_, err := s.next(s.open(able, key, stream.ReadOptions{Client: &ann}))
		failures = append(failures, err)
		if ask := <-asked; ask.For != payer || ask.Able != (key == smaller) || ask.Key != key {
			t.Errorf("asked for %v: %+v", key, ask)
		}
		able.Close()
		select {
		case <-asked:
		default:
		}
	}
	for _, err := range failures {
		if !errors.Is(err, relay.ErrBusy) || !errors.Is(err, stream.ErrFull) || !strings.Contains(err.Error(), "two of two") {
			t.Errorf("a busy owner is answered by %v", err)
		}
	}
}

// TestDigestsOfAnotherLengthAreRefused, and nobody is shown anything for them.
func TestDigestsOfAnotherLengthAreRefused(t *testing.T) {
	s := newSite(t)
	s.door.Show = func(http.ResponseWriter, *http.Request, relay.Ask) error {
		t.Error("it is shown")
		return relay.ErrElsewhere
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: s.ids["b"].TLS("a"), DisableKeepAlives: true}}
	for i, bad := range []string{"who=ab", "who=" + strings.Repeat("a", 33), "from=" + strings.Repeat("zz", 16), "from=" + strings.Repeat("a", 4000)} {
		answer, err := client.Get("https://" + s.address + "/relay/front?rendition=jpeg-w64&epoch=1&path=b&" + bad)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != http.StatusBadRequest || s.door.Query.Load() != uint64(i+1) {
			t.Errorf("%.20s: %s, %d are counted", bad, answer.Status, s.door.Query.Load())
		}
	}
}
