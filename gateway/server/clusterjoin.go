package server

import (
	"errors"
	"fmt"
	"io/fs"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
	"framegate/gateway/regular"
)

// becomeNode gives which node of the configured cluster this server is. Where it is none, or was shut out, it becomes that of
// the token in the file that the configuration names, if it names one.
func (s *server) becomeNode() (*cluster.Identity, error) {
	identity, err := identityOf(s.Config, cluster.Join)
	if err == nil {
		s.warnOfToken(identity)
	}
	return identity, err
}

// warnOfToken tells the log of a token that is of another node than this server is. One that was used is not looked for.
func (s *server) warnOfToken(held *cluster.Identity) {
	if s.Config.Cluster.TokenFile == "" {
		return
	}
	token, err := regular.Read(s.Config.Cluster.TokenFile, cluster.MaxToken)
	if err != nil {
		return
	}
	given, err := cluster.ReadToken(s.Config.Data, string(token))
	if err == nil && (given.Node != held.Node || given.Fingerprint() != held.Fingerprint()) {
		s.Log.Warn("cluster.token_file is of another node than this server is, and is not used: remove the folder cluster in the data folder to have it become that one", "node", held.Node, "token", given.Node, "same_cluster", given.Fingerprint() == held.Fingerprint())
	}
}

// identityOf reads which node of the configured cluster this server is, or has take read that of a token, where there is one
// and it is needed.
func identityOf(c *config.Config, take func(data, token string) (*cluster.Identity, error)) (*cluster.Identity, error) {
	name := c.Cluster.Name
	identity, err := cluster.OpenIdentity(c.Data)
	none := errors.Is(err, cluster.ErrNoIdentity) || errors.Is(err, fs.ErrNotExist) // as where it was ended while it became one
	if c.Cluster.TokenFile != "" && (none || err == nil && identity.ShutOut()) {
		identity, err = takeToken(c, take)
	}
	switch {
	case errors.Is(err, cluster.ErrNoIdentity):
		return nil, fmt.Errorf("cluster %s: this server is no node of it: make a token where the cluster's authority is, by framegate cluster token NODE, and give it to framegate cluster join, or name a file of it as cluster.token_file", name)
	case err != nil:
		return nil, fmt.Errorf("cluster %s: %w", name, err)
	case identity.Cluster != name:
		return nil, fmt.Errorf("cluster %s: the data folder has a node of cluster %s", name, identity.Cluster)
	case identity.ShutOut():
		return nil, fmt.Errorf("cluster %s: node %s: %w: make another token where the cluster's authority is, by framegate cluster token %s, and give it to framegate cluster join", name, identity.Node, cluster.ErrRevoked, identity.Node)
	}
	return identity, nil
}

// takeToken has take read the token of the configured file, once it is of the configured cluster.
func takeToken(c *config.Config, take func(data, token string) (*cluster.Identity, error)) (*cluster.Identity, error) {
	token, err := regular.Read(c.Cluster.TokenFile, cluster.MaxToken)
	if err != nil {
		return nil, fmt.Errorf("cluster.token_file: %w", err)
	}
	identity, err := cluster.ReadToken(c.Data, string(token))
	if err == nil && identity.Cluster != c.Cluster.Name {
		err = fmt.Errorf("it is of cluster %s", identity.Cluster)
	}
	if err == nil {
		identity, err = take(c.Data, string(token))
	}
	if err != nil {
		return nil, fmt.Errorf("cluster.token_file: %s: %w", c.Cluster.TokenFile, err)
	}
	return identity, nil
}
