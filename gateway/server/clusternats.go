package server

import (
	"bytes"
	"context"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
	"framegate/gateway/doctor"
	"framegate/gateway/regular"
)

const (
	// maxAuthorities bounds a file of authorities, and maxCredentials one that lets a node in, in bytes.
	maxAuthorities = 1 << 20
	maxCredentials = 64 << 10
)

// natsOf gives the NATS of a configuration, as a cluster knows it, once its files are found to be good.
func natsOf(c config.NATS) (n cluster.NATS, err error) {
	n = cluster.NATS{Servers: c.Servers(), TLS: c.TLS(), Username: c.Username, Password: c.Password.Reveal(), Credentials: c.Credentials, Domain: c.Domain}
	if c.CA != "" {
		content, err := regular.Read(c.CA, maxAuthorities)
		if err != nil {
			return n, fmt.Errorf("cluster.nats.ca: %w", err)
		}
		if n.Roots = x509.NewCertPool(); !n.Roots.AppendCertsFromPEM(content) {
			return n, fmt.Errorf("cluster.nats.ca: %s: has no certificate in PEM", c.CA)
		}
	}
	if c.Credentials != "" {
		content, err := regular.Read(c.Credentials, maxCredentials)
		if err != nil {
			return n, fmt.Errorf("cluster.nats.credentials: %w", err)
		}
		if !bytes.Contains(content, []byte("-----BEGIN NATS USER JWT-----")) {
			return n, fmt.Errorf("cluster.nats.credentials: %s: is no file of NATS' credentials (.creds)", c.Credentials)
		}
	}
	return n, nil
}

// exchange tells another node how this one is, and gives how that one is.
func (n *node) exchange(ctx context.Context, to cluster.Place, said []byte) ([]byte, error) {
	answer, err := n.askBy(ctx, n.telling, http.MethodPost, to.Node, "/beat", said)
	if err != nil {
		return nil, err
	}
	defer answer.Close()
	return io.ReadAll(io.LimitReader(answer, cluster.MaxBeat+1))
}

// beat hears another node that does not hear this one by the bus, or is apart from it, and answers how this one is.
func (n *node) beat(w http.ResponseWriter, r *http.Request) {
	said, err := io.ReadAll(http.MaxBytesReader(w, r.Body, cluster.MaxBeat))
	if err != nil {
		return // it is gone, or says too much
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(n.cluster.Hear(said)) // whoever is gone misses nothing
}

// aboutNATS looks whether the NATS of the cluster does what nodes need of it.
func aboutNATS(ctx context.Context, c *config.Config) doctor.Finding {
	const name = "NATS"
	n, err := natsOf(c.Cluster.NATS)
	if err != nil {
		return doctor.But(name, doctor.Bad, "put right cluster.nats in the configuration, or its files", "%v", err)
	}
	about, err := cluster.TryNATS(ctx, n)
	if err != nil {
		return doctor.But(name, doctor.Bad, "see that it runs, that its address, user and password under cluster.nats are right, and that this account may use JetStream; until then cameras run, and what nodes have in common cannot be changed", "%v", err)
	}
	return doctor.Good(name, "%s", about)
}
