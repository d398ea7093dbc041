package rtspcam

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/format"
	"github.com/pion/rtp"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/gateway/input/rtspcam/rtspquirks"
	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// answer is an answer to DESCRIBE.
func answer(code base.StatusCode, header ...string) func() *base.Response {
	return func() *base.Response {
		res := &base.Response{StatusCode: code, Header: base.Header{}}
		for i := 0; i < len(header); i += 2 {
			res.Header[header[i]] = append(res.Header[header[i]], header[i+1])
		}
		return res
	}
}

// described answers with this session description.
func described(sdp string) func() *base.Response {
	return func() *base.Response {
		res := answer(base.StatusOK, "Content-Type", "application/sdp")()
		res.Body = []byte("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n" + strings.ReplaceAll(sdp, "\n", "\r\n"))
		return res
	}
}

func html() *base.Response {
	res := answer(base.StatusOK, "Content-Type", "text/html")()
	res.Body = []byte("<html>")
	return res
}

// TestAnswersThatGiveNoVideo: each ends the run with a sentence that says what
// came instead.
func TestAnswersThatGiveNoVideo(t *testing.T) {
	for name, c := range map[string]struct {
		answer func() *base.Response
		opt    Options
		want   string
		is     error
	}{
		"no such path":               {answer: answer(404), want: "does not know the path"},
		"broken":                     {answer: answer(500), want: "500"},
		"forbidden":                  {answer: answer(403), is: stream.ErrDenied, want: "forbids"},
		"a login, and none is set":   {answer: answer(401, "WWW-Authenticate", `Basic realm="c"`), is: stream.ErrDenied, want: "none are configured"},
		"an unknown kind of login":   {answer: answer(401, "WWW-Authenticate", `Negotiate abc`), opt: Options{Username: "u", Password: "p"}, is: stream.ErrDenied, want: "not supported"},
		"another host":               {answer: answer(302, "Location", "rtsp://camera.example/x"), is: rtspquirks.ErrElsewhere},
		"another port":               {answer: answer(301, "Location", "rtsp://127.0.0.1:1/x"), is: rtspquirks.ErrElsewhere},
		"an address that needs none": {answer: answer(301, "Location", "rtsp:///x"), is: rtspquirks.ErrElsewhere},
		"a file":                     {answer: answer(301, "Location", "file:///etc/passwd"), want: "unsupported scheme"},
		"H.266 alone":                {answer: described("m=video 0 RTP/AVP 96\na=rtpmap:96 H266/90000\na=control:t\n"), want: "neither H.264, H.265 nor JPEG, only H266"},
		"others":                     {answer: described("m=video 0 RTP/AVP 96\na=rtpmap:96 MP4V-ES/90000\na=control:t\nm=video 0 RTP/AVP 97\na=rtpmap:97 JPEG2000/90000\na=control:u\n"), want: "only JPEG2000, MP4V-ES"},
		"sound alone":                {answer: described("m=audio 0 RTP/AVP 0\na=control:t\n"), want: "no video"},
		"interleaved H.264":          {answer: described("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=2\na=control:t\n"), want: "packetization-mode=2"},
		"interleaved H.265":          {answer: described("m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-max-don-diff=1\na=control:t\n"), want: "another order than that of decoding (sprop-max-don-diff=1)"},
		"garbage":                    {answer: described("m=video\na=\n"), want: "description"},
		"HTML":                       {answer: html, want: "SDP"},
	} {
		t.Run(name, func(t *testing.T) {
			camera := newCamera(t, camtest.RTSPOptions{Answer: c.answer})
			c.opt.URL = camera.URL("/secret-path")
			err := start(t, newSource(t, c.opt)).wait(t)
			if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("ended with: %v", err)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("repeats the URL: %v", err)
			}
			if got := camera.Describes(); got != 1 {
				t.Errorf("asked %d times", got)
			}
		})
	}
}

func TestWrongPassword(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{Username: "viewer", Password: "right"})
	s := newSource(t, Options{URL: strings.Replace(camera.URL("/"), "://", "://viewer:wrong-secret@", 1)})
	err := start(t, s).wait(t)
	if !errors.Is(err, stream.ErrDenied) || strings.Contains(err.Error(), "secret") {
		t.Errorf("ended with: %v", err)
	}
	if got := camera.Describes(); got != 1 {
		t.Errorf("%d attempts", got)
	}
}

// TestRedirects: within the host they are followed, but not for ever.
func TestRedirects(t *testing.T) {
	for _, c := range []struct{ redirects, asked int }{{1, 2}, {4, 5}, {1 << 30, 5}} {
		var camera *camtest.RTSPCamera
		left := c.redirects
		camera = newCamera(t, camtest.RTSPOptions{Username: "u", Password: "p", Medias: offer(&format.MJPEG{}), Answer: func() *base.Response {
			if left--; left < 0 {
				return nil
			}
			return answer(302, "Location", camera.URL("/again"))()
		}})
		run := start(t, newSource(t, Options{URL: camera.URL("/"), Username: "u", Password: "p"}))
		if c.redirects < maxDials {
			awaitPlay(t, camera, 1)
			send(t, camera, rtptest.JPEGPackets(t, 1)[0])
			run.next(t)
		} else if err := run.wait(t); !errors.Is(err, errRedirects) {
			t.Errorf("ended with: %v", err)
		}
		if got := camera.Describes(); got != c.asked {
			t.Errorf("%d redirects: asked %d times, want %d", c.redirects, got, c.asked)
		}
	}
}

