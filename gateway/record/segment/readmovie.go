package segment

import (
	"encoding/binary"

	"framegate/gateway/media"
	"framegate/gateway/mp4"
)

// maxBoxes bounds how many boxes one box may have.
const maxBoxes = 64

// pick gives the first box of each kind within one, or nil.
func pick(b []byte, kinds ...string) ([][]byte, error) {
	found := make([][]byte, len(kinds))
	err := each(b, func(kind string, content []byte) error {
		for i, k := range kinds {
			if k == kind && found[i] == nil {
				found[i] = content
			}
		}
		return nil
	})
	return found, err
}

// each calls with all boxes within one, or up to an mdat.
func each(b []byte, yield func(kind string, content []byte) error) error {
	for range maxBoxes {
		if len(b) == 0 {
			return nil
		}
		if len(b) >= 8 && string(b[4:8]) == "mdat" {
			return nil
		}
		kind, content, n, err := mp4.NextBox(b)
		if err != nil {
			return damaged("its boxes: %w", err)
		}
		if err := yield(kind, content[:len(content):len(content)]); err != nil {
			return err
		}
		b = b[n:]
	}
	return damaged("more than %d boxes in one", maxBoxes)
}

// readMovie reads a moov that we wrote: 14496-12, 8.2.1.
func readMovie(moov []byte) (*movie, error) {
	m := &movie{}
	err := each(moov, func(kind string, content []byte) error {
		if kind != "trak" {
			return nil
		}
		if len(m.formats) == maxTracks {
			return damaged("more than %d tracks", maxTracks)
		}
		return m.readTrack(content)
	})
	if err == nil && len(m.formats) == 0 {
		err = damaged("no track")
	}
	if err != nil {
		return nil, err
	}
	return m, nil
}

// readTrack reads a trak.
func (m *movie) readTrack(trak []byte) error {
	parts, err := pick(trak, "edts", "mdia")
	if err != nil {
		return err
	}
	media, err := pick(parts[1], "mdhd", "minf")
	if err != nil {
		return err
	}
	mdhd := mp4.Fields{B: media[0]}
	mdhd.Take(4 + 16)
	scale := mdhd.U32()
	if mdhd.Failed || scale < Timescale/2 || scale > Timescale*2 || m.timescale != 0 && scale != m.timescale {
		return damaged("a timescale of %d", scale)
	}
	m.timescale = scale
	stbl, err := pick(media[1], "stbl")
	if err != nil {
		return err
	}
	format, entries, counts, err := readTables(stbl[0])
	if err != nil {
		return err
	}
	if len(m.formats) == 0 {
		m.read = counts
	}
	m.formats, m.entries = append(m.formats, format), append(m.entries, entries)
	return m.shift(parts[0])
}

// shift puts the last track that was read where its edit list says: 14496-12,
// 8.6.6. The first track's media begins at 0.
func (m *movie) shift(edts []byte) error {
	all := m.entries[len(m.entries)-1]
	if len(m.entries) == 1 || len(all) == 0 || len(m.entries[0]) == 0 {
		return nil
	}
	elst, err := pick(edts, "elst")
	if err != nil {
		return err
	}
	empty, at := int64(0), int64(0)
	if elst[0] != nil {
		f := mp4.Fields{B: elst[0]}
		f.Take(4)
		if f.U32() == 2 {
			empty = int64(f.U64())
			f.Take(12)
		}
		f.Take(8)
		if at = int64(f.U64()); f.Failed || empty < 0 || at < 0 || max(empty, at) > maxSamples*MaxSample {
			return damaged("an edit list of %d bytes", len(elst[0]))
		}
	}
	by := m.entries[0][0].Decode + int64(m.entries[0][0].Offset) + empty - at
	for i := range all {
		all[i].Decode += by
	}
	return nil
}

// readTables reads an stbl: 14496-12, 8.5 to 8.7.
func readTables(stbl []byte) (format *media.Format, entries []Entry, has counts, err error) {
	b, err := pick(stbl, "stsd", "stsz", "stts", "ctts", "stss", "stsc", "stco", "co64")
	if err != nil {
		return nil, nil, has, err
	}
	format, err = readSampleEntry(b[0])
	if err != nil {
		return nil, nil, has, err
	}
	entries, err = readSizes(b[1])
	if err != nil {
		return nil, nil, has, err
	}
	for _, err := range []error{
		readRuns(b[2], len(entries), func(i int, v uint32) { entries[i].Duration = v }),
		readOffsets(b[3], entries),
		readKeys(b[4], entries),
		readChunks(b[5], b[6], b[7], entries),
	} {
		if err != nil {
			return nil, nil, has, err
		}
	}
	at := int64(0)
	for i := range entries {
		entries[i].Decode = at
		at += int64(entries[i].Duration)
	}
	return format, entries, counts{runsOf(b[2]), runsOf(b[3])}, nil
}

// runsOf gives how many runs a table has, which was read.
func runsOf(b []byte) int {
	f := mp4.Fields{B: b}
	f.U32()
	return int(f.U32())
}

