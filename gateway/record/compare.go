package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Finding is what does not fit together, and what was done about it.
type Finding struct {
	Path string // of the file or folder
	What string
	Done string // "" where nothing was
}

// comparison of the folder with the index. Files and rows that are made or
// deleted meanwhile are left alone.
type comparison struct {
	v       *volume
	mend    bool
	read    bool            // also what the index knows, but for samples
	anew    bool            // and entered again
	known   map[string]Keep // cameras that are configured, or were
	say     func(Finding)
	news    func(kind NewsKind, reason string, of ...index.Segment)
	hold    func() (release func())
	busy    bool            // a server writes here
	found   map[string]bool // files there are
	garbage map[string]bool // those that were deleted: of a check only
	rows    int             // that were added
	came    []index.Segment // of which nobody was told yet
	next    index.Segment   // the picture before which the one comes that is looked at
	failed  int             // files and folders of which nothing is known
}

var (
	cameraFolder = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	dayFolder    = regexp.MustCompile(`^\d{4,}-\d\d-\d\d$`)
	hourFolder   = regexp.MustCompile(`^\d\d$`)
)

// all compares everything, the newest first.
func (c *comparison) all(ctx context.Context) error {
	c.found = make(map[string]bool)
	began := time.Now()
	cameras, err := c.cameras(ctx)
	if err != nil {
		return err
	}
	for _, day := range c.days(cameras) {
		for _, camera := range cameras {
			name := path.Join(camera, day)
			if err := c.unlessOne(ctx, name, c.day(ctx, name)); err != nil {
				return err
			}
		}
	}
	if c.rows > 0 {
		if err := c.v.index.Reorder(ctx); err != nil {
			return err
		}
	}
	return c.lost(ctx, began)
}

// errGone says that the volume is not there any more.
var errGone = errors.New("the folder of recordings is gone")

// over says why nothing more is to be compared, if it is not.
func (c *comparison) over(ctx context.Context) error {
	select {
	case <-c.v.gone: // nil, and so never, where no server records
		return errGone
	default:
		return ctx.Err()
	}
}

// unlessOne gives an error of a file or folder where it is one of the whole volume.
// Otherwise it tells of it, and all others are compared.
func (c *comparison) unlessOne(ctx context.Context, name string, err error) error {
	if over := c.over(ctx); over != nil || err == nil {
		return over
	}
	for _, all := range []error{index.ErrDamaged, index.ErrFull, index.ErrReadOnly, index.ErrBusy, syscall.ENOSPC, syscall.EDQUOT, syscall.EROFS} {
		if errors.Is(err, all) {
			return err
		}
	}
	if c.v.check() != nil {
		return err
	}
	c.failed++
	c.tell(name, "cannot be compared with the index: "+err.Error(), "")
	return nil
}

