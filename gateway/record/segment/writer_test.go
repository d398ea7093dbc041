package segment

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"framegate/gateway/media"
)

// TestFormsOpenAlike takes a file through all of its states: each holds the same.
func TestFormsOpenAlike(t *testing.T) {
	for name, expect := range map[string]int{"tables in front": 100, "tables at the end": -1} {
		t.Run(name, func(t *testing.T) {
			samples := made(0, 100, 25)
			if expect < 0 {
				samples = made(0, 2000, 25)
				for i := range samples { // no two tables' entries alike
					samples[i].Offset = int32(i % 2)
				}
			}
			f := forever()
			w := write(t, f, h264Format(t), samples, 25, expect)
			growing := open(t, f.b)
			if growing.State != Growing || growing.Head != head {
				t.Errorf("state %v, head %+v", growing.State, growing.Head)
			}
			checkHolds(t, f.b, growing, samples, len(samples))
			finished, err := w.Finish(1)
			if err != nil {
				t.Fatal(err)
			}
			s := open(t, f.b)
			if s.State != Finished || s.Head != head {
				t.Errorf("state %v, head %+v", s.State, s.Head)
			}
			checkHolds(t, f.b, s, samples, len(samples))
			want := Summary{
				Head: head, Formats: s.Formats, Bytes: int64(len(f.b)), Frames: len(samples), Keys: len(samples) / 25,
				STTS: 1, CTTS: finished.CTTS, MoovBytes: finished.MoovBytes, Duration: time.Duration(len(samples)) * 40 * time.Millisecond, Rate: 1,
				DataAt: int64(bytes.Index(f.b, samples[0].Data)), Fragments: len(samples) / 25,
			}
			if fmt.Sprint(s.Summary) != fmt.Sprint(want) {
				t.Errorf("%+v\nwant %+v", s.Summary, want)
			}
			want.Formats = finished.Formats
			if fmt.Sprint(finished) != fmt.Sprint(want) {
				t.Errorf("finished %+v\nwant %+v", finished, want)
			}
			if w.Size() != int64(len(f.b)) || fmt.Sprint(w.Table()) != fmt.Sprint(s.Table) || fmt.Sprint(growing.Table) != fmt.Sprint(s.Table) {
				t.Error("the writer, the growing and the finished file have other tables")
			}
			if atEnd := string(f.b[holeAt+4:headSize]) == "mdat"; atEnd != (expect < 0) {
				t.Errorf("tables at the end: %v", atEnd)
			}
		})
	}
}

// TestDyingAtEachOperation has the process die after each operation, and the
// power go, which takes back any of what was not synced: what was appended, and
// synced, is there, Repair finishes it, also where Repair dies too, and a file
// that was finished stays it.
func TestDyingAtEachOperation(t *testing.T) {
	for name, expect := range map[string]int{"in front": 300, "at the end": 0} {
		t.Run(name, func(t *testing.T) {
			samples := made(0, 300, 50)
			for i := range samples {
				samples[i].Offset = int32(i % 2)
			}
			for n := 0; ; n++ {
				f := &memory{left: n}
				appended, durable, finished := 0, 0, false
				w, err := Create(f, head, []Track{{h264Format(t)}}, expect)
				for part := range slices.Chunk(samples, 100) {
					if err == nil {
						err = w.Append(part)
					}
					if err == nil {
						appended += len(part)
					}
				}
				if err == nil {
					_, err = w.Finish(0.84)
					finished = err == nil
				}
				if f.done >= 6 { // Create, three fragments, and step 1
					durable = len(samples)
				}
				checkDead(t, f.b, samples, appended)
				for _, b := range f.afterPowerLoss() {
					checkDead(t, b, samples, durable)
				}
				if finished {
					break
				}
				if !errors.Is(err, errDead) {
					t.Fatal(err)
				}
			}
		})
	}
}

