package rtspquirks

import (
	"testing"

	"github.com/bluenviron/gortsplib/v4/pkg/base"
	"github.com/bluenviron/gortsplib/v4/pkg/headers"
)

// TestTransportHeaders: whatever is said of the transport, gortsplib reads what
// is of use, and no address.
func TestTransportHeaders(t *testing.T) {
	const tcp, udp = "RTP/AVP/TCP;unicast;interleaved=0-1", "RTP/AVP;unicast;client_port=5000-5001"
	for _, c := range []struct{ answer, asked, want string }{
		{"RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=zz;mode=PLAY", tcp, "RTP/AVP/TCP;unicast;interleaved=4-5"},
		{"rtp/avp/tcp ; UNICAST ; Interleaved = 4 - 5", tcp, "RTP/AVP/TCP;unicast;interleaved=4-5"},
		{"RTP/AVP/TCP;unicast;interleaved=4", tcp, "RTP/AVP/TCP;unicast;interleaved=4-5"},
		{"RTP/AVP/TCP;unicast;interleaved=4-4", tcp, "RTP/AVP/TCP;unicast;interleaved=4-5"},
		{"RTP/AVP;unicast;interleaved=4-5", tcp, "RTP/AVP/TCP;unicast;interleaved=4-5"},
		{"RTP/AVP/TCP;unicast", tcp, tcp},
		{"RTP/AVP/TCP;unicast;interleaved=256-257", tcp, tcp},
		{"", tcp, tcp},
		{"unicast;interleaved=2-3", tcp, "RTP/AVP/TCP;unicast;interleaved=2-3"},
		{`RTP/AVP/TCP;unicast;mode="PLAY,RECORD";interleaved=2-3`, tcp, "RTP/AVP/TCP;unicast;interleaved=2-3"},
		{"RTP/AVP/TCP;unicast;interleaved=2-3,RTP/AVP;unicast;server_port=7-8", tcp, "RTP/AVP/TCP;unicast;interleaved=2-3"},
		{"RTP/AVP;unicast;server_port=6000-6001", tcp, "RTP/AVP;unicast;server_port=6000-6001"},
		{"RTP/AVP/UDP;unicast;client_port=5000-5001;server_port=6000-6003;source=10.0.0.1;destination=10.0.0.2", udp, "RTP/AVP;unicast;server_port=6000-6003"},
		{"RTP/AVP;unicast;server_port=6000", udp, "RTP/AVP;unicast;server_port=6000-6001"},
		{"RTP/AVP;unicast;server_port=0-1", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;unicast;server_port=0-0", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;unicast;server_port=-1--1", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;unicast;server_port=99999-100000", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;unicast;server_port=65535", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;unicast;source=no.such.host.example", udp, "RTP/AVP;unicast"},
		{"RTP/AVP;multicast;destination=224.1.1.1;port=7-8", udp, "RTP/AVP;multicast"},
		{"RTP/SAVP;unicast;server_port=6000-6001", udp, "RTP/SAVP;unicast;server_port=6000-6001"},
		{"RTP/SAVP/TCP;unicast;interleaved=0-1", tcp, "RTP/SAVP/TCP;unicast;interleaved=0-1"},
		{"", "", "RTP/AVP;unicast"},
	} {
		got := agreedTransport(c.answer, c.asked)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.answer, got, c.want)
		}
		var read headers.Transport
		if err := read.Unmarshal(base.HeaderValue{got}); err != nil || read.Source != nil || read.Destination != nil {
			t.Errorf("%s: gortsplib reads %+v, %v", got, read, err)
		}
	}
}

// FuzzTransport: no header gives gortsplib an address, or anything that it
// cannot read.
func FuzzTransport(f *testing.F) {
	f.Add(`RTP/AVP;unicast;x="a"source=127.0.0.9;server_port=1-2`, "RTP/AVP;unicast;client_port=5000-5001")
	f.Add("RTP/AVP/TCP;interleaved=300-2", "RTP/AVP/TCP;unicast;interleaved=0-1")
	f.Fuzz(func(t *testing.T, answer, asked string) {
		var read headers.Transport
		text := agreedTransport(answer, asked)
		if err := read.Unmarshal(base.HeaderValue{text}); err != nil || read.Source != nil || read.Destination != nil {
			t.Errorf("%q: %s gives %+v, %v", answer, text, read, err)
		}
	})
}
