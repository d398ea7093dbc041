package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func logger(j *Journal) *slog.Logger {
	return slog.New(slog.NewTextHandler(j, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// texts gives the attributes of a record as key=value.
func texts(r Record) (all []string) {
	for _, a := range r.Attributes {
		all = append(all, a.Key+"="+a.Value)
	}
	return all
}

func TestWhatIsLoggedIsKeptAndPassedOn(t *testing.T) {
	var out bytes.Buffer
	j := New(&out)
	log := logger(j)
	log.Info("framegate listens", "address", "127.0.0.1:8080", "cameras", 2)
	log.With("camera", "front").WithGroup("run").Warn("source ended", "err", errors.New("said \"no\"\n= 401"), "after", 3*time.Second)
	log.Debug("", "", "", "time", "noon", "level", "high", "msg", "said", "two words", `back\slash`)
	if lines := strings.Count(out.String(), "\n"); lines != 3 || !strings.Contains(out.String(), `msg="framegate listens" address=127.0.0.1:8080`) {
		t.Errorf("passed on: %s", out.String())
	}
	records, last := j.After(0)
	if len(records) != 3 || last != 3 {
		t.Fatalf("%d records, the last is %d", len(records), last)
	}
	for i, want := range []struct {
		level   slog.Level
		message string
		texts   []string
	}{
		{slog.LevelInfo, "framegate listens", []string{"address=127.0.0.1:8080", "cameras=2"}},
		{slog.LevelWarn, "source ended", []string{"camera=front", "run.err=said \"no\"\n= 401", "run.after=3s"}},
		{slog.LevelDebug, "", []string{"=", "time=noon", "level=high", "msg=said", `two words=back\slash`}},
	} {
		r := records[i]
		if r.Number != uint64(i+1) || r.Level != want.level || r.Message != want.message || fmt.Sprint(texts(r)) != fmt.Sprint(want.texts) || time.Since(r.Time).Abs() > time.Hour {
			t.Errorf("%+v, want %+v", r, want)
		}
	}
}

func TestReadersGoOnBehindWhatTheyKnow(t *testing.T) {
	j := New(io.Discard)
	log := logger(j)
	if records, last := j.After(0); records != nil || last != 0 {
		t.Errorf("%v, %d of nothing", records, last)
	}
	for n := range 2 * maxLines {
		log.Info("line", "n", n+1)
	}
	for after, want := range map[uint64][2]uint64{
		0:                {maxLines + 1, maxLines},     // what is gone is gone
		maxLines:         {maxLines + 1, maxLines},     // nothing between is missing
		maxLines + 1:     {maxLines + 2, maxLines - 1}, //
		2*maxLines - 1:   {2 * maxLines, 1},
		2 * maxLines:     {0, 0},
		2*maxLines + 100: {maxLines + 1, maxLines}, // of an earlier process
	} {
		records, last := j.After(after)
		if last != 2*maxLines || uint64(len(records)) != want[1] || len(records) > 0 && (records[0].Number != want[0] || texts(records[0])[0] != fmt.Sprint("n=", want[0])) {
			t.Errorf("behind %d there are %d up to %d", after, len(records), last)
		}
	}
	if len(j.Added()) != 1 {
		t.Error("nobody is told that there is something")
	}
}

func TestLongLinesTakeABoundedPlace(t *testing.T) {
	j := New(io.Discard)
	log := logger(j)
	for range 10 {
		log.Info("handler panicked", "stack", strings.Repeat("goroutine\n", 10_000), "behind", "x")
	}
	for range 3000 {
		log.Info("long", "text", strings.Repeat("ä", maxValue), "behind", "y")
	}
	if j.bytes > maxBytes || len(j.lines) > maxLines || len(j.lines) < 50 {
		t.Errorf("%d lines of %d bytes are kept", len(j.lines), j.bytes)
	}
	records, _ := j.After(0)
	for _, r := range records {
		text := r.Attributes[0].Value
		if len(text) > maxValue+len("…") || !strings.HasSuffix(text, "ä…") || !utf8.ValidString(text) || len(r.Attributes) != 2 {
			t.Fatalf("%d bytes, ending with %q, of %d", len(text), text[len(text)-10:], len(r.Attributes))
		}
	}
}

// A line that ends anywhere, and one of somebody else, say what they can.
func TestLinesThatAreNoneAreMessages(t *testing.T) {
	whole := `time=2026-11-20T14:05:10.000Z level=WARN msg="two words" err="a \"b\" ü\u00ff" camera=front`
	for n := range len(whole) {
		r := read([]byte(whole[:n]))
		if n > 70 && (r.Message != "two words" || r.Level != slog.LevelWarn || r.Time.Year() != 2026) {
			t.Errorf("%s is %+v", whole[:n], r)
		}
	}
	if got := texts(read([]byte(whole[:strings.Index(whole, `b\"`)+2]))); len(got) != 1 || got[0] != `err=a "b…` {
		t.Errorf("%q of a line that was cut in an escape", got)
	}
	if got := texts(read([]byte(whole[:len(whole)-2]))); len(got) != 2 || got[1] != "camera=fro…" {
		t.Errorf("%q of a line that was cut in a value", got)
	}
	for text, message := range map[string]string{
		"panic: nil map\n": "panic: nil map", "\n": "", "time=\"x\n": `time="x`, "=\n": "",
		"level=INFO msg=x and more\n": "x and more",
	} {
		if r := read([]byte(text)); r.Message != message {
			t.Errorf("%q is %+v", text, r)
		}
	}
}

func TestManyLogAtOnce(t *testing.T) {
	j := New(io.Discard)
	log := logger(j)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				log.Info("line")
				j.After(1)
			}
		})
	}
	all.Wait()
	if records, last := j.After(0); last != 1600 || len(records) != maxLines || records[maxLines-1].Number != last {
		t.Errorf("%d records up to %d", len(records), last)
	}
}

// FuzzRead: whatever is logged is read as it was, and whatever else stands in a line
// does no harm.
func FuzzRead(f *testing.F) {
	f.Add("message", "key", "value")
	f.Add("", "a=b", "c d \"\n\x00\xff")
	f.Fuzz(func(t *testing.T, message, key, value string) {
		read([]byte(message))
		read([]byte(message + "=" + value + "\n"))
		if !utf8.ValidString(message + key + value) {
			return // which slog writes as what stands for it
		}
		j := New(io.Discard)
		logger(j).Info(message, key, value)
		records, _ := j.After(0)
		r := records[0]
		if len(message) > 1000 || len(key) > 1000 || len(value) > 1000 {
			return // which may be cut
		}
		switch {
		case message == "" && (key == slog.MessageKey || key == slog.LevelKey): // which nobody logs
		case r.Message != message || r.Level != slog.LevelInfo || len(r.Attributes) != 1 || r.Attributes[0] != (Attribute{key, value}):
			t.Errorf("%q %q=%q is %+v", message, key, value, r)
		}
	})
}

// What a line costs besides being written.
func BenchmarkKeep(b *testing.B) {
	for name, to := range map[string]io.Writer{"kept": New(io.Discard), "written alone": io.Discard} {
		b.Run(name, func(b *testing.B) {
			log := slog.New(slog.NewTextHandler(to, nil)).With("camera", "front")
			b.ReportAllocs()
			for b.Loop() {
				log.Info("source ended", "stream", "front", "err", "no route to host")
			}
		})
	}
}
