package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"framegate/gateway/record/index"
)

// Marks are those of recordings; the methods are those of index.Index.
type Marks interface {
	AddMark(ctx context.Context, m index.Mark) (id int64, err error)
	Mark(ctx context.Context, id int64) (index.Mark, error)
	UpdateMark(ctx context.Context, m index.Mark) error
	DeleteMark(ctx context.Context, id int64) error
	Marks(ctx context.Context, f index.MarkFilter) ([]index.Mark, error)
	Protects(ctx context.Context, m index.Mark) (time.Duration, error)
}

// errMarkAway: a node is away that is to protect what a mark reaches, or does.
var errMarkAway = fmt.Errorf("%w: it may have recordings that the mark protects, so change that when it is there", ErrAway)

const (
	maxMark  = 64 << 10 // bytes of one on its way
	allMarks = 1000     // that begin at one moment and are looked through for a copy
)

// key is by which copies of a mark at several nodes are known to be of one.
type key struct {
	camera, kind, by, owner string
	start, created          int64
}

func keyOf(m index.Mark) key {
	return key{m.Camera, m.Kind, m.By, m.Owner, m.Start.UnixMicro(), m.Created.UnixMicro()}
}

// markQuestion is what a node asks of marks, or has changed of its copy of one.
type markQuestion struct {
	What   string // list, get, protects, add, update or delete
	ID     int64
	Mark   index.Mark // that is meant, as it was
	New    index.Mark // what it becomes
	Filter index.MarkFilter
}

// markAnswer is the answer.
type markAnswer struct {
	Marks    []index.Mark
	Protects time.Duration
}

// copyOf finds the copy of a mark that a node has; index.ErrUnknown where it has none.
func copyOf(ctx context.Context, x Marks, m index.Mark) (index.Mark, error) {
	all, err := x.Marks(ctx, index.MarkFilter{Cameras: []string{m.Camera}, Kind: m.Kind, From: m.Start, To: m.Start.Add(time.Microsecond), Limit: allMarks})
	for _, c := range all {
		if keyOf(c) == keyOf(m) {
			return c, nil
		}
	}
	if err == nil {
		err = index.ErrUnknown
	}
	return index.Mark{}, err
}

// change does with a node's copy of a mark what is asked.
func change(ctx context.Context, x Marks, q markQuestion) error {
	if q.What == "add" {
		_, err := x.AddMark(ctx, q.New)
		return err
	}
	c, err := copyOf(ctx, x, q.Mark)
	if errors.Is(err, index.ErrUnknown) {
		if q.What == "delete" {
			return nil
		}
		_, err = x.AddMark(ctx, q.New) // which it never had, as one that was away
		return err
	}
	if err != nil {
		return err
	}
	if q.What == "delete" {
		return x.DeleteMark(ctx, c.ID)
	}
	q.New.ID = c.ID
	return x.UpdateMark(ctx, q.New)
}

// marks answers what is asked of marks.
func (d *Door) marks(w http.ResponseWriter, r *http.Request) error {
	b, err := io.ReadAll(io.LimitReader(r.Body, maxMark+1))
	var q markQuestion
	if err != nil || len(b) > maxMark || read(b, &q) != nil {
		return ErrNonsense
	}
	q.Mark.Data, q.New.Data = dataOf(q.Mark.Data), dataOf(q.New.Data)
	ctx, cancel := context.WithTimeout(r.Context(), answerIn)
	defer cancel()
	var answer markAnswer
	switch q.What {
	case "list":
		answer.Marks, err = d.local.Marks(ctx, q.Filter)
	case "get":
		answer.Marks = make([]index.Mark, 1)
		answer.Marks[0], err = d.local.Mark(ctx, q.ID)
	case "protects":
		answer.Protects, err = d.local.Protects(ctx, q.Mark)
	case "add", "update", "delete":
		err = change(ctx, d.local, q)
	default:
		err = ErrNonsense
	}
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(answer)
}

// dataOf gives the data of a mark as it was before it was on its way.
func dataOf(b json.RawMessage) json.RawMessage {
	if bytes.Equal(b, []byte("null")) {
		return nil
	}
	return b
}

