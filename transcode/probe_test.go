package transcode_test

import (
	"context"
	"errors"
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
