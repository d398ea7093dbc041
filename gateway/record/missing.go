package record

import (
	"context"
	"time"

	"framegate/gateway/record/index"
)

// Why something that should have been recorded was not, where no disk is at fault.
const (
	reasonAway      = "the camera was away"
	reasonSilent    = "the camera sent nothing"
	reasonNoPicture = "no picture came"
	reasonNotRun    = "framegate did not run"
)

// notePause is the time after which a gap that goes on is entered again as far as it
// is now, so that why is known also where the process dies in it.
const notePause = time.Minute

// Missing gives the gap of a camera that goes on: since when, until now, nothing is
// recorded of it that should be, and why. Once pictures are on the disk again it is
// one of the index; those that memory holds for the disk may fill it. ok is false
// where there is none, and while one may be only the time between two pictures.
func (r *Recorders) Missing(camera string) (g index.Gap, ok bool) {
	r.mu.Lock()
	rec := r.recorders[camera]
	r.mu.Unlock()
	if rec == nil {
		return g, false
	}
	rec.mu.Lock()
	defer rec.mu.Unlock()
	g = index.Gap{Camera: camera, From: rec.end, To: time.Now(), Reason: rec.why}
	if rec.status.State.troubled() {
		g.Reason = rec.trouble.String()
	}
	well := rec.open != nil && rec.status.State == Recording
	return g, !well && !g.From.IsZero() && g.To.Sub(g.From) > quiet
}

// ended says when what is on the disk ends, and why nothing follows, if nothing does.
func (r *recorder) ended(at time.Time, why string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end, r.why = at, why
}

// away says that the camera gives nothing, where nothing worse is so: a trouble of
// before is over where no file is open and the volume is there.
func (r *recorder) away(ctx context.Context, why string) {
	r.mu.Lock()
	troubled := r.status.State.troubled()
	missing := reasonAway
	if r.camera.Mode == ModePictures {
		missing = reasonNoPicture
	}
	r.mu.Unlock()
	if !troubled || r.file == nil && r.all.Index() != nil {
		r.set(Waiting, why)
		r.overdue(ctx, missing)
	}
}

// overdue has known for missing, for this reason, what has not come since recording
// was to begin, and enters a gap that goes on as far as it is.
func (r *recorder) overdue(ctx context.Context, why string) {
	now := time.Now()
	if now.Sub(r.since) <= quiet || now.Sub(r.noted) < notePause {
		return
	}
	v, _ := r.all.use()
	if v == nil {
		return
	}
	defer v.users.Done()
	if v.judge(r.timed(func() error { return r.recall(ctx, v) })) != nil {
		return // it is asked again before the first file
	}
	r.divide(ctx, v, now, why)
	if g, ok := r.all.Missing(r.id); ok && r.enterGap(ctx, v, g) {
		r.noted = now
	}
}

// divide tells what is missing for this reason, from when recording was to begin until
// a moment, from what is missing for another before.
func (r *recorder) divide(ctx context.Context, v *volume, until time.Time, why string) {
	since := until.Add(-until.Sub(r.since)) // by the clock as it is now
	switch {
	case until.Sub(since) <= quiet:
	case r.end.IsZero():
		r.ended(since, why)
	case r.why == reasonNotRun:
		r.missed(ctx, v, index.Gap{Camera: r.id, From: r.end, To: since, Reason: r.why})
		r.ended(since, why)
	}
}

// resume enters why nothing was recorded before a moment from which on something is,
// which is this where recording has been wanted and nothing came yet.
func (r *recorder) resume(ctx context.Context, v *volume, at time.Time, why string) {
	r.divide(ctx, v, at, why)
	if !r.end.IsZero() {
		r.missed(ctx, v, index.Gap{Camera: r.id, From: r.end, To: at, Reason: r.why})
	}
	r.noted = time.Time{}
}

// leave ends the run with its file, and enters what has been missing since: who
// records next does not know.
func (r *recorder) leave(ctx context.Context) {
	if r.begun {
		_ = r.cut(ctx, 0) // it says so itself
	}
	r.begun, r.pending, r.noted = false, "", time.Time{}
	defer func() { r.counted = false }()
	if g, ok := r.all.Missing(r.id); ok {
		if v, _ := r.all.use(); v != nil {
			ctx, cancel := lastly(ctx)
			defer cancel()
			r.missed(ctx, v, g)
			v.users.Done()
		}
	}
	r.ended(time.Time{}, "")
}

// lossReason says why the ring lost frames.
func (r *recorder) lossReason() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.trouble.troubled() {
		return r.trouble.String()
	}
	return Slow.String()
}

// lost counts the frames between two that the recorder got.
func (r *recorder) lost(frames uint64) {
	r.count(func(s *Status) { s.Lost += frames - min(r.foreseen, frames) })
	r.foreseen = 0
}

// overtaken counts what memory has let go of while the disk takes nothing, as soon as
// that is so, and has the index know the gap as far as it is certain: who waits for
// the disk for hours is not to say meanwhile that nothing is lost.
func (r *recorder) overtaken(ctx context.Context, v *volume) {
	r.mu.Lock()
	reader := r.reader
	r.mu.Unlock()
	if reader == nil {
		return
	}
	frames, until := reader.Overtaken()
	g := index.Gap{Camera: r.id, From: r.last.Arrived, To: until, Reason: r.lossReason()}
	if frames == 0 || until.Sub(g.From) <= index.Joint {
		return
	}
	first := !r.counted
	r.count(func(s *Status) {
		s.Lost += frames - min(r.foreseen, frames)
		s.LastGap = &Gap{g.From, g.To, g.Reason}
		if first {
			s.Gaps++
		}
	})
	r.foreseen, r.counted = max(frames, r.foreseen), true
	if first {
		r.all.log.Warn("what comes is not recorded: memory is full", "camera", r.id, "reason", g.Reason)
		r.all.options.Changed()
	}
	if now := time.Now(); now.Sub(r.noted) >= notePause {
		r.noted = now
		_ = v.judge(r.timed(func() error { return v.index.AddGap(ctx, g) })) // for which a full disk may have no room
	}
}

// missed enters a gap that is over, and tells of it.
func (r *recorder) missed(ctx context.Context, v *volume, g index.Gap) {
	if g.To.Sub(g.From) <= index.Joint {
		return
	}
	r.all.log.Warn("a stretch was not recorded", "camera", r.id, "from", g.From.UTC(), "to", g.To.UTC(), "reason", g.Reason)
	r.enterGap(ctx, v, g)
	r.count(func(s *Status) {
		if s.LastGap = &(Gap{g.From, g.To, g.Reason}); !r.counted {
			s.Gaps++
		}
	})
	r.counted = false
	r.all.inform(News{Missed, r.id, g.From, g.To, g.Reason})
	r.all.options.Changed()
}

// enterGap has the index know a gap, and says whether it does.
func (r *recorder) enterGap(ctx context.Context, v *volume, g index.Gap) bool {
	err := v.judge(r.timed(func() error { return v.index.AddGap(ctx, g) }))
	if err != nil {
		r.all.log.Warn("a gap is not in the index", "camera", r.id, "err", err)
	}
	return err == nil
}
