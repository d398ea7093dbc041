package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Cluster is how this node of a cluster does.
type Cluster struct {
	Alive, Gone   int // nodes, this one among them
	Owned         int // cameras of this one
	Epoch         uint64
	Moves         uint64
	Relays, Shown int    // streams that come from other nodes, and that go to them
	Sent          uint64 // nodes that were sent to others
	Pulls         uint64 // connections to other nodes
	Frames, Bytes uint64 // that came from them
	Late          uint64
	Refused       map[string]uint64 // by reason
	Asked, Away   uint64            // questions to other nodes for recordings, and those without a good answer
	Given         uint64            // bytes of recordings that went to other nodes
	NATS          *bool             // whether that is connected; nil where there is none
	Version       uint64            // of what all nodes have in common
	Apart         bool              // that cannot be changed here now
	Writes, Lost  uint64
	NotTaken      map[string]uint64 // states of it, by reason
	Stands, Ready int               // cameras of others that this one keeps connected, and those of them that give pictures
	Taken         uint64            // times that such a connection went on as the camera's
	MadeHere      int               // renditions of cameras of other nodes that this one makes
	Clocks        []Clock           // that were measured
	Waits         map[string]int    // bytes for other nodes, by node
	Ways          map[string]uint64 // connections to other nodes that were made, by way
	Failovers     Failovers
}

// Failovers counts how long cameras were without an owner.
type Failovers struct {
	UpTo  map[float64]uint64 // so many seconds
	Sum   time.Duration
	Count uint64
}

// Clock is that of another node.
type Clock struct {
	Node         string
	Ahead, Doubt time.Duration
}

func collectCluster(to chan<- prometheus.Metric, c Cluster) {
	clusterNodes.send(to, float64(c.Alive), "alive")
	clusterNodes.send(to, float64(c.Gone), "gone")
	clusterOwned.send(to, float64(c.Owned))
	clusterStands.send(to, float64(c.Stands))
	clusterReady.send(to, float64(c.Ready))
	clusterTaken.send(to, float64(c.Taken))
	clusterEpoch.send(to, float64(c.Epoch))
	clusterMoves.send(to, float64(c.Moves))
	clusterRelays.send(to, float64(c.Relays))
	clusterShown.send(to, float64(c.Shown))
	clusterMadeHere.send(to, float64(c.MadeHere))
	clusterSent.send(to, float64(c.Sent))
	clusterPulls.send(to, float64(c.Pulls))
	clusterFrames.send(to, float64(c.Frames))
	clusterBytes.send(to, float64(c.Bytes))
	clusterAsked.send(to, float64(c.Asked))
	clusterAway.send(to, float64(c.Away))
	clusterGiven.send(to, float64(c.Given))
	clusterLate.send(to, float64(c.Late))
	if c.NATS != nil {
		clusterNATS.send(to, map[bool]float64{true: 1}[*c.NATS])
	}
	clusterVersion.send(to, float64(c.Version))
	apart := 0.0
	if c.Apart {
		apart = 1
	}
	clusterApart.send(to, apart)
	clusterWrites.send(to, float64(c.Writes))
	clusterLost.send(to, float64(c.Lost))
	for node, bytes := range c.Waits {
		clusterWaits.send(to, float64(bytes), node)
	}
	for way, made := range c.Ways {
		clusterWays.send(to, float64(made), way)
	}
	to <- prometheus.MustNewConstHistogram(clusterFailovers.desc, c.Failovers.Count, c.Failovers.Sum.Seconds(), c.Failovers.UpTo)
	for _, of := range c.Clocks {
		clusterClock.send(to, of.Ahead.Seconds(), of.Node)
		clusterClockDoubt.send(to, of.Doubt.Seconds(), of.Node)
	}
	for reason, count := range c.NotTaken {
		clusterNotTaken.send(to, float64(count), reason)
	}
	for reason, count := range c.Refused {
		clusterRefused.send(to, float64(count), reason)
	}
}
