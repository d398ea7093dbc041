package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"framegate/gateway/api/problem"
	"framegate/gateway/auth"
	"framegate/gateway/redact"
	"framegate/gateway/stream"
)

func (a *API) registerStatus(r registrar) {
	const tag = "status"
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/status", Known}, id: "get-status", tag: tag,
		summary: "Show what all cameras are doing", about: "Those you may view, or see recordings of: the part of that. Admins see who watches, and why a camera fails. The events have it too, again and again: GET /api/v1/events?status=2s.",
	}, a.getStatus)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/cameras/{id}/status", Known}, id: "get-camera-status", tag: tag,
		summary: "Show what a camera is doing", about: "For who may view it, or see its recordings: each sees the part of that.",
		problems: []int{http.StatusNotFound},
	}, a.getCameraStatus)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/publishers", auth.Admin}, id: "list-publishers", tag: tag,
		summary: "List who sends pictures in",
	}, a.listPublishers)
	add(r, operation{
		Route: Route{http.MethodGet, "/api/v1/viewers", auth.Admin}, id: "list-viewers", tag: tag,
		summary: "List who is shown something", about: "Of all cameras, also of what was recorded of cameras that were removed; the oldest first. Of a cluster those of all nodes that answer, of each at most 512.",
	}, a.listViewers)
	add(r, operation{
		Route: Route{http.MethodDelete, "/api/v1/viewers/{number}", auth.Admin}, id: "end-viewer", tag: tag,
		summary: "End a viewer", about: "The number is its id, in the status of its camera and in the list, which say at which node of a cluster it is, too. Players are told, with the code 403, and come again only if a person asks for it; nothing else keeps a viewer from that but a permission that is taken away. Who plays recordings by HLS is refused for a minute.",
	}, a.endViewer)
}

// cameraStatus is what a camera is doing.
type cameraStatus struct {
	ID         string           `json:"id"`
	Name       string           `json:"name"`
	State      string           `json:"state,omitempty" enum:"idle,connecting,online,offline" doc:"idle: nobody watches; connecting: no picture yet; offline: wanted, but not there; for who may view it, as all but recording and links"`
	Codec      string           `json:"codec,omitempty" doc:"what the camera sends: jpeg, h264, h265" example:"h264"`
	Width      int              `json:"width,omitempty" doc:"pixels"`
	Height     int              `json:"height,omitempty" doc:"pixels"`
	Sound      *soundStatus     `json:"sound,omitempty" doc:"the sound that the camera sends; not there where it sends none"`
	LeftOut    string           `json:"sound_trouble,omitempty" doc:"why the camera's sound is left out, or part of it; left out, for who is no admin" example:"camera sends sound of a kind that is not taken"`
	Since      *time.Time       `json:"since,omitempty" doc:"of the state, as its owner says; where this server is one of several"`
	FPS        float64          `json:"fps" doc:"pictures a second; 0 where not online"`
	FrameAgeMs *int64           `json:"frame_age_ms,omitempty" doc:"since the newest picture came, in milliseconds; not there before any"`
	Viewers    int              `json:"viewers" doc:"how many watch; who is shown nothing but what was recorded is not counted"`
	LastError  *failure         `json:"last_error,omitempty"`
	Recording  *recordingStatus `json:"recording,omitempty" doc:"how it is recorded, where it is or was since the start; for who may see recordings"`
	Streams    []streamStatus   `json:"streams" nullable:"false" doc:"what the camera sends, and what is made of it for viewers"`
	Node       string           `json:"node,omitempty" doc:"which node of the cluster owns it, where this server is one of several; for admins" example:"b"`
	Away       bool             `json:"away,omitempty" doc:"the node that owns it does not answer, so that little more is known than its state"`
	Watching   []watcher        `json:"watching,omitempty" nullable:"false" doc:"who watches, or is shown what was recorded; for admins"`
	Links      links            `json:"links" doc:"addresses of the camera by form: page, mjpeg, jpeg, mp4, sse, socket, where this server speaks WebRTC webrtc (WHEP), RTSP rtsp and rtsps, and for who may send pictures publish, post_jpeg, post_mjpeg, publish_webrtc (WHIP), and where this server takes RTMP rtmp and rtmps, for who may see recordings, where this server keeps any, recording_mp4, recording_hls, recording_jpeg, recording_mjpeg, recording_sse, recording_socket, thumbnail, and where it is a node of a cluster nodes, which tells at which other nodes the camera is shown" example:"{\"mjpeg\":\"/live/front.mjpeg\"}"`
}

