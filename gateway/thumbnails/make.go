package thumbnails

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
	"framegate/gateway/record/thumbs"
	"framegate/transcode"
)

const (
	maxKeyframe = 32 << 20 // bytes
	maxHeight   = 4 * Width
	quality     = 60
)

// encode makes small JPEGs of so many keyframes of a format, which read gives in
// their order. Those that cannot be decoded are nil. Where nobody waits for them other
// work goes first.
type encode func(ctx context.Context, format *media.Format, waited bool, count int, read func(int) ([]byte, error)) ([][]byte, error)

// moments gives those of the grid that a recording has. One just behind a finished
// one is its own as well, where nothing else has it.
func moments(s index.Segment) (all []time.Time) {
	t := s.Start.UTC().Truncate(Grid)
	if t.Before(s.Start) {
		t = t.Add(Grid)
	}
	end := s.End
	if s.ID != 0 {
		end = end.Add(index.Joint)
	}
	for ; t.Before(end) && len(all) < maxMoments; t = t.Add(Grid) {
		all = append(all, t)
	}
	return all
}

// maxMoments is how many thumbnails are made of one recording.
const maxMoments = 200

// picturesOf makes the thumbnails of a recording, for which somebody may wait.
func (m *Maker) picturesOf(ctx context.Context, s index.Segment, waited bool) ([]thumbs.Picture, error) {
	file, size, err := m.options.Open(s)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	opened, err := segment.Open(file, size)
	if err != nil {
		return nil, err
	}
	track := slices.IndexFunc(opened.Formats, func(f *media.Format) bool { return f != nil && f.Codec.Kind() == media.Video })
	if track < 0 || len(opened.Table.Entries) <= track {
		return nil, segment.ErrNothing
	}
	at := moments(s)
	keys, shows := choose(s, opened.Table.Entries[track], opened.Table.Timescale, at)
	read := func(i int) ([]byte, error) {
		if keys[i].Size > maxKeyframe {
			return nil, fmt.Errorf("%s: %w: a picture of %d bytes", s.Path, segment.ErrDamaged, keys[i].Size)
		}
		b := make([]byte, keys[i].Size)
		_, err := file.ReadAt(b, keys[i].At)
		return b, err
	}
	small, err := m.encode(ctx, opened.Formats[track], waited, len(keys), read)
	if err != nil {
		return nil, err
	}
	var pictures []thumbs.Picture
	for i, moment := range at {
		if n := shows[i]; n >= 0 && small[n] != nil {
			pictures = append(pictures, thumbs.Picture{Sequence: s.Sequence, Moment: moment, Data: small[n]})
		}
	}
	return pictures, nil
}

// choose gives the keyframes that show moments, each once, and which of them shows
// which moment: the last one before it, or else the first there is; -1 for none.
func choose(s index.Segment, entries []segment.Entry, timescale uint32, at []time.Time) (keys []segment.Entry, shows []int) {
	shown := func(e segment.Entry) time.Time {
		seconds := float64(e.Decode+int64(e.Offset)-int64(entries[0].Offset)) / float64(max(timescale, 1))
		if s.ID == 0 { // its timescale does not say at what rate it plays
			seconds /= cmp.Or(s.Rate, 1)
		}
		return s.Start.Add(time.Duration(seconds * float64(time.Second)))
	}
	all := slices.DeleteFunc(slices.Clone(entries), func(e segment.Entry) bool { return !e.Key })
	next := 0
	for _, moment := range at {
		for next+1 < len(all) && !shown(all[next+1]).After(moment) {
			next++
		}
		if len(all) > 0 && (len(keys) == 0 || keys[len(keys)-1] != all[next]) {
			keys = append(keys, all[next])
		}
		shows = append(shows, len(keys)-1)
	}
	return keys, shows
}

// ffmpeg encodes with the program of that name.
type ffmpeg struct{ program string }

// encode is of type encode.
func (f ffmpeg) encode(ctx context.Context, format *media.Format, waited bool, count int, read func(int) ([]byte, error)) ([][]byte, error) {
	spec := transcode.Spec{
		FFmpeg: f.program, Config: format.Config, InWidth: format.Width, InHeight: format.Height,
		Out: transcode.JPEG, Width: Width, Height: heightOf(format), Quality: quality, Background: !waited,
	}
	switch format.Codec {
	case media.H264:
		spec.In = transcode.H264
	case media.H265:
		spec.In = transcode.H265
	case media.JPEG:
		spec.In = transcode.JPEG
	default:
		return nil, fmt.Errorf("no thumbnails are made of %v", format.Codec)
	}
	process, err := transcode.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	defer process.Close()
	written := make(chan error, 1)
	go func() { written <- writeAll(process, count, read) }() // ends with the process, for which Close waits
	small, err := readAll(process, count)
	process.Close()
	if failed := <-written; failed != nil && (err != nil || !slices.ContainsFunc(small, func(b []byte) bool { return b != nil })) {
		return nil, failed
	}
	return small, errors.Join(err, context.Cause(ctx))
}

// writeAll gives ffmpeg all keyframes, a second apart.
func writeAll(p *transcode.Process, count int, read func(int) ([]byte, error)) error {
	defer p.CloseWrite()
	for i := range count {
		data, err := read(i)
		if err != nil {
			return err
		}
		if err := p.Write(transcode.Packet{PTS: time.Duration(i) * time.Second, Key: true, Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// readAll takes what ffmpeg makes of them.
func readAll(p *transcode.Process, count int) ([][]byte, error) {
	small := make([][]byte, count)
	for {
		packet, err := p.Read()
		if errors.Is(err, io.EOF) {
			return small, nil
		}
		if err != nil {
			return small, err
		}
		if n := int(packet.PTS.Round(time.Second) / time.Second); n >= 0 && n < count {
			small[n] = slices.Clone(packet.Data)
		}
	}
}

// heightOf gives the height of thumbnails of a format, an even one.
func heightOf(f *media.Format) int {
	if f.Width <= 0 || f.Height <= 0 {
		return Width * 9 / 16 &^ 1
	}
	return min(max((Width*f.Height/f.Width+1)&^1, 2), maxHeight)
}