// checkDead checks what a dead process left: at least so many samples, which
// Repair finishes, wherever it dies itself.
func checkDead(t *testing.T, b []byte, samples []Sample, atLeast int) {
	t.Helper()
	s, err := Open(bytes.NewReader(b), int64(len(b)))
	if errors.Is(err, ErrNothing) && atLeast == 0 {
		f := &memory{b: b, left: -1}
		if _, err := Repair(f, int64(len(b))); !errors.Is(err, ErrNothing) || !bytes.Equal(f.b, b) {
			t.Fatalf("repairing nothing: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("%v, with %d samples", err, atLeast)
	}
	checkHolds(t, b, s, samples, atLeast)
	for n := 0; ; n++ {
		f := &memory{b: b, synced: b, left: n}
		sum, err := Repair(f, int64(len(f.b)))
		if err != nil && !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		checkHolds(t, f.b, open(t, f.b), samples, len(s.Table.Entries[0]))
		for _, b := range f.afterPowerLoss() {
			checkHolds(t, b, open(t, b), samples, len(s.Table.Entries[0]))
		}
		if err == nil {
			if again := open(t, f.b); again.State != Finished || sum.Frames != len(s.Table.Entries[0]) || fmt.Sprint(again.Summary.Duration) != fmt.Sprint(sum.Duration) {
				t.Fatalf("repaired: state %v, %+v", again.State, sum)
			}
			return
		}
	}
}

// TestPreparedKeepsItsRate has a process die between the last two steps: the
// file plays in true time when Repair is done.
func TestPreparedKeepsItsRate(t *testing.T) {
	for _, expect := range []int{300, 0} {
		samples := made(0, 300, 50)
		for i := range samples {
			samples[i].Offset = int32(i % 2)
		}
		f := forever()
		w := write(t, f, h264Format(t), samples, 100, expect)
		f.left = 3 // sync, write, sync
		if _, err := w.Finish(0.84); !errors.Is(err, errDead) {
			t.Fatal(err)
		}
		f.left = -1
		if s := open(t, f.b); s.State != Prepared {
			t.Errorf("state %v", s.State)
		}
		sum, err := Repair(f, int64(len(f.b)))
		if err != nil {
			t.Fatal(err)
		}
		if want := 300 * 40 * time.Millisecond * 100 / 84; sum.Rate != 0.84 || (sum.Duration-want).Abs() > time.Millisecond {
			t.Errorf("rate %v, duration %v, want %v", sum.Rate, sum.Duration, want)
		}
	}
}

// TestFailedWriteIsCutOff fills a disk in the midst of fragments: the next one
// follows the last whole one.
func TestFailedWriteIsCutOff(t *testing.T) {
	full := errors.New("no space left")
	samples := made(0, 100, 10)
	f := forever()
	w := write(t, f, h264Format(t), samples[:50], 50, 100)
	size := w.Size()
	f.fail = full
	if err := w.Append(samples[50:90]); !errors.Is(err, full) {
		t.Fatal(err)
	}
	if w.Size() != size || len(w.Table().Entries[0]) != 50 {
		t.Errorf("size %d, %d entries", w.Size(), len(w.Table().Entries[0]))
	}
	checkHolds(t, f.b, open(t, f.b), samples, 50)
	if err := w.Append(samples[50:51]); err != nil { // shorter than what is left of the other
		t.Fatal(err)
	}
	if w.Size() != int64(len(f.b)) {
		t.Errorf("%d bytes are left behind the last fragment", int64(len(f.b))-w.Size())
	}
	if err := w.Append(samples[51:]); err != nil {
		t.Fatal(err)
	}
	f.fail = full
	if _, err := w.Finish(1); !errors.Is(err, full) {
		t.Fatal(err)
	}
	checkHolds(t, f.b, open(t, f.b), samples, 100)
	if _, err := w.Finish(1); err != nil {
		t.Fatal(err)
	}
	checkHolds(t, f.b, open(t, f.b), samples, 100)
}

// TestAppendAfterFinishFailed records on where the tables could not be written at
// the end of the file.
func TestAppendAfterFinishFailed(t *testing.T) {
	samples := made(0, 400, 10)
	for i := range samples {
		samples[i].Offset = int32(i % 2)
	}
	f := forever()
	w := write(t, f, h264Format(t), samples[:390], 390, 0)
	f.left = 2 // sync, write
	if _, err := w.Finish(1); !errors.Is(err, errDead) {
		t.Fatal(err)
	}
	f.left = -1
	if err := w.Append(samples[390:]); err != nil {
		t.Fatal(err)
	}
	if w.Size() != int64(len(f.b)) {
		t.Errorf("%d bytes are left behind the last fragment", int64(len(f.b))-w.Size())
	}
	if _, err := w.Finish(1); err != nil {
		t.Fatal(err)
	}
	checkHolds(t, f.b, open(t, f.b), samples, 400)
}

// TestLostFragment goes on where a fragment could not be written at all: the
// sample before lasts until the next one.
func TestLostFragment(t *testing.T) {
	samples := made(0, 30, 10)
	f := forever()
	w := write(t, f, h264Format(t), samples[:10], 10, 100)
	if err := w.Append(samples[20:]); err != nil {
		t.Fatal(err)
	}
	growing := open(t, f.b).Table.Entries[0]
	if _, err := w.Finish(1); err != nil {
		t.Fatal(err)
	}
	finished := open(t, f.b).Table.Entries[0]
	for i := range finished {
		if finished[i].Decode != growing[i].Decode || finished[i].Decode != slices.Concat(samples[:10], samples[20:])[i].Decode {
			t.Errorf("sample %d at %d, and at %d while it grew", i, finished[i].Decode, growing[i].Decode)
		}
	}
	if finished[9].Duration != 11*3600 {
		t.Errorf("the sample before the gap lasts %d", finished[9].Duration)
	}
}

func TestWriterRefuses(t *testing.T) {
	format := h264Format(t)
	for name, make := range map[string]func() error{
		"a long id": func() error {
			_, err := Create(forever(), Head{Camera: string(make([]byte, 64))}, []Track{{format}}, 0)
			return err
		},
		"no track": func() error { _, err := Create(forever(), head, nil, 0); return err },
		"three tracks": func() error {
			_, err := Create(forever(), head, []Track{{format}, {aac(t)}, {aac(t)}}, 0)
			return err
		},
		"two tracks of pictures": func() error { _, err := Create(forever(), head, []Track{{format}, {format}}, 0); return err },
		"sound alone":            func() error { _, err := Create(forever(), head, []Track{{aac(t)}}, 0); return err },
		"sound of another codec": func() error {
			g711, err := media.G711Format(media.PCMU, 8000, 1)
			if err != nil {
				return err
			}
			_, err = Create(forever(), head, []Track{{format}, {g711}}, 0)
			return err
		},
		"no format": func() error { _, err := Create(forever(), head, []Track{{}}, 0); return err },
		"no sets": func() error {
			_, err := Create(forever(), head, []Track{{&media.Format{Codec: media.H264, Width: 1, Height: 1}}}, 0)
			return err
		},
		"no size": func() error {
			_, err := Create(forever(), head, []Track{{&media.Format{Codec: media.JPEG}}}, 0)
			return err
		},
		"no keyframe": func() error { return write(t, forever(), format, nil, 1, 0).Append([]Sample{{Duration: 1}}) },
		"no duration": func() error { return write(t, forever(), format, nil, 1, 0).Append([]Sample{{Key: true}}) },
		"two tracks":  func() error { return write(t, forever(), format, nil, 1, 0).Append(made(0, 1, 1), made(0, 1, 1)) },
		"going back":  func() error { return write(t, forever(), format, made(0, 9, 3), 9, 0).Append(made(8, 1, 1)) },
		"a long gap": func() error {
			return write(t, forever(), format, made(0, 9, 3), 9, 0).Append([]Sample{{Decode: 9*3600 + MaxSample + 1, Duration: 1}})
		},
		"a rate of 0": func() error { _, err := write(t, forever(), format, made(0, 9, 3), 9, 0).Finish(0); return err },
		"finished twice": func() error {
			w := write(t, forever(), format, made(0, 9, 3), 9, 0)
			_, _ = w.Finish(1)
			_, err := w.Finish(1)
			return err
		},
		"appended after": func() error {
			w := write(t, forever(), format, made(0, 9, 3), 9, 0)
			_, _ = w.Finish(1)
			return w.Append(made(9, 1, 1))
		},
	} {
		if err := make(); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := write(t, forever(), format, nil, 1, 0).Finish(1); !errors.Is(err, ErrNothing) {
		t.Errorf("nothing at all: %v", err)
	}
}

// TestHeadIsInTheFirstSector holds what the switch from free to moov relies on.
func TestHeadIsInTheFirstSector(t *testing.T) {
	f := forever()
	write(t, f, h264Format(t), nil, 1, 0)
	if len(f.b) != headSize || headSize > 512 {
		t.Errorf("the head has %d bytes, want %d", len(f.b), headSize)
	}
}

// TestTableIsSharedWhileItGrows reads what another goroutine appends to.
func TestTableIsSharedWhileItGrows(t *testing.T) {
	f := forever()
	w := write(t, f, h264Format(t), made(0, 1, 1), 1, 0)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() { // until stop
		defer close(done)
		for {
			all := w.Table().Entries[0]
			if last := all[len(all)-1]; last.Decode != int64(len(all)-1)*3600 || last.At+int64(last.Size) > w.Size() {
				t.Errorf("entry %d: %+v", len(all)-1, last)
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	}()
	for i := 1; i < 1000; i++ {
		if err := w.Append([]Sample{{Decode: int64(i) * 3600, Duration: 3600, Data: []byte{0, 0, 0, 1, 1}}}); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
}