// ask asks a node of marks.
func (r *Remote) ask(ctx context.Context, q markQuestion) (answer markAnswer, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	body, err := json.Marshal(q)
	if err != nil {
		return answer, err
	}
	b, _, err := r.say(ctx, http.MethodPost, "marks", question{}, body, maxAnswer, "")
	if err != nil {
		return answer, err
	}
	if err = read(b, &answer); err == nil {
		err = checkMarks(answer, q)
	}
	if err != nil {
		r.failed(err)
		return markAnswer{}, err
	}
	return answer, nil
}

// checkMarks refuses what cannot be an answer.
func checkMarks(answer markAnswer, q markQuestion) error {
	most := 0
	switch q.What {
	case "list":
		most = q.Filter.Limit
	case "get":
		most = 1
	}
	if len(answer.Marks) > most || answer.Protects < 0 {
		return fmt.Errorf("%w: %d marks", ErrNonsense, len(answer.Marks))
	}
	for i := range answer.Marks {
		m := &answer.Marks[i]
		m.Data = dataOf(m.Data)
		if m.Check() != nil || m.ID < 1 || !isID(m.ID) || m.Created.Year() > 9999 || q.What == "list" && !slices.Contains(q.Filter.Cameras, m.Camera) ||
			i > 0 && m.Start.After(answer.Marks[i-1].Start) {
			return fmt.Errorf("%w: a mark of camera %.64q at %v", ErrNonsense, m.Camera, m.Start)
		}
	}
	return nil
}

// absentMark says whether a node is away that may have what a mark reaches.
func (a *All) absentMark(marks ...index.Mark) error {
	for _, m := range marks {
		to := time.Time{}
		if !m.End.IsZero() {
			to = m.End.Add(m.After)
		}
		for _, x := range a.Absent(m.Camera, m.Start.Add(-m.Before), to) {
			if m.Keep && x.Node != a.options.Self {
				return fmt.Errorf("%w (node %s)", errMarkAway, x.Node)
			}
		}
	}
	return nil
}

// everywhere has all nodes that live change their copy of a mark. Nodes without
// recordings keep none. Of what is not to be protected a node that fails misses the
// change.
func (a *All) everywhere(ctx context.Context, q markQuestion, keep bool) (failed error) {
	for _, p := range a.asked() {
		if _, err := p.remote.ask(ctx, q); err != nil && answered(err) != nil && keep {
			failed = errors.Join(failed, fmt.Errorf("%w (node %s): %w", errMarkAway, p.name, err))
		}
	}
	return failed
}

// AddMark is as Marks has it: each node has a copy, and so protects what it has.
func (a *All) AddMark(ctx context.Context, m index.Mark) (int64, error) {
	if err := a.absentMark(m); err != nil {
		return 0, err
	}
	m.Created = m.Created.Truncate(time.Microsecond)
	id, err := a.options.Local.AddMark(ctx, m)
	if err != nil && !errors.Is(err, a.options.Empty) {
		return 0, err
	}
	if err := a.everywhere(ctx, markQuestion{What: "add", New: m}, m.Keep); err != nil {
		_ = a.everywhere(ctx, markQuestion{What: "delete", Mark: m}, false) // as far as that goes
		if id != 0 {
			err = errors.Join(err, a.options.Local.DeleteMark(ctx, id))
		}
		return 0, err
	}
	if id != 0 {
		return id, nil
	}
	m, err = a.found(ctx, m)
	return m.ID, err
}

// found finds a mark at any other node.
func (a *All) found(ctx context.Context, m index.Mark) (index.Mark, error) {
	all, err := a.Marks(ctx, index.MarkFilter{Cameras: []string{m.Camera}, Kind: m.Kind, From: m.Start, To: m.Start.Add(time.Microsecond), Limit: allMarks})
	for _, c := range all {
		if keyOf(c) == keyOf(m) {
			return c, nil
		}
	}
	if err == nil {
		err = a.options.Empty // nobody keeps recordings
	}
	return m, err
}

