package rtspquirks

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/media"
	"framegate/transcode/h264"
	"framegate/transcode/h265"
)

// clockRate of video in RTP, in ticks a second (RFC 6184, RFC 7798, RFC 2435).
const clockRate = 90000

// errNoSDP: what is to describe the pictures is a page, say.
var errNoSDP = errors.New("camera describes its pictures in something that is not SDP")

// sdp is what is of use of a session description (RFC 8866). Cameras write what
// they like into the rest of it, which gortsplib would refuse: a description of
// ours is made for it, of one stream of video and those of sound.
type sdp struct {
	control string
	key     string // key-mgmt (RFC 4567)
	streams []sdpStream
}

// sdpStream is one of the streams that are described, a "media description".
type sdpStream struct {
	kind       string // as "video"
	secure     bool   // SRTP
	sendOnly   bool   // it is for us to send, or for nobody, as the camera says
	control    string
	key        string
	types      []uint8 // payload types
	names      map[uint8]string
	parameters map[uint8]string // "fmtp"
}

// readSDP reads a session description. Lines that cannot be understood are
// passed over, and so is what stands behind a NUL.
func readSDP(text []byte) (sdp, error) {
	text = bytes.TrimLeft(text, "\x00\ufeff \t\r\n")
	text, _, _ = bytes.Cut(text, []byte{0})
	var d sdp
	described := false
	for _, line := range strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' }) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || len(name) != 1 {
			continue
		}
		switch value = strings.TrimSpace(value); name {
		case "v", "m":
			described = true
		}
		switch name {
		case "m":
			d.streams = append(d.streams, newStream(value))
		case "a":
			d.attribute(value)
		}
	}
	if !described {
		return d, errNoSDP
	}
	return d, nil
}

// newStream reads the line that a stream begins with.
func newStream(value string) sdpStream {
	s := sdpStream{names: make(map[uint8]string), parameters: make(map[uint8]string)}
	words := strings.Fields(value)
	if len(words) > 0 {
		s.kind = strings.ToLower(words[0])
	}
	if len(words) > 2 {
		s.secure = strings.Contains(strings.ToUpper(words[2]), "/SAVP")
		for _, word := range words[3:] {
			if n, err := strconv.ParseUint(word, 10, 7); err == nil {
				s.types = append(s.types, uint8(n))
			}
		}
	}
	return s
}

// attribute takes one of the session, or of the last stream.
func (d *sdp) attribute(text string) {
	name, value, _ := strings.Cut(text, ":")
	name, value = strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value)
	control, key := &d.control, &d.key
	if len(d.streams) > 0 {
		s := &d.streams[len(d.streams)-1]
		control, key = &s.control, &s.key
		s.format(name, value)
	}
	switch name {
	case "control":
		*control = value
	case "key-mgmt":
		*key = value
	case "sendonly", "inactive": // of a back channel, as ONVIF has it
		if len(d.streams) > 0 {
			d.streams[len(d.streams)-1].sendOnly = true
		}
	}
}

// format takes what is said of a payload type.
func (s *sdpStream) format(name, value string) {
	number, rest, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 7)
	if err != nil {
		return
	}
	rest = strings.TrimSpace(rest)
	switch name {
	case "rtpmap":
		s.names[uint8(n)] = rest
		if !slices.Contains(s.types, uint8(n)) { // the first line says nonsense, or nothing
			s.types = append(s.types, uint8(n))
		}
	case "fmtp":
		s.parameters[uint8(n)] = rest
	}
}

// choice is the stream that is taken of those that a camera describes.
type choice struct {
	stream *sdpStream
	kind   uint8 // its payload type
	codec  media.Codec
}

// preferred are the codecs that are taken, the best first. What every viewer
// can be given as it comes goes before H.265, which many cannot show; a camera
// that offers both sends H.264 in less than JPEGs take.
var preferred = []media.Codec{media.H264, media.JPEG, media.H265}

// choose takes the first stream of the codec that is preferred of those that are
// there. others names what is not taken.
func (d *sdp) choose() (chosen choice, others []string, err error) {
	var videos []string
	for i := range d.streams {
		s := &d.streams[i]
		for _, kind := range s.types {
			codec := s.codec(kind)
			if rank := slices.Index(preferred, codec); rank >= 0 && (chosen.codec == 0 || rank < slices.Index(preferred, chosen.codec)) {
				chosen = choice{s, kind, codec}
			}
			if codec == 0 && s.kind == "video" {
				videos = append(videos, s.name(kind))
			}
			others = append(others, printable(s.kind)+" "+s.name(kind))
		}
	}
	if chosen.codec == 0 {
		return chosen, nil, noTrack(videos)
	}
	taken := printable(chosen.stream.kind) + " " + chosen.stream.name(chosen.kind)
	if at := slices.Index(others, taken); at >= 0 {
		others = slices.Delete(others, at, at+1)
	}
	return chosen, others[:min(len(others), maxNamed)], nil
}

