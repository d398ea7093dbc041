package index

import (
	"context"
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
)

// reserveSuffix is that of a file beside the database which takes some room: on a
// disk that is full it is given up, so that what makes room can be written.
const reserveSuffix = "-reserve"

// leastReserve is what is not worth being halved, in bytes.
const leastReserve = 64 << 10

// Reserve sees to it that so many bytes of the disk are kept for what makes room:
// for marks that end, change or go, and for Erase. It takes them where they are not
// taken yet.
func (x *Index) Reserve(bytes int64) error {
	f, err := os.OpenFile(x.path+reserveSuffix, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return explainFile(x.path, err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() < bytes {
		_, err = f.Write(noise(int(bytes - info.Size())))
	}
	if err != nil {
		err = errors.Join(err, os.Remove(x.path+reserveSuffix)) // others need it more
	}
	return explainFile(x.path, errors.Join(err, f.Close()))
}

// Reserved gives how many bytes are kept.
func (x *Index) Reserved() int64 {
	info, err := os.Stat(x.path + reserveSuffix)
	if err != nil {
		return 0
	}
	return info.Size()
}

// noise is what no disk takes for less than it is.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b) // never fails
	return b
}

// relieve is write for what makes room, or lets others make it. It takes of the
// reserve what it needs, half after half, since others may be quicker to use it. f
// may be called again, when it has changed nothing.
func (x *Index) relieve(ctx context.Context, what string, f func(*writer) error) error {
	err := x.write(ctx, what, f)
	for errors.Is(err, ErrFull) && x.giveUp() {
		err = x.write(ctx, what, f)
	}
	return err
}

// giveUp gives up a half of the reserve, or all of what is little. It says whether
// there was any.
func (x *Index) giveUp() bool {
	name := x.path + reserveSuffix
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	if err == nil && info.Size() >= 2*leastReserve {
		return os.Truncate(name, info.Size()/2) == nil
	}
	return os.Remove(name) == nil
}
