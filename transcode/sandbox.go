package transcode

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
)

// confinedName is the name under which a program runs itself to become
// ffmpeg. What it is to run, and what that may touch, comes as arguments:
// a confinement, the program, and the program's own command line.
const confinedName = "framegate-confined-ffmpeg"

// confinement is what ffmpeg may touch beside its pipes and what it needs to
// be loaded.
type confinement struct {
	Reads   []string `json:",omitempty"` // files it may read
	Devices []string `json:",omitempty"` // devices and directories of them, to read, write and control
	// Drivers lets it load those of graphics cards, which look at the machine,
	// speak to its other programs, and map memory as they like. No network is
	// ever allowed.
	Drivers bool `json:",omitempty"`
}

// becomes says that this program calls BecomeFFmpeg and so can run itself to
// become ffmpeg.
var becomes atomic.Bool

// BecomeFFmpeg must be called first thing in main, and in TestMain of what
// starts ffmpeg. In a process that Start has started it gives up all rights
// but those that ffmpeg needs, becomes ffmpeg, and does not return. In any
// other process it returns at once, and ffmpeg is confined from then on
// (Linux; Sandbox says how far). Without it ffmpeg runs with the rights of
// Framegate.
//
// ffmpeg reads what strangers send, in hundreds of thousands of lines of C.
// Confined it cannot write any file, read any but its own libraries, fonts and
// what its Spec names, gain privileges, or reach any network; nor can what it
// starts.
func BecomeFFmpeg() {
	if len(os.Args) == 0 || os.Args[0] != confinedName {
		becomes.Store(true)
		conceal()
		return
	}
	err := becomeConfined(os.Args[1:])
	fmt.Fprintln(os.Stderr, "confining ffmpeg:", err)
	os.Exit(126) // as a shell says of what it cannot run
}

func becomeConfined(args []string) error {
	if len(args) < 3 {
		return fmt.Errorf("%d arguments, of three at least", len(args))
	}
	var c confinement
	if err := json.Unmarshal([]byte(args[0]), &c); err != nil {
		return err
	}
	return execConfined(c, args[1], args[2:])
}

// confined says what the Spec's ffmpeg may touch.
func (s Spec) confined() confinement {
	var c confinement
	if s.In == 0 && s.File != "" {
		c.Reads = append(c.Reads, s.File)
	}
	if s.In == 0 && s.Device != "" {
		c.Devices = append(c.Devices, s.Device)
	}
	if s.accelerated() {
		c.Devices = append(c.Devices, s.HWAccel.devices()...)
		c.Drivers = true
	}
	return c
}

// command is the process that is, or becomes, ffmpeg.
func command(program string, args []string, c confinement) (*exec.Cmd, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, err
	}
	if path, err = filepath.Abs(path); err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{Path: path, Args: append([]string{program}, args...)}
	if confines() {
		rights, err := json.Marshal(c)
		if err != nil {
			return nil, err
		}
		cmd.Path, cmd.Args = self, append([]string{confinedName, string(rights), path}, cmd.Args...)
	}
	cmd.Env = environment(os.Environ())
	return cmd, nil
}

// Variables that ffmpeg and its libraries look at. It gets no others: those of
// Framegate may hold passwords.
var (
	passedOn = []string{"PATH", "HOME", "LANG", "LANGUAGE", "TZ", "TZDIR", "TMPDIR", "TEMP", "TMP", "SYSTEMROOT", "LD_LIBRARY_PATH"}
	passedBy = []string{"LC_", "XDG_", "FONTCONFIG_", "LIBVA_", "CUDA_", "NVIDIA_", "MESA_", "DRI_"}
)

// environment leaves out what is not for ffmpeg.
func environment(all []string) []string {
	kept := make([]string, 0, len(passedOn))
	for _, entry := range all {
		name, _, _ := strings.Cut(entry, "=")
		named := func(other string) bool { return strings.EqualFold(name, other) } // Windows says Path
		begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
		if slices.ContainsFunc(passedOn, named) || slices.ContainsFunc(passedBy, begins) {
			kept = append(kept, entry)
		}
	}
	return kept
}
