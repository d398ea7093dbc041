package rtspserver

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4"
	"github.com/bluenviron/gortsplib/v4/pkg/description"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/httplimit"
	"framegate/gateway/output/rtppack"
	"framegate/gateway/stream"
)

// studio is where what is sent by RTSP comes to.
type studio struct {
	*site
	described chan string
	begun     chan []int
	got       chan string // of each packet its track and its data
	left      chan struct{}
	busy      error // of who begins; nil: it may
}

// newStudio makes a server to which who brings the link that is "good" may send.
func newStudio(t *testing.T, change func(*Options)) *studio {
	st := &studio{described: make(chan string, 10), begun: make(chan []int, 10), got: make(chan string, 1000), left: make(chan struct{}, 10)}
	st.site = newSite(t, func(o *Options) {
		o.Announce = st.announce
		if change != nil {
			change(o)
		}
	})
	return st
}

func (st *studio) announce(_ context.Context, ask Ask, text []byte) (*Sending, error) {
	if ask.Query.Get("link") != "good" {
		return nil, &Refusal{Status: 401, Words: "no", Challenges: []string{`Basic realm="x"`}}
	}
	st.described <- string(text)
	ctx, end := context.WithCancelCause(context.Background())
	st.end = end
	return &Sending{
		Context: ctx,
		Leave:   func() { end(nil); st.left <- struct{}{} },
		Track: func(address string) int {
			return strings.Index("01", address[len(address)-1:])
		},
		Begin: func(ordered []int) error {
			if st.busy == nil {
				st.begun <- ordered
			}
			return st.busy
		},
		Packet: func(track int, report bool, b []byte) {
			if !report {
				b = b[rtppack.HeadBytes:]
			}
			st.got <- fmt.Sprintf("%d %v %s", track, report, b)
		},
	}, nil
}

// TestWhatIsSentComes by gortsplib's client, of each track, within the connection and
// over UDP.
func TestWhatIsSentComes(t *testing.T) {
	for name, transport := range map[string]gortsplib.Transport{"TCP": gortsplib.TransportTCP, "UDP": gortsplib.TransportUDP} {
		t.Run(name, func(t *testing.T) {
			st := newStudio(t, nil)
			session := &description.Session{Medias: []*description.Media{
				{Type: description.MediaTypeVideo, Formats: []format.Format{&format.H264{PayloadTyp: 96, PacketizationMode: 1}}},
				{Type: description.MediaTypeAudio, Formats: []format.Format{&format.G711{PayloadTyp: 8, SampleRate: 8000, ChannelCount: 1}}},
			}}
			client := gortsplib.Client{Transport: &transport}
			if err := client.StartRecording(st.url(""), session); err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			if text := next(t, "the description", st.described); !strings.Contains(text, "H264") {
				t.Errorf("described is %q", text)
			}
			if ordered := next(t, "the beginning", st.begun); len(ordered) != map[string]int{"TCP": 2, "UDP": 0}[name] {
				t.Errorf("tracks %v are in order", ordered)
			}
			for n := range 20 {
				data := fmt.Sprintf("packet %d%s", n, bytes.Repeat([]byte{'.'}, 50*n))
				packet := &rtp.Packet{Header: rtp.Header{Version: 2, PayloadType: uint8(96 - 88*(n%2)), SequenceNumber: uint16(n)}, Payload: []byte(data)}
				if err := client.WritePacketRTP(session.Medias[n%2], packet); err != nil {
					t.Fatal(err)
				}
				for {
					got := next(t, data, st.got)
					if strings.Contains(got, "true") { // a report
						continue
					}
					if want := fmt.Sprintf("%d false %s", n%2, data); got != want {
						t.Fatalf("%q comes as %q", want, got)
					}
					break
				}
			}
			client.Close()
			next(t, "the end", st.left)
		})
	}
}

