package record

import (
	"context"
	"io/fs"
	"path"
	"slices"

	"framegate/gateway/record/segment"
)

// cameras gives the folders of cameras: of those that somebody knows, and those that
// hold recordings of the camera with that name. Others may have folders beside these,
// and be it with copies of ours.
func (c *comparison) cameras(ctx context.Context) ([]string, error) {
	names, err := c.folders(".", cameraFolder)
	if err != nil {
		return nil, err
	}
	indexed, err := c.v.index.Cameras(ctx)
	return slices.DeleteFunc(names, func(name string) bool {
		_, known := c.known[name]
		return !known && !slices.Contains(indexed, name) && !c.holdsRecordings(name)
	}), err
}

// holdsRecordings says whether a folder that nobody knows is a camera's, by the first
// file that tells.
func (c *comparison) holdsRecordings(folder string) bool {
	days, _ := c.folders(folder, dayFolder) // one that cannot be read is not taken for ours
	for _, day := range days {
		hours, _ := c.folders(path.Join(folder, day), hourFolder)
		for _, hour := range hours {
			name := path.Join(folder, day, hour)
			entries, _ := c.v.disk.List(name)
			for _, e := range entries {
				if of, ok := cameraOf(c.v.disk, path.Join(name, e.Name()), e); ok {
					return of == folder || of == ""
				}
			}
		}
	}
	return false
}

// cameraOf says of which camera a file is: "" for a picture, which does not say so.
func cameraOf(disk Disk, name string, e fs.DirEntry) (camera string, ok bool) {
	if !isOurs(e) {
		return "", false
	}
	if isPicture(withoutPart(name)) {
		return "", true
	}
	f, size, err := disk.Open(name, false)
	if err != nil {
		return "", false
	}
	defer f.Close()
	s, err := segment.Open(f, size)
	if err != nil {
		return "", false
	}
	return s.Summary.Head.Camera, true
}

// isOurs says of what is in the folder of an hour that it has the name of a recording.
func isOurs(e fs.DirEntry) bool {
	_, ok := sequenceOf(e.Name())
	return ok && e.Type().IsRegular()
}
