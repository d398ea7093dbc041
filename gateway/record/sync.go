package record

import (
	"context"
	"path"
	"strings"
	"time"
)

const (
	// maxLag is how far the time between two syncs may grow.
	maxLag = time.Minute
	// share of the time between two rounds that a round may take: beyond it the
	// time doubles, and it halves again where it takes much less.
	share = 4
)

// syncFiles brings what was written to the disk, again and again, file after
// file, until the volume is gone or ctx is done.
func (r *Recorders) syncFiles(ctx context.Context, v *volume) {
	lag := time.Duration(0)
	for {
		usual := r.settings().Sync
		if usual == 0 {
			usual = v.disk.Lag()
		}
		lag = max(lag, usual)
		v.mu.Lock()
		v.lag, v.slowSync = lag, lag > usual
		v.mu.Unlock()
		if !pause(ctx, v.gone, lag) {
			return
		}
		began := time.Now()
		for _, f := range v.files() {
			f.sync(v.log)
		}
		v.synced.Add(1)
		switch took := time.Since(began); {
		case took > lag/share:
			lag = min(2*lag, max(maxLag, usual))
			r.log.Warn("bringing recordings to the disk takes long, and is done less often", "took", took.Round(time.Millisecond), "every", lag)
		case lag > usual && took < lag/(4*share):
			lag = max(lag/2, usual)
		}
	}
}

// syncEntry brings to the disk that there is a file of a camera, and the folders that
// lead to it where they are new: what is synced itself is lost without that when the
// power goes.
func (v *volume) syncEntry(name string) error {
	camera, _, _ := strings.Cut(name, "/")
	v.mu.Lock()
	lasting := v.lasting[camera] + "/"
	v.mu.Unlock()
	folder := path.Dir(name)
	err := v.disk.SyncFolder(folder)
	for up := folder; err == nil && up != "." && !strings.HasPrefix(lasting, up+"/"); up = path.Dir(up) {
		err = v.disk.SyncFolder(path.Dir(up))
	}
	if err != nil {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.lasting[camera] = folder
	return nil
}

// forgetFolder says that a folder is not there any more. If it comes again it is new.
func (v *volume) forgetFolder(folder string) {
	camera, _, _ := strings.Cut(folder, "/")
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.lasting[camera] == folder {
		delete(v.lasting, camera)
	}
}

// pause waits, and says whether to go on.
func pause(ctx context.Context, gone <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-gone:
		return false
	case <-timer.C:
		return true
	}
}
