package cluster

import (
	"strings"

	"github.com/nats-io/nats-server/v2/server"
)

// StuckRoute is how many bytes wait for a node that is in trouble: it takes nothing, or
// much less than is said to it.
const StuckRoute = 8 << 20

// Routes gives the bytes that wait on the bus for each other node that it is connected to;
// nil where that is not known. It looks anew each time.
func (c *Cluster) Routes() map[string]int {
	if c.bus.server == nil {
		return nil
	}
	all, err := c.bus.server.Routez(new(server.RoutezOptions))
	if err != nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	waits := make(map[string]int, len(all.Routes))
	for _, r := range all.Routes {
		for _, node := range []string{r.RemoteName, nodeOfServer(r.RemoteName)} {
			if c.table.members[node] != nil { // others have no beat yet, or no name that counts
				waits[node] += r.Pending
				break
			}
		}
	}
	return waits
}

// nodeOfServer gives the node whose bus has that name: see startBus. Of those that keep what
// all have in common it is the node's own (keepOn).
func nodeOfServer(name string) string {
	return name[:max(0, strings.LastIndexByte(name, '-'))]
}
