package config

import (
	"errors"
	"maps"
	"slices"
)

// NewCamera reads a camera that is added while the server runs. The keys are
// those of a camera in the file, each with its text as it would stand there.
// The error has a line for each mistake, which begins with the key.
//
// Who adds such a camera need not be the operator of the machine, so its
// source is a publisher, the test pattern, or a server that is asked over HTTP
// or RTSP; files, devices and ports of this machine are for the file alone, and
// so is password_file.
func NewCamera(id string, keys map[string]string) (Camera, error) {
	d := newDraft()
	fields, err := d.cameraFields(id)
	if err != nil {
		return Camera{}, errors.New("id: " + err.Error())
	}
	for _, key := range cameraKeys {
		if key.FileOnly {
			delete(fields, key.Name)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		at := place{variable: key}
		f, known := fields[key]
		switch {
		case !known:
			d.report(at, key, "%s", unknownKey(key, fields))
		case f.later || f.value == nil:
			d.report(at, key, notBuiltText)
		default:
			if err := f.value(value{text: keys[key], at: at}); err != nil {
				d.report(at, key, "%v", err)
			}
		}
	}
	c := d.cameras[id]
	if _, given := keys["source"]; !given {
		d.report(place{variable: "source"}, "source", "is missing; %s", runtimeForms)
	}
	if len(d.problems) > 0 {
		return Camera{}, d.problems
	}
	camera := c.finish(id, d.report)
	switch camera.Source.Kind {
	case SourceFile, SourceV4L2, SourceMPEGTS:
		d.report(c.given["source"].at, "source", "%s: is for the configuration file alone; %s", camera.Source.scheme(), runtimeForms)
	}
	if len(d.problems) > 0 {
		return Camera{}, d.problems
	}
	return camera, nil
}

const runtimeForms = `write http://host/path, https://host/path, rtsp://host/path, rtsps://host/path, "upload:" or "test:"`
