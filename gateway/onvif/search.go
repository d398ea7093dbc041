package onvif

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/net/ipv4"
)

// group is where cameras listen for searches (WS-Discovery 2.4).
var group = netip.MustParseAddrPort("239.255.255.250:3702")

// Search asks all networks that this machine is in which cameras there are, and gives
// those that answered until ctx is done, sorted by address, 256 at most. An error says
// that nobody could be asked.
func Search(ctx context.Context) ([]Found, error) { return search(ctx, group, interfaces()) }

// interfaces gives those by which a search can be sent.
func interfaces() (all []net.Interface) {
	every, _ := net.Interfaces()
	for _, i := range every {
		if i.Flags&net.FlagUp != 0 && i.Flags&net.FlagMulticast != 0 {
			all = append(all, i)
		}
	}
	return all
}

// search is Search at another group and by certain interfaces; without any, by what
// the system chooses.
func search(ctx context.Context, to netip.AddrPort, by []net.Interface) ([]Found, error) {
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer stop()
	id := "urn:uuid:" + uuid.NewString()
	if err := ask(conn, to, by, probe(id)); err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	return collect(conn, id), nil
}

// ask sends a probe by each interface. It fails where none takes it.
func ask(conn *net.UDPConn, to netip.AddrPort, by []net.Interface, message []byte) (err error) {
	if len(by) == 0 {
		_, err = conn.WriteToUDPAddrPort(message, to)
		return err
	}
	sent, packets := false, ipv4.NewPacketConn(conn)
	for _, i := range by {
		if err = packets.SetMulticastInterface(&i); err != nil {
			continue
		}
		if _, err = conn.WriteToUDPAddrPort(message, to); err == nil {
			sent = true
		}
	}
	if sent {
		return nil
	}
	return err
}

// probe gives the message that asks for cameras (WS-Discovery 5.2; ONVIF Core 7.3).
func probe(id string) []byte {
	return []byte(`<?xml version="1.0" encoding="UTF-8"?>` +
		`<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope" xmlns:w="http://schemas.xmlsoap.org/ws/2004/08/addressing" ` +
		`xmlns:d="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:dn="http://www.onvif.org/ver10/network/wsdl"><e:Header>` +
		`<w:MessageID>` + id + `</w:MessageID><w:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</w:To>` +
		`<w:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</w:Action></e:Header>` +
		`<e:Body><d:Probe><d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></e:Body></e:Envelope>`)
}

// matches is what a camera answers.
type matches struct {
	Header struct {
		RelatesTo string
	}
	Body struct {
		ProbeMatches struct {
			ProbeMatch []struct {
				Scopes, XAddrs string
			}
		}
	}
}

// collect reads answers until the connection's deadline.
func collect(conn *net.UDPConn, id string) []Found {
	var all []Found
	for b := make([]byte, 64<<10); len(all) < maxFound; {
		n, from, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			break
		}
		var answer matches
		if decode(b[:n], &answer) != nil || strings.TrimSpace(answer.Header.RelatesTo) != id {
			continue
		}
		for _, match := range answer.Body.ProbeMatches.ProbeMatch[:min(len(answer.Body.ProbeMatches.ProbeMatch), 1)] {
			found := Found{Address: addressOf(match.XAddrs, from.Addr().Unmap()), Name: scope(match.Scopes, "name"), Hardware: scope(match.Scopes, "hardware")}
			if found.Address != "" && !slices.ContainsFunc(all, func(f Found) bool { return f.Address == found.Address }) {
				all = append(all, found)
			}
		}
	}
	slices.SortFunc(all, func(a, b Found) int { return strings.Compare(a.Address, b.Address) })
	return all
}

// addressOf gives the address of a service among those that a camera says, at the one
// that it answered from; "" where it says none.
func addressOf(said string, from netip.Addr) string {
	var best *url.URL
	for text := range strings.FieldsSeq(said) {
		u, err := url.Parse(text)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" {
			continue
		}
		if best == nil || u.Hostname() == from.String() {
			best = u
		}
	}
	if best == nil {
		return ""
	}
	return at(best, from.String())
}

// at gives an address with another host.
func at(u *url.URL, host string) string {
	moved := url.URL{Scheme: u.Scheme, Host: host, Path: u.Path, RawQuery: u.RawQuery}
	if strings.Contains(host, ":") {
		moved.Host = "[" + host + "]"
	}
	if port := u.Port(); port != "" {
		moved.Host = net.JoinHostPort(host, port)
	}
	return moved.String()
}

// scope gives what a camera says of itself under a name (ONVIF Core 7.3.3.2).
func scope(scopes, name string) string {
	for text := range strings.FieldsSeq(scopes) {
		if said, is := strings.CutPrefix(text, "onvif://www.onvif.org/"+name+"/"); is {
			if plain, err := url.PathUnescape(said); err == nil {
				said = plain
			}
			return short(said)
		}
	}
	return ""
}

// decode reads an XML document of a camera: one without a DTD, which nothing of ONVIF
// has and which entities that grow would need.
func decode(document []byte, into any) error {
	if bytes.Contains(document, []byte("<!DOCTYPE")) || bytes.Contains(document, []byte("<!ENTITY")) {
		return fmt.Errorf("%w: its XML has a DTD", ErrNotONVIF)
	}
	if err := xml.Unmarshal(document, into); err != nil {
		return fmt.Errorf("%w: %.100s", ErrNotONVIF, err)
	}
	return nil
}

// short gives one line of a text, cut where it is long.
func short(text string) string {
	text = strings.Join(strings.Fields(strings.ToValidUTF8(text, "")), " ")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, text)
	if len(text) > maxTextBytes {
		text = strings.ToValidUTF8(text[:maxTextBytes], "")
	}
	return text
}
