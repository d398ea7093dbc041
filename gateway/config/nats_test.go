package config

import (
	"slices"
	"strings"
	"testing"
)

func TestErrorsOfNATS(t *testing.T) {
	const nats = "name: yard, nats: {urls: [nats://a]"
	for text, want := range map[string]string{
		"name: yard, seeds: ['a:1'], nats: {username: u}":              "cluster.nats.username: needs a NATS: write its urls beside it",
		"nats: {urls: [nats://a]}":                                     "cluster.nats.urls: is for a node of a cluster; give it a cluster.name",
		nats + ", password: canary}":                                   "cluster.nats.password: needs a username beside it",
		nats + ", username: u, credentials: /x}":                       "cluster.nats.credentials: stands in place of username and password",
		nats + ", username: u, password: canary, password_file: x}":    "cluster.nats.password: is given by password_file too",
		nats + ", ca: /x}":                                             "cluster.nats.ca: is for tls://",
		nats + "}, seeds: ['a:7421']":                                  "cluster.seeds: is for nodes with a bus of their own",
		nats + "}, listen: ':7421'":                                    "cluster.listen: is for nodes with a bus of their own",
		"name: yard, nats: {urls: [nats://a, tls://b]}":                "cluster.nats.urls: must be all nats:// or all tls://",
		"name: yard, nats: {urls: ['nats://u:canary@a']}":              "cluster.nats.urls: must be an address such as nats://192.168.1.5",
		nats + ", username: u, password: '${SECRET}', credentials: x}": "cluster.nats.password: holds ${...}",
	} {
		_, err := Parse("f.yaml", []byte("cluster: {"+text+"}\n"), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
}

// TestNATSOfTheEnvironment, with the password beside a file that all nodes have.
func TestNATSOfTheEnvironment(t *testing.T) {
	c, err := Parse("f.yaml", []byte("cluster: {name: yard, nats: {urls: ['tls://a', 'tls://b:1'], username: u}}\n"), []string{"FRAMEGATE_CLUSTER__NATS__PASSWORD=canary"})
	if err != nil {
		t.Fatal(err)
	}
	n := c.Cluster.NATS
	if !n.TLS() || !slices.Equal(n.Servers(), []string{"a:4222", "b:1"}) || n.Username != "u" || n.Password.Reveal() != "canary" {
		t.Errorf("%v of %v", n, n.Password.Reveal())
	}
}
