package rtspcam

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"

	"framegate/gateway/camtest"
	"framegate/gateway/input/rtspcam/rtptest"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// crlf ends lines as RTSP does.
func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

const (
	sdpHead = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nt=0 0\n"
	sdpJPEG = "m=video 0 RTP/AVP 26\na=control:trackID=0\n"
)

// oddDescriptions describe the stream of JPEGs that trackID=0 is, and things
// that are not wanted.
var oddDescriptions = map[string]string{
	"AAC without a config":          sdpHead + "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000\na=control:trackID=1\n" + sdpJPEG,
	"AAC with a broken config":      sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000/1\na=fmtp:97 config=zz;mode=AAC-hbr\na=control:trackID=1\n",
	"opus without channels":         sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 97\na=rtpmap:97 opus/48000\na=control:trackID=1\n",
	"audio of no kind":              sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 98\na=control:trackID=1\n",
	"m=image":                       sdpHead + "m=image 0 RTP/AVP 99\na=rtpmap:99 PNG/90000\n" + sdpJPEG,
	"m=data, of another transport":  sdpHead + "m=data 0 udptl t38\n" + sdpJPEG,
	"metadata":                      sdpHead + sdpJPEG + "m=application 0 RTP/AVP 107\na=rtpmap:107 vnd.onvif.metadata/90000\na=control:trackID=2\n",
	"some with a mid":               sdpHead + sdpJPEG + "m=audio 0 RTP/AVP 0\na=mid:a-1\na=control:trackID=1\n",
	"equal mids":                    sdpHead + strings.Replace(sdpJPEG, "a=", "a=mid:1\na=", 1) + "m=audio 0 RTP/AVP 0\na=mid:1\na=control:trackID=1\n",
	"an empty b=AS:":                sdpHead + strings.Replace(sdpJPEG, "a=", "b=AS:\na=", 1),
	"b=RS of nobody":                sdpHead + "b=XX:-1\n" + sdpJPEG,
	"bad HEVC beside":               sdpHead + "m=video 0 RTP/AVP 96\na=rtpmap:96 H265/90000\na=fmtp:96 sprop-vps=!;sprop-sps=!;sprop-pps=!\na=control:trackID=3\n" + sdpJPEG,
	"a bad key-mgmt":                sdpHead + "a=key-mgmt:none at all\n" + sdpJPEG,
	"a FEC group of nobody":         sdpHead + "a=group:FEC 1 2\n" + sdpJPEG,
	"no origin":                     "v=0\ns=-\n" + sdpJPEG,
	"an origin of words":            strings.Replace(sdpHead, "o=- 0 0 IN IP4", "o=camera one two three", 1) + sdpJPEG,
	"an origin that is not IN":      strings.Replace(sdpHead, "IN IP4", "XX YY", 1) + sdpJPEG,
	"a version of 1":                strings.Replace(sdpHead, "v=0", "v=1", 1) + sdpJPEG,
	"no version":                    strings.TrimPrefix(sdpHead, "v=0\n") + sdpJPEG,
	"a time of words":               strings.Replace(sdpHead, "t=0 0", "t=now later", 1) + sdpJPEG,
	"a connection to nobody":        sdpHead + "c=none\n" + sdpJPEG,
	"a connection to a group":       sdpHead + "c=IN IP4 239.1.1.1/64\n" + sdpJPEG,
	"lines of rubbish":              sdpHead + "hello\n=\nx\n" + sdpJPEG + "zz=1\n\x01\n",
	"unknown letters":               sdpHead + "y=1\n" + sdpJPEG + "q=2\n",
	"blanks around":                 sdpHead + "  m=video 0 RTP/AVP 26  \n a=control:trackID=0 \n",
	"CR alone":                      strings.ReplaceAll(sdpHead+sdpJPEG, "\n", "\r"),
	"in capitals":                   sdpHead + "m=VIDEO 0 rtp/avp 26\na=CONTROL:trackID=0\n",
	"another transport":             sdpHead + "m=video 0 RTP/AVP/TCP 26\na=control:trackID=0\n",
	"a transport of no kind":        sdpHead + "m=video 0 XX 26\na=control:trackID=0\n",
	"ports of no kind":              sdpHead + "m=video 99999/x RTP/AVP 26\na=control:trackID=0\n",
	"rtpmap in lower case":          sdpHead + "m=video 0 RTP/AVP 26\na=rtpmap:26  jpeg/90000\na=control:trackID=0\n",
	"rtpmap without a clock":        sdpHead + "m=video 0 RTP/AVP 26\na=rtpmap:26 JPEG\na=control:trackID=0\n",
	"a format of words":             sdpHead + "m=video 0 RTP/AVP smart/1/90000\na=rtpmap:26 JPEG/90000\na=control:trackID=0\n",
	"no format, but the rtpmap":     sdpHead + "m=video 0 RTP/AVP\na=rtpmap:26 JPEG/90000\na=control:trackID=0\n",
	"other formats in the same m=":  sdpHead + "m=video 0 RTP/AVP 300 99 26\na=rtpmap:99 H265/90000\na=fmtp:99 sprop-sps=!\na=control:trackID=0\n",
	"sendonly":                      sdpHead + sdpJPEG + "a=sendonly\n",
	"a back channel beside":         sdpHead + "m=audio 0 RTP/AVP 0\na=sendonly\na=control:back\n" + sdpJPEG,
	"a thousand streams beside":     sdpHead + sdpJPEG + strings.Repeat("m=audio 0 RTP/AVP 0\n", 1000),
	"no blank line, no last ending": strings.TrimSuffix(sdpHead+sdpJPEG, "\n"),
}

