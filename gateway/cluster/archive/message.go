package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"framegate/gateway/media"
	"framegate/gateway/playback/clip"
	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// What an answer may have at most.
const (
	maxAnswer   = 16 << 20 // bytes
	maxCameras  = 10000
	maxTracks   = 2
	maxEntries  = 1 << 17                      // of a track
	maxParts    = maxTracks*maxEntries + 1<<10 // objects and lists, of which some bytes may become hundreds
	maxSample   = 64 << 20
	maxText     = 256 // bytes of a name or a reason
	maxDayTexts = 4000
	// numberBits are those of an ID that are the node's own: all together are whole
	// numbers that JavaScript has.
	numberBits = 33
)

// growing is a Growing on its way.
type growing struct {
	Segment   index.Segment
	Format    index.Format
	Sound     *index.Format
	Timescale uint32
	Entries   [][][6]int64 // at, decode, size, duration, offset, key
}

func growingOf(g Growing) growing {
	m := growing{Segment: g.Segment, Format: formatOf(g.Format), Timescale: g.Table.Timescale}
	if g.Sound != nil {
		sound := formatOf(g.Sound)
		m.Sound = &sound
	}
	for _, track := range g.Table.Entries {
		entries := make([][6]int64, len(track))
		for i, e := range track {
			entries[i] = [6]int64{e.At, e.Decode, int64(e.Size), int64(e.Duration), int64(e.Offset)}
			if e.Key {
				entries[i][5] = 1
			}
		}
		m.Entries = append(m.Entries, entries)
	}
	return m
}

func formatOf(f *media.Format) index.Format {
	return index.Format{Codec: f.Codec.String(), Width: f.Width, Height: f.Height, Config: f.Config}
}

// growing reads one, of a camera.
func (m growing) growing(camera string) (g Growing, err error) {
	m.Segment.ID = 0
	if err := checkRow(m.Segment, camera); err != nil {
		return g, err
	}
	g = Growing{Segment: m.Segment, Table: segment.Table{Timescale: m.Timescale}}
	if g.Format, err = clip.FormatOf(m.Format); err != nil {
		return g, fmt.Errorf("%w: %w", ErrNonsense, err)
	}
	if m.Sound != nil {
		if g.Sound, err = media.AACFormat(m.Sound.Config); err != nil || m.Sound.Codec != media.AAC.String() {
			return g, fmt.Errorf("%w: sound of %.20q: %w", ErrNonsense, m.Sound.Codec, err)
		}
	}
	if m.Timescale == 0 || len(m.Entries) == 0 || len(m.Entries) > maxTracks || (len(m.Entries) > 1) != (g.Sound != nil) || len(m.Entries[0]) == 0 {
		return g, fmt.Errorf("%w: a recording of %d tracks", ErrNonsense, len(m.Entries))
	}
	for _, track := range m.Entries {
		entries, err := entriesOf(track)
		if err != nil {
			return g, err
		}
		g.Table.Entries = append(g.Table.Entries, entries)
	}
	return g, nil
}

func entriesOf(track [][6]int64) ([]segment.Entry, error) {
	if len(track) > maxEntries {
		return nil, fmt.Errorf("%w: a track of %d frames", ErrNonsense, len(track))
	}
	entries, before := make([]segment.Entry, len(track)), int64(0)
	for i, e := range track {
		if e[0] < 0 || e[1] < before || e[1] > 1<<50 || e[2] < 0 || e[2] > maxSample || e[3] < 0 || e[3] > math.MaxUint32 || e[4] < math.MinInt32 || e[4] > math.MaxInt32 {
			return nil, fmt.Errorf("%w: frame %d of a track is %d", ErrNonsense, i, e)
		}
		before = e[1]
		entries[i] = segment.Entry{At: e[0], Decode: e[1], Size: uint32(e[2]), Duration: uint32(e[3]), Offset: int32(e[4]), Key: e[5] != 0}
	}
	return entries, nil
}

// read reads an answer, of which no more may come than its bytes are for.
func read(b []byte, into any) error {
	if parts := bytes.Count(b, []byte("{")) + bytes.Count(b, []byte("[")); parts > maxParts {
		return fmt.Errorf("%w: %d objects and lists", ErrNonsense, parts)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: %w", ErrNonsense, err)
	}
	return nil
}

// checkRow refuses what cannot be a row of a camera.
func checkRow(s index.Segment, camera string) error {
	if err := s.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrNonsense, err)
	}
	if s.Camera != camera || !strings.HasPrefix(s.Path, camera+"/") || s.Lost || s.Rate == 0 || beyond(s.End) || !isID(s.ID) || !isID(s.Format) || !isID(max(s.Sound, 0)) {
		return fmt.Errorf("%w: a row of camera %.64q, %.64q", ErrNonsense, s.Camera, s.Path)
	}
	return nil
}

// isID says of a number that it may be an ID of a node.
func isID(n int64) bool { return n >= 0 && n < 1<<numberBits }

// checkRows refuses what cannot be rows of a camera that have to do with a stretch of
// time, by their start.
func checkRows(rows []index.Segment, camera string, from, to time.Time, limit int) error {
	if len(rows) > limit {
		return fmt.Errorf("%w: %d rows, where %d were asked for", ErrNonsense, len(rows), limit)
	}
	seen := make(map[int64]bool, len(rows))
	for i, s := range rows {
		if err := checkRow(s, camera); err != nil {
			return err
		}
		if s.ID == 0 || seen[s.ID] || i > 0 && s.Start.Before(rows[i-1].Start) || !overlaps(index.Span{From: s.Start, To: s.End}, from, to) {
			return fmt.Errorf("%w: a row at %v, of what was asked from %v to %v", ErrNonsense, s.Start, from, to)
		}
		seen[s.ID] = true
	}
	return nil
}

