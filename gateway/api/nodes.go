package api

import (
	"slices"
	"time"

	"framegate/gateway/api/events"
	"framegate/gateway/stream"
)

// NodeCamera is how a camera of a cluster is, as the node says that owns it.
type NodeCamera struct {
	Node   string // "" where none owns it
	Own    bool   // this server owns it
	Unsaid bool   // how it is nobody says yet, as for a moment after it went to another node
	State  stream.State
	Why    error     // it is offline; nil where that is not known
	Since  time.Time // of the state
}

// elsewhere says that another node knows how the camera is.
func (c NodeCamera) elsewhere() bool { return c.Node != "" && !c.Own && !c.Unsaid }

// stats gives what another node says of a camera as that of a stream.
func (c NodeCamera) stats(id string) stream.Stats {
	return stream.Stats{Key: stream.Key{Camera: id}, State: c.State, Runs: uint64(c.Since.Unix()), LastError: c.Why, LastErrorAt: c.Since}
}

// put adds to what this server knows of a camera who owns it, and of one that another node
// owns what that says.
func (c NodeCamera) put(status *cameraStatus, admin bool) {
	if admin {
		status.Node = c.Node
	}
	if c.Node == "" || c.Unsaid {
		return
	}
	status.Since = timeOf(c.Since)
	if c.Own {
		return
	}
	status.State = c.State.String()
	if c.State != stream.Online {
		status.FPS = 0
	}
	status.LastError = nil
	if c.Why != nil {
		status.LastError = &failure{Text: "unreachable", At: c.Since.UTC()}
		if admin {
			status.LastError.Text = c.Why.Error()
		}
	}
}

// lookAtNodes puts in place of what this server sees of cameras that other nodes own what
// those say of them.
func lookAtNodes(look *events.Look, nodes map[string]NodeCamera) {
	if len(nodes) == 0 {
		return
	}
	look.Nodes, look.Unsaid = make(map[string]string, len(nodes)), make(map[string]bool)
	look.Streams = slices.DeleteFunc(look.Streams, func(s stream.Stats) bool { return nodes[s.Key.Camera].elsewhere() })
	for id, c := range nodes {
		look.Nodes[id] = c.Node
		switch {
		case c.Unsaid:
			look.Unsaid[id] = true
		case c.elsewhere():
			look.Streams = append(look.Streams, c.stats(id))
		}
	}
}