// TestTransportIsRemembered: a camera that refuses TCP is not asked for it
// again, unless nothing comes over UDP.
func TestTransportIsRemembered(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{UDP: true, RefuseTCP: true, Medias: offer(&format.MJPEG{})})
	s := newSource(t, Options{URL: camera.URL("/")})
	for n := range 2 {
		run := start(t, s)
		awaitPlay(t, camera, n+1)
		send(t, camera, rtptest.JPEGPackets(t, 1)[0])
		run.next(t)
		run.cancel()
		if err := run.wait(t); !errors.Is(err, context.Canceled) {
			t.Errorf("ended with: %v", err)
		}
		if !s.refusesTCP {
			t.Error("forgotten")
		}
	}
	s.patience = impatient
	if err := start(t, s).wait(t); !errors.Is(err, errNoPacket) || s.refusesTCP {
		t.Errorf("ended with: %v, remembered %v", err, s.refusesTCP)
	}
	s = newSource(t, Options{URL: camera.URL("/"), Transport: TCP})
	if err := start(t, s).wait(t); err == nil || !strings.Contains(err.Error(), "461") {
		t.Errorf("ended with: %v", err)
	}
	neither := newCamera(t, camtest.RTSPOptions{RefuseTCP: true, Medias: offer(&format.MJPEG{})})
	s = newSource(t, Options{URL: neither.URL("/")})
	for range 2 { // it may have been another camera, or in another mood, that refused TCP
		if err := start(t, s).wait(t); err == nil || !strings.Contains(err.Error(), "461") || s.refusesTCP {
			t.Errorf("ended with: %v, remembered %v", err, s.refusesTCP)
		}
	}
}

// TestSilence: what counts is pictures, whatever else a camera sends.
func TestSilence(t *testing.T) {
	thorough(t)
	groups := rtptest.Packets(t, rtptest.Encoded(t, 12, 160, 120))
	for name, c := range map[string]struct {
		before, after []*rtp.Packet // the test sends before, awaits pictures, and then sends after for ever
		pictures      int
		foreign       bool // after comes from another source (SSRC)
		want          error
		limit         string
	}{
		"nothing at all":        {want: errNoPacket, limit: LimitCameraFirstByte},
		"no keyframe":           {after: groups[1], want: errNoPicture, limit: LimitCameraFirstPicture},
		"reports alone":         {want: errNoPacket, limit: LimitCameraFirstByte},
		"no more packets":       {before: groups[0], pictures: 1, want: errSilent, limit: LimitCameraSilence},
		"no more whole picture": {before: groups[0], pictures: 1, after: groups[3][:1], want: errSilent, limit: LimitCameraSilence},
		"another source":        {before: groups[0], pictures: 1, after: groups[1], foreign: true, want: errSilent, limit: LimitCameraSilence},
	} {
		t.Run(name, func(t *testing.T) {
			camera := newCamera(t, camtest.RTSPOptions{})
			var hits []string // of the one run
			s := newSource(t, Options{URL: camera.URL("/"), Transport: TCP, Limited: func(limit string) { hits = append(hits, limit) }})
			s.patience = impatient
			s.patience.picture = time.Second
			s.silence.Least = 300 * time.Millisecond
			run := start(t, s)
			awaitPlay(t, camera, 1)
			send(t, camera, c.before)
			for range c.pictures {
				run.next(t)
			}
			sequence := uint16(1000)
			for len(run.done) == 0 {
				for _, p := range c.after {
					sequence++
					p := &rtp.Packet{Header: p.Header, Payload: p.Payload}
					p.SequenceNumber = sequence
					if c.foreign {
						camera.Inject(interleaved(p))
					} else {
						camera.Send(p)
					}
				}
				time.Sleep(10 * time.Millisecond) // the pace of a camera
			}
			if err := run.wait(t); !errors.Is(err, c.want) {
				t.Errorf("ended with: %v, want %v", err, c.want)
			}
			if len(hits) != 1 || hits[0] != c.limit {
				t.Errorf("hits of %q, want %q", hits, c.limit)
			}
			if len(run.frames) > 0 {
				t.Errorf("%d frames too many", len(run.frames))
			}
		})
	}
}

// interleaved is a packet as it travels over TCP, from another source.
func interleaved(p *rtp.Packet) []byte {
	p.Version, p.PayloadType, p.SSRC = 2, 96, 0xABCDEF
	b, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return append([]byte{'$', 0, byte(len(b) >> 8), byte(len(b))}, b...)
}

