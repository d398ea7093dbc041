package rtspquirks

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// transport is what is of use of a Transport header (RFC 2326, 12.39).
type transport struct {
	named     bool // the header says what it speaks of
	tcp       bool // within the RTSP connection
	secure    bool // SRTP
	multicast bool
	channels  pair // of the RTSP connection
	ports     pair // that the camera sends from
}

// pair is two numbers, as of ports: for packets, and for reports.
type pair struct {
	first, second int
	known         bool
}

// readTransport reads a Transport header, whatever its case and blanks, and
// whatever else it says. It never fails: what cannot be understood is unknown.
func readTransport(text string) transport {
	var t transport
	text = strings.ToLower(text)
	if next := strings.Index(text, ",rtp/"); next >= 0 {
		text = text[:next] // only the first of several is agreed on
	}
	for _, field := range strings.Split(text, ";") {
		name, value, _ := strings.Cut(field, "=")
		switch name = strings.TrimSpace(name); {
		case strings.HasPrefix(name, "rtp/"):
			t.named, t.tcp, t.secure = true, strings.HasSuffix(name, "/tcp"), strings.Contains(name, "/savp")
		case name == "multicast":
			t.multicast = true
		case name == "interleaved":
			t.channels = readPair(value, 0, math.MaxUint8)
		case name == "server_port":
			t.ports = readPair(value, 2, math.MaxUint16) // 0 and 1 say that it does not know
		}
	}
	return t
}

// readPair reads "4-5", or "4" for the same, both within the limits.
func readPair(text string, least, most int) pair {
	first, second, two := strings.Cut(strings.Trim(text, blanks+`"`), "-")
	a, err := strconv.Atoi(strings.TrimSpace(first))
	if err != nil || a < least || a > most {
		return pair{}
	}
	b, err := strconv.Atoi(strings.TrimSpace(second))
	if !two || err != nil || b < least || b > most {
		b = a + 1
	}
	return pair{a, b, b <= most}
}

const blanks = " \t"

// agreedTransport makes a camera's Transport header anew, of numbers alone.
// Whatever else it says does not reach gortsplib, which would send our packets
// to whom a "source" names. They are exchanged with the host that we are
// connected to, and no other. What the header leaves out is as we asked for.
func agreedTransport(answer, asked string) string {
	t, ours := readTransport(answer), readTransport(asked)
	if !t.named {
		t.tcp, t.secure = ours.tcp, ours.secure
	}
	if ours.tcp && t.channels.known && !t.ports.known {
		t.tcp = true // some leave "/TCP" out
	}
	if !t.channels.known {
		t.channels = ours.channels
	}
	return t.String()
}

// String gives the header as gortsplib reads it.
func (t transport) String() string {
	profile, delivery := "RTP/AVP", ";unicast"
	if t.secure {
		profile = "RTP/SAVP"
	}
	if t.multicast {
		delivery = ";multicast"
	}
	switch {
	case t.tcp && t.channels.known: // gortsplib insists on neighbours
		return fmt.Sprintf("%s/TCP%s;interleaved=%d-%d", profile, delivery, t.channels.first, t.channels.first+1)
	case t.tcp:
		return profile + "/TCP" + delivery
	case t.ports.known:
		return fmt.Sprintf("%s%s;server_port=%d-%d", profile, delivery, t.ports.first, t.ports.second)
	}
	return profile + delivery
}