// days gives all days of which any camera has a folder: the oldest, since room is made of what is
// known while an index is made anew, and then the newest first.
func (c *comparison) days(cameras []string) (all []string) {
	for _, camera := range cameras {
		days, err := c.folders(camera, dayFolder)
		if err == nil {
			all = append(all, days...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	slices.Reverse(all[min(1, len(all)):])
	return all
}

// folders gives those in a folder whose names are ours, the last first. What else
// is there is left alone: the volume may be a disk that others use as well, and
// any folder of theirs may be named as a camera.
func (c *comparison) folders(folder string, ours *regexp.Regexp) (names []string, err error) {
	entries, err := c.v.disk.List(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, e := range entries {
		if e.IsDir() && ours.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	slices.Reverse(names)
	return names, err
}

func (c *comparison) day(ctx context.Context, folder string) error {
	c.allThumbnails(folder)
	hours, err := c.folders(folder, hourFolder)
	for _, hour := range hours {
		name := path.Join(folder, hour)
		if err := c.unlessOne(ctx, name, c.hour(ctx, name)); err != nil {
			return err
		}
	}
	return err
}

func (c *comparison) hour(ctx context.Context, folder string) error {
	entries, err := c.v.disk.List(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(entries, isOurs) {
		return nil // it is somebody else's
	}
	defer c.tellCame()
	slices.Reverse(entries)
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if err := c.unlessOne(ctx, name, c.entry(ctx, name, e)); err != nil {
			return err
		}
	}
	return nil
}

// tellCame tells of what was entered of an hour.
func (c *comparison) tellCame() {
	c.news(Came, "", c.came...)
	c.came = nil
}

// entry compares one file, while nobody else does.
func (c *comparison) entry(ctx context.Context, name string, e fs.DirEntry) error {
	c.v.mending.Lock()
	defer c.v.mending.Unlock()
	if !isOurs(e) {
		c.aside(name, "is nothing of ours")
		return nil
	}
	switch {
	case isPicture(name):
		return c.picture(ctx, name)
	case isPicture(withoutPart(name)):
		return c.halfPicture(ctx, name)
	case strings.HasSuffix(name, partSuffix):
		return c.part(ctx, name)
	}
	return c.whole(ctx, name, e)
}

// leaves says whether a file that is not finished stays as it is: somebody writes it,
// or nothing is to be mended, and then it is told of.
func (c *comparison) leaves(name string) bool {
	if c.v.writes(name) {
		return true
	}
	if !c.mend && !c.busy {
		c.tell(name, "was not finished", "")
	}
	return !c.mend
}

// part finishes a file that nobody writes any more.
func (c *comparison) part(ctx context.Context, name string) error {
	if c.leaves(name) {
		return nil
	}
	f, size, err := c.v.disk.Open(name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it was finished meanwhile
	}
	if err != nil {
		return err
	}
	s, err := segment.Repair(f, size)
	err = errors.Join(err, f.Close())
	switch {
	case errors.Is(err, segment.ErrNothing), size == 0:
		if err := c.v.disk.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		c.tell(name, "was not finished, and has no picture", "removed")
		return nil
	case err != nil:
		return c.notUnderstood(name, err)
	}
	final := strings.TrimSuffix(name, partSuffix)
	if err := c.v.disk.Rename(name, final); errors.Is(err, fs.ErrExist) {
		c.aside(name, "is one whose recording is there already")
		return nil
	} else if err != nil {
		return err
	}
	if err := c.v.syncEntry(final); err != nil {
		return err
	}
	c.tell(name, "was not finished", "finished")
	return c.enter(ctx, final, s)
}

// whole sees that a finished file has its row.
func (c *comparison) whole(ctx context.Context, name string, e fs.DirEntry) error {
	c.found[name] = true
	info, err := e.Info()
	if err != nil {
		return nil // it was deleted meanwhile
	}
	row, rowErr := c.v.index.SegmentByPath(ctx, name)
	known := rowErr == nil && !row.Lost && row.Bytes == info.Size()
	unheard := c.mend && row.Sound == index.Unheard
	switch {
	case known && !c.read && !unheard:
		return nil
	case rowErr != nil && !errors.Is(rowErr, index.ErrUnknown):
		return rowErr
	case rowErr != nil && c.isGarbage(name):
		return nil
	}
	f, size, err := c.v.disk.Open(name, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	s, err := segment.Open(f, size)
	switch {
	case errors.Is(err, segment.ErrDamaged):
		return c.unfinished(ctx, name, err.Error())
	case err != nil:
		return c.notUnderstood(name, err)
	case s.State != segment.Finished:
		return c.unfinished(ctx, name, "was not finished")
	}
	s.Summary.Bytes = size // with what may have been written behind it, which is on the disk as well
	known = known && row.Sequence == s.Head.Sequence && row.Frames == s.Summary.Frames && row.Keys == s.Summary.Keys
	switch camera, _, _ := strings.Cut(name, "/"); {
	case camera != s.Head.Camera, known && c.anew:
		return c.enter(ctx, name, s.Summary)
	case known && unheard:
		return c.hear(ctx, row, s.Summary)
	case known:
		return nil
	}
	what := "is not in the index"
	if rowErr == nil && !row.Lost {
		what = "is another one than the index says"
	}
	if !c.mend {
		c.tell(name, what, "")
		return nil
	}
	c.tell(name, what, "entered")
	return c.enter(ctx, name, s.Summary)
}

// hear notes of a row that was made before there was any what sound its file has.
func (c *comparison) hear(ctx context.Context, known index.Segment, s segment.Summary) error {
	defer c.hold()()
	of, err := row(ctx, c.v.index, s, known.Path, known.Start, known.End)
	if err != nil {
		return err
	}
	known.Sound, known.Sounds = of.Sound, of.Sounds
	if _, err = c.v.index.Replace(ctx, known); errors.Is(err, index.ErrExists) { // it was deleted, and is about to go
		return nil
	}
	return err
}

// unfinished is a file with the name of a finished one that is none, as what says.
func (c *comparison) unfinished(ctx context.Context, name, what string) error {
	if !c.mend {
		c.tell(name, what, "")
		return nil
	}
	f, size, err := c.v.disk.Open(name, true)
	if err != nil {
		return err
	}
	s, err := segment.Repair(f, size)
	if err = errors.Join(err, f.Close()); err != nil {
		return c.notUnderstood(name, err)
	}
	c.tell(name, what, "finished")
	return c.enter(ctx, name, s)
}

// enter makes a row of a file. The index knows best when it began, if it has
// one: the file knows only what was believed then.
func (c *comparison) enter(ctx context.Context, name string, s segment.Summary) error {
	if camera, _, _ := strings.Cut(name, "/"); camera != s.Head.Camera {
		c.aside(name, fmt.Sprintf("is of camera %s", s.Head.Camera))
		return nil
	}
	defer c.hold()()
	start := c.v.corrected(s.Head, s.Head.Start)
	if known, err := c.v.index.SegmentByPath(ctx, name); err == nil {
		start = known.Start
	}
	of, err := row(ctx, c.v.index, s, name, start, start.Add(s.Duration))
	if err != nil {
		return c.notUnderstood(name, err)
	}
	c.found[name] = true
	c.rows++
	_, err = c.v.index.Replace(ctx, of)
	if errors.Is(err, index.ErrExists) { // it was deleted, and is about to go
		return nil
	}
	if err == nil {
		c.came = append(c.came, of)
	}
	return c.notUnderstood(name, err)
}

// lost finds the rows whose files are not there.
func (c *comparison) lost(ctx context.Context, began time.Time) error {
	var missing, lost []index.Segment
	defer func() { c.news(Gone, index.ReasonLost, lost...) }()
	err := c.v.index.All(ctx, func(s index.Segment) error {
		if !s.Lost && !c.found[s.Path] {
			missing = append(missing, s)
		}
		return nil
	})
	for _, s := range missing {
		f, _, openErr := c.v.disk.Open(s.Path, false)
		if openErr == nil {
			_ = f.Close() // it was made meanwhile
			continue
		}
		if !errors.Is(openErr, fs.ErrNotExist) {
			if err := c.unlessOne(ctx, s.Path, openErr); err != nil {
				return err
			}
			continue
		}
		if _, err := c.v.index.Segment(ctx, s.ID); err != nil {
			continue // it was deleted meanwhile
		}
		if !c.mend {
			c.tell(s.Path, "is not there, but in the index", "")
			continue
		}
		if err := c.v.index.MarkLost(ctx, s.ID); err != nil {
			return err
		}
		lost = append(lost, s)
		c.tell(s.Path, "is not there, but was in the index", "noted as lost")
	}
	return err
}

// notUnderstood puts a file away for what is in it, or says of itself that cannot
// be true. An error of reading it says nothing of that, and is given back; so is nil.
func (c *comparison) notUnderstood(name string, err error) error {
	for _, content := range []error{segment.ErrForeign, segment.ErrDamaged, segment.ErrNothing, segment.ErrFormat, errNoPicture, index.ErrInvalid} {
		if errors.Is(err, content) {
			c.aside(name, err.Error())
			return nil
		}
	}
	return err
}

// aside puts away what is not understood. A row that it has is one of a lost file.
func (c *comparison) aside(name, why string) {
	delete(c.found, name)
	if !c.mend {
		c.tell(name, why, "")
		return
	}
	to, err := "", fs.ErrExist
	for at := time.Now(); errors.Is(err, fs.ErrExist) && time.Until(at) < time.Second; at = at.Add(time.Millisecond) {
		to = path.Join(asideName, at.UTC().Format("20060102T150405.000Z"), name) // one of that name may have been moved just now
		err = c.v.disk.Rename(name, to)
	}
	if err != nil {
		c.tell(name, why, "cannot be moved aside: "+reason(err))
		return
	}
	c.tell(name, why, "moved to "+to)
}

func (c *comparison) tell(name, what, done string) { c.say(Finding{name, what, done}) }