func TestOddDescriptions(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 3)
	for _, name := range slices.Sorted(maps.Keys(oddDescriptions)) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			everyWay(t, func(t *testing.T, options camtest.RTSPTextOptions, opt Options) {
				t.Parallel()
				options.SDP = crlf(oddDescriptions[name])
				camera := newTextCamera(t, options)
				wantPlayed(t, camera, opt, copied(groups))
				asked := askedWith(camera, "SETUP")
				sounds := len(asked) == 2 && strings.Contains(options.SDP, "m=audio") && asked[1] != asked[0]
				if asked[0] != camera.URL("/cam/trackID=0") || len(asked) > 1 && !sounds {
					t.Errorf("set up: %q", asked)
				}
			})
		})
	}
}

// askedWith gives the URLs of the requests with a method.
func askedWith(camera *camtest.RTSPTextCamera, method string) []string {
	var urls []string
	for _, r := range camera.Requests() {
		if r.Method == method {
			urls = append(urls, r.URL)
		}
	}
	return urls
}

// TestOtherStreamsAreToldOnce, in the log.
func TestOtherStreamsAreToldOnce(t *testing.T) {
	camera := newTextCamera(t, camtest.RTSPTextOptions{SDP: crlf(sdpHead + "m=audio 0 RTP/AVP 97\na=rtpmap:97 MPEG4-GENERIC/16000\n" + sdpJPEG)})
	var log bytes.Buffer
	s := newSource(t, Options{URL: camera.URL("/"), Log: slog.New(slog.NewTextHandler(&log, nil))})
	for i := range 2 {
		run := start(t, s)
		awaitRequest(t, camera, "PLAY", i+1)
		run.cancel()
		run.wait(t)
	}
	if n := strings.Count(log.String(), `"[audio MPEG4-GENERIC]"`); n != 1 {
		t.Errorf("told %d times: %s", n, log.String())
	}
}

// TestOddParameters: parameter sets that cannot be read are awaited with the
// pictures, and those that can be are taken however they are written.
func TestOddParameters(t *testing.T) {
	const n = 3
	pictures := rtptest.Encoded(t, n, 160, 120)
	var sps, pps []byte
	for _, unit := range pictures[0] {
		switch unit[0] & 0x1F {
		case h264.TypeSPS:
			sps = unit
		case 8:
			pps = unit
		}
	}
	std, forURLs, raw := base64.StdEncoding.EncodeToString, base64.URLEncoding.EncodeToString, base64.RawStdEncoding.EncodeToString
	annexB := func(units ...[]byte) []byte {
		var b []byte
		for _, u := range units {
			b = append(append(b, 0, 0, 0, 1), u...)
		}
		return b
	}
	for name, c := range map[string]struct {
		fmtp   string
		inBand bool
	}{
		"usual":                       {"packetization-mode=1;sprop-parameter-sets=" + std(sps) + "," + std(pps), false},
		"unpadded":                    {"packetization-mode=1;sprop-parameter-sets=" + raw(sps) + "," + raw(pps), false},
		"for URLs":                    {"sprop-parameter-sets=" + forURLs(sps) + "," + forURLs(pps), false},
		"quoted":                      {`packetization-mode="1";sprop-parameter-sets="` + std(sps) + "," + std(pps) + `"`, false},
		"each quoted, with blanks":    {`sprop-parameter-sets = "` + std(sps) + `" , "` + std(pps) + `" ; x`, false},
		"PPS first":                   {"sprop-parameter-sets=" + std(pps) + "," + std(sps), false},
		"names in capitals":           {"Packetization-Mode=1; SPROP-PARAMETER-SETS=" + std(sps) + "," + std(pps), false},
		"start codes":                 {"sprop-parameter-sets=" + std(annexB(sps)) + "," + std(annexB(pps)), false},
		"both in one":                 {"sprop-parameter-sets=" + std(annexB(sps, pps)), false},
		"something behind":            {"sprop-parameter-sets=" + std(sps) + "," + std(pps) + "," + std([]byte{6, 1, 2}) + ",", false},
		"broken":                      {"packetization-mode=1;sprop-parameter-sets=!!!,???", true},
		"broken PPS":                  {"sprop-parameter-sets=" + std(sps) + ",***", true},
		"cut off":                     {"sprop-parameter-sets=" + std(sps[:3]) + "," + std(pps), true},
		"rubbish":                     {"sprop-parameter-sets=" + std([]byte("\x67\xFF\xFF\xFF\xFF\xFF")) + "," + std(pps), true},
		"SPS alone":                   {"sprop-parameter-sets=" + std(sps), true},
		"empty":                       {"packetization-mode=1;sprop-parameter-sets=", true},
		"a mode that is no number":    {"packetization-mode=one;profile-level-id=xyz", true},
		"a mode below 0":              {"packetization-mode=-1", true},
		"no value":                    {"packetization-mode;;=;", true},
		"a profile that is no number": {"profile-level-id=;level-asymmetry-allowed", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := slices.Clone(pictures)
			if !c.inBand {
				sent[0] = slices.DeleteFunc(slices.Clone(sent[0]), func(u []byte) bool { return u[0]&0x1F == h264.TypeSPS || u[0]&0x1F == 8 })
			}
			camera := newTextCamera(t, camtest.RTSPTextOptions{
				PayloadType: 96,
				SDP:         crlf(sdpHead + "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\na=fmtp:96 " + c.fmtp + "\na=control:trackID=0\n"),
			})
			wantPlayed(t, camera, Options{}, rtptest.Packets(t, sent))
		})
	}
}

