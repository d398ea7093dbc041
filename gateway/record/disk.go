package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"framegate/gateway/record/index"
	"framegate/gateway/record/segment"
)

// Disk is the folder of recordings: what a Folder is, and what tests put faults
// into. Names are relative to it, with slashes. Any goroutine may call it, and
// waits for the disk.
type Disk interface {
	// Create makes a file that is not there, and the folders that lead to it.
	Create(name string) (segment.File, error)
	// Open opens a file that is there, and gives its size.
	Open(name string, write bool) (segment.File, int64, error)
	Rename(from, to string) error // never over what is there
	Remove(name string) error     // a file, or an empty folder
	List(folder string) ([]fs.DirEntry, error)
	SyncFolder(name string) error
	// Lock keeps other processes out, until Close. The error is errLocked where
	// another has.
	Lock() error
	// Check says whether the folder is still what is found at its path.
	Check() error
	// Free gives the bytes that we may still write, and all there are.
	Free() (free, total int64, err error)
	// Remote names the network's file system that it is on, as "NFS"; "" for none.
	Remote() string
	// Lag is how often what is written is worth being brought to the disk.
	Lag() time.Duration
	Close() error
}

// Folder is a Disk. What is in it is found below the folder only, whatever links
// there are.
type Folder struct {
	root   *os.Root
	path   string
	device uint64
	inode  uint64
	lock   *os.File // nil before Lock
}

// OpenFolder opens a folder that is there.
func OpenFolder(name string) (Disk, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	info, err := root.Stat(".")
	if err != nil {
		return nil, errors.Join(err, root.Close())
	}
	f := &Folder{root: root, path: name}
	f.device, f.inode = identity(info)
	return f, nil
}

func identity(info fs.FileInfo) (device, inode uint64) {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev), s.Ino
	}
	return 0, 0
}

// Create is Disk.Create.
func (f *Folder) Create(name string) (segment.File, error) {
	for tries := 0; ; tries++ {
		if err := f.root.MkdirAll(path.Dir(name), 0o750); err != nil {
			return nil, err
		}
		file, err := f.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o640)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || tries == 3 { // retention removes folders that are empty
			return nil, err
		}
	}
}

// Open is Disk.Open.
func (f *Folder) Open(name string, write bool) (segment.File, int64, error) {
	flags := os.O_RDONLY
	if write {
		flags = os.O_RDWR
	}
	file, err := f.root.OpenFile(name, flags|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", name)
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

// Rename is Disk.Rename.
func (f *Folder) Rename(from, to string) error {
	if _, err := f.root.Lstat(to); err == nil {
		return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
	}
	if err := f.root.MkdirAll(path.Dir(to), 0o750); err != nil {
		return err
	}
	return f.root.Rename(from, to)
}

// Remove is Disk.Remove.
func (f *Folder) Remove(name string) error { return f.root.Remove(name) }

// List is Disk.List.
func (f *Folder) List(folder string) ([]fs.DirEntry, error) {
	return fs.ReadDir(f.root.FS(), folder)
}

// SyncFolder is Disk.SyncFolder.
func (f *Folder) SyncFolder(name string) error {
	folder, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// errLocked says that another process writes to the folder.
var errLocked = errors.New("another Framegate records there; end it, or use another folder")

// Lock is Disk.Lock. It holds as long as the process lives.
func (f *Folder) Lock() error {
	file, err := f.root.Open(".")
	if err != nil {
		return err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = errLocked
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	f.lock = file
	return nil
}

// Check is Disk.Check.
func (f *Folder) Check() error {
	info, err := os.Stat(f.path)
	if err != nil {
		return err
	}
	if device, inode := identity(info); device != f.device || inode != f.inode {
		return errReplaced
	}
	return nil
}

var errReplaced = errors.New("another folder is there now")

// Free is Disk.Free.
func (f *Folder) Free() (free, total int64, err error) {
	s, err := f.system()
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), err
}

// Remote is Disk.Remote.
func (f *Folder) Remote() string {
	s, err := f.system()
	if err != nil {
		return "" // whoever asks for the room is told
	}
	return remoteKind(&s)
}

// system gives what is known of the file system.
func (f *Folder) system() (s unix.Statfs_t, err error) {
	folder, err := f.root.Open(".")
	if err != nil {
		return s, err
	}
	defer folder.Close()
	if err := unix.Fstatfs(int(folder.Fd()), &s); err != nil {
		return s, &fs.PathError{Op: "statfs", Path: f.path, Err: err}
	}
	return s, nil
}

// Lag is a second, and five where the disk has to move its heads.
func (f *Folder) Lag() time.Duration { return lagOf("/sys", f.device) }

// lagOf gives the lag of a block device, as the kernel tells below sys.
func lagOf(sys string, device uint64) time.Duration {
	const quick, rotating = time.Second, 5 * time.Second
	block := fmt.Sprintf("%s/dev/block/%d:%d", sys, unix.Major(device), unix.Minor(device))
	for _, queue := range []string{"/queue", "/../queue"} { // of the disk, or of that of a partition: block is a link, and path.Join would take .. for where the link is
		b, err := os.ReadFile(block + queue + "/rotational")
		if err == nil && strings.TrimSpace(string(b)) == "1" {
			return rotating
		}
	}
	return quick
}

// Close is Disk.Close.
func (f *Folder) Close() error {
	if f.lock != nil {
		// A program that is just being started has all files for a moment, and so the lock.
		unlocked := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_UN)
		return errors.Join(unlocked, f.lock.Close(), f.root.Close())
	}
	return f.root.Close()
}

// problem says what is wrong with a disk, by what it answered.
func problem(err error) (State, string) {
	var protected *errFilled
	var none *errNoRoom
	var notHere *errNotHere
	switch {
	case errors.As(err, &notHere):
		return Missing, notHere.short
	case errors.Is(err, errLocked):
		return Missing, errLocked.Error()
	case errors.As(err, &protected):
		return Full, protected.Error()
	case errors.As(err, &none):
		return Full, none.Error()
	case noSpace(err):
		return Full, "the disk is full"
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return ReadOnly, "the disk cannot be written: " + reason(err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.ENODEV), errors.Is(err, errReplaced):
		return Missing, "the folder of recordings is not there: " + reason(err)
	}
	if errors.Is(err, errSpoiled) || errors.Is(err, index.ErrDamaged) {
		return Missing, errSpoiled.Error()
	}
	return Missing, "the disk fails: " + reason(err)
}

// advice says what is wrong with the folder of recordings, and what to do, to who may
// know its name.
func advice(err error) string {
	var notHere *errNotHere
	var of *fs.PathError
	if errors.As(err, &notHere) || !errors.As(err, &of) {
		return err.Error()
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return of.Path + " is not there: mount its disk, or put the folder back"
	case errors.Is(err, fs.ErrPermission):
		return of.Path + " may not be used: give it to the user that Framegate runs as"
	case errors.Is(err, syscall.EROFS):
		return of.Path + " is read-only: mount its disk for writing"
	}
	return err.Error()
}

// noSpace says that the disk, or what of it is ours, is full.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

// reason is the innermost of an error, without names of files; of several, of each.
func reason(err error) string {
	if inner := errors.Unwrap(err); inner != nil {
		return reason(inner)
	}
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return err.Error()
	}
	var texts []string
	for _, inner := range several.Unwrap() {
		texts = append(texts, reason(inner))
	}
	return strings.Join(texts, ": ")
}
