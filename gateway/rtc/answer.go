package rtc

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
)

// Answer says what is answered to an offer.
type Answer struct {
	// Tracks are by the number of the media of the offer; what has none is refused, and
	// so is what does not share the way of the first.
	Tracks map[int]Track
	// Host is what the client asked for by HTTP, with or without a port: where that is an
	// address, it is one at which the port may be reached as well.
	Host string
	// Take is given each packet that comes, opened, or each report; it keeps nothing of
	// it, and must return soon. nil takes none.
	Take func(packet []byte, report bool)
}

// Track is one that is answered.
type Track struct {
	Codec Codec
	Sends bool   // the server does; else the client
	SSRC  uint32 // of what the server sends
	FMTP  string // as it is answered; "" where there are no parameters
}

// reports are what reports a codec of pictures may have (RFC 4585, 4.2).
var reports = []string{"nack", "nack pli", "ccm fir"}

// Taken says whether a track would be answered: its media have to share the way of the
// first.
func (o *Offer) Taken(tracks map[int]Track, n int) bool {
	_, ok := tracks[n]
	return ok && o.shares(n, firstOf(tracks, len(o.Media)))
}

// firstOf gives the first number that has a track; 0 where none has.
func firstOf(tracks map[int]Track, of int) int {
	for n := range of {
		if _, ok := tracks[n]; ok {
			return n
		}
	}
	return 0
}

// write writes the answer (RFC 8829, 5.3; RFC 8839 for ICE).
func (p *Port) write(o *Offer, a *Answer, s *Session) string {
	var b strings.Builder
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	fmt.Fprintf(&b, "v=0\r\no=- %d 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n", binary.BigEndian.Uint64(id[:])>>2)
	var bundled []string
	for n, m := range o.Media {
		if o.Taken(a.Tracks, n) && m.id != "" {
			bundled = append(bundled, m.id)
		}
	}
	if len(o.bundle) > 0 {
		fmt.Fprintf(&b, "a=group:BUNDLE %s\r\n", strings.Join(bundled, " "))
	}
	b.WriteString("a=msid-semantic: WMS framegate\r\n")
	first := firstOf(a.Tracks, len(o.Media))
	for n := range o.Media {
		m := &o.Media[n]
		track, ok := a.Tracks[n]
		if !ok || !o.Taken(a.Tracks, n) {
			fmt.Fprintf(&b, "m=%s 0 %s %s\r\nc=IN IP4 0.0.0.0\r\n", m.Kind, m.profile, m.first)
			writeID(&b, m)
			b.WriteString("a=inactive\r\n")
			continue
		}
		p.writeMedia(&b, m, track, s)
		if n == first {
			p.writeCandidates(&b, a.Host)
		}
	}
	return b.String()
}

func writeID(b *strings.Builder, m *Media) {
	if m.id != "" {
		fmt.Fprintf(b, "a=mid:%s\r\n", m.id)
	}
}

// writeMedia writes the description of a track.
func (p *Port) writeMedia(b *strings.Builder, m *Media, t Track, s *Session) {
	c := t.Codec
	fmt.Fprintf(b, "m=%s 9 %s %d\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n", m.Kind, m.profile, c.Payload)
	fmt.Fprintf(b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:passive\r\n", s.frag, s.password, p.print)
	writeID(b, m)
	direction := "recvonly"
	if t.Sends {
		direction = "sendonly"
		fmt.Fprintf(b, "a=msid:framegate %s\r\n", m.Kind)
	}
	fmt.Fprintf(b, "a=%s\r\na=rtcp-mux\r\na=rtcp-rsize\r\na=rtpmap:%d %s/%d", direction, c.Payload, nameOf(c), c.Rate)
	if c.Channels > 1 {
		fmt.Fprintf(b, "/%d", c.Channels)
	}
	b.WriteString("\r\n")
	if m.Kind == "video" {
		for _, report := range reports {
			fmt.Fprintf(b, "a=rtcp-fb:%d %s\r\n", c.Payload, report)
		}
		if !t.Sends {
			fmt.Fprintf(b, "a=rtcp-fb:%d goog-remb\r\n", c.Payload)
		}
	}
	if t.FMTP != "" {
		fmt.Fprintf(b, "a=fmtp:%d %s\r\n", c.Payload, t.FMTP)
	}
	if t.Sends {
		fmt.Fprintf(b, "a=ssrc:%d cname:framegate\r\na=ssrc:%d msid:framegate %s\r\n", t.SSRC, t.SSRC, m.Kind)
	}
}

// nameOf gives a codec's name as browsers write it.
func nameOf(c Codec) string {
	if c.Name == "OPUS" {
		return "opus"
	}
	return c.Name
}
