package nodes

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"framegate/gateway/camtest"
	"framegate/gateway/e2e/rig"
)

// nodes are processes that are one cluster, by name.
type nodes map[string]*rig.Process

// rounds says how often a test does what is done a few times in each run, and more often
// by FRAMEGATE_TEST_LONG.
func rounds(few, many int) int {
	if os.Getenv("FRAMEGATE_TEST_LONG") != "" {
		return many
	}
	return few
}

// recorded is what a configuration says of a camera at an address, front, that is
// recorded as it is.
func recorded(address string) string {
	return fmt.Sprintf("front: {source: 'http://%s/', keep: always, record: {mode: continuous, codec: mjpeg}}", address)
}

// recordedFront is a camera that counts who connects to it, and what a configuration says
// of it that has it recorded as front.
func recordedFront(t *testing.T) (camera *camtest.HTTPCamera, setting string) {
	t.Helper()
	camera, err := camtest.NewCountingCamera(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera, recorded(addressOf(camera))
}

// addressOf gives host:port of a camera.
func addressOf(camera *camtest.HTTPCamera) string {
	return strings.Trim(strings.TrimPrefix(camera.URL("/"), "http:"), "/")
}

// pace is from one picture of a clock camera to the next.
const pace = 40 * time.Millisecond

// clockCamera is a camera that shows at each moment the number of that moment, to
// whoever is connected, and leaves no number out. Its pictures have so many bytes.
func clockCamera(t *testing.T, bytes int) *camtest.HTTPCamera {
	t.Helper()
	began := time.Now()
	camera, err := camtest.NewHTTPCamera(func(c *camtest.HTTPConn) {
		if c.Request() == nil || !c.Send("HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=b\r\n\r\n--b\r\n") {
			return
		}
		for n := int(time.Since(began)/pace) + 1; ; n++ {
			time.Sleep(time.Until(began.Add(time.Duration(n) * pace))) // the camera's own pace
			picture := camtest.PictureOfSize(n, 96, 64, bytes)
			if !c.Send(fmt.Sprintf("Content-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n", len(picture)), picture, "\r\n--b\r\n") {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(camera.Close)
	return camera
}

// startNodes starts a cluster without logins as an operator does, by its commands.
func startNodes(t *testing.T, cameras string, names ...string) nodes {
	t.Helper()
	return startNodesWith(t, "auth: 'off'", "", cameras, names...)
}

// startNodesWith is startNodes with other lines, and other keys of a cluster.
func startNodesWith(t *testing.T, lines, keys, cameras string, names ...string) nodes {
	t.Helper()
	return startNodesEach(t, lines, func(string) string { return keys }, cameras, names...)
}

// startNodesEach is startNodesWith with keys of each node.
func startNodesEach(t *testing.T, lines string, keysOf func(name string) string, cameras string, names ...string) nodes {
	t.Helper()
	all := make(nodes)
	data := dataFolders(t, names)
	seeds := ""
	for _, name := range names {
		config := rig.WriteConfig(t, fmt.Sprintf("%s\ncluster: {name: yard, listen: '127.0.0.1:0', relay_listen: '127.0.0.1:0', seeds: [%s]%s}\ncameras: %s\n", lines, seeds, keysOf(name), cameras))
		makeNode(t, data[names[0]], data[name], name, config)
		all[name] = rig.StartProcess(t, data[name], config)
		seeds = "'" + all.bus(t, name) + "'"
	}
	return all
}

// startApart starts a cluster without logins of which each node is on a machine of its
// own. The last gets its token in a file.
func startApart(t *testing.T, wires *rig.Wires, cameras string, names ...string) nodes {
	t.Helper()
	all := make(nodes)
	data := dataFolders(t, names)
	var seeds []string
	for _, name := range names {
		seeds = append(seeds, "'"+wires.Address(name)+":7421'")
	}
	for i, name := range names {
		keys := fmt.Sprintf("name: yard, advertise: %s, seeds: [%s]", wires.Address(name), strings.Join(seeds, ", "))
		last := i > 0 && i == len(names)-1
		if last {
			keys += ", token_file: token"
		}
		config := rig.WriteConfig(t, fmt.Sprintf("auth: 'off'\ncluster: {%s}\ncameras: %s\n", keys, cameras))
		if last {
			token := sayCluster(t, data[names[0]], "token", name, "--config", config)
			if err := os.WriteFile(filepath.Join(filepath.Dir(config), "token"), []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
		} else {
			makeNode(t, data[names[0]], data[name], name, config)
		}
		all[name] = wires.StartProcess(t, name, data[name], config)
	}
	return all
}

func dataFolders(t *testing.T, names []string) map[string]string {
	folders := make(map[string]string)
	for _, name := range names {
		folders[name] = t.TempDir()
	}
	return folders
}

// makeNode makes a data folder that of a node, and the first one that of the cluster's
// authority.
func makeNode(t *testing.T, first, data, name, config string) {
	t.Helper()
	if data == first {
		sayCluster(t, data, "ca", name, "--config", config)
		return
	}
	token := sayCluster(t, first, "token", name, "--config", config)
	if said := sayCluster(t, data, "join", token, "--config", config); !strings.Contains(said, "node "+name+" of cluster yard") {
		t.Fatal(said)
	}
}

// sayCluster runs a command of a cluster for a data folder, and gives what it prints.
func sayCluster(t *testing.T, data string, args ...string) string {
	t.Helper()
	status, out, wrong := rig.SayIn(t, []string{"FRAMEGATE_DATA=" + data}, append([]string{"cluster"}, args...)...)
	if status != 0 {
		t.Fatalf("%q: %s", args, wrong)
	}
	return strings.TrimSpace(out)
}

var (
	listens = regexp.MustCompile(`cluster=yard node=\w+ listens=(\S+)`)
	relays  = regexp.MustCompile(`cluster=yard node=\w+ listens=\S+ relays=(\S+)`)
	seedsOf = regexp.MustCompile(`seeds: \[[^]]*\]`)
)

// said waits until a node has logged what is looked for, and gives that.
func (n nodes) said(t *testing.T, name string, what *regexp.Regexp) (found string) {
	t.Helper()
	rig.Await(t, name+" says "+what.String(), func() bool {
		match := what.FindStringSubmatch(n[name].Log.String())
		if match != nil {
			found = match[1]
		}
		return match != nil
	})
	return found
}

// bus gives where a node listens for others.
func (n nodes) bus(t *testing.T, name string) string { return n.said(t, name, listens) }

// restart starts a node again that was killed, which finds another that lives.
func (n nodes) restart(t *testing.T, name, seed string) {
	t.Helper()
	config, err := os.ReadFile(n[name].Config)
	if err != nil {
		t.Fatal(err)
	}
	text := seedsOf.ReplaceAllString(string(config), "seeds: ['"+n.bus(t, seed)+"']")
	n[name] = rig.StartProcess(t, n[name].Data, rig.WriteConfig(t, text))
}

// clusterStatus is what a node knows of its cluster.
type clusterStatus struct {
	Nodes []struct {
		Name  string `json:"name"`
		Alive bool   `json:"alive"`
		Way   string `json:"way"`
	} `json:"nodes"`
	Cameras []placed `json:"cameras"`
	Relays  int      `json:"relays"`
	Moves   int      `json:"moves"`
	Refused []struct {
		Reason string `json:"reason"`
		Count  int    `json:"count"`
	} `json:"refused"`
}

// placed is a camera and which node has it.
type placed struct {
	Camera string `json:"camera"`
	Node   string `json:"node"`
	Epoch  int    `json:"epoch"`
}

func (n nodes) status(t *testing.T, name string) (s clusterStatus) {
	t.Helper()
	rig.Await(t, name+" says how the cluster is", func() bool { // which a slow machine may not do in time
		answer, err := http.Get(n[name].URL + "/api/v1/cluster")
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		s = clusterStatus{}
		return answer.StatusCode == http.StatusOK && json.NewDecoder(answer.Body).Decode(&s) == nil
	})
	return s
}

// refused gives how often a node refused something for a reason.
func (n nodes) refused(t *testing.T, name, reason string) int {
	t.Helper()
	for _, r := range n.status(t, name).Refused {
		if r.Reason == reason {
			return r.Count
		}
	}
	t.Fatalf("%s counts no %s", name, reason)
	return 0
}

// place gives where a camera is, as a node knows.
func (n nodes) place(t *testing.T, name, camera string) placed {
	t.Helper()
	for _, c := range n.status(t, name).Cameras {
		if c.Camera == camera {
			return c
		}
	}
	return placed{}
}

// owner waits until these nodes agree on who of them has a camera.
func (n nodes) owner(t *testing.T, camera string, names ...string) (owner string) {
	t.Helper()
	rig.Await(t, fmt.Sprintf("%q agree on %s", names, camera), func() bool {
		at := n.place(t, names[0], camera)
		for _, name := range names[1:] {
			if n.place(t, name, camera) != at {
				return false
			}
		}
		owner = at.Node
		return slices.Contains(names, owner)
	})
	return owner
}

// keeps says whether nobody with a lower claim has a camera than had it before.
func (p placed) keeps(before placed) bool {
	return p.Epoch > before.Epoch || p == before
}

var recordingNow = regexp.MustCompile(`framegate_recording_state{camera="front",state="(\w+)"} 1`)

// records waits until one of these nodes alone records the camera front.
func (n nodes) records(t *testing.T, owner string, names ...string) {
	t.Helper()
	states := make(map[string]string)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("of %s, which alone was to record, and the others: %q", owner, states)
		}
	})
	rig.Await(t, owner+" alone records", func() bool {
		for _, name := range names {
			text := string(n[name].Get(t, "/metrics", rig.Credentials{}).Content)
			states[name] = strings.Join(recordingNow.FindStringSubmatch(text), " ")
			records := strings.HasSuffix(states[name], " recording") || strings.HasSuffix(states[name], " slow") // which is one on a busy disk
			if records != (name == owner) {
				return false
			}
		}
		return true
	})
}

// others gives those that are not.
func others(names []string, not string) (all []string) {
	for _, name := range names {
		if name != not {
			all = append(all, name)
		}
	}
	return all
}

// watching is somebody who watches pictures.
type watching struct {
	at     string // the node
	began  time.Time
	newest atomic.Int64  // number that was seen
	seen   atomic.Int64  // pictures
	last   atomic.Int64  // when that was, in nanoseconds from began
	gap    atomic.Int64  // the longest from one to the next since begin, likewise
	ended  chan struct{} // closed when it was ended
	leave  func()

	mu    sync.Mutex        // guards what follows
	times map[int]time.Time // when numbers were seen first, since remember
}

// remember notes when numbers are seen, from now on.
func (w *watching) remember() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = make(map[int]time.Time)
}

// remembered gives when numbers were seen, and notes no more.
func (w *watching) remembered() map[int]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := w.times
	w.times = nil
	return times
}

// begin forgets gaps between pictures.
func (w *watching) begin() { w.gap.Store(0) }

// sees notes a picture.
func (w *watching) sees(number int64, arrived time.Time) {
	w.seen.Add(1)
	if number <= w.newest.Load() {
		return
	}
	now := int64(arrived.Sub(w.began))
	if gap := now - w.last.Swap(now); gap > w.gap.Load() {
		w.gap.Store(gap)
	}
	w.newest.Store(number)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.times != nil {
		w.times[int(number)] = arrived
	}
}

func (n nodes) watch(t *testing.T, name, camera string) *watching {
	t.Helper()
	w, err := n.tryToWatch(t, name, camera)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// tryToWatch is watch where that may fail.
func (n nodes) tryToWatch(t *testing.T, name, camera string) (*watching, error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	v, err := camtest.Watch(ctx, n[name].URL+"/live/"+camera+".mjpeg", camtest.WatchOptions{})
	if err != nil {
		cancel()
		return nil, err
	}
	w := &watching{at: name, began: time.Now(), ended: make(chan struct{})}
	w.leave = sync.OnceFunc(func() { cancel(); v.Close(); <-w.ended })
	go func() { // ends with the connection
		defer close(w.ended)
		for {
			part, err := v.Next()
			if err != nil {
				return
			}
			if number, err := part.Number(); err == nil {
				w.sees(int64(number), part.Arrived)
			}
		}
	}()
	t.Cleanup(w.leave)
	return w, nil
}

// watchers has so many people watch the camera front at each of these nodes.
func (n nodes) watchers(t *testing.T, count int, names ...string) (all []*watching) {
	t.Helper()
	for _, name := range names {
		for range count {
			all = append(all, n.watch(t, name, "front"))
		}
	}
	return all
}

// seesMore waits until all of them see newer pictures, by the connections they have.
func seesMore(t *testing.T, what string, all []*watching) {
	t.Helper()
	before := make([]int64, len(all))
	for i, w := range all {
		before[i] = w.newest.Load()
	}
	for i, w := range all {
		rig.Await(t, what, func() bool {
			select {
			case <-w.ended:
				t.Fatalf("%s: a viewer at node %s was ended", what, w.at)
			default:
			}
			return w.newest.Load() > before[i]
		})
	}
}

// spread says how a measure is distributed.
func spread(all []time.Duration) string {
	slices.Sort(all)
	at := func(percent int) time.Duration {
		return all[(len(all)-1)*percent/100].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d: p50 %v, p95 %v, max %v", len(all), at(50), at(95), at(100))
}

// token has a node make a token of another.
func (n nodes) token(t *testing.T, name string, status int) string {
	t.Helper()
	var made struct{ Token string }
	answer := n[name].Call(t, http.MethodPost, "/api/v1/cluster/tokens", map[string]string{"node": "d"}, rig.Credentials{}, status)
	_ = json.Unmarshal(answer.Content, &made) // a problem has none
	return made.Token
}

// relays gives, as a node answers, which nodes get streams, and from which one. It is
// "" while some bring nothing.
func (n nodes) relays(t *testing.T, name string) string {
	t.Helper()
	var answer struct {
		Relays []struct {
			From, To string
			Bytes    int
		}
		Silent []string
	}
	if err := json.Unmarshal(n[name].Get(t, "/api/v1/cluster/relays", rig.Credentials{}).Content, &answer); err != nil {
		t.Fatal(err)
	}
	var to, from []string
	for _, r := range answer.Relays {
		if to, from = append(to, r.To), append(from, r.From); r.Bytes == 0 {
			return ""
		}
	}
	return strings.Join(to, ",") + " from " + strings.Join(slices.Compact(from), ",") + strings.Join(answer.Silent, ",")
}
