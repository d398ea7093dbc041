package notify

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"framegate/gateway/api/events"
	"framegate/gateway/config"
	"framegate/gateway/stream"
)

// topics are messages that a broker keeps, by topic.
type topics map[string]string

// What is said of availability, and of states that are or are not.
const (
	available   = "online"
	unavailable = "offline"
	on          = "ON"
	off         = "OFF"
)

// states are those of cameras, as brokers are told them.
var states = map[stream.State]string{stream.Online: "online", stream.Offline: "offline", stream.Idle: "idle"}

// troubledRecordings are states of a recording in which something is lost, or will be.
var troubledRecordings = []string{"slow", "full", "read_only", "missing"}

// namer gives the topics of a configuration.
type namer struct{ config.MQTT }

func (n namer) availability() string          { return n.Prefix + "/availability" }
func (n namer) of(camera, what string) string { return n.Prefix + "/" + camera + "/" + what }

// thing is how Home Assistant knows a camera; the server for "".
func (n namer) thing(camera string) string {
	if camera == "" {
		return n.Prefix
	}
	return n.Prefix + "_" + camera // an id has no _, and so no other is alike
}

// discovered gives the topic by which Home Assistant finds an entity of a camera, or of
// the server. A camera's picture is its only entity without a name.
func (n namer) discovered(component, camera, entity string) string {
	if entity == "" {
		return n.Discovery + "/" + component + "/" + n.thing(camera) + "/config"
	}
	return n.Discovery + "/" + component + "/" + n.thing(camera) + "/" + entity + "/config"
}

// cameraTopics are the last parts of topics of a camera.
var cameraTopics = []string{"state", "recording", "problem", "attributes"}

// ofCamera gives all topics that there can be of a camera.
func (n namer) ofCamera(camera string) (all []string) {
	for _, what := range append(cameraTopics, "picture") {
		all = append(all, n.of(camera, what))
	}
	if n.Discovery == "" {
		return all
	}
	for _, what := range cameraEntities {
		all = append(all, n.discovered("binary_sensor", camera, what.name))
	}
	return append(all, n.discovered("camera", camera, ""))
}

// ofServer gives all topics that there can be of the server.
func (n namer) ofServer() []string {
	all := []string{n.Prefix + "/trouble", n.Prefix + "/troubles", n.Prefix + "/disk"}
	if n.Discovery == "" {
		return all
	}
	return append(all, n.discovered("binary_sensor", "", "trouble"), n.discovered("sensor", "", "disk"))
}

// wanted gives what a broker is to know.
func (n namer) wanted(now *events.Now, address, version string) topics {
	t := topics{n.availability(): available}
	for id, c := range now.Cameras {
		n.putCamera(t, id, c)
	}
	t[n.Prefix+"/trouble"] = flag(len(now.Troubles) > 0)
	t[n.Prefix+"/troubles"] = asJSON(now.Troubles)
	if now.Disk.Total > 0 {
		t[n.Prefix+"/disk"] = asJSON(rounded(now.Disk))
	}
	if n.Discovery != "" {
		n.putDiscovery(t, now, address, version)
	}
	return t
}

func (n namer) putCamera(t topics, id string, c events.CameraNow) {
	recording := c.Recording.State
	if recording == "" {
		recording = "off"
	}
	t[n.of(id, "state")] = states[c.State]
	t[n.of(id, "recording")] = recording
	t[n.of(id, "problem")] = flag(c.State == stream.Offline || slices.Contains(troubledRecordings, recording))
	t[n.of(id, "attributes")] = asJSON(attributes{c.Name, c.Why, c.Recording.Reason})
}

// attributes are what is said of a camera in words.
type attributes struct {
	Name            string `json:"name"`
	Reason          string `json:"reason"`           // why it is offline
	RecordingReason string `json:"recording_reason"` // why that is how it is
}

// diskStep is how much of a disk has to be taken or freed until a broker is told.
const diskStep = 100 << 20

func rounded(d events.Disk) events.Disk {
	return events.Disk{Free: d.Free / diskStep * diskStep, Total: d.Total, Recorded: d.Recorded / diskStep * diskStep}
}

func flag(is bool) string {
	if is {
		return on
	}
	return off
}

// asJSON gives what can be written for certain.
func asJSON(v any) string {
	var b strings.Builder
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		panic(err) // a type that JSON has not
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// sorted gives the topics in an order in which an entity is found before its state is.
func (t topics) sorted(discovery string) []string {
	return slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		found, other := strings.HasPrefix(a, discovery+"/"), strings.HasPrefix(b, discovery+"/")
		switch {
		case found != other && found:
			return -1
		case found != other:
			return 1
		}
		return strings.Compare(a, b)
	})
}