// overlaps says whether a span has anything of a stretch of time, whose ends may be
// zero.
func overlaps(s index.Span, from, to time.Time) bool {
	return s.To.After(from) && (to.IsZero() || s.From.Before(to))
}

func checkHours(hours []index.Hour, from, to time.Time) error {
	if len(hours) > index.MaxRows {
		return fmt.Errorf("%w: %d hours", ErrNonsense, len(hours))
	}
	for i, h := range hours {
		least := min(h.Ticks, h.Bytes, int64(h.Segments), int64(h.Frames), int64(h.Keys), int64(h.Durations), int64(h.Offsets), int64(h.Plain), int64(h.Fragments), int64(h.Sounds), int64(h.Odd))
		if least < 0 || h.Sound < index.Unheard || !isID(h.Format) || !isID(max(h.Sound, 0)) || h.Start.Before(from) || h.Start.Add(time.Hour).After(to) ||
			!h.Start.Equal(h.Start.Truncate(time.Hour)) || i > 0 && h.Start.Before(hours[i-1].Start) {
			return fmt.Errorf("%w: an hour at %v", ErrNonsense, h.Start)
		}
	}
	return nil
}

// beyond says of a time that it cannot be told on: it is in the year 10000 or later, by
// UTC, though not where it is said to be of (RFC 3339).
func beyond(t time.Time) bool { return t.UTC().Year() > 9999 }

func checkSpans(spans []index.Span, most int, from, to time.Time) error {
	if len(spans) > most {
		return fmt.Errorf("%w: %d spans", ErrNonsense, len(spans))
	}
	for i, s := range spans {
		if !s.From.Before(s.To) || s.From.Before(time.Unix(0, 0)) || beyond(s.To) || !overlaps(s, from, to) || i > 0 && s.From.Before(spans[i-1].To) {
			return fmt.Errorf("%w: a span from %v to %v", ErrNonsense, s.From, s.To)
		}
	}
	return nil
}

func checkGaps(gaps []index.Gap, from, to time.Time) error {
	spans := make([]index.Span, len(gaps))
	for i, g := range gaps {
		if spans[i] = (index.Span{From: g.From, To: g.To}); !isText(g.Reason) {
			return fmt.Errorf("%w: the reason of a gap", ErrNonsense)
		}
	}
	return checkSpans(spans, index.MaxRows, from, to)
}

func isText(text string) bool { return text != "" && len(text) <= maxText && utf8.ValidString(text) }

var markKind = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// checkTimeline refuses what cannot be a timeline of this stretch and resolution.
func checkTimeline(t index.Timeline, from, to time.Time, resolution time.Duration) error {
	within := func(s index.Span) bool { return !s.From.Before(t.From) && !s.To.After(t.To) }
	if !t.From.Equal(from.Truncate(time.Microsecond)) || !t.To.Equal(to.Truncate(time.Microsecond)) || t.Resolution < resolution.Truncate(time.Microsecond) || len(t.Flags) > index.MaxStretches {
		return fmt.Errorf("%w: a timeline from %v to %v", ErrNonsense, t.From, t.To)
	}
	if err := checkSpans(t.Spans, index.MaxStretches+1, from, to); err != nil {
		return err
	}
	if err := checkGaps(t.Gaps, from, to); err != nil {
		return err
	}
	for _, s := range t.Spans {
		if !within(s) {
			return fmt.Errorf("%w: a span from %v to %v", ErrNonsense, s.From, s.To)
		}
	}
	for _, f := range t.Flags {
		if !isID(f.ID) || f.Count < 1 || !markKind.MatchString(f.Kind) || f.From.Before(time.Unix(0, 0)) || beyond(f.From) || beyond(f.To) || !f.To.IsZero() && f.To.Before(f.From) {
			return fmt.Errorf("%w: a mark at %v", ErrNonsense, f.From)
		}
	}
	return nil
}

func checkDays(days []string) error {
	for i, day := range days {
		if _, err := time.Parse(time.DateOnly, day); err != nil || len(days) > maxDayTexts || i > 0 && day <= days[i-1] {
			return fmt.Errorf("%w: day %.20q", ErrNonsense, day)
		}
	}
	return nil
}

func checkExtents(extents map[string]index.Span) error {
	if len(extents) > maxCameras {
		return fmt.Errorf("%w: %d cameras", ErrNonsense, len(extents))
	}
	for camera, s := range extents {
		if !isText(camera) || checkSpans([]index.Span{s}, 1, time.Time{}, time.Time{}) != nil {
			return fmt.Errorf("%w: camera %.64q from %v to %v", ErrNonsense, camera, s.From, s.To)
		}
	}
	return nil
}

var epochInName = regexp.MustCompile(`-e([0-9]{1,13})\.[a-z0-9]+$`)

// epochOf gives the epoch with which a node owned the camera when it began a file, by
// its name; 0 where it does not say.
func epochOf(s index.Segment) uint64 {
	m := epochInName.FindStringSubmatch(s.Path)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseUint(m[1], 10, 64) // which are digits
	return n
}
