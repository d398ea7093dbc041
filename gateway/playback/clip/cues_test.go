package clip

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"framegate/gateway/camtest"

	"github.com/Eyevinn/mp4ff/mp4"
)

// TestSubtitlesHaveTheTimeOfDay over runs, holes and a camera that lies about its
// rate: each second has its cue, which begins and ends with it, and pictures are what
// they are without.
func TestSubtitlesHaveTheTimeOfDay(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	v := newVolume()
	end := v.record(t, noon.Add(-300*time.Millisecond), 1, shuffled()[:40]) // to 12:00:03.7
	end = v.record(t, end, 1.25, shuffled()[40:80])                         // to 12:00:06.9
	end = v.record(t, end.Add(time.Hour), 1, shuffled()[80:90])             // 13:00:06.9 to 13:00:07.9
	v.grow(t, end, shuffled()[80:120])                                      // to 13:00:11.9
	c := v.clip(t, Request{From: noon.Add(750 * time.Millisecond), To: noon.Add(time.Hour + 9500*time.Millisecond), Exact: true, Subtitles: zone})
	b := whole(t, c)
	srt := camtest.Output(t, nil, "ffmpeg", "-v", "error", "-i", file(t, b), "-map", "0:s:0", "-f", "srt", "pipe:1")
	style := regexp.MustCompile(`</?font[^>]*>`) // which ffmpeg makes of the sample entry
	var got []string
	for block := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(string(srt), "\r", "")), "\n\n") {
		lines := strings.Split(block, "\n")
		got = append(got, style.ReplaceAllString(strings.Join(lines[1:], " "), ""))
	}
	// It begins with the picture of 12:00:00.7.
	want := []string{
		"00:00:00,000 --> 00:00:00,300 2026-11-20 17:30:00 +05:30",
		"00:00:00,300 --> 00:00:01,300 2026-11-20 17:30:01 +05:30",
		"00:00:01,300 --> 00:00:02,300 2026-11-20 17:30:02 +05:30",
		"00:00:02,300 --> 00:00:03,000 2026-11-20 17:30:03 +05:30",
		"00:00:03,000 --> 00:00:03,300 2026-11-20 17:30:03 +05:30",
		"00:00:03,300 --> 00:00:04,300 2026-11-20 17:30:04 +05:30",
		"00:00:04,300 --> 00:00:05,300 2026-11-20 17:30:05 +05:30",
		"00:00:05,300 --> 00:00:06,200 2026-11-20 17:30:06 +05:30",
		"00:00:06,200 --> 00:00:06,300 2026-11-20 18:30:06 +05:30",
		"00:00:06,300 --> 00:00:07,200 2026-11-20 18:30:07 +05:30",
		"00:00:07,200 --> 00:00:07,300 2026-11-20 18:30:07 +05:30",
		"00:00:07,300 --> 00:00:08,300 2026-11-20 18:30:08 +05:30",
		"00:00:08,300 --> 00:00:08,800 2026-11-20 18:30:09 +05:30",
	}
	if !slices.Equal(got, want) {
		t.Errorf("the subtitles are\n%s\nand not\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	plain := v.clip(t, Request{From: noon.Add(750 * time.Millisecond), To: noon.Add(time.Hour + 9500*time.Millisecond), Exact: true})
	packets := func(b []byte) string {
		return string(camtest.Output(t, nil, "ffprobe", "-v", "error", "-select_streams", "v", "-show_data_hash", "md5", "-show_entries", "packet=pts,dts,duration,flags,data_hash", "-of", "csv=p=0", file(t, b)))
	}
	if with, without := packets(b), packets(whole(t, plain)); with != without || len(with) == 0 {
		t.Errorf("its pictures are\n%s\nand without subtitles\n%s", with, without)
	}
	if c.ETag() == plain.ETag() {
		t.Error("it is not told from the clip without")
	}
	f, err := mp4.DecodeFile(bytes.NewReader(b))
	if err != nil || len(f.Moov.Traks) != 2 {
		t.Fatalf("another reader finds it wrong: %v", err)
	}
}

// TestSubtitlesTakeNoMemory: a clip of a day is planned by rows alone, and all that
// is made of its subtitles is what a segment has.
func TestSubtitlesTakeNoMemory(t *testing.T) {
	t.Parallel()
	v := newVolume()
	v.record(t, noon, 1, plainFrames())
	one := v.rows[0]
	const minutes = 1440
	for n := 1; n < minutes; n++ {
		row := one
		row.ID, row.Start, row.End = int64(n+1), one.Start.Add(time.Duration(n)*time.Minute), one.End.Add(time.Duration(n)*time.Minute)
		v.rows = append(v.rows, row)
	}
	c := v.clip(t, Request{From: noon, To: noon.Add(24 * time.Hour), Subtitles: time.UTC})
	if c.layout.cues.count != minutes*12 || v.opened > 3 {
		t.Errorf("%d cues, and %d files were opened", c.layout.cues.count, v.opened)
	}
	at := c.layout.regions[slices.IndexFunc(c.layout.regions, func(r region) bool { return r.column == cueTexts })].at
	for _, n := range []int{0, 700*12 + 5, minutes*12 - 1} {
		text := make([]byte, cueSize)
		if _, err := c.Seek(at+int64(n*cueSize), io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(c, text); err != nil {
			t.Fatal(err)
		}
		want := noon.Add(time.Duration(n/12)*time.Minute + time.Duration(n%12)*time.Second)
		if got := string(text[2:]); got != want.Format(cueFormat) {
			t.Errorf("cue %d is %s, not %s", n, got, fmt.Sprint(want))
		}
	}
	if cap(c.piece.b) > 1<<16 {
		t.Errorf("%d bytes are held", cap(c.piece.b))
	}
}
