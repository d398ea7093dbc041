package server

import (
	"net"
	"strconv"

	"framegate/gateway/config"
)

// ownPorts gives the ports of TCP at which this server listens at the moment, for
// whomever it may be: what it would get there it has, or is not to have. Ports that are
// configured and not open may be somebody else's.
func (s *server) ownPorts() []uint16 {
	ports := append(portsOf(listensForCameras(s.settings())...), s.port)
	for _, l := range []net.Listener{s.rtsp.plain, s.rtsp.inTLS, s.rtmp.plain, s.rtmp.inTLS} {
		if l != nil {
			ports = append(ports, portsOf(l.Addr().String())...)
		}
	}
	if s.webrtc != nil {
		ports = append(ports, uint16(s.webrtc.Number())) // 0 before it was opened, where nobody is
	}
	if n := s.node; n != nil {
		ports = append(ports, portsOf(n.listener.Addr().String(), n.cluster.Address())...)
	}
	return ports
}

// configuredPorts is ownPorts of a server that does not run.
func configuredPorts(c *config.Config) []uint16 {
	at := append(listensForCameras(c), c.Listen, c.RTSP.Listen, c.RTSP.TLSListen, c.RTMP.Listen, c.RTMP.TLSListen)
	if webRTCSpare(c) == 0 { // else another program may have that port
		at = append(at, webRTCListen(c))
	}
	if c.Cluster.Name != "" {
		at = append(at, c.Cluster.Listen, c.Cluster.RelayListen)
	}
	return portsOf(at...)
}

// listensForCameras gives where cameras of the configuration connect to us.
func listensForCameras(c *config.Config) (addresses []string) {
	for _, camera := range c.Cameras {
		if camera.Source.Listen {
			addresses = append(addresses, camera.Source.Address)
		}
	}
	return addresses
}

// portsOf gives the ports of addresses, but for those that have none.
func portsOf(addresses ...string) (ports []uint16) {
	for _, address := range addresses {
		_, port, _ := net.SplitHostPort(address)
		if n, err := strconv.ParseUint(port, 10, 16); err == nil && n > 0 {
			ports = append(ports, uint16(n))
		}
	}
	return ports
}
