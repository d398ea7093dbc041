package transcode_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"framegate/transcode"
)

// pretends is an ffmpeg whose graphics card is the processor.
const pretends = `#!/bin/sh
drop=
for word; do
	shift
	if [ "$drop" ]; then drop=; continue; fi
	case $word in
	-init_hw_device | -filter_hw_device | -hwaccel | -hwaccel_device | -hwaccel_output_format | -async_depth) drop=1; continue ;;
	h264_vaapi) set -- "$@" libx264 -tune; word=zerolatency ;;
	format=nv12*) word=scale=160:96,format=yuv420p ;;
	esac
	set -- "$@" "$word"
done
exec ffmpeg "$@"
`

func TestProbeFindsHardwareThatWorks(t *testing.T) {
	needFfmpeg(t)
	if got, err := transcode.Probe(t.Context(), writeProgram(t, pretends), transcode.HWVAAPI); got != transcode.HWVAAPI || err != nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestProbeRefusesHardwareThatHoldsPicturesBack has an encoder look ahead.
func TestProbeRefusesHardwareThatHoldsPicturesBack(t *testing.T) {
	needFfmpeg(t)
	t.Parallel() // it takes as long as the patience
	looksAhead := strings.Replace(pretends, "word=zerolatency", "word=film", 1)
	got, err := transcode.Probe(t.Context(), writeProgram(t, looksAhead), transcode.HWVAAPI)
	if got != transcode.HWNone || !errors.Is(err, transcode.ErrStalled) {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestProbeSaysWhyNot asks for all kinds, most of which no machine has.
func TestProbeSaysWhyNot(t *testing.T) {
	needFfmpeg(t)
	for _, wanted := range []transcode.HWAccel{transcode.HWVAAPI, transcode.HWCUDA, transcode.HWQSV, transcode.HWVideoToolbox} {
		got, err := transcode.Probe(t.Context(), "", wanted)
		if err == nil && got == wanted {
			continue // so this machine has it
		}
		if err == nil || got != transcode.HWNone || !strings.HasPrefix(err.Error(), string(wanted)+": ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %s, %v", wanted, got, err)
		}
	}
	if got, err := transcode.Probe(t.Context(), "", transcode.HWAuto); (got == transcode.HWNone) == (err == nil) {
		t.Errorf("auto: got %s, %v", got, err)
	}
}

func TestProbeOfNothingStartsNothing(t *testing.T) {
	for _, wanted := range []transcode.HWAccel{"", transcode.HWNone} {
		if got, err := transcode.Probe(t.Context(), "/nowhere/ffmpeg", wanted); got != transcode.HWNone || err != nil {
			t.Errorf("%q: got %s, %v", wanted, got, err)
		}
	}
	if got, err := transcode.Probe(t.Context(), "", "voodoo"); got != transcode.HWNone || err == nil {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestProbeIsBounded probes an ffmpeg that never answers.
func TestProbeIsBounded(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	got, err := transcode.Probe(ctx, faulty(t, "deaf"), transcode.HWCUDA)
	if got != transcode.HWNone || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %s, %v", got, err)
	}
}

// TestHardwareOfNoNameIsRefused is about Start, which tries nothing.
func TestHardwareOfNoNameIsRefused(t *testing.T) {
	for _, name := range []transcode.HWAccel{transcode.HWAuto, "voodoo"} {
		_, err := transcode.Start(t.Context(), transcode.Spec{Pattern: pattern, Out: transcode.H264, HWAccel: name})
		if err == nil || errors.Is(err, exec.ErrNotFound) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// TestCheckSaysWhatIsWrongWithFfmpeg tries programs that are none, or not all of
// one.
func TestCheckSaysWhatIsWrongWithFfmpeg(t *testing.T) {
	needFfmpeg(t)
	t.Parallel()
	version := func(text string) string { return "#!/bin/sh\necho 'ffmpeg version " + text + " Copyright (c)'\n" }
	without := func(word string) string { // what a build says that lacks it, of which it has all else
		return "#!/bin/sh\ncase \"$*\" in *" + word + "*) echo \"Unknown '" + word + "'\" >&2; exit 1; esac\nexec ffmpeg \"$@\"\n"
	}
	for name, c := range map[string]struct{ content, want string }{
		"it is there":       {"#!/bin/sh\nexec ffmpeg \"$@\"\n", ""},
		"an old one":        {version("4.4.2-0ubuntu0.22.04.1"), "it is version 4.4.2-0ubuntu0.22.04.1, and takes 5.1 or newer: "},
		"another old one":   {version("n5.0.3"), "it is version n5.0.3, and takes 5.1 or newer: "},
		"a new one, broken": {version("5.1"), "it is version 5.1: "},
		"of no release":     {version("N-110000-g1234567"), "it is version N-110000-g1234567: "},
		"another program":   {"#!/bin/sh\necho 'avconv 12'\n", "encoding: "},
		"not a program":     {"nothing", "exec format error"},
		"no libx264":        {without("libx264"), "Unknown 'libx264'"},
		"no SMJPEG":         {without("smjpeg"), "Unknown 'smjpeg'"},
	} {
		err := transcode.Check(t.Context(), writeProgram(t, c.content))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := transcode.Check(t.Context(), "/nowhere/ffmpeg"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing: got %v", err)
	}
}

// TestFfmpegIsAskedOnce while it is the same file, and again about what it failed at.
func TestFfmpegIsAskedOnce(t *testing.T) {
	t.Parallel()
	program := writeProgram(t, "")
	written := time.Now().Add(-time.Hour)
	becomes := func(content string) {
		t.Helper()
		if err := errors.Join(os.WriteFile(program, []byte(content), 0o700), os.Chtimes(program, written, written)); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want string) {
		t.Helper()
		if got, err := transcode.Version(t.Context(), program); got != want || (err == nil) != (want != "") {
			t.Errorf("version %q, %v; want %q", got, err, want)
		}
	}
	const script = "#!/bin/sh\necho 'ffmpeg version "
	becomes(script[:len(script)-1] + "_9'\n")
	expect("")
	becomes(script + "9'\n")
	expect("9")
	becomes(script + "8'\n")
	expect("9")
	written = written.Add(time.Second)
	becomes(script + "8'\n")
	expect("8")
}