// Mark is as Marks has it.
func (a *All) Mark(ctx context.Context, id int64) (index.Mark, error) {
	p, own, err := a.whose(id)
	if err != nil {
		return index.Mark{}, err
	}
	if p == nil {
		m, err := a.options.Local.Mark(ctx, id)
		if errors.Is(err, a.options.Empty) {
			err = index.ErrUnknown
		}
		return m, err
	}
	answer, err := p.remote.ask(ctx, markQuestion{What: "get", ID: own})
	if err != nil || len(answer.Marks) == 0 {
		return index.Mark{}, unknown(err)
	}
	m := answer.Marks[0]
	m.ID = id
	return m, nil
}

// unknown gives the error of a mark that was not found.
func unknown(err error) error {
	if answered(err) == nil {
		return index.ErrUnknown
	}
	return err
}

// UpdateMark is as Marks has it.
func (a *All) UpdateMark(ctx context.Context, m index.Mark) error {
	old, err := a.Mark(ctx, m.ID)
	if err == nil {
		err = a.absentMark(old, m)
	}
	if err != nil {
		return err
	}
	return a.changeAll(ctx, markQuestion{What: "update", Mark: old, New: m})
}

// DeleteMark is as Marks has it.
func (a *All) DeleteMark(ctx context.Context, id int64) error {
	m, err := a.Mark(ctx, id)
	if err == nil {
		err = a.absentMark(m)
	}
	if err != nil {
		return err
	}
	return a.changeAll(ctx, markQuestion{What: "delete", Mark: m})
}

// changeAll changes the copies of all nodes: the own one last, so that what failed
// elsewhere is asked for again.
func (a *All) changeAll(ctx context.Context, q markQuestion) error {
	if err := a.everywhere(ctx, q, q.Mark.Keep || q.New.Keep); err != nil {
		return err
	}
	err := change(ctx, a.options.Local, q)
	if errors.Is(err, a.options.Empty) {
		err = nil
	}
	return err
}

// Marks is as Marks has it: of several copies the own one, or the first.
func (a *All) Marks(ctx context.Context, f index.MarkFilter) ([]index.Mark, error) {
	if f.Limit <= 0 {
		f.Limit = 100
	}
	all, err := ask(ctx, a, func(ctx context.Context, s Source) ([]index.Mark, error) {
		if r, remote := s.(*Remote); remote {
			answer, err := r.ask(ctx, markQuestion{What: "list", Filter: a.filterFor(r, f)})
			return answer.Marks, err
		}
		return a.options.Local.Marks(ctx, a.filterFor(nil, f))
	})
	if err != nil {
		return nil, err
	}
	var marks []index.Mark
	seen := make(map[key]bool)
	for _, one := range all {
		for _, m := range one.said {
			if k := keyOf(m); !seen[k] {
				m.ID, seen[k] = one.peer.here(m.ID), true
				marks = append(marks, m)
			}
		}
	}
	slices.SortStableFunc(marks, func(a, b index.Mark) int {
		if order := b.Start.Compare(a.Start); order != 0 {
			return order
		}
		return int(max(min(b.ID-a.ID, 1), -1))
	})
	return marks[:min(len(marks), f.Limit)], nil
}

// filterFor is a filter for a node, nil for this one, whose IDs are others: those of a
// node with a higher number come first where marks start together.
func (a *All) filterFor(r *Remote, f index.MarkFilter) index.MarkFilter {
	if f.After.ID == 0 {
		return f
	}
	number, after := int64(0), f.After.ID>>numberBits
	a.mu.Lock()
	for _, p := range a.order {
		if p.remote == r {
			number = p.number
		}
	}
	a.mu.Unlock()
	switch {
	case number < after:
		f.After.ID = math.MaxInt64
	case number > after:
		f.After.ID = 1 // there is none below
	default:
		f.After.ID &= 1<<numberBits - 1
	}
	return f
}

// Protects is as Marks has it, by what this node has copies of.
func (a *All) Protects(ctx context.Context, m index.Mark) (most time.Duration, err error) {
	most, err = a.options.Local.Protects(ctx, m)
	if !errors.Is(err, a.options.Empty) {
		return most, err
	}
	for _, p := range a.asked() {
		if answer, err := p.remote.ask(ctx, markQuestion{What: "protects", Mark: m}); err == nil {
			most = max(most, answer.Protects)
		}
	}
	return most, nil
}
