package api

import (
	"cmp"
	"context"
	"slices"
	"time"

	"framegate/gateway/stream"
)

// NodeReport is what another node of the cluster says of itself.
type NodeReport struct {
	Node   string
	Report *Report // nil where it does not answer
	At     time.Time
}

// nodeStatus is how a node of the cluster is, and its disk.
type nodeStatus struct {
	Node       string          `json:"node" example:"b"`
	Own        bool            `json:"own" doc:"this server"`
	Away       bool            `json:"away" doc:"it does not answer, and what it has to say is not there"`
	Viewers    int             `json:"viewers" doc:"how many watch there"`
	Recordings *recordingRoom  `json:"recordings,omitempty" doc:"where it keeps recordings"`
	Recorded   []nodeRecording `json:"recorded" nullable:"false" doc:"cameras that it records, or has recordings of"`
	Troubles   []Trouble       `json:"troubles,omitempty" doc:"what is wrong around it"`
}

// nodeRecording is how a node records a camera.
type nodeRecording struct {
	Camera string     `json:"camera" example:"front"`
	Mode   string     `json:"mode" enum:"off,continuous,scheduled,events,pictures"`
	State  string     `json:"state" enum:"off,waiting,recording,slow,full,read_only,missing"`
	Reason string     `json:"reason,omitempty" doc:"why, in words"`
	Kept   keptStatus `json:"kept"`
}

// nodeKept is what a node has of a camera.
type nodeKept struct {
	Node string     `json:"node" example:"b"`
	Kept keptStatus `json:"kept"`
}

// clusterTotals are sums over all nodes that answer.
type clusterTotals struct {
	Nodes      int   `json:"nodes" example:"3"`
	Away       int   `json:"away" doc:"of those, that do not answer: what they have is in no sum"`
	Cameras    int   `json:"cameras"`
	Online     int   `json:"online"`
	Offline    int   `json:"offline"`
	Connecting int   `json:"connecting"`
	Idle       int   `json:"idle" doc:"and those that no node connects to"`
	Viewers    int   `json:"viewers"`
	Recording  int   `json:"recording" doc:"cameras that are recorded now"`
	Recorded   int64 `json:"recorded" doc:"bytes of recordings"`
	Free       int64 `json:"free" doc:"bytes of the disks, of which several nodes may have the same"`
	Total      int64 `json:"total" doc:"bytes of the disks"`
}

// others is what the other nodes of a cluster say. The zero value is that of a server alone.
type others struct {
	self    string  // "" for a server alone
	own     *Report // of this server
	reports []NodeReport
	told    map[string]*told      // cameras that they own
	kept    map[string][]recorded // by camera
	viewers map[string]int        // by camera
	watch   map[string][]watcher  // by camera
}

// told is what the owner of a camera says of it; without a status it does not answer.
type told struct {
	*cameraStatus
	at time.Time
}

// recorded is how another node records a camera.
type recorded struct {
	node string
	recordingStatus
}

// gathered is a snapshot with what other nodes say. It waits for them for a second at most.
func (a *API) gathered(ctx context.Context) snapshot {
	s := a.snapshot()
	if s.nodes == nil {
		return s
	}
	o := others{told: make(map[string]*told), kept: make(map[string][]recorded), viewers: make(map[string]int), watch: make(map[string][]watcher)}
	o.own = a.reportOf(s)
	o.self, o.reports = a.options.Gateway.Reports(ctx)
	for _, n := range o.reports {
		o.add(n, s.nodes)
	}
	for id, c := range s.nodes {
		if c.elsewhere() && o.told[id] == nil {
			o.told[id] = new(told)
		}
	}
	s.others = o
	return s
}

// add adds what a node says: of how cameras are, of its own alone.
func (o others) add(n NodeReport, cameras map[string]NodeCamera) {
	if n.Report == nil {
		return
	}
	for i, c := range n.Report.Cameras {
		if cameras[c.ID].Node == n.Node {
			o.told[c.ID] = &told{&n.Report.Cameras[i], n.At}
		}
	}
	for id, r := range n.Report.Recorded {
		o.kept[id] = append(o.kept[id], recorded{n.Node, r})
	}
	for id, count := range n.Report.Viewers {
		o.viewers[id] += count
	}
	for _, w := range n.Report.Watching {
		w.Node = n.Node
		o.watch[w.Camera] = append(o.watch[w.Camera], w)
	}
}

// put adds to a status what the owner says in more words than its beats have, and who watches
// elsewhere.
func (o others) put(status *cameraStatus, now time.Time, admin bool) {
	if o.self == "" {
		return
	}
	status.Viewers += o.viewers[status.ID]
	if admin {
		for i := range status.Watching {
			status.Watching[i].Node = o.self
		}
		status.Watching = append(status.Watching, o.watch[status.ID]...)
	}
	t := o.told[status.ID]
	switch {
	case t == nil:
	case t.cameraStatus == nil:
		status.Away = true
	default:
		t.put(status, now, admin)
	}
}

