package segment

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"

	"framegate/gateway/media"
)

// small gives a file of few small samples, growing or finished with its tables
// in front or at the end, and how many samples are whole up to each offset.
func small(t testing.TB, expect int, finish bool) (b []byte, samples []Sample, whole func(size int) int) {
	t.Helper()
	return smallOf(t, h264Format(t), nil, expect, finish)
}

// smallOf gives one of a format, with sound or without.
func smallOf(t testing.TB, format *media.Format, sound []Sample, expect int, finish bool) (b []byte, samples []Sample, whole func(size int) int) {
	t.Helper()
	samples = made(0, 30, 5)
	for i := range samples {
		samples[i].Offset = int32(i % 2)
	}
	if expect < 0 { // more than there is room for
		samples = made(0, 400, 100)
		for i := range samples {
			samples[i].Offset = int32(i % 2)
		}
	}
	f := forever()
	w := write(t, f, format, nil, 1, expect, sound...)
	ends := []int64{}
	each := len(samples) / 5
	for i := range 5 {
		appendAll(t, w, samples[i*each:(i+1)*each], each, sound[i*len(sound)/5:(i+1)*len(sound)/5])
		ends = append(ends, w.Size())
	}
	if finish {
		if _, err := w.Finish(1); err != nil {
			t.Fatal(err)
		}
	}
	return f.b, samples, func(size int) (n int) {
		for _, end := range ends {
			if int64(size) >= end {
				n += each
			}
		}
		return n
	}
}

// checkRepaired checks that a file is repaired to these samples, or left as it is
// where there is none; and that it then is as if it had ended there. It gives what
// it is then, or nil.
func checkRepaired(t *testing.T, b []byte, samples []Sample, want int) *Segment {
	t.Helper()
	f := &memory{b: b, left: -1}
	sum, err := Repair(f, int64(len(b)))
	if want == 0 {
		if !errors.Is(err, ErrNothing) || !bytes.Equal(f.b, b) {
			t.Fatalf("of %d bytes: %v, changed: %v", len(b), err, !bytes.Equal(f.b, b))
		}
		return nil
	}
	if err != nil {
		t.Fatalf("of %d bytes: %v", len(b), err)
	}
	s := open(t, f.b)
	if s.State != Finished || sum.Frames != want || sum.Bytes != int64(len(f.b)) {
		t.Fatalf("of %d bytes: state %v, %d frames, %d bytes of %d; want %d", len(b), s.State, sum.Frames, sum.Bytes, len(f.b), want)
	}
	checkHolds(t, f.b, s, samples, want)
	return s
}

// TestRepairAtEveryByte cuts files off at every byte: all whole fragments are
// kept, of files that grew and of finished ones that are damaged, and the sound with
// its pictures.
func TestRepairAtEveryByte(t *testing.T) {
	for name, c := range map[string]struct {
		format *media.Format
		sound  []Sample
	}{"H.264": {h264Format(t), nil}, "H.265 with sound": {h265Format(t), tones(0, 50)}} {
		for state, finish := range map[string]bool{"growing": false, "finished": true} {
			t.Run(name+", "+state, func(t *testing.T) {
				t.Parallel()
				b, samples, whole := smallOf(t, c.format, c.sound, 30, finish)
				for size := range b {
					if size > headSize+16 && size < holeAt+minHole { // the hole is all alike
						continue
					}
					s := checkRepaired(t, b[:size], samples, whole(size))
					if s == nil {
						continue
					}
					heard := len(slices.Concat(s.Table.Entries[1:]...))
					if s.Formats[0].Codec != c.format.Codec || heard != whole(size)*len(c.sound)/len(samples) {
						t.Fatalf("of %d bytes: pictures of %v, and %d of sound", size, s.Formats[0].Codec, heard)
					}
				}
			})
		}
	}
}

// TestRepairOfTablesAtTheEnd does it for the other form, at each byte of what is
// not pictures.
func TestRepairOfTablesAtTheEnd(t *testing.T) {
	b, samples, whole := small(t, -1, true)
	if string(b[holeAt+4:headSize]) != "mdat" {
		t.Fatal("the tables are in front")
	}
	s := open(t, b)
	for size := len(b) - int(s.Summary.MoovBytes) - 8; size < len(b); size += 1 + size%13 {
		checkRepaired(t, b[:size], samples, whole(size))
	}
	checkRepaired(t, b, samples, len(samples))
}

