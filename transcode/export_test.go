package transcode

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// AnyConfig is the configuration of H.264 that is never decoded.
const AnyConfig = "\x01\x01\x02\x03\xff\xe1\x00\x04\x67\x01\x02\x03\x01\x00\x01\x68"

// ReadFLV reads all packets of a file. The first one's time is 0.
func ReadFLV(b []byte) (packets []Packet, err error) {
	var f flvReader
	first := uint32(0)
	for r := bufio.NewReader(bytes.NewReader(b)); ; {
		p, at, err := f.read(r)
		if errors.Is(err, io.EOF) {
			return packets, nil
		}
		if err != nil {
			return nil, err
		}
		if len(packets) == 0 {
			first = at
		}
		p.PTS = time.Duration(at-first) * time.Millisecond
		packets = append(packets, p)
	}
}

// SetFlushPatience says for how long nothing may come out once the input has ended.
func (p *Process) SetFlushPatience(d time.Duration) { p.flushPatience = d }

// Age lets so much time pass for the labels of H264 packets.
func (p *Process) Age(d time.Duration) { p.stamps.first -= d }

// Waiting says whether the time runs in which ffmpeg has to give a packet, since
// before the last one was written.
func (p *Process) Waiting() bool { return p.watch.waiting.Before(p.watch.last) }

// HasZscale says whether a program is known to have the filter, or tries.
func HasZscale(ctx context.Context, program string) bool {
	return trialOf(program).passed(ctx, program)
}

// TriesWithin has a program take no longer than so to show that it has zscale.
func TriesWithin(program string, d time.Duration) { trialOf(program).patience = d }

// LeavesBehind says how long an ffmpeg that even the kernel cannot end is waited for,
// and what is said of it.
func LeavesBehind(t *testing.T) (took time.Duration, err error) {
	child := exec.Command("true")
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	defer child.Wait() // until then its number is nobody else's
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	p := &Process{cmd: child, gone: make(chan struct{}), detach: func() bool { return true }, stdout: r}
	began := time.Now()
	p.Close()
	return time.Since(began), p.ending()
}

// ByZscale says whether that changes the range of colours.
func (p *Process) ByZscale() bool { return strings.Contains(strings.Join(p.cmd.Args, " "), "zscale") }

// FuzzMux holds that nothing ffmpeg could print makes a reader panic or take
// memory that has not come.
func FuzzMux(f *testing.F) {
	f.Add([]byte("\x00\nSMJPEG\x00\x00\x00\x00\x00\x00\x00\x00HENDvidD\x00\x00\x00\x28\x00\x00\x00\x01x"))
	record := []byte(AnyConfig)
	flv := appendTagHead(append([]byte{}, flvHeader...), true, avcSequenceHeader, 0, 0, len(record))
	flv = appendTagTail(append(flv, record...), len(record))
	flv = appendTagTail(append(appendTagHead(flv, false, avcNALUs, 70_000, -3, 2), 1, 2), 2)
	f.Add(flv)
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range []demuxer{&smjpegReader{}, &flvReader{}} {
			r := bufio.NewReader(bytes.NewReader(b))
			for {
				p, _, err := d.read(r)
				if err != nil {
					break
				}
				if len(p.Data) > len(b) {
					t.Fatalf("packet of %d bytes out of %d", len(p.Data), len(b))
				}
			}
		}
	})
}

// FuzzSound reads what an ffmpeg makes of sound, and says of a file.
func FuzzSound(f *testing.F) {
	f.Add([]byte("\xff\xf1\x4c\x80\x01\x3f\xfcab\xff\xf1\x4c\x80\x01\x1f\xfcc"))
	page := "OggS" + strings.Repeat("\x00", 22) + "\x01\x03abc"
	f.Add([]byte(page + page + page))
	f.Add([]byte("#tb 0: 1/12800\n0, 0, 512, 512, 9, 0x1\n0, 512, NOPTS, 512, 9, 0x1\n0, 1024, 9223372036854775807, -1, 9, 0x1\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func(*Sound) ([]byte, error){(*Sound).readADTS, (*Sound).readOgg} {
			s := &Sound{process: &Process{frames: bufio.NewReader(bytes.NewReader(b))}}
			for total := 0; ; {
				data, err := read(s)
				if err != nil {
					break
				}
				if total += len(data); total > len(b) {
					t.Fatalf("%d bytes out of %d", total, len(b))
				}
			}
		}
		_, _, _ = latest(bytes.NewReader(b))
	})
}

// Said gives what ffmpeg printed last.
func (p *Process) Said() string { return p.stderr.String() }

// ConfinedName is the name under which a program becomes ffmpeg.
const ConfinedName = confinedName
