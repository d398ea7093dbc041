//go:build !linux

package transcode

import "errors"

const self = ""

// confines says whether ffmpeg is started confined.
func confines() bool { return false }

// Sandbox says in words how ffmpeg is confined, for one line of the log.
func Sandbox() string { return "none: it takes Linux" }

func execConfined(confinement, string, []string) error { return errors.ErrUnsupported }

func limitAll(int, confinement) error { return nil }

// conceal has no meaning here.
func conceal() {}