// TestOddParametersOfH265: as TestOddParameters, of the three parameters that
// H.265 has for its sets.
func TestOddParametersOfH265(t *testing.T) {
	const n = 3
	pictures := rtptest.EncodedH265(t, n, 160, 120)
	var sets []string // VPS, SPS, PPS
	var annexB []byte
	for _, unit := range pictures[0] {
		if h265.IsSet(unit) {
			sets = append(sets, base64.StdEncoding.EncodeToString(unit))
			annexB = append(append(annexB, 0, 0, 0, 1), unit...)
		}
	}
	vps, sps, pps := sets[0], sets[1], sets[2]
	short := base64.StdEncoding.EncodeToString([]byte{0x42, 1, 1, 1})
	for name, c := range map[string]struct {
		format, fmtp string
		inBand       bool
	}{
		"usual":                   {"H265/90000", "profile-id=1;sprop-vps=" + vps + ";sprop-sps=" + sps + ";sprop-pps=" + pps, false},
		"another name":            {"HEVC/90000", "sprop-pps=" + pps + "; sprop-sps=" + sps + "; sprop-vps=" + vps, false},
		"quoted, in capitals":     {"h265", `SPROP-VPS="` + vps + `"; Sprop-SPS = "` + sps + `" ; sprop-pps="` + pps + `"`, false},
		"several":                 {"H265/90000", "sprop-vps=" + vps + "," + vps + ";sprop-sps=," + sps + ";sprop-pps=" + pps + ",!", false},
		"all in one":              {"H265/90000", "sprop-vps=" + base64.StdEncoding.EncodeToString(annexB), false},
		"in order, as it is said": {"H265/90000", "sprop-max-don-diff=0;sprop-vps=" + vps + ";sprop-sps=" + sps + ";sprop-pps=" + pps, false},
		"none":                    {"H265/90000", "sprop-max-don-diff=x;tx-mode=SRST", true},
		"broken":                  {"H265/90000", "sprop-vps=!;sprop-sps=!;sprop-pps=!", true},
		"cut off":                 {"H265/90000", "sprop-vps=" + vps + ";sprop-sps=" + short + ";sprop-pps=" + pps, true},
		"no SPS":                  {"H265/90000", "sprop-vps=" + vps + ";sprop-pps=" + pps, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := slices.Clone(pictures)
			if !c.inBand {
				sent[0] = slices.DeleteFunc(slices.Clone(sent[0]), h265.IsSet)
			}
			camera := newTextCamera(t, camtest.RTSPTextOptions{
				PayloadType: 96,
				SDP:         crlf(sdpHead + "m=video 0 RTP/AVP 96\na=rtpmap:96 " + c.format + "\na=fmtp:96 " + c.fmtp + "\na=control:trackID=0\n"),
			})
			wantPlayed(t, camera, Options{}, rtptest.PacketsH265(t, sent))
		})
	}
}

