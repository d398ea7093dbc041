package rtspserver

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"framegate/gateway/httplimit"
	"framegate/gateway/output/rtppack"
)

// TestDatagramsGoWhereTheyWereAskedFrom and nowhere else, and none before PLAY.
func TestDatagramsGoWhereTheyWereAskedFrom(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	f := format264(t)
	camera.Give(pictures(f, 0, 1, 10)...)
	rtp, _ := freePair(t)
	port, ours := portOf(rtp), s.server.options.UDP.Port()
	k := s.dial()
	for transport, status := range map[string]int{
		"RTP/AVP;unicast;client_port=53-54":                                                  463,
		"RTP/AVP;unicast;client_port=65535":                                                  463,
		"RTP/AVP;unicast;client_port=9000-9000":                                              463,
		"RTP/AVP;unicast;client_port=5000-99999":                                             463,
		fmt.Sprintf("RTP/AVP;unicast;destination=192.0.2.9;client_port=%d-%d", port, port+1): 463,
		fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", ours, ours+1):                       463, // whose reports would be its own
		fmt.Sprintf("RTP/AVP;unicast;client_port=%d-%d", port, ours+1):                       463,
		"RTP/AVP;multicast;client_port=5000-5001":                                            461,
		"RTP/AVP":                        461,
		"RTP/SAVP;client_port=5000-5001": 461,
		"":                               461,
	} {
		if a := k.ask("SETUP", s.url(""), "Transport: "+transport); a.status != status {
			t.Errorf("%s: %+v", transport, a)
		}
	}
	a := k.ask("SETUP", s.url(""), fmt.Sprintf("Transport: RTP/AVP;multicast,RTP/AVP/UDP;unicast;client_port=%d-%d", port, port+1))
	if a.status != 200 || !strings.Contains(a.header.Get("Transport"), fmt.Sprintf("client_port=%d-%d;server_port=%d", port, port+1, s.server.options.UDP.Port())) {
		t.Fatalf("%+v", a)
	}
	camera.Give(pictures(f, 10, 1, 10)...)
	_ = rtp.SetReadDeadline(time.Now().Add(50 * time.Millisecond)) // nothing can come, and so nothing can be waited for
	if n, err := rtp.Read(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes come before PLAY", n)
	}
	if a := k.ask("PLAY", s.url("")); a.status != 200 {
		t.Fatalf("%+v", a)
	}
	camera.Give(pictures(f, 20, 1, 10)...)
	_ = rtp.SetReadDeadline(time.Now().Add(soon)) // of a socket that is open it cannot fail
	b := make([]byte, 2000)
	if n, err := rtp.Read(b); err != nil || n < rtppack.HeadBytes || b[0] != 2<<6 {
		t.Errorf("%x, %v", b[:n], err)
	}
}

// byUDP is a client that plays over UDP.
type byUDP struct {
	*talker
	rtp, reports *net.UDPConn
	port         uint16 // of reports
}

// beginUDP has a client play over UDP.
func (s *site) beginUDP() *byUDP {
	s.t.Helper()
	k := &byUDP{talker: s.dial()}
	k.rtp, k.reports = freePair(s.t)
	k.port = portOf(k.reports)
	for _, ask := range []string{"SETUP", "PLAY"} {
		if a := k.ask(ask, s.url(""), fmt.Sprintf("Transport: RTP/AVP;unicast;client_port=%d-%d", k.port-1, k.port)); a.status != 200 {
			s.t.Fatalf("%+v", a)
		}
	}
	return k
}

// peer gives what the server knows of it; nil is nothing.
func (k *byUDP) peer(s *site) *peer {
	udp := s.server.options.UDP
	udp.mu.Lock()
	defer udp.mu.Unlock()
	return udp.peers[netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), k.port)]
}

// report has somebody report to a server.
func (s *site) report(from *net.UDPConn) {
	empty := []byte{0x80, 201, 0, 1, 0, 0, 0, 0}                                                                   // a receiver's report of nothing: RFC 3550, 6.4.2
	_, _ = from.WriteToUDP(empty, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: s.server.options.UDP.Port() + 1}) // the end of a test may be before it
}

// until waits for what has to come true.
func (s *site) until(what string, so func() bool) {
	s.t.Helper()
	for late := time.Now().Add(soon); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			s.t.Fatalf("%s does not come", what)
		}
	}
}

// TestWhoIsSilentOverUDPIsLetGo, with a last word, and so is who has a stranger say
// that it is there; who reports stays.
func TestWhoIsSilentOverUDPIsLetGo(t *testing.T) {
	s := newSite(t, func(o *Options) { o.Silence = 300 * time.Millisecond })
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	reports := s.beginUDP()
	reports.peer(s).at.Store(time.Now().Add(time.Hour).UnixNano()) // as if it did all the time
	silent, lying := s.beginUDP(), s.beginUDP()
	peer := lying.peer(s)
	stranger, _ := freePair(t)
	s.report(stranger)
	silent.gone("who is silent")
	lying.gone("who has a stranger report")
	hits := make(map[string]int)
	for range 3 {
		hits[next(t, "the limit", s.hits)]++
	}
	if hits[httplimit.LimitIdleTimeout] != 2 || hits[LimitStrangers] != 1 {
		t.Errorf("limits %v", hits)
	}
	if peer.at.Load() != 0 {
		t.Error("a stranger's report is taken for a viewer's")
	}
	silent.hearBye()
	s.until("the end of who is silent", func() bool { return s.hub.Viewers(own.Camera) == 1 && silent.peer(s) == nil && lying.peer(s) == nil })
	if a := reports.ask("OPTIONS", "*"); a.status != 200 {
		t.Errorf("who reports: %+v", a)
	}
}

// hearBye expects the last word.
func (k *byUDP) hearBye() {
	k.t.Helper()
	_ = k.reports.SetReadDeadline(time.Now().Add(soon)) // of a socket that is open it cannot fail
	for b := make([]byte, 2000); ; {
		n, err := k.reports.Read(b)
		if err != nil {
			k.t.Fatalf("no last word comes: %v", err)
		}
		packets, err := rtcp.Unmarshal(b[:n])
		if err != nil {
			k.t.Fatal(err)
		}
		if _, bye := packets[len(packets)-1].(*rtcp.Goodbye); bye {
			return
		}
	}
}

// TestWhoReportsOverUDPIsHeard, and who ends its connection is let go at once.
func TestWhoReportsOverUDPIsHeard(t *testing.T) {
	s := newSite(t, nil)
	camera := s.attach(own)
	camera.Give(pictures(format264(t), 0, 1, 10)...)
	k, before := s.beginUDP(), time.Now()
	p := k.peer(s)
	if !p.heard().Before(before) {
		t.Error("it was heard before it reported")
	}
	s.until("a report", func() bool { s.report(k.reports); return !p.heard().Before(before) })
	k.conn.Close()
	s.until("the end of who is gone", func() bool { return k.peer(s) == nil && s.hub.Viewers(own.Camera) == 0 })
}