// TestRepairCutsWhatIsNoFragment has files with zeros and with other things
// behind their last fragment, and with zeros in the place of the last pictures.
func TestRepairCutsWhatIsNoFragment(t *testing.T) {
	for _, finish := range []bool{false, true} {
		b, samples, _ := small(t, 30, finish)
		for name, tail := range map[string][]byte{
			"zeros":      make([]byte, 5000),
			"garbage":    nalu(5000, 1),
			"a moof":     []byte("\x00\x00\x00\x20moof\x00\x00\x00\x10mfhd\x00\x00\x00\x00\x00\x00\x00\x09"),
			"a long box": []byte("\x7f\xff\xff\xffmoof"),
			"free":       []byte("\x00\x00\x00\x10free\x00\x00\x00\x08moov"),
		} {
			t.Run(fmt.Sprintf("%s, finished %v", name, finish), func(t *testing.T) {
				checkRepaired(t, slices.Concat(b, tail), samples, 30)
			})
		}
	}
	b, samples, _ := small(t, 30, false)
	last := open(t, b).Table.Entries[0][24]
	b = slices.Clone(b)
	clear(b[last.At:])
	checkRepaired(t, b, samples, 24)
	clear(b[open(t, b).Table.Entries[0][0].At:])
	checkRepaired(t, b, samples, 0)
}

// TestZerosWithinAPicture has a page of zeros in the midst of a large one.
func TestZerosWithinAPicture(t *testing.T) {
	samples := made(0, 3, 1)
	samples[2].Data = nalu(20000, 3)
	f := forever()
	write(t, f, h264Format(t), samples, 1, 10)
	at := open(t, f.b).Table.Entries[0][2].At
	clear(f.b[at+8000 : at+12096])
	checkRepaired(t, f.b, samples, 2)
}

// TestRepairOfDamagedTables has a finished file whose tables are overwritten.
func TestRepairOfDamagedTables(t *testing.T) {
	b, samples, _ := small(t, 30, true)
	for at := holeAt + 8; at < holeAt+8+int(open(t, b).Summary.MoovBytes); at += 7 {
		damaged := slices.Clone(b)
		copy(damaged[at:], "\xff\xff\xff\xff")
		f := &memory{b: damaged, left: -1}
		if _, err := Repair(f, int64(len(f.b))); err != nil {
			t.Fatalf("at %d: %v", at, err)
		}
		if n := len(open(t, f.b).Table.Entries[0]); n != len(samples) {
			t.Fatalf("at %d: %d samples", at, n)
		}
	}
}

// TestRepairDiesWhereverItCan mends a finished file that was cut, and dies after
// each operation, by itself or with the power.
func TestRepairDiesWhereverItCan(t *testing.T) {
	b, samples, _ := small(t, 30, true)
	b = b[:len(b)-1]
	for n := 0; ; n++ {
		f := &memory{b: b, synced: b, left: n}
		_, err := Repair(f, int64(len(b)))
		for _, left := range append(f.afterPowerLoss(), f.b) {
			checkRepaired(t, left, samples, 24)
		}
		if err == nil {
			return
		}
		if !errors.Is(err, errDead) {
			t.Fatal(err)
		}
	}
}

// TestForeignFilesAreLeftAlone has files of others, and of ours that are none.
func TestForeignFilesAreLeftAlone(t *testing.T) {
	b, _, _ := small(t, 30, false)
	with := func(at int, v ...byte) []byte {
		b := slices.Clone(b)
		copy(b[at:], v)
		return b
	}
	for name, b := range map[string][]byte{
		"text":              []byte("a letter to my mother"),
		"another MP4":       []byte("\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2avc1mp41"),
		"of a newer kind":   with(ftypSize+8+16, version+1),
		"of another's uuid": with(ftypSize+8, 'F'),
		"another id":        with(ftypSize+8+16+4, 'x'),
		"no free":           with(holeAt+4, []byte("skip")...),
	} {
		f := &memory{b: b, left: -1}
		_, err := Repair(f, int64(len(b)))
		if _, opened := Open(f, int64(len(b))); !errors.Is(err, ErrForeign) || !errors.Is(opened, ErrForeign) || f.done > 0 {
			t.Errorf("%s: %v, opened: %v, %d changes", name, err, opened, f.done)
		}
	}
}

// TestFilesThatNeverWere has nothing, and zeros.
func TestFilesThatNeverWere(t *testing.T) {
	for _, b := range [][]byte{nil, make([]byte, 1), make([]byte, 100000)} {
		checkRepaired(t, b, nil, 0)
	}
}

// unreadable fails to read past a place.
type unreadable struct {
	*memory
	from int64
}

var errRead = errors.New("input/output error")

func (u unreadable) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > u.from {
		return 0, errRead
	}
	return u.memory.ReadAt(p, at)
}

