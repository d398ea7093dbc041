package server

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"framegate/gateway/cluster"
	"framegate/gateway/config"
	"framegate/gateway/doctor"
)

// clusterAgain is from one look at what nodes tell each other to the next.
const clusterAgain = 2 * time.Second

// lookAtCluster says what is wrong with what nodes tell each other. It is health's, of one goroutine.
func (s *server) lookAtCluster() func(context.Context) error {
	var wrong error
	var looked time.Time
	return func(context.Context) error {
		if now := time.Now(); now.Sub(looked) >= clusterAgain {
			wrong, looked = s.node.cluster.Trouble(), now
		}
		return wrong
	}
}

// aboutNodes asks the node of this machine that runs how it is with the others.
func aboutNodes(ctx context.Context, c *config.Config) doctor.Finding {
	const name = "nodes"
	var status cluster.Status
	id, err := cluster.OpenIdentity(c.Data)
	if err == nil {
		err = id.Call(ctx, c.Cluster.RelayListen, http.MethodGet, "/status", nil, cluster.ReadStatus(&status))
	}
	if err != nil {
		return doctor.But(name, doctor.Warn, "see that cluster.relay_listen is what the server that runs has, and what its log says", "the node on this machine is not asked: %v", err)
	}
	var wrong, away []string
	for _, m := range status.Members {
		switch err := status.Trouble(m); {
		case err != nil:
			wrong = append(wrong, fmt.Sprintf("node %s %v", m.Node, err))
		case !m.Alive && !m.Left && !m.ShutOut:
			away = append(away, m.Node)
		}
	}
	switch {
	case len(wrong) > 0:
		return doctor.But(name, doctor.Bad, "put right the line between them, or what stands in it, as a firewall", "%s", strings.Join(wrong, "; "))
	case len(away) > 0:
		return doctor.But(name, doctor.Warn, "see whether they run, and that the ports of cluster.listen and cluster.relay_listen are open between all nodes", "nothing is heard of %s", strings.Join(away, ", "))
	}
	return doctor.Good(name, "this is %s of %d that are known, and those that run are heard", status.Node, len(status.Members))
}
