// Package migrate turns the configurations of go2rtc, Frigate and MediaMTX into one
// of Framegate's, and says of everything that has no place in it what it is, where it
// stands and what to do instead.
//
// It reads files only: it connects to nothing, looks at no folder and no variable. What
// it writes has been read by package config and found good. Package command calls it.
//
// A further program is a file with its keys and a row of formats.
package migrate

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"framegate/gateway/config/plainyaml"
)

// Format is whose configuration it is.
type Format string

// The programs whose configurations can be read.
const (
	Go2RTC   Format = "go2rtc"
	Frigate  Format = "frigate"
	MediaMTX Format = "mediamtx"
)

// formats is the table of them, with a key that only their files have. Frigate's may
// have go2rtc's in a section.
var formats = []struct {
	format Format
	keys   []string
	read   func(*reader, *plainyaml.Node)
}{
	{Frigate, []string{"cameras"}, (*reader).frigate},
	{Go2RTC, []string{"streams"}, (*reader).go2rtc},
	{MediaMTX, []string{"paths", "pathDefaults"}, (*reader).mediamtx},
}

// Result is what became of a configuration.
type Result struct {
	Format  Format // whose configuration it was
	Config  []byte // YAML, with a camera at least, and possibly with passwords
	Cameras int
	Losses  []Loss // in the order of the file
}

// Loss is what a configuration says and ours does not.
type Loss struct {
	Line int    // from 1; 0 for what a file says by saying nothing
	Path string // the key, such as cameras.yard.detect
	Text string // why, and what to do instead
	More int    // further places with a key of that name of which the same is to be said
}

// String gives a line for people. It has nothing of a password.
func (l Loss) String() string {
	text := l.Path + ": " + l.Text
	switch {
	case l.More == 1:
		text += " (and in one more place)"
	case l.More > 1:
		text += fmt.Sprintf(" (and in %d more places)", l.More)
	}
	return text
}

// Read turns a configuration of a program into ours; format is "" where it is to be
// seen by its keys. An error says why there is nothing to write: it is no YAML, not of
// that program, or has no camera that would do.
func Read(document []byte, format Format) (*Result, error) {
	root, wrong := plainyaml.ParseShorthand(document)
	switch {
	case wrong != nil:
		return nil, wrong
	case root == nil || root.Kind != plainyaml.Mapping:
		return nil, errors.New("holds no keys; it is no configuration of " + known())
	}
	for _, f := range formats {
		if format == f.format || format == "" && slices.ContainsFunc(f.keys, func(key string) bool { return root.Get(key) != nil }) {
			r := newReader(f.format)
			f.read(r, root)
			return r.result()
		}
	}
	if format != "" {
		return nil, fmt.Errorf("%s is not known here; name one of %s", format, known())
	}
	return nil, fmt.Errorf("has none of the keys cameras, streams and paths, and so is no configuration of %s", known())
}

// Formats gives the programs whose configurations can be read.
func Formats() (names []string) {
	for _, f := range formats {
		names = append(names, string(f.format))
	}
	return names
}

func known() string {
	names := Formats()
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

// result writes what was read.
func (r *reader) result() (*Result, error) {
	r.checkSettings()
	r.checkCameras()
	slices.SortStableFunc(r.losses, func(a, b Loss) int { return cmp.Compare(a.Line, b.Line) })
	result := &Result{Format: r.format, Cameras: len(r.cameras), Losses: r.losses}
	if len(r.cameras) == 0 {
		return result, errors.New("has no camera that Framegate can take")
	}
	result.Config = r.write()
	return result, nil
}
