package segment

import (
	"encoding/binary"
	"math"

	"framegate/gateway/mp4"
)

// stbl writes a track's tables: 14496-12, 8.5 to 8.7. While the file grows they
// are empty.
func (m *movie) stbl(w *mp4.Boxes, track int) (c counts) {
	all := m.entries[track]
	if m.growing {
		all = nil
	}
	stbl := w.Open("stbl")
	stsd := w.OpenFull("stsd", 0, 0)
	w.U32(1)
	sampleEntry(w, m.formats[track])
	w.Close(stsd)
	c.stts = stts(w, all)
	c.ctts = ctts(w, all)
	stss(w, all)
	stsc(w, all)
	stsz := w.OpenFull("stsz", 0, 0)
	w.U32(0, uint32(len(all)))
	for i := range all {
		w.U32(all[i].Size)
	}
	w.Close(stsz)
	stco(w, all)
	w.Close(stbl)
	return c
}

// runs writes values as so many of the same each, behind their count.
func runs(w *mp4.Boxes, n int, value func(int) uint32) (count int) {
	at := len(*w)
	w.U32(0)
	for i := 0; i < n; count++ {
		from, v := i, value(i)
		for i++; i < n && value(i) == v; i++ {
		}
		w.U32(uint32(i-from), v)
	}
	binary.BigEndian.PutUint32((*w)[at:], uint32(count))
	return count
}

// stts: 14496-12, 8.6.1.2. A sample lasts until the next one, also over what was
// lost between them.
func stts(w *mp4.Boxes, all []Entry) (count int) {
	at := w.OpenFull("stts", 0, 0)
	count = runs(w, len(all), func(i int) uint32 {
		if i+1 < len(all) {
			return uint32(all[i+1].Decode - all[i].Decode)
		}
		return all[i].Duration
	})
	w.Close(at)
	return count
}

// ctts: 14496-12, 8.6.1.3. Without any offset there is none.
func ctts(w *mp4.Boxes, all []Entry) (count int) {
	if !anyOffset(all) {
		return 0
	}
	at := w.OpenFull("ctts", 1, 0)
	count = runs(w, len(all), func(i int) uint32 { return uint32(all[i].Offset) })
	w.Close(at)
	return count
}

func anyOffset(all []Entry) bool {
	for i := range all {
		if all[i].Offset != 0 {
			return true
		}
	}
	return false
}

// stss: 14496-12, 8.6.2. Where there is none all are keyframes.
func stss(w *mp4.Boxes, all []Entry) {
	keys := 0
	for i := range all {
		if all[i].Key {
			keys++
		}
	}
	if keys == len(all) {
		return
	}
	at := w.OpenFull("stss", 0, 0)
	w.U32(uint32(keys))
	for i := range all {
		if all[i].Key {
			w.U32(uint32(i + 1))
		}
	}
	w.Close(at)
}

// chunks calls with the first sample of each stretch that lies together in the
// file, and how many are in it.
func chunks(all []Entry, yield func(from, count int)) {
	for i := 0; i < len(all); {
		from := i
		for i++; i < len(all) && all[i].At == all[i-1].At+int64(all[i-1].Size); i++ {
		}
		yield(from, i-from)
	}
}

// stsc: 14496-12, 8.7.4: from which chunk on there are how many samples in each.
func stsc(w *mp4.Boxes, all []Entry) {
	at := w.OpenFull("stsc", 0, 0)
	w.U32(0)
	number, entries, before := uint32(0), uint32(0), 0
	chunks(all, func(_, count int) {
		number++
		if count != before {
			w.U32(number, uint32(count), 1)
			entries, before = entries+1, count
		}
	})
	binary.BigEndian.PutUint32((*w)[at+12:], entries)
	w.Close(at)
}

// stco, or co64 where offsets are too large for it: 14496-12, 8.7.5.
func stco(w *mp4.Boxes, all []Entry) {
	large := len(all) > 0 && all[len(all)-1].At > math.MaxUint32
	kind := "stco"
	if large {
		kind = "co64"
	}
	at := w.OpenFull(kind, 0, 0)
	w.U32(0)
	count := uint32(0)
	chunks(all, func(from, _ int) {
		count++
		if large {
			w.U64(uint64(all[from].At))
		} else {
			w.U32(uint32(all[from].At))
		}
	})
	binary.BigEndian.PutUint32((*w)[at+12:], count)
	w.Close(at)
}