// TestRepairOfWhatCannotBeRead changes nothing where the disk does not answer.
func TestRepairOfWhatCannotBeRead(t *testing.T) {
	for _, finish := range []bool{false, true} {
		samples := made(0, 400, 100)
		for i := range samples {
			samples[i].Data = nalu(1000, 1)
		}
		f := forever()
		w := write(t, f, h264Format(t), samples, 50, 400)
		if finish {
			if _, err := w.Finish(1); err != nil {
				t.Fatal(err)
			}
			f.b = f.b[:len(f.b)-1]
		}
		f.done = 0
		if _, err := Repair(unreadable{f, 200000}, int64(len(f.b))); !errors.Is(err, errRead) || f.done > 0 {
			t.Errorf("finished %v: %v, %d changes", finish, err, f.done)
		}
	}
}

// claiming gives a file that says of each of its tables and boxes in turn that
// there is much more in it.
func claiming(b []byte) (all [][]byte) {
	tables := []string{"stsz", "stts", "ctts", "stss", "stsc", "stco", "stsd", "trun"}
	boxes := []string{"moov", "mvhd", "trak", "stbl", "moof", "traf", "mdat", "avcC"}
	for _, kind := range append(tables, boxes...) {
		first, last, counted := bytes.Index(b, []byte(kind)), bytes.LastIndex(b, []byte(kind)), 8
		switch {
		case kind == "stsz":
			counted = 12
		case slices.Contains(boxes, kind):
			counted = -4
		}
		if first < 0 {
			continue
		}
		for _, at := range slices.Compact([]int{first, last}) { // of pictures, and of sound
			all = append(all, claims(b, at+counted)...)
		}
	}
	return all
}

// claims gives files that count otherwise at a place.
func claims(b []byte, at int) (all [][]byte) {
	for _, n := range []string{"\x00\x0f\xff\xff", "\x00\x3f\xff\xff", "\x7f\xff\xff\xff"} {
		c := slices.Clone(b)
		copy(c[at:], n)
		all = append(all, c)
	}
	return all
}

// allocated gives how many bytes f allocates, with what others do meanwhile.
func allocated(f func()) int64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int64(after.TotalAlloc - before.TotalAlloc)
}

// timesAllocated is how much more may be allocated than a file has: an Entry is eight
// times what a sample takes in a table, and a slice of them grows; the least fragment
// has a hundred bytes, and is read with 4 kB.
const timesAllocated = 64

// sounding is a little file with sound.
func sounding(t testing.TB, expect int, finish bool) []byte {
	t.Helper()
	f := forever()
	w := write(t, f, h264Format(t), made(0, 30, 5), 5, expect, tones(0, 20)...)
	if finish {
		if _, err := w.Finish(1); err != nil {
			t.Fatal(err)
		}
	}
	return f.b
}

// FuzzOpen reads and mends anything: what it opens lies in the file, what it
// mends is finished and holds as many pictures, and neither allocates what a
// file says, but a few times what is in it.
func FuzzOpen(f *testing.F) {
	for _, expect := range []int{30, -1} {
		for _, finish := range []bool{true, false} {
			b, _, _ := small(f, expect, finish)
			for _, b := range [][]byte{b, sounding(f, expect, finish)} {
				f.Add(b)
				for _, b := range claiming(b) {
					f.Add(b)
				}
			}
		}
	}
	f.Add(make([]byte, 1000))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		var s *Segment
		var err error
		opening := allocated(func() { s, err = Open(bytes.NewReader(b), int64(len(b))) })
		mending := allocated(func() { _, _ = Repair(&memory{b: b}, int64(len(b))) }) // up to its first write
		if most := timesAllocated*int64(len(b)) + firstRead; max(opening, mending) > most {
			t.Fatalf("%d bytes are allocated to open, and %d to mend, %d", opening, mending, len(b))
		}
		if err == nil {
			for _, all := range s.Table.Entries {
				for _, e := range all {
					if e.At < 0 || e.At+int64(e.Size) > int64(len(b)) {
						t.Fatalf("%+v in %d bytes", e, len(b))
					}
				}
			}
		}
		file := &memory{b: b, left: -1}
		sum, err := Repair(file, int64(len(b)))
		if err != nil {
			if file.done > 0 && !errors.Is(err, ErrFormat) {
				t.Fatalf("%v, after %d changes", err, file.done)
			}
			return
		}
		again := open(t, file.b)
		if again.State != Finished || again.Summary.Frames != sum.Frames {
			t.Fatalf("state %v, %d frames, %d repaired", again.State, again.Summary.Frames, sum.Frames)
		}
	})
}