// readSampleEntry reads an stsd of one entry.
func readSampleEntry(stsd []byte) (*media.Format, error) {
	const visual = 78 // bytes of a VisualSampleEntry before its boxes
	if len(stsd) < 8 {
		return nil, damaged("no sample description")
	}
	kind, entry, _, err := mp4.NextBox(stsd[8:])
	if err == nil && kind == "mp4a" {
		return readSoundEntry(entry)
	}
	if err != nil || len(entry) < visual {
		return nil, damaged("sample description %q: %v", kind, err)
	}
	boxes, err := pick(entry[visual:], "avcC", "esds", "hvcC")
	switch {
	case err != nil:
		return nil, err
	case kind == "avc1" && boxes[0] != nil:
		return coded(media.FormatOfAVCC(boxes[0]))
	case kind == "hvc1" && boxes[2] != nil:
		return coded(media.FormatOfHVCC(boxes[2]))
	case kind == "mp4v" && len(boxes[1]) > 11 && boxes[1][11] == jpegType:
		width, height := binary.BigEndian.Uint16(entry[24:]), binary.BigEndian.Uint16(entry[26:])
		return &media.Format{Codec: media.JPEG, Width: int(width), Height: int(height)}, nil
	}
	return nil, damaged("sample description %q", kind)
}

// readSoundEntry reads the content of an mp4a that we wrote: what is in its esds
// stands at fixed places.
func readSoundEntry(entry []byte) (*media.Format, error) {
	const audio, config = 28, 26 // bytes of an AudioSampleEntry before its boxes; of esds before the configuration
	if len(entry) < audio {
		return nil, damaged("sample description of sound in %d bytes", len(entry))
	}
	boxes, err := pick(entry[audio:], "esds")
	if err != nil {
		return nil, err
	}
	esds := boxes[0]
	if len(esds) < config || int(esds[config-1]) > len(esds)-config {
		return nil, damaged("configuration of sound in %d bytes", len(esds))
	}
	return coded(media.AACFormat(esds[config : config+int(esds[config-1])]))
}

// coded says of a format that cannot be read that the file is damaged.
func coded(f *media.Format, err error) (*media.Format, error) {
	if err != nil {
		return nil, damaged("%w", err)
	}
	return f, nil
}

// readSizes makes entries of stsz, each of which has a size there.
func readSizes(stsz []byte) ([]Entry, error) {
	f := mp4.Fields{B: stsz}
	f.U32()
	same, n := f.U32(), f.U32()
	if f.Failed || same != 0 || uint64(n)*4 != uint64(len(f.B)) || n > maxSamples {
		return nil, damaged("sizes of %d samples in %d bytes", n, len(stsz))
	}
	entries := make([]Entry, n)
	for i := range entries {
		entries[i].Size = f.U32()
	}
	return entries, nil
}

// readRuns reads a table of so many of the same value each, of n in all.
func readRuns(b []byte, n int, set func(int, uint32)) error {
	f := mp4.Fields{B: b}
	f.U32()
	at := 0
	for range f.U32() {
		count, v := f.U32(), f.U32()
		if f.Failed || uint64(count) > uint64(n-at) {
			return damaged("a table for more than %d samples", n)
		}
		for range count {
			set(at, v)
			at++
		}
		if len(f.B) == 0 {
			break
		}
	}
	if f.Failed || at != n {
		return damaged("a table for %d of %d samples", at, n)
	}
	return nil
}

func readOffsets(ctts []byte, entries []Entry) error {
	if ctts == nil {
		return nil
	}
	return readRuns(ctts, len(entries), func(i int, v uint32) { entries[i].Offset = int32(v) })
}

func readKeys(stss []byte, entries []Entry) error {
	if stss == nil {
		for i := range entries {
			entries[i].Key = true
		}
		return nil
	}
	f := mp4.Fields{B: stss}
	f.U32()
	for range f.U32() {
		number := f.U32()
		if f.Failed || number < 1 || number > uint32(len(entries)) {
			return damaged("keyframe %d of %d samples", number, len(entries))
		}
		entries[number-1].Key = true
	}
	return nil
}

// readChunks says where the samples are: 14496-12, 8.7.4 and 8.7.5.
func readChunks(stsc, stco, co64 []byte, entries []Entry) error {
	runs, chunks := mp4.Fields{B: stsc}, mp4.Fields{B: stco}
	offset := func() int64 { return int64(chunks.U32()) }
	if stco == nil {
		chunks.B, offset = co64, func() int64 { return int64(chunks.U64()) }
	}
	runs.Take(8)
	chunks.Take(8)
	i, count, next := 0, uint32(0), runs.U32()
	for number := uint32(1); i < len(entries); number++ {
		if number == next {
			count = runs.U32()
			runs.U32()
			if next = 0; len(runs.B) > 0 {
				next = runs.U32()
			}
		}
		at := offset()
		if runs.Failed || chunks.Failed || at < 0 || count < 1 || uint64(count) > uint64(len(entries)-i) {
			return damaged("chunk %d, at %d, of %d samples", number, at, count)
		}
		for range count {
			entries[i].At = at
			at += int64(entries[i].Size)
			i++
		}
	}
	return nil
}
