package stream_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"framegate/gateway/media"
	"framegate/gateway/stream"
)

// paced gives pictures after pauses, and then nothing until it is ended.
type paced []time.Duration

func (p paced) Run(ctx context.Context, emit func(media.Frame)) error {
	for _, pause := range p {
		select {
		case <-time.After(pause):
			emit(picture("1"))
		case <-ctx.Done():
			return nil
		}
	}
	<-ctx.Done()
	return nil
}

// TestSilentRunsEnd when they have been silent for longer than a slow source is,
// with words.
func TestSilentRunsEnd(t *testing.T) {
	every := func(pause time.Duration, n int) (p paced) {
		for range n {
			p = append(p, pause)
		}
		return p
	}
	for name, row := range map[string]struct {
		source paced
		ends   time.Duration
		says   string
	}{
		"nothing ever comes":          {nil, 30 * time.Second, "no picture for 30s"},
		"it stops after many":         {every(40*time.Millisecond, 100), 4*time.Second + 5*time.Second, "no picture for 5s"},
		"it stops, and was slow":      {every(2*time.Second, 10), 20*time.Second + 20*time.Second, "no picture for 20s"},
		"it pauses, but not for long": {append(every(time.Second, 3), 9*time.Second, time.Second), 13*time.Second + 18750*time.Millisecond, "no picture for 19s"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := stream.EndSilent(row.source, 5*time.Second).Run(t.Context(), func(media.Frame) {})
				if took := time.Since(began); took != row.ends || err == nil || !strings.Contains(err.Error(), row.says) {
					t.Errorf("it ends after %v with %v, want %v and %q", took, err, row.ends, row.says)
				}
			})
		})
	}
}

// TestSoundIsNoPicture: a run whose pictures stop ends, whatever is heard.
func TestSoundIsNoPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := stream.EndSilent(heard{}, 5*time.Second).Run(t.Context(), func(media.Frame) {})
		if took := time.Since(began); took > 40*time.Second || err == nil {
			t.Errorf("it ends after %v with %v", took, err)
		}
	})
}

// heard gives a picture, and then sound for ever.
type heard struct{}

func (heard) Run(ctx context.Context, emit func(media.Frame)) error {
	emit(picture("1"))
	for at := time.Duration(0); ; at += 20 * ms {
		select {
		case <-time.After(20 * ms):
			emit(tone(at))
		case <-ctx.Done():
			return nil
		}
	}
}

// TestSlowSourceIsLearned: one with a picture every 12 s has its second in time
// after a run or two.
func TestSlowSourceIsLearned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(paced, 10)
		for n := range slow {
			slow[n] = 12 * time.Second
		}
		s := stream.EndSilent(slow, 5*time.Second)
		for run, want := range []int{1, 1, 10} {
			pictures := 0
			if err := s.Run(t.Context(), func(media.Frame) { pictures++ }); err == nil || pictures != want {
				t.Errorf("run %d gives %d pictures and %v", run, pictures, err)
			}
		}
	})
}

// TestEndOfASourceIsItsOwn: what ends without being silent says what it says.
func TestEndOfASourceIsItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := stream.EndSilent(paced{time.Millisecond}, 5*time.Second).Run(ctx, func(media.Frame) {}); err != nil {
			t.Error(err)
		}
	})
}

// TestUnevenSourceIsLearned: one that holds a picture for longer than its pace
// tells gets past it in its next run.
func TestUnevenSourceIsLearned(t *testing.T) {
	for name, source := range map[string]paced{
		"a still":           {time.Second / 25, time.Second / 25, time.Second / 25, 9 * time.Second, time.Second / 25},
		"pictures in pairs": {6 * time.Second, time.Millisecond, 6 * time.Second, time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := stream.EndSilent(source, 5*time.Second)
				pictures := 0
				for range 2 {
					pictures = 0
					if err := s.Run(t.Context(), func(media.Frame) { pictures++ }); err == nil {
						t.Error("a run that ended in silence gives no error")
					}
				}
				if pictures != len(source) {
					t.Errorf("the second run gives %d pictures, want %d", pictures, len(source))
				}
			})
		})
	}
}
