package server

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"

	"framegate/gateway/api"
	"framegate/gateway/config"
	"framegate/gateway/reach"
)

// control is the server as the API knows it.
type control struct{ *server }

// Cameras gives the cameras there are.
func (s control) Cameras() []api.Camera {
	var cameras []api.Camera
	for _, c := range s.cameras.All() {
		cameras = append(cameras, api.Camera{Camera: c.Camera, Added: c.Added})
	}
	return cameras
}

// SetAdded makes these the cameras that were added while the server runs.
func (s control) SetAdded(cameras []config.Camera) error {
	return s.cameras.SetAdded(cameras)
}

// Publishers gives those who send frames in.
func (s control) Publishers() []api.Publisher {
	var publishers []api.Publisher
	for _, p := range s.publishers.All() {
		publishers = append(publishers, api.Publisher{Camera: p.Camera, Address: p.Address, Principal: p.Principal, Since: p.Since})
	}
	return publishers
}

// Encoders gives the ffmpegs that encode, or wait to.
func (s control) Encoders() []api.Encoder {
	var encoders []api.Encoder
	for _, e := range s.encoders.Stats().Encoders {
		encoders = append(encoders, api.Encoder{
			Camera: e.Stream.Camera, Rendition: e.Stream.Rendition, Waiting: e.Waiting, Dropped: e.Dropped, FPS: e.FPS,
		})
	}
	return encoders
}

// Settings gives what is configured.
func (s control) Settings() api.Settings {
	settings := api.Settings{Config: s.settings(), Wanted: s.wanted.Load(), Left: *s.left.Load()}
	if refused := s.refused.Load(); refused != nil {
		settings.Refused, settings.RefusedAt = refused.err, refused.at
	}
	return settings
}

// Facts gives what is known of the server itself.
func (s control) Facts() api.Facts {
	facts := api.Facts{Authority: s.identity.Fingerprint(), Hosts: s.identity.Hosts(), FFmpeg: s.ffmpeg.Load(), Notified: s.notified()}
	for _, c := range s.identity.Certificates() {
		names := slices.Clone(c.DNSNames)
		for _, ip := range c.IPAddresses {
			names = append(names, ip.String())
		}
		facts.Certificates = append(facts.Certificates, api.Certificate{Names: names, Issuer: c.Issuer.String(), From: c.NotBefore, Until: c.NotAfter})
	}
	return facts
}

// checkSource refuses a source that could never be connected to: one with an
// address where no camera may be. Names are judged when they are dialled.
func (s *server) checkSource(source config.Source) error {
	if source.URL == "" {
		return nil
	}
	return checkAddress(s.reach(), source.URL)
}

// checkNotified does so for an address of a webhook or a broker. What is secret of it is not in
// the error.
func (s *server) checkNotified(address string) error {
	return checkAddress(s.reachNotified(), address)
}

// checkAddress refuses an address where a rule lets nothing be, as far as its text shows.
func checkAddress(rule reach.Rule, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("is not a URL")
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err != nil {
		return nil
	}
	err = rule.Check(netip.AddrPortFrom(ip, portOf(u)))
	if errors.Is(err, reach.ErrForbidden) && !errors.Is(err, reach.ErrOwn) {
		return fmt.Errorf("%w; ranges besides the usual are allowed under network in the configuration", err)
	}
	return err
}

// portOf gives the port that a URL means.
func portOf(u *url.URL) uint16 {
	port, err := net.LookupPort("tcp", u.Port())
	if u.Port() == "" || err != nil {
		port = map[string]int{"http": 80, "https": 443, "rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "mqtt": 1883, "mqtts": 8883}[u.Scheme]
	}
	return uint16(port)
}
