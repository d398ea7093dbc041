package server

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
)

// authorityOf makes one of a cluster of that name.
func authorityOf(t *testing.T, name string) *cluster.Authority {
	t.Helper()
	a, err := cluster.MakeAuthority(t.TempDir(), name)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func tokenOf(t *testing.T, a *cluster.Authority, node string) string {
	t.Helper()
	token, err := a.Token(node)
	if err != nil {
		t.Fatal(err)
	}
	return token + "\n"
}

// TestNodeOfATokenInAFile: a server becomes the node of its file once, needs the file no more, and takes a later one where it was
// shut out. To check the configuration makes nothing.
func TestNodeOfATokenInAFile(t *testing.T) {
	yard := authorityOf(t, "yard")
	var log bytes.Buffer
	c := &config.Config{Data: t.TempDir(), Cluster: config.Cluster{Name: "yard", TokenFile: filepath.Join(t.TempDir(), "token")}}
	s := &server{Options: Options{Config: c, Log: slog.New(slog.NewTextHandler(&log, nil))}}
	give := func(token string) {
		t.Helper()
		if err := os.WriteFile(c.Cluster.TokenFile, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	is := func(node string) *cluster.Identity {
		t.Helper()
		if _, err := identityOf(c, cluster.ReadToken); err != nil {
			t.Errorf("to check it: %v", err)
		}
		id, err := s.becomeNode()
		if err != nil || id.Node != node {
			t.Fatalf("it is %+v, %v", id, err)
		}
		return id
	}
	fails := func(with string) {
		t.Helper()
		_, checked := identityOf(c, cluster.ReadToken)
		_, err := s.becomeNode()
		if err == nil || checked == nil || !strings.Contains(err.Error(), with) || checked.Error() != err.Error() {
			t.Errorf("%v, and to check it %v, want %s", err, checked, with)
		}
	}

	fails("no such file")
	for _, wrong := range []struct{ token, says string }{
		{"", "no token of a node"}, {strings.Repeat("x", cluster.MaxToken+1), "is larger than 8KiB"}, {tokenOf(t, authorityOf(t, "barn"), "b"), "it is of cluster barn"},
	} {
		give(wrong.token)
		fails(wrong.says)
	}
	first := tokenOf(t, yard, "b")
	give(first)
	if _, err := identityOf(c, cluster.ReadToken); err != nil {
		t.Errorf("to check it: %v", err)
	}
	if _, err := os.Stat(filepath.Join(c.Data, "cluster")); err == nil {
		t.Error("to check the configuration made a node")
	}
	id := is("b")
	if err := os.Remove(c.Cluster.TokenFile); err != nil {
		t.Fatal(err)
	}
	is("b")
	if log.Len() > 0 {
		t.Errorf("the log has %s", log.String())
	}
	give(tokenOf(t, yard, "c"))
	is("b")
	if !strings.Contains(log.String(), "is of another node") || strings.Contains(log.String(), strings.TrimSpace(first)) {
		t.Errorf("of the token of another node the log has %s", log.String())
	}

	list, err := yard.Revoke("b")
	if err == nil {
		_, err = id.Adopt(list)
	}
	if err != nil {
		t.Fatal(err)
	}
	give(first)
	fails("shut out")
	give(tokenOf(t, yard, "b"))
	is("b")
	if err := os.Remove(filepath.Join(c.Data, "cluster", "node.crt")); err != nil { // as where it was ended before that was written
		t.Fatal(err)
	}
	is("b")
}