// addressable says whether a stream has an address of its own beside the video's.
// Without one, to ask for it would be to ask for the video once more.
func (s *sdpStream) addressable(video *sdpStream) bool {
	return s.control != "" && s.control != "*" && s.control != video.control
}

// maxSounds is how many streams of sound are considered.
const maxSounds = 4

// sounds gives the streams of sound that a camera sends as its video comes, in their
// order, and what they are. Whether they can be used is not for us to say.
func (d *sdp) sounds(video choice) (streams []choice, sounds []Sound) {
	for i := range d.streams {
		s := &d.streams[i]
		// Who calls its video "sendonly" means by it what others call "recvonly".
		backwards := s.sendOnly && !video.stream.sendOnly
		if s.kind != "audio" || backwards || s.secure != video.stream.secure || !s.addressable(video.stream) {
			continue
		}
		for _, kind := range s.types {
			if len(streams) < maxSounds {
				streams, sounds = append(streams, choice{stream: s, kind: kind}), append(sounds, s.sound(kind))
			}
		}
	}
	return streams, sounds
}

// static are the encodings whose numbers need no name (RFC 3551, 6).
var static = map[uint8]string{
	0: "PCMU/8000", 3: "GSM/8000", 4: "G723/8000", 8: "PCMA/8000", 9: "G722/8000", 10: "L16/44100/2",
	11: "L16/44100", 14: "MPA/90000", 18: "G729/8000",
}

// sound reads what is said of a payload type of sound.
func (s *sdpStream) sound(kind uint8) Sound {
	sound := Sound{Name: printable(s.kind) + " " + s.name(kind), PayloadType: kind, Channels: 1, Parameters: make(map[string]string)}
	parts := strings.Split(cmp.Or(s.names[kind], static[kind]), "/")
	sound.Encoding = strings.ToUpper(strings.TrimSpace(parts[0]))
	number := func(at, or int) int {
		if at >= len(parts) {
			return or
		}
		n, err := strconv.ParseUint(strings.TrimSpace(parts[at]), 10, 24)
		if err != nil {
			return or
		}
		return int(n)
	}
	sound.Rate, sound.Channels = number(1, 0), number(2, 1)
	for text := range strings.SplitSeq(s.parameters[kind], ";") {
		if key, value, _ := strings.Cut(text, "="); len(sound.Parameters) < maxParameters {
			sound.Parameters[strings.ToLower(strings.TrimSpace(key))] = strings.Trim(value, blanks+`"'`)
		}
	}
	return sound
}

// maxParameters is how many of them are read; who describes sound needs ten.
const maxParameters = 32

// maxNamed is how many formats a message of ours names.
const maxNamed = 8

func noTrack(others []string) error {
	if len(others) == 0 {
		return errors.New("camera offers no video")
	}
	slices.Sort(others)
	others = slices.Compact(others)
	return fmt.Errorf("camera offers neither H.264, H.265 nor JPEG, only %s", strings.Join(others[:min(len(others), maxNamed)], ", "))
}

// codec of a payload type; 0 if it is none of ours.
func (s *sdpStream) codec(kind uint8) media.Codec {
	name, rate, _ := strings.Cut(s.names[kind], "/")
	rate, _, _ = strings.Cut(rate, "/")
	counted := rate == "" || rate == "90000"
	switch name = strings.ToUpper(name); {
	case s.kind != "video":
		return 0
	case name == "" && kind == 26, name == "JPEG":
		return media.JPEG
	case name == "H264" && counted:
		return media.H264
	case (name == "H265" || name == "HEVC") && counted:
		return media.H265
	}
	return 0
}

// name names a payload type for people.
func (s *sdpStream) name(kind uint8) string {
	name := s.names[kind]
	if s.kind == "audio" {
		name = cmp.Or(name, static[kind])
	}
	name, _, _ = strings.Cut(name, "/")
	if name = printable(name); name == "" {
		return fmt.Sprintf("payload type %d", kind)
	}
	return name
}

