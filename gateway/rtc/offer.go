package rtc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Offer is what a client offers (RFC 8829, 5.8), as far as it matters here.
type Offer struct {
	Media []Media // in the order of the offer

	frag, password string // of its ICE
	print          string // SHA-256 of its certificate
	bundle         []string
}

// Media is one description of media in an offer.
type Media struct {
	Kind   string // "video", "audio", or another that is not taken
	Sends  bool   // the client would send
	Hears  bool   // the client would receive
	Codecs []Codec
	SSRC   uint32 // of what the client sends, the first; 0 where it does not say

	id      string // mid
	profile string // UDP/TLS/RTP/SAVPF
	first   string // payload type, for a refusal
	muxed   bool   // reports come along with packets
}

// Codec is one way of packing that is offered.
type Codec struct {
	Payload  byte
	Name     string // in capitals: "H264"
	Rate     int
	Channels int // 0 where it does not say, which is one
	Params   map[string]string
	FMTP     string // the same, as it was offered
}

// Bounds of an offer.
const (
	maxLines  = 4000
	maxMedia  = 16
	maxCodecs = 128
)

// ReadOffer reads an offer. The error is ErrBadOffer.
func ReadOffer(text string) (*Offer, error) {
	if len(text) > MaxOffer {
		return nil, ErrTooLarge
	}
	if !strings.HasPrefix(text, "v=0") {
		return nil, fmt.Errorf("%w: it is no SDP", ErrBadOffer)
	}
	o := new(Offer)
	r := offerReader{offer: o}
	lines := 0
	for line := range strings.Lines(text) {
		if lines++; lines > maxLines {
			return nil, fmt.Errorf("%w: it has more than %d lines", ErrBadOffer, maxLines)
		}
		if err := r.line(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, err
		}
	}
	return o, r.finish()
}

// offerReader is what is known while an offer is read.
type offerReader struct {
	offer    *Offer
	setup    string
	sends    bool // of the session, for media that say nothing
	hears    bool
	directed bool
}

// media gives the description that is being read; nil is the session.
func (r *offerReader) media() *Media {
	if n := len(r.offer.Media); n > 0 {
		return &r.offer.Media[n-1]
	}
	return nil
}

// line reads one line.
func (r *offerReader) line(line string) error {
	kind, value, ok := strings.Cut(line, "=")
	switch {
	case !ok || len(kind) != 1:
		return nil // tolerated, since nothing hangs on it
	case kind == "m":
		return r.begin(value)
	case kind == "a":
		name, rest, _ := strings.Cut(value, ":")
		return r.attribute(name, strings.TrimSpace(rest))
	}
	return nil
}

// begin begins a description of media (RFC 8866, 5.14).
func (r *offerReader) begin(value string) error {
	fields := strings.Fields(value)
	if len(fields) < 4 || len(r.offer.Media) >= maxMedia {
		return fmt.Errorf("%w: m=%.60q", ErrBadOffer, value)
	}
	m := Media{Kind: fields[0], profile: fields[2], first: fields[3], Sends: true, Hears: true}
	if !token(m.Kind) || !token(m.first) || !token(strings.ReplaceAll(m.profile, "/", "")) {
		return fmt.Errorf("%w: m=%.60q", ErrBadOffer, value)
	}
	if r.directed {
		m.Sends, m.Hears = r.sends, r.hears
	}
	for _, payload := range fields[3:] {
		n, err := strconv.ParseUint(payload, 10, 7)
		if err != nil || len(m.Codecs) >= maxCodecs {
			break
		}
		c := Codec{Payload: byte(n)}
		if known, ok := staticCodecs[c.Payload]; ok {
			c = known
		}
		m.Codecs = append(m.Codecs, c)
	}
	r.offer.Media = append(r.offer.Media, m)
	return nil
}

// staticCodecs are those with a payload type of their own (RFC 3551, 6).
var staticCodecs = map[byte]Codec{0: {Payload: 0, Name: "PCMU", Rate: 8000}, 8: {Payload: 8, Name: "PCMA", Rate: 8000}}

// token says that a text may stand in an answer.
func token(text string) bool {
	return text != "" && len(text) <= 64 && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.+{}") == ""
}

