package record

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"framegate/gateway/record/index"
)

// errNoRoom says that nothing may be deleted to make room.
type errNoRoom struct {
	short, protected int64 // bytes
	read             int   // files
}

func (e *errNoRoom) Error() string {
	said := fmt.Sprintf("the disk is full, and nothing may be deleted: %s are short, ", megabytes(e.short))
	marked, read := fmt.Sprintf("marks protect %s", megabytes(e.protected)), fmt.Sprintf("%d files are being read", e.read)
	if e.read == 1 {
		read = "a file is being read"
	}
	switch {
	case e.protected > 0 && e.read > 0:
		return said + marked + ", and " + read + "; delete marks that protect, wait for who reads, or free space"
	case e.protected > 0:
		return said + "and " + marked + "; delete marks that protect, or free space"
	case e.read > 0:
		return said + "and " + read + "; wait for who reads, or free space"
	}
	return said + "and there is nothing but what is being written; something else fills the disk: free space"
}

// megabytes gives a number of bytes as whole MB, rounded up, which change seldom.
func megabytes(bytes int64) string { return fmt.Sprintf("%d MB", (bytes+999_999)/1_000_000) }

func (e *errNoRoom) Unwrap() error { return syscall.ENOSPC }

// Disks have bounds that they do not tell: a quota, or a number of files. Then they
// refuse what there is room for.

const (
	// refusalGrace is how long a disk may refuse what it has room for, before anything
	// goes for that: it may be over soon. Once it was not, nobody waits.
	refusalGrace = 10 * time.Second
	// refusalsApart is the longest time between two deletions for such a disk.
	refusalsApart = time.Minute
	// refusalLasts is for how long a disk is known for one.
	refusalLasts = time.Hour
)

// refusal is what is known of a disk that refuses what it has room for.
type refusal struct {
	at    time.Time // when something went for it the last time; zero for never
	pause time.Duration
	force bool  // something is to go for it
	none  error // that nothing may go for it; nil where something went, or it is over
}

// relieve makes room on a disk that had none for what was to be written, and gives the
// error that says most of why. own says that this is for a file that is begun, for
// which nobody has made room.
func (r *Recorders) relieve(ctx context.Context, v *volume, own bool, waited time.Duration, err error) error {
	if own {
		err = cmp.Or(lacking(r.makeRoom(ctx, v, "")), err) // else it is tried again
	}
	if errors.As(err, new(*errFilled)) || errors.As(err, new(*errNoRoom)) {
		return err
	}
	return cmp.Or(r.makeRoomAnyhow(ctx, v, waited), err)
}

// lacking gives an error that says that nothing may be deleted, and no other.
func lacking(err error) error {
	if none := (*errNoRoom)(nil); errors.As(err, &none) {
		return none
	}
	return nil
}

// due says whether something is to go for it: while that does not help, each time
// after twice the time, since it may not be for room at all.
func (f *refusal) due(waited time.Duration) bool {
	since := time.Since(f.at)
	if since < f.pause || waited < refusalGrace && since > refusalLasts {
		return false
	}
	f.at, f.pause = time.Now(), min(max(2*f.pause, retryPause), refusalsApart)
	return true
}

// makeRoomAnyhow makes room for a segment on a disk that has refused for so long what,
// as it says, it has room for. The error says that nothing may go for that.
func (r *Recorders) makeRoomAnyhow(ctx context.Context, v *volume, waited time.Duration) error {
	v.room.Lock()
	due := v.refusal.due(waited)
	v.refusal.force = v.refusal.force || due
	v.room.Unlock()
	if due && r.makeRoom(ctx, v, "") == nil { // else it is tried again
		r.log.Warn("the disk refuses what it has room for, as with a quota or too many files; what was recorded first went")
	}
	v.room.Lock()
	defer v.room.Unlock()
	return v.refusal.none
}

// relieved notes that what was refused is written.
func (v *volume) relieved() {
	v.room.Lock()
	defer v.room.Unlock()
	v.refusal.pause, v.refusal.none = 0, nil
}

// forced gives how much is to go, if something is, whatever the disk says.
func (v *volume) forced(l index.Limits) (bytes int64) {
	if !v.refusal.force {
		return 0
	}
	v.refusal.force = false
	bytes = 1
	for _, keep := range l.Cameras {
		bytes = max(bytes, keep.Open)
	}
	return bytes
}