// parameter gives a value of a payload type's "fmtp", without quotes and
// blanks around it.
func (o choice) parameter(name string) string {
	for _, text := range strings.Split(o.stream.parameters[o.kind], ";") {
		key, value, _ := strings.Cut(text, "=")
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.Trim(value, blanks+`"'`)
		}
	}
	return ""
}

// parameterSets gives those that are described (RFC 6184, 8.1; RFC 7798, 7.1) and
// can be read: the camera sends them with its pictures, mostly.
func (o choice) parameterSets() (sets [][]byte) {
	names, numbered := []string{"sprop-parameter-sets"}, h264.Numbered
	if o.codec == media.H265 {
		names, numbered = []string{"sprop-vps", "sprop-sps", "sprop-pps"}, h265.Numbered
	}
	for _, name := range names {
		for text := range strings.SplitSeq(o.parameter(name), ",") {
			for _, unit := range units(unbase64(text)) {
				if _, _, ok := numbered(unit); ok {
					sets = append(sets, unit)
				}
			}
		}
	}
	return sets
}

// unbase64 decodes what may lack its padding, or be written for URLs. It gives
// nothing for what is broken.
func unbase64(text string) []byte {
	text = strings.TrimRight(strings.Trim(text, blanks+`"'`), "=")
	text = strings.NewReplacer("-", "+", "_", "/", " ", "").Replace(text)
	b, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// units gives the NAL units of b, which some cameras write with start codes.
func units(b []byte) [][]byte {
	var units [][]byte
	for _, unit := range bytes.Split(b, []byte{0, 0, 1}) {
		if unit = bytes.TrimRight(unit, "\x00"); len(unit) > 0 {
			units = append(units, unit)
		}
	}
	return units
}

// reordered says, for people, that NAL units come in another order than that of
// decoding (RFC 6184, 6.2; RFC 7798, 7.1), and is empty where they do not. What
// is no number says nothing.
func (o choice) reordered() string {
	const interleaved = 2 // the packetization mode
	if n, err := strconv.Atoi(o.parameter("packetization-mode")); o.codec == media.H264 && err == nil && n >= interleaved {
		return fmt.Sprintf("packetization-mode=%d", n)
	}
	if n, err := strconv.Atoi(o.parameter("sprop-max-don-diff")); o.codec == media.H265 && err == nil && n > 0 {
		return fmt.Sprintf("sprop-max-don-diff=%d", n)
	}
	return ""
}

// text describes the choice and streams of sound to gortsplib, which needs to know
// little of them. Their URLs are absolute.
func (d *sdp) text(o choice, control *url.URL, whole *url.URL, sounds []choice) []byte {
	var b bytes.Buffer
	b.WriteString("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n")
	if o.stream.secure && control.Scheme == "rtsps" && d.key != "" {
		fmt.Fprintf(&b, "a=key-mgmt:%s\r\n", d.key)
	}
	o.write(&b, control, fmt.Sprintf("VIDEO/%d", clockRate))
	for _, sound := range sounds {
		rate := cmp.Or(sound.stream.sound(sound.kind).Rate, clockRate)
		sound.write(&b, controlOf(whole, sound.stream.control), fmt.Sprintf("SOUND/%d", rate))
	}
	return b.Bytes()
}

// write describes one stream to gortsplib.
func (o choice) write(b *bytes.Buffer, control *url.URL, name string) {
	secure := o.stream.secure && control.Scheme == "rtsps"
	profile := "RTP/AVP"
	if secure {
		profile = "RTP/SAVP"
	}
	fmt.Fprintf(b, "m=%s 0 %s %d\r\na=rtpmap:%d %s\r\na=control:%s\r\n", o.stream.kind, profile, o.kind, o.kind, name, control)
	if secure && o.stream.key != "" {
		fmt.Fprintf(b, "a=key-mgmt:%s\r\n", o.stream.key)
	}
}

// announcedSize gives the size of pictures, in pixels, that a session
// description tells: as GStreamer does for JPEGs over 2040 pixels, or as RFC
// 6064 does. It is 0, 0 where it tells none.
func announcedSize(sdp []byte) (width, height int) {
	line := regexp.MustCompile(`(?m)^a=(?:x-dimensions: ?|framesize: ?\d+ )(\d{1,5})[,-](\d{1,5})\s*$`)
	if found := line.FindSubmatch(sdp); found != nil {
		width, _ = strconv.Atoi(string(found[1]))
		height, _ = strconv.Atoi(string(found[2]))
	}
	return width, height
}