// TestGarbageBetweenPackets: it is passed over.
func TestGarbageBetweenPackets(t *testing.T) {
	camera := newCamera(t, camtest.RTSPOptions{})
	run := start(t, newSource(t, Options{URL: camera.URL("/"), Transport: TCP}))
	awaitPlay(t, camera, 1)
	var frames []media.Frame
	for _, group := range rtptest.Packets(t, rtptest.Encoded(t, 12, 160, 120)) {
		send(t, camera, group)
		frames = append(frames, run.next(t))
		for _, b := range []string{
			"$\x00\x00\x00", "$\x00\x00\x04\x80\x60\x00\x00", "$\x00\x00\x0c\xff\xff12345678xx", // cut off packets
			"$\x00\x00\x10\x90\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\xff\xff", // endless extension
			"$\x00\x00\x0d\xa0\x60\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\xff",             // endless padding
			"$\x00\x00\x0d\x80\x10\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",             // unknown payload type
			"$\x01\x00\x04\x80\xc8\xff\xff", "$\x01\x00\x02\x80\xcb", "$\x01\x00\x00",       // reports
			"$\x09\x00\x03abc", "\x00\r\n\r\n", "RTSP/1.0 200 OK\r\n\r\n",
		} {
			if err := camera.Inject([]byte(b)); err != nil {
				t.Fatal(err)
			}
		}
	}
	rtptest.WantNumbers(t, frames, rtptest.Span(0, 12))
}

// TestBadParameterSets: pictures of no size, or of too many pixels, end the run
// with the reason, in band and announced.
func TestBadParameterSets(t *testing.T) {
	huge := []byte{0x67, 0x42, 0x00, 0x28, 0xda, 0x00, 0x10, 0x00, 0x04, 0x00, 0x04, 0x20} // of 16384x16384
	for name, sps := range map[string][]byte{
		"16384x16384":                  squareSPS(1023, 0),
		"0x0":                          squareSPS(9, 80),
		"-2x-2":                        squareSPS(9, 81),
		"16x16 cut out of 16384x16384": squareSPS(1023, (16384-16)/2),
		"garbage":                      {0x67, 0x64, 0x00, 0x1F, 0x00, 0x00},
		"a few bytes":                  {0x67, 0x42},
		"another":                      huge,
	} {
		camera := newCamera(t, camtest.RTSPOptions{})
		run := start(t, newSource(t, Options{URL: camera.URL("/")}))
		awaitPlay(t, camera, 1)
		send(t, camera, rtptest.Packets(t, []rtptest.Picture{{sps, smallPPS, {0x65, 0x88, 0x84, 0}}})[0])
		if err := run.wait(t); !errors.Is(err, media.ErrBadParameterSets) {
			t.Errorf("%s: ended with %v", name, err)
		}
	}
	sprop := base64.StdEncoding.EncodeToString(squareSPS(1023, 0)) + "," + base64.StdEncoding.EncodeToString(smallPPS)
	camera := newCamera(t, camtest.RTSPOptions{Answer: described("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=" + sprop + "\na=control:trackID=0\n")})
	run := start(t, newSource(t, Options{URL: camera.URL("/")}))
	awaitPlay(t, camera, 1)
	send(t, camera, rtptest.Packets(t, []rtptest.Picture{{{0x65, 0x88, 0x84, 0}}})[0])
	if err := run.wait(t); !errors.Is(err, media.ErrBadParameterSets) {
		t.Errorf("announced: ended with %v", err)
	}
}

// smallPPS is one of x264.
var smallPPS = []byte{0x68, 0xeb, 0xe3, 0xcb, 0x22, 0xc0}

// squareSPS writes a baseline SPS with n+1 macroblocks a side, of which so many
// pairs of pixels are cut off at the right and at the bottom.
func squareSPS(n, cut int) []byte {
	var bits strings.Builder
	golomb := func(v int) {
		b := fmt.Sprintf("%b", v+1)
		bits.WriteString(strings.Repeat("0", len(b)-1) + b)
	}
	for _, v := range []int{0, 0, 2, 1} { // id, log2_max_frame_num_minus4, pic_order_cnt_type, max_num_ref_frames
		golomb(v)
	}
	bits.WriteString("0")
	golomb(n)
	golomb(n)
	bits.WriteString("10") // frame_mbs_only_flag, direct_8x8
	if cut == 0 {
		bits.WriteString("0")
	} else {
		bits.WriteString("1")
		for _, offset := range []int{0, cut, 0, cut} { // left, right, top, bottom
			golomb(offset)
		}
	}
	bits.WriteString("01") // vui, stop bit
	b := []byte{0x67, 66, 0, 40}
	text := bits.String() + strings.Repeat("0", 7)
	for ; len(text) >= 8; text = text[8:] {
		var v byte
		fmt.Sscanf(text[:8], "%b", &v)
		b = append(b, v)
	}
	return b
}