// soundStatus is the sound of a camera, or what is made of it.
type soundStatus struct {
	Codec    string `json:"codec" enum:"aac,opus,pcma,pcmu"`
	Rate     int    `json:"rate" doc:"samples a second in each channel"`
	Channels int    `json:"channels"`
	Frames   uint64 `json:"frames" doc:"that came since the stream came to be"`
	Bytes    uint64 `json:"bytes" doc:"of those"`
}

// failure is why a source ended last.
type failure struct {
	Text string    `json:"text" doc:"what went wrong; unreachable, for who is no admin" example:"unreachable"`
	At   time.Time `json:"at"`
}

// streamStatus is what is known of a camera in one rendition. Counters are
// since the stream came to be.
type streamStatus struct {
	Rendition string       `json:"rendition" doc:"empty for what the camera sends"`
	State     string       `json:"state" enum:"idle,connecting,online,offline"`
	Codec     string       `json:"codec,omitempty"`
	Width     int          `json:"width,omitempty" doc:"pixels"`
	Height    int          `json:"height,omitempty" doc:"pixels"`
	FPS       float64      `json:"fps"`
	Readers   int          `json:"readers" doc:"viewers and encoders that read it"`
	Runs      uint64       `json:"runs" doc:"times it was started"`
	Failures  uint64       `json:"failures" doc:"times it ended by itself"`
	Frames    uint64       `json:"frames"`
	Bytes     uint64       `json:"bytes"`
	Sound     *soundStatus `json:"sound,omitempty" doc:"beside the pictures, or alone; not there where there is none"`
	Refused   uint64       `json:"refused" doc:"frames that could not be used"`
	Dropped   uint64       `json:"dropped" doc:"frames that slow readers skipped, added up"`
	LastError *failure     `json:"last_error,omitempty"`
	Encoder   *encoder     `json:"encoder,omitempty" doc:"the ffmpeg that makes it, where one does"`
	Node      string       `json:"node,omitempty" doc:"the node of the cluster that makes it; not for a server alone, and only for admins" example:"b"`
}

// encoder is an ffmpeg.
type encoder struct {
	State   string `json:"state" enum:"waiting,running,overloaded" doc:"waiting for its turn, or too slow for what it is asked for"`
	Dropped uint64 `json:"dropped" doc:"frames left out because it was too slow"`
	FPS     int    `json:"fps,omitempty" doc:"the rate it stepped down to, where it is too slow"`
}

// watcher is a viewer.
type watcher struct {
	ID        uint64    `json:"id" doc:"of no other viewer of its node, ever; to end it by"`
	Node      string    `json:"node,omitempty" doc:"at which node of the cluster it is, where this server is one of several" example:"b"`
	Camera    string    `json:"camera"`
	Rendition string    `json:"rendition"`
	Form      string    `json:"form" doc:"of the present one of mjpeg, snapshot, sse, framegate.v1, mp4, rtsp, rtsps, rtsp-udp, and others that players speak; of recordings one of mjpeg, sse, framegate.v1, mp4, hls; of those who play by hls all requests in a minute are one viewer" example:"mjpeg"`
	Past      bool      `json:"past,omitempty" doc:"what it is shown was recorded"`
	Codec     string    `json:"codec,omitempty"`
	Address   string    `json:"address" example:"192.168.1.77"`
	Principal string    `json:"principal" example:"user:anna"`
	Since     time.Time `json:"since"`
	Dropped   uint64    `json:"dropped" doc:"frames it skipped because it was slow"`
	Player    *player   `json:"player,omitempty" doc:"what it says of itself, if it does"`
}

type player struct {
	Shown    uint64  `json:"shown" doc:"pictures"`
	Dropped  uint64  `json:"dropped" doc:"pictures that came but were not shown"`
	BufferMs float64 `json:"buffer_ms" doc:"received and not shown yet, in milliseconds"`
	DelayMs  float64 `json:"delay_ms" doc:"from the camera to the screen, in milliseconds"`
}

// links are the addresses of a camera, by the names of the forms.
type links map[string]string

// base is the path under which who asks knows the server.
func (a *API) base(ctx context.Context) string {
	if a.options.Base == nil {
		return ""
	}
	return a.options.Base(ctx)
}

// root is how a client knows the server: the path of its pages, and its name.
type root struct{ path, host string }

