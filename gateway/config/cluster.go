package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// maxLabel is how long a label of a node may be, in bytes.
const maxLabel = 128

// maxPublic is how long the URL of a node may be, in bytes.
const maxPublic = 256

// clusterName checks the name of a cluster, which stands in certificates.
func clusterName(text string) error {
	if !idPattern.MatchString(text) {
		return fmt.Errorf("must be 1 to 63 of a-z, 0-9 and -, not beginning with -, not %s", quote(text))
	}
	return nil
}

// reachedBy checks a host by which other machines reach this one.
func reachedBy(text string) error {
	if ip, err := netip.ParseAddr(text); err == nil && !ip.IsUnspecified() || err != nil && namePattern.MatchString(text) {
		return nil
	}
	return fmt.Errorf("must be an address or a name of this machine, without a port, such as 192.168.1.10, not %s", quote(text))
}

// hostPort checks where another node listens.
func hostPort(text string) error {
	host, port, err := net.SplitHostPort(text)
	if err == nil && reachedBy(host) == nil {
		if _, err = count(port, 1, 65535); err == nil {
			return nil
		}
	}
	return fmt.Errorf("must be the host and port of a node, such as 192.168.1.10:7421, not %s", quote(text))
}

// nodeLabel checks a label, which is compared and means nothing else.
func nodeLabel(text string) error {
	if text == "" {
		return errors.New("is empty; write a label, such as site=barn, or remove it")
	}
	return line(text, maxLabel)
}

// publicURL reads the URL by which viewers reach a node, as it stands before the paths of
// addresses.
func publicURL(text string) (string, error) {
	wrong := fmt.Errorf("must be the URL by which viewers reach this node, such as https://b.example.org, of no more than a scheme, a name or address, a port and a path, not %s", quote(text))
	if text == "" {
		return "", nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || text != u.Scheme+"://"+u.Host+u.Path || len(text) > maxPublic {
		return "", wrong
	}
	_, badName := hostName(u.Hostname())
	path, badPath := BasePath(u.Path)
	if u.Port() != "" {
		_, err = count(u.Port(), 1, 65535)
	}
	if badName != nil || badPath != nil || err != nil || strings.HasSuffix(u.Host, ":") {
		return "", wrong
	}
	return u.Scheme + "://" + strings.ToLower(u.Host) + path, nil
}

// mostOfThem checks the nodes that keep what all have in common, of which most have to
// be there.
func mostOfThem(c *Config) error {
	names := c.Cluster.Stores
	if n := len(slices.Compact(slices.Sorted(slices.Values(names)))); n != len(names) || !slices.Contains([]int{0, 1, 3, 5}, n) {
		return errors.New("must be 1, 3 or 5 different nodes: with 3 one may be away, with 5 two, and with 2 or 4 no more than with one less")
	}
	return nil
}

// orNothing reads a text that is checked, or nothing.
func orNothing(check func(string) error) func(value) (string, error) {
	return func(v value) (string, error) {
		if v.text == "" {
			return "", nil
		}
		return v.text, check(v.text)
	}
}

// finishCluster checks what the keys of a cluster mean together.
func (d *draft) finishCluster() {
	d.finishNATS()
	c, name := d.config.Cluster, d.given["cluster.name"]
	if c.Name == "" {
		for _, key := range []string{"cluster.token_file", "cluster.listen", "cluster.relay_listen", "cluster.advertise", "cluster.nats.urls", "cluster.public", "cluster.redirect"} {
			if at := d.given[key]; at.given() {
				d.report(at, key, "is for a node of a cluster; give it a cluster.name, or remove it")
			}
		}
		return
	}
	host, port, _ := net.SplitHostPort(c.Listen)
	ip, err := netip.ParseAddr(host)
	if d.given["cluster.nats.urls"].given() { // there is no bus to listen at
		return
	}
	if c.Advertise == "" && len(c.Seeds) == 0 && (host == "" || err == nil && ip.IsUnspecified()) {
		d.report(name, "cluster", "needs seeds, or advertise, the host by which other nodes reach this one")
	}
	if _, relay, _ := net.SplitHostPort(c.RelayListen); relay == port && port != "0" {
		d.report(name, "cluster", "listen and relay_listen need ports of their own")
	}
}