// put adds what the owner says; in which state the camera is its beats say sooner.
func (t *told) put(status *cameraStatus, now time.Time, admin bool) {
	status.Codec, status.Width, status.Height = t.Codec, t.Width, t.Height
	status.Sound, status.LeftOut = t.Sound, t.LeftOut
	status.FPS, status.FrameAgeMs = 0, nil
	if status.State == stream.Online.String() {
		status.FPS = t.FPS
	}
	if t.FrameAgeMs != nil {
		age := *t.FrameAgeMs + max(0, now.Sub(t.at).Milliseconds())
		status.FrameAgeMs = &age
	}
	if t.LastError != nil {
		status.LastError = t.LastError
	}
	status.Streams = append([]streamStatus{}, t.Streams...)
	if admin {
		return
	}
	if status.LeftOut != "" {
		status.LeftOut = "left out"
	}
	status.LastError = hidden(status.LastError)
	for i := range status.Streams {
		status.Streams[i].LastError = hidden(status.Streams[i].LastError)
	}
}

// hidden gives what is no admin hears of a failure.
func hidden(f *failure) *failure {
	if f == nil {
		return nil
	}
	return &failure{Text: "unreachable", At: f.At}
}

// recording gives how a camera is recorded: as its owner says, with what all nodes have.
func (s snapshot) recording(id string, admin bool) *recordingStatus {
	var status *recordingStatus
	if r, ok := s.records[id]; ok {
		status = recordingStatusOf(r)
	}
	if len(s.others.kept[id]) == 0 {
		return status
	}
	var parts []nodeKept
	if status != nil {
		parts = append(parts, nodeKept{s.others.self, status.Kept})
	} else {
		status = &recordingStatus{Mode: "off", State: "off"}
	}
	for _, r := range s.others.kept[id] {
		if parts = append(parts, nodeKept{r.node, r.Kept}); s.nodes[id].elsewhere() && s.nodes[id].Node == r.node {
			status = &r.recordingStatus
		}
	}
	parts = slices.DeleteFunc(parts, func(p nodeKept) bool { return p.Kept.Segments == 0 })
	status.Kept = status.Kept.of(parts)
	if admin {
		slices.SortFunc(parts, func(a, b nodeKept) int { return cmp.Compare(a.Node, b.Node) })
		status.KeptAt = parts
	}
	return status
}

// of gives what there is at all nodes, with the limits and the outlook of this one's disk.
func (k keptStatus) of(parts []nodeKept) keptStatus {
	k.Segments, k.Bytes, k.Protected, k.Oldest = 0, 0, 0, nil
	for _, p := range parts {
		k.Segments, k.Bytes, k.Protected = k.Segments+p.Kept.Segments, k.Bytes+p.Kept.Bytes, k.Protected+p.Kept.Protected
		if k.Oldest == nil || p.Kept.Oldest != nil && p.Kept.Oldest.Before(*k.Oldest) {
			k.Oldest = p.Kept.Oldest
		}
	}
	return k
}

// nodeStatuses gives how all nodes are, this one among them, and sums.
func (s snapshot) nodeStatuses() ([]nodeStatus, *clusterTotals) {
	if s.others.self == "" {
		return nil, nil
	}
	all := []nodeStatus{nodeStatusOf(s.others.self, s.others.own)}
	all[0].Own = true
	for _, n := range s.others.reports {
		if n.Report == nil {
			all = append(all, nodeStatus{Node: n.Node, Away: true, Recorded: []nodeRecording{}})
			continue
		}
		all = append(all, nodeStatusOf(n.Node, n.Report))
	}
	slices.SortFunc(all, func(a, b nodeStatus) int { return cmp.Compare(a.Node, b.Node) })
	return all, totalsOf(all, s.nodes)
}

func nodeStatusOf(node string, r *Report) nodeStatus {
	n := nodeStatus{Node: node, Recordings: r.Recordings, Recorded: []nodeRecording{}, Troubles: r.Troubles}
	for _, count := range r.Viewers {
		n.Viewers += count
	}
	for id, s := range r.Recorded {
		n.Recorded = append(n.Recorded, nodeRecording{id, s.Mode, s.State, s.Reason, s.Kept})
	}
	slices.SortFunc(n.Recorded, func(a, b nodeRecording) int { return cmp.Compare(a.Camera, b.Camera) })
	return n
}

func totalsOf(nodes []nodeStatus, cameras map[string]NodeCamera) *clusterTotals {
	t := &clusterTotals{Nodes: len(nodes), Cameras: len(cameras)}
	for _, n := range nodes {
		if n.Away {
			t.Away++
		}
		t.Viewers += n.Viewers
		if room := n.Recordings; room != nil {
			t.Recorded, t.Free, t.Total = t.Recorded+room.Recorded, t.Free+room.Free, t.Total+room.Total
		}
		for _, r := range n.Recorded {
			if r.State == "recording" {
				t.Recording++
			}
		}
	}
	for _, c := range cameras {
		count := map[stream.State]*int{stream.Online: &t.Online, stream.Offline: &t.Offline, stream.Connecting: &t.Connecting, stream.Idle: &t.Idle}[c.State]
		*count++
	}
	return t
}