// root is how who asks knows the server.
func (a *API) root(ctx context.Context) root {
	host, _ := ctx.Value(hostKey{}).(string)
	return root{a.base(ctx), host}
}

// linksOf gives the addresses of a camera that one may use who may do what may
// says, below a root and with a query behind each.
func linksOf(forms []Form, at root, id string, may func(auth.Action) bool, query string) links {
	l := make(links)
	if (may(auth.View) || may(auth.Playback)) && query == "" { // pages take no signature
		l["page"] = at.path + "/camera/" + id
	}
	if query != "" {
		query = "?" + query
	}
	for _, form := range forms {
		if may(form.Action) {
			l[form.Name] = at.of(form.Address, id) + query
		}
	}
	return l
}

// of gives the address of a form, of a camera. One of another protocol than HTTP is
// whole.
func (r root) of(form, id string) string {
	address := strings.Replace(form, "{id}", id, 1)
	if strings.HasPrefix(address, "/") {
		return r.path + address
	}
	return strings.Replace(address, "{host}", r.host, 1)
}

func (a *API) getStatus(ctx context.Context, _ *nothing) (*struct{ Body overview }, error) {
	return &struct{ Body overview }{a.overviewFor(principalOf(ctx), a.root(ctx), a.gathered(ctx))}, nil
}

// overviewFor gives what a principal may see of a snapshot, who knows the server
// by a root.
func (a *API) overviewFor(p auth.Principal, at root, all snapshot) overview {
	o := overview{Version: a.options.Version, Started: a.started.UTC(), At: all.at.UTC(), Cameras: []cameraStatus{}}
	for _, c := range a.options.Gateway.Cameras() {
		if maySeeStatus(p, c.ID) {
			o.Cameras = append(o.Cameras, all.of(p, at, c))
		}
	}
	if isAdmin(p) {
		o.Troubles = a.options.Gateway.Troubles()
		room, _ := a.options.Gateway.Recordings()
		o.Recordings = recordingRoomOf(room, a.options.Gateway.Settings().Config.Recordings)
		o.Nodes, o.Cluster = all.nodeStatuses()
	}
	return o
}

// overview is what all is doing.
type overview struct {
	Version    string         `json:"version" doc:"of this Framegate"`
	Started    time.Time      `json:"started"`
	At         time.Time      `json:"at" doc:"when this was so, by the clock of the server"`
	Cameras    []cameraStatus `json:"cameras" nullable:"false"`
	Recordings *recordingRoom `json:"recordings,omitempty" doc:"where this server keeps recordings; for admins"`
	Troubles   []Trouble      `json:"troubles,omitempty" doc:"what is wrong around the server; for admins; not there while nothing is"`
	Nodes      []nodeStatus   `json:"nodes,omitempty" nullable:"false" doc:"those of the cluster, this server among them, by name, and their disks; for admins, where this server is one of several"`
	Cluster    *clusterTotals `json:"cluster,omitempty" doc:"sums over all nodes that answer; for admins, where this server is one of several"`
}

// maySeeStatus says whether a principal may see some of what a camera is doing.
func maySeeStatus(p auth.Principal, camera string) bool {
	return auth.Authorize(p, auth.View, camera) || auth.Authorize(p, auth.Playback, camera)
}

func (a *API) getCameraStatus(ctx context.Context, in *cameraPath) (*struct{ Body cameraStatus }, error) {
	if !maySeeStatus(principalOf(ctx), in.ID) {
		return nil, problem.New(http.StatusNotFound, notThere)
	}
	c, err := a.find(in.ID)
	if err != nil {
		return nil, err
	}
	return &struct{ Body cameraStatus }{a.gathered(ctx).of(principalOf(ctx), a.root(ctx), c)}, nil
}

// snapshot is what all is doing at one moment. It may be read from any goroutine.
type snapshot struct {
	at      time.Time
	streams map[string][]stream.Stats // by camera, what it sends itself first
	viewers map[string][]stream.Watcher
	encoder map[stream.Key]*encoder
	records map[string]Recording
	count   func(camera string) int
	forms   []Form
	nodes   map[string]NodeCamera // how those of a cluster are, by camera
	node    string                // this one
	made    map[stream.Key]bool   // here, of other nodes' cameras
	past    bool                  // whether recordings are kept
	others  others
}