// TestHowSendingGoes: what is answered to requests in their order, and out of it.
func TestHowSendingGoes(t *testing.T) {
	st := newStudio(t, nil)
	k := st.dial()
	within := "Transport: RTP/AVP/TCP;unicast;interleaved=4-5;mode=record"
	for n, step := range []struct {
		method, target string
		headers        []string
		status         int
	}{
		{"ANNOUNCE", strings.Replace(st.url(""), "good", "bad", 1), nil, 401},
		{"ANNOUNCE", "*", nil, 400},
		{"RECORD", st.url(""), nil, 455},
		{"ANNOUNCE", st.url(""), nil, 200},
		{"ANNOUNCE", st.url(""), nil, 455},
		{"DESCRIBE", st.url(""), nil, 455},
		{"RECORD", st.url(""), nil, 455}, // without a track
		{"SETUP", st.url("") + "/streamid=7", []string{within}, 404},
		{"SETUP", st.url("") + "/streamid=1", []string{"Transport: RTP/AVP;unicast;client_port=53-54"}, 463},
		{"SETUP", st.url("") + "/streamid=1", []string{within}, 200},
		{"SETUP", st.url("") + "/streamid=1", []string{within}, 455},
		{"SETUP", st.url("") + "/streamid=0", []string{within}, 461}, // whose channels are the other's
		{"PLAY", st.url(""), nil, 455},
		{"RECORD", st.url(""), nil, 453},
		{"RECORD", st.url(""), nil, 405},
		{"RECORD", st.url(""), nil, 200},
		{"PAUSE", st.url(""), nil, 200},
		{"RECORD", st.url(""), nil, 200},
		{"SETUP", st.url("") + "/streamid=0", []string{"Transport: RTP/AVP/TCP;unicast"}, 455},
		{"GET_PARAMETER", st.url(""), nil, 200},
	} {
		st.busy = map[int]error{453: fmt.Errorf("front: %w", stream.ErrBusy), 405: stream.ErrPulled}[step.status]
		if a := k.ask(step.method, step.target, step.headers...); a.status != step.status {
			t.Fatalf("step %d, %s %s: %+v", n, step.method, step.target, a)
		}
	}
	packet := append([]byte{interleaved, 4, 0, rtppack.HeadBytes + 2}, make([]byte, rtppack.HeadBytes)...)
	for _, b := range [][]byte{append(packet, "hi"...), {interleaved, 5, 0, 2, 'r', 'r'}, {interleaved, 9, 0, 1, 'x'}} {
		if _, err := k.conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	for _, want := range []string{"1 false hi", "1 true rr"} {
		if got := next(t, want, st.got); got != want {
			t.Errorf("%q comes, not %q", got, want)
		}
	}
	if a := k.ask("TEARDOWN", st.url("")); a.status != 200 {
		t.Errorf("%+v", a)
	}
	next(t, "the end", st.left)
	if len(st.got) > 0 {
		t.Errorf("%q comes too", <-st.got)
	}
}

// TestWhoSendsNothingIsLetGo, and so is who may send no longer.
func TestWhoSendsNothingIsLetGo(t *testing.T) {
	st := newStudio(t, func(o *Options) { o.Silence = 200 * time.Millisecond })
	begin := func(transport string) *talker {
		k := st.dial()
		for _, ask := range [][]string{{"ANNOUNCE", st.url("")}, {"SETUP", st.url("") + "/0", "Transport: " + transport}, {"RECORD", st.url("")}} {
			if a := k.ask(ask[0], ask[1], ask[2:]...); a.status != 200 {
				t.Fatalf("%s: %+v", ask[0], a)
			}
		}
		return k
	}
	rtp, _ := freePair(t)
	for _, transport := range []string{"RTP/AVP/TCP;interleaved=0-1", fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", portOf(rtp), portOf(rtp)+1)} {
		k := begin(transport)
		k.gone("who sends nothing by " + transport)
		if hit := next(t, "the limit", st.hits); hit != LimitPublisherSilence {
			t.Errorf("limit %s", hit)
		}
		next(t, "the end", st.left)
	}
	if n := len(st.server.options.UDP.peers); n != 0 {
		t.Errorf("%d addresses are kept", n)
	}
}

// TestWhoMaySendNoLonger is cut.
func TestWhoMaySendNoLonger(t *testing.T) {
	st := newStudio(t, nil)
	k := st.dial()
	if a := k.ask("ANNOUNCE", st.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	st.end(stream.ErrEnded)
	k.gone("who may send no longer")
	next(t, "the end", st.left)
}

// TestWhatIsAnnouncedIsBounded: a description of 10 MB, one of a thousand tracks, and a
// head without end are refused, counted, and hurt nobody else. Packets come from who asks, whatever a
// client says of other hosts.
func TestWhatIsAnnouncedIsBounded(t *testing.T) {
	st := newStudio(t, nil)
	other := st.dial()
	for name, sent := range map[string]string{
		"10 MB":             "Content-Length: 10485760\r\n\r\n" + strings.Repeat("a=x\r\n", 1000),
		"a thousand tracks": "Content-Length: 21000\r\n\r\n" + strings.Repeat("m=video 0 RTP/AVP 26\n", 1000),
		"a head":            strings.Repeat("X: y\r\n", 10_000),
		"a line":            "X: " + strings.Repeat("y", 100_000),
		"a length":          "Content-Length: -1\r\n\r\n",
	} {
		k := st.dial()
		_, _ = fmt.Fprintf(k.conn, "ANNOUNCE %s RTSP/1.0\r\nCSeq: 1\r\n%s", st.url(""), sent) // it may be gone by the end
		k.gone("who announces " + name)
		if hit := next(t, "the limit", st.hits); hit != httplimit.LimitHeaderBytes {
			t.Errorf("%s: limit %s", name, hit)
		}
	}
	if a := other.ask("ANNOUNCE", st.url("")); a.status != 200 {
		t.Errorf("another: %+v", a)
	}
	rtp, _ := freePair(t)
	for _, c := range []struct {
		elsewhere string
		status    int
	}{{"destination=192.0.2.1", 463}, {"source=192.0.2.2", 200}} {
		transport := fmt.Sprintf("Transport: RTP/AVP;unicast;%s;client_port=%d-%d;mode=record", c.elsewhere, portOf(rtp), portOf(rtp)+1)
		if a := other.ask("SETUP", st.url("")+"/0", transport); a.status != c.status {
			t.Fatalf("%s: %+v", c.elsewhere, a)
		}
	}
	if a := other.ask("RECORD", st.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	udp := st.server.options.UDP
	udp.mu.Lock()
	defer udp.mu.Unlock()
	for address := range udp.peers {
		if !address.Addr().IsLoopback() {
			t.Errorf("packets may come from %s", address)
		}
	}
}