// TestOddAddresses: what a camera says of its URLs is followed where it can be,
// and else the address that was asked for.
func TestOddAddresses(t *testing.T) {
	groups := rtptest.JPEGPackets(t, 2)
	for name, c := range map[string]struct {
		base, session, control string // "-" is not said; %h is the host, %s the scheme and host
		setup, play            string // below the camera's address
	}{
		"usual":                         {"%s/cam/", "*", "trackID=0", "/cam/trackID=0", "/cam/"},
		"no Content-Base":               {"-", "-", "trackID=0", "/cam/trackID=0", "/cam"},
		"an empty Content-Base":         {"", "-", "trackID=0", "/cam/trackID=0", "/cam"},
		"a relative Content-Base":       {"/live/", "-", "trackID=0", "/live/trackID=0", "/live/"},
		"one without a scheme":          {"%h/live/", "-", "trackID=0", "/live/trackID=0", "/live/"},
		"one with slashes alone":        {"//%h/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"one with a bad port":           {"rtsp://10.0.0.1:554554/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"one with no port":              {"rtsp://10.0.0.1:/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"one with a port of words":      {"rtsp://10.0.0.1:port/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"one without a host":            {"rtsp:///live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"one of HTTP":                   {"http://%h/live", "-", "trackID=0", "/cam/trackID=0", "/cam"},
		"one of words":                  {"the camera", "-", "trackID=0", "/cam/trackID=0", "/cam"},
		"one with a bad escape":         {"%s/%%zz", "-", "trackID=0", "/cam/trackID=0", "/cam"},
		"one with a password":           {"rtsp://admin:secret@%h/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"a scheme in capitals":          {"RTSP://%h/live", "-", "trackID=0", "/live/trackID=0", "/live"},
		"a session's control":           {"-", "%s/all", "trackID=0", "/all/trackID=0", "/all"},
		"an empty one":                  {"-", "", "trackID=0", "/cam/trackID=0", "/cam"},
		"a relative one":                {"%s/cam/", "stream", "trackID=0", "/cam/trackID=0", "/cam/"},
		"an absolute control":           {"%s/cam/", "*", "%s/other/t1", "/other/t1", "/cam/"},
		"no control":                    {"%s/cam/", "*", "-", "/cam/", "/cam/"},
		"an empty control":              {"%s/cam/", "*", "", "/cam/", "/cam/"},
		"a control of *":                {"%s/cam/", "*", "*", "/cam/", "/cam/"},
		"a control with a slash":        {"%s/cam/", "*", "/t1", "/cam/t1", "/cam/"},
		"a control that is a query":     {"%s/cam", "*", "?track=1", "/cam?track=1", "/cam"},
		"a control without a scheme":    {"%s/cam/", "*", "%h/cam/t1", "/cam/t1", "/cam/"},
		"a control with slashes alone":  {"%s/cam/", "*", "//%h/cam/t1", "/cam/t1", "/cam/"},
		"a control with a bad port":     {"%s/cam/", "*", "rtsp://10.0.0.1:99999/cam/t1", "/cam/t1", "/cam/"},
		"a control without a host":      {"%s/cam/", "*", "rtsp:///cam/t1", "/cam/t1", "/cam/"},
		"a control of HTTP":             {"%s/cam/", "*", "http://x/t1", "/cam/", "/cam/"},
		"a control with a bad escape":   {"%s/cam/", "*", "%%zz", "/cam/", "/cam/"},
		"a control with a query behind": {"%s/cam?channel=1", "*", "trackID=0", "/cam?channel=1/trackID=0", "/cam?channel=1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sdp := sdpHead + line("a=control:", c.session) + "m=video 0 RTP/AVP 26\n" + line("a=control:", c.control)
			var camera *camtest.RTSPTextCamera
			camera = newTextCamera(t, camtest.RTSPTextOptions{Answer: func(r camtest.RTSPRequest, usual string) string {
				if r.Method != "DESCRIBE" {
					return usual
				}
				host := strings.TrimPrefix(camera.URL(""), "rtsp://")
				place := strings.NewReplacer("%%", "%", "%h", host, "%s", "rtsp://"+host)
				body := place.Replace(sdp)
				return crlf(place.Replace(fmt.Sprintf("RTSP/1.0 200 OK\nCSeq: %s\n%sContent-Length: %d\n\n", r.Header.Get("CSeq"), strings.ReplaceAll(line("Content-Base: ", c.base), "%!", "%"), len(crlf(body)))) + body)
			}})
			wantPlayed(t, camera, Options{}, copied(groups))
			setup, play := askedWith(camera, "SETUP"), askedWith(camera, "PLAY")
			if len(setup) != 1 || setup[0] != camera.URL("")+c.setup || len(play) != 1 || play[0] != camera.URL("")+c.play {
				t.Errorf("set up %q, played %q, want %s and %s", setup, play, c.setup, c.play)
			}
		})
	}
}

// line is one of a header or a description, if it is said.
func line(name, value string) string {
	if value == "-" {
		return ""
	}
	return name + value + "\n"
}
