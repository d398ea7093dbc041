package nodes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"framegate/gateway/e2e/rig"
)

// leads is what a node logs when it begins to lead those that keep what all nodes have
// in common.
var leads = regexp.MustCompile(`new stream leader for '\S+ > KV_framegate'`)

// leader waits until one of these nodes leads those that keep what all have in common,
// as the last one said that did.
func (n nodes) leader(t *testing.T, names ...string) (leader string) {
	t.Helper()
	rig.Await(t, "a node leads", func() bool {
		newest := ""
		for _, name := range names {
			for line := range strings.Lines(n[name].Log.String()) {
				if leads.MatchString(line) && line[:len("time=2006-01-02T15:04:05.000")] > newest {
					newest, leader = line[:len("time=2006-01-02T15:04:05.000")], name
				}
			}
		}
		return leader != ""
	})
	return leader
}

// adding adds cameras by the API of a node, one after another, until it is ended.
type adding struct {
	done   []string // were answered to be there
	refuse []string // were answered not to be
	open   []string // were not answered
	end    context.CancelFunc
	ended  chan struct{}
	wrong  error
}

// add begins to add cameras, at a node.
func (n nodes) add(t *testing.T, name, prefix string) *adding {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	a := &adding{end: cancel, ended: make(chan struct{})}
	go func() { // ends with ctx
		defer close(a.ended)
		for i := 0; ctx.Err() == nil; i++ {
			a.one(n[name].URL, fmt.Sprint(prefix, i))
			time.Sleep(20 * time.Millisecond) // the pace of who adds them
		}
	}()
	t.Cleanup(func() { cancel(); <-a.ended })
	return a
}

// one adds a camera, and waits for the answer to the end.
func (a *adding) one(url, id string) {
	body := fmt.Sprintf(`{"id":%q,"source":"upload:","name":"named %s"}`, id, id)
	answer, err := (&http.Client{Timeout: rig.Ceiling}).Post(url+"/api/v1/cameras", "application/json", strings.NewReader(body))
	if err != nil {
		a.open = append(a.open, id)
		return
	}
	defer answer.Body.Close()
	content, _ := io.ReadAll(answer.Body)
	switch answer.StatusCode {
	case http.StatusCreated:
		a.done = append(a.done, id)
	case http.StatusServiceUnavailable:
		a.refuse = append(a.refuse, id)
	default:
		a.wrong = errors.Join(a.wrong, fmt.Errorf("adding %s: %d %s", id, answer.StatusCode, content))
	}
}

// addedCameras gives the cameras that were added, and their names, as a node has them.
func (n nodes) addedCameras(t *testing.T, name string) map[string]string {
	t.Helper()
	var list struct {
		Cameras []struct{ ID, Name, Origin, Source string }
	}
	if err := json.Unmarshal(n[name].Call(t, http.MethodGet, "/api/v1/cameras", nil, rig.Credentials{}, http.StatusOK).Content, &list); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, c := range list.Cameras {
		if c.Origin == "api" {
			all[c.ID] = c.Name
		}
	}
	return all
}

// TestLeaderIsKilled has cameras be added at all nodes while the node is killed that
// leads those that keep what all have in common: each camera is there whole or not at
// all, everywhere; all that was answered to be there is, and goes on to be added.
func TestLeaderIsKilled(t *testing.T) {
	t.Parallel()
	rig.Thorough(t)
	names := []string{"a", "b", "c"}
	cluster := startNodesWith(t, "auth: 'off'", ", stores: [a, b, c]", "{phone: {source: 'upload:'}}", names...)
	for _, name := range names {
		rig.Await(t, name+" is together with the others", func() bool { return cluster.addsCamera(t, name) })
	}
	var acknowledged []string
	for round := range rounds(1, 6) {
		leader := cluster.leader(t, names...)
		alive := others(names, leader)
		var all []*adding
		for _, name := range names {
			all = append(all, cluster.add(t, name, fmt.Sprintf("%s%d-", name, round)))
		}
		rig.Unhurried(t, time.Second)
		before := len(cluster.addedCameras(t, alive[0]))
		rig.Await(t, "cameras are added", func() bool { return len(cluster.addedCameras(t, alive[0])) > before+10 })
		cluster[leader].Kill()
		before = len(cluster.addedCameras(t, alive[0]))
		rig.Await(t, "cameras are added again", func() bool { return len(cluster.addedCameras(t, alive[0])) > before+10 })
		var stopping sync.WaitGroup
		for _, a := range all {
			a.end()
			stopping.Go(func() { <-a.ended })
		}
		stopping.Wait()
		refused, open := 0, 0
		for _, a := range all {
			if a.wrong != nil {
				t.Error(a.wrong)
			}
			acknowledged = append(acknowledged, a.done...)
			refused, open = refused+len(a.refuse), open+len(a.open)
		}
		t.Logf("%s led and was killed: %d cameras were added so far; in this round %d were refused, %d not answered", leader, len(acknowledged), refused, open)
		cluster.restart(t, leader, alive[0])
		cluster.have(t, acknowledged, names)
	}
}

// addsCamera says whether a node adds a camera by now.
func (n nodes) addsCamera(t *testing.T, name string) bool {
	t.Helper()
	a := new(adding)
	a.one(n[name].URL, "first-"+name)
	return len(a.done) == 1
}

// have waits until all of these nodes have the same cameras, whole, and among them all
// that were answered to be there.
func (n nodes) have(t *testing.T, acknowledged, names []string) {
	t.Helper()
	rig.Await(t, "all nodes have the same cameras, and all that were answered to be there", func() bool {
		first := n.addedCameras(t, names[0])
		for _, name := range names[1:] {
			if other := n.addedCameras(t, name); len(other) != len(first) {
				return false
			}
		}
		return !slices.ContainsFunc(acknowledged, func(id string) bool { return first[id] == "" })
	})
	first := n.addedCameras(t, names[0])
	for _, name := range names {
		for id, called := range n.addedCameras(t, name) {
			if called != "named "+id || first[id] == "" {
				t.Errorf("%s has the camera %s as %q, and %s as %q", name, id, called, names[0], first[id])
			}
		}
	}
}
