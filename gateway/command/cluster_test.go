package command

import (
	"strings"
	"testing"
	"time"

	"framegate/gateway/cluster"
)

// TestRowsOfNodes: of a node that is gone no cameras are counted, which others have by now.
func TestRowsOfNodes(t *testing.T) {
	status := cluster.Status{Node: "a", Members: []cluster.Member{{Node: "a", Common: 17}}}
	for _, test := range []struct {
		node cluster.Member
		want string
	}{
		{cluster.Member{Node: "a", Alive: true, Same: true, Owned: 3, Viewers: 7, Relay: "10.0.0.1:7422", Version: "1"}, "a|this one|0s|3|7|10.0.0.1:7422|||1"},
		{cluster.Member{Node: "b", Alive: true, Same: true, Heard: 149 * time.Millisecond, Roles: []string{"camera", "edge"}}, "b|alive|100ms|0|0||camera,edge||"},
		{cluster.Member{Node: "c", Same: true, Owned: 2, Viewers: 1, Heard: time.Minute}, "c|gone|1m0s|-|-||||"},
		{cluster.Member{Node: "d", Same: true, Left: true, Owned: 2}, "d|ended|0s|-|-||||"},
		{cluster.Member{Node: "e", Alive: true, Common: 17}, "e|alive, has other cameras configured: give all nodes the same file|0s|0|0||||"},
		{cluster.Member{Node: "f", Alive: true, Common: 16}, "f|alive, lacks what was changed last (it has 16, this one 17): its log says why, as where the disk of its data folder is full|0s|0|0||||"},
		{cluster.Member{Node: "g", Alive: true, Common: 18}, "g|alive, has what was changed last, which this one lacks (it has 18, this one 17): the log here says why, as where the disk of the data folder is full|0s|0|0||||"},
	} {
		if got := strings.ReplaceAll(rowOf(test.node, status), "\t", "|"); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}

// TestTokenOfAnotherClusterChangesNothing where the configuration names one already.
func TestTokenOfAnotherClusterChangesNothing(t *testing.T) {
	data := t.TempDir()
	token := func(name string) string {
		t.Helper()
		authority, err := cluster.MakeAuthority(t.TempDir(), name)
		if err != nil {
			t.Fatal(err)
		}
		token, err := authority.Token("b")
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	file := writeConfig(t, "data: '"+data+"'\nauth: off\ncluster: {name: yard, advertise: 127.0.0.1}\n")
	if status, stdout, stderr := sayIn(t, nil, "cluster", "join", token("yard"), "--config", file); status != exitFine || !strings.Contains(stdout, "node b of cluster yard") {
		t.Fatalf("status %d, says %q, %q", status, stdout, stderr)
	}
	before, err := cluster.OpenIdentity(data)
	if err != nil {
		t.Fatal(err)
	}
	if status, _, stderr := sayIn(t, nil, "cluster", "join", token("barn"), "--config", file); status != exitMistake || !strings.Contains(stderr, "cluster barn, and the configuration names yard") {
		t.Errorf("status %d, says %q", status, stderr)
	}
	if now, err := cluster.OpenIdentity(data); err != nil || now.Fingerprint() != before.Fingerprint() {
		t.Errorf("the node is another now: %v", err)
	}
}