// attribute reads one of the session or of the media that is being read.
func (r *offerReader) attribute(name, value string) error {
	o, m := r.offer, r.media()
	switch name {
	case "ice-ufrag":
		if o.frag == "" {
			o.frag = value
		}
	case "ice-pwd":
		if o.password == "" {
			o.password = value
		}
	case "fingerprint":
		r.print(value)
	case "setup":
		r.setup = value
	case "group":
		if fields := strings.Fields(value); len(fields) > 1 && fields[0] == "BUNDLE" {
			o.bundle = fields[1:]
		}
	case "sendrecv", "sendonly", "recvonly", "inactive":
		r.direct(name)
	}
	if m == nil {
		return nil
	}
	switch name {
	case "mid":
		if !token(value) {
			return fmt.Errorf("%w: a=mid:%.40q", ErrBadOffer, value)
		}
		m.id = value
	case "rtcp-mux":
		m.muxed = true
	case "rtpmap":
		m.map_(value)
	case "fmtp":
		m.parameters(value)
	case "ssrc":
		number, _, _ := strings.Cut(value, " ")
		if n, err := strconv.ParseUint(number, 10, 32); err == nil && m.SSRC == 0 {
			m.SSRC = uint32(n)
		}
	}
	return nil
}

// print takes a fingerprint, of which SHA-256 is looked at (RFC 8122, 5).
func (r *offerReader) print(value string) {
	kind, print, _ := strings.Cut(value, " ")
	if strings.EqualFold(kind, "sha-256") && r.offer.print == "" {
		r.offer.print = strings.ToUpper(strings.TrimSpace(print))
	}
}

// direct takes a direction.
func (r *offerReader) direct(name string) {
	sends, hears := name == "sendrecv" || name == "sendonly", name == "sendrecv" || name == "recvonly"
	if m := r.media(); m != nil {
		m.Sends, m.Hears = sends, hears
		return
	}
	r.sends, r.hears, r.directed = sends, hears, true
}

// codec finds that of a payload type.
func (m *Media) codec(value string) (c *Codec, rest string) {
	number, rest, _ := strings.Cut(value, " ")
	n, err := strconv.ParseUint(number, 10, 7)
	if err != nil {
		return nil, ""
	}
	i := slices.IndexFunc(m.Codecs, func(c Codec) bool { return c.Payload == byte(n) })
	if i < 0 {
		return nil, ""
	}
	return &m.Codecs[i], strings.TrimSpace(rest)
}

// map_ reads what a payload type is: 96 H264/90000.
func (m *Media) map_(value string) {
	c, rest := m.codec(value)
	if c == nil {
		return
	}
	parts := strings.Split(rest, "/")
	if !token(parts[0]) || len(parts) < 2 {
		return
	}
	c.Name = strings.ToUpper(parts[0])
	c.Rate, _ = strconv.Atoi(parts[1]) // else it fits nothing
	c.Channels = 0
	if len(parts) > 2 {
		c.Channels, _ = strconv.Atoi(parts[2]) // likewise
	}
}

// parameters reads those of a codec: 96 profile-level-id=42e01f;packetization-mode=1.
func (m *Media) parameters(value string) {
	c, rest := m.codec(value)
	if c == nil || len(rest) > 512 {
		return
	}
	c.FMTP, c.Params = rest, make(map[string]string)
	for part := range strings.SplitSeq(rest, ";") {
		name, of, _ := strings.Cut(strings.TrimSpace(part), "=")
		c.Params[strings.ToLower(name)] = of
	}
}

// finish checks that all is there without which there is no session.
func (r *offerReader) finish() error {
	o := r.offer
	switch {
	case len(o.Media) == 0:
		return fmt.Errorf("%w: it has no media", ErrBadOffer)
	case len(o.frag) < 4 || len(o.frag) > 256 || len(o.password) < 22 || len(o.password) > 256: // RFC 8839, 5.4
		return fmt.Errorf("%w: it has no ice-ufrag and ice-pwd", ErrBadOffer)
	case len(o.print) != 32*3-1:
		return fmt.Errorf("%w: it has no fingerprint of SHA-256", ErrBadOffer)
	case r.setup == "passive":
		return fmt.Errorf("%w: setup:passive; here too somebody waits for the other end to begin", ErrBadOffer)
	}
	return nil
}

// shares says that a description of media goes through the one way that there is, which
// is that of the one with the number first.
func (o *Offer) shares(n, first int) bool {
	return n == first || slices.Contains(o.bundle, o.Media[n].id) && slices.Contains(o.bundle, o.Media[first].id) && o.Media[n].id != ""
}