func (a *API) snapshot() snapshot {
	s := snapshot{
		at:      time.Now(),
		streams: make(map[string][]stream.Stats),
		viewers: make(map[string][]stream.Watcher),
		encoder: make(map[stream.Key]*encoder),
		records: make(map[string]Recording),
		nodes:   a.options.Gateway.NodeCameras(),
		made:    make(map[stream.Key]bool),
		count:   a.options.Hub.Viewers,
		forms:   a.options.Forms,
	}
	for _, stats := range a.options.Hub.Stats() { // by key, so "" comes first
		s.streams[stats.Key.Camera] = append(s.streams[stats.Key.Camera], stats)
	}
	for _, v := range a.options.Hub.Watchers() {
		if !v.Node { // who watches there that node says itself
			s.viewers[v.Key.Camera] = append(s.viewers[v.Key.Camera], v)
		}
	}
	for _, e := range a.options.Gateway.Encoders() {
		s.encoder[stream.Key{Camera: e.Camera, Rendition: e.Rendition}] = encoderOf(e)
	}
	node, made := a.options.Gateway.MadeHere()
	s.node = node
	for _, key := range made {
		s.made[key] = true
	}
	s.past = a.keepsRecordings()
	_, records := a.options.Gateway.Recordings()
	for _, r := range records {
		s.records[r.Camera] = r
	}
	return s
}

func encoderOf(e Encoder) *encoder {
	state := "running"
	switch {
	case e.Waiting:
		state = "waiting"
	case e.FPS > 0:
		state = "overloaded"
	}
	return &encoder{State: state, Dropped: e.Dropped, FPS: e.FPS}
}

// of gives what a principal may see of what a camera is doing, who knows the
// server by a root.
func (s snapshot) of(p auth.Principal, at root, c Camera) cameraStatus {
	admin := isAdmin(p)
	actions := actionsOf(p, c)
	may := func(action auth.Action) bool { return slices.Contains(actions, string(action)) }
	leads := func(action auth.Action) bool { return may(action) && (action != auth.Playback || s.past) }
	status := cameraStatus{ID: c.ID, Name: c.Name, Streams: []streamStatus{}, Links: linksOf(s.forms, at, c.ID, leads, "")}
	if may(auth.Playback) {
		status.Recording = s.recording(c.ID, admin)
	}
	if may(auth.View) {
		s.present(&status, c, admin)
	}
	return status
}

// present adds what is for who may view a camera.
func (s snapshot) present(status *cameraStatus, c Camera, admin bool) {
	status.State, status.Viewers = stream.Idle.String(), s.count(c.ID)
	for _, stats := range s.streams[c.ID] {
		one := statusOf(stats, c, admin)
		one.Encoder = s.encoder[stats.Key]
		if admin {
			one.Node = s.maker(stats)
		}
		status.Streams = append(status.Streams, one)
		if stats.Key.Rendition != "" {
			continue
		}
		status.State, status.FPS, status.LastError, status.Sound = one.State, one.FPS, one.LastError, one.Sound
		status.LeftOut = soundTroubleOf(stats, c, admin)
		status.Codec, status.Width, status.Height = one.Codec, one.Width, one.Height
		if !stats.Newest.IsZero() {
			age := max(0, s.at.Sub(stats.Newest).Milliseconds())
			status.FrameAgeMs = &age
		}
	}
	s.nodes[c.ID].put(status, admin)
	if admin {
		for _, v := range s.viewers[c.ID] {
			status.Watching = append(status.Watching, watcherOf(v))
		}
	}
	s.others.put(status, s.at, admin)
}

// maker gives the node that makes a stream; "" of a server alone. Sound is made where
// somebody hears it.
func (s snapshot) maker(of stream.Stats) string {
	sound := of.Format == nil && of.Sound.Format != nil
	if s.made[of.Key] || s.encoder[of.Key] != nil || sound {
		return s.node
	}
	return s.nodes[of.Key.Camera].Node
}

func statusOf(s stream.Stats, c Camera, admin bool) streamStatus {
	status := streamStatus{
		Rendition: s.Key.Rendition,
		State:     s.State.String(),
		FPS:       s.FPS,
		Readers:   s.Readers,
		Runs:      s.Runs,
		Failures:  s.Failures,
		Frames:    s.Frames,
		Bytes:     s.Bytes,
		Refused:   s.Refused,
		Dropped:   s.Dropped,
	}
	if s.Format != nil {
		status.Codec, status.Width, status.Height = s.Format.Codec.String(), s.Format.Width, s.Format.Height
	}
	if f := s.Sound.Format; f != nil {
		status.Sound = &soundStatus{Codec: f.Codec.String(), Rate: f.Rate, Channels: f.Channels, Frames: s.Sound.Frames, Bytes: s.Sound.Bytes}
	}
	if s.LastError != nil {
		status.LastError = &failure{Text: "unreachable", At: s.LastErrorAt.UTC()}
		if admin {
			status.LastError.Text = redact.New(c.Camera).Text(s.LastError.Error())
		}
	}
	return status
}

