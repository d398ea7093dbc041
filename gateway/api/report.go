package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
)

// What a report of a node may have at most.
const (
	maxReported = 10000   // of anything that is a list
	maxReportS  = 2048    // bytes of a text
	maxParts    = 1 << 18 // objects and lists in all, of which some bytes may become hundreds
	maxNumber   = 1 << 53 // which JavaScript has
	// maxWatching bounds who is told to watch, beyond which viewers are only counted.
	maxWatching = 512
	// reportAge is how old a report may be when it is given: so many nodes that ask cost
	// few looks.
	reportAge = 300 * time.Millisecond
)

// Report is what a node says of itself to another at which somebody looks: what its own
// API would show an admin. Several may read one, and nobody may change it.
type Report struct {
	Cameras    []cameraStatus             `json:"cameras"`              // that it owns, but for how they are recorded
	Recorded   map[string]recordingStatus `json:"recorded"`             // of all cameras of which it records, or keeps, something
	Viewers    map[string]int             `json:"viewers"`              // how many watch there, by camera
	Watching   []watcher                  `json:"watching"`             // who does
	Recordings *recordingRoom             `json:"recordings,omitempty"` // its disk
	Troubles   []Trouble                  `json:"troubles"`
}

// reported is the report of this server as others get it.
type reported struct {
	mu   sync.Mutex // guards what follows, and is held while one is made
	at   time.Time
	text []byte
}

// Report gives what this server says of itself to other nodes, as JSON.
func (a *API) Report() ([]byte, error) {
	a.reported.mu.Lock()
	defer a.reported.mu.Unlock()
	if age := time.Since(a.reported.at); a.reported.text != nil && age >= 0 && age < reportAge {
		return a.reported.text, nil
	}
	text, err := json.Marshal(a.reportOf(a.snapshot()))
	if err == nil {
		a.reported.at, a.reported.text = time.Now(), text
	}
	return text, err
}

// reportOf makes a report of a snapshot of this server alone.
func (a *API) reportOf(all snapshot) *Report {
	r := &Report{Cameras: []cameraStatus{}, Recorded: make(map[string]recordingStatus), Viewers: make(map[string]int), Watching: []watcher{}, Troubles: a.options.Gateway.Troubles()}
	for _, c := range a.options.Gateway.Cameras() {
		if all.nodes[c.ID].Own {
			status := cameraStatus{ID: c.ID, Streams: []streamStatus{}}
			all.present(&status, c, true)
			status.Watching, status.Node = nil, ""
			r.Cameras = append(r.Cameras, status)
		}
		if n := all.count(c.ID); n > 0 {
			r.Viewers[c.ID] = n
		}
		if s := all.records[c.ID]; s.Mode != "" && (s.Mode != "off" || s.Kept.Segments > 0) {
			r.Recorded[c.ID] = *recordingStatusOf(s)
		}
	}
	for _, watchers := range all.viewers {
		for _, v := range watchers {
			if len(r.Watching) < maxWatching {
				r.Watching = append(r.Watching, watcherOf(v))
			}
		}
	}
	room, _ := a.options.Gateway.Recordings()
	r.Recordings = recordingRoomOf(room, a.options.Gateway.Settings().Config.Recordings)
	return r
}

// ErrReport is what is wrong with a report that no node of ours makes.
var ErrReport = errors.New("not what a node says of itself")

// ReadReport reads what a node says, of which nothing is believed but that it is possible.
func ReadReport(text []byte) (*Report, error) {
	if parts := bytes.Count(text, []byte("{")) + bytes.Count(text, []byte("[")); parts > maxParts {
		return nil, fmt.Errorf("%w: %d objects and lists", ErrReport, parts)
	}
	r := new(Report)
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	if err := possible(reflect.ValueOf(r), ""); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrReport, err)
	}
	return r, r.check()
}

// check refuses what is there twice: pages tell things apart by their names.
func (r *Report) check() error {
	twice := func(what string, names []string) error {
		slices.Sort(names)
		if len(slices.Compact(slices.Clone(names))) < len(names) {
			return fmt.Errorf("%w: %s twice", ErrReport, what)
		}
		return nil
	}
	var cameras, watching, troubles, removed []string
	var errs []error
	for _, c := range r.Cameras {
		var renditions []string
		for _, s := range c.Streams {
			renditions = append(renditions, s.Rendition)
		}
		cameras, errs = append(cameras, c.ID), append(errs, twice("a rendition of "+c.ID, renditions))
	}
	for _, w := range r.Watching {
		watching = append(watching, fmt.Sprint(w.ID))
	}
	for _, t := range r.Troubles {
		troubles = append(troubles, t.Name)
	}
	if r.Recordings != nil {
		for _, c := range r.Recordings.Removed {
			removed = append(removed, c.Camera)
		}
	}
	return errors.Join(append(errs, twice("a camera", cameras), twice("a viewer", watching), twice("a trouble", troubles), twice("a removed camera", removed))...)
}

// possible holds what came against what it may be: no number is below zero, and all, lists, texts
// and times have bounds, and a text of which the document says what it may be is that.
func possible(v reflect.Value, enum string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return possible(v.Elem(), enum)
		}
	case reflect.Struct:
		if at, is := v.Interface().(time.Time); is {
			return possibleTime(at)
		}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				if err := possible(v.Field(i), f.Tag.Get("enum")); err != nil {
					return fmt.Errorf("%s: %w", f.Name, err)
				}
			}
		}
	case reflect.Slice, reflect.Map:
		return possibleList(v)
	case reflect.String:
		if s := v.String(); len(s) > maxReportS || enum != "" && s != "" && !slices.Contains(strings.Split(enum, ","), s) {
			return fmt.Errorf("%.64q", s)
		}
	case reflect.Int, reflect.Int64:
		if v.Int() < 0 || v.Int() > maxNumber {
			return fmt.Errorf("%d", v.Int())
		}
	case reflect.Uint64:
		if v.Uint() > maxNumber {
			return fmt.Errorf("%d", v.Uint())
		}
	}
	return nil
}

func possibleTime(at time.Time) error {
	if at.Year() < 1 || at.Year() > 9999 {
		return fmt.Errorf("in the year %d", at.Year())
	}
	return nil
}

func possibleList(v reflect.Value) error {
	if v.Len() > maxReported {
		return fmt.Errorf("%d of them", v.Len())
	}
	if v.Kind() == reflect.Map {
		for of := v.MapRange(); of.Next(); {
			if err := errors.Join(possible(of.Key(), ""), possible(of.Value(), "")); err != nil {
				return err
			}
		}
		return nil
	}
	for i := range v.Len() {
		if err := possible(v.Index(i), ""); err != nil {
			return err
		}
	}
	return nil
}
