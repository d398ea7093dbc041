package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"time"

	"framegate/gateway/api"
	"framegate/gateway/cluster"
	"framegate/gateway/doctor"
	"framegate/gateway/front"
	"framegate/gateway/health"
	"framegate/gateway/store"
)

// The names of what is looked at.
const (
	troubleFFmpeg   = "ffmpeg"
	troubleDatabase = "database"
	troubleDisk     = "disk"
	troubleClock    = "clock"
	troubleNotify   = "notify"
	troubleCluster  = "cluster"
)

// leastFree is how many bytes the disk of the data folder is to have: users, cameras
// and marks cannot be changed where there are none.
const leastFree = 16 << 20

// ffmpegPatience is how long ffmpeg, and hardware, may take to be tried.
const ffmpegPatience = time.Minute

// lockPatience is how long the database may be another process's, before that is the
// trouble. It is less than the time in which the look has to be over.
const lockPatience = health.Patience - 500*time.Millisecond

// newHealth makes what looks at all that the server depends on. Nothing is looked at
// yet.
func (s *server) newHealth() *health.Monitor {
	checks := []health.Check{
		{Name: troubleFFmpeg, Look: s.lookAtFFmpeg, Patience: ffmpegPatience},
		{Name: troubleDatabase, Look: s.lookAtDatabase},
		{Name: troubleDisk, Look: s.lookAtDisk},
		{Name: troubleClock, Look: s.clock.Look},
		{Name: troubleNotify, Look: s.lookAtNotify},
	}
	if s.Config.Cluster.Name != "" {
		checks = append(checks, health.Check{Name: troubleCluster, Look: s.lookAtCluster()})
	}
	return health.New(checks, s.changed, s.Log)
}

// attempt is an ffmpeg that was tried, as the file that it is.
type attempt struct {
	path string // "" where there is none
	size int64
	at   time.Time
}

// ffmpegAgain is how long an ffmpeg that does not work is taken to be so: a machine that
// has no time for it, or a library that is put right, leaves the file what it was.
const ffmpegAgain = 5 * time.Second

// lookAtFFmpeg says why ffmpeg cannot be used. It is tried when it is another file than
// at the last look, and again where it did not work, and else only looked for.
func (s *server) lookAtFFmpeg(ctx context.Context) error {
	var now attempt
	if path, err := exec.LookPath(s.settings().FFmpeg.Path); err == nil {
		now.path = path
		if about, err := os.Stat(path); err == nil {
			now.size, now.at = about.Size(), about.ModTime()
		}
	}
	again := s.wrong != nil && now.path != "" && time.Since(s.triedAt) >= ffmpegAgain
	if s.tried == nil || *s.tried != now || again {
		s.wrong = s.tryFFmpeg(ctx)
		s.tried, s.triedAt = &now, time.Now()
	}
	if s.wrong == nil && s.trial.due() {
		s.tryHardware(ctx)
	}
	return s.wrong
}

func (s *server) lookAtDatabase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	err := s.store.Ready(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("%w: logins and changes wait for another process that writes: see what else has the data folder open", store.ErrBusy)
	}
	return err
}

func (s *server) lookAtDisk(context.Context) error {
	free, err := doctor.Free(s.Config.Data)
	if err != nil {
		return fmt.Errorf("%s: %w", s.Config.Data, err)
	}
	if free < leastFree {
		return fmt.Errorf("%s: %w: %d kB are left; free some space, or nothing can be changed", s.Config.Data, store.ErrFull, free>>10)
	}
	return nil
}

// unready says why requests are not welcome: nobody can be let in. Where another process
// writes to the database it can still be read.
func (s *server) unready() error {
	for _, t := range s.health.Troubles() {
		if t.Name == troubleDatabase && !errors.Is(t.Err, store.ErrBusy) && !errors.Is(t.Err, store.ErrFull) && !errors.Is(t.Err, store.ErrReadOnly) {
			return fmt.Errorf("%w: the database cannot be used; the log says why", front.ErrUnready)
		}
	}
	return nil
}

// ways are those in which things may be wrong, for the codes of troubles.
var ways = []struct {
	err  error
	word string
}{
	{health.ErrHangs, "hangs"},
	{exec.ErrNotFound, "missing"},
	{fs.ErrNotExist, "missing"},
	{store.ErrBusy, "locked"},
	{store.ErrFull, "full"},
	{store.ErrReadOnly, "read_only"},
	{health.ErrImplausible, "wrong"},
	{health.ErrStepped, "stepped"},
	{cluster.ErrNATSAway, "nats"},
	{cluster.ErrStuck, "stuck"},
	{cluster.ErrDirect, "direct"},
}

// codeOf gives what programs know a trouble by: what is wrong, and in which way.
func codeOf(t health.Trouble) string {
	for _, w := range ways {
		if errors.Is(t.Err, w.err) {
			return t.Name + "_" + w.word
		}
	}
	return t.Name + "_broken"
}

// Troubles gives what is wrong around the server.
func (s control) Troubles() (all []api.Trouble) {
	for _, t := range s.health.Troubles() {
		all = append(all, api.Trouble{Name: t.Name, Code: codeOf(t), Text: t.Err.Error(), Since: t.Since.UTC()})
	}
	return all
}

// troubleMetrics says of all that is looked at whether it is wrong.
func (s *server) troubleMetrics() map[string]bool {
	wrong := make(map[string]bool)
	for _, name := range s.health.Names() {
		wrong[name] = false
	}
	for _, t := range s.health.Troubles() {
		wrong[t.Name] = true
	}
	return wrong
}