// soundTroubleOf puts into words why a camera's sound is left out; "" where it is not.
func soundTroubleOf(s stream.Stats, c Camera, admin bool) string {
	switch err := s.Sound.Trouble; {
	case err == nil:
		return ""
	case admin:
		return redact.New(c.Camera).Text(err.Error())
	}
	return "left out"
}

func watcherOf(v stream.Watcher) watcher {
	w := watcher{
		ID:        v.ID,
		Camera:    v.Key.Camera,
		Rendition: v.Key.Rendition,
		Form:      v.Form,
		Past:      v.Past,
		Address:   v.Address,
		Principal: v.Principal,
		Since:     v.Since.UTC(),
		Dropped:   v.Dropped,
	}
	if v.Codec != 0 {
		w.Codec = v.Codec.String()
	}
	if said := v.Report; said != nil {
		w.Player = &player{
			Shown:    said.Shown,
			Dropped:  said.Dropped,
			BufferMs: milliseconds(said.Buffer),
			DelayMs:  milliseconds(said.Delay),
		}
	}
	return w
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// publisher is somebody who sends frames in.
type publisher struct {
	Camera    string    `json:"camera"`
	Address   string    `json:"address"`
	Principal string    `json:"principal,omitempty"`
	Since     time.Time `json:"since"`
}

type publisherList struct {
	Publishers []publisher `json:"publishers" nullable:"false"`
}

func (a *API) listPublishers(context.Context, *nothing) (*struct{ Body publisherList }, error) {
	list := publisherList{Publishers: []publisher{}}
	for _, p := range a.options.Gateway.Publishers() {
		list.Publishers = append(list.Publishers, publisher{p.Camera, p.Address, p.Principal, p.Since.UTC()})
	}
	return &struct{ Body publisherList }{list}, nil
}

type viewerList struct {
	Viewers []watcher `json:"viewers" nullable:"false"`
}

func (a *API) listViewers(ctx context.Context, _ *nothing) (*struct{ Body viewerList }, error) {
	list := viewerList{Viewers: []watcher{}}
	self, others := a.options.Gateway.Reports(ctx)
	for _, v := range a.options.Hub.Watchers() {
		if !v.Node {
			w := watcherOf(v)
			w.Node = self
			list.Viewers = append(list.Viewers, w)
		}
	}
	for _, n := range others {
		if n.Report == nil {
			continue
		}
		for _, w := range n.Report.Watching {
			w.Node = n.Node
			list.Viewers = append(list.Viewers, w)
		}
	}
	slices.SortStableFunc(list.Viewers, func(a, b watcher) int { return a.Since.Compare(b.Since) })
	return &struct{ Body viewerList }{list}, nil
}

func (a *API) endViewer(ctx context.Context, in *struct {
	Number uint64 `path:"number" minimum:"1" doc:"its id"`
	Node   string `query:"node" doc:"at which node of the cluster it is; without it, at the one that is asked"`
}) (*nothing, error) {
	if in.Node != "" {
		return a.endViewerAt(ctx, in.Node, in.Number)
	}
	if !a.EndViewer(in.Number, principalOf(ctx).String()) {
		return nil, problem.New(http.StatusNotFound, notThere)
	}
	return &nothing{}, nil
}

// endViewerAt has another node end a viewer.
func (a *API) endViewerAt(ctx context.Context, node string, number uint64) (*nothing, error) {
	there, err := a.options.Gateway.EndViewerAt(ctx, node, number)
	if err != nil {
		return nil, err
	}
	if !there {
		return nil, problem.New(http.StatusNotFound, notThere)
	}
	a.log.Info("viewer of another node ended", "id", number, "node", node, "by", principalOf(ctx).String())
	return &nothing{}, nil
}

// EndViewer ends a viewer of this server, and says whether there was one of that number.
func (a *API) EndViewer(number uint64, by string) (there bool) {
	ended, there := a.options.Hub.EndViewer(number)
	if there {
		a.log.Info("viewer ended", "id", ended.ID, "stream", ended.Key.String(), "form", ended.Form, "address", ended.Address, "principal", ended.Principal, "by", by)
	}
	return there
}
