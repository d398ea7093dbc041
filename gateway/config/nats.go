package config

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"framegate/gateway/secret"
)

// NATS says which NATS the nodes of a cluster speak by, in place of a bus of their own.
type NATS struct {
	URLs         []string // nats:// or tls://, with the port; none for a bus of their own
	Username     string
	Password     secret.Text
	PasswordFile string // that it was read from
	Credentials  string // a file of NATS (.creds), in place of username and password
	Domain       string // of the JetStream that keeps what all have in common; "" for that of the server a node is connected to
	CA           string // a PEM file of authorities for tls; "" for those of the system
}

// TLS says whether it must be spoken to by TLS.
func (n NATS) TLS() bool { return len(n.URLs) > 0 && strings.HasPrefix(n.URLs[0], "tls:") }

// Servers gives host:port of each URL.
func (n NATS) Servers() (servers []string) {
	for _, u := range n.URLs {
		_, server, _ := strings.Cut(u, "://")
		servers = append(servers, server)
	}
	return servers
}

// natsURL reads where a NATS is, and gives it with its port.
func natsURL(text string) (string, error) {
	bad := errors.New("must be an address such as nats://192.168.1.5 or tls://nats.example.org:4222; user and password go into username and password")
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
		return "", bad
	}
	if u.Port() == "" {
		u.Host += ":4222"
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); err != nil || n == 0 {
		return "", bad
	}
	return u.Scheme + "://" + u.Host, line(text, 2048)
}

// natsDomain checks the name of a domain of JetStream.
func natsDomain(text string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(text) {
		return fmt.Errorf("must be the name of a domain of JetStream, such as hub, not %s", quote(text))
	}
	return nil
}

// oneScheme checks the URLs of a NATS: a node that would do without TLS at one of its servers does without it.
func oneScheme(c *Config) error {
	urls := c.Cluster.NATS.URLs
	if slices.ContainsFunc(urls, func(u string) bool { return strings.HasPrefix(u, "tls:") != c.Cluster.NATS.TLS() }) {
		return errors.New("must be all nats:// or all tls://")
	}
	return nil
}

// finishNATS checks what the keys of a NATS mean together, and reads the password.
func (d *draft) finishNATS() {
	const path = "cluster.nats"
	n := &d.config.Cluster.NATS
	d.finishPassword(path, n.Username, n.PasswordFile, &n.Password)
	if at := d.given[path+".credentials"]; n.Username != "" && at.given() {
		d.report(at, path+".credentials", "stands in place of username and password; remove it, or those")
	}
	if at := d.given[path+".ca"]; at.given() && len(n.URLs) > 0 && !n.TLS() {
		d.report(at, path+".ca", "is for tls://; remove it, or write tls:// in urls")
	}
	if !d.given[path+".urls"].given() {
		for _, key := range []string{"username", "credentials", "domain", "ca"} {
			if at := d.given[path+"."+key]; at.given() {
				d.report(at, path+"."+key, "needs a NATS: write its urls beside it, such as [nats://192.168.1.5]")
			}
		}
		return
	}
	for _, key := range []string{"listen", "seeds"} {
		if at := d.given["cluster."+key]; at.given() {
			d.report(at, "cluster."+key, "is for nodes with a bus of their own, and these have cluster.nats.urls; remove one of both")
		}
	}
}
