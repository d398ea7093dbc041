package config

import (
	"errors"
	"maps"
	"slices"
)

// NewCamera reads a camera that is added while the server runs. The keys are
// those of CameraKeys, each with its text as it would stand in the file.
// The error has a line for each mistake, which begins with the key.
//
// Who adds such a camera need not be the operator of the machine, so its
// source is a publisher, the test pattern, or a server that is asked over HTTP
// or RTSP; files, devices and ports of this machine are for the file alone, and
// so is password_file.
func NewCamera(id string, keys map[string]string) (Camera, error) {
	d := newDraft()
	if _, err := d.cameraFields(id); err != nil {
		return Camera{}, errors.New("id: " + err.Error())
	}
	c := d.cameras[id]
	c.added = true
	fields := make(map[string]field)
	for _, key := range cameraKeys {
		if !key.FileOnly {
			fields[key.Name] = c.field(key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := place{variable: key}
		f, known := fields[key]
		if !known {
			d.report(at, key, "%s", unknownKey(key, fields))
			continue
		}
		if err := f.value(value{text: keys[key], at: at}); err != nil {
			d.report(at, key, "%v", err)
		}
	}
	if _, given := keys["source"]; !given {
		d.report(place{variable: "source"}, "source", "is missing; write %s", sourceForms(false))
	}
	if len(d.problems) > 0 {
		return Camera{}, d.problems
	}
	camera := c.finish(id, d.report)
	if len(d.problems) > 0 {
		return Camera{}, d.problems
	}
	return camera, nil
}
