package command

import (
	"strings"
	"testing"
	"time"

	"framegate/gateway/cluster"
)

// TestRowsOfNodes: of a node that is gone no cameras are counted, which others have by now.
func TestRowsOfNodes(t *testing.T) {
	status := cluster.Status{Node: "a"}
	for _, test := range []struct {
		node cluster.Member
		want string
	}{
		{cluster.Member{Node: "a", Alive: true, Same: true, Owned: 3, Viewers: 7, Relay: "10.0.0.1:7422", Version: "1"}, "a|this one|0s|3|7|10.0.0.1:7422|||1"},
		{cluster.Member{Node: "b", Alive: true, Same: true, Heard: 149 * time.Millisecond, Roles: []string{"camera", "edge"}}, "b|alive|100ms|0|0||camera,edge||"},
		{cluster.Member{Node: "c", Same: true, Owned: 2, Viewers: 1, Heard: time.Minute}, "c|gone|1m0s|-|-||||"},
		{cluster.Member{Node: "d", Same: true, Left: true, Owned: 2}, "d|ended|0s|-|-||||"},
	} {
		if got := strings.ReplaceAll(rowOf(test.node, status), "\t", "|"); got != test.want {
			t.Errorf("%s, want %s", got, test.want)
		}
	}
}
